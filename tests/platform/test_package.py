"""The built wheel runs in an environment that has the runtime lock alone, away from the checkout.

Making that environment takes a minute, so it is kept beside the checkout and made anew when the lock changes.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".venv-runtime"
PACKAGES = ("models", "config", "intake", "scheduler", "workers", "web", "cli")
ENTRY_POINTS = ("cli.main", "web.app", "workers.main", "scheduler.main", "cli.embedded.keeper", "models.db.migrate")


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Run away from the checkout, with nothing of this process's environment but the path."""
    clean = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **environment}
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "REQUESTS_"))}
    done = subprocess.run([*map(str, command)], cwd=cwd, env=kept | clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of what belongs into it."""
    source = tmp_path_factory.mktemp("source")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", source)
    shutil.copy(ROOT / "README.md", source)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    run(*pip, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", source / "dist", ".", cwd=source)
    [made] = (source / "dist").glob("steadfast-*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Iterator[Path]:
    """The `bin` of an environment with the runtime lock and the wheel, and nothing else."""
    wanted = hashlib.sha256((ROOT / "requirements.lock").read_bytes() + sys.version.encode()).hexdigest()
    with (ROOT / ".venv-runtime.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = HOME / ".made-from"
        pip = [HOME / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        if not stamp.exists() or stamp.read_text() != wanted:
            shutil.rmtree(HOME, ignore_errors=True)
            venv.create(HOME, with_pip=True)
            run(*pip, "--require-hashes", "-r", ROOT / "requirements.lock", cwd=HOME)
            stamp.write_text(wanted)
        run(*pip, "--no-deps", "--force-reinstall", wheel, cwd=HOME)
        yield HOME / "bin"


class TestTheWheel:
    def test_has_the_files_that_are_no_code(self, wheel: Path) -> None:
        """Rules, schemas, templates, migrations and the pages' files come with it; tests and benchmarks don't."""
        names = zipfile.ZipFile(wheel).namelist()
        for folder in PACKAGES:
            for path in (ROOT / folder).rglob("*"):
                if path.suffix in {".yaml", ".json", ".html", ".css", ".js", ".svg", ".mako", ".csv", ".jinja"}:
                    assert str(path.relative_to(ROOT)) in names
        assert "web/static/vendor/nhsuk-frontend.min.css" in names
        assert not [name for name in names if name.startswith(("tests/", "bench/"))]

    def test_has_a_start_for_every_process(self, installed: Path, tmp_path: Path) -> None:
        """Every entry point is imported where only the runtime lock is installed: nothing of development is needed."""
        run(installed / "python", "-c", f"import {', '.join(ENTRY_POINTS)}", cwd=tmp_path)

    def test_migrates_an_embedded_database(self, installed: Path, data_dir: Path, tmp_path: Path) -> None:
        """`steadfast migrate` on an empty folder makes servers, roles and tables; the rules are found and right."""
        settings = {"STEADFAST_DATA_DIR": str(data_dir)}
        assert "schema is" in run(installed / "steadfast", "migrate", cwd=tmp_path, **settings)
        run(installed / "steadfast", "pathways", "lint", cwd=tmp_path, **settings)
        assert "new-birth-visit" in run(installed / "steadfast", "pathways", "list", cwd=tmp_path, **settings)

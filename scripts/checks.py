"""Run every check, then every test, and say at the end what could not be run. One command for a desk and for CI."""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
BROWSER_GAP = ROOT / "test-results" / "browser-tests-not-run.txt"
STATIC = {
    "format": ["ruff", "format", "--check", "--quiet", "."],
    "lint": ["ruff", "check", "--quiet", "."],
    "types": ["mypy"],
    "import contracts": ["lint-imports"],
    "pathways": ["steadfast", "pathways", "lint"],
}
TESTS = ["pytest", "-n", "2", "--dist", "loadfile"]


def main() -> None:
    """Exit 1 if a check or a test failed, or in CI if a browser test was not run."""
    BROWSER_GAP.unlink(missing_ok=True)
    failed = [name for name, command in STATIC.items() if not ran(name, command)]
    if "--static" in sys.argv:
        sys.exit(summary(failed))
    if not ran("tests", [*TESTS, *(argument for argument in sys.argv[1:])]):
        failed.append("tests")
    gap = BROWSER_GAP.read_text().split() if BROWSER_GAP.exists() else []
    if gap and os.environ.get("CI") == "true":
        failed.append("browser tests (not run)")
    status = summary(failed)
    if gap:
        print(f"not run, as there is no Chromium here: {len(gap)} browser tests: {', '.join(gap)}")
    sys.exit(status)


def ran(name: str, command: list[str]) -> bool:
    """Run one step, its output as it comes; return whether it was content."""
    print(f"== {name}", flush=True)
    began = time.monotonic()
    done = subprocess.run([str(BIN / command[0]), *command[1:]], cwd=ROOT, check=False)
    if done.returncode != 0:
        print(f"== {name}: not right ({time.monotonic() - began:.0f} s)", flush=True)
    return done.returncode == 0


def summary(failed: list[str]) -> int:
    """Name what was not right; say nothing where all was, so that the tests' own closing line stays last."""
    if failed:
        print(f"not right: {', '.join(failed)}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    main()

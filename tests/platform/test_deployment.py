"""The image and the compose file are checked without an engine, and the locks name no address."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
SECRETS = {
    "STEADFAST_SECRET_KEY": "k" * 40,
    "STEADFAST_APP_PASSWORD": "app",
    "STEADFAST_OWNER_PASSWORD": "owner",
    "STEADFAST_POSTGRES_PASSWORD": "postgres",
    "STEADFAST_PUBLIC_URL": "https://steadfast.example",
}


def compose(*arguments: str, secrets: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    command = [str(BIN / "docker-compose"), "--file", str(ROOT / "docker-compose.yml"), "config", *arguments]
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **secrets}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def deployment() -> dict[str, Any]:
    done = compose(secrets=SECRETS)
    assert done.returncode == 0, done.stderr
    loaded: dict[str, Any] = yaml.safe_load(done.stdout)
    return loaded


class TestTheComposeFile:
    def test_has_every_process_of_a_deployment(self, deployment: dict[str, Any]) -> None:
        """PostgreSQL, Redis, the migration, two schedulers, a worker for each lane, the web."""
        commands = {name: service.get("command") for name, service in deployment["services"].items()}
        assert commands["migrate"] == ["migrate"]
        assert [command for command in commands.values() if command == ["scheduler"]] == [["scheduler"]] * 2
        for lane in ("urgent", "engine", "send"):
            assert commands[f"worker-{lane}"] == ["worker", "--lane", lane]
        assert {"postgres", "redis", "web"} <= commands.keys()

    def test_gives_the_owner_to_the_migration_alone(self, deployment: dict[str, Any]) -> None:
        """A process that serves pages or sends texts can't change tables or histories."""
        for name, service in deployment["services"].items():
            address = service.get("environment", {}).get("STEADFAST_DATABASE_URL", "")
            assert ("steadfast_owner" in address) == (name == "migrate"), name

    def test_asks_the_web_whether_it_lives(self, deployment: dict[str, Any]) -> None:
        """/livez is for container checks; /health, which also judges the engine, would restart a healthy web."""
        assert "/livez" in " ".join(deployment["services"]["web"]["healthcheck"]["test"])

    @pytest.mark.parametrize("missing", sorted(SECRETS))
    def test_refuses_to_start_without_a_secret(self, missing: str) -> None:
        """No password has a default."""
        done = compose("--quiet", secrets={name: value for name, value in SECRETS.items() if name != missing})
        assert done.returncode != 0
        assert missing in done.stderr


class TestTheImage:
    def test_has_no_fault_that_a_linter_finds(self) -> None:
        """Pinned bases, several stages, no shell tricks."""
        done = subprocess.run([str(BIN / "hadolint"), str(ROOT / "Dockerfile")], capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, "")

    def test_does_not_run_as_root(self) -> None:
        """The last user set is a number, which an orchestrator can check."""
        users = re.findall(r"^USER (.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
        assert users[-1].isdigit()


class TestTheLocks:
    @pytest.mark.parametrize("path", [*sorted(ROOT.glob("requirements*.lock")), ROOT / "package-lock.json"])
    def test_have_a_hash_for_everything_and_no_address(self, path: Path) -> None:
        """Any mirror may serve the packages; what it serves is checked."""
        text = path.read_text()
        assert "://" not in text
        assert "index-url" not in text
        if path.suffix == ".lock":
            pinned = re.findall(r"^\S+==\S+.*(?:\n {4}.*)*", text, re.MULTILINE)
            assert pinned
            assert all("--hash=sha256:" in entry for entry in pinned)

    def test_of_the_runtime_is_part_of_the_one_of_development(self) -> None:
        """What is tested is what is deployed."""
        pins = [set(re.findall(r"^(\S+==\S+)", (ROOT / name).read_text(), re.MULTILINE))
                for name in ("requirements.lock", "requirements-dev.lock")]  # fmt: skip
        assert pins[0] <= pins[1]

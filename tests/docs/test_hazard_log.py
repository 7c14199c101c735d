"""Every test that the hazard log names exists: a control whose proof is gone is no control."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOG = (ROOT / "docs" / "hazard-log.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py::\w+::test_\w+)`", LOG)))


def named_tests(path: Path) -> set[str]:
    """The tests in a file as Class::name."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        f"{group.name}::{test.name}"
        for group in tree.body
        if isinstance(group, ast.ClassDef)
        for test in group.body
        if isinstance(test, ast.FunctionDef)
    }


class TestHazardLog:
    def test_names_tests_for_every_hazard_it_lists(self):
        """A row without a test would be a promise."""
        rows = [line for line in LOG.splitlines() if re.match(r"\| H\d+ ", line)]
        assert len(rows) >= 20
        assert [row[:8] for row in rows if "tests/" not in row] == []

    @pytest.mark.parametrize("named", NAMED)
    def test_names_only_tests_that_exist(self, named: str):
        """Renaming a test means mending the log."""
        file, _, test = named.partition("::")
        assert test in named_tests(ROOT / file)

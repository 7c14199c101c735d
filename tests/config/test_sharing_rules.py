"""The rules of sharing, of the adults round a child and of reflective prompts: what their lint refuses."""

import shutil
from pathlib import Path

import pytest

from config.audit_limits import load_audit_limits
from config.lint import lint_all
from config.rule_files import SHIPPED
from tests.domain.builders import rules

SPOILT = [
    ("sharing.yaml", "services: [perinatal_mental_health]", "services: [mental_health]", "a service of contacts.yaml"),
    ("sharing.yaml", "contacts: []", "contacts: [GP-XYZ]", "a code of contacts.yaml"),
    ("sharing.yaml", "copy: general_practice", "copy: perinatal_mental_health", "another service of contacts.yaml"),
    ("sharing.yaml", "deadline: {hours: 4}", "deadline: {hours: 6}", "at most 4, for high risk"),
    ("sharing.yaml", "deadline: {hours: 4}", "deadline: {working_hours: 4}", "elapsed hours"),
    ("sharing.yaml", "hold_longest: {working_days: 2}", "hold_longest: {working_days: 9}", "at most 5 working days"),
    ("sharing.yaml", "basis_of_agreement: direct_care", "basis_of_agreement: habit", "one of bases"),
    ("sharing.yaml", "last seen {seen}. Please look", "seen by {name}. Please look", "nothing filled in but"),
    ("sharing.yaml", "missed a health contact", "missed a mental health contact", "the minimum: no service"),
    ("sharing.yaml", "missed a health contact on", "{missed a health contact on", "braces in pairs"),
    ("adults.yaml", "HV-NBV:", "HV-XYZ:", "a code of contacts.yaml"),
    ("adults.yaml", "review_after_months: 6 ", "review_after_months: 60 ", "12"),
    ("reflections.yaml", "at_once: 2", "at_once: 9", "maximum of 2"),
    ("reflections.yaml", "roles: [health_visitor], words: What is", "roles: [gp], words: What is", "one of"),
]


class TestLint:
    @pytest.mark.parametrize(("name", "old", "new", "expected"), SPOILT)
    def test_refuses(self, tmp_path: Path, name: str, old: str, new: str, expected: str):
        """Each of these would tell too much, too late, or of nothing."""
        text = (SHIPPED / name).read_text(encoding="utf-8")
        assert old in text
        (tmp_path / name).write_text(text.replace(old, new, 1), encoding="utf-8")
        found = [str(finding) for finding in lint_all([SHIPPED, tmp_path])]
        assert any(expected in one and one.split("/", 1)[1].startswith(name) for one in found), found


class TestShippedRules:
    def test_guard_all_of_perinatal_mental_health_and_nothing_else(self):
        assert sorted(rules().sharing.guarded) == ["PMH-ASSESS", "PMH-MMHS", "PMH-REVIEW", "PMH-THERAPY"]
        assert load_audit_limits(config_dir=None).told_contacts == rules().sharing.counted

    def test_take_a_trusts_own_service_in(self, tmp_path: Path):
        """Adult mental health beside the perinatal one, by its codes."""
        shutil.copy(SHIPPED / "sharing.yaml", tmp_path)
        own = (tmp_path / "sharing.yaml").read_text(encoding="utf-8")
        (tmp_path / "sharing.yaml").write_text(
            own.replace("contacts: []", "contacts: [GP-ROUTINE]").replace("except: []", "except: [PMH-MMHS]")
        )
        limits = load_audit_limits(config_dir=tmp_path)
        assert sorted(limits.told_contacts) == ["GP-ROUTINE", "PMH-ASSESS", "PMH-REVIEW", "PMH-THERAPY"]

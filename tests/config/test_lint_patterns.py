"""The pattern rules' lint and loader: what would hide a pattern, flood a team or blame nobody knows whom is refused."""

from datetime import date, timedelta

import pytest

from config.rules import load_rules
from models.domain.patterns import Happened, PatternKind, Scope
from models.domain.words import AppointmentStatus, OutcomeSubtype
from tests.config.test_lint import change, faults, folder

__all__ = ["folder"]  # a fixture
FILE = "patterns.yaml"
RULES = load_rules(config_dir=None, nation="england", today=date(2026, 11, 22)).patterns

SPOILT = [
    pytest.param("  R10:\n", "  R11:\n", "also R10", id="a rule of the field left out"),
    pytest.param("recent_days: 30", "recent_days: 400", "14 to 30 days", id="history that comes back"),
    pytest.param("recent_days: 30", "recent_days: 3", "14 to 30 days", id="a late feed hides a pattern"),
    pytest.param("again_after_days: 90", "again_after_days: 999", "at most 183 days", id="never again"),
    pytest.param("{nth} contact in a row", "{name} in a row", "no other fields than", id="a field that names somebody"),
    pytest.param("{nth} contact in a row", "{nth contact", "no other fields than", id="an open bracket"),
    pytest.param(
        "tells: false\n    faster: false\n    opens: false",
        "tells: false\n    faster: true\n    opens: false",
        "a brother's or sister's follow-up informs and no more",
        id="a cascade",
    ),
    pytest.param(
        "tells: false\n    faster: true\n    opens: false",
        "tells: false\n    faster: true\n    opens: true",
        "worth telling",
        id="a card that nobody is told of",
    ),
    pytest.param("missed: not_seen", "missed: unseen", "expected one of not_seen", id="a word nobody knows"),
    pytest.param("kind: consecutive", "kind: in_a_row", "expected one of consecutive", id="a kind nobody knows"),
    pytest.param("[HV-TARGETED,", "[HV-TARGET,", "a code of contacts.yaml", id="a contact nobody knows"),
    pytest.param(
        "confidential_services: [perinatal_mental_health]",
        "confidential_services: [mental_health]",
        "one of general_practice",
        id="a confidential service misspelt",
    ),
    pytest.param(
        "leaves_out: [perinatal_mental_health, disclosed]",
        "leaves_out: [pmh]",
        "one of general_practice",
        id="a service misspelt",
    ),
    pytest.param("    within_days: 30\n", "", "also within_days", id="no time"),
    pytest.param("    until_months: {months: 12, unseen_days: 90}\n", "", "also until_months", id="an age left out"),
]


class TestLint:
    @pytest.mark.parametrize(("old", "new", "expected"), SPOILT)
    def test_refuses(self, folder, old, new, expected):
        """By file, line and place, as every fault of the rules."""
        change(folder, FILE, old, new)
        assert any(expected in found for found in faults(folder)), faults(folder)


class TestShippedPatterns:
    def test_are_the_ten_of_the_field_and_two_in_90_days(self):
        """domain.md 3.4 and 3.3 (vi)."""
        assert [rule.id for rule in RULES.rules] == [*(f"R{n}" for n in range(1, 11)), "two-in-90-days"]

    def test_read_a_rule_whole(self):
        """R2: three in six months, of child, parent and household."""
        rule = RULES.rule("R2")
        assert (rule.kind, rule.of, rule.at_least, rule.within, rule.counts) == (
            PatternKind.COUNT,
            (Scope.CHILD, Scope.PARENT, Scope.HOUSEHOLD),
            3,
            timedelta(days=183),
            {Happened.NOT_SEEN, Happened.FAMILY_CANCELLED},
        )

    @pytest.mark.parametrize(
        ("status", "subtype", "expected"),
        [
            ("missed", None, Happened.NOT_SEEN),
            ("arrived_not_seen", None, Happened.NOT_SEEN),
            ("attended", "child_not_seen", Happened.NOT_SEEN),
            ("attended", None, Happened.SEEN),
            ("declined", None, Happened.FAMILY_CANCELLED),
            ("cancelled_by_family", "person_died", Happened.NOTHING),
            ("cancelled", None, Happened.NOTHING),
            ("cancelled_by_service", None, Happened.SERVICE_CANCELLED),
            ("outcome_due", None, Happened.NOTHING),
        ],
    )
    def test_count_an_outcome_as_the_field_does(self, status, subtype, expected):
        """Cancelled by nobody knows whom, and not recorded, are unknown and count as nothing. A death is no choice."""
        told = None if subtype is None else OutcomeSubtype(subtype)
        assert RULES.meaning(AppointmentStatus(status), told) is expected

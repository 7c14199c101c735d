"""Overlays and paces: what is laid over a ladder is linted with it, stored with it, and never makes it slower."""

from datetime import date

import pytest

from config.rules import load_rules
from models.domain.words import FollowUpTrigger
from tests.config.test_lint import HIGH_RISK, REVIEW, change, faults, folder

__all__ = ["folder"]  # a fixture
PATTERNS = "overlays/patterns.yaml"
AT_MOST_ONE = "misses_at_most: 1, how: [not_brought]}\n    due: {from: start, plus: {hours: 0}}"
ANYBODY = "how: [not_brought, no_access, child_not_seen, not_found]"
FROM_THE_SECOND = f"misses_at_least: 2, {ANYBODY}}}\n    due: {{from: start, plus: {{hours: 0}}}}"

SPOILT = [
    pytest.param(
        REVIEW,
        "code: high-risk, version: 2",
        "code: high-risk, version: 3",
        "an overlay that is there",
        id="no overlay",
    ),
    pytest.param(
        REVIEW, "left_to: high-risk-sighting", "left_to: a-visit", "a high-risk step of its overlays", id="no such step"
    ),
    pytest.param(
        REVIEW, "left_to: high-risk-sighting", "left_to: pattern-found", "a high-risk step", id="not for high risk"
    ),
    pytest.param(
        REVIEW,
        "  - {code: high-risk, version: 2}\n",
        "",
        "a high-risk step of its overlays: there is none",
        id="a step of an overlay it doesn't lie under",
    ),
    pytest.param(
        "pathways/pmh-missed.yaml",
        "  - {code: patterns, version: 1}\n",
        "",
        "a step for the team lead when a pattern is found, acknowledged within 4 working hours",
        id="no step for a pattern",
    ),
    pytest.param(
        PATTERNS, "{working_hours: 4}", "{working_hours: 9}", "acknowledged within 4 working hours", id="a slow pattern"
    ),
    pytest.param(
        HIGH_RISK, "plus: {hours: 4}}", "plus: {hours: 5}}", "that tells the team_lead", id="a slow team lead"
    ),
    pytest.param(
        HIGH_RISK, "plus: {hours: 24}}", "plus: {hours: 25}}", "that tells the practitioner_again", id="no sighting"
    ),
    pytest.param(
        HIGH_RISK, "plus: {hours: 72}}", "plus: {hours: 73}}", "that tells the head_of_service", id="a late exception"
    ),
    pytest.param(
        HIGH_RISK, "repeat: {hours: 24}", "repeat: {hours: 30}", "every_hours 24", id="an exception not every day"
    ),
    pytest.param(
        HIGH_RISK,
        "high_risk: {acknowledge_within: {hours: 1}}",
        "high_risk: {acknowledge_within: {hours: 3}}",
        "acknowledge_within_hours 1",
        id="a call that may wait",
    ),
    pytest.param(HIGH_RISK, "signed_by: null", "signed_by: A. Nurse", "together, or both null", id="half an overlay"),
    pytest.param(
        HIGH_RISK, "lies: above", "lies: beside", "expected one of below, above", id="neither above nor below"
    ),
    pytest.param(HIGH_RISK, "owner: team_lead", "owner: chief", "expected one of practitioner", id="a role nobody has"),
    pytest.param(
        HIGH_RISK,
        "high_risk: {acknowledge_within: {hours: 1}}",
        "high_risk: {left_to: high-risk-sighting}",
        "such a tie in a ladder only",
        id="an overlay over an overlay",
    ),
    pytest.param(
        REVIEW,
        'faster: {due: {from: start, plus: {working_days: 1, at: "09:00"}}}',
        'faster: {due: {from: start, plus: {working_days: 3, at: "09:00"}}}',
        "no step later than at the routine pace",
        id="one rung slower",
    ),
    pytest.param(
        "pathways/antenatal-midwifery.yaml", "from_week: 36", "from_week: 52", "maximum of 42", id="no such week"
    ),
    pytest.param(
        REVIEW,
        AT_MOST_ONE,
        AT_MOST_ONE.replace("{hours: 0}", "{working_days: 2}"),
        "a first step for missed (not_brought), miss 1, within",
        id="a slow first step",
    ),
    pytest.param(
        REVIEW,
        FROM_THE_SECOND,
        FROM_THE_SECOND.replace("2", "3", 1),
        "a first step for missed (not_brought), miss 2, within",
        id="no first step for the second miss",
    ),
]


class TestLint:
    @pytest.mark.parametrize(("name", "old", "new", "expected"), SPOILT)
    def test_refuses(self, folder, name, old, new, expected):
        """Each of these would slow down, or keep from somebody, what a family at risk is owed."""
        change(folder, name, old, new)
        assert any(expected in found for found in faults(folder)), faults(folder)

    def test_checks_every_file_although_an_earlier_one_is_faulty(self, folder):
        """All faults at once, also those of sense."""
        change(folder, "pathways/discharge-proposed.yaml", "lease: {working_days: 2}", "lease: {working_days: 30}")
        change(folder, REVIEW, "lease: {working_days: 2}", "lease: {working_days: 30}")
        assert {found.partition(":")[0] for found in faults(folder)} == {"pathways/discharge-proposed.yaml", REVIEW}


class TestLaidOver:
    """A set of steps laid over a ladder (config/overlays)."""

    def test_is_stored_with_the_ladder_so_that_a_running_follow_up_keeps_it(self):
        """The whole is what is stored and signed; the overlay's steps stand above or below the ladder's own."""
        content = load_rules(config_dir=None, nation="england", today=date(2026, 11, 22)).pathway_contents
        steps = [step["id"] for step in content["universal-review", 2]["steps"]]
        assert (steps[0], steps[-1]) == ("pattern-found", "high-risk-exception")

    def test_that_nobody_has_signed_leaves_the_ladder_unsigned(self, folder):
        """A signature under a ladder is one under everything that it does."""
        for name, signed in ((REVIEW, False), (HIGH_RISK, False), (PATTERNS, True)):
            change(folder, name, "signed_by: null\nsigned_on: null", "signed_by: A. Nurse\nsigned_on: 2026-11-02")
            rules = load_rules(config_dir=folder, nation="england", today=date(2026, 11, 22))
            assert (rules.pathway("universal-review", 2).signed_by == "A. Nurse") is signed

    def test_brings_no_cause_that_the_ladder_does_not_know(self):
        """An overlay is not a way onto a ladder."""
        rules = load_rules(config_dir=None, nation="england", today=date(2026, 11, 22))
        ladder = rules.pathway("antenatal-midwifery", 2)
        assert FollowUpTrigger.FAMILY_EVENT not in {one for step in ladder.steps for one in step.triggers}

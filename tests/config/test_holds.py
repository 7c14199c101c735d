"""The rules of holds: what they do is data, and no data may set off what keeps a family safe."""

from datetime import date

import pytest

from config.rules import load_rules
from models.domain.words import FamilyEventKind, HoldKind
from tests.config.test_lint import change, faults, folder  # noqa: F401

RULES = load_rules(config_dir=None, nation="england", today=date(2026, 11, 22))
HOLDS = "holds.yaml"
EVERY_CAUSE = (
    "    when: {triggers: [outcome_not_recorded, missed, cancelled, never_booked, overdue, referral_unanswered,"
    " family_event, declined, corrected]}\n"
)

SPOILT = [
    pytest.param(
        HOLDS,
        "blocks_texts: true",
        "blocks_texts: false",
        "kinds.bereavement.blocks_texts is False; expected true: no text leaves under this kind",
        id="texts in bereavement",
    ),
    pytest.param(
        HOLDS, "routine_at_most: {working_days: 10}", "routine_at_most: {working_days: 11}", "at most 10", id="too long"
    ),
    pytest.param(
        HOLDS,
        "high_risk_at_most: {hours: 24}",
        "high_risk_at_most: {hours: 49}",
        "elapsed hours, at most 48, for high risk",
        id="high risk waits too long",
    ),
    pytest.param(
        HOLDS,
        "high_risk_at_most: {hours: 24}",
        "high_risk_at_most: {working_days: 1}",
        "elapsed hours, at most 48, for high risk",
        id="high risk waits over a weekend",
    ),
    pytest.param(HOLDS, "second-call, other", "second-cal, other", "a step of universal-review", id="no such step"),
    pytest.param(HOLDS, "general-missed: [", "general: [", "expected one of", id="no such ladder"),
    pytest.param(
        HOLDS,
        "replaced_by: after-a-loss",
        "replaced_by: bereavement-care",
        "a pathway with steps for cancelled, corrected, declined, missed",
        id="a ladder that can't take over",
    ),
    pytest.param(
        "pathways/after-a-loss.yaml",
        EVERY_CAUSE + '    due: {from: start, plus: {working_days: 2, at: "09:00"}}\n',
        "    when: {triggers: [missed]}\n    offers_text: true\n"
        '    due: {from: start, plus: {working_days: 2, at: "09:00"}}\n',
        "kinds.bereavement.replaced_by is 'after-a-loss'; expected a pathway that offers no text to the family",
        id="a text after a loss",
    ),
    pytest.param(
        "pathways/bereavement-care.yaml",
        "    owner: practitioner\n",
        "    owner: practitioner\n    offers_text: true\n",
        "events.bereavement_care.pathway is 'bereavement-care'; expected a pathway that offers no text",
        id="a text in the care after a loss",
    ),
    pytest.param(HOLDS, "flags: [bereavement]", "flags: [bereaved]", "a flag of flags.yaml", id="no such flag"),
    pytest.param(HOLDS, "flags: [bereavement]", "flags: [cpp]", "a flag that blocks texts too", id="a milder flag"),
    pytest.param(HOLDS, "flags: [pregnancy_loss]", "flags: [bereavement]", "no other kind has", id="one flag twice"),
    pytest.param(HOLDS, "placed_flag: looked_after", "placed_flag: premature", "a high-risk flag", id="a mild flag"),
    pytest.param(HOLDS, "MW-BOOK", "MW-BOOKED", "a code of contacts.yaml", id="no such contact"),
    pytest.param(HOLDS, "[HV-AN, ", "[", "a code among antenatal_contacts", id="an antenatal contact forgotten"),
    pytest.param(HOLDS, "after_days: 28", "after_days: 57", "at most longest_days", id="reviewed after the longest"),
]


class TestLintOfHolds:
    @pytest.mark.parametrize(("name", "old", "new", "expected"), SPOILT)
    def test_refuses(self, folder, name, old, new, expected):  # noqa: F811
        """Each of these would let a text go that must not, or keep a plan waiting without an end."""
        change(folder, name, old, new)
        assert any(expected in found for found in faults(folder)), faults(folder)


class TestShippedHolds:
    def test_block_texts_whatever_the_kind(self):
        """A person speaks to these families, no machine."""
        assert RULES.holds.blocking == frozenset(HoldKind)

    def test_keep_only_an_inpatients_routine_steps_waiting(self):
        """The staff's plan goes on after a loss, a move or an adoption: children are followed up as before."""
        assert RULES.holds.pausing == {HoldKind.IN_HOSPITAL}

    def test_leave_the_new_birth_visit_its_clock(self):
        """A baby on a unit: a parent is met there (domain.md 1.3)."""
        pause = RULES.holds.rules[HoldKind.IN_HOSPITAL].pauses
        assert pause is not None
        assert "new-birth-visit" not in pause.steps

    def test_know_each_flag_that_imports_say_it_by(self):
        """One way of holding; the flags stay the imports' way of saying it."""
        assert RULES.holds.kind_of_flag == {
            "bereavement": HoldKind.BEREAVEMENT,
            "pregnancy_loss": HoldKind.PREGNANCY_ENDED,
            "adoption": HoldKind.PROTECTED_IDENTITY,
            "neonatal_inpatient": HoldKind.IN_HOSPITAL,
        }

    def test_start_care_after_a_loss_and_a_hand_over_after_a_move(self):
        """Each on a ladder of its own."""
        starts = {kind: rule.starts for kind, rule in RULES.holds.rules.items() if rule.starts is not None}
        assert starts == {
            HoldKind.BEREAVEMENT: FamilyEventKind.BEREAVEMENT_CARE,
            HoldKind.PREGNANCY_ENDED: FamilyEventKind.BEREAVEMENT_CARE,
            HoldKind.MOVED_OUT: FamilyEventKind.MOVED_OUT,
        }
        events = RULES.events.rules
        assert events[FamilyEventKind.BEREAVEMENT_CARE].pathway == "bereavement-care"
        assert events[FamilyEventKind.MOVED_OUT].pathway == "moved-out"

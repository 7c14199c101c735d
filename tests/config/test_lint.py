"""The rules' lint: every fault named by file, line, place, value and what was expected; all faults at once."""

import shutil
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.lint import lint_all
from config.rule_files import SHIPPED, SORTS
from config.rules import load_rules
from config.yaml_files import RulesError

REVIEW = "pathways/universal-review.yaml"
HIGH_RISK = "overlays/high-risk.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A trust's own copy of the shipped rules, to be spoilt."""
    for part in ("pathways", "overlays", "schedules", "messages"):
        shutil.copytree(SHIPPED / part, tmp_path / part)
    for name in (name for name in SORTS if "*" not in name):
        shutil.copy(SHIPPED / name, tmp_path / name)
    return tmp_path


def change(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def faults(folder: Path) -> list[str]:
    return [str(finding) for finding in lint_all([folder])]


class TestShippedRules:
    def test_have_no_fault(self):
        """What we ship is what we ask for."""
        assert lint_all([SHIPPED]) == []

    def test_are_unsigned(self):
        """Signing is the trust's act: shipped ladders text nobody."""
        rules = load_rules(config_dir=None, nation="england", today=date(2026, 11, 22))
        assert [pathway.signed_by for pathway in rules.pathways.values()] == [None] * len(rules.pathways)


class TestFinding:
    def test_names_file_line_place_value_and_what_was_expected(self, folder):
        """Enough to correct it without looking anything up."""
        change(folder, REVIEW, "owner: admin", "owner: the office")
        (found,) = faults(folder)
        line = 1 + (folder / REVIEW).read_text(encoding="utf-8").split("the office")[0].count("\n")
        assert found.startswith(f"pathways/universal-review.yaml:{line}: steps[1].owner is")
        assert "steps[1].owner is 'the office'; expected one of practitioner, admin, duty" in found

    def test_is_given_for_every_fault_at_once(self, folder):
        """A trust corrects a file once, not once a fault."""
        change(folder, REVIEW, "owner: admin", "owner: the office")
        change(folder, "flags.yaml", "high_risk: true", "high_risk: maybe")
        change(folder, "schedules/england.yaml", "anchor: edd", "anchor: easter")
        assert len(faults(folder)) == 3


SPOILT = [
    pytest.param(
        "events.yaml", "EVENT-BEREAVEMENT", "EVENT-DISCHARGE", "a code that no other event has", id="two events"
    ),
    pytest.param(
        "events.yaml",
        "pathway: moved-out",
        "pathway: general-missed",
        "a pathway with steps for family_event",
        id="an event without steps",
    ),
    pytest.param(
        "pathways/new-birth-visit.yaml",
        "reply_within: {working_days: 1}",
        "reply_within: {working_days: 6}",
        "contacts_agency.reply_within is {'working_days': 6}; expected more than nothing and at most 5 working days",
        id="an agency given too long",
    ),
    pytest.param(
        "pathways/new-birth-visit.yaml",
        "reply_within: {working_days: 1}}\n    owner: named_nurse",
        "reply_within: {working_days: 1}}\n    owner: duty",
        "owner is duty; expected one of practitioner, team_lead, named_nurse, head_of_service: somebody of ours",
        id="an agency contacted by nobody in particular",
    ),
    pytest.param(
        "pathways/new-birth-visit.yaml",
        "reply_within: {working_days: 1}}\n    owner: named_nurse",
        "reply_within: {working_days: 1}}\n    owner: childrens_social_care",
        "an agency outside has no login; name ours, and the agency under contacts_agency",
        id="a ladder that depends on a login outside",
    ),
    pytest.param(
        "pathways/new-birth-visit.yaml",
        "reply_within: {working_days: 1}}\n    owner: named_nurse",
        "reply_within: {working_days: 1}}\n    owner: named_nurse\n    pauses_while_booked: true",
        "false: ",
        id="an agency put off by a booking",
    ),
    pytest.param("staffing.yaml", "every_days: 7", "every_days: 8", "at most 7", id="a weekly check that is none"),
    pytest.param(
        "staffing.yaml", "silent_after_days: 8", "silent_after_days: 7", "more than every_days", id="silent too soon"
    ),
    pytest.param(
        "staffing.yaml", "longest_gap_days: 28", "longest_gap_days: 90", "at most 31", id="a gap signed for months"
    ),
    pytest.param("staffing.yaml", 'number: "999"', 'number: "nine"', "expected text like", id="no number to ring"),
    pytest.param("holidays.yaml", "2027-12-31", "2027-02-31", "a date that exists", id="a day the year hasn't"),
    pytest.param(
        REVIEW, "\nversion: 2", "\nversion: one", "version is 'one'; expected integer", id="a word for a number"
    ),
    pytest.param(REVIEW, "title: Univ", "titel: Univ", "expected also title", id="a name misspelt"),
    pytest.param(REVIEW, 'at: "09:00"', 'at: "9 am"', "expected text like", id="a time of day in words"),
    pytest.param(REVIEW, "2026-11-01", "2026-02-30", "a date that exists", id="a date that doesn't exist"),
    pytest.param(REVIEW, "signed_by: null", "signed_by: A. Nurse", "together, or both null", id="half a signature"),
    pytest.param(REVIEW, "id: second-call", "id: phone-same-day", "an id that no other step", id="one id twice"),
    pytest.param(REVIEW, "retired_steps: []", "retired_steps: [second-call]", "not among retired", id="a retired id"),
    pytest.param(
        REVIEW,
        "goes_up: [team_lead, named_nurse, ",
        "goes_up: [team_lead, ",
        "a role of goes_up",
        id="a role off the way",
    ),
    pytest.param(
        HIGH_RISK,
        "acknowledge_within: {hours: 4}",
        "acknowledge_within: {hours: 49}",
        "is 49 hours; expected elapsed hours, more than 0 and at most 48, for high risk",
        id="high risk above 48 hours",
    ),
    pytest.param(
        REVIEW,
        "acknowledge_within: {hours: 24}",
        "acknowledge_within: {working_days: 1}",
        "is 1 working_days; expected elapsed hours",
        id="high risk in working days",
    ),
    pytest.param(
        REVIEW, "lease: {working_days: 2}", "lease: {working_days: 30}", "at most 10 working", id="a long lease"
    ),
    pytest.param(
        REVIEW,
        "{from: window_end, plus: {days: -14",
        "{from: start, plus: {days: -14",
        "a span that isn't negative",
        id="before it began",
    ),
    pytest.param(
        "pathways/new-birth-visit.yaml",
        '{from: date_of_birth, plus: {days: 7, at: "09:00"}}',
        "{from: date_of_birth, plus: {hours: 200}}",
        "expected days, from a date of birth",
        id="hours from a date",
    ),
    pytest.param(
        "pathways/outcome-not-recorded.yaml",
        "    owner: practitioner\n",
        "    owner: practitioner\n    offers_text: true\n",
        "no text to a family from an unrecorded outcome",
        id="a text from an unrecorded outcome",
    ),
    pytest.param(
        "pathways/outcome-not-recorded.yaml",
        'plus: {working_days: 2, at: "09:00"}',
        'plus: {working_days: 3, at: "09:00"}',
        "a step for the team lead within 2 working days",
        id="settled too late",
    ),
    pytest.param(
        "contacts.yaml",
        "pathway: new-birth-visit",
        "pathway: nbv",
        "HV-NBV.pathway is 'nbv'; expected one of",
        id="no ladder",
    ),
    pytest.param(
        "contacts.yaml", "opens: birth_visit", "opens: births", "expected one of reviews", id="no set of statuses"
    ),
    pytest.param(
        "contacts.yaml",
        "outcome_pathway: outcome-not-recorded",
        "outcome_pathway: general-missed",
        "a pathway with steps for outcome_not_recorded",
        id="the wrong ladder",
    ),
    pytest.param(
        "schedules/england.yaml", "code: HV-NBV", "code: HV-XYZ", "a code of contacts.yaml", id="an unknown contact"
    ),
    pytest.param(
        "schedules/england.yaml",
        "window: {from: {days: 10}, until: {days: 14}}",
        "window: {from: {days: 14}, until: {days: 10}}",
        "a window that starts before it ends",
        id="a window the wrong way round",
    ),
    pytest.param(
        "schedules/england.yaml", "superseded_by: HV-6M", "superseded_by: HV-9M", "a contact of this", id="nobody"
    ),
    pytest.param(
        "schedules/england.yaml", "code: HV-3M", "code: GP-6W-BABY", "a contact of health_visiting", id="whose service"
    ),
    pytest.param(
        "schedules/gp-checks.yaml", "    of: mother\n", "", "a contact whose subject is the child", id="whose contact"
    ),
    pytest.param(
        "schedules/england.yaml",
        "    window: {from: {days: 10}",
        "    window: {from: {gestation: 28+0}",
        "gestation needs the anchor edd",
        id="weeks of pregnancy after birth",
    ),
    pytest.param(
        "schedules/england.yaml",
        "    unbooked_on: {days: 7}",
        "    unbooked_on: null",
        "nobody can record that this contact took place",
        id="neither booked nor recorded",
    ),
    pytest.param(
        "schedules/england.yaml",
        "effective_from: 2026-11-01",
        "effective_from: 2026-11-31",
        "a date that exists",
        id="31 November",
    ),
    pytest.param(
        "schedules/pre-birth.yaml", "flags: [pre_birth_plan]", "flags: [prebirth]", "a flag of flags.yaml", id="no flag"
    ),
    pytest.param("planning.yaml", "health_visiting: true", "health_visiting: soon", "boolean", id="a service, maybe"),
    pytest.param(
        "planning.yaml",
        "services: {health_visiting: true, midwifery: false, general_practice: false, pre_birth: true}",
        "services: {health_visiting: false, midwifery: false, general_practice: false, pre_birth: false}",
        "at least one service whose contacts",
        id="nothing planned",
    ),
    pytest.param("planning.yaml", "flag: neonatal_inpatient", "flag: nicu", "a flag of flags.yaml", id="no such stay"),
    pytest.param(
        "planning.yaml",
        "seen_within_high_risk: {working_days: 2}",
        "seen_within_high_risk: {working_days: 6}",
        "at most 5",
        id="slower for high risk",
    ),
    pytest.param(
        "planning.yaml", "contacts: [MW-BOOK,", "contacts: [MW-BOOKING,", "a code of contacts.yaml", id="no such point"
    ),
    pytest.param(
        "planning.yaml", "born_from: {days: -126}", "born_from: {days: 126}", "days before the EDD", id="born too late"
    ),
    pytest.param(
        "family-review.yaml",
        "until: {months: 6}",
        "until: {months: 7}",
        "expected at most 6 months",
        id="a review too rare",
    ),
    pytest.param(
        "family-review.yaml",
        "unbooked_on: {months: 5}",
        "unbooked_on: {months: 7}",
        "in this order",
        id="a review unbooked too late",
    ),
    pytest.param(
        "family-review.yaml",
        "contact: HV-FAMILY",
        "contact: HV-1Y",
        "recorded and whole_family",
        id="not the family's contact",
    ),
    pytest.param(
        "family-review.yaml",
        "flags: [severe_mental_illness]",
        "flags: [smi]",
        "a flag of flags.yaml",
        id="a flag nobody has",
    ),
    pytest.param(
        "prompts.yaml", "decide_within: {hours: 2}", "decide_within: {hours: 30}", "at most 24", id="not today"
    ),
    pytest.param("prompts.yaml", "id: epds-10", "id: epds-13", "an id that no other rule has", id="one rule id twice"),
    pytest.param(
        "prompts.yaml",
        "decide_within: {hours: 0.25}",
        "decide_within: {hours: 1}",
        "at most 0.25",
        id="slow flag",
    ),
    pytest.param("prompts.yaml", "weight: 6", "weight: 5", "more than 5", id="a red flag that does not cut through"),
    pytest.param(
        "prompts.yaml",
        "same_day: true\n    title: Item 10",
        "title: Item 10",
        "true: a self-harm item is",
        id="self-harm on no day",
    ),
    pytest.param(
        "prompts.yaml", "any_yes: [first, second]", "any_yes: [first, third]", "items of the", id="an unknown item"
    ),
    pytest.param(
        "prompts.yaml",
        "{total_at_least: 13}",
        "{total_at_least: 31}",
        "a total from 1 to 30",
        id="no such total",
    ),
    pytest.param("prompts.yaml", "instrument: WHOOLEY", "instrument: WOOLEY", "one of EPDS", id="no such instrument"),
    pytest.param("prompts.yaml", "sets_flag: red_flag", "sets_flag: red", "a code of flags.yaml", id="no such flag"),
    pytest.param(
        "prompts.yaml",
        "sets_flag: red_flag",
        "sets_flag: worried",
        "red_flag, which flags.yaml",
        id="no flag",
    ),
    pytest.param("prompts.yaml", "signed_by: null", "signed_by: Dr Who", "both signed_by and", id="half a signature"),
    pytest.param(
        "prompts.yaml",
        "  - id: no-threshold-routine\n    people: null",
        "  - id: no-threshold-routine\n    people: [mother]",
        "one for everybody (people: null) that is routine",
        id="somebody nobody asks about",
    ),
    pytest.param(
        "referrals.yaml", "received: {working_days: 3}", "received: {working_days: 4}", "at most 3", id="a slow hop"
    ),
    pytest.param("referrals.yaml", "attended: {days: 14}", "attended: {days: 21}", "at most 14 days", id="above QS115"),
    pytest.param("referrals.yaml", "attended: {hours: 4}", "attended: {hours: 5}", "at most 4 hours", id="emergency"),
    pytest.param(
        "referrals.yaml",
        "appointed: {working_days: 7}",
        "appointed: {working_days: 4}",
        "a clock not shorter than accepted",
        id="hops out of order",
    ),
    pytest.param(
        "referrals.yaml",
        "[PMH-MMHS]",
        "[PMH-ASSESS]",
        "a code that perinatal_mental_health",
        id="one code for two",
    ),
    pytest.param(
        "challenge.yaml", "ask_again: {working_days: 1}", "ask_again: {working_days: 3}", "at most 2", id="a lazy stage"
    ),
    pytest.param(
        "challenge.yaml", "due_within: {working_days: 3}", "due_within: {working_days: 6}", "at most 5", id="a long one"
    ),
    pytest.param(
        "actions.yaml", "ask_again: {working_days: 1}", "ask_again: {working_days: 5}", "at most 2", id="forgotten"
    ),
    pytest.param("routes.yaml", 'number: "111"', "number: one-one-one", "text like", id="no number to ring"),
    pytest.param(
        "flags.yaml", ", why_blocked: The baby is in hospital", "", "expected also why_blocked", id="no reason"
    ),
]


class TestLint:
    @pytest.mark.parametrize(("name", "old", "new", "expected"), SPOILT)
    def test_refuses(self, folder, name, old, new, expected):
        """Each of these would delay, silence or misdirect somebody."""
        change(folder, name, old, new)
        assert any(expected in found for found in faults(folder)), faults(folder)

    def test_refuses_a_key_given_twice(self, folder):
        """YAML would silently keep the last one."""
        change(folder, REVIEW, "\nversion: 2", "\nversion: 2\nversion: 3")
        assert any("version is given twice; expected every key once" in found for found in faults(folder))

    @pytest.mark.parametrize("text", ["", "[]", "{", "\x00", "a: &x [*x]", "- 1\n- 2\n", "just words"])
    def test_survives_a_file_that_is_something_else(self, folder, text):
        """A fault in words, never a traceback."""
        (folder / REVIEW).write_text(text, encoding="utf-8")
        assert any("universal-review.yaml" in found for found in faults(folder))

    def test_refuses_an_alias(self, folder):
        """A value that repeats or contains itself has no one place to be corrected."""
        change(folder, REVIEW, "goes_up: [team_lead", "source_again: &a [1]\nonce_more: *a\ngoes_up: [team_lead")
        assert any("once_more is an alias (*name)" in found for found in faults(folder))

    def test_survives_a_file_that_is_not_utf_8(self, folder):
        """Editors on Windows."""
        (folder / REVIEW).write_bytes("title: Santé".encode("latin-1"))
        assert any("not UTF-8" in found for found in faults(folder))

    def test_misses_a_whole_sort_of_files(self, tmp_path):
        """An empty folder is no configuration."""
        assert len(lint_all([tmp_path])) >= 5

    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.data())
    def test_survives_any_line_being_lost(self, folder, data):
        """A half-saved file gives findings or is harmless; it is never a traceback."""
        lines = (SHIPPED / REVIEW).read_text(encoding="utf-8").splitlines(keepends=True)
        lost = data.draw(st.integers(0, len(lines) - 1))
        (folder / REVIEW).write_text("".join(lines[:lost] + lines[lost + 1 :]), encoding="utf-8")
        assert isinstance(faults(folder), list)


class TestStepIds:
    def new_version(self, folder: Path, *changes: tuple[str, str]) -> None:
        text = (folder / REVIEW).read_text(encoding="utf-8").replace("\nversion: 2", "\nversion: 3", 1)
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        (folder / "pathways" / "universal-review-2.yaml").write_text(text, encoding="utf-8")

    def test_may_stay_as_they_are(self, folder):
        """Times and words may change under the same ids."""
        self.new_version(folder, ("lease: {working_days: 2}", "lease: {working_days: 3}"))
        assert faults(folder) == []

    def test_keep_their_meaning(self, folder):
        """A key built from a step's id must not come to speak of something else (design 3.4)."""
        self.new_version(folder, ("title: Phone the family today", "title: Write a letter"))
        (found,) = faults(folder)
        assert "step phone-same-day to be still 'Phone the family today', or a new id" in found

    def test_are_retired_by_name(self, folder):
        """A step that is gone is said to be gone, and its id is never used again."""
        self.new_version(folder, ("id: second-call", "id: second-letter"))
        assert any("second-call, which version 2 had, among them" in found for found in faults(folder))

    def test_of_one_version_come_from_one_file(self, folder):
        """Two files of one version would be two ladders under one name."""
        shutil.copy(folder / REVIEW, folder / "pathways" / "zz-copy.yaml")
        assert any("a version that" in found for found in faults(folder))


class TestOverlay:
    def test_replaces_a_file_of_the_same_path_and_keeps_the_others(self, tmp_path):
        """A trust changes one file and inherits the rest."""
        text = (SHIPPED / "flags.yaml").read_text(encoding="utf-8")
        (tmp_path / "flags.yaml").write_text(
            text.replace(
                "worried: {name: A clinician is worried, high_risk: true", "worried: {name: W, high_risk: false"
            ),
            encoding="utf-8",
        )
        rules = load_rules(config_dir=tmp_path, nation="england", today=date(2026, 11, 22))
        assert not rules.flags.is_high_risk(["worried"])
        assert rules.flags.is_high_risk(["cpp"])

    def test_that_is_faulty_is_refused_whole(self, tmp_path):
        """Nothing of faulty rules is used."""
        (tmp_path / "flags.yaml").write_text("flags: {}\n", encoding="utf-8")
        with pytest.raises(RulesError, match="flags"):
            load_rules(config_dir=tmp_path, nation="england", today=date(2026, 11, 22))

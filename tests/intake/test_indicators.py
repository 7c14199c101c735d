"""Indicators coming in: scores, yes or no, how they were asked; what can't be is refused by line (docs/import.md)."""

from datetime import date

import pytest
from sqlalchemy import Engine, text

from models.domain.words import ImportKind
from tests.intake.conftest import NOW, Load
from workers.detect import detect_all


def a_score(**fields: str) -> dict[str, str]:
    """One row in the import format: an EPDS of a mother, two days old."""
    return {
        "source_id": "E1",
        "subject_nhs_number": "9990000026",
        "subject_role": "mother",
        "household_id": "H1",
        "instrument": "EPDS",
        "total": "14",
        "self_harm_item": "0",
        "recorded_on": "2026-06-08",
        **fields,
    }


@pytest.fixture
def take(load: Load):
    """Import indicator rows."""
    return lambda *rows, **more: load(list(rows), kind=ImportKind.INDICATORS, **more)


class TestARow:
    def test_keeps_how_it_was_asked(self, take, rows_of):
        """Phase, language, mode, interpreter, reading; what is not told stays unknown."""
        told = {
            "phase": "postnatal",
            "language": "en",
            "mode": "home",
            "interpreter": "yes",
            "low_literacy": "not_asked",
        }
        assert take(a_score(**told), a_score(source_id="E2")).created == 2
        found = (
            "SELECT person_role, phase, language, mode, interpreter, low_literacy FROM indicator ORDER BY source_ref"
        )
        assert rows_of(found) == [
            ("mother", "postnatal", "en", "home", "yes", "not_asked"),
            ("mother", None, None, None, "unknown", "unknown"),
        ]

    def test_without_a_role_makes_nobody_a_mother(self, take, rows_of):
        """A father's score must not meet a threshold that is valid for mothers alone."""
        take(a_score(subject_role=""))
        assert rows_of("SELECT i.person_role, m.role FROM indicator i JOIN household_member m USING (person_id)") == [
            (None, "carer")
        ]

    def test_keeps_answers_of_yes_no_and_not_asked_apart(self, take, rows_of):
        """Three values that are never folded into two (design 3.11), and a note in the practitioner's words."""
        answers = "first=yes | second=NO|wants_help=not_asked"
        take(
            a_score(instrument="Whooley", total="", self_harm_item="", answers=answers),
            a_score(
                source_id="E2", instrument="concern", total="", self_harm_item="", answers="worried=yes", note="Flat"
            ),
        )
        assert rows_of("SELECT instrument, answers, note FROM indicator ORDER BY source_ref") == [
            ("WHOOLEY", {"first": "yes", "second": "no", "wants_help": "not_asked"}, None),
            ("CONCERN", {"worried": "yes"}, "Flat"),
        ]

    @pytest.mark.parametrize("spelling", ["PHQ-9", "phq9", "Phq 9"])
    def test_knows_an_instrument_by_its_letters(self, take, rows_of, spelling):
        """A spelling must not silence a threshold."""
        take(a_score(instrument=spelling))
        assert rows_of("SELECT instrument FROM indicator") == [("PHQ-9",)]

    def test_of_an_instrument_nobody_has_configured_is_kept(self, take, rows_of):
        """It is shown and asked about, without a band."""
        take(a_score(instrument="HADS", total="18"))
        assert rows_of("SELECT instrument, total FROM indicator") == [("HADS", 18)]

    @pytest.mark.parametrize(
        ("fields", "column", "value", "expected"),
        [
            ({"total": "31"}, "total", "31", "at most 30"),
            ({"self_harm_item": "4"}, "self_harm_item", "4", "at most 3"),
            ({"instrument": "GAD-7", "total": "9"}, "self_harm_item", "0", "no value: this instrument has none"),
            ({"total": "", "self_harm_item": ""}, "total", "", "a total, a self_harm_item or answers"),
            ({"answers": "first=yes"}, "answers", "first", "this instrument has no items"),
            (
                {"instrument": "WHOOLEY", "total": "", "self_harm_item": "", "answers": "third=yes"},
                "answers",
                "third",
                "first, second, wants_help",
            ),
            ({"answers": "first"}, "answers", "first", "item=answer, separated by |"),
            ({"answers": "first=perhaps"}, "answers", "first=perhaps", "unknown, not_asked, no, yes"),
            ({"phase": "later"}, "phase", "later", "one of antenatal, postnatal"),
            ({"recorded_on": "2026-07-01"}, "recorded_on", "2026-07-01", "no later than 2026-06-10"),
        ],
    )
    def test_that_cannot_be_is_refused_by_line_and_the_good_one_beside_it_counts(
        self, take, rows_of, fields, column, value, expected
    ):
        report = take(a_score(source_id="E9"), a_score(**fields))
        (fault,) = report.rejected
        assert (report.created, fault.line, fault.column, fault.value) == (1, 3, column, value)
        assert expected in fault.reason

    def test_changed_is_looked_at_again(self, take, rows_of, engine):
        """Only where something in it changed; an unchanged row asks nobody anything."""
        take(a_score())
        with engine.begin() as connection:
            connection.execute(text("UPDATE indicator SET examine_at = NULL, verdict = 'silent'"))
        assert take(a_score()).unchanged == 1
        assert rows_of("SELECT examine_at FROM indicator") == [(None,)]
        assert take(a_score(interpreter="yes")).updated == 1
        assert rows_of("SELECT examine_at FROM indicator") == [(NOW,)]


class TestAHistory:
    def test_is_looked_at_again_when_the_register_tells_of_a_pregnancy(
        self, take, load, rows_of, rules, engine: Engine
    ):
        """Refer in pregnancy even when well: the pregnancy comes in later than the history (domain.md 4.1)."""
        take(
            a_score(instrument="HISTORY", total="", self_harm_item="", answers="bipolar=yes", recorded_on="2020-01-01")
        )
        detect_all(engine, rules, now=lambda _: NOW)
        assert rows_of("SELECT verdict, standing, examine_at FROM indicator") == [("review", True, None)]
        pregnant = {"subject_nhs_number": "9990000026", "subject_role": "mother", "household_id": "H1",
                    "subject_edd": "2026-12-01", "pregnancy_outcome": "continuing"}  # fmt: skip
        later = NOW.replace(hour=13)
        load([pregnant], kind=ImportKind.PEOPLE, now=later)
        assert rows_of("SELECT examine_at FROM indicator") == [(later,)]
        detect_all(engine, rules, now=lambda _: later)
        assert rows_of("SELECT rule_id FROM referral_prompt") == [("history-psychosis",)]
        load([{**pregnant, "subject_edd": "2026-12-03"}], kind=ImportKind.PEOPLE, now=later)
        assert rows_of("SELECT examine_at FROM indicator") == [(None,)]  # the same pregnancy, another date

    def test_is_dated_as_it_was(self, take, rows_of):
        take(a_score(instrument="HISTORY", total="", self_harm_item="", answers="bipolar=no", recorded_on="2020-01-01"))
        assert rows_of("SELECT recorded_on FROM indicator") == [(date(2020, 1, 1),)]

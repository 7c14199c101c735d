"""How far a pregnancy is, and the corrected age of a child born early (domain.md 1.1, 1.3)."""

from datetime import date

import pytest

from models.domain.gestation import corrected_from, gestation
from tests.domain.builders import rules

EDD = date(2027, 3, 1)
RULE = rules().planning.premature


class TestGestation:
    @pytest.mark.parametrize(
        ("on", "written"),
        [
            (date(2026, 5, 25), "0+0"),
            (date(2026, 5, 1), "0+0"),
            (date(2026, 12, 7), "28+0"),
            (date(2027, 2, 28), "39+6"),
            (date(2027, 3, 15), "42+0"),
        ],
    )
    def test_counts_completed_weeks_and_days(self, on, written):
        """EDD is 40+0."""
        assert str(gestation(EDD, on=on)) == written


class TestCorrectedAge:
    def test_runs_from_the_edd_for_a_child_born_before_37_weeks(self):
        """Born at 36+6, on 7 February."""
        assert corrected_from(date(2027, 2, 7), edd=EDD, today=date(2027, 6, 1), rule=RULE) == EDD

    def test_is_none_from_37_weeks_on(self):
        """Born at 37+0, on 8 February."""
        assert corrected_from(date(2027, 2, 8), edd=EDD, today=date(2027, 6, 1), rule=RULE) is None

    def test_is_shown_until_two_years_and_no_longer(self):
        """Chronological 24 months."""
        born = date(2027, 1, 4)
        assert corrected_from(born, edd=EDD, today=date(2029, 1, 3), rule=RULE) == EDD
        assert corrected_from(born, edd=EDD, today=date(2029, 1, 4), rule=RULE) is None

    def test_is_not_guessed_where_nobody_knows_the_edd(self):
        """Unknown is not on time."""
        assert corrected_from(date(2027, 1, 4), edd=None, today=date(2027, 6, 1), rule=RULE) is None

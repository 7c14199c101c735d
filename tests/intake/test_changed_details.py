"""A new address and a new number from the register: kept with their time, and a reason to look for patterns (R8)."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from models.domain.words import ImportKind
from tests.intake.conftest import NOW
from tests.intake.test_people import a_child

LATER = NOW + timedelta(days=3)


@pytest.fixture
def looked_before(load, engine: Engine):
    """A child in the register whose household was looked at for patterns once, with nothing due since."""
    load([a_child(postcode="ZZ1 1ZZ")], kind=ImportKind.PEOPLE)
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO pattern_look (household_id, looked_at) SELECT id, :now FROM household"), {"now": NOW}
        )


class TestNewDetails:
    @pytest.mark.parametrize(
        ("change", "due", "moved"),
        [
            pytest.param({}, None, None, id="nothing"),
            pytest.param({"postcode": "ZZ1 1ZZ", "gp_practice": "Hill"}, None, None, id="another practice"),
            pytest.param({"postcode": "ZZ2 2ZZ"}, LATER, LATER, id="another address"),
            pytest.param({"contact_mobile": "07700 900124"}, LATER, None, id="another number"),
        ],
    )
    def test_make_the_household_due_at_once(self, looked_before, load, rows_of, change, due, moved):
        """Only whoever was looked at before: a first load makes nobody due."""
        load([a_child(**({"postcode": "ZZ1 1ZZ"} | change))], kind=ImportKind.PEOPLE, now=LATER)
        assert rows_of("SELECT look_at FROM pattern_look") == [(due,)]
        assert rows_of("SELECT postcode_changed_at FROM person WHERE postcode IS NOT NULL") == [(moved,)]

    def test_of_a_first_load_make_nobody_due(self, load, rows_of):
        """From no address to one is no move."""
        load([a_child()], kind=ImportKind.PEOPLE)
        load([a_child(postcode="ZZ1 1ZZ")], kind=ImportKind.PEOPLE, now=LATER)
        assert rows_of("SELECT * FROM pattern_look") == []
        assert rows_of("SELECT postcode_changed_at FROM person WHERE postcode IS NOT NULL") == [(None,)]

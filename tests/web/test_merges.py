"""Two records that may be one: a team lead compares and decides; whatever is joined can be taken apart again."""

import re

import pytest
from sqlalchemy import text

from models.domain.words import AccountRole
from tests.web.test_declines import rows_of  # noqa: F401  (a fixture)


def twice(world, **differs: object) -> tuple[dict[str, int], dict[str, int]]:
    """One child in two families' records: the same name and birthday, two numbers unless said otherwise."""
    first, second = world.family("Isla Marsh"), world.family("Isla Marsh")
    changes = {"nhs_number": None, "postcode": "AB1 2CD", **differs}
    sets = ", ".join(f"{name} = :{name}" for name in changes)
    world.session.execute(text(f"UPDATE person SET {sets} WHERE id = :id"), {**changes, "id": second["child"]})
    world.session.execute(text("UPDATE person SET postcode = 'ab12cd' WHERE id = :id"), {"id": first["child"]})
    return first, second


def asks(browser, world, first, second) -> tuple[object, str]:
    """A team lead asks from the family's page whether two are one; return the browser and the page's address."""
    world.session.execute(
        text("INSERT INTO person_identifier (source_id, local_id, person_id) VALUES (:s, 'P-2', :p)"),
        {"s": world.source, "p": second["child"]},
    )
    opened = browser("grace")
    answer = opened.post(
        f"/families/{first['household']}/same", page=f"/families/{first['household']}", what="person",
        person=first["child"], number="P-2",
    )  # fmt: skip
    assert answer.status_code == 303, answer.text
    return opened, answer.headers["location"]


class TestComparing:
    def test_shows_both_with_what_agrees_and_keeps_that_it_was_read(self, world, browser, rows_of):  # noqa: F811
        """Names, dates and numbers side by side; reading two records is reading two records."""
        world.account()
        opened, path = asks(browser, world, *twice(world))
        page = opened.get(path).text
        assert "What agrees: the date of birth, the name, the postcode." in page
        assert page.count("Isla Marsh") == 2
        assert rows_of("SELECT count(*) FROM audit_entry WHERE action = 'read' AND subject = 'person'") == [(2,)]

    def test_of_a_twin_says_so(self, world, browser):
        """Two children of one home with one birthday: brothers and sisters are not one child."""
        world.account()
        first, second = twice(world)
        world.session.execute(
            text("INSERT INTO household_member (household_id, person_id, role) VALUES (:h, :p, 'child')"),
            {"h": first["household"], "p": second["child"]},
        )
        opened, path = asks(browser, world, first, second)
        assert "think of twins" in opened.get(path).text
        assert "Write how you know" in opened.post(f"{path}/join", page=path, kept=first["child"], checked="yes").text

    def test_is_of_records_that_one_s_teams_know(self, world, browser):
        """Another team's child is nobody to a team lead; no page says that they exist."""
        world.account()
        first = world.family("Isla Marsh")
        other = world.family("Isla Marsh", team="south")
        number = world.session.scalar(text("SELECT nhs_number FROM person WHERE id = :id"), {"id": other["child"]})
        opened = browser("grace")
        home = f"/families/{first['household']}"
        answer = opened.post(f"{home}/same", page=home, what="person", person=first["child"], number=number)
        assert answer.status_code == 422
        assert "Your teams know nobody" in answer.text

    @pytest.mark.parametrize("number", ["Isla Marsh", "07700900000", "9"])
    def test_finds_nobody_by_a_name_or_a_telephone_number(self, world, browser, number):
        """Never a fuzzy match (hazard 12)."""
        world.account()
        first, _ = twice(world)
        opened, home = browser("grace"), f"/families/{first['household']}"
        answer = opened.post(f"{home}/same", page=home, what="person", person=first["child"], number=number)
        assert "Your teams know nobody" in answer.text


class TestJoining:
    def test_needs_two_identifiers_that_agree_or_a_reason(self, world, browser, rows_of):  # noqa: F811
        """One is not enough; written down why, it is."""
        world.account()
        first, second = twice(world, name="I. Marsh", postcode=None)
        opened, path = asks(browser, world, first, second)
        refused = opened.post(f"{path}/join", page=path, kept=first["child"], checked="yes")
        assert refused.status_code == 422
        assert "Write how you know that these are one." in refused.text
        opened.post(
            f"{path}/join", page=path, kept=first["child"], checked="yes", reason="The mother showed the red book"
        )
        assert rows_of("SELECT reason, agreed, made_by FROM record_merge") == [
            ("The mother showed the red book", ["date_of_birth"], "person:grace")
        ]

    def test_asks_whether_it_is_a_twin_or_an_earlier_identity(self, world, browser):
        """Hazard 27: an adopted child's two records stay two."""
        world.account()
        first, second = twice(world)
        opened, path = asks(browser, world, first, second)
        answer = opened.post(f"{path}/join", page=path, kept=first["child"])
        assert "neither a twin nor an adopted child" in answer.text

    def test_moves_the_other_s_rows_and_ends_the_question(self, world, browser, rows_of):  # noqa: F811
        """The follow-up is the kept record's; the task is done; whether the two homes are one is asked next."""
        world.account()
        first, second = twice(world)
        row = world.missed(second)
        opened, path = asks(browser, world, first, second)
        answer = opened.post(f"{path}/join", page=path, kept=first["child"], checked="yes")
        assert answer.headers["location"] == f"{path}?done=records_joined"
        assert rows_of("SELECT person_id FROM follow_up WHERE id = :id", id=row) == [(first["child"],)]
        assert rows_of("SELECT state FROM merge_proposal ORDER BY id") == [("joined",), ("open",)]
        assert rows_of("SELECT kind, state FROM alert ORDER BY id") == [
            ("merge_proposed", "done"),
            ("merge_proposed", "open"),
        ]
        assert "grace joined two records" in opened.get(f"/follow-ups/{row}").text

    def test_a_mother_with_her_baby_is_refused(self, world, browser, rows_of):  # noqa: F811
        """Whatever the reason."""
        world.account()
        first = world.family("Isla Marsh")
        opened, path = asks(browser, world, first, {"child": first["mother"]})
        answer = opened.post(f"{path}/join", page=path, kept=first["child"], checked="yes", reason="Typing error")
        assert "never one person" in answer.text
        assert rows_of("SELECT id FROM record_merge") == []

    def test_is_not_a_health_visitor_s_to_do(self, world, browser):
        """She may ask and compare; a team lead or the named nurse decides."""
        world.account()
        world.account("hal", role=AccountRole.HEALTH_VISITOR)
        first, second = twice(world)
        _, path = asks(browser, world, first, second)
        hal = browser("hal")
        assert "A team lead or the named nurse decides this." in hal.get(path).text
        assert hal.post(f"{path}/join", page=path, kept=first["child"], checked="yes").status_code == 403

    def test_said_to_be_two_stays_said(self, world, browser, rows_of):  # noqa: F811
        """With a reason; asked again only when a person asks."""
        world.account()
        opened, path = asks(browser, world, *twice(world))
        assert opened.post(f"{path}/not-one", page=path).status_code == 422
        opened.post(f"{path}/not-one", page=path, reason="Cousins, born on one day")
        assert rows_of("SELECT state, reason, decided_by FROM merge_proposal") == [
            ("not_one", "Cousins, born on one day", "person:grace")
        ]
        assert "Said to be two by grace" in opened.get(path).text


class TestTakingApart:
    def test_puts_everything_back_and_says_why(self, world, browser, rows_of):  # noqa: F811
        """From the family's page to the act, and back."""
        world.account()
        first, second = twice(world)
        row = world.missed(second)
        opened, path = asks(browser, world, first, second)
        opened.post(f"{path}/join", page=path, kept=first["child"], checked="yes")
        home = opened.get(f"/families/{first['household']}").text
        merge = re.search(r'href="(/record-merges/\d+)"', home).group(1)
        assert "Appointments: 1" in opened.get(merge).text
        assert opened.post(f"{merge}/undo", page=merge).status_code == 422
        answer = opened.post(f"{merge}/undo", page=merge, reason="Two cousins after all")
        assert answer.headers["location"] == f"{merge}?done=records_parted"
        assert rows_of("SELECT person_id FROM follow_up WHERE id = :id", id=row) == [(second["child"],)]
        assert "Two cousins after all" in opened.get(merge).text

    def test_of_a_record_that_mixed_two_makes_the_second(self, world, browser, rows_of):  # noqa: F811
        """The chosen appointment goes to a record of its own; the rest stays."""
        world.account()
        family = world.family("Isla Marsh")
        world.missed(family)
        appointment = rows_of("SELECT id FROM appointment") or [(1,)]
        opened = browser("grace")
        path = f"/people/{family['child']}/part"
        answer = opened.post(
            path, page=path, appointments=[str(appointment[0][0])], name="Max Marsh", reason="Her cousin's visit"
        )
        assert answer.headers["location"].endswith("done=record_parted")
        assert rows_of("SELECT p.name FROM appointment a JOIN person p ON p.id = a.person_id") == [("Max Marsh",)]
        assert rows_of("SELECT kind, reason FROM record_merge") == [("apart", "Her cousin's visit")]


class TestHouseholds:
    def test_are_joined_by_a_person_with_a_reason(self, world, browser, rows_of):  # noqa: F811
        """Two ids for one family."""
        world.account()
        first, second = world.family("Isla Marsh"), world.family("Finn Marsh")
        opened = browser("grace")
        home = f"/families/{first['household']}"
        answer = opened.post(f"{home}/same", page=home, what="household", number=second["household"])
        path = answer.headers["location"]
        assert "Are these one household?" in opened.get(path).text
        assert opened.post(f"{path}/join", page=path, kept=first["household"]).status_code == 422
        opened.post(f"{path}/join", page=path, kept=first["household"], reason="One home, two systems")
        assert rows_of(
            "SELECT count(*) FROM household_member WHERE household_id = :id AND valid_until IS NULL",
            id=first["household"],
        ) == [(4,)]

"""The plan's part of a family's page: what it shows, and each act of recording, with what it refuses."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from models.domain.working_time import add_months
from tests.web.families import World


@pytest.fixture
def family(world: World) -> dict[str, int]:
    """A mother who expects a second child, with a son of two; a review and a checkpoint are planned."""
    ids = world.family("Theo Banks", born=add_months(world.now.date(), -26), mother="Rosa Banks")
    ids["pregnancy"] = world.session.scalar(
        text(
            "INSERT INTO pregnancy (mother_id, household_id, edd, edd_by, outcome, created_at)"
            " VALUES (:mother, :household, :edd, 'import:epr', 'continuing', :now) RETURNING id"
        ),
        {"mother": ids["mother"], "household": ids["household"], "edd": in_days(world, 84), "now": world.now},
    )
    ids["review"] = contact(world, ids["child"], ids["household"], "HV-FAMILY", whole_family=True)
    ids["checkpoint"] = contact(world, ids["mother"], ids["household"], "PB-28W", pregnancy_id=ids["pregnancy"])
    world.account()
    return ids


def contact(world: World, person: int, household: int, code: str, **given: object) -> int:
    """A contact planned from today, due in a month."""
    row = {
        "person_id": person,
        "household_id": household,
        "contact_code": code,
        "schedule_code": "family-review",
        "schedule_version": 1,
        "anchor_on": in_days(world, 0),
        "window_start": in_days(world, -3),
        "window_end": in_days(world, 30),
        "overdue_on": in_days(world, 30),
        "next_due_at": world.now + timedelta(days=30),
        "first_received_at": world.now,
        **given,
    }
    names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
    found = world.session.scalar(text(f"INSERT INTO expected_contact ({names}) VALUES ({values}) RETURNING id"), row)
    assert found is not None
    return int(found)


def today() -> date:
    """The civil day of the application, whose clock is the real one here."""
    return datetime.now(ZoneInfo("Europe/London")).date()


def in_days(world: World, days: int) -> date:
    return world.now.date() + timedelta(days=days)


def page(family: dict[str, int]) -> str:
    return f"/families/{family['household']}"


def held(contact_id: int, **fields: object) -> dict[str, object]:
    return {
        "contact": contact_id,
        "on": str(today()),
        "by_whom": "Amira Bell",
        "reference": "entry of today",
        **fields,
    }


class TestThePage:
    def test_says_how_far_she_is_and_what_nobody_has_told(self, browser, family):
        """28+0 weeks today, 84 days before the due date; parity unknown is said as that."""
        shown = browser("grace").get(page(family)).text
        assert "28+0 weeks today" in shown
        assert "First birth: not known" in shown
        assert "Please ask" not in shown

    def test_asks_for_parity_where_it_decides_what_is_planned(self, app, browser, family):
        """A trust that plans midwifery's contacts."""
        site = app.state.site
        planning = replace(site.rules.planning, services=frozenset({"health_visiting", "midwifery"}))
        app.state.site = replace(site, rules=replace(site.rules, planning=planning))
        assert "are not planned until somebody says" in browser("grace").get(page(family)).text

    def test_shows_for_each_parent_where_nothing_was_recorded(self, browser, world, family):
        """The mother was asked lately; of the father nothing came to us."""
        born = world.now.date() - timedelta(days=50)
        household = world.family("Isla Marsh", born=born, mother="Rosa Marsh")
        contact(world, household["child"], household["household"], "HV-6W", window_start=born + timedelta(days=42))
        father = world.session.scalar(text("INSERT INTO person (name) VALUES ('Ben Marsh') RETURNING id"))
        world.session.execute(
            text("INSERT INTO household_member (household_id, person_id, role) VALUES (:h, :p, 'father')"),
            {"h": household["household"], "p": father},
        )
        world.session.execute(
            text(
                "INSERT INTO indicator (person_id, instrument, total, recorded_on, recorded_by)"
                " VALUES (:p, 'EPDS', 4, :on, 'person:ann')"
            ),
            {"p": household["mother"], "on": in_days(world, -1)},
        )
        follow_up = world.missed(household)
        opened = browser("grace")
        rows = opened.get(f"/families/{household['household']}").text.split("Has each parent been asked")[-1]
        assert "Has each parent been asked" in opened.get(f"/follow-ups/{follow_up}").text
        assert "not asked, as far as we know" in rows.split("Ben Marsh")[1].split("</tr>")[0]
        assert "6 to 8 week review" in rows.split("Ben Marsh")[1].split("</tr>")[0]
        assert "6 to 8 week review" not in rows.split("Rosa Marsh")[1].split("</tr>")[0]

    def test_shows_the_corrected_age_beside_the_real_one(self, browser, world):
        """Born at 30 weeks, twenty weeks ago: ten weeks corrected."""
        born = world.now.date() - timedelta(weeks=20)
        early = world.family("Ava Early", born=born)
        world.session.execute(
            text(
                "INSERT INTO pregnancy (mother_id, household_id, edd, outcome, ended_on, created_at)"
                " VALUES (:m, :h, :edd, 'live_birth', :born, :now)"
            ),
            {
                "m": early["mother"],
                "h": early["household"],
                "edd": born + timedelta(weeks=10),
                "born": born,
                "now": world.now,
            },
        )
        world.account()
        shown = browser("grace").get(f"/families/{early['household']}").text
        assert "born at 30+0 weeks, corrected age 10 weeks" in shown

    def test_of_another_team_can_neither_be_seen_nor_recorded_on(self, browser, world, family):
        """Scope, as everywhere."""
        world.account("joan", teams=("south",))
        opened = browser("joan")
        assert opened.get(page(family)).status_code == 404
        for act in ("held", "pregnancy", "school-handover"):
            assert opened.post(f"{page(family)}/{act}", page="/", contact=family["checkpoint"]).status_code == 404


class TestRecordingThatItWasHeld:
    def test_keeps_when_by_whom_and_where_it_is_written(self, browser, session, family):
        """One row of history, one of the audit trail, and the engine draws the consequences."""
        opened = browser("grace")
        answer = opened.post(f"{page(family)}/held", **held(family["checkpoint"]))
        assert (answer.status_code, answer.headers["location"]) == (303, f"{page(family)}?done=contact_held")
        row = session.execute(
            text("SELECT event, actor, detail FROM expected_contact_event WHERE expected_contact_id = :id"),
            {"id": family["checkpoint"]},
        ).one()
        assert (row.event, row.actor) == ("recorded_held", "person:grace")
        assert row.detail == {"on": str(today()), "by_whom": "Amira Bell", "reference": "entry of today"}
        assert session.scalar(text("SELECT met_at FROM expected_contact WHERE id = :id"), {"id": family["checkpoint"]})
        assert "Recorded by grace" in opened.get(page(family)).text

    def test_of_a_family_review_needs_the_childs_day_and_every_adult(self, browser, session, family):
        """Without both it was no review; what was written stays in its box."""
        opened = browser("grace")
        refused = opened.post(f"{page(family)}/held", **held(family["review"], asked=["ordinary_day"]))
        assert refused.status_code == 422
        assert "each child&#39;s ordinary day and each adult" in refused.text
        assert 'value="entry of today"' in refused.text
        assert session.scalar(text("SELECT count(*) FROM expected_contact_event")) == 0
        both = held(family["review"], asked=["ordinary_day", "each_adult"])
        assert opened.post(f"{page(family)}/held", **both).status_code == 303

    @pytest.mark.parametrize(
        ("spoilt", "said"),
        [
            ({"contact": ""}, "Choose what took place."),
            ({"on": ""}, "Write the day it took place."),
            ({"on": "2999-01-01"}, "This day is still to come."),
            ({"by_whom": ""}, "Write who did it"),
            ({"reference": ""}, "where it is written"),
        ],
    )
    def test_asks_for_what_is_missing(self, browser, family, spoilt, said):
        """Nothing half-recorded."""
        refused = browser("grace").post(f"{page(family)}/held", **{**held(family["checkpoint"]), **spoilt})
        assert refused.status_code == 422
        assert said in refused.text

    def test_of_another_familys_contact_is_refused(self, browser, world, family):
        """Forms name contacts by number."""
        other = world.family("Kit Long")
        theirs = contact(world, other["child"], other["household"], "HV-FAMILY", whole_family=True)
        refused = browser("grace").post(f"{page(family)}/held", **held(theirs, asked=["ordinary_day", "each_adult"]))
        assert refused.status_code == 422


class TestRecordingThePregnancy:
    def test_keeps_a_persons_word_against_later_imports(self, browser, session, world, family):
        """Due date, parity: marked as a person's."""
        edd = in_days(world, 90)
        browser("grace").post(
            f"{page(family)}/pregnancy", pregnancy=family["pregnancy"], edd=str(edd), nulliparous="no"
        )
        row = session.execute(text("SELECT edd, edd_by, nulliparous, nulliparous_by, outcome FROM pregnancy")).one()
        assert tuple(row) == (edd, "person:grace", "no", "person:grace", "continuing")
        detail = session.scalar(text("SELECT detail FROM audit_entry WHERE action = 'pregnancy_recorded'"))
        assert detail == {"edd_was": str(in_days(world, 84)), "edd_is": str(edd), "nulliparous": "no"}

    def test_of_an_end_needs_its_day(self, browser, session, family):
        """A loss is recorded with its date, or not at all."""
        opened = browser("grace")
        fields = {"pregnancy": family["pregnancy"], "outcome": "stillbirth"}
        assert opened.post(f"{page(family)}/pregnancy", **fields).status_code == 422
        assert opened.post(f"{page(family)}/pregnancy", **fields, ended_on=str(today())).status_code == 303
        assert session.execute(text("SELECT outcome, outcome_by FROM pregnancy")).one() == (
            "stillbirth",
            "person:grace",
        )

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({}, "Nothing was chosen"),
            ({"edd": "soon"}, "Write the due date as a day"),
            ({"edd": "2031-01-01"}, "more than a year from the one we have"),
        ],
    )
    def test_refuses_slips(self, browser, family, fields, said):
        """In words for whoever wrote them."""
        refused = browser("grace").post(f"{page(family)}/pregnancy", pregnancy=family["pregnancy"], **fields)
        assert refused.status_code == 422
        assert said in refused.text


class TestHandingOver:
    def test_is_recorded_once_and_can_be_taken_back(self, browser, session, family):
        """Who of school nursing accepted, and when."""
        opened = browser("grace")
        fields = {"person": family["child"], "on": str(today()), "accepted_by": "Sandy School"}
        assert opened.post(f"{page(family)}/school-handover", **fields).status_code == 303
        assert "accepted by Sandy School" in opened.get(page(family)).text
        twice = opened.post(f"{page(family)}/school-handover", **fields)
        assert twice.status_code == 422
        assert "Somebody has recorded this already" in twice.text
        back = opened.post(f"{page(family)}/school-handover", person=family["child"], take_back="yes")
        assert back.headers["location"].endswith("done=handover_withdrawn")
        row = session.execute(text("SELECT accepted_by, withdrawn_by FROM school_handover")).one()
        assert tuple(row) == ("Sandy School", "person:grace")

    def test_is_of_a_child_and_by_somebody(self, browser, family):
        """Not of the mother, not by nobody."""
        opened = browser("grace")
        mother = {"person": family["mother"], "on": str(today()), "accepted_by": "S"}
        assert opened.post(f"{page(family)}/school-handover", **mother).status_code == 422
        nobody = {"person": family["child"], "on": str(today()), "accepted_by": ""}
        assert opened.post(f"{page(family)}/school-handover", **nobody).status_code == 422

"""The pages of challenge, of the shared action plan, and of the red flag over a family: what people record there."""

from datetime import timedelta

import pytest
from sqlalchemy import text

FIELDS = {"service": "Housing", "issue": "No answer", "child_impact": "Cold and damp", "view_sought": "A repair",
          "safety_plan": "They stay with the grandmother", "urgent": "no"}  # fmt: skip


@pytest.fixture
def family(world):
    world.account(practitioner="amira")
    return world.family("Isla Marsh")


class TestAChallenge:
    @pytest.fixture
    def challenge(self, family, world, browser, session):
        opened = browser("grace")
        page = f"/challenges/new?person={family['mother']}"
        opened.post("/challenges/new", page=page, referral="0", person=str(family["mother"]), **FIELDS)
        return session.scalar(text("SELECT id FROM challenge"))

    def test_begins_with_four_texts_and_whoever_opens_it(self, family, world, browser, session):
        """What is missing is asked for, and nothing that was written is lost."""
        opened = browser("grace")
        page = f"/challenges/new?person={family['mother']}"
        fields = {**FIELDS, "safety_plan": ""}
        answer = opened.post("/challenges/new", page=page, referral="0", person=str(family["mother"]), **fields)
        assert (answer.status_code, "Cold and damp" in answer.text) == (422, True)
        opened.post("/challenges/new", page=page, referral="0", person=str(family["mother"]), **FIELDS)
        row = session.execute(text("SELECT state, service, owner_practitioner_id FROM challenge")).one()
        assert row == ("practitioner", "Housing", world.staff["amira"])

    def test_is_answered_raised_and_resolved_by_people(self, challenge, browser, session):
        opened, path = browser("grace"), f"/challenges/{challenge}"
        assert "Immediate danger: ring 999" in opened.get(path).text
        assert opened.post(f"{path}/reply", page=path, reply="").status_code == 422
        opened.post(f"{path}/reply", page=path, reply="They look at it again")
        assert opened.post(f"{path}/raise", page=path, evidence="").status_code == 422
        opened.post(f"{path}/raise", page=path, evidence="Rang Ms Reid twice")
        assert "Stage 2 of 5: Line managers" in opened.get(path).text
        assert opened.post(f"{path}/resolve", page=path, outcome="agreed", outcome_note="").status_code == 422
        opened.post(f"{path}/resolve", page=path, outcome="agreed", outcome_note="Repair on Monday")
        shown = opened.get(path).text
        assert all(part in shown for part in ("They do what was asked", "Repair on Monday", "Rang Ms Reid twice"))
        found = session.execute(text("SELECT event, stage FROM challenge_event ORDER BY id")).all()
        assert found == [
            ("opened", "practitioner"),
            ("replied", "practitioner"),
            ("raised", "line_managers"),
            ("resolved", "resolved"),
        ]
        assert opened.post(f"{path}/resolve", page=path, outcome="agreed", outcome_note="x").status_code == 422

    def test_is_on_the_list_of_its_teams_alone(self, challenge, world, browser, session):
        world.account("joan", teams=("south",))
        assert "Rosa Marsh" in browser("grace").get("/challenges").text
        opened = browser("joan")
        assert "Rosa Marsh" not in opened.get("/challenges").text
        assert opened.get(f"/challenges/{challenge}").status_code == 404
        for act in ("reply", "raise", "resolve"):
            assert opened.post(f"/challenges/{challenge}/{act}", page="/challenges", reply="x").status_code == 404
        assert session.scalar(text("SELECT row_version FROM challenge")) == 1


class TestTheActionPlan:
    def agreed(self, opened, family, world, **fields):
        page = f"/families/{family['household']}"
        whole = {"what": "Visit together", "owner": str(world.staff["amira"]), "agency": "",
                 "due_on": (world.now.date() + timedelta(days=3)).isoformat()} | fields  # fmt: skip
        return opened.post(f"{page}/actions", page=page, **whole)

    def test_is_agreed_moved_and_ended_on_the_familys_page(self, family, world, browser, session):
        opened, page = browser("grace"), f"/families/{family['household']}"
        assert self.agreed(opened, family, world, agency="Housing").headers["location"].endswith("#plan")
        shown = opened.get(page).text
        assert all(part in shown for part in ("Visit together", "Housing does it, and Amira Bell asks them"))
        action = session.scalar(text("SELECT id FROM planned_action"))
        version = {"row_version": "1"}
        ending = f"{page}/actions/{action}/end"
        assert opened.post(ending, page=page, ending="done", note="", **version).status_code == 422
        later = (world.now.date() + timedelta(days=9)).isoformat()
        moved = opened.post(f"{page}/actions/{action}/move", page=page, due_on=later, note="Away", **version)
        assert moved.headers["location"].endswith("action_moved#plan")
        assert opened.post(ending, page=page, ending="done", note="Done", **version).status_code == 422  # it changed
        opened.post(ending, page=page, ending="done", note="Visited with Ms Reid", row_version="2")
        assert "Visited with Ms Reid" in opened.get(page).text
        assert session.execute(text("SELECT state, agency FROM planned_action")).all() == [("done", "Housing")]

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({"what": ""}, "needs what is to be done"),
            ({"owner": ""}, "choose who of us"),
            ({"due_on": ""}, "the day by which it is due"),
            ({"due_on": "2020-01-01"}, "a day that is still to come"),
        ],
    )
    def test_says_what_is_missing(self, family, world, browser, session, fields, expected):
        answer = self.agreed(browser("grace"), family, world, **fields)
        assert (answer.status_code, expected.lower() in answer.text.lower()) == (422, True)
        assert session.scalar(text("SELECT count(*) FROM planned_action")) == 0

    def test_of_another_family_cannot_be_ended_from_here(self, family, world, browser, session):
        opened, other = browser("grace"), world.family("Other Child")
        world.session.commit()
        self.agreed(opened, family, world)
        action, page = session.scalar(text("SELECT id FROM planned_action")), f"/families/{other['household']}"
        answer = opened.post(f"{page}/actions/{action}/end", page=page, ending="done", note="x", row_version="1")
        assert (answer.status_code, session.scalar(text("SELECT state FROM planned_action"))) == (422, "open")


class TestARedFlagOverTheFamily:
    def test_stands_on_its_pages_until_a_person_ends_it_with_a_reason(self, family, world, browser, session):
        """On the family's page and on the follow-up's: whom to phone; ended by name, with why."""
        world.flag(family["mother"], "red_flag")
        row = world.missed(family, red_flag=True, high_risk=True)
        opened, page = browser("grace"), f"/families/{family['household']}"
        for path in (page, f"/follow-ups/{row}"):
            assert all(part in opened.get(path).text for part in ("Red flag: Rosa Marsh", "phone now", "999"))
        act = {"page": page, "code": "red_flag", "act": "end"}
        assert opened.post(f"/people/{family['mother']}/concern", reason="", **act).status_code == 422
        opened.post(f"/people/{family['mother']}/concern", reason="Seen by Dr Hill", **act)
        assert "Red flag: Rosa Marsh" not in opened.get(page).text
        kept = session.execute(text("SELECT ended_by, (SELECT red_flag FROM follow_up) FROM flag")).one()
        assert kept == ("person:grace", False)
        why = "SELECT why FROM audit_entry WHERE action = 'flag_ended'"
        assert session.scalars(text(why)).all() == ["Seen by Dr Hill"]

    def test_cannot_be_ended_by_another_team(self, family, world, browser, session):
        world.account("joan", teams=("south",))
        world.flag(family["mother"], "red_flag")
        answer = browser("joan").post(
            f"/people/{family['mother']}/concern", page="/", code="red_flag", act="end", reason="x"
        )
        assert (answer.status_code, session.scalar(text("SELECT ended_at FROM flag"))) == (404, None)

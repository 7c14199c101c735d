"""The pages of what is recorded and asked: the form, the card, the decision, the referral; and who may see them."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from models.db import threshold_signatures
from tests.web.families import World
from workers.prompt_asking import ask_again
from workers.prompting import raise_prompts


def look(world: World, *, signed: bool = True) -> None:
    """What the engine does at the next ring: look at what was recorded, and ask."""
    session = world.session
    if signed:
        threshold_signatures.approve(session, world.rules.prompts.rules, by="test", now=world.now)
    raise_prompts(session, world.rules, world.now)
    ask_again(session, world.rules, world.now)
    session.commit()


def asked(world: World, person: int, instrument: str, **given: Any) -> int:
    """A prompt about something recorded today; return its id."""
    names = ", ".join(given)
    values = ", ".join(f":{name}" if name != "answers" else "CAST(:answers AS jsonb)" for name in given)
    world.session.execute(
        text(
            "INSERT INTO indicator (person_id, instrument, language, recorded_on, recorded_by, received_at, examine_at"
            f"{', ' if names else ''}{names}) VALUES (:person, :instrument, 'en', :today, 'person:amira', :now, :now"
            f"{', ' if names else ''}{values})"
        ),
        {"person": person, "instrument": instrument, "today": world.now.date(), "now": world.now, **given},
    )
    look(world)
    return int(world.session.execute(text("SELECT max(id) FROM referral_prompt")).scalar_one())


REFER = {"decision": "refer", "service": "perinatal_mental_health", "urgency": "urgent"}


class TestRecording:
    def test_asks_for_one_instruments_fields_alone_and_keeps_totals_only(self, world, browser, session):
        """No question of any instrument is shown; what was told of language and help to understand is kept."""
        world.account()
        mother = world.family("Isla Marsh")["mother"]
        opened = browser("grace")
        path = f"/people/{mother}/record"
        shown = opened.get(f"{path}?what=EPDS").text
        assert ("Item 10" in shown, "Avoids places" in shown, "Royal College" in shown) == (True, False, True)
        answer = opened.post(
            path, page=f"{path}?what=EPDS", what="EPDS", total="14", self_harm_item="0", language="en",
            interpreter="yes", low_literacy="not_asked", mode="home",
        )  # fmt: skip
        assert answer.headers["location"] == f"/people/{mother}/recorded"
        kept = "SELECT total, self_harm_item, answers, language, interpreter, low_literacy, mode FROM indicator"
        assert session.execute(text(kept)).all() == [(14, 0, None, "en", "yes", "not_asked", "home")]
        assert "An interpreter was used" in opened.get(f"/people/{mother}/recorded").text

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({"what": "EPDS", "total": "many"}, "a whole number from 0 to 30"),
            ({"what": "EPDS", "total": "31"}, "a whole number from 0 to 30"),
            ({"what": "EPDS", "total": ""}, "Write the total as a number from 0 to 30"),
            ({"what": "EPDS", "total": "3", "self_harm_item": "4"}, "a whole number from 0 to 3"),
            ({"what": "EPDS", "total": "3", "recorded_on": "2999-01-01"}, "can&#39;t be in the future"),
            ({"what": "EPDS", "total": "3", "language": "7"}, "Write the language as a code"),
            ({"what": "WHOOLEY"}, "Answer at least one"),
            ({"what": "CONCERN", "item-worried": "yes"}, "Write what you saw or heard"),
            ({"what": "HADS"}, "Choose what you want to record"),
        ],
    )
    def test_refuses_what_can_not_be_and_keeps_what_was_written(self, world, browser, session, fields, expected):
        world.account()
        mother = world.family("Isla Marsh")["mother"]
        answer = browser("grace").post(f"/people/{mother}/record", page=f"/people/{mother}/record?what=EPDS", **fields)
        assert (answer.status_code, expected in answer.text) == (422, True)
        assert session.scalar(text("SELECT count(*) FROM indicator")) == 0

    def test_of_a_red_flag_fills_the_screen_with_whom_to_phone_at_once(self, world, browser):
        """Before any engine has looked: software is not the way to get help."""
        world.account()
        mother = world.family("Isla Marsh")["mother"]
        opened = browser("grace")
        path = f"/people/{mother}/record"
        opened.post(
            path, page=f"{path}?what=RED-FLAG", what="RED-FLAG", note="Hears voices", **{"item-psychosis": "yes"}
        )
        shown = opened.get(f"/people/{mother}/recorded").text
        assert all(part in shown for part in ("Act now: phone", "999", "111", "option 2", "MBRRACE-UK"))
        assert "Nobody has entered the local numbers of your area yet" in shown

    def test_of_a_low_score_says_that_it_closes_nothing(self, world, browser):
        """And offers to record a worry, which outranks it."""
        world.account()
        mother = world.family("Isla Marsh")["mother"]
        threshold_signatures.approve(world.session, world.rules.prompts.rules, by="test", now=world.now)
        opened = browser("grace")
        path = f"/people/{mother}/record"
        opened.post(path, page=f"{path}?what=EPDS", what="EPDS", total="4", language="en")
        shown = opened.get(f"/people/{mother}/recorded").text
        assert ("It closes no concern" in shown, "what=CONCERN" in shown) == (True, True)

    def test_of_another_teams_person_is_not_found(self, world, browser, session):
        world.account("joan", teams=("south",))
        mother = world.family("Isla Marsh")["mother"]
        opened = browser("joan")
        assert opened.get(f"/people/{mother}/record").status_code == 404
        answer = opened.post(f"/people/{mother}/record", page="/", what="EPDS", total="14")
        assert (answer.status_code, session.scalar(text("SELECT count(*) FROM indicator"))) == (404, 0)


class TestAPrompt:
    def test_shows_a_band_only_where_one_is_signed_and_valid(self, world, browser):
        """Signed and valid: the threshold with its source. Else the score, and why there is no band."""
        world.account()
        mother = world.family("Isla Marsh")["mother"]
        prompt = asked(world, mother, "EPDS", total=14)
        opened = browser("grace")
        shown = opened.get(f"/prompts/{prompt}").text
        assert all(part in shown for part in ("EPDS 13 or more", "your trust has signed", "sens .66"))
        world.session.execute(text("UPDATE referral_prompt SET basis = 'unsigned', rule_id = 'no-threshold-urgent'"))
        world.session.commit()
        shown = opened.get(f"/prompts/{prompt}").text
        assert "EPDS 13 or more" not in shown
        assert "No band: nobody in your trust has signed" in shown

    @pytest.mark.parametrize(("by", "said"), [("amira", "Amira Bell"), ("Dr Ward", "Dr Ward")])
    def test_says_who_recorded_the_score(self, world, browser, by, said):
        """A record system sends a code: the page says the name, and never that Steadfast recorded it."""
        world.account()
        prompt = asked(world, world.family("Isla Marsh")["mother"], "EPDS", total=14)
        world.session.execute(text("UPDATE indicator SET recorded_by = :by"), {"by": by})
        world.session.commit()
        assert f", by {said}:" in browser("grace").get(f"/prompts/{prompt}").text

    def test_of_another_service_is_not_listed_on_the_familys_page(self, world, browser):
        """What another team asks about an adult, and where it refers her, is its own affair."""
        world.account()
        family = world.family("Isla Marsh")
        prompt = asked(world, family["mother"], "EPDS", total=14)
        world.account("nora", teams=("north",))
        page = f"/families/{family['household']}"
        assert f"/prompts/{prompt}" in browser("nora").get(page).text
        world.session.execute(text("UPDATE referral_prompt SET team_id = :south"), {"south": world.teams["south"]})
        world.session.commit()
        assert f"/prompts/{prompt}" not in browser("nora").get(page).text

    def test_of_a_red_flag_says_to_phone_and_needs_the_answer_in_words(self, world, browser):
        world.account()
        mother = world.family("Isla Marsh")["mother"]
        prompt = asked(world, mother, "RED-FLAG", answers='{"estranged": "yes"}')
        opened, path = browser("grace"), f"/prompts/{prompt}"
        assert "Act now: phone" in opened.get(path).text
        assert opened.post(path, page=path, **REFER).status_code == 422
        answer = opened.post(path, page=path, reason="Crisis team, seen today", **REFER)
        assert answer.headers["location"].endswith("done=referred")

    def test_needs_a_reason_a_reviewer_and_a_day_not_to_refer(self, world, browser, session):
        """And asks again on that day."""
        world.account()
        prompt = asked(world, world.family("Isla Marsh")["mother"], "EPDS", total=14)
        opened, path = browser("grace"), f"/prompts/{prompt}"
        whole = {"reason": "Known grief", "reviewer": str(world.staff["amira"])}
        whole["review_on"] = (world.now.date() + timedelta(days=14)).isoformat()
        for lacking in whole:
            answer = opened.post(path, page=path, decision="not_indicated", **{**whole, lacking: ""})
            assert (lacking, answer.status_code) == (lacking, 422)
        for wrong in (world.now.date(), world.now.date() + timedelta(days=91)):
            fields = {**whole, "review_on": wrong.isoformat()}
            assert opened.post(path, page=path, decision="not_indicated", **fields).status_code == 422
        answer = opened.post(path, page=path, decision="not_indicated", told=["gp"], **whole)
        assert answer.headers["location"].endswith("done=prompt_decided")
        shown = opened.get(path).text
        assert all(part in shown for part in ("Known grief", "Amira Bell looks at it again", "told"))
        row = session.execute(text("SELECT decision, told, reviewer_id FROM referral_prompt")).one()
        assert row == ("not_indicated", ["gp"], world.staff["amira"])

    def test_becomes_a_referral_that_is_chased_from_then_on(self, world, browser, session):
        """Its service, its urgency, their number; by when it should be received."""
        world.account()
        prompt = asked(world, world.family("Isla Marsh")["mother"], "EPDS", total=14)
        path = f"/prompts/{prompt}"
        opened = browser("grace")
        assert opened.post(path, page=path, decision="refer").status_code == 422  # where to?
        opened.post(path, page=path, reference="PMH-77", **REFER)
        row = session.execute(
            text("SELECT service, urgency, state, reference, hop_due_at > sent_at FROM referral")
        ).one()
        assert row == ("perinatal_mental_health", "urgent", "sent", "PMH-77", True)

    def test_is_taken_on_for_a_while(self, world, browser, session):
        world.account()
        prompt = asked(world, world.family("Isla Marsh")["mother"], "EPDS", total=3, self_harm_item=1)
        opened, path = browser("grace"), f"/prompts/{prompt}"
        opened.post(f"{path}/acknowledge", page=path)
        row = session.execute(text("SELECT * FROM referral_prompt")).one()
        assert (row.state, row.acknowledged_by, row.next_due_at) == ("seen", "person:grace", row.acknowledged_until)
        assert row.next_due_at > world.now + timedelta(hours=3)  # asked again after two hours otherwise

    def test_tells_who_else_knows(self, world, browser):
        """GP, health visitor, midwife, perinatal mental health: known, or said not to be known."""
        world.account()
        prompt = asked(world, world.family("Isla Marsh")["mother"], "EPDS", total=14)
        shown = browser("grace").get(f"/prompts/{prompt}").text
        assert all(part in shown for part in ("Hill Surgery", "nobody has recorded that they were told", "Amira Bell",
                                              "no contact known"))  # fmt: skip

    def test_of_another_team_is_not_found_nor_acted_on(self, world, browser, session):
        """Scope, again in the query."""
        world.account("joan", teams=("south",))
        prompt = asked(world, world.family("Isla Marsh")["mother"], "EPDS", total=14)
        opened = browser("joan")
        assert opened.get(f"/prompts/{prompt}").status_code == 404
        for path in (f"/prompts/{prompt}", f"/prompts/{prompt}/acknowledge"):
            assert opened.post(path, page="/", **REFER).status_code == 404
        assert session.scalar(text("SELECT state FROM referral_prompt")) == "raised"

    def test_leaves_a_row_for_each_reading(self, world, browser, session):
        world.account()
        prompt = asked(world, world.family("Isla Marsh")["mother"], "EPDS", total=14)
        browser("grace").get(f"/prompts/{prompt}")
        kept = "SELECT actor, subject, subject_id FROM audit_entry WHERE action = 'read'"
        assert session.execute(text(kept)).all() == [("person:grace", "referral_prompt", prompt)]


class TestAReferral:
    @pytest.fixture
    def referral(self, world, browser, session):
        world.account()
        prompt = asked(world, world.family("Isla Marsh")["mother"], "EPDS", total=14)
        browser("grace").post(f"/prompts/{prompt}", page=f"/prompts/{prompt}", **REFER)
        return session.scalar(text("SELECT id FROM referral"))

    def test_is_recorded_hop_by_hop(self, referral, browser, session):
        """Only what can be is offered; what is wanted is asked for; the next hop has its own time."""
        opened, path = browser("grace"), f"/referrals/{referral}"
        shown = opened.get(path).text
        assert ("whether it arrived" in shown, "Treatment has begun" in shown) == (True, False)
        assert opened.post(f"{path}/hop", page=path, event="declined").status_code == 422
        assert opened.post(f"{path}/hop", page=path, event="appointed").status_code == 422
        answer = opened.post(f"{path}/hop", page=path, event="appointed", appointment_at="2031-07-14T10:30")
        assert answer.headers["location"].endswith("hop_recorded")
        row = session.execute(text("SELECT state, first_appointment_at FROM referral")).one()
        assert (row.state, row.first_appointment_at.isoformat()) == ("appointed", "2031-07-14T09:30:00+00:00")

    def test_shows_a_refusal_with_its_advice_and_the_way_to_a_challenge(self, referral, browser):
        opened, path = browser("grace"), f"/referrals/{referral}"
        opened.post(f"{path}/hop", page=path, event="declined", note="Not severe enough", advice="Talking therapies")
        shown = opened.get(path).text
        assert all(
            part in shown for part in ("Not severe enough", "Talking therapies", f"/challenges/new?referral={referral}")
        )

    def test_tells_the_later_of_two_people_what_happened(self, referral, browser):
        """Nothing of theirs is done, and what they wrote is kept."""
        opened, path = browser("grace"), f"/referrals/{referral}"
        opened.post(f"{path}/hop", page=path, event="arrived")
        answer = opened.client.post(
            f"{path}/hop",
            data={"csrf_token": opened.token(opened.get(path).text), "row_version": "1", "event": "accepted",
                  "note": "Sam said so"},
        )  # fmt: skip
        assert (answer.status_code, "meanwhile" in answer.text, "Sam said so" in answer.text) == (422, True, True)

    def test_of_another_team_is_not_found(self, referral, world, browser):
        world.account("joan", teams=("south",))
        opened = browser("joan")
        assert opened.get(f"/referrals/{referral}").status_code == 404
        assert opened.post(f"/referrals/{referral}/hop", page="/", event="arrived").status_code == 404


class TestOlderScores:
    def test_are_read_one_by_one_from_a_list(self, world, browser, session):
        world.account()
        mother = world.family("Isla Marsh")["mother"]
        world.session.execute(
            text(
                "INSERT INTO indicator (person_id, instrument, total, language, recorded_on, recorded_by, received_at,"
                " examine_at) VALUES (:mother, 'EPDS', 21, 'en', :then, 'import:SystmOne', :now, :now)"
            ),
            {"mother": mother, "then": world.now.date() - timedelta(days=20), "now": world.now},
        )
        look(world)
        opened = browser("grace")
        assert "Read the older scores" in opened.get("/needs-a-person").text
        assert "Rosa Marsh" in opened.get("/older-scores").text
        indicator = session.scalar(text("SELECT id FROM indicator"))
        opened.post(f"/older-scores/{indicator}", page="/older-scores", act="read")
        assert "Rosa Marsh" not in opened.get("/older-scores").text
        assert session.scalar(text("SELECT count(*) FROM alert WHERE state = 'open'")) == 0
        again = opened.post(f"/older-scores/{indicator}", page="/older-scores", act="read")
        assert again.headers["location"].endswith("already")

    def test_of_another_team_are_out_of_sight_and_reach(self, world, browser, session):
        world.account("joan", teams=("south",))
        mother = world.family("Isla Marsh")["mother"]
        world.session.execute(
            text(
                "INSERT INTO indicator (person_id, instrument, total, language, recorded_on, recorded_by, received_at,"
                " examine_at) VALUES (:mother, 'EPDS', 21, 'en', :then, 'import:SystmOne', :now, :now)"
            ),
            {"mother": mother, "then": world.now.date() - timedelta(days=20), "now": world.now},
        )
        look(world)
        opened = browser("joan")
        assert "Rosa Marsh" not in opened.get("/older-scores").text
        opened.post(
            f"/older-scores/{session.scalar(text('SELECT id FROM indicator'))}", page="/older-scores", act="read"
        )
        assert session.scalar(text("SELECT reviewed_at FROM indicator_review")) is None

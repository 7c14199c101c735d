"""What people do on a follow-up's page, and what keeps two people, or one impatient one, from harm."""

import re

import pytest
from sqlalchemy import text

from models.domain.words import AccountRole, AlertKind
from web import needs


@pytest.fixture
def state_of(session):
    def ask(follow_up: int, column: str = "state"):
        session.rollback()
        return session.scalar(text(f"SELECT {column} FROM follow_up WHERE id = :id"), {"id": follow_up})

    return ask


class TestAcknowledging:
    def test_says_who_has_it_and_until_when(self, world, browser):
        """A lease with an end, told on the page."""
        world.account()
        row = world.missed(world.family("Isla Marsh"))
        opened = browser("grace")
        answer = opened.post(f"/follow-ups/{row}/acknowledge")
        assert answer.headers["location"] == f"/follow-ups/{row}?done=acknowledged"
        page = opened.get(answer.headers["location"]).text
        assert "You have taken this on." in page
        assert "Acknowledged by grace until" in page
        assert "grace acknowledged it until" in page

    def test_twice_by_an_impatient_finger_is_done_once(self, world, browser, session):
        """The second press of one button changes nothing and alarms nobody."""
        world.account()
        row = world.missed(world.family("Isla Marsh"))
        opened = browser("grace")
        form = {
            "csrf_token": opened.token(opened.get(f"/follow-ups/{row}").text),
            "row_version": "1",
            "last_event": "2",
        }
        last = re.search(r'name="last_event" value="(\d+)"', opened.get(f"/follow-ups/{row}").text).group(1)
        answers = [
            opened.client.post(f"/follow-ups/{row}/acknowledge", data={**form, "last_event": last}) for _ in range(2)
        ]
        assert [answer.headers["location"].rpartition("=")[2] for answer in answers] == ["acknowledged", "already"]
        events = text("SELECT count(*) FROM follow_up_event WHERE follow_up_id = :id AND event = 'acknowledged'")
        assert session.scalar(events, {"id": row}) == 1


class TestTwoPeopleAtOnce:
    def test_the_later_is_told_what_changed_and_keeps_what_they_wrote(self, world, browser, state_of):
        """Nothing of the later act is done; the draft is still in its box."""
        world.account("grace")
        world.account("nina", role=AccountRole.NAMED_NURSE)
        row = world.missed(world.family("Isla Marsh"))
        grace, nina = browser("grace"), browser("nina")
        seen_by_nina = nina.get(f"/follow-ups/{row}").text
        grace.post(f"/follow-ups/{row}/acknowledge")
        last = re.search(r'name="last_event" value="(\d+)"', seen_by_nina).group(1)
        answer = nina.client.post(
            f"/follow-ups/{row}/close",
            data={
                "csrf_token": nina.token(seen_by_nina),
                "row_version": "1",
                "last_event": last,
                "reason": "seen",
                "note": "Seen at clinic by Amira on Friday",
            },
        )
        assert answer.status_code == 409
        assert "Somebody was here before you" in answer.text
        assert "grace acknowledged it until" in answer.text
        assert "Seen at clinic by Amira on Friday" in answer.text
        assert state_of(row) == "open"


class TestReleasingTheText:
    def test_needs_all_four_checks(self, world, browser, session):
        """Continuing, alive, safe, right number: three are not enough."""
        world.account()
        row = world.missed(world.family("Isla Marsh"), held_text=True)
        answer = browser("grace").post(f"/follow-ups/{row}/release-text", confirm=["continuing", "alive", "safe"])
        assert answer.status_code == 422
        assert "Tick all four boxes" in answer.text
        assert session.scalar(text("SELECT state FROM message")) == "held"

    def test_lets_it_go_and_keeps_what_was_confirmed(self, world, browser, session):
        """What was unknown is now a person's word; the gate decides at sending time."""
        world.account()
        family = world.family("Isla Marsh", safe="unknown")
        world.session.execute(text("UPDATE person SET life_status = 'unknown'"))
        row = world.missed(family, held_text=True)
        opened = browser("grace")
        checks = ["continuing", "alive", "safe", "right"]
        answer = opened.post(f"/follow-ups/{row}/release-text", confirm=checks)
        assert answer.headers["location"].endswith("done=text_released")
        assert session.scalar(text("SELECT state FROM message")) == "queued"
        assert session.execute(text("SELECT DISTINCT life_status, life_status_by FROM person")).all() == [
            ("alive", "person:grace")
        ]
        number = session.execute(text("SELECT safe_to_text, safe_to_text_by, confirmed_by FROM contact_point")).one()
        assert number == ("yes", "person:grace", "person:grace")

    def test_is_not_offered_for_a_number_that_is_not_safe_and_never_makes_it_safe(self, world, browser, session):
        """A recorded NO stands, whatever is ticked."""
        world.account()
        row = world.missed(world.family("Isla Marsh", safe="no"), held_text=True)
        opened = browser("grace")
        assert "Not safe to text" in opened.get(f"/follow-ups/{row}").text
        assert "Release the text" not in opened.get(f"/follow-ups/{row}").text
        opened.post(f"/follow-ups/{row}/release-text", confirm=["continuing", "alive", "safe", "right"])
        assert session.scalar(text("SELECT safe_to_text FROM contact_point")) == "no"


class TestStoppingAllTexts:
    def test_to_a_family_takes_one_press_and_takes_the_release_away(self, world, browser, session):
        """The household's kill switch (hazard 2): reminders too; the follow-up goes on."""
        world.account()
        row = world.missed(world.family("Isla Marsh"), held_text=True)
        opened = browser("grace")
        opened.post(f"/follow-ups/{row}/stop-texts")
        assert session.scalar(text("SELECT texts_stopped_by FROM household")) == "person:grace"
        page = opened.get(f"/follow-ups/{row}").text
        assert "All texts to this family are stopped" in page
        assert "release-text" not in page

    def test_is_said_where_a_flag_allows_none(self, world, browser):
        """A number's own "safe" doesn't hide the flag."""
        world.account()
        family = world.family("Isla Marsh")
        world.flag(family["mother"], "domestic_abuse")
        row = world.missed(family, held_text=True)
        page = browser("grace").get(f"/follow-ups/{row}").text
        assert "No texts, see above" in page
        assert "Safe to text" not in page
        assert "release-text" not in page


class TestRecordingAnOutcome:
    def test_changes_the_appointment_and_leaves_the_rest_to_detection(self, world, browser, session):
        """The page sets the outcome; the engine draws the consequences."""
        world.account()
        family = world.family("Isla Marsh")
        row = world.missed(family, trigger="outcome_not_recorded", status="outcome_due", subtype=None)
        answer = browser("grace").post(f"/follow-ups/{row}/outcome", outcome="wnb", reason="moved house")
        assert answer.headers["location"].endswith("done=outcome_recorded")
        stored = session.execute(
            text("SELECT status, subtype, status_by, reason, reconsider_at IS NOT NULL FROM appointment")
        ).one()
        assert stored == ("missed", "wnb", "person:grace", "moved house", True)

    def test_asks_for_an_outcome_where_none_was_chosen(self, world, browser):
        """Nothing is stored without one."""
        world.account()
        row = world.missed(world.family("Isla Marsh"))
        answer = browser("grace").post(f"/follow-ups/{row}/outcome")
        assert answer.status_code == 422
        assert "Choose what happened." in answer.text


class TestClosing:
    def test_needs_a_reason_and_a_note(self, world, browser, state_of):
        """Closure is a person's, with a reason; no other way."""
        world.account()
        row = world.missed(world.family("Isla Marsh"))
        opened = browser("grace")
        assert opened.post(f"/follow-ups/{row}/close", note="seen").status_code == 422
        assert opened.post(f"/follow-ups/{row}/close", reason="seen").status_code == 422
        assert state_of(row) == "open"
        answer = opened.post(f"/follow-ups/{row}/close", reason="seen", note="Seen on Friday by Amira")
        assert answer.headers["location"].endswith("done=closed")
        assert state_of(row) == "closed"
        page = opened.get(f"/follow-ups/{row}").text
        assert "Seen on Friday by Amira" in page
        assert f'href="/follow-ups/{row}"' not in opened.get("/").text

    def test_waits_where_a_high_risk_flag_has_come_in_that_the_engine_has_not_taken_up(self, world, browser, state_of):
        """Half a minute may pass until a new flag reaches the follow-up: nobody closes it alone meanwhile."""
        world.account()
        family = world.family("Isla Marsh")
        row = world.missed(family)
        world.flag(family["mother"], "cpp")
        answer = browser("grace").post(f"/follow-ups/{row}/close", reason="clinician_decision", note="Seen by GP")
        assert answer.status_code == 422
        assert "A high-risk flag has just come in" in answer.text
        assert state_of(row) == "open"

    def test_of_high_risk_needs_a_second_person(self, world, browser, state_of):
        """One asks, another agrees; the same one can't."""
        world.account("grace")
        world.account("nina", role=AccountRole.NAMED_NURSE)
        row = world.missed(world.family("Isla Marsh"), high_risk=True)
        grace = browser("grace")
        asked = grace.post(f"/follow-ups/{row}/close", reason="seen", note="Seen at home, asleep")
        assert asked.headers["location"].endswith("done=closing_asked")
        again = grace.post(f"/follow-ups/{row}/close", reason="seen", note="I agree with myself")
        assert again.status_code == 422
        assert state_of(row) == "closing"
        nina = browser("nina")
        assert "Seen at home, asleep" in nina.get(f"/follow-ups/{row}").text
        nina.post(f"/follow-ups/{row}/send-back", note="Asleep is not seen awake")
        assert state_of(row) == "open"
        grace.post(f"/follow-ups/{row}/close", reason="seen", note="Seen awake in clinic")
        nina.post(f"/follow-ups/{row}/close", reason="seen", note="Read the clinic's note")
        assert state_of(row) == "closed"

    def test_of_an_unrecorded_outcome_is_refused(self, world, browser, state_of):
        """It ends by the outcome itself."""
        world.account()
        row = world.missed(world.family("Isla Marsh"), trigger="outcome_not_recorded", status="outcome_due")
        assert browser("grace").post(f"/follow-ups/{row}/close", reason="seen", note="x").status_code == 422
        assert state_of(row) == "open"

    def test_can_be_undone_with_a_note(self, world, browser, state_of):
        """Reopening is a state change on the same row."""
        world.account()
        row = world.missed(world.family("Isla Marsh"))
        opened = browser("grace")
        opened.post(f"/follow-ups/{row}/close", reason="seen", note="Seen")
        opened.post(f"/follow-ups/{row}/reopen", note="It was the brother who was seen")
        assert state_of(row) == "open"
        assert state_of(row, "cycle") == 2


class TestOldEntries:
    def test_are_taken_up_by_a_person(self, world, browser, state_of):
        """Backlog climbs no ladder until somebody says so."""
        world.account()
        row = world.missed(world.family("Isla Marsh"), state="backlog", step=None, days_ago=400)
        browser("grace").post(f"/follow-ups/{row}/take-up")
        assert state_of(row) == "open"


class TestThePlanAhead:
    def test_says_whether_somebody_has_signed_it(self, world, browser):
        """A signature is given in the database, also to a version whose file bears none."""
        world.account()
        row = world.missed(world.family("Isla Marsh"))
        opened = browser("grace")
        assert "which nobody has signed yet" in opened.get(f"/follow-ups/{row}").text
        world.session.execute(text("UPDATE pathway_version SET signed_by = 'A. Nurse', signed_at = now()"))
        world.session.commit()
        assert "which nobody has signed yet" not in opened.get(f"/follow-ups/{row}").text


class TestAnAlert:
    def test_taken_on_comes_back_when_the_time_is_over(self, world, browser, session):
        """Acknowledging is a lease with an end, not a finish: an urgent one ends within twelve hours."""
        world.account()
        alert = world.alert("text_undelivered", team_id=world.teams["north"], urgency="urgent")
        opened = browser("grace")
        answer = opened.post(f"/alerts/{alert}/acknowledge", page="/needs-a-person")
        assert answer.headers["location"].endswith("done=acknowledged")
        row = session.execute(
            text("SELECT state, acknowledged_by, next_due_at - acknowledged_at <= interval '12 hours' FROM alert")
        ).one()
        assert row == ("open", "person:grace", True)
        page = opened.get("/needs-a-person").text
        assert "Taken on by" in page
        assert f"/alerts/{alert}/acknowledge" not in page

    @pytest.mark.parametrize(("kind", "team"), [("backlog_triage", "north"), ("text_undelivered", "south")])
    def test_that_ends_by_its_work_or_is_another_teams_is_not_taken_on(self, world, browser, session, kind, team):
        """A referral prompt and a triage list end by deciding; another team's alert is not to be seen."""
        world.account()
        alert = world.alert(kind, team_id=world.teams[team])
        browser("grace").post(f"/alerts/{alert}/acknowledge", page="/needs-a-person")
        assert session.execute(text("SELECT acknowledged_by FROM alert")).scalar() is None

    def test_is_dealt_with_once(self, world, browser, session):
        """Each has a button; a second press finds it done."""
        world.account()
        alert = world.alert("text_undelivered", team_id=world.teams["north"])
        opened = browser("grace")
        path = f"/alerts/{alert}/done"
        first = opened.post(path, page="/needs-a-person", outcome="rang_family")
        second = opened.post(path, page="/needs-a-person", outcome="dealt_with")
        assert first.headers["location"].endswith("alert_done")
        assert second.headers["location"].endswith("already")
        assert session.execute(text("SELECT state, outcome FROM alert")).one() == ("done", "rang_family")

    @pytest.mark.parametrize(
        ("detail", "by_the_work"), [({"agency": "gp_practice"}, False), ({"challenge_id": 7, "stage_over": True}, True)]
    )
    def test_to_challenge_an_agency_ends_by_saying_so_and_a_challenge_by_being_resolved(self, detail, by_the_work):
        """The first is a call to be made; the second has a page and stages of its own."""
        assert needs.by_the_work(AlertKind.CHALLENGE, detail) is by_the_work

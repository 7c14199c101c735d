"""Declining is a family's right and no miss: it is written down whole, reviewed by the right person, and never lost."""

import pytest
from sqlalchemy import text

from models.domain.words import AccountRole

WHOLE = {
    "declined_by": "mother",
    "informed": "phone",
    "why": "Her other children are seen at the clinic already",
    "capacity": "yes",
    "seen_by_anybody": "yes",
    "last_seen_day": "3",
    "last_seen_month": "6",
    "last_seen_year": "2026",
    "last_seen_by": "Dr Hill, GP",
}


@pytest.fixture
def rows_of(session):
    def ask(query: str, **params):
        session.rollback()
        return session.execute(text(query), params).all()

    return ask


class TestDeclining:
    def test_is_kept_with_all_its_answers_and_who_gave_them(self, world, browser, rows_of):
        """Who, how they were told, why, capacity, and when the child was last seen and by whom."""
        world.account()
        row = world.missed(world.family("Isla Marsh"))
        answer = browser("grace").post(f"/follow-ups/{row}/decline", **WHOLE)
        assert answer.headers["location"].endswith("done=decline_recorded")
        assert rows_of(
            "SELECT declined_by, informed, why, capacity, seen_by_anybody, last_seen_on::text, last_seen_by,"
            " completed_by, contact_code FROM decline"
        ) == [
            (
                *("mother", "phone", "Her other children are seen at the clinic already", "yes", "yes", "2026-06-03"),
                *("Dr Hill, GP", "person:grace", "HV-6W"),
            )
        ]
        assert rows_of("SELECT event, actor FROM decline_event") == [("told", "person:grace")]
        assert rows_of("SELECT status, status_by FROM appointment") == [("declined", "person:grace")]

    def test_may_be_told_in_part_and_says_what_is_missing(self, world, browser, rows_of):
        """Not asked is not no: the rest is asked for again, and what is known is kept."""
        world.account()
        row = world.missed(world.family("Isla Marsh"))
        opened = browser("grace")
        answer = opened.post(f"/follow-ups/{row}/decline", declined_by="father", why="No reason given")
        assert answer.headers["location"].endswith("done=decline_incomplete")
        page = opened.get(f"/follow-ups/{row}").text
        assert (
            "how they were told what it is for, whether they can decide this, whether a professional has seen" in page
        )
        opened.post(f"/follow-ups/{row}/decline", **WHOLE)
        assert rows_of("SELECT declined_by, completed_at IS NOT NULL FROM decline") == [("mother", True)]
        told = [row.told["declined_by"] for row in rows_of("SELECT told FROM decline_event ORDER BY id")]
        assert told == ["father", "mother"]

    def test_of_a_contact_never_booked_needs_no_appointment(self, world, browser, rows_of):
        """The engine is told to look; nothing is invented."""
        world.account()
        family = world.family("Isla Marsh")
        row = world.missed(family)
        world.session.execute(
            text(
                "WITH e AS (INSERT INTO expected_contact (person_id, contact_code, schedule_code, schedule_version,"
                " anchor_on, window_start, window_end, unbooked_on, overdue_on, state, first_received_at)"
                " VALUES (:child, 'HV-6W', 'england', 1, '2026-04-01', '2026-05-13', '2026-05-27', '2026-05-16',"
                " '2026-05-27', 'overdue', now()) RETURNING id)"
                " UPDATE follow_up SET expected_contact_id = e.id, appointment_id = NULL, trigger = 'never_booked'"
                " FROM e"
            ),
            {"child": family["child"]},
        )
        browser("grace").post(f"/follow-ups/{row}/decline", **WHOLE)
        assert rows_of("SELECT count(*) FROM decline WHERE follow_up_id = :id", id=row) == [(1,)]
        assert rows_of("SELECT id FROM person WHERE threads_due_at IS NOT NULL") == [(family["child"],)]

    def test_refuses_a_day_to_come_and_keeps_what_was_written(self, world, browser, rows_of):
        """Nothing is stored, and the draft stays in its box."""
        world.account()
        row = world.missed(world.family("Isla Marsh"))
        answer = browser("grace").post(f"/follow-ups/{row}/decline", **{**WHOLE, "last_seen_year": "2999"})
        assert answer.status_code == 422
        assert "lies in the future" in answer.text
        assert "Her other children are seen at the clinic already" in answer.text
        assert rows_of("SELECT id FROM decline") == []


class TestClosingADecline:
    def declined(self, world, *, role=AccountRole.HEALTH_VISITOR, high_risk: bool = False) -> int:
        """A follow-up on the ladder of declines, and a login to close it."""
        world.account("hal", role=role)
        row = world.missed(world.family("Isla Marsh"), trigger="declined", status="declined", subtype=None)
        world.session.execute(text("UPDATE follow_up SET how = 'decline_incomplete' WHERE id = :id"), {"id": row})
        return row

    def test_waits_until_it_is_whole(self, world, browser, rows_of):
        """Incomplete stays open, whoever asks and whatever they write."""
        row = self.declined(world)
        opened = browser("hal")
        answer = opened.post(f"/follow-ups/{row}/close", reason="declined_reviewed", note="They don't want it")
        assert answer.status_code == 422
        assert "the decline is not complete" in answer.text
        assert opened.post(f"/follow-ups/{row}/close", reason="clinician_decision", note="Let be").status_code == 422
        opened.post(f"/follow-ups/{row}/decline", **WHOLE)
        opened.post(f"/follow-ups/{row}/close", reason="declined_reviewed", note="Reviewed, asked again in May")
        assert rows_of("SELECT state, closed_reason FROM follow_up") == [("closed", "declined_reviewed")]

    @pytest.mark.parametrize(
        "answers",
        [
            {"seen_by_anybody": "no"},
            {"seen_by_anybody": "unknown"},
            {"capacity": "no"},
            {"informed": "not_informed"},
        ],
    )
    def test_is_the_team_leads_where_nobody_has_seen_the_child_or_it_was_no_choice(
        self, world, browser, rows_of, answers
    ):
        """A health visitor writes it down; a team lead or the named nurse reviews it."""
        row = self.declined(world)
        world.account("grace")
        hal, grace = browser("hal"), browser("grace")
        hal.post(f"/follow-ups/{row}/decline", **{**WHOLE, **answers})
        refused = hal.post(f"/follow-ups/{row}/close", reason="declined_reviewed", note="Reviewed")
        assert "a team lead or the named nurse has to review this decline" in refused.text
        grace.post(f"/follow-ups/{row}/close", reason="declined_reviewed", note="Reviewed with Hal")
        assert rows_of("SELECT state, closed_by FROM follow_up") == [("closed", "person:grace")]

    def test_a_second_time_is_the_team_leads(self, world, browser, rows_of):
        """Another contact of the same child was declined before: a pattern, not a choice by itself."""
        row = self.declined(world)
        world.account("grace")
        child = world.session.scalar(text("SELECT person_id FROM follow_up WHERE id = :id"), {"id": row})
        family = {"child": child, "mother": child, "household": world.family("Ada Pike")["household"]}
        before = closed(world, world.missed(family, contact="HV-3M", trigger="declined", status="declined"))
        world.session.execute(
            text(
                "INSERT INTO decline (follow_up_id, person_id, contact_code, declined_at, recorded_at, recorded_by)"
                " VALUES (:row, :child, 'HV-3M', now(), now(), 'import:epr')"
            ),
            {"row": before, "child": child},
        )
        hal, grace = browser("hal"), browser("grace")
        hal.post(f"/follow-ups/{row}/decline", **WHOLE)
        assert "Another contact of this person was declined as well" in hal.get(f"/follow-ups/{row}").text
        assert hal.post(f"/follow-ups/{row}/close", reason="declined_reviewed", note="Reviewed").status_code == 422
        grace.post(f"/follow-ups/{row}/close", reason="declined_reviewed", note="Reviewed")
        assert rows_of("SELECT state FROM follow_up WHERE id = :id", id=row) == [("closed",)]

    def test_is_no_reason_for_what_nobody_declined(self, world, browser):
        """A miss doesn't become a choice by closing it as one."""
        world.account()
        row = world.missed(world.family("Isla Marsh"))
        answer = browser("grace").post(f"/follow-ups/{row}/close", reason="declined_reviewed", note="They said no")
        assert answer.status_code == 422
        assert "record it first" in answer.text


class TestCorrectingAnOutcome:
    @pytest.mark.parametrize("state", ["closed", "open"])
    def test_is_offered_also_after_the_end(self, world, browser, rows_of, state):
        """A wrong outcome is put right where it is seen; the engine draws the consequences."""
        world.account()
        row = world.missed(world.family("Isla Marsh"))
        if state == "closed":
            closed(world, row)
        opened = browser("grace")
        assert ("Put right what was recorded" in opened.get(f"/follow-ups/{row}").text) is (state == "closed")
        opened.post(f"/follow-ups/{row}/outcome", outcome="attended")
        assert rows_of("SELECT status, status_by, reconsider_at IS NOT NULL FROM appointment") == [
            ("attended", "person:grace", True)
        ]


def closed(world, row: int) -> int:
    """The same follow-up, closed by somebody."""
    end = "state = 'closed', next_due_at = NULL, closed_by = 'person:a', closed_at = now(), closed_reason = 'seen'"
    world.session.execute(text(f"UPDATE follow_up SET {end} WHERE id = :id"), {"id": row})
    return row


class TestTheForm:
    def test_is_empty_where_nothing_was_said(self, world, browser):
        """An answer that nobody gave must not be sent back as one."""
        world.account()
        row = world.missed(world.family("Isla Marsh"))
        page = browser("grace").get(f"/follow-ups/{row}").text
        form = page[page.index(f'action="/follow-ups/{row}/decline"') :]
        assert "None" not in form[: form.index("</form>")]

"""What is routine goes in a few e-mails a day, all of one person's together; what can't wait never waits."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from config.messages_loader import load
from config.rules import load_rules
from models.db import alerts, messages, sending
from models.domain.words import Urgency
from tests.messages.builders import NOON, a_practitioner, a_team, at, insert
from workers.digest import last_time
from workers.message_words import staff_words

CALENDAR = load_rules(config_dir=None, nation="england", today=date(2026, 6, 8)).calendar
STAFF = load().staff_alert


@pytest.fixture
def practitioner(session: Session) -> int:
    """Somebody with an address, in a team whose staff are alerted."""
    return a_practitioner(session, team_id=a_team(session, stage="staff"))


def an_alert(session: Session, practitioner: int, *, urgency: str = "routine", number: int = 1) -> int:
    """An open alert of its own."""
    row: dict[str, Any] = {
        "kind": "cancellation_unexplained", "urgency": urgency, "dedupe_key": f"alert{number}",
        "practitioner_id": practitioner, "raised_at": NOON, "next_due_at": NOON,
    }  # fmt: skip
    return insert(session, "alert", row)


class TestDigest:
    def test_speaks_for_all_that_is_routine_in_one_email_to_a_person(self, session: Session, practitioner: int) -> None:
        """Nothing at once; then one e-mail for three alerts, whose link is the list; asked again, nothing more."""
        three = [an_alert(session, practitioner, number=number) for number in (1, 2, 3)]
        assert messages.alert_emails(session, three, now=NOON) == []
        [message] = messages.digests(session, at=NOON, now=NOON)
        assert messages.digests(session, at=NOON, now=NOON) == []
        facts = sending.staff_facts(session, message)
        assert (sorted(facts.alert_ids), facts.several) == (three, True)
        _, body = staff_words(STAFF, urgency=Urgency.ROUTINE, follow_up_id=None, several=True, public_url="https://x")
        assert "https://x/\n" in body

    def test_never_holds_back_what_is_urgent_or_a_red_flag(self, session: Session, practitioner: int) -> None:
        """Each leaves at once, by itself."""
        each = [
            an_alert(session, practitioner, urgency=urgency, number=number)
            for number, urgency in enumerate(("urgent", "red_flag"))
        ]
        assert len(messages.alert_emails(session, each, now=NOON)) == 2
        assert messages.digests(session, at=NOON, now=NOON) == []

    def test_comes_again_for_what_was_raised_again_and_not_for_what_was_taken_on(
        self, session: Session, practitioner: int
    ) -> None:
        """A task that went up or came back is told of once more; one that somebody has is not."""
        an_alert(session, practitioner)
        messages.digests(session, at=NOON, now=NOON)
        later = at("2026-06-08 15:00")
        assert messages.digests(session, at=later, now=later) == []
        session.execute(text("UPDATE alert SET times_raised = 2"))
        assert len(messages.digests(session, at=later, now=later)) == 1
        session.execute(text("UPDATE alert SET times_raised = 3, acknowledged_at = now()"))
        assert messages.digests(session, at=at("2026-06-09 09:00"), now=later) == []

    def test_tells_whoever_has_it_by_now_what_somebody_else_was_told(self, session: Session, practitioner: int) -> None:
        """Handed over to a cover: told once to each, in the next e-mail."""
        alert = an_alert(session, practitioner)
        messages.digests(session, at=NOON, now=NOON)
        cover = a_practitioner(session, team_id=a_team(session, code="S", stage="staff"))
        alerts.hand_over(session, [(alert, cover, None, "practitioner")])
        later = at("2026-06-08 15:00")
        [message] = messages.digests(session, at=later, now=later)
        assert session.scalar(text("SELECT practitioner_id FROM message WHERE id = :id"), {"id": message}) == cover
        assert messages.digests(session, at=at("2026-06-09 09:00"), now=later) == []

    def test_tells_whoever_it_was_given_to_again_when_it_goes_up_to_them(
        self, session: Session, practitioner: int
    ) -> None:
        """The mail to somebody on leave doesn't count as one of the lead's."""
        alert = an_alert(session, practitioner)
        messages.digests(session, at=NOON, now=NOON)
        lead = a_practitioner(session, team_id=a_team(session, code="S", stage="staff"))
        for _ in range(2):  # there and back before anybody hears of it: once, to whoever has it then
            alerts.hand_over(session, [(alert, lead, None, "team_lead")])
        later = at("2026-06-08 15:00")
        assert len(messages.digests(session, at=later, now=later)) == 1
        session.execute(text("UPDATE alert SET times_raised = 2"))
        tomorrow = at("2026-06-09 09:00")
        assert len(messages.digests(session, at=tomorrow, now=tomorrow)) == 1
        assert messages.digests(session, at=at("2026-06-09 12:00"), now=tomorrow) == []

    @pytest.mark.parametrize(
        ("now", "time"),
        [
            ("2026-06-08 08:59", "2026-06-05 15:00"),  # Monday before nine: Friday's last
            ("2026-06-08 09:00", "2026-06-08 09:00"),
            ("2026-06-08 14:00", "2026-06-08 12:00"),
            ("2026-06-07 12:00", "2026-06-05 15:00"),  # a Sunday has none
            ("2026-04-06 12:00", "2026-04-02 15:00"),  # nor has Easter
        ],
    )
    def test_has_its_times_on_working_days(self, now: str, time: str) -> None:
        """The last one that has come, over weekends and bank holidays."""
        assert last_time(at(now), STAFF.routine_at, CALENDAR) == at(time)

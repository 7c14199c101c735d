"""Holds and splits against texts on their way: dropped, stopped at the gate, or told to a person."""

import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from config.rules import load_rules
from intake.run import import_file
from models.db import hold_ends, hold_texts, holds, splits
from models.db.holds import new_hold
from models.db.scope import Scope
from models.db.separating import Act
from models.db.splits import Leaving
from models.domain.ids import AccountId
from models.domain.words import AccountRole, HoldKind, ImportKind, SplitReason
from tests.messages.builders import NOON, an_appointment
from tests.messages.fake_twilio import Behaviour, FakeTwilio
from tests.messages.scenario import (
    Family,
    a_family,
    a_reminder,
    alerts,
    an_after_miss_text,
    channels,
    drain,
    reason_of,
    rules,
    settle_at,
    state_of,
)
from tests.messages.test_sending import SenderProcess
from workers import reminders

RULES = load_rules(config_dir=None, nation="england", today=NOON.date())
SENDER_WAITS = """
    SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                   WHERE l.locktype = 'advisory' AND NOT l.granted AND d.datname = current_database())
"""
BOOKED = {"status": "booked", "starts_at": NOON + timedelta(days=2), "outcome_due_at": NOON + timedelta(days=2)}


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with FakeTwilio(now=NOON) as fake:
        yield fake


def hold(session: Session, kind: HoldKind, **scope: int) -> int:
    """A person sets a hold; the caller commits."""
    wanted = new_hold(RULES.holds.rules[kind], reason="told", now=NOON, calendar=RULES.calendar, **scope)  # type: ignore[arg-type]
    (found,) = holds.set_many(session, [wanted], RULES.holds, by="person:ann", now=NOON, calendar=RULES.calendar)
    return found


class TestTextThatWaits:
    @pytest.mark.parametrize("state", ["held", "queued", "claimed", "blocked"])
    def test_is_dropped_with_the_hold(self, engine: Engine, session: Session, state: str) -> None:
        """Whatever it waits for; one that a sender has claimed has not left yet."""
        family = a_family(session)
        message_id = an_after_miss_text(session, family)
        more = {"claimed": ", lease_until = now() + interval '1 hour', claim_token = gen_random_uuid()",
                "blocked": ", block_reason = 'feed_late'"}  # fmt: skip
        session.execute(text(f"UPDATE message SET state = '{state}'{more.get(state, '')}"))
        session.commit()
        hold(session, HoldKind.BEREAVEMENT, household_id=family.household)
        session.commit()
        assert (state_of(engine, message_id), reason_of(engine, message_id)) == ("dropped", "hold")
        assert drain(engine, channels()) == 0

    def test_of_another_family_is_left_alone(self, engine: Engine, session: Session) -> None:
        family, other = a_family(session), a_family(session)
        message_id = an_after_miss_text(session, other)
        hold(session, HoldKind.BEREAVEMENT, household_id=family.household)
        session.commit()
        drain(engine, channels())
        assert state_of(engine, message_id) == "delivered"

    def test_of_whoever_stays_goes_where_one_of_the_family_moved_out(self, engine: Engine, session: Session) -> None:
        """That kind reaches those who moved (config/holds.yaml), here the father."""
        family = a_family(session)
        message_id = an_after_miss_text(session, family)
        father = session.execute(text("INSERT INTO person (name) VALUES ('x') RETURNING id")).scalar_one()
        session.execute(
            text("INSERT INTO household_member (household_id, person_id, role) VALUES (:h, :p, 'father')"),
            {"h": family.household, "p": father},
        )
        hold(session, HoldKind.MOVED_OUT, person_id=father)
        session.commit()
        drain(engine, channels())
        assert state_of(engine, message_id) == "delivered"


class TestDeathImportedBetweenQueueingAndSending:
    def test_stops_the_text_in_the_imports_own_transaction(
        self, engine: Engine, session: Session, tmp_path: Path
    ) -> None:
        """Hazard 2: by the register's row, with no engine running; the hold and its history name the source."""
        family = a_family(session, child={"nhs_number": "9990000018"})
        message_id = an_after_miss_text(session, family)
        session.commit()
        file = tmp_path / "people.csv"
        file.write_text("subject_nhs_number,subject_role,subject_deceased_on\n9990000018,child,2026-06-07\n")
        import_file(
            engine, file, kind=ImportKind.PEOPLE, source="register", mapping_path=None, dry_run=False,
            progress=lambda done, total: None, rules=RULES, now=NOON,
        )  # fmt: skip
        assert (state_of(engine, message_id), reason_of(engine, message_id)) == ("dropped", "hold")
        row = session.execute(text("SELECT kind, household_id, about_person_id, set_by FROM hold")).one()
        assert tuple(row) == ("bereavement", family.household, family.child, "import:register")
        assert drain(engine, channels()) == 0

    def test_by_a_visit_called_off_does_the_same(self, engine: Engine, session: Session, tmp_path: Path) -> None:
        family = a_family(session, child={"nhs_number": "9990000018"})
        message_id = an_after_miss_text(session, family)
        session.commit()
        file = tmp_path / "appointments.csv"
        file.write_text(
            "source_id,subject_nhs_number,kind,starts_at,status,outcome\n"
            "X1,9990000018,HV-1Y,2026-06-10T10:00,cancelled,person_died\n"
        )
        import_file(
            engine, file, kind=ImportKind.APPOINTMENTS, source="epr", mapping_path=None, dry_run=False,
            progress=lambda done, total: None, rules=RULES, now=NOON,
        )  # fmt: skip
        assert state_of(engine, message_id) == "dropped"


class TestTextThatIsLeaving:
    def test_is_told_to_the_follow_ups_owner_and_not_taken_back(
        self, engine: Engine, session: Session, database_url: str, twilio: FakeTwilio
    ) -> None:
        """A real sender has handed it to the provider: it can't be called back, so a person hears of it."""
        family = a_family(session)
        message_id = an_after_miss_text(session, family)
        session.commit()
        twilio.behave(family.number, Behaviour.HOLD)
        process = SenderProcess(database_url, twilio=twilio.base)
        twilio.wait_for_request()
        hold(session, HoldKind.BEREAVEMENT, household_id=family.household)
        session.commit()
        process.kill()
        assert state_of(engine, message_id) == "sending"
        assert alerts(engine, "text_fate_unknown") == [(None, family.owner, "open")]
        for minutes in (3, 10, 40):
            settle_at(engine, channels(twilio_base=twilio.base), NOON + timedelta(minutes=minutes))
        assert alerts(engine, "text_fate_unknown") == [(None, family.owner, "open")]
        detail = session.execute(text("SELECT detail FROM alert")).scalar_one()
        assert detail == {"code": "left_as_hold_began"}


class TestSenderThatHasClaimed:
    def test_waits_for_the_hold_and_meets_it_at_the_gate(
        self, engine: Engine, session: Session, database_url: str, twilio: FakeTwilio
    ) -> None:
        """A real sender holds the text's row while the hold is being set: neither waits for the other for ever, the
        gate sees the hold, nothing leaves, and the owner is told."""
        family = a_family(session)
        message_id = an_after_miss_text(session, family)
        session.commit()
        hold_texts.lock(session, [family.child, family.mother])
        process = SenderProcess(database_url, twilio=twilio.base)
        wait_until(engine, SENDER_WAITS)
        hold(session, HoldKind.BEREAVEMENT, household_id=family.household)
        assert state_of(engine, message_id) == "claimed"
        session.commit()
        wait_until(engine, "SELECT state = 'blocked' FROM message")
        process.kill()
        assert (reason_of(engine, message_id), twilio.requests) == ("bereaved", 0)
        assert alerts(engine, "text_blocked") == [(message_id, family.owner, "open")]

    def test_waits_for_a_split_too_and_meets_unconfirmed_numbers(
        self, engine: Engine, session: Session, database_url: str, twilio: FakeTwilio
    ) -> None:
        """What a split changes stands when the sender asks the gate."""
        family = a_family(session)
        message_id = an_after_miss_text(session, family)
        account = "INSERT INTO account (username, password_hash, role, all_teams, created_at, created_by)"
        made = session.execute(text(f"{account} VALUES ('ann', 'x', 'team_lead', true, now(), 'test') RETURNING id"))
        scope = Scope(AccountId(made.scalar_one()), "ann", AccountRole.TEAM_LEAD, True, frozenset(), None)
        session.commit()
        hold_texts.lock(session, [family.child, family.mother])
        process = SenderProcess(database_url, twilio=twilio.base)
        wait_until(engine, SENDER_WAITS)
        leaving = Leaving(
            household_id=family.household, people=frozenset({family.mother}),
            seen=frozenset({family.mother, family.child}), reason=SplitReason.RELATIONSHIP_ENDED, note="told",
        )  # fmt: skip
        splits.split(session, leaving, Act(account=scope, rules=RULES.holds, harmless_flags=(),
                                           calendar=RULES.calendar, now=NOON))  # fmt: skip
        session.commit()
        wait_until(engine, "SELECT state = 'blocked' FROM message")
        process.kill()
        assert (reason_of(engine, message_id), twilio.requests) == ("lives_apart", 0)

    def test_of_a_text_with_no_household_waits_too(
        self, engine: Engine, session: Session, database_url: str, twilio: FakeTwilio
    ) -> None:
        """Its number's lock stands in for the household's."""
        family = a_family(session)
        message_id = an_after_miss_text(session, family, household_id=None)
        session.commit()
        hold_texts.lock(session, [family.mother])
        process = SenderProcess(database_url, twilio=twilio.base)
        wait_until(engine, SENDER_WAITS)
        hold(session, HoldKind.PROTECTED_IDENTITY, person_id=family.child)
        session.commit()
        wait_until(engine, "SELECT state = 'blocked' FROM message")
        process.kill()
        assert (reason_of(engine, message_id), twilio.requests) == ("protected_identity", 0)


class TestReminders:
    def booked(self, session: Session) -> Family:
        return a_family(session, appointment=BOOKED | {"reminders_due_at": NOON})

    def test_are_planned_for_nobody_under_a_hold_and_again_once_it_is_over(
        self, engine: Engine, session: Session
    ) -> None:
        """A brother's visit as well; a text is not even prepared."""
        family = self.booked(session)
        found = hold(session, HoldKind.IN_HOSPITAL, person_id=family.mother)
        session.commit()
        plan = self.planner(engine)
        plan(timedelta())
        assert self.count(session) == 0
        session.execute(text("UPDATE hold SET ended_at = :now, ended_by = 'person:a', ended_how = 'over',"
                             " ended_reason = 'home', next_due_at = NULL, apply_at = NULL"), {"now": NOON})  # fmt: skip
        row = {"id": found, "person_id": family.mother, "household_id": None, "pregnancy_id": None}
        hold_ends.wake(session, row, RULES.holds.rules[HoldKind.IN_HOSPITAL], by="person:a", now=NOON)
        session.commit()
        plan(timedelta())
        assert self.count(session) == 1

    def test_that_are_queued_are_dropped(self, engine: Engine, session: Session) -> None:
        family = self.booked(session)
        message_id = a_reminder(session, family, starts_at=NOON + timedelta(days=2))
        hold(session, HoldKind.BEREAVEMENT, household_id=family.household)
        session.commit()
        assert state_of(engine, message_id) == "dropped"

    def test_of_the_mother_stop_when_her_pregnancy_has_ended(self, engine: Engine, session: Session) -> None:
        """By the pregnancy, whoever of the household they are about."""
        family = self.booked(session)
        pregnancy = session.execute(
            text("INSERT INTO pregnancy (mother_id, edd, outcome) VALUES (:m, :edd, 'stillbirth') RETURNING id"),
            {"m": family.mother, "edd": date(2026, 8, 1)},
        ).scalar_one()
        own = an_appointment(session, source=family.source, person=family.mother, subject_role="mother",
                             household_id=family.household, team_id=family.team, contact_code="MW-16W",
                             contact_person_id=family.mother, **BOOKED | {"reminders_due_at": NOON})  # fmt: skip
        hold(session, HoldKind.PREGNANCY_ENDED, pregnancy_id=pregnancy)
        session.commit()
        self.planner(engine)(timedelta())
        assert (own > 0, self.count(session)) == (True, 0)

    @staticmethod
    def planner(engine: Engine) -> Callable[[timedelta], int]:
        return lambda later: reminders.drain(engine, rules(), clock=lambda _: NOON + later)

    @staticmethod
    def count(session: Session) -> int:
        session.rollback()
        found: int = session.execute(text("SELECT count(*) FROM message")).scalar_one()
        return found


def wait_until(engine: Engine, question: str, *, seconds: float = 60) -> None:
    """Wait until the database answers yes: for what another process does."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with engine.connect() as connection:
            if connection.execute(text(question)).scalar():
                return
        time.sleep(0.02)
    raise TimeoutError(question)

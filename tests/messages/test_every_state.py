"""Each thing that is done to a message, tried on a message of every state: the table's answer, or nothing changes."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.db import hold_texts, messages, receipts, sending, settling
from models.db.sending import Beginning
from models.domain.message_states import MessageEvent as E
from models.domain.message_states import advance
from models.domain.transitions import IllegalTransition
from models.domain.words import AttemptOutcome, Channel, MessageState, Urgency
from tests.messages.builders import NOON
from tests.messages.scenario import Family, a_family, alerts, an_after_miss_text, rules, settle_at, state_of
from workers.channels.base import Channels, FoundText, SendResult, SentText
from workers.channels.outbox import Outbox
from workers.send_one import store_result

S = MessageState
TOKEN, LATER = UUID(int=1), NOON + timedelta(minutes=1)
# What a row of each state has beside its state.
LEASED = {"lease_until": NOON + timedelta(minutes=2), "claim_token": TOKEN}
STORED: Mapping[MessageState, Mapping[str, object]] = {
    S.CLAIMED: LEASED,
    S.SENDING: {"settle_due_at": NOON},
    S.SENT: {"settle_due_at": LATER},
    S.BLOCKED: {"block_reason": "number_gone"},
}
Act = Callable[[Session, Family, int, UUID], None]


def a_text(session: Session, state: MessageState) -> tuple[Family, int, UUID]:
    """A text of a missed review in this state, which was tried once; all but what its state needs is empty."""
    family = a_family(session)
    message_id = an_after_miss_text(session, family, not_after=NOON)
    attempt = uuid4()
    session.execute(
        text("INSERT INTO attempt (id, message_id, number, started_at, outcome) VALUES (:a, :m, 1, :at, 'started')"),
        {"a": attempt, "m": message_id, "at": NOON},
    )
    given = {"state": state, **STORED.get(state, {})}
    assigned = ", ".join(f"{name} = :{name}" for name in given)
    session.execute(text(f"UPDATE message SET {assigned} WHERE id = :id"), {**given, "id": message_id})
    return family, message_id, attempt


def look(session: Session, message_id: int) -> tuple[dict[str, object], int]:
    """The whole row, and how long the follow-up's story is."""
    row = session.execute(text("SELECT * FROM message WHERE id = :id"), {"id": message_id}).mappings().one()
    return dict(row), session.execute(text("SELECT count(*) FROM follow_up_event")).scalar_one()


def note(done: object) -> None:
    """An act's own answer is not what is looked at."""


def claim(session: Session, now: datetime) -> None:
    sending.claim(
        session, now=now, lease_until=now + timedelta(minutes=5), token=UUID(int=2), limit=9, urgencies=tuple(Urgency)
    )


def with_lease(do: Callable[[Session, sending.Claimed], object]) -> Act:
    """What a sender does: only with the lease that it holds."""

    def act(session: Session, family: Family, message_id: int, attempt: UUID) -> None:
        held = sending.lock_claimed(session, message_id, token=TOKEN, now=NOON)
        if held is not None:
            do(session, held)

    return act


def begin(session: Session, held: sending.Claimed) -> None:
    beginning = Beginning(attempt_id=uuid4(), body="x", template_version=1, language="en", settle_due_at=LATER)
    sending.begin(session, held, beginning, now=NOON)


def result(outcome: AttemptOutcome) -> Act:
    def act(session: Session, family: Family, message_id: int, attempt: UUID) -> None:
        store_result(session, rules(), attempt, SendResult(outcome=outcome), now=NOON, chance=0)

    return act


def report(status: str) -> Act:
    def act(session: Session, family: Family, message_id: int, attempt: UUID) -> None:
        fields = {"MessageStatus": status, "MessageSid": "SM1"}
        receipts.record_status(session, attempt=attempt, fields=fields, now=LATER, codes=rules().codes, answer_by=LATER)

    return act


NONE: frozenset[MessageState] = frozenset()
WITH_CALL = frozenset(S) - {S.SENDING}
# A first final word stands: here the text that did not arrive has one.
HAD_FINAL = frozenset({S.UNDELIVERED})
# Each act: what it is in the table; in which states it leaves the message to another, though the table has the pair.
ACTS: Mapping[str, tuple[E, Act, frozenset[MessageState]]] = {
    "released": (E.RELEASED, lambda s, f, m, a: note(messages.release_texts(s, f.follow_up, by="p", now=NOON)), NONE),
    "dropped": (E.DROPPED, lambda s, f, m, a: note(messages.drop(s, [m], by="person:7", now=NOON)), NONE),
    "dropped by a loss": (
        E.DROPPED,
        lambda s, f, m, a: note(hold_texts.drop_waiting(s, [f.child], by="person:7", reason="hold", now=NOON)),
        frozenset({S.EXPIRED}),  # it leaves by a person's release alone, and then meets the gate
    ),
    "claimed": (E.CLAIMED, lambda s, f, m, a: claim(s, NOON), frozenset({S.CLAIMED})),
    "claimed when the lease is over": (E.CLAIMED, lambda s, f, m, a: claim(s, NOON + timedelta(hours=1)), NONE),
    "begun": (E.BEGUN, with_lease(begin), NONE),
    "put off": (E.PUT_OFF, with_lease(lambda s, held: sending.put_off(s, held.id, until=LATER, reason="x")), NONE),
    "blocked": (E.BLOCKED, with_lease(lambda s, held: sending.stop(s, held.id, E.BLOCKED, reason="x", now=NOON)), NONE),
    "too late": (
        E.TOO_LATE,
        with_lease(lambda s, held: sending.stop(s, held.id, E.TOO_LATE, reason="x", now=NOON)),
        frozenset({S.HELD}),
    ),
    "held past its time": (
        E.TOO_LATE,
        lambda s, f, m, a: note(settling.expire_held(s, now=NOON, limit=9)),
        frozenset({S.CLAIMED}),
    ),
    "accepted": (E.ACCEPTED, result(AttemptOutcome.ACCEPTED), WITH_CALL),
    "tried again": (E.TRY_AGAIN, result(AttemptOutcome.RETRY), NONE),
    "refused": (E.REFUSED, result(AttemptOutcome.REFUSED), NONE),
    "not answered": (E.NO_ANSWER, result(AttemptOutcome.UNKNOWN), NONE),
    "reported sent": (E.ACCEPTED, report("sent"), HAD_FINAL | {S.SENT}),
    "reported delivered": (E.DELIVERED, report("delivered"), HAD_FINAL),
    "reported undelivered": (E.UNDELIVERED, report("undelivered"), HAD_FINAL),
}


class TestEveryState:
    @pytest.mark.parametrize("state", S)
    def test_answers_each_act_as_the_table_says_and_else_stays_as_it_was(self, session: Session, state: MessageState):
        """Late and double acts change nothing of the row, and nothing of the follow-up's story."""
        family, message_id, attempt = a_text(session, state)
        for name, (event, act, left) in ACTS.items():
            before = look(session, message_id)
            undo = session.begin_nested()
            act(session, family, message_id, attempt)
            row, told = look(session, message_id)
            try:
                expected = advance(state, event) if state not in left else None
            except IllegalTransition:
                expected = None
            if expected is None:
                assert (row, told) == before, name
            else:
                assert row["state"] == expected, name
                assert row != before[0], name
            undo.rollback()

    @pytest.mark.parametrize("state", [S.HELD, S.BLOCKED, S.EXPIRED])
    def test_that_a_person_could_let_go_is_not_let_go_once_it_is_known_to_have_left(
        self, session: Session, state: MessageState
    ):
        """Design 3.6: a text that was refused for now, and arrived after all, never goes out twice."""
        family, message_id, attempt = a_text(session, state)
        report("delivered")(session, family, message_id, attempt)
        assert messages.release_texts(session, family.follow_up, by="person:7", now=LATER) == []
        row, _ = look(session, message_id)
        assert (row["state"], row["block_reason"]) == ("delivered", None)

    def test_is_not_made_unknown_by_a_look_up_that_a_report_overtook(self, engine: Engine):
        """The provider's word came while it was being asked in vain, and for as long as we ask."""
        with Session(engine) as session:
            family, message_id, attempt = a_text(session, S.SENDING)
            session.commit()

        class Asked(Outbox):
            def find(self, text: SentText) -> list[FoundText]:
                with Session(engine) as session:
                    report("sent")(session, family, message_id, attempt)
                    session.commit()
                return []

        settle_at(engine, Channels({Channel.SMS: Asked}), NOON + timedelta(hours=2))
        assert state_of(engine, message_id) == "sent"
        assert alerts(engine, "text_fate_unknown") == []


class TestNoDueTime:
    @pytest.mark.parametrize(
        ("state", "missing", "rule"),
        [
            (S.QUEUED, "send_after", "waiting_has_due"),
            (S.HELD, "send_after", "waiting_has_due"),
            (S.CLAIMED, "lease_until", "claimed_has_lease"),
            (S.SENDING, "settle_due_at", "sent_has_settle_due"),
            (S.SENT, "settle_due_at", "sent_has_settle_due"),
            (S.BLOCKED, "block_reason", "blocked_has_reason"),
        ],
    )
    def test_is_impossible_while_a_message_lives(self, session: Session, state: MessageState, missing: str, rule: str):
        """What must never happen is forbidden by the database."""
        _, message_id, _ = a_text(session, state)
        with pytest.raises(IntegrityError, match=rule):
            session.execute(text(f"UPDATE message SET {missing} = NULL WHERE id = :id"), {"id": message_id})

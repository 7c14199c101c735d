"""Send: lease a small set, pass each message through the gate, hand it over, store what came of it.

For each message one short transaction (gate, token and lease checked, attempt and `sending` written) is committed just
before its own call; no transaction is open during the call. A process that dies at any point leaves a claimed message,
which has not left and is claimed again, or a `sending` one, which `workers/settle.py` settles. Source: design 3.5, 3.6,
5.5.
"""

import random
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime
from uuid import UUID, uuid4

import structlog
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.messages_loader import MessageRules
from models.db import sending
from models.domain.ids import MessageId
from models.domain.words import Urgency
from workers.channels.base import Channels
from workers.send_one import prepare, put_off_faulty, store_result

log = structlog.get_logger(__name__)
Clock = Callable[[Session], datetime]


def drain(
    engine: Engine,
    rules: MessageRules,
    channels: Channels,
    *,
    clock: Clock,
    public_url: str,
    threads: int = 32,
    urgencies: Sequence[Urgency] = sending.URGENT_FIRST,
) -> int:
    """Send what is due of these urgencies until nothing is; return how many messages were looked at.

    A message that our own code fails on holds up no other: it is put off, at last given to a person, and the first such
    fault is raised in the end. Safe to run any number of times side by side. The engine's pool needs `threads` + 1
    connections.
    """
    looked_at = 0
    faults: list[BaseException] = []
    with ThreadPoolExecutor(threads, thread_name_prefix="send") as pool:
        running: set[Future[None]] = set()
        while True:
            claimed, token = _claim(engine, rules, clock, limit=2 * threads - len(running), urgencies=urgencies)
            running |= {
                pool.submit(send_one, engine, rules, channels, message_id, token, clock=clock, public_url=public_url)
                for message_id in claimed
            }
            looked_at += len(claimed)
            if not running:
                break
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            while len(running) > threads:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                finished |= done
            faults += [error for each in finished if (error := each.exception()) is not None]
    if faults:
        raise faults[0]
    return looked_at


def send_one(
    engine: Engine,
    rules: MessageRules,
    channels: Channels,
    message_id: MessageId,
    token: UUID,
    *,
    clock: Clock,
    public_url: str,
) -> None:
    """Take one claimed message through the gate and, if it may leave, to its provider."""
    try:
        _send_one(engine, rules, channels, message_id, token, clock=clock, public_url=public_url)
    except Exception as error:
        log.exception("message could not be handled", message_id=message_id, error=type(error).__name__)
        with Session(engine) as session:
            now = clock(session)
            put_off_faulty(session, rules, message_id, token=token, now=now, chance=random.random())
            session.commit()
        raise


def _send_one(
    engine: Engine,
    rules: MessageRules,
    channels: Channels,
    message_id: MessageId,
    token: UUID,
    *,
    clock: Clock,
    public_url: str,
) -> None:
    attempt_id = uuid4()
    with Session(engine) as session:
        now = clock(session)
        prepared = prepare(
            session, rules, message_id, token=token, attempt_id=attempt_id, now=now, public_url=public_url
        )
        session.commit()
    if prepared is None:
        return
    channel, text = prepared
    result = channels.sender(channel).send(text)
    with Session(engine) as session:
        now = clock(session)
        store_result(session, rules, attempt_id, result, now=now, chance=random.random())
        session.commit()
    log.debug("message handed over", message_id=message_id, attempt_id=str(attempt_id), outcome=result.outcome.value)


def _claim(
    engine: Engine, rules: MessageRules, clock: Clock, *, limit: int, urgencies: Sequence[Urgency]
) -> tuple[list[MessageId], UUID]:
    token = uuid4()
    if limit <= 0:
        return [], token
    with Session(engine) as session:
        now = clock(session)
        until = now + rules.sending.lease
        claimed = sending.claim(session, now=now, lease_until=until, token=token, limit=limit, urgencies=urgencies)
        session.commit()
    return claimed, token

"""What people are told: raise alerts in sets, overtake those of earlier steps, end one. Never commits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import history
from models.db.packing import packed, unpacked
from models.db.scope import Scope
from models.domain.ids import AlertId
from models.domain.words import AlertKind, OwnerRole, Urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAlert:
    """An alert to raise. One of a follow-up is driven by it; any other needs `next_due_at`. `detail` is JSON."""

    kind: AlertKind
    urgency: Urgency
    dedupe_key: str  # from models/domain/dedupe.py alone
    practitioner_id: int | None
    owner_team_id: int | None
    follow_up_id: int | None = None
    referral_prompt_id: int | None = None
    source_id: int | None = None
    household_id: int | None = None
    person_id: int | None = None
    team_id: int | None = None
    step_id: str | None = None
    audience_role: OwnerRole | None = None
    next_due_at: datetime | None = None
    detail: str | None = None


_COLUMNS = (
    ("kind", "text"),
    ("urgency", "text"),
    ("dedupe_key", "text"),
    ("practitioner_id", "bigint"),
    ("owner_team_id", "bigint"),
    ("follow_up_id", "bigint"),
    ("referral_prompt_id", "bigint"),
    ("source_id", "bigint"),
    ("household_id", "bigint"),
    ("person_id", "bigint"),
    ("team_id", "bigint"),
    ("step_id", "text"),
    ("audience_role", "text"),
    ("next_due_at", "timestamptz"),
    ("detail", "jsonb"),
)


def raise_many(session: Session, alerts: Sequence[NewAlert], *, now: datetime) -> list[AlertId]:
    """Raise the alerts not raised yet, in one statement; return the ids of the new ones, in no order."""
    if not alerts:
        return []
    return [AlertId(found) for found in session.scalars(_RAISE, {**packed(alerts, _COLUMNS), "now": now})]


def raise_or_renew(session: Session, alerts: Sequence[NewAlert], *, now: datetime) -> list[AlertId]:
    """Raise standing tasks, one per key: a new one, or the ended one opened again. Return the ids of those it told.

    One that is open already keeps its due time and its owner and gets the new detail; nobody is told twice. One opened
    again is nobody's in hand: whoever had it before may be gone.
    """
    if not alerts:
        return []
    rows = session.execute(_RAISE_OR_RENEW, {**packed(alerts, _COLUMNS), "now": now}).all()
    return [AlertId(row.id) for row in rows if row.told]


def overtake(
    session: Session, follow_ups: Sequence[tuple[int, str | None]], *, outcome: str, by: str, now: datetime
) -> None:
    """End the open step alerts of these follow-ups; with a step id, only those of that step."""
    if follow_ups:
        ids, steps = zip(*follow_ups, strict=True)
        params = {"ids": list(ids), "steps": list(steps), "outcome": outcome, "by": by, "now": now}
        session.execute(_OVERTAKE, params)


def overtake_prompts(session: Session, prompt_ids: Sequence[int], *, now: datetime) -> None:
    """End the open alerts that asked about these prompts before: each is asked about by one alert at a time."""
    if prompt_ids:
        session.execute(_OVERTAKE_PROMPTS, {"ids": list(prompt_ids), "now": now})


def end(session: Session, *, alert_id: int, outcome: str, account: Scope, now: datetime) -> bool:
    """A person says that an alert is dealt with; return whether it was open. One of a step ends with its step."""
    params = {"id": alert_id, "outcome": outcome, "by": account.actor, "now": now}
    household = session.execute(_END, params).one_or_none()
    if household is None:
        return False
    history.audited(
        session,
        action="alert_done",
        subject="alert",
        subject_id=alert_id,
        household_id=household.household_id,
        actor=account,
        now=now,
        detail={"outcome": outcome},
    )
    return True


def acknowledge(session: Session, *, alert_id: int, until: datetime, account: Scope, now: datetime) -> bool:
    """A person takes an alert that no follow-up drives on until `until`; then it comes back. False if it had ended."""
    params = {"id": alert_id, "until": until, "by": account.actor, "now": now}
    household = session.execute(_ACKNOWLEDGE, params).one_or_none()
    if household is None:
        return False
    history.audited(
        session,
        action="alert_acknowledged",
        subject="alert",
        subject_id=alert_id,
        household_id=household.household_id,
        actor=account,
        now=now,
    )
    return True


def overdue(session: Session, *, now: datetime, limit: int) -> list[tuple[int, int | None, int]]:
    """Lock up to `limit` open alerts past their due time: id, team, times raised; those others hold are passed over."""
    rows = session.execute(_OVERDUE, {"now": now, "limit": limit})
    return [(row.id, row.team_id, row.times_raised) for row in rows]


def raise_up(
    session: Session, alerts: Iterable[tuple[int, int | None, int | None, str, datetime]], *, now: datetime
) -> None:
    """Hand overdue alerts to the next role up: id, practitioner, team pool, role, next due time. None is closed."""
    rows = list(alerts)
    if rows:
        names = ("id", "practitioner", "pool", "role", "due")
        columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
        session.execute(_RAISE_UP, {**columns, "now": now})


def hand_over(session: Session, alerts: Iterable[tuple[int, int | None, int | None, str]]) -> None:
    """Give open alerts to others: id, practitioner, team pool, role. They keep their due times and are told anew."""
    rows = list(alerts)
    if rows:
        names = ("id", "practitioner", "pool", "role")
        session.execute(_HAND_OVER, {name: [row[place] for row in rows] for place, name in enumerate(names)})


_INSERT = f"""
    INSERT INTO alert (kind, urgency, dedupe_key, practitioner_id, owner_team_id, follow_up_id, referral_prompt_id,
                       source_id, household_id, person_id, team_id, step_id, audience_role, next_due_at, detail,
                       raised_at)
    SELECT kind, urgency, dedupe_key, practitioner_id, owner_team_id, follow_up_id, referral_prompt_id, source_id,
           household_id, person_id, team_id, step_id, audience_role, next_due_at, detail, CAST(:now AS timestamptz)
    FROM {unpacked(_COLUMNS, alias="given")}
    -- One order for all, so that two who raise the same keys wait for each other and never lock up.
    ORDER BY dedupe_key
"""
_RAISE = text(f"{_INSERT} ON CONFLICT (dedupe_key) DO NOTHING RETURNING id")
# What was said of the task in its former life is over: nobody has it in hand, and it is whoever's it is today.
_IF_ENDED = ", ".join(
    f"{name} = CASE WHEN alert.state = 'open' THEN alert.{name} ELSE EXCLUDED.{name} END"
    for name in (
        "raised_at", "next_due_at", "practitioner_id", "owner_team_id", "team_id", "audience_role", "urgency",
        "acknowledged_by", "acknowledged_at",
    )
)  # fmt: skip
_RAISE_OR_RENEW = text(
    f"""
    {_INSERT}
    ON CONFLICT (dedupe_key) DO UPDATE SET
        detail = EXCLUDED.detail, state = 'open', ended_at = NULL, ended_by = NULL, outcome = NULL,
        {_IF_ENDED},
        times_raised = alert.times_raised + CASE WHEN alert.state = 'open' THEN 0 ELSE 1 END
    RETURNING id, raised_at = CAST(:now AS timestamptz) AS told
    """
)
_OVERTAKE = text(
    """
    UPDATE alert SET state = 'overtaken', ended_at = :now, ended_by = :by, outcome = :outcome
    FROM unnest(CAST(:ids AS bigint[]), CAST(:steps AS text[])) AS u (follow_up_id, step_id)
    WHERE alert.follow_up_id = u.follow_up_id AND alert.state = 'open'
      AND alert.kind IN ('step', 'confirm_seen', 'second_signature')
      AND (u.step_id IS NULL OR alert.step_id = u.step_id)
    """
)
_OVERTAKE_PROMPTS = text(
    """
    UPDATE alert SET state = 'overtaken', ended_at = :now, ended_by = 'engine', outcome = 'asked_again'
    WHERE referral_prompt_id = ANY(CAST(:ids AS bigint[])) AND state = 'open'
    """
)
_END = text(
    """
    UPDATE alert SET state = 'done', ended_at = :now, ended_by = :by, outcome = :outcome
    WHERE id = :id AND state = 'open' AND referral_prompt_id IS NULL AND NOT coalesce(detail ? 'challenge_id', false)
      AND kind NOT IN ('step', 'confirm_seen', 'second_signature', 'step_extension', 'disclosure_due',
                       'father_not_asked', 'hold_ending', 'cancellation_unexplained', 'merge_proposed',
                       'action_overdue', 'indicator_review')
    RETURNING household_id
    """
)
_ACKNOWLEDGE = text(
    """
    UPDATE alert SET acknowledged_by = :by, acknowledged_at = :now, next_due_at = :until
    WHERE id = :id AND state = 'open' AND next_due_at IS NOT NULL AND :until > :now RETURNING household_id
    """
)
_OVERDUE = text(
    """
    SELECT id, team_id, times_raised FROM alert
    WHERE state = 'open' AND next_due_at <= :now
      AND referral_prompt_id IS NULL AND NOT coalesce(detail ? 'challenge_id', false)
      AND kind NOT IN ('father_not_asked', 'action_overdue')  -- those ask by themselves
    ORDER BY next_due_at, id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    """
)
# Somebody was told of it: whoever has it now is to hear of it too.
GIVEN_ON = """times_given_on = alert.times_given_on + CASE WHEN (
            SELECT count(*) FROM message_subject s WHERE s.alert_id = alert.id
        ) >= alert.times_raised + alert.times_given_on THEN 1 ELSE 0 END"""
_HAND_OVER = text(
    f"""
    UPDATE alert SET practitioner_id = u.practitioner_id, owner_team_id = u.pool, audience_role = u.role,
        acknowledged_by = NULL, acknowledged_at = NULL,
        {GIVEN_ON}
    FROM unnest(CAST(:id AS bigint[]), CAST(:practitioner AS bigint[]), CAST(:pool AS bigint[]), CAST(:role AS text[]))
         AS u (id, practitioner_id, pool, role)
    WHERE alert.id = u.id AND alert.state = 'open'
    """
)
_RAISE_UP = text(
    """
    UPDATE alert SET practitioner_id = u.practitioner_id, owner_team_id = u.pool, audience_role = u.role,
        next_due_at = u.due, times_raised = alert.times_raised + 1, acknowledged_by = NULL, acknowledged_at = NULL
    FROM unnest(CAST(:id AS bigint[]), CAST(:practitioner AS bigint[]), CAST(:pool AS bigint[]), CAST(:role AS text[]),
                CAST(:due AS timestamptz[])) AS u (id, practitioner_id, pool, role, due)
    WHERE alert.id = u.id AND alert.state = 'open'
    """
)

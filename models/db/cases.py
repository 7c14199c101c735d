"""Follow-ups as detection changes them: read and locked with their families' others, opened and changed in sets.

A `Case` is a row in the making; what detection decided about it is written by `save`, with its story. Never commits.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from models.db import concern_flags
from models.db.base import words_in
from models.db.packing import packed, packed_tuples, unpacked
from models.domain.message_states import WAITING
from models.domain.words import LIVE_FOLLOW_UP_STATES, FollowUpState, FollowUpTrigger, How


@dataclass(slots=True, eq=False)
class Happened:
    """One event of a case's story, in the making."""

    event: str
    from_state: str | None
    to_state: str
    actor: str
    actor_kind: str
    reason: str | None = None
    detail: dict[str, object] | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class Case:
    """One follow-up. `id` is None until it is stored; `changed` says that a stored one differs from its row."""

    id: int | None = None
    appointment_id: int | None = None
    expected_contact_id: int | None = None
    referral_id: int | None = None
    family_event_id: int | None = None
    trigger: FollowUpTrigger
    state: FollowUpState
    person_id: int
    household_id: int | None
    team_id: int | None
    contact_code: str
    pathway_code: str
    pathway_version: int
    cycle: int = 1
    how: How | None = None
    miss_count: int = 1
    earlier_misses: int = 0
    high_risk: bool = False
    red_flag: bool = False
    anchor_at: datetime
    breach_at: datetime
    opened_at: datetime
    step_id: str | None = None
    step_fired_at: datetime | None = None
    step_raised_to: int = 0
    steps_done: dict[str, object] = field(default_factory=dict)
    next_step_id: str | None = None
    next_due_at: datetime | None
    owner_practitioner_id: int | None
    owner_team_id: int | None
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    acknowledged_until: datetime | None = None
    text_released_at: datetime | None = None
    text_released_by: str | None = None
    seen_at: datetime | None = None
    seen_evidence: str | None = None
    closing_by: str | None = None
    closing_reason: str | None = None
    closed_by: str | None = None
    closed_at: datetime | None = None
    closed_reason: str | None = None
    continued_in: int | None = None
    faster: bool = False
    pattern_at: datetime | None = None
    continues_in: "Case | None" = None
    changed: bool = False
    overtakes: bool = False  # its open alerts speak of something that is over
    stops_texts: bool = False
    explained: bool = False  # somebody has said who cancelled
    story: list[Happened] = field(default_factory=list)

    @property
    def is_live(self) -> bool:
        """Whether it still climbs, or waits for a person."""
        return self.state in LIVE_FOLLOW_UP_STATES

    @property
    def done_json(self) -> str:
        """What steps have fired, as its row keeps it."""
        return json.dumps(self.steps_done)


def load(
    session: Session, *, people: Collection[int], appointments: Collection[int], expected: Collection[int] = ()
) -> list[Case]:
    """Lock and return what these can touch, oldest first.

    The follow-ups of these appointments and expected contacts, and those that they showed to be seen; all live ones of
    these people and of whoever an appointment was thought to be about; what any of them goes on in, or has gone on
    from. An expected contact of a household may be followed up about another child than the one who came.
    """
    params = {
        "people": ",".join(map(str, people)),
        "appointments": ",".join(map(str, appointments)),
        "expected": ",".join(map(str, expected)),
        "evidence": ",".join(map(evidence_of, appointments)),
    }
    return _cases(session.execute(_LOAD, params).mappings())


def load_by_id(session: Session, ids: Collection[int]) -> dict[int, Case]:
    """Lock and return these follow-ups by id."""
    rows = session.execute(_LOAD_BY_ID, {"ids": ",".join(map(str, ids))}).mappings() if ids else ()
    return {case.id: case for case in _cases(rows) if case.id is not None}


def load_events(session: Session, family_event_ids: Collection[int]) -> list[Case]:
    """Lock and return the follow-ups of these family events, ended ones too, oldest first."""
    params = {"ids": ",".join(map(str, family_event_ids))}
    return _cases(session.execute(_LOAD_EVENTS, params).mappings())


def refused_evidence(session: Session, cases: Collection[Case]) -> set[int]:
    """Return the ids of those of which a person has said that nobody was seen after all."""
    return set(session.scalars(_REFUSED, {"ids": [case.id for case in cases if case.state is FollowUpState.OPEN]}))


def evidence_of(appointment_id: int) -> str:
    """Return what a follow-up keeps where an appointment showed that somebody was seen."""
    return f"appointment {appointment_id}"


def save(session: Session, cases: Sequence[Case], *, now: datetime) -> None:
    """Store new and changed cases and append their stories; new ones have their ids afterwards."""
    new = [case for case in cases if case.id is None]
    _insert(session, new)
    # A case can only name the one it goes on in once that one is stored.
    late = [case for case in new if case.state is FollowUpState.CONTINUED]
    for case in cases:
        if case.continues_in is not None:
            case.continued_in = case.continues_in.id
    changed = [case for case in cases if case.changed and case not in new] + late
    if changed:
        session.execute(_UPDATE, {**packed(changed, _UPDATED), "now": now})
    _end_alerts(session, cases, now=now)
    _tell(session, cases, now=now)
    if any(case.high_risk for case in new):
        concern_flags.mark_red(session, now=now)  # a red flag in the family stands on it from the first moment


def _cases(rows: Iterable[RowMapping]) -> list[Case]:
    return [
        Case(
            **{
                **row,
                "state": FollowUpState(row["state"]),
                "trigger": FollowUpTrigger(row["trigger"]),
                "how": None if row["how"] is None else How(row["how"]),
            }
        )
        for row in rows
    ]


def _insert(session: Session, new: Sequence[Case]) -> None:
    if not new:
        return
    rows = session.execute(_INSERT, packed(new, _COLUMNS))
    by_subject = {(row[1], row[2], row[3], row[4]): int(row.id) for row in rows}
    for case in new:
        case.id = by_subject[case.appointment_id, case.expected_contact_id, case.referral_id, case.family_event_id]


def _end_alerts(session: Session, cases: Sequence[Case], *, now: datetime) -> None:
    explained = [case.id for case in cases if case.explained and case.id is not None]
    if explained:
        session.execute(_EXPLAINED, {"ids": explained, "now": now})
    over = [(case.id, case.story[-1].event if case.story else "changed") for case in cases if case.overtakes]
    if over:
        session.execute(_OVERTAKE, {**packed_tuples(over, _OVER), "now": now})
    stopped = [(case.id, "stopped") for case in cases if case.stops_texts]
    if stopped:
        session.execute(_STOP_TEXTS, {**packed_tuples(stopped, _OVER), "now": now})


def _tell(session: Session, cases: Sequence[Case], *, now: datetime) -> None:
    told = [
        (
            case.id,
            happened.event,
            happened.from_state,
            happened.to_state,
            case.step_id,
            happened.actor,
            happened.actor_kind,
            happened.reason,
            None if happened.detail is None else json.dumps(happened.detail),
        )
        for case in cases
        for happened in case.story
    ]
    if told:
        session.execute(_TELL, {**packed_tuples(told, _TOLD), "now": now})


_LIVE = ", ".join(f"'{state}'" for state in LIVE_FOLLOW_UP_STATES)
_KEPT = """appointment_id, expected_contact_id, referral_id, family_event_id, trigger, state, person_id, household_id,
    team_id, contact_code, pathway_code, pathway_version, cycle, how, miss_count, earlier_misses, high_risk,
    red_flag, anchor_at, breach_at, opened_at, step_id, step_fired_at, step_raised_to, steps_done, next_step_id,
    next_due_at, owner_practitioner_id, owner_team_id, acknowledged_by, acknowledged_at, acknowledged_until,
    text_released_at, text_released_by, seen_at, seen_evidence, closing_by, closing_reason, closed_by, closed_at,
    closed_reason, continued_in, faster, pattern_at"""
# Locked in the order of ids, so that two who lock the same ones wait for each other and never lock up.
_LOAD = text(
    f"""
    WITH RECURSIVE about AS (
        SELECT id, person_id, continued_in FROM follow_up
            WHERE appointment_id = ANY(CAST(string_to_array(:appointments, ',') AS bigint[]))
        UNION SELECT id, person_id, continued_in FROM follow_up
            WHERE expected_contact_id = ANY(CAST(string_to_array(:expected, ',') AS bigint[]))
        UNION SELECT id, person_id, continued_in FROM follow_up
            WHERE seen_evidence = ANY(string_to_array(:evidence, ','))
    ), touched AS (
        SELECT id, continued_in FROM about
        UNION SELECT id, continued_in FROM follow_up
            WHERE person_id = ANY(ARRAY(SELECT person_id FROM about)
                                  || CAST(string_to_array(:people, ',') AS bigint[]))
              AND state IN ({_LIVE}, 'continued')
    ), thread AS (
        SELECT id, continued_in FROM touched
        UNION SELECT f.id, f.continued_in FROM thread t JOIN follow_up f ON f.id = t.continued_in
    ), earlier AS (
        SELECT id FROM thread
        UNION SELECT f.id FROM earlier t JOIN follow_up f ON f.continued_in = t.id
    )
    SELECT id, {_KEPT} FROM follow_up WHERE id IN (SELECT id FROM earlier) ORDER BY id FOR NO KEY UPDATE
    """
)
_REFUSED = text(
    """
    SELECT DISTINCT follow_up_id FROM follow_up_event
    WHERE follow_up_id = ANY(CAST(:ids AS bigint[])) AND event = 'not_seen_after_all'
    """
)
_LOAD_BY_ID = text(
    f"""
    SELECT id, {_KEPT} FROM follow_up WHERE id = ANY(CAST(string_to_array(:ids, ',') AS bigint[]))
    ORDER BY id FOR NO KEY UPDATE
    """
)
_LOAD_EVENTS = text(
    f"""
    SELECT id, {_KEPT} FROM follow_up
    WHERE family_event_id = ANY(CAST(string_to_array(:ids, ',') AS bigint[])) ORDER BY id FOR NO KEY UPDATE
    """
)
_COLUMNS = (
    ("appointment_id", "bigint"),
    ("expected_contact_id", "bigint"),
    ("referral_id", "bigint"),
    ("family_event_id", "bigint"),
    ("trigger", "text"),
    ("state", "text"),
    ("person_id", "bigint"),
    ("household_id", "bigint"),
    ("team_id", "bigint"),
    ("contact_code", "text"),
    ("pathway_code", "text"),
    ("pathway_version", "bigint"),
    ("how", "text"),
    ("miss_count", "bigint"),
    ("earlier_misses", "bigint"),
    ("high_risk", "boolean"),
    ("anchor_at", "timestamptz"),
    ("breach_at", "timestamptz"),
    ("opened_at", "timestamptz"),
    ("done_json", "jsonb"),
    ("next_step_id", "text"),
    ("next_due_at", "timestamptz"),
    ("owner_practitioner_id", "bigint"),
    ("owner_team_id", "bigint"),
    ("seen_at", "timestamptz"),
    ("seen_evidence", "text"),
    ("faster", "boolean"),
    ("pattern_at", "timestamptz"),
)
_INSERT = text(
    f"""
    INSERT INTO follow_up (appointment_id, expected_contact_id, referral_id, family_event_id, trigger, state, person_id,
        household_id, team_id, contact_code, pathway_code, pathway_version, how, miss_count, earlier_misses, high_risk,
        anchor_at, breach_at, opened_at, steps_done, next_step_id, next_due_at, owner_practitioner_id, owner_team_id,
        seen_at, seen_evidence, faster, pattern_at)
    SELECT appointment_id, expected_contact_id, referral_id, family_event_id, trigger,
        CASE WHEN state = 'continued' THEN 'open' ELSE state END, person_id, household_id, team_id, contact_code,
        pathway_code, pathway_version, how, miss_count, earlier_misses, high_risk, anchor_at, breach_at, opened_at,
        done_json, next_step_id, coalesce(next_due_at, opened_at), owner_practitioner_id, owner_team_id, seen_at,
        seen_evidence, faster, pattern_at
    FROM {unpacked(_COLUMNS, alias="u")} ORDER BY u.place
    RETURNING id, appointment_id, expected_contact_id, referral_id, family_event_id
    """
)
_UPDATED = (
    ("id", "bigint"),
    ("appointment_id", "bigint"),
    ("expected_contact_id", "bigint"),
    ("trigger", "text"),
    ("state", "text"),
    ("person_id", "bigint"),
    ("household_id", "bigint"),
    ("team_id", "bigint"),
    ("contact_code", "text"),
    ("pathway_code", "text"),
    ("pathway_version", "bigint"),
    ("cycle", "bigint"),
    ("how", "text"),
    ("miss_count", "bigint"),
    ("earlier_misses", "bigint"),
    ("high_risk", "boolean"),
    ("red_flag", "boolean"),
    ("owner_practitioner_id", "bigint"),
    ("owner_team_id", "bigint"),
    ("anchor_at", "timestamptz"),
    ("breach_at", "timestamptz"),
    ("step_id", "text"),
    ("step_fired_at", "timestamptz"),
    ("step_raised_to", "bigint"),
    ("done_json", "jsonb"),
    ("next_step_id", "text"),
    ("next_due_at", "timestamptz"),
    ("acknowledged_by", "text"),
    ("acknowledged_at", "timestamptz"),
    ("acknowledged_until", "timestamptz"),
    ("text_released_at", "timestamptz"),
    ("text_released_by", "text"),
    ("seen_at", "timestamptz"),
    ("seen_evidence", "text"),
    ("closing_by", "text"),
    ("closing_reason", "text"),
    ("closed_by", "text"),
    ("closed_at", "timestamptz"),
    ("closed_reason", "text"),
    ("continued_in", "bigint"),
    ("faster", "boolean"),
    ("pattern_at", "timestamptz"),
)
_SET = ", ".join(f"{name} = u.{name}" for name, _ in _UPDATED if name not in ("id", "done_json"))
_UPDATE = text(
    f"""
    UPDATE follow_up f SET {_SET}, steps_done = u.done_json, row_version = f.row_version + 1,
        patterns_looked = f.patterns_looked AND f.cycle = u.cycle AND f.miss_count = u.miss_count,
        closing_note = CASE WHEN u.closing_by IS NOT NULL THEN f.closing_note END,
        closed_note = CASE WHEN u.closed_by IS NOT NULL THEN f.closed_note END
    FROM {unpacked(_UPDATED, alias="u")} WHERE f.id = u.id
    """
)
_OVER = (("id", "bigint"), ("outcome", "text"))
_OVERTAKE = text(
    f"""
    UPDATE alert SET state = 'overtaken', ended_at = :now, ended_by = 'engine', outcome = u.outcome
    FROM {unpacked(_OVER, alias="u")}
    WHERE alert.follow_up_id = u.id AND alert.state = 'open'
      AND alert.kind IN ('step', 'confirm_seen', 'second_signature')
    """
)
_EXPLAINED = text(
    """
    UPDATE alert SET state = 'overtaken', ended_at = :now, ended_by = 'engine', outcome = 'explained'
    WHERE follow_up_id = ANY(CAST(:ids AS bigint[])) AND state = 'open' AND kind = 'cancellation_unexplained'
    """
)
_STOP_TEXTS = text(
    f"""
    UPDATE message SET state = 'dropped', ended_at = :now, ended_by = 'engine'
    WHERE audience = 'family' AND state IN {words_in(WAITING)}
      AND id IN (SELECT s.message_id FROM message_subject s JOIN {unpacked(_OVER, alias="u")} ON u.id = s.follow_up_id)
    """
)
_TOLD = (
    ("follow_up_id", "bigint"),
    ("event", "text"),
    ("from_state", "text"),
    ("to_state", "text"),
    ("step_id", "text"),
    ("actor", "text"),
    ("actor_kind", "text"),
    ("reason", "text"),
    ("detail", "jsonb"),
)
_TELL = text(
    f"""
    INSERT INTO follow_up_event (follow_up_id, at, event, from_state, to_state, step_id, actor, actor_kind, reason,
                                 detail)
    SELECT follow_up_id, :now, event, from_state, to_state, step_id, actor, actor_kind, reason, detail
    FROM {unpacked(_TOLD, alias="u")} ORDER BY u.place
    """
)

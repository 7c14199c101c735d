"""What follows from a hold for plans: whose care or hand-over begins, which follow-ups give way to a gentler ladder.

Taken up by `detect` once a hold is set, and again for whatever is opened later about somebody who has died. Never
commits.
"""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.domain.words import HoldKind


class Applied(NamedTuple):
    """A hold taken up, with whom the event it starts is about and where that belongs.

    `in_hand`: a live follow-up of such an event is there already, and takes this one in.
    """

    id: int
    kind: HoldKind
    set_by: str
    starts_at: datetime
    event_person_id: int
    household_id: int | None
    team_id: int | None
    practitioner_id: int | None
    in_hand: bool
    is_news: bool  # false: a loss long ago, or one taken up before, which starts nothing


class Replacement(NamedTuple):
    """The ladder that takes over under one kind of hold."""

    kind: HoldKind
    pathway_code: str
    pathway_version: int


def take_to_apply(session: Session, *, now: datetime, limit: int) -> list[Applied]:
    """Take up to `limit` holds whose consequences are to be drawn now, oldest first; the contacts of those who died or
    of an ended pregnancy are looked at again at once."""
    taken = session.scalars(_TAKE, {"now": now, "limit": limit}).all()
    if not taken:
        return []
    params = {"ids": list(taken), "now": now}
    session.execute(_WAKE_CONTACTS, params)
    return [Applied(row[0], HoldKind(row[1]), *row[2:]) for row in session.execute(_APPLIED, params)]


def replace_plans(
    session: Session,
    replacement: Replacement,
    *,
    antenatal: Collection[str],
    now: datetime,
    holds: Collection[int] = (),
    follow_ups: Collection[int] = (),
) -> int:
    """Put the live follow-ups of whoever died, or of the pregnancy that ended, on the ladder that takes over.

    Those under one of `holds`, or among `follow_ups`; return how many. What they go back to, if the news was wrong, is
    kept on the row. Their open alerts are overtaken; a person closes them.
    """
    params = {
        "kind": replacement.kind,
        "code": replacement.pathway_code,
        "version": replacement.pathway_version,
        "antenatal": sorted(antenatal),
        "now": now,
        **({"holds": list(holds)} if holds else {"follow_ups": list(follow_ups)}),
    }
    which = "h.id = ANY(CAST(:holds AS bigint[]))" if holds else "f.id = ANY(CAST(:follow_ups AS bigint[]))"
    return int(session.execute(text(_REPLACE.format(which=which)), params).scalar_one())


def put_back(session: Session, hold_id: int, *, by: str, reason: str, now: datetime) -> int:
    """A hold was an error: its follow-ups run on their own plans again, those closed for it are open again.

    Return how many.
    """
    params = {"id": hold_id, "by": by, "reason": reason, "now": now}
    return int(session.execute(text(_PUT_BACK.format(which="f.hold_id = :id")), params).scalar_one())


def put_back_for_others(session: Session, people: Collection[int], *, by: str, reason: str, now: datetime) -> int:
    """Two records are two again: what of these people gave way to a hold about somebody else runs on its own plan.

    Return how many. Contacts called off for the loss are looked at again at once: whoever has died loses them anew.
    """
    params = {"people": list(people), "by": by, "reason": reason, "now": now}
    session.execute(_CALLED_OFF_BACK, {"people": list(people), "by": by, "now": now})
    return int(session.execute(text(_PUT_BACK.format(which=_ABOUT_ANOTHER)), params).scalar_one())


def contacts_back(session: Session, hold_id: int, *, now: datetime) -> None:
    """Look at once at the contacts that were called off for a hold that is over or was an error."""
    session.execute(_CONTACTS_BACK, {"id": hold_id, "now": now})


_TAKE = text(
    """
    WITH due AS MATERIALIZED (
        SELECT id FROM hold WHERE apply_at <= :now ORDER BY apply_at, id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE hold SET apply_at = NULL FROM due WHERE hold.id = due.id RETURNING hold.id
    """
)
_WAKE_CONTACTS = text(
    """
    UPDATE expected_contact e SET next_due_at = :now FROM hold h
    WHERE h.id = ANY(CAST(:ids AS bigint[])) AND e.state IN ('planned', 'booked')
      AND (e.person_id = h.about_person_id OR (e.pregnancy_id = h.pregnancy_id
           AND e.person_id = (SELECT mother_id FROM pregnancy WHERE id = h.pregnancy_id)))
    """
)
# Care is for the mother, else for another adult who lives; a move is about a child first, the youngest.
_APPLIED = text(
    """
    SELECT h.id, h.kind, h.set_by, h.starts_at, p.id, place.household_id,
           coalesce(p.team_id, home.team_id, about.team_id),
           coalesce(p.caseload_holder_id, about.caseload_holder_id, (
               SELECT c.caseload_holder_id FROM household_member m JOIN person c ON c.id = m.person_id
               WHERE m.household_id = place.household_id AND m.valid_until IS NULL
                 AND c.caseload_holder_id IS NOT NULL
               ORDER BY c.date_of_birth DESC NULLS LAST, c.id LIMIT 1)),
           EXISTS (SELECT FROM family_event v LEFT JOIN follow_up f ON f.family_event_id = v.id
                   WHERE v.kind = CASE h.kind WHEN 'moved_out' THEN 'moved_out' ELSE 'bereavement_care' END
                     AND (v.household_id = place.household_id OR v.person_id = p.id)
                     AND (v.open_at IS NOT NULL OR f.state IN ('open', 'backlog', 'seen', 'closing'))),
           coalesce(h.detail ->> 'news', 'true') = 'true' AND NOT EXISTS (
               SELECT FROM family_event v WHERE v.kind IN ('bereavement_care', 'moved_out')
                 AND v.detail ->> 'hold' = CAST(h.id AS text))
    FROM hold h
    LEFT JOIN pregnancy g ON g.id = h.pregnancy_id
    LEFT JOIN person about ON about.id = coalesce(h.about_person_id, h.person_id)
    CROSS JOIN LATERAL (
        SELECT coalesce(h.household_id, g.household_id, (
            SELECT min(m.household_id) FROM household_member m
            WHERE m.person_id = coalesce(h.person_id, g.mother_id) AND m.valid_until IS NULL)) AS household_id) AS place
    CROSS JOIN LATERAL (
        SELECT id FROM (
            SELECT g.mother_id AS id, 0 AS rank, NULL::date AS born WHERE g.id IS NOT NULL
            UNION ALL
            SELECT h.person_id, 1, NULL WHERE h.kind = 'moved_out' AND h.person_id IS NOT NULL
            UNION ALL
            SELECT m.person_id, CASE
                WHEN h.kind = 'moved_out' THEN CASE m.role WHEN 'child' THEN 2 ELSE 3 END
                WHEN m.role = 'mother' THEN 2 WHEN m.role IN ('child', 'unborn') THEN 5 ELSE 3 END, c.date_of_birth
            FROM household_member m JOIN person c ON c.id = m.person_id
            WHERE m.household_id = place.household_id AND m.valid_until IS NULL AND c.life_status <> 'deceased'
            UNION ALL
            SELECT coalesce(h.person_id, h.about_person_id, (
                SELECT min(m.person_id) FROM household_member m WHERE m.household_id = h.household_id)), 9, NULL
        ) AS whom WHERE id IS NOT NULL ORDER BY rank, born DESC NULLS LAST, id LIMIT 1) AS chosen
    JOIN person p ON p.id = chosen.id
    LEFT JOIN household home ON home.id = place.household_id
    WHERE h.id = ANY(CAST(:ids AS bigint[])) ORDER BY h.id
    """
)
# A later pregnancy's contacts are its own: only those of the ended one give way while another goes on.
_REPLACE = """
    WITH under AS (
        SELECT f.id, max(h.id) AS hold_id
        FROM hold h
        LEFT JOIN pregnancy g ON g.id = h.pregnancy_id
        JOIN follow_up f ON f.person_id = coalesce(h.about_person_id, g.mother_id)
        LEFT JOIN appointment a ON a.id = f.appointment_id
        LEFT JOIN expected_contact e ON e.id = coalesce(f.expected_contact_id, a.expected_contact_id)
        LEFT JOIN family_event v ON v.id = f.family_event_id
        WHERE h.kind = :kind AND h.ended_how IS DISTINCT FROM 'in_error'
          AND {which}
          AND f.state IN ('open', 'backlog', 'seen', 'closing') AND f.pathway_code <> :code
          AND coalesce(v.kind NOT IN ('bereavement_care', 'moved_out'), true)
          AND (h.about_person_id IS NOT NULL OR e.pregnancy_id = g.id
               OR ((f.contact_code = ANY(CAST(:antenatal AS text[])) OR a.subject_role = 'unborn')
                   AND NOT EXISTS (SELECT FROM pregnancy n WHERE n.mother_id = g.mother_id
                                   AND n.outcome IN ('unknown', 'continuing'))))
        GROUP BY f.id
    ), locked AS MATERIALIZED (
        SELECT f.* FROM follow_up f WHERE f.id IN (SELECT id FROM under) ORDER BY f.id FOR NO KEY UPDATE
    ), gave_way AS (
        UPDATE follow_up f SET
            plan_before = jsonb_build_object('pathway_code', l.pathway_code, 'pathway_version', l.pathway_version,
                                             'anchor_at', l.anchor_at),
            hold_id = u.hold_id, pathway_code = :code, pathway_version = :version, cycle = l.cycle + 1,
            anchor_at = :now, step_id = NULL, step_fired_at = NULL, step_raised_to = 0, steps_done = '{{}}',
            acknowledged_by = NULL, acknowledged_at = NULL, acknowledged_until = NULL, text_released_at = NULL,
            text_released_by = NULL, row_version = l.row_version + 1,
            next_due_at = CASE WHEN l.state = 'backlog' THEN l.next_due_at ELSE CAST(:now AS timestamptz) END
        FROM locked l JOIN under u ON u.id = l.id WHERE f.id = l.id RETURNING f.id, f.state, f.hold_id
    ), told AS (
        INSERT INTO follow_up_event (follow_up_id, at, event, from_state, to_state, actor_kind, actor, detail)
        SELECT id, :now, 'plan_gave_way', state, state, 'engine', 'engine', jsonb_build_object('hold', hold_id)
        FROM gave_way
    ), over AS (
        UPDATE alert SET state = 'overtaken', ended_at = :now, ended_by = 'engine', outcome = 'plan_gave_way'
        FROM gave_way WHERE alert.follow_up_id = gave_way.id AND alert.state = 'open'
          AND alert.kind IN ('step', 'confirm_seen', 'second_signature')
    )
    SELECT count(*) FROM gave_way
"""
_CONTACTS_BACK = text(
    """
    UPDATE expected_contact e SET state = 'planned', next_due_at = :now FROM hold h
    LEFT JOIN pregnancy g ON g.id = h.pregnancy_id
    WHERE h.id = :id AND e.state = 'not_applicable'
      AND (e.person_id = h.about_person_id OR (e.person_id = g.mother_id AND e.pregnancy_id = g.id)
           OR (h.kind = 'moved_out' AND (e.person_id = h.person_id OR e.person_id IN (
               SELECT m.person_id FROM household_member m
               WHERE m.household_id = h.household_id AND m.valid_until IS NULL))))
    """
)
_CALLED_OFF_BACK = text(
    """
    WITH back AS (
        UPDATE expected_contact e SET state = 'planned', next_due_at = :now
        WHERE e.person_id = ANY(CAST(:people AS bigint[])) AND e.state = 'not_applicable' AND NOT e.whole_family
          AND (SELECT v.event FROM expected_contact_event v WHERE v.expected_contact_id = e.id
               ORDER BY v.id DESC LIMIT 1) IN ('died', 'pregnancy_ended')
        RETURNING e.id
    )
    INSERT INTO expected_contact_event (expected_contact_id, at, event, from_state, to_state, actor_kind, actor)
    SELECT id, :now, 'planned_again', 'not_applicable', 'planned', 'person', :by FROM back
    """
)
_ABOUT_ANOTHER = """f.person_id = ANY(CAST(:people AS bigint[])) AND EXISTS (
        SELECT FROM hold h LEFT JOIN pregnancy g ON g.id = h.pregnancy_id
        WHERE h.id = f.hold_id AND coalesce(h.about_person_id, g.mother_id) <> f.person_id)"""
_PUT_BACK = """
    WITH locked AS MATERIALIZED (
        SELECT f.* FROM follow_up f WHERE {which} AND (f.state IN ('open', 'backlog', 'seen', 'closing')
            OR (f.state = 'closed' AND f.closed_reason IN ('died', 'pregnancy_ended')))
        ORDER BY f.id FOR NO KEY UPDATE
    ), back AS (
        UPDATE follow_up f SET
            pathway_code = l.plan_before ->> 'pathway_code',
            pathway_version = CAST(l.plan_before ->> 'pathway_version' AS bigint),
            anchor_at = CAST(l.plan_before ->> 'anchor_at' AS timestamptz), plan_before = NULL, hold_id = NULL,
            cycle = l.cycle + 1, state = CASE WHEN l.state = 'closed' THEN 'open' ELSE l.state END,
            step_id = NULL, step_fired_at = NULL, step_raised_to = 0, steps_done = '{{}}', acknowledged_by = NULL,
            acknowledged_at = NULL, acknowledged_until = NULL, closed_by = NULL, closed_at = NULL,
            closed_reason = NULL, closed_note = NULL,
            closing_by = CASE WHEN l.state = 'closing' THEN l.closing_by END,
            closing_reason = CASE WHEN l.state = 'closing' THEN l.closing_reason END,
            closing_note = CASE WHEN l.state = 'closing' THEN l.closing_note END,
            row_version = l.row_version + 1,
            next_due_at = CASE WHEN l.state = 'backlog' THEN l.next_due_at ELSE CAST(:now AS timestamptz) END
        FROM locked l WHERE f.id = l.id RETURNING f.id, l.state AS was, f.state
    ), told AS (
        INSERT INTO follow_up_event (follow_up_id, at, event, from_state, to_state, actor_kind, actor, reason)
        SELECT id, :now, 'plan_put_back', was, state, 'person', :by, :reason FROM back
    ), over AS (
        UPDATE alert SET state = 'overtaken', ended_at = :now, ended_by = :by, outcome = 'plan_put_back'
        FROM back WHERE alert.follow_up_id = back.id AND alert.state = 'open'
          AND alert.kind IN ('step', 'confirm_seen', 'second_signature')
    )
    SELECT count(*) FROM back
"""

"""What the pattern rules ask of households: their people, contacts, live follow-ups, scores, earlier patterns.

One statement for each, whatever the number of households. Never commits.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.packing import packed_tuples, unpacked
from models.db.pattern_looks import LISTED, Cluster


@dataclass(frozen=True, slots=True)
class Asked:
    """What the queries need of the rules: contact codes by what they are, flag codes that are no risk, how far back."""

    in_person: Collection[str]  # contact codes whose default mode is in person
    not_evidence: Collection[str]  # sub-types of an attendance that show nobody
    reviews: Collection[str]
    statuses: Collection[str]
    harmless_flags: Collection[str]
    event_codes: Collection[str]  # of the family events whose follow-ups a pattern raises
    since: datetime
    adults_born_before: date


class MemberRow(NamedTuple):
    """One living member; `cluster_person_id` where they stand alone."""

    household_id: int | None
    cluster_person_id: int | None
    person_id: int
    is_child: bool
    born: date | None
    known_since: datetime
    last_seen_at: datetime | None
    review_due: date | None
    flagged: bool
    number_changed_at: datetime | None
    address_changed_at: datetime | None


class EventRow(NamedTuple):
    """One contact. `status` 'moved': that an appointment was moved; `household_id`: of a disclosed fact alone."""

    person_id: int | None
    household_id: int | None
    contact_code: str
    status: str
    subtype: str | None
    at: datetime
    about: int
    first_received_at: datetime
    go_live_on: date | None


class LiveRow(NamedTuple):
    """One live follow-up outside the backlog, locked. `tells`: its ladder has a step for a pattern."""

    follow_up_id: int
    person_id: int
    household_id: int | None
    team_id: int | None
    appointment_id: int | None
    contact_code: str
    is_miss: bool
    opened_at: datetime
    breach_at: datetime
    high_risk: bool
    tells: bool


class ScreenRow(NamedTuple):
    """A score or concern that asked for a decision."""

    person_id: int
    on: date
    team_id: int | None


class EarlierRow(NamedTuple):
    """A pattern found before."""

    household_id: int | None
    person_id: int
    of_household: bool
    reader: str | None
    rule: str
    about: str
    found_at: datetime


@dataclass(frozen=True, slots=True)
class Loaded:
    """Everything about a set of households, to be sorted to each."""

    members: Sequence[MemberRow]
    events: Sequence[EventRow]
    live: Sequence[LiveRow]
    screens: Sequence[ScreenRow]
    earlier: Sequence[EarlierRow]


def load(session: Session, clusters: Sequence[Cluster], asked: Asked) -> Loaded:
    """Read the facts and lock the live follow-ups, which may be raised. A person now in a household has no row."""
    params: dict[str, Any] = {
        **packed_tuples(clusters, _CLUSTERS),
        "in_person": sorted(asked.in_person),
        "not_evidence": sorted(asked.not_evidence),
        "reviews": sorted(asked.reviews),
        "statuses": sorted(asked.statuses),
        "harmless": sorted(asked.harmless_flags),
        "event_codes": sorted(asked.event_codes),
        "since": asked.since,
        "adults": asked.adults_born_before,
        "step_of_pattern": _STEP_OF_PATTERN,
    }
    members = [MemberRow._make(row) for row in session.execute(_MEMBERS, params)]
    params["people"] = ",".join(map(str, sorted({member.person_id for member in members})))
    params["households"] = ",".join(
        str(cluster.household_id) for cluster in clusters if cluster.household_id is not None
    )
    return Loaded(
        members,
        [EventRow._make(row) for row in session.execute(_EVENTS, params)],
        [LiveRow._make(row) for row in session.execute(_LIVE, params)],
        [ScreenRow._make(row) for row in session.execute(_SCREENS, params)],
        [EarlierRow._make(row) for row in session.execute(_EARLIER, params)],
    )


_PEOPLE = "CAST(string_to_array(:people, ',') AS bigint[])"
_HOUSEHOLDS = "CAST(string_to_array(:households, ',') AS bigint[])"
_CLUSTERS = (("household_id", "bigint"), ("person_id", "bigint"))
# Lax, so that one way of becoming due and several are read alike.
_STEP_OF_PATTERN = '$.steps[*] ? (@.due.from == "pattern_found" && @.when.triggers[*] == $trigger)'
# Children first, so that a household is spoken for by a child of it.
_MEMBERS = text(
    f"""
    WITH who AS (
        SELECT c.household_id, NULL::bigint AS alone, m.person_id, m.role = 'child' AS is_child
        FROM {unpacked(_CLUSTERS, alias="c")} JOIN household_member m ON m.household_id = c.household_id
        WHERE m.valid_until IS NULL AND m.role <> 'unborn'
        UNION ALL
        SELECT NULL, c.person_id, c.person_id, coalesce(p.date_of_birth > :adults, false)
        FROM {unpacked(_CLUSTERS, alias="c")} JOIN person p ON p.id = c.person_id
        WHERE NOT EXISTS (SELECT FROM household_member m WHERE m.person_id = c.person_id AND m.valid_until IS NULL)
    )
    SELECT w.household_id, w.alone, w.person_id, w.is_child, p.date_of_birth, p.first_received_at, seen.at,
           (SELECT min(e.window_end) FROM expected_contact e
            WHERE w.is_child AND e.person_id = w.person_id AND e.state = 'overdue'
              AND e.contact_code = ANY(CAST(:reviews AS text[]))
              AND e.window_end > coalesce(CAST(seen.at AS date), '-infinity')),
           EXISTS (SELECT FROM flag g WHERE g.person_id = w.person_id AND g.ended_at IS NULL
                   AND g.code <> ALL(CAST(:harmless AS text[]))),
           (SELECT max(n.created_at) FROM contact_point n WHERE n.person_id = w.person_id
              AND EXISTS (SELECT FROM contact_point o WHERE o.person_id = n.person_id AND o.created_at < n.created_at)),
           p.postcode_changed_at
    FROM who w
    JOIN person p ON p.id = w.person_id AND p.life_status <> 'deceased'
    LEFT JOIN LATERAL (
        SELECT max(a.ends_at) AS at FROM appointment a JOIN source s ON s.id = a.source_id
        WHERE w.is_child AND a.person_id = w.person_id AND a.status IN ('attended', 'attended_late')
          AND coalesce(a.subtype, '') <> ALL(CAST(:not_evidence AS text[]))
          AND (a.mode IN ('home', 'clinic') OR a.mode IS NULL AND a.contact_code = ANY(CAST(:in_person AS text[])))
          AND (a.status_by LIKE 'person:%' OR 'attendance' = ANY(s.authoritative_for))) AS seen ON true
    ORDER BY w.household_id, NOT w.is_child, p.date_of_birth DESC NULLS LAST, w.person_id
    """
)
_EVENTS = text(
    f"""
    SELECT a.person_id, NULL::bigint, a.contact_code, a.status, a.subtype,
           CASE WHEN a.status LIKE 'cancelled%' OR a.status = 'declined'
                THEN coalesce(a.cancelled_at, a.recorded_at, a.ends_at) ELSE a.ends_at END AS at,
           a.id, a.first_received_at, s.go_live_on
    FROM appointment a JOIN source s ON s.id = a.source_id
    WHERE a.person_id = ANY({_PEOPLE}) AND a.starts_at > :since AND a.vanished_at IS NULL
      AND a.status = ANY(CAST(:statuses AS text[]))
    UNION ALL
    SELECT a.person_id, NULL, a.contact_code, 'moved', NULL, e.at, a.id, a.first_received_at, s.go_live_on
    FROM appointment a JOIN source s ON s.id = a.source_id
    JOIN appointment_event e ON e.appointment_id = a.id AND e.event = 'moved' AND e.at > :since
    WHERE a.person_id = ANY({_PEOPLE}) AND a.starts_at > :since AND a.status <> 'void'
    UNION ALL
    SELECT NULL, v.household_id, v.kind, 'missed', NULL, v.happened_at, v.id, v.recorded_at, NULL
    FROM family_event v
    WHERE v.household_id = ANY({_HOUSEHOLDS}) AND v.kind = 'adult_missed_contact' AND v.happened_at > :since
    ORDER BY at, 7
    """
)
_LIVE = text(
    f"""
    SELECT f.id, f.person_id, f.household_id, coalesce(f.team_id, p.team_id), f.appointment_id, f.contact_code,
           f.trigger IN ('missed', 'cancelled', 'never_booked', 'overdue'), f.opened_at, f.breach_at, f.high_risk,
           EXISTS (SELECT FROM pathway_version v WHERE v.code = f.pathway_code AND v.version = f.pathway_version
                   AND jsonb_path_exists(v.content, CAST(:step_of_pattern AS jsonpath),
                                         jsonb_build_object('trigger', f.trigger)))
    FROM follow_up f JOIN person p ON p.id = f.person_id
    WHERE f.person_id = ANY({_PEOPLE}) AND f.state IN ({LISTED})
      AND (f.trigger IN ('missed', 'cancelled', 'never_booked', 'overdue')
           OR f.contact_code = ANY(CAST(:event_codes AS text[])))
    ORDER BY f.id FOR NO KEY UPDATE OF f
    """
)
_SCREENS = text(
    f"""
    SELECT r.person_id, coalesce(i.recorded_on, CAST(r.raised_at AS date)), coalesce(r.team_id, p.team_id)
    FROM referral_prompt r JOIN person p ON p.id = r.person_id LEFT JOIN indicator i ON i.id = r.indicator_id
    WHERE r.person_id = ANY({_PEOPLE}) AND r.raised_at > :since
    """
)
# Patterns are a history that nobody changes, so who they are of is read: whose record was joined with another's stands
# for that one, and whose contact it was tells where records were taken apart since.
_EARLIER = text(
    f"""
    WITH people AS (
        SELECT unnest({_PEOPLE}) AS id
        UNION SELECT p.id FROM person p WHERE p.merged_into = ANY({_PEOPLE})
        UNION SELECT r.kept_person_id FROM record_merge r WHERE r.gone_person_id = ANY({_PEOPLE})
    ), homes AS (
        SELECT unnest({_HOUSEHOLDS}) AS id
        UNION SELECT h.id FROM household h WHERE h.merged_into = ANY({_HOUSEHOLDS})
        UNION SELECT r.kept_household_id FROM record_merge r WHERE r.gone_household_id = ANY({_HOUSEHOLDS})
    ), found AS (
        SELECT * FROM pattern_found WHERE household_id IN (SELECT id FROM homes)
        UNION SELECT * FROM pattern_found WHERE person_id IN (SELECT id FROM people)
    )
    SELECT coalesce(of_gone.gone_household_id, h.merged_into, f.household_id),
           CASE WHEN f.of_household THEN f.person_id ELSE coalesce(a.person_id, p.merged_into, f.person_id) END,
           f.of_household, f.reader, f.rule, f.about, f.found_at
    FROM found f JOIN person p ON p.id = f.person_id LEFT JOIN household h ON h.id = f.household_id
    LEFT JOIN appointment a
           ON a.id = CASE WHEN f.about ~ '^appointment [0-9]+$' THEN CAST(split_part(f.about, ' ', 2) AS bigint) END
    LEFT JOIN LATERAL (
        SELECT r.gone_household_id FROM record_merge r
        WHERE r.kept_household_id = f.household_id AND r.gone_household_id = a.household_id
          AND r.made_at <= f.found_at AND r.undone_at > f.found_at LIMIT 1) AS of_gone ON true
    """
)

"""Indicators to look at and the prompts they raise, taken and raised in sets. Never commits."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.holders import of_family
from models.db.packing import packed, unpacked
from models.domain.indicators import Recorded
from models.domain.words import Known, PerinatalPhase, PersonRole

# A pregnancy is dated 280 days back from the due date, and its outcome is asked for 14 days after it: domain.md 1.1.
GESTATION_DAYS, OVERDUE_DAYS = 280, 14


class Taken(NamedTuple):
    """A recorded indicator that the rules should look at now, locked; with what is known of the person then."""

    id: int
    person_id: int
    household_id: int | None
    team_id: int | None
    caseload_holder: int | None
    instrument: str
    total: int | None
    self_harm_item: int | None
    answers: Mapping[str, str] | None
    recorded_on: date
    received_at: datetime
    person_role: str | None
    phase: str | None
    language: str | None
    pregnancy_id: int | None
    wanted: bool  # old, and somebody who read it wants a prompt all the same

    @property
    def recorded(self) -> Recorded:
        """What the rules look at."""
        answers = None if self.answers is None else {item: Known(answer) for item, answer in self.answers.items()}
        return Recorded(
            instrument=self.instrument,
            total=self.total,
            self_harm_item=self.self_harm_item,
            answers=answers,
            phase=None if self.phase is None else PerinatalPhase(self.phase),
            person=None if self.person_role is None else PersonRole(self.person_role),
            language=self.language,
        )


class Earlier(NamedTuple):
    """A prompt of somebody that waits, or that was answered with a referral or "already known"."""

    id: int
    person_id: int
    weight: int
    same_day: bool
    state: str
    instrument: str
    total: int | None
    counts_from: date


@dataclass(frozen=True, slots=True)
class NewPrompt:
    """A prompt to raise, due to be asked about at once: it owns a person or a pool."""

    dedupe_key: str
    indicator_id: int
    person_id: int
    household_id: int | None
    team_id: int | None
    rule_id: str
    rule_version: int
    weight: int
    basis: str
    urgency: str
    same_day: bool
    next_due_at: datetime
    owner_practitioner_id: int | None
    owner_team_id: int | None


@dataclass(frozen=True, slots=True)
class Looked:
    """What the rules made of an indicator. `prompt_id`: the prompt raised, or the one it joined."""

    id: int
    verdict: str
    prompt_id: int | None
    standing: bool


@dataclass(frozen=True, slots=True)
class Look:
    """How to look: at what time and civil day, which instruments are histories, how long after a birth counts."""

    now: datetime
    today: date
    standing: tuple[str, ...]
    postnatal_months: int
    first_only: bool = False


def take(session: Session, look: Look, *, limit: int) -> list[Taken]:
    """Take up to `limit` indicators to look at; each must get its verdict in this transaction.

    `first_only`: answers of yes or no and self-harm items alone, so that nothing grave waits behind a file of totals.
    """
    given = {**_given(look), "now": look.now, "limit": limit}
    return [Taken._make(row) for row in session.execute(_TAKE_FIRST if look.first_only else _TAKE, given)]


def as_looked_at(session: Session, indicator_id: int, look: Look) -> Taken:
    """One indicator as the rules would see it now; read, not locked. For the page that says what it calls for."""
    return Taken._make(session.execute(_ONE, {**_given(look), "id": indicator_id}).one())


def earlier(session: Session, people: Collection[int], *, since: date) -> list[Earlier]:
    """Return the prompts of these people that could cover another one and count from `since` or later."""
    if not people:
        return []
    return [Earlier._make(row) for row in session.execute(_EARLIER, {"people": sorted(people), "since": since})]


def raise_many(session: Session, prompts: Sequence[NewPrompt], *, now: datetime) -> dict[str, int]:
    """Raise prompts, one per key for ever; return the ids of all of them by key, also of those raised before."""
    if not prompts:
        return {}
    return {row.dedupe_key: row.id for row in session.execute(_RAISE, {**packed(prompts, _NEW), "now": now})}


def store_verdicts(session: Session, looked: Sequence[Looked], *, now: datetime) -> None:
    """Note what the rules made of indicators: none of them is due to be looked at any more."""
    if looked:
        session.execute(_VERDICTS, {**packed(looked, _LOOKED), "now": now})


def _given(look: Look) -> dict[str, object]:
    return {
        "today": look.today,
        "standing": list(look.standing),
        "months": look.postnatal_months,
        "gestation": GESTATION_DAYS,
        "overdue": OVERDUE_DAYS,
    }


# Whom it is about, and when: as the record says, else as the family's rows have it. A history counts as of today.
_FACTS = f"""
    SELECT i.id, i.person_id, m.household_id, coalesce(p.team_id, m.team_id),
           {of_family(own="p.caseload_holder_id", household="m.household_id")},
           upper(i.instrument), i.total, i.self_harm_item, i.answers, i.recorded_on, i.received_at,
           coalesce(i.person_role, m.role), coalesce(i.phase, CASE WHEN expecting.id IS NOT NULL THEN 'antenatal'
               WHEN EXISTS (SELECT FROM household_member k JOIN person c ON c.id = k.person_id
                            WHERE k.household_id = m.household_id AND k.valid_until IS NULL AND k.role = 'child'
                              AND c.date_of_birth <= i.on_day
                              AND c.date_of_birth > i.on_day - make_interval(months => :months)) THEN 'postnatal' END),
           coalesce(i.language, spoken.language), CASE WHEN i.is_history THEN expecting.id END,
           EXISTS (SELECT FROM indicator_review v WHERE v.indicator_id = i.id AND v.raised)
    FROM (SELECT *, CASE WHEN is_history THEN CAST(:today AS date) ELSE recorded_on END AS on_day
          FROM (SELECT i.*, upper(i.instrument) = ANY(:standing) AS is_history FROM i) AS i) AS i
    JOIN person p ON p.id = i.person_id
    LEFT JOIN LATERAL (
        SELECT m.household_id, m.role, h.team_id FROM household_member m JOIN household h ON h.id = m.household_id
        WHERE m.person_id = p.id AND m.valid_until IS NULL ORDER BY m.id LIMIT 1) AS m ON true
    LEFT JOIN LATERAL (
        SELECT g.id FROM pregnancy g
        WHERE (g.mother_id = p.id OR g.household_id = m.household_id) AND i.on_day >= g.edd - :gestation
          AND CASE WHEN g.outcome IN ('unknown', 'continuing') THEN i.on_day <= g.edd + :overdue
                   ELSE i.on_day < g.ended_on END
        ORDER BY g.edd DESC LIMIT 1) AS expecting ON true
    LEFT JOIN LATERAL (SELECT c.language FROM contact_point c
                       WHERE c.person_id = p.id AND c.language IS NOT NULL ORDER BY c.id LIMIT 1) AS spoken ON true
    ORDER BY i.person_id, i.recorded_on, i.id
"""
_LOCKED = """
    WITH i AS MATERIALIZED (
        SELECT * FROM indicator WHERE examine_at <= :now {first} ORDER BY examine_at, id LIMIT :limit
        FOR NO KEY UPDATE SKIP LOCKED
    )
"""
_ONE = text("WITH i AS MATERIALIZED (SELECT * FROM indicator WHERE id = :id)" + _FACTS)
_TAKE = text(_LOCKED.format(first="") + _FACTS)
_TAKE_FIRST = text(_LOCKED.format(first="AND (answers IS NOT NULL OR self_harm_item > 0)") + _FACTS)
# A history counts as of the day on which it was asked about, as it does when it is looked at.
_EARLIER = text(
    """
    SELECT * FROM (
        SELECT r.id, r.person_id, r.weight, r.same_day OR r.urgency = 'red_flag' AS same_day, r.state,
               upper(i.instrument), i.total,
               CASE WHEN i.standing THEN CAST(r.raised_at AS date) ELSE i.recorded_on END AS counts_from
        FROM referral_prompt r JOIN indicator i ON i.id = r.indicator_id
        WHERE r.person_id = ANY(CAST(:people AS bigint[]))
          AND (r.state <> 'decided' OR r.decision IN ('refer', 'already_known'))
        ORDER BY r.weight DESC, r.id) AS known
    WHERE counts_from >= :since
    """
)
_NEW = (
    ("dedupe_key", "text"),
    ("indicator_id", "bigint"),
    ("person_id", "bigint"),
    ("household_id", "bigint"),
    ("team_id", "bigint"),
    ("rule_id", "text"),
    ("rule_version", "bigint"),
    ("weight", "bigint"),
    ("basis", "text"),
    ("urgency", "text"),
    ("same_day", "boolean"),
    ("next_due_at", "timestamptz"),
    ("owner_practitioner_id", "bigint"),
    ("owner_team_id", "bigint"),
)
_NAMES = ", ".join(name for name, _ in _NEW)
_RAISE = text(
    f"""
    WITH given AS MATERIALIZED (SELECT * FROM {unpacked(_NEW, alias="u")}), made AS (
        INSERT INTO referral_prompt ({_NAMES}, raised_at)
        SELECT {_NAMES}, CAST(:now AS timestamptz) FROM given ORDER BY dedupe_key
        ON CONFLICT (dedupe_key) DO NOTHING RETURNING id, dedupe_key
    )
    SELECT id, dedupe_key FROM made
    UNION ALL SELECT r.id, r.dedupe_key FROM referral_prompt r JOIN given USING (dedupe_key)
    """
)
_LOOKED = (("id", "bigint"), ("verdict", "text"), ("prompt_id", "bigint"), ("standing", "boolean"))
_VERDICTS = text(
    f"""
    UPDATE indicator i SET verdict = u.verdict, prompt_id = u.prompt_id, standing = u.standing, examine_at = NULL,
        examined_at = CAST(:now AS timestamptz)
    FROM {unpacked(_LOOKED, alias="u")} WHERE i.id = u.id
    """
)

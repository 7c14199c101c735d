"""Store patterns: each once, with what it does to the one follow-up that it raises and a line in its story.

Never commits.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.packing import packed_tuples, unpacked
from models.db.pattern_looks import LISTED


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPattern:
    """A pattern to store; exactly one of `follow_up_id` and `family_event_id` is given."""

    rule: str
    rule_version: int
    dedupe_key: str
    reader: str | None
    person_id: int
    household_id: int | None
    of_household: bool
    about: str
    says: str
    events: Sequence[int]
    count: int
    follow_up_id: int | None
    family_event_id: int | None
    tells: bool
    faster: bool


def store(session: Session, found: Sequence[NewPattern], *, now: datetime) -> int:
    """Store those that are new and raise their follow-ups, each once for all its patterns; return how many were new."""
    if not found:
        return 0
    ordered = sorted(found, key=lambda one: one.dedupe_key)
    params = {
        "rules": [one.rule for one in ordered],
        "versions": [one.rule_version for one in ordered],
        "keys": [one.dedupe_key for one in ordered],
        "readers": [one.reader for one in ordered],
        "people": [one.person_id for one in ordered],
        "households": [one.household_id for one in ordered],
        "of_household": [one.of_household for one in ordered],
        "about": [one.about for one in ordered],
        "says": [one.says for one in ordered],
        "details": [json.dumps({"events": list(one.events), "count": one.count}) for one in ordered],
        "follow_ups": [one.follow_up_id for one in ordered],
        "family_events": [one.family_event_id for one in ordered],
        "now": now,
    }
    new = {row.dedupe_key: row.id for row in session.execute(_STORE, params)}
    stored = [one for one in ordered if one.dedupe_key in new]
    _raise(session, [one for one in stored if one.follow_up_id is not None], new, now=now)
    return len(stored)


def _raise(session: Session, found: Sequence[NewPattern], ids: dict[str, int], *, now: datetime) -> None:
    if not found:
        return
    effects: dict[int, tuple[bool, bool]] = {}
    for one in found:
        assert one.follow_up_id is not None
        tells, faster = effects.get(one.follow_up_id, (False, False))
        effects[one.follow_up_id] = (tells or one.tells, faster or one.faster)
    rows = [(follow_up, tells, faster) for follow_up, (tells, faster) in sorted(effects.items())]
    session.execute(_RAISE, {**packed_tuples(rows, _RAISED), "now": now})
    told = [(one.follow_up_id, ids[one.dedupe_key]) for one in found]
    session.execute(_TELL, {**packed_tuples(told, _TOLD), "now": now})


_STORE = text(
    """
    INSERT INTO pattern_found (rule, rule_version, dedupe_key, reader, person_id, household_id, of_household, about,
                               says, detail, follow_up_id, family_event_id, found_at)
    SELECT rule, version, key, reader, person_id, household_id, of_household, about, says, detail, follow_up_id,
           family_event_id, CAST(:now AS timestamptz)
    FROM unnest(CAST(:rules AS text[]), CAST(:versions AS bigint[]), CAST(:keys AS text[]), CAST(:readers AS text[]),
                CAST(:people AS bigint[]), CAST(:households AS bigint[]), CAST(:of_household AS boolean[]),
                CAST(:about AS text[]), CAST(:says AS text[]), CAST(:details AS jsonb[]), CAST(:follow_ups AS bigint[]),
                CAST(:family_events AS bigint[]))
         AS u (rule, version, key, reader, person_id, household_id, of_household, about, says, detail, follow_up_id,
               family_event_id)
    ON CONFLICT (dedupe_key) DO NOTHING RETURNING id, dedupe_key
    """
)
_RAISED = (("id", "bigint"), ("tells", "boolean"), ("faster", "boolean"))
# What is seen, or waits for a second person, rests: the pattern is told should the ladder go on.
_RAISE = text(
    f"""
    UPDATE follow_up f SET
        faster = f.faster OR u.faster,
        pattern_at = CASE WHEN u.tells THEN :now ELSE f.pattern_at END,
        next_due_at = CASE WHEN f.state = 'open' AND (u.tells OR u.faster) THEN least(f.next_due_at, :now)
                           ELSE f.next_due_at END,
        row_version = f.row_version + 1
    FROM {unpacked(_RAISED, alias="u")} WHERE f.id = u.id AND f.state IN ({LISTED})
    """
)
_TOLD = (("follow_up_id", "bigint"), ("pattern_id", "bigint"))
_TELL = text(
    f"""
    INSERT INTO follow_up_event (follow_up_id, at, event, from_state, to_state, step_id, actor, actor_kind, detail)
    SELECT f.id, :now, 'pattern_found', f.state, f.state, f.step_id, 'engine', 'engine',
           jsonb_build_object('pattern_found_id', p.id, 'rule', p.rule, 'rule_version', p.rule_version, 'says', p.says)
    FROM {unpacked(_TOLD, alias="u")} JOIN follow_up f ON f.id = u.follow_up_id
    JOIN pattern_found p ON p.id = u.pattern_id ORDER BY u.place
    """
)

"""Declines as detection keeps them: what files say of a declined contact, filled in, withdrawn. Never commits.

A person's answers (web) are kept by models/db/decline_actions.py; an import fills only what nobody has answered.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from models.db.cases import Case
from models.db.detection import Candidate
from models.db.tables.declines import COMPLETE
from models.domain.declines import DeclineAnswers, how_declined
from models.domain.words import DeclinedBy, FollowUpTrigger, How, Informed, Known

Word = TypeVar("Word", DeclinedBy, Informed, Known)


@dataclass(slots=True)
class Declines:
    """The standing declines of some people, and what one set of appointments changes of them."""

    standing: dict[int, DeclineAnswers] = field(default_factory=dict)  # by follow-up
    of_person: dict[int, set[int]] = field(default_factory=dict)  # follow-ups
    noted: list[tuple[Case, Candidate]] = field(default_factory=list)
    withdrawn: list[tuple[Case, Candidate]] = field(default_factory=list)

    def how(self, person_id: int, follow_up_id: int | None, row: Candidate) -> How:
        """Return what the steps of this decline's ladder go by."""
        known = self.standing.get(follow_up_id or 0, DeclineAnswers())
        return how_declined(filled(known, told_in(row)), again=self._again(person_id, follow_up_id))

    def how_now(self, case: Case) -> How | None:
        """Return the same of a decline that stands already; None where the follow-up has none."""
        answers = self.standing.get(case.id or 0)
        return None if answers is None else how_declined(answers, again=self._again(case.person_id, case.id))

    def _again(self, person_id: int, follow_up_id: int | None) -> bool:
        """Whether another contact of this person was declined, before or in this set."""
        return bool(self.of_person.get(person_id, set()) - {follow_up_id}) or any(
            case.person_id == person_id and (follow_up_id is None or case.id != follow_up_id) for case, _ in self.noted
        )

    def note(self, case: Case, row: Candidate) -> None:
        """Keep what the appointment says of its decline."""
        self.noted.append((case, row))

    def turned(self, case: Case, trigger: FollowUpTrigger, row: Candidate) -> None:
        """Withdraw the decline of a follow-up that turns out to be about something else."""
        if case.trigger is FollowUpTrigger.DECLINED and trigger is not FollowUpTrigger.DECLINED:
            self.withdrawn.append((case, row))


def load(session: Session, people: Collection[int]) -> Declines:
    """Return the standing declines of these people."""
    found = Declines()
    for row in session.execute(_STANDING, {"people": list(people)}).mappings():
        found.standing[row["follow_up_id"]] = answers_of(row)
        found.of_person.setdefault(row["person_id"], set()).add(row["follow_up_id"])
    return found


def store(session: Session, declines: Declines, *, now: datetime) -> None:
    """Write what was noted and withdrawn, each with its event. The cases are stored: they have ids."""
    if declines.withdrawn:
        gone = {"ids": [case.id for case, _ in declines.withdrawn], "by": [r.status_by for _, r in declines.withdrawn]}
        session.execute(_WITHDRAW, {**gone, "now": now})
    if declines.noted:
        session.execute(_NOTE, {"rows": json.dumps([_as_row(*noted) for noted in declines.noted]), "now": now})
        complete(session, [int(case.id or 0) for case, _ in declines.noted], now=now)


def complete(session: Session, follow_up_ids: Collection[int], *, now: datetime, by: str | None = None) -> None:
    """Mark as complete those of whose standing decline nothing is missing. `by` None: whoever told of it."""
    session.execute(_COMPLETE, {"ids": list(follow_up_ids), "now": now, "by": by})


def answers_of(row: RowMapping | Mapping[str, object]) -> DeclineAnswers:
    """Return the answers that a row of `decline` holds."""
    return DeclineAnswers(
        declined_by=_word(DeclinedBy, row["declined_by"]),
        informed=_word(Informed, row["informed"]),
        why=_text(row["why"]),
        capacity=_word(Known, row["capacity"]),
        seen_by_anybody=_word(Known, row["seen_by_anybody"]),
        last_seen_on=row["last_seen_on"] if isinstance(row["last_seen_on"], date) else None,
        last_seen_by=_text(row["last_seen_by"]),
    )


def told_in(row: Candidate) -> DeclineAnswers:
    """Return what a file's row says of a decline; a day or a name of a professional says that the child was seen."""
    told = row.decline_told or {}
    on, by = _text(told.get("last_seen_on")), _text(told.get("last_seen_by"))
    return DeclineAnswers(
        declined_by=_word(DeclinedBy, told.get("declined_by")),
        informed=_word(Informed, told.get("informed")),
        why=row.reason,
        capacity=_word(Known, told.get("capacity")),
        seen_by_anybody=Known.YES if on or by else None,
        last_seen_on=None if on is None else date.fromisoformat(on),
        last_seen_by=by,
    )


def filled(known: DeclineAnswers, told: DeclineAnswers) -> DeclineAnswers:
    """Return what is known with the gaps filled from what is told; what is there stays."""
    return DeclineAnswers(
        declined_by=known.declined_by or told.declined_by,
        informed=known.informed or told.informed,
        why=known.why or told.why,
        capacity=known.capacity or told.capacity,
        seen_by_anybody=known.seen_by_anybody or told.seen_by_anybody,
        last_seen_on=known.last_seen_on or (told.last_seen_on if known.seen_by_anybody in (None, Known.YES) else None),
        last_seen_by=known.last_seen_by or (told.last_seen_by if known.seen_by_anybody in (None, Known.YES) else None),
    )


def _as_row(case: Case, row: Candidate) -> dict[str, object]:
    told = told_in(row)
    return {
        "follow_up_id": case.id,
        "person_id": case.person_id,
        "household_id": case.household_id,
        "contact_code": case.contact_code,
        "declined_at": case.anchor_at.isoformat(),
        "declined_by": told.declined_by,
        "informed": told.informed,
        "why": told.why,
        "capacity": told.capacity,
        "seen_by_anybody": told.seen_by_anybody,
        "last_seen_on": None if told.last_seen_on is None else told.last_seen_on.isoformat(),
        "last_seen_by": told.last_seen_by,
        "recorded_by": row.status_by,
    }


def _word(words: type[Word], value: object) -> Word | None:
    return None if value is None else words(str(value))


def _text(value: object) -> str | None:
    return str(value) if value else None


_ANSWERS = "declined_by, informed, why, capacity, seen_by_anybody, last_seen_on, last_seen_by"
_TOLD = ", ".join(f"'{name}', d.{name}" for name in _ANSWERS.split(", "))
_ACTOR_KIND = """
    CASE split_part({by}, ':', 1) WHEN 'person' THEN 'person' WHEN 'import' THEN 'import' ELSE 'engine' END
"""
_STANDING = text(
    f"""
    SELECT follow_up_id, person_id, {_ANSWERS} FROM decline
    WHERE person_id = ANY(CAST(:people AS bigint[])) AND withdrawn_at IS NULL
    """
)
_COMPLETE = text(
    f"""
    UPDATE decline SET completed_at = :now, completed_by = coalesce(:by, recorded_by)
    WHERE follow_up_id = ANY(CAST(:ids AS bigint[])) AND withdrawn_at IS NULL AND completed_at IS NULL AND {COMPLETE}
    """
)
_NOTE = text(
    f"""
    WITH told AS (
        SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS t (
            follow_up_id bigint, person_id bigint, household_id bigint, contact_code text, declined_at timestamptz,
            declined_by text, informed text, why text, capacity text, seen_by_anybody text, last_seen_on date,
            last_seen_by text, recorded_by text)
    ), d AS (
        INSERT INTO decline AS held (follow_up_id, person_id, household_id, contact_code, declined_at, {_ANSWERS},
                                     recorded_at, recorded_by)
        SELECT follow_up_id, person_id, household_id, contact_code, declined_at, {_ANSWERS},
               CAST(:now AS timestamptz), recorded_by
        FROM told
        ON CONFLICT (follow_up_id) WHERE withdrawn_at IS NULL DO UPDATE SET
            declined_by = coalesce(held.declined_by, excluded.declined_by),
            informed = coalesce(held.informed, excluded.informed), why = coalesce(held.why, excluded.why),
            capacity = coalesce(held.capacity, excluded.capacity),
            seen_by_anybody = coalesce(held.seen_by_anybody, excluded.seen_by_anybody),
            last_seen_on = CASE WHEN coalesce(held.seen_by_anybody, 'yes') = 'yes'
                                THEN coalesce(held.last_seen_on, excluded.last_seen_on) END,
            last_seen_by = CASE WHEN coalesce(held.seen_by_anybody, 'yes') = 'yes'
                                THEN coalesce(held.last_seen_by, excluded.last_seen_by) END
        RETURNING *
    )
    INSERT INTO decline_event (decline_id, at, event, actor_kind, actor, told)
    SELECT d.id, :now, 'told', {_ACTOR_KIND.format(by="t.recorded_by")}, t.recorded_by,
           jsonb_strip_nulls(jsonb_build_object({_TOLD}))
    FROM d JOIN told t USING (follow_up_id)
    """
)
_WITHDRAW = text(
    f"""
    WITH gone AS (
        SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:by AS text[])) AS u (follow_up_id, by)
    ), d AS (
        UPDATE decline SET withdrawn_at = :now, withdrawn_by = gone.by FROM gone
        WHERE decline.follow_up_id = gone.follow_up_id AND decline.withdrawn_at IS NULL
        RETURNING decline.*
    )
    INSERT INTO decline_event (decline_id, at, event, actor_kind, actor, told)
    SELECT d.id, :now, 'withdrawn', {_ACTOR_KIND.format(by="d.withdrawn_by")}, d.withdrawn_by,
           jsonb_strip_nulls(jsonb_build_object({_TOLD}))
    FROM d
    """
)

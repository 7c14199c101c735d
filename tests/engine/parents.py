"""What the tests of prompts and referrals build: a mother with her baby, what is recorded of her, and people's acts."""

import json
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from models.db import prompt_actions, referral_actions
from models.db.prompt_actions import Decision
from models.db.referral_actions import NewReferral
from models.domain.referral_states import ReferralEvent, hop_due
from models.domain.words import PromptDecision, ReferralState, Urgency
from tests.engine.world import World


def a_mother(world: World, *, role: str = "mother", baby_weeks: int = 6, **given: Any) -> tuple[int, int]:
    """A mother (or another adult) and her baby's household; return her and the household. The baby has the visitor."""
    born = world.now.date() - timedelta(weeks=baby_weeks)
    adult = world.add("person", team_id=world.team, life_status="alive", **given)
    baby = world.child(date_of_birth=born)
    return adult, world.household((adult, role), (baby, "child"))


def baby_of(world: World, household: int) -> int:
    """The child of a household."""
    found = "SELECT person_id FROM household_member WHERE household_id = :id AND role = 'child' ORDER BY id LIMIT 1"
    return int(world.one(found, id=household))


def record(world: World, person: int, instrument: str, **given: Any) -> int:
    """Something recorded of somebody today, in English, first heard of now."""
    row = {"recorded_on": world.now.date(), "recorded_by": "import:epr", "language": "en", "received_at": world.now}
    row |= {"examine_at": world.now} | given
    if "answers" in row:
        row["answers"] = json.dumps(row["answers"])
    return world.add("indicator", person_id=person, instrument=instrument, **row)


def prompts(world: World, **where: Any) -> list[Any]:
    """All prompts, in the order in which they were raised."""
    conditions = "".join(f" AND {name} = :{name}" for name in where)
    return list(world.rows(f"SELECT * FROM referral_prompt WHERE true{conditions} ORDER BY id", **where))


def decide(world: World, prompt: int, decision: PromptDecision, **given: Any) -> list[int]:
    """A person decides; not referring has a reviewer in a month unless said otherwise."""
    values: dict[str, Any] = {"reason": "Talked with her today"}
    if decision is not PromptDecision.REFER:
        values |= {"reviewer_id": world.visitor, "review_due_at": world.now + timedelta(days=30)}
    with Session(world.engine) as session, session.begin():
        return prompt_actions.decide_prompt(
            session,
            prompt_id=prompt,
            made=Decision(decision=decision, **(values | given)),
            account=world.person_at_page(),
            now=world.now,
        )


def refer(world: World, person: int, household: int, *, urgency: Urgency = Urgency.ROUTINE, **given: Any) -> int:
    """A referral to perinatal mental health, sent now."""
    due = _due(world, ReferralState.SENT, urgency, sent_at=world.now)
    assert due is not None
    values = {"service": "perinatal_mental_health", "sent_at": world.now, "hop_due_at": due, "team_id": world.team}
    with Session(world.engine) as session, session.begin():
        return referral_actions.send(
            session,
            NewReferral(person_id=person, household_id=household, urgency=urgency, **(values | given)),  # type: ignore[arg-type]
            account=world.person_at_page(),
            now=world.now,
        )


def hop(world: World, referral: int, event: ReferralEvent, **given: Any) -> str:
    """A person records a hop on the referral's page; return the state it has got to."""
    version = world.one("SELECT row_version FROM referral WHERE id = :id", id=referral)
    with Session(world.engine) as session, session.begin():
        held = referral_actions.lock(session, referral, version)
        state = referral_actions.state_after(held, event)
        due = _due(world, state, held.urgency, sent_at=held.sent_at)
        return referral_actions.record(
            session, held, event, hop_due_at=due, account=world.person_at_page(), now=world.now, **given
        )


def _due(world: World, state: ReferralState, urgency: Urgency, *, sent_at: datetime) -> datetime | None:
    clocks = world.rules.referrals.clocks[urgency]
    return hop_due(state, clocks, sent_at=sent_at, known_at=world.now, calendar=world.rules.calendar)


def on(day: str) -> date:
    """A date."""
    return date.fromisoformat(day)

"""Challenge in stages to the end, and the action plan: whose turn it is, what people do (domain.md 4.5)."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.db import challenges, planned_actions
from models.db.challenges import NewChallenge
from models.db.follow_up_actions import ChangedMeanwhile, IllegalTransition, NotAllowed
from models.db.planned_actions import NewAction
from models.domain.action_plan import ActionEvent
from models.domain.challenge import STAGES, stage_due
from models.domain.words import ChallengeOutcome, ChallengeState
from tests.engine.parents import a_mother, baby_of, refer
from tests.engine.world import World, at

TEXTS = {"issue": "They say not severe enough", "child_impact": "Baby is left in the cot all day",
         "view_sought": "An assessment this week", "safety_plan": "Grandmother stays; daily visit"}  # fmt: skip


def opened(world: World, *, urgent: bool = False, **given: Any) -> int:
    """A challenge opened now by a health visitor with a login; return its id."""
    mother, household = a_mother(world)
    world.person_at_page()
    world.run("UPDATE account SET practitioner_id = :id", id=world.visitor)
    stage = world.rules.challenge.stages[ChallengeState.PRACTITIONER]
    due = stage_due(stage, urgent=urgent, began_at=world.now, calendar=world.rules.calendar)
    values = {"referral_id": None, "service": "Perinatal mental health", **TEXTS} | given
    with Session(world.engine) as session, session.begin():
        return challenges.open_(
            session,
            NewChallenge(
                person_id=mother,
                household_id=household,
                team_id=world.team,
                urgent=urgent,
                stage_due_at=due,
                owner_practitioner_id=world.visitor,
                owner_team_id=None,
                **values,
            ),
            account=world.person_at_page(),
            now=world.now,
        )


def act(world: World, call: Any, challenge: int, **given: Any) -> Any:
    """A person's act on the challenge as it is now."""
    version = world.one("SELECT row_version FROM challenge WHERE id = :id", id=challenge)
    with Session(world.engine) as session, session.begin():
        return call(
            session, challenge_id=challenge, row_version=version, account=world.person_at_page(), now=world.now, **given
        )


def raised(world: World, challenge: int) -> None:
    """A person takes it to the next stage."""
    state = ChallengeState(world.one("SELECT state FROM challenge WHERE id = :id", id=challenge))
    stage = world.rules.challenge.stages[STAGES[STAGES.index(state) + 1]]
    due = stage_due(stage, urgent=False, began_at=world.now, calendar=world.rules.calendar)
    act(world, challenges.raise_, challenge, evidence="Rang three times; nobody rang back", stage_due_at=due)


def told(world: World, kind: str = "challenge") -> list[int]:
    return [alert.practitioner_id for alert in world.told(kind=kind)]


class TestChallenge:
    def test_goes_through_all_its_stages_day_by_day(self, world: World):
        """From Monday 8 June, noon: 24 h, then 2, 2, 3, 3 working days; at each end the NEXT stage's owner is told."""
        challenge, story = opened(world), []
        for _ in STAGES:
            world.reconcile()
            row = world.rows("SELECT * FROM challenge WHERE id = :id", id=challenge)[0]
            mine = told(world)
            world.until(row.stage_due_at)
            world.reconcile()
            story.append((row.state, mine, row.stage_due_at, told(world)))
            if row.state != "safeguarding_partners":
                raised(world, challenge)
        assert story == [
            ("practitioner", [world.visitor], at("2026-06-09 12:00"), [world.lead]),
            ("line_managers", [world.lead], at("2026-06-11 17:00"), [world.nurse]),
            ("named_professionals", [world.nurse], at("2026-06-15 17:00"), [world.head]),
            ("heads_of_service", [world.head], at("2026-06-18 17:00"), [world.head]),
            ("safeguarding_partners", [world.head], at("2026-06-23 17:00"), [world.head]),
        ]
        with pytest.raises(IllegalTransition):
            act(world, challenges.raise_, challenge, evidence="x", stage_due_at=world.now)
        outcome = ChallengeOutcome.AGREED
        act(world, challenges.resolve, challenge, outcome=outcome, note="Assessment on Friday, agreed with Ms Reid")
        assert told(world) == []
        world.later(days=400)
        world.reconcile()
        assert told(world) == []

    def test_is_never_raised_or_ended_by_a_timer(self, world: World):
        """A month of silence: the same stage, said again each working day, up to the head of service."""
        challenge = opened(world)
        for _ in range(30):
            world.later(days=1)
            world.reconcile()
        assert world.one("SELECT state FROM challenge WHERE id = :id", id=challenge) == "practitioner"
        assert told(world) == [world.head]
        assert world.rows("SELECT * FROM message WHERE audience = 'family'") == []

    def test_needs_its_four_texts_and_evidence_to_move_on(self, world: World):
        """Issue, child impact, view sought, interim safety plan; what was tried, before it goes up."""
        for lacking in TEXTS:
            with pytest.raises(NotAllowed):
                opened(world, **{lacking: " "})
        challenge = opened(world)
        with pytest.raises(NotAllowed, match="what was tried"):
            act(world, challenges.raise_, challenge, evidence=" ", stage_due_at=world.now)
        with pytest.raises(NotAllowed, match="needs a note"):
            act(world, challenges.resolve, challenge, outcome=ChallengeOutcome.AGREED, note="")
        for spoilt in ("next_due_at = NULL", "safety_plan = ''", "state = 'resolved'", "owner_practitioner_id = NULL"):
            with pytest.raises(IntegrityError):
                world.run(f"UPDATE challenge SET {spoilt}")

    def test_keeps_a_reply_that_settles_nothing(self, world: World):
        challenge = opened(world)
        act(world, challenges.reply, challenge, note="Dr Reid: we look at it again")
        assert world.rows("SELECT event, stage, note FROM challenge_event ORDER BY id") == [
            ("opened", "practitioner", TEXTS["issue"]),
            ("replied", "practitioner", "Dr Reid: we look at it again"),
        ]
        assert world.one("SELECT state FROM challenge") == "practitioner"

    def test_never_pauses_the_familys_ladder(self, world: World):
        """Disagreement is no reason to wait: the same steps at the same times, with and without one."""
        due = []
        for challenged in (False, True):
            mother, household = a_mother(world)
            missed = world.appointment(baby_of(world, household), status="missed", household_id=household)
            referral = refer(world, mother, household)
            if challenged:
                opened(world, referral_id=referral)
            world.detect()
            world.advance()
            due.append([(row.state, row.next_due_at, row.step_id) for row in (world.follow_up(missed),)])
        assert due[0] == due[1]

    def test_about_one_referral_is_one_at_a_time(self, world: World):
        mother, household = a_mother(world)
        referral = refer(world, mother, household)
        opened(world, referral_id=referral)
        with pytest.raises(ChangedMeanwhile, match="open challenge already"):
            opened(world, referral_id=referral)

    def test_of_two_people_acting_at_once_tells_the_later(self, world: World):
        challenge = opened(world)
        with Session(world.engine) as session, pytest.raises(ChangedMeanwhile):
            challenges.reply(
                session, challenge_id=challenge, row_version=99, note="x", account=world.person_at_page(), now=world.now
            )

    def test_overdue_is_missed_by_the_auditor(self, world: World):
        opened(world)
        assert world.violations() == set()
        world.later(days=4000)
        assert world.violations() == {"challenge_overdue"}
        world.reconcile()
        assert world.violations() == set()
        world.run("UPDATE alert SET state = 'done', ended_at = :now WHERE kind = 'challenge'", now=world.now)
        assert world.violations() == {"challenge_overdue"}


class TestActionPlan:
    def agreed(self, world: World, **given: Any) -> int:
        _, household = a_mother(world)
        on = date(2026, 6, 12)
        values = {
            "what": "Visit together",
            "owner_practitioner_id": world.visitor,
            "agency": None,
            "due_on": on,
        } | given
        values["due_at"] = world.rules.actions.due(values["due_on"], calendar=world.rules.calendar)
        with Session(world.engine) as session, session.begin():
            return planned_actions.agree(
                session,
                NewAction(household_id=household, team_id=world.team, **values),
                account=world.person_at_page(),
                now=world.now,
            )

    def act(self, world: World, call: Any, action: int, **given: Any) -> Any:
        version = world.one("SELECT row_version FROM planned_action WHERE id = :id", id=action)
        with Session(world.engine) as session, session.begin():
            return call(
                session, action_id=action, row_version=version, account=world.person_at_page(), now=world.now, **given
            )

    def test_overdue_goes_to_its_owner_then_team_lead_then_named_nurse(self, world: World):
        """Due on Friday 12 June: nothing before 17:00, then one up each working day, for ever."""
        self.agreed(world)
        world.until(at("2026-06-12 16:59"))
        world.reconcile()
        assert told(world, "action_overdue") == []
        seen = []
        for _ in range(4):
            world.until(world.one("SELECT next_due_at FROM planned_action"))
            world.reconcile()
            seen.append((world.now, told(world, "action_overdue")))
        assert seen == [
            (at("2026-06-12 17:00"), [world.visitor]),
            (at("2026-06-15 17:00"), [world.lead]),
            (at("2026-06-16 17:00"), [world.nurse]),
            (at("2026-06-17 17:00"), [world.nurse]),
        ]

    def test_of_an_agency_is_still_one_of_our_owners(self, world: World):
        """They have no login: our named owner's task is to ask them."""
        self.agreed(world, agency="Housing")
        world.until(at("2026-06-12 17:00"))
        world.reconcile()
        assert told(world, "action_overdue") == [world.visitor]
        with pytest.raises(IntegrityError):
            world.run("UPDATE planned_action SET owner_practitioner_id = NULL")

    def test_ends_with_evidence_or_a_reason_and_moves_with_one(self, world: World):
        action = self.agreed(world)
        for event in (ActionEvent.DONE, ActionEvent.CANCELLED):
            with pytest.raises(NotAllowed):
                self.act(world, planned_actions.end, action, event=event, note=" ")
        world.until(at("2026-06-12 17:00"))
        world.reconcile()
        later = date(2026, 6, 19)
        due = world.rules.actions.due(later, calendar=world.rules.calendar)
        self.act(world, planned_actions.move, action, due_on=later, due_at=due, reason="She is away until Thursday")
        assert told(world, "action_overdue") == []
        world.until(due)
        world.reconcile()
        assert told(world, "action_overdue") == [world.visitor]
        self.act(world, planned_actions.end, action, event=ActionEvent.DONE, note="Visited with Ms Reid on 19 June")
        assert told(world, "action_overdue") == []
        assert world.rows("SELECT event, note FROM planned_action_event ORDER BY id") == [
            ("agreed", None),
            ("asked", None),
            ("moved", "She is away until Thursday"),
            ("asked", None),
            ("done", "Visited with Ms Reid on 19 June"),
        ]
        with pytest.raises(IllegalTransition):
            self.act(world, planned_actions.end, action, event=ActionEvent.CANCELLED, note="x")

    def test_overdue_is_missed_by_the_auditor(self, world: World):
        self.agreed(world)
        world.until(at("2026-06-12 17:00") + timedelta(days=4000))
        assert world.violations() == {"action_overdue"}
        world.reconcile()
        assert world.violations() == set()

"""Reconcile: late and small feeds, tasks that nobody takes, prompts that ask again, referrals that stay silent."""

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from models.db import prompt_actions
from models.db.follow_up_actions import IllegalTransition, NotAllowed
from models.domain.words import PromptDecision
from tests.engine.world import World, at


class TestFeed:
    def test_late_raises_one_alarm_to_its_owner(self, world: World):
        """However many appointments wait for it and however often somebody looks."""
        self.expect_by(world, at("2026-06-08 06:00"), owner=world.lead)
        for _ in range(50):
            world.appointment(world.child(), ends_at=at("2026-06-08 09:00"))
        world.run("UPDATE source SET as_of = :t", t=at("2026-06-07 03:00"))
        for _ in range(3):
            world.reconcile()
            world.detect()
        assert [(alert.kind, alert.practitioner_id) for alert in world.told()] == [("feed_late", world.lead)]
        assert world.rows("SELECT health FROM source") == [("late",)]
        assert world.rows("SELECT id FROM follow_up") == []

    def test_without_an_owner_alarms_the_last_resort(self, world: World):
        """A named person is always told."""
        self.expect_by(world, at("2026-06-08 06:00"), owner=None)
        world.reconcile()
        assert [alert.practitioner_id for alert in world.told()] == [world.last_resort]

    def test_that_comes_again_ends_its_alarm(self, world: World):
        """And the next late spell is a new alarm."""
        self.expect_by(world, at("2026-06-08 06:00"), owner=world.lead)
        world.reconcile()
        self.expect_by(world, at("2026-06-09 06:00"), owner=world.lead)
        world.reconcile()
        assert world.told() == []
        world.until(at("2026-06-09 12:00"))
        world.reconcile()
        assert world.one("SELECT count(*) FROM alert WHERE kind = 'feed_late'") == 2

    def test_suddenly_small_is_an_alarm_of_its_own(self, world: World):
        """A full extract with a tenth of its usual rows."""
        self.expect_by(world, at("2026-06-09 06:00"), owner=world.lead)
        world.run("UPDATE source SET extent = 'full', last_row_count = 100, usual_row_count = 1000")
        world.reconcile()
        assert [alert.kind for alert in world.told()] == ["feed_small"]

    @staticmethod
    def expect_by(world: World, moment: object, *, owner: int | None) -> None:
        world.run(
            "UPDATE source SET rhythm_minutes = 1440, last_received_at = :t, next_expected_at = :t,"
            " owner_practitioner_id = :owner",
            t=moment,
            owner=owner,
        )


class TestTaskOverdue:
    def test_goes_up_role_by_role_and_never_closes(self, world: World):
        """Team lead, head of service, last resort, and there it is said again for ever."""
        world.add(
            "alert",
            kind="rejected_rows",
            urgency="routine",
            dedupe_key="t",
            practitioner_id=world.visitor,
            team_id=world.team,
            raised_at=world.now,
            next_due_at=world.now,
        )
        seen = []
        for _ in range(5):
            world.later(days=3)
            world.reconcile()
            (alert,) = world.told()
            seen.append(alert.practitioner_id)
            assert alert.next_due_at > world.now
        assert seen == [world.lead, world.head, world.last_resort, world.last_resort, world.last_resort]


class TestPrompt:
    def test_is_raised_by_an_epds_total_over_the_threshold_and_asks_again(self, world: World):
        """Fourteen on Monday: the caseload holder is asked, asked again, then the next one up, until it is decided."""
        mother = self.scored(world, 14)
        world.detect()
        world.reconcile()
        ((rule, state, asked),) = world.rows("SELECT rule_id, state, times_asked FROM referral_prompt")
        assert (rule, state, asked) == ("epds-13", "raised", 1)
        assert [alert.practitioner_id for alert in world.told(person_id=mother)] == [world.visitor]
        for _ in range(20):
            world.later(days=1)
            world.reconcile()
        (alert,) = world.told(kind="referral_prompt")
        assert alert.practitioner_id != world.visitor
        assert world.one("SELECT times_asked FROM referral_prompt") > 3

    def test_below_the_threshold_says_nothing(self, world: World):
        """A low score raises nothing and closes nothing."""
        self.scored(world, 6)
        assert world.detect().indicators == 1
        assert world.rows("SELECT id FROM referral_prompt") == []

    def test_of_the_same_score_comes_once(self, world: World):
        """Looked at twice, raised once."""
        self.scored(world, 14)
        world.detect()
        world.run("UPDATE indicator SET examine_at = :now", now=world.now)
        world.run("UPDATE referral_prompt SET state = 'decided', decision = 'already_known', reason = 'x',"
                  " decided_by = 'p', decided_at = :now, next_due_at = NULL", now=world.now)  # fmt: skip
        world.detect()
        assert world.one("SELECT count(*) FROM referral_prompt") == 1

    def test_decided_needs_a_reason_unless_referred(self, world: World):
        """Refer, already known, not indicated; the last two with a reason."""
        self.scored(world, 14)
        world.detect()
        world.reconcile()
        with pytest.raises(NotAllowed):
            self.decide(world, PromptDecision.NOT_INDICATED, reason="")
        self.decide(world, PromptDecision.NOT_INDICATED, reason="Talked with her today; known tiredness")
        assert world.told() == []
        world.later(days=5)
        world.reconcile()
        assert world.told() == []
        with pytest.raises(IllegalTransition):
            self.decide(world, PromptDecision.NOT_INDICATED, reason="again")

    def test_referred_is_chased_when_the_service_stays_silent(self, world: World):
        """The referral gets a follow-up with its own ladder."""
        self.scored(world, 14)
        world.detect()
        self.decide(world, PromptDecision.REFER, reason="", service="PMH", reply_due_at=world.now + timedelta(days=1))
        world.later(hours=23)
        world.reconcile()
        assert world.rows("SELECT id FROM follow_up") == []
        world.later(hours=2)
        world.reconcile()
        ((trigger, pathway, state),) = world.rows("SELECT trigger, pathway_code, state FROM follow_up")
        assert (trigger, pathway, state) == ("referral_unanswered", "referral-unanswered", "open")
        assert world.advance() == 1

    @staticmethod
    def scored(world: World, total: int) -> int:
        mother = world.add("person", caseload_holder_id=world.visitor, team_id=world.team, life_status="alive")
        world.add(
            "indicator",
            person_id=mother,
            instrument="EPDS",
            total=total,
            recorded_on=date(2026, 6, 8),
            recorded_by="import:epr",
            examine_at=world.now,
        )
        return mother

    @staticmethod
    def decide(world: World, decision: PromptDecision, **given: object) -> None:
        prompt = world.one("SELECT id FROM referral_prompt")
        with Session(world.engine) as session, session.begin():
            prompt_actions.decide_prompt(
                session,
                prompt_id=prompt,
                decision=decision,
                account=world.person_at_page(),
                now=world.now,
                **given,  # type: ignore[arg-type]
            )

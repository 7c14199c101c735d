"""Red flags: asked about in minutes, standing on the family's follow-ups, ended by a person alone (domain.md 4.1)."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from config.audit_limits import load_audit_limits
from models.db import concern_flags
from models.db.auditor import audit
from models.db.follow_up_actions import NotAllowed
from models.domain.words import PromptDecision
from tests.engine.parents import a_mother, baby_of, decide, prompts, record
from tests.engine.world import World, at
from workers import prompt_asking
from workers.prompting import raise_first

ANSWER = {"estranged": "yes"}


def urgent_lane(world: World) -> None:
    """What the urgent lane does at a ring: red flags first, then the prompts that are due."""
    for step in (raise_first, prompt_asking.ask_again):
        with Session(world.engine) as session, session.begin():
            step(session, world.rules, world.now)


def red_flagged(world: World) -> tuple[int, int, int]:
    """A mother with a red flag, her household, and a follow-up of her baby that was there before."""
    mother, household = a_mother(world)
    missed = world.appointment(baby_of(world, household), status="missed", household_id=household)
    world.detect()
    world.advance()
    record(world, mother, "RED-FLAG", answers=ANSWER)
    urgent_lane(world)
    return mother, household, missed


def end(world: World, mother: int, household: int, *, reason: str, keep: bool = False) -> bool:
    """A person ends the red flag, or says that it still holds."""
    person = {"person_id": mother, "household_id": household, "reason": reason, "now": world.now}
    with Session(world.engine) as session, session.begin():
        account = world.person_at_page()
        if keep:
            until = world.now + timedelta(days=world.rules.prompts.red_flag_days)
            return concern_flags.keep_red(session, **person, until=until, account=account)
        return concern_flags.end(session, **person, code="red_flag", account=account)


def violations(world: World) -> set[str]:
    with Session(world.engine) as session:
        return {found.code for found in audit(session, world.now, limits=load_audit_limits(config_dir=None)).violations}


class TestRedFlag:
    def test_goes_round_in_minutes_also_at_night(self, world: World):
        """Practitioner; after 15 minutes team lead AND duty; then on, for ever; the earlier alerts are overtaken."""
        duty = world.staff("duty")
        mother, _ = a_mother(world)
        world.until(at("2026-12-25 03:00"))
        record(world, mother, "RED-FLAG", answers=ANSWER)
        told = []
        for _ in range(4):
            urgent_lane(world)
            told.append((world.now, {alert.practitioner_id for alert in world.told(kind="red_flag")}))
            world.later(minutes=15)
        began = at("2026-12-25 03:00")
        assert told == [
            (began, {world.visitor}),
            (began + timedelta(minutes=15), {world.lead, duty}),
            (began + timedelta(minutes=30), {world.head}),
            (began + timedelta(minutes=45), {world.head}),
        ]
        assert {alert.urgency for alert in world.told()} == {"red_flag"}

    def test_waits_behind_no_file_of_scores(self, world: World):
        """Two thousand totals came first; the lane that nothing else fills takes the red flag alone."""
        mother, _ = a_mother(world)
        for _ in range(3):
            world.run(
                "INSERT INTO indicator (person_id, instrument, total, recorded_on, recorded_by, examine_at)"
                " SELECT :mother, 'EPDS', 4, current_date, 'x', :before FROM generate_series(1, 700)",
                mother=mother, before=world.now - timedelta(hours=1),
            )  # fmt: skip
        record(world, mother, "RED-FLAG", answers=ANSWER)
        urgent_lane(world)
        assert [alert.kind for alert in world.told()] == ["red_flag"]
        assert world.one("SELECT count(*) FROM indicator WHERE examine_at IS NOT NULL") == 2100

    def test_stays_with_whoever_is_on_it_until_the_lease_is_over(self, world: World):
        """An hour, then it asks again, and higher."""
        from models.db import prompt_actions

        mother, _ = a_mother(world)
        record(world, mother, "RED-FLAG", answers=ANSWER)
        urgent_lane(world)
        rule, prompt = world.rules.prompts.rule("red-flag"), prompts(world)[0].id
        until = rule.lease.after(world.now, calendar=world.rules.calendar)
        with Session(world.engine) as session, session.begin():
            prompt_actions.acknowledge(
                session, prompt_id=prompt, until=until, account=world.person_at_page(), now=world.now
            )
        world.later(minutes=59)
        urgent_lane(world)
        assert [alert.practitioner_id for alert in world.told(kind="red_flag")] == [world.visitor]
        world.later(minutes=2)
        urgent_lane(world)
        assert [alert.practitioner_id for alert in world.told(kind="red_flag")] == [world.lead]

    def test_needs_its_answer_in_words_whatever_is_decided(self, world: World):
        """Whom they reached, and what was agreed."""
        mother, _ = a_mother(world)
        record(world, mother, "RED-FLAG", answers=ANSWER)
        urgent_lane(world)
        with pytest.raises(NotAllowed, match="whom you reached"):
            decide(world, prompts(world)[0].id, PromptDecision.REFER, reason="")
        decide(world, prompts(world)[0].id, PromptDecision.REFER, reason="Crisis team, Dr Hill, seen today at 14:00")
        assert world.told(kind="red_flag") == []


class TestFollowUpsOfTheFamily:
    def test_go_on_high_risk_terms_at_once_and_red(self, world: World):
        """Missed appointment + red flag in the last 30 days: ladder (vi) at once (domain.md 4.1)."""
        _, _, missed = red_flagged(world)
        row = world.follow_up(missed)
        assert (row.red_flag, row.next_due_at <= world.now) == (True, True)
        world.advance(urgent_only=True)
        row = world.follow_up(missed)
        assert (row.red_flag, row.high_risk) == (True, True)
        assert "red_flag_found" in world.story(row.id)
        world.later(hours=4)
        world.advance(urgent_only=True)
        assert {alert.urgency for alert in world.told(kind="step")} == {"red_flag"}

    def test_that_open_afterwards_are_red_from_the_first_moment(self, world: World):
        mother, household, _ = red_flagged(world)
        later = world.appointment(
            baby_of(world, household), status="missed", household_id=household, contact_code="GP-IMMS"
        )
        own = world.appointment(mother, status="missed", household_id=household, contact_code="GP-6W",
                                subject_role="mother")  # fmt: skip
        world.detect()
        assert [(world.follow_up(one).red_flag, world.follow_up(one).high_risk) for one in (later, own)] == [
            (True, True)
        ] * 2

    def test_are_found_where_only_an_import_set_the_flag(self, world: World):
        """The register says red_flag: the next look puts it on what is open, and plans when somebody confirms it."""
        mother, household = a_mother(world)
        missed = world.appointment(baby_of(world, household), status="missed", household_id=household)
        world.detect()
        world.add("flag", person_id=mother, code="red_flag", set_at=world.now, set_by="import:epr")
        world.reconcile()
        assert world.follow_up(missed).red_flag
        assert world.rows("SELECT review_at FROM flag") == [(world.now + timedelta(days=30),)]

    def test_of_other_families_are_left_alone(self, world: World):
        other = world.appointment(baby_of(world, a_mother(world)[1]), status="missed")
        red_flagged(world)
        assert not world.follow_up(other).red_flag


class TestItsEnd:
    def test_is_never_by_itself(self, world: World):
        """After 30 days somebody is asked; a year later it still stands, and the question has gone up."""
        _, _, missed = red_flagged(world)
        decide(world, prompts(world)[0].id, PromptDecision.REFER, reason="Crisis team")
        world.later(days=29)
        world.reconcile()
        assert world.told(kind="red_flag") == []
        world.later(days=1, minutes=1)
        world.reconcile()
        (asked,) = world.told(kind="red_flag")
        assert (asked.practitioner_id, asked.detail) == (world.visitor, {"confirm": True})
        for _ in range(20):
            world.later(days=20)
            world.reconcile()
        assert world.follow_up(missed).red_flag
        assert [alert.practitioner_id for alert in world.told(kind="red_flag")] == [world.last_resort]

    def test_is_a_persons_with_a_reason_and_lowers_the_mark_but_not_the_terms(self, world: World):
        """High risk once known stays on what runs; the story says who ended the flag, and why."""
        mother, household, missed = red_flagged(world)
        world.advance()
        with pytest.raises(NotAllowed):
            end(world, mother, household, reason=" ")
        assert end(world, mother, household, reason="Seen by Dr Hill, settled; agreed with the team lead")
        row = world.follow_up(missed)
        assert (row.red_flag, row.high_risk) == (False, True)
        assert world.rows("SELECT event, actor, reason FROM follow_up_event ORDER BY id DESC LIMIT 1") == [
            ("red_flag_ended", "person:ann", "Seen by Dr Hill, settled; agreed with the team lead")
        ]
        assert not end(world, mother, household, reason="again")

    def test_leaves_the_mark_where_somebody_else_of_the_family_has_one(self, world: World):
        mother, household, missed = red_flagged(world)
        father = world.add("person", team_id=world.team, life_status="alive")
        world.add("household_member", household_id=household, person_id=father, role="father")
        record(world, father, "RED-FLAG", answers=ANSWER)
        urgent_lane(world)
        end(world, mother, household, reason="Settled")
        assert world.follow_up(missed).red_flag
        end(world, father, household, reason="Settled too")
        assert not world.follow_up(missed).red_flag

    def test_can_be_put_off_by_saying_that_it_still_holds(self, world: World):
        mother, household, missed = red_flagged(world)
        decide(world, prompts(world)[0].id, PromptDecision.REFER, reason="Crisis team")
        world.later(days=30, minutes=1)
        world.reconcile()
        assert end(world, mother, household, reason="Still an inpatient", keep=True)
        assert world.told(kind="red_flag") == []
        world.later(days=29)
        world.reconcile()
        assert world.told(kind="red_flag") == []
        world.later(days=1, minutes=1)
        world.reconcile()
        assert len(world.told(kind="red_flag")) == 1
        assert world.follow_up(missed).red_flag


class TestTheAuditor:
    """Other queries than the engine's, at any age."""

    def test_misses_a_red_flag_that_is_not_on_a_follow_up(self, world: World):
        _, _, missed = red_flagged(world)
        world.run("UPDATE follow_up SET red_flag = false WHERE id = :id", id=world.follow_up(missed).id)
        world.later(days=4000)
        assert "red_flag_not_on_follow_up" in violations(world)

    def test_misses_one_that_nobody_will_be_asked_about(self, world: World):
        mother, _ = a_mother(world)
        world.add("flag", person_id=mother, code="red_flag", set_at=world.now, set_by="import:epr")
        assert "red_flag_never_confirmed" not in violations(world)
        world.later(hours=1)
        assert "red_flag_never_confirmed" in violations(world)

    def test_misses_a_prompt_of_which_nobody_is_told(self, world: World):
        red_flagged(world)
        assert "prompt_without_alert" not in violations(world)
        world.run("UPDATE alert SET state = 'done', ended_at = :now WHERE kind = 'red_flag'", now=world.now)
        assert "prompt_without_alert" in violations(world)

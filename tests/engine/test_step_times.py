"""Steps made earlier or later, more time asked for and agreed to, follow-ups given to somebody, pools."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.db import assignments, follow_up_actions, step_times
from models.db.follow_up_rows import ChangedMeanwhile, IllegalTransition, NotAllowed
from models.db.step_times import Means, Wanted
from models.domain.ids import PractitionerId
from models.domain.words import AccountRole, ClosedReason, StepChangeState
from tests.engine.world import World, at

VISITOR = AccountRole.HEALTH_VISITOR


def a_miss(world: World, *, high_risk: bool = False, **given: object) -> int:
    """A two-year-old's review missed this morning and told to the health visitor."""
    person = given.pop("person", None) or world.toddler()
    if high_risk:
        world.add("flag", person_id=person, code="cpp", set_at=world.now, set_by="import:epr")
    booked = {"contact_code": "HV-2Y", "status": "missed"} | given
    appointment = world.appointment(person, **booked)  # type: ignore[arg-type]
    world.detect()
    world.advance()
    return appointment


def move(
    world: World,
    appointment: int,
    to: datetime,
    *,
    step: str = "second-call",
    reason: str = "Family away until then",
    by: str = "pat",
    role: AccountRole = VISITOR,
    of_lease: bool = False,
) -> StepChangeState:
    found = world.follow_up(appointment)
    with Session(world.engine) as session, session.begin():
        return step_times.move(
            session,
            follow_up_id=found.id,
            row_version=found.row_version,
            account=world.person_at_page(by, role=role),
            wanted=Wanted(step_id=step, at=to, of_lease=of_lease, reason=reason),
            means=Means(world.pathways, world.rules.staffing.step_ceilings, world.rules.calendar),
            now=world.now,
        )


def decide(
    world: World, appointment: int, *, agrees: bool, by: str = "lead", role: AccountRole = AccountRole.TEAM_LEAD,
    note: str = "",
) -> StepChangeState:  # fmt: skip
    found = world.follow_up(appointment)
    asked = world.one("SELECT max(id) FROM step_time WHERE follow_up_id = :id", id=found.id)
    with Session(world.engine) as session, session.begin():
        return step_times.decide(
            session, follow_up_id=found.id, row_version=found.row_version, step_time_id=asked, agrees=agrees, note=note,
            account=world.person_at_page(by, role=role), now=world.now,
        )  # fmt: skip


def acknowledge(world: World, appointment: int, *, practitioner: int | None = None) -> None:
    found = world.follow_up(appointment)
    with Session(world.engine) as session, session.begin():
        follow_up_actions.acknowledge(
            session,
            follow_up_id=found.id,
            row_version=found.row_version,
            account=world.person_at_page("pat", practitioner=practitioner),
            pathways=world.pathways,
            calendar=world.rules.calendar,
            now=world.now,
        )


def fired(world: World, appointment: int) -> list[tuple[str, datetime]]:
    """The steps that fired, with when."""
    rows = world.rows(
        "SELECT step_id, at FROM follow_up_event WHERE follow_up_id = :id AND event = 'step_fired' ORDER BY id",
        id=world.follow_up(appointment).id,
    )
    return [(row.step_id, row.at) for row in rows]


def days(world: World, count: int) -> None:
    """Let days pass hour by hour."""
    for _ in range(count * 24):
        world.later(hours=1)
        world.advance()
        world.reconcile()


class TestEarlier:
    def test_fires_then_and_not_again(self, world: World):
        """The second call on Tuesday at ten, not on Wednesday at nine."""
        appointment = a_miss(world)
        acknowledge(world, appointment)
        assert move(world, appointment, at("2026-06-09 10:00"), reason="") is StepChangeState.IN_FORCE
        world.advance()
        assert world.follow_up(appointment).next_due_at == at("2026-06-09 10:00")
        days(world, 3)
        assert [one for one in fired(world, appointment) if one[0] == "second-call"] == [
            ("second-call", at("2026-06-09 10:00"))
        ]
        assert "step_made_earlier" in world.story(world.follow_up(appointment).id)

    def test_leaves_the_steps_after_it_where_they_were(self, world: World):
        """Later steps keep their own days."""
        appointment = a_miss(world)
        acknowledge(world, appointment)
        move(world, appointment, at("2026-06-09 10:00"))
        days(world, 8)
        assert ("other-channel", at("2026-06-15 09:00")) in fired(world, appointment)


class TestLater:
    def test_of_routine_waits_as_long_as_was_said_and_no_longer(self, world: World):
        """With a reason, kept in the story; then it fires."""
        appointment = a_miss(world)
        acknowledge(world, appointment)
        assert move(world, appointment, at("2026-06-12 09:00")) is StepChangeState.IN_FORCE
        days(world, 5)
        assert ("second-call", at("2026-06-12 09:00")) in fired(world, appointment)
        (event,) = world.rows("SELECT reason, actor FROM follow_up_event WHERE event = 'step_made_later'")
        assert tuple(event) == ("Family away until then", "person:pat")
        assert ("person:pat", "step_made_later") in world.rows("SELECT actor, action FROM audit_entry")

    @pytest.mark.parametrize(("to", "reason"), [("2026-06-25 09:00", "Away"), ("2026-06-12 09:00", " ")])
    def test_beyond_the_ceiling_or_without_a_reason_is_refused(self, world: World, to: str, reason: str):
        """And nothing has changed."""
        appointment = a_miss(world)
        before = world.follow_up(appointment)
        with pytest.raises(NotAllowed):
            move(world, appointment, at(to), reason=reason)
        assert world.follow_up(appointment) == before

    def test_said_twice_is_said_once_more_from_the_plan(self, world: World):
        """The later word counts, and the ceiling is where it was."""
        appointment = a_miss(world)
        move(world, appointment, at("2026-06-12 09:00"))
        world.advance()
        move(world, appointment, at("2026-06-11 09:00"))
        assert world.rows("SELECT state, due_at FROM step_time ORDER BY id") == [
            ("lapsed", at("2026-06-12 09:00")),
            ("in_force", at("2026-06-11 09:00")),
        ]

    def test_does_not_hold_once_the_family_is_high_risk(self, world: World):
        """A flag comes in: what stands in the step's place for high risk fires on its own time."""
        child = world.toddler()
        appointment = a_miss(world, person=child)
        acknowledge(world, appointment)
        move(world, appointment, at("2026-06-15 09:00"))
        world.add("flag", person_id=child, code="cpp", set_at=world.now, set_by="import:epr")
        days(world, 2)
        assert ("high-risk-sighting", at("2026-06-09 11:00")) in fired(world, appointment)

    def test_ends_with_the_cycle_it_was_said_in(self, world: World):
        """Opened again after closing, the ladder begins anew, on its own times."""
        appointment = a_miss(world)
        move(world, appointment, at("2026-06-15 09:00"))
        found = world.follow_up(appointment)
        with Session(world.engine) as session, session.begin():
            ann = world.person_at_page()
            follow_up_actions.close(
                session, follow_up_id=found.id, row_version=found.row_version, account=ann, reason=ClosedReason.SEEN,
                note="Seen", now=world.now,
            )  # fmt: skip
            follow_up_actions.reopen(
                session,
                follow_up_id=found.id,
                row_version=found.row_version + 1,
                account=ann,
                note="Not she",
                now=world.now,
            )
        world.advance()
        acknowledge(world, appointment)
        days(world, 3)
        assert ("second-call", at("2026-06-10 09:00")) in fired(world, appointment)

    def test_of_a_step_that_has_fired_is_refused(self, world: World):
        """Only what is still to come has a time to change; the step in hand has its acknowledgement."""
        appointment = a_miss(world)
        with pytest.raises(NotAllowed, match="not to come any more"):
            move(world, appointment, at("2026-06-12 09:00"), step="phone-same-day")

    def test_on_a_page_that_is_old_is_refused(self, world: World):
        """Two people at once: the later one is told."""
        appointment = a_miss(world)
        found = world.follow_up(appointment)
        move(world, appointment, at("2026-06-09 10:00"))
        with pytest.raises(ChangedMeanwhile), Session(world.engine) as session:
            step_times.move(
                session, follow_up_id=found.id, row_version=found.row_version, account=world.person_at_page(),
                wanted=Wanted(step_id="second-call", at=at("2026-06-09 11:00"), of_lease=False, reason=""),
                means=Means(world.pathways, world.rules.staffing.step_ceilings, world.rules.calendar), now=world.now,
            )  # fmt: skip


class TestMoreTimeForHighRisk:
    def test_waits_for_a_team_lead_and_holds_nothing_up_meanwhile(self, world: World):
        """Asked and never answered: the step fires on its own time, and the question ends with it."""
        appointment = a_miss(world, high_risk=True)
        acknowledge(world, appointment)
        assert move(world, appointment, at("2026-06-10 12:00"), step="high-risk-sighting") is StepChangeState.ASKED
        (alert,) = world.told(kind="step_extension")
        assert (alert.practitioner_id, alert.next_due_at > world.now) == (world.lead, True)
        days(world, 2)
        assert ("high-risk-sighting", at("2026-06-09 11:00")) in fired(world, appointment)
        assert world.told(kind="step_extension") == []
        assert world.rows("SELECT state, decided_by FROM step_time") == [("lapsed", "engine")]
        assert "step_extension_lapsed" in world.story(world.follow_up(appointment).id)

    def test_agreed_to_is_in_force(self, world: World):
        """By a second person, named; until then, and no longer."""
        appointment = a_miss(world, high_risk=True)
        acknowledge(world, appointment)
        move(world, appointment, at("2026-06-10 12:00"), step="high-risk-sighting")
        assert decide(world, appointment, agrees=True) is StepChangeState.IN_FORCE
        assert world.told(kind="step_extension") == []
        days(world, 3)
        assert [one for one in fired(world, appointment) if one[0] == "high-risk-sighting"] == [
            ("high-risk-sighting", at("2026-06-10 12:00"))
        ]
        assert world.rows("SELECT asked_by, agreed_by FROM step_time") == [("person:pat", "person:lead")]

    def test_refused_leaves_the_plan_as_it_was(self, world: World):
        """With a note for whoever asked."""
        appointment = a_miss(world, high_risk=True)
        acknowledge(world, appointment)
        move(world, appointment, at("2026-06-10 12:00"), step="high-risk-sighting")
        assert decide(world, appointment, agrees=False, note="Visit today") is StepChangeState.REFUSED
        days(world, 2)
        assert ("high-risk-sighting", at("2026-06-09 11:00")) in fired(world, appointment)

    @pytest.mark.parametrize(
        ("by", "role", "agrees", "expected"),
        [
            ("bob", VISITOR, True, "a team lead or the named nurse"),
            ("pat", AccountRole.TEAM_LEAD, True, "a second person"),
            ("lead", AccountRole.TEAM_LEAD, False, "needs a note"),
        ],
    )
    def test_is_not_anybodys_to_decide(self, world: World, by, role, agrees, expected):
        """Not a colleague's, not the asker's own, not without saying why not."""
        appointment = a_miss(world, high_risk=True)
        move(world, appointment, at("2026-06-10 12:00"), step="high-risk-sighting")
        with pytest.raises(NotAllowed, match=expected):
            decide(world, appointment, agrees=agrees, by=by, role=role)
        assert len(world.told(kind="step_extension")) == 1

    def test_cannot_be_in_force_without_a_name(self, world: World):
        """The database forbids it."""
        appointment = a_miss(world, high_risk=True)
        move(world, appointment, at("2026-06-10 12:00"), step="high-risk-sighting")
        with pytest.raises(IntegrityError), Session(world.engine) as session:
            session.execute(text("UPDATE step_time SET state = 'in_force', decided_by = 'x', decided_at = now()"))

    def test_nobody_answers_goes_up(self, world: World):
        """A question is chased like any task: from the lead to the head of service."""
        appointment = a_miss(world, high_risk=True)
        acknowledge(world, appointment)
        move(world, appointment, at("2026-06-10 12:00"), step="high-risk-sighting")
        world.until(world.told(kind="step_extension")[0].next_due_at + timedelta(minutes=1))
        world.reconcile()
        assert world.told(kind="step_extension")[0].times_raised == 2

    def test_ends_with_the_follow_up(self, world: World):
        """Closed meanwhile: nobody is asked any more."""
        appointment = a_miss(world, high_risk=True)
        move(world, appointment, at("2026-06-10 12:00"), step="high-risk-sighting")
        world.run(
            "UPDATE follow_up SET state = 'closed', closing_by = 'person:a', closing_reason = 'seen',"
            " closed_by = 'person:b', closed_at = :now, closed_reason = 'seen', next_due_at = NULL",
            now=world.now,
        )
        world.reconcile()
        assert world.told(kind="step_extension") == []


class TestTheStepInHand:
    def test_gets_more_time_under_the_same_rules(self, world: World):
        """The acknowledgement's end is moved: with a reason, under the ceiling."""
        appointment = a_miss(world)
        acknowledge(world, appointment)
        assert world.follow_up(appointment).acknowledged_until == at("2026-06-10 17:00")
        move(world, appointment, at("2026-06-12 17:00"), step="phone-same-day", of_lease=True)
        assert world.follow_up(appointment).acknowledged_until == at("2026-06-12 17:00")
        with pytest.raises(NotAllowed, match=r"up to 24\.06\.2026"):
            move(world, appointment, at("2026-06-30 17:00"), step="phone-same-day", of_lease=True)

    def test_comes_back_sooner_where_somebody_wants_it(self, world: World):
        """Anybody may shorten."""
        appointment = a_miss(world)
        acknowledge(world, appointment)
        move(world, appointment, at("2026-06-08 15:00"), step="phone-same-day", of_lease=True, reason="")
        world.until(at("2026-06-08 15:00"))
        world.advance()
        assert world.story(world.follow_up(appointment).id)[-1] == "step_came_back"

    def test_unacknowledged_has_no_time_to_give(self, world: World):
        """More time is for whoever has said that they are on it."""
        appointment = a_miss(world)
        with pytest.raises(NotAllowed, match="acknowledge it first"):
            move(world, appointment, at("2026-06-12 17:00"), step="phone-same-day", of_lease=True)


class TestGivingToSomebody:
    def give(self, world: World, appointment: int, to: int, *, reason: str = "Knows the family") -> None:
        found = world.follow_up(appointment)
        with Session(world.engine) as session, session.begin():
            assignments.assign(
                session,
                follow_up_id=found.id,
                row_version=found.row_version,
                to=PractitionerId(to),
                reason=reason,
                account=world.person_at_page(),
                calendar=world.rules.calendar,
                now=world.now,
            )

    def test_tells_them_at_once_and_gives_them_their_time_to_answer(self, world: World):
        """The step in hand is told to the new one; the old one's alert is over."""
        other = world.staff("health_visitor")
        appointment = a_miss(world)
        world.later(minutes=30)
        self.give(world, appointment, other)
        world.advance()
        found = world.follow_up(appointment)
        assert [(one.practitioner_id, one.step_id) for one in world.told(follow_up_id=found.id)] == [
            (other, "phone-same-day")
        ]
        assert found.next_due_at == at("2026-06-08 16:30")
        assert world.story(found.id)[-2:] == ["reassigned", "step_handed_over"]

    def test_stays_with_them_through_the_next_steps(self, world: World):
        """Before whoever was booked and whoever holds the caseload; unanswered it goes up as ever."""
        other = world.staff("health_visitor")
        appointment = a_miss(world)
        world.later(minutes=30)
        self.give(world, appointment, other)
        world.advance()
        acknowledge(world, appointment, practitioner=other)
        world.until(at("2026-06-10 09:00"))
        world.advance()
        found = world.follow_up(appointment)
        assert (found.step_id, found.owner_practitioner_id) == ("second-call", other)
        world.until(at("2026-06-11 09:00"))
        world.advance()
        assert world.follow_up(appointment).owner_practitioner_id == world.lead

    def test_takes_a_step_back_down_from_the_lead(self, world: World):
        """A lead gives what came up to her to a visitor: her act, not silence; unanswered it comes up again."""
        other = world.staff("health_visitor")
        appointment = a_miss(world)
        world.until(at("2026-06-09 16:00"))
        world.advance()
        assert world.follow_up(appointment).owner_practitioner_id == world.lead
        world.later(minutes=5)
        self.give(world, appointment, other)
        world.advance()
        found = world.follow_up(appointment)
        assert (found.owner_practitioner_id, found.step_raised_to) == (other, 0)

    def test_goes_to_their_cover_when_they_go_away(self, world: World):
        """Given or not, nobody's leave makes a family wait."""
        other, cover = world.staff("health_visitor"), world.staff("health_visitor")
        appointment = a_miss(world)
        world.later(minutes=5)
        self.give(world, appointment, other)
        world.advance()
        world.later(minutes=5)
        world.away(other, since=world.now, until=at("2026-06-12 17:00"), cover=cover)
        world.follow_staff()
        assert world.follow_up(appointment).owner_practitioner_id == cover

    def test_is_not_taken_back_by_a_moved_caseload(self, world: World):
        """A person's word stands against an import's."""
        other, child = world.staff("health_visitor"), world.child()
        appointment = a_miss(world, person=child)
        world.later(minutes=5)
        self.give(world, appointment, other)
        world.advance()
        world.later(minutes=5)
        moved = {"effective_at": world.now, "due_at": world.now, "recorded_at": world.now, "recorded_by": "import:epr"}
        to = world.staff("health_visitor")
        world.add("caseload_move", person_id=child, to_practitioner_id=to, state="planned", **moved)
        world.follow_staff()
        assert world.follow_up(appointment).owner_practitioner_id == other

    def test_who_is_away_or_without_a_reason_is_refused(self, world: World):
        """And nothing has changed."""
        away, other = world.staff("health_visitor"), world.staff("health_visitor")
        world.away(away, since=world.now, until=at("2026-06-12 17:00"))
        appointment = a_miss(world)
        for to, reason in ((away, "x"), (other, " ")):
            with pytest.raises(NotAllowed):
                self.give(world, appointment, to, reason=reason)
        assert world.follow_up(appointment).assigned_practitioner_id is None

    def test_of_an_old_entry_is_refused(self, world: World):
        """The backlog is triaged by its team; taking one up begins its plan."""
        appointment = a_miss(world)
        world.run("UPDATE follow_up SET state = 'backlog'")
        with pytest.raises(IllegalTransition):
            self.give(world, appointment, world.staff("health_visitor"))

    def test_all_of_a_leaver_s_is_one_act_with_a_line_in_each_story(self, world: World):
        """Within the account's teams, and only what that person holds."""
        other = world.staff("health_visitor")
        mine = [a_miss(world) for _ in range(3)]
        elsewhere = a_miss(world, practitioner_id=world.staff("health_visitor"))
        world.later(minutes=5)
        with Session(world.engine) as session, session.begin():
            count = assignments.assign_all(
                session, holder=PractitionerId(world.visitor), to=PractitionerId(other), reason="Maternity leave",
                account=world.person_at_page(), calendar=world.rules.calendar, now=world.now,
            )  # fmt: skip
        world.advance()
        assert count == 3
        assert {world.follow_up(each).owner_practitioner_id for each in mine} == {other}
        assert world.follow_up(elsewhere).owner_practitioner_id != other
        assert [world.story(world.follow_up(each).id).count("reassigned") for each in mine] == [1, 1, 1]
        assert world.one("SELECT count(*) FROM audit_entry WHERE action LIKE 'reassigned%'") == 4


class TestPool:
    def a_pool_step(self, world: World) -> int:
        """A cancelled review: the office books again; the office has two people, so it is their pool's."""
        world.staff("admin")
        world.staff("admin")
        appointment = world.appointment(
            world.toddler(), contact_code="HV-2Y", status="cancelled_by_family", cancelled_at=world.now
        )
        world.detect()
        world.advance()
        found = world.follow_up(appointment)
        assert (found.owner_team_id, found.owner_practitioner_id) == (world.team, None)
        return appointment

    def test_is_told_to_each_who_may_take_it(self, world: World):
        """An alert that is nobody's in particular is read by nobody: each of the office hears of it."""
        appointment = self.a_pool_step(world)
        told = world.told(follow_up_id=world.follow_up(appointment).id)
        assert sorted(one.practitioner_id or 0 for one in told)[0] == 0
        assert len([one for one in told if one.practitioner_id is not None]) == 2

    def test_is_somebodys_once_they_take_it(self, world: World):
        """ "I take it": it stands on their list, and on nobody else's."""
        appointment = self.a_pool_step(world)
        taker = world.one("SELECT min(id) FROM practitioner WHERE role = 'admin'")
        acknowledge(world, appointment, practitioner=taker)
        found = world.follow_up(appointment)
        assert (found.owner_practitioner_id, found.owner_team_id) == (taker, None)

    def test_taken_and_not_done_comes_back_to_whoever_took_it(self, world: World):
        """Not to the pool, where it would be nobody's again."""
        appointment = self.a_pool_step(world)
        taker = world.one("SELECT min(id) FROM practitioner WHERE role = 'admin'")
        acknowledge(world, appointment, practitioner=taker)
        found = world.follow_up(appointment)
        world.until(found.acknowledged_until)
        world.advance()
        after = world.follow_up(appointment)
        assert (after.step_id, after.owner_practitioner_id) == (found.step_id, taker)
        assert after.acknowledged_until is None

    def test_unclaimed_goes_up_within_its_span(self, world: World):
        """To the team lead, by the step's own climbing: one way up, not two."""
        appointment = self.a_pool_step(world)
        world.until(world.follow_up(appointment).next_due_at)
        world.advance()
        assert world.follow_up(appointment).owner_practitioner_id == world.lead
        assert world.told(kind="pool_unclaimed") == []


class TestSecondPerson:
    def test_waits_no_longer_than_its_own_time_and_then_goes_up(self, world: World):
        """Asking to close has a due time: the lead, and unanswered the named nurse. Nothing closes itself."""
        appointment = a_miss(world, high_risk=True)
        found = world.follow_up(appointment)
        with Session(world.engine) as session, session.begin():
            follow_up_actions.close(
                session, follow_up_id=found.id, row_version=found.row_version, account=world.person_at_page(),
                reason=ClosedReason.SEEN, note="Seen at home", now=world.now,
            )  # fmt: skip
        world.advance()
        asked = world.follow_up(appointment)
        assert (asked.state, asked.owner_practitioner_id) == ("closing", world.lead)
        assert world.now < asked.next_due_at <= world.now + timedelta(hours=24)
        world.until(asked.next_due_at)
        world.advance()
        up = world.follow_up(appointment)
        assert (up.state, up.owner_practitioner_id) == ("closing", world.nurse)

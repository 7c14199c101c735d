"""Holds as policy: what each kind does to texts, to the plan, to brothers and sisters; none ends but by a person."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.db import follow_up_actions, handovers, hold_acts
from models.db.auditor import audit
from models.db.follow_up_rows import NotAllowed
from models.db.handovers import Acceptance
from models.db.hold_acts import Acting
from models.domain.ids import FollowUpId, HouseholdId
from models.domain.words import AccountRole, ClosedReason, HandoverWay, HoldEnd, HoldKind, PregnancyOutcome
from tests.audit.test_auditor import LIMITS
from tests.engine.world import World, at


def acting(world: World, household: int) -> Acting:
    """The team lead, at the family's page."""
    return Acting(world.person_at_page(), HouseholdId(household), world.rules.holds, world.rules.calendar, world.now)


def tell_death(world: World, household: int, person: int, *, on: str | None = "2026-06-07") -> None:
    """A person tells of a death on the family's page; the engine looks."""
    with Session(world.engine) as session, session.begin():
        died = None if on is None else date.fromisoformat(on)
        hold_acts.tell_death(session, person, died_on=died, note="the ward rang", acting=acting(world, household))
    world.detect()
    world.advance()


def hold(world: World, household: int, kind: HoldKind, person: int | None = None, **given: Any) -> int:
    """A person sets a hold; return its id."""
    with Session(world.engine) as session, session.begin():
        given = {"until": None, "note": "the ward rang", **given}
        hold_acts.hold_person(session, kind, person, acting=acting(world, household), **given)
    found: int = world.one("SELECT max(id) FROM hold")
    return found


def end(world: World, household: int, hold_id: int, how: HoldEnd = HoldEnd.OVER) -> None:
    """A person ends a hold; the engine looks."""
    with Session(world.engine) as session, session.begin():
        hold_acts.end_hold(session, hold_id, how=how, note="looked into", acting=acting(world, household))
    world.detect()
    world.advance()


def close(world: World, follow_up: int, reason: ClosedReason, *, by: str = "ann") -> None:
    """A person closes a follow-up."""
    version = world.one("SELECT row_version FROM follow_up WHERE id = :id", id=follow_up)
    with Session(world.engine) as session, session.begin():
        follow_up_actions.close(
            session,
            follow_up_id=FollowUpId(follow_up),
            row_version=version,
            account=world.person_at_page(by),
            reason=reason,
            note="spoken to",
            now=world.now,
        )


def audited(world: World) -> set[str]:
    """The codes of all violations."""
    with Session(world.engine) as session:
        return {finding.code for finding in audit(session, world.now, limits=LIMITS).violations}


class Family:
    """A mother with two children, one of whom was not brought to a review yesterday; a text waits to be released."""

    def __init__(self, world: World, *, child: int | None = None, **review: Any) -> None:
        self.child, self.twin = child or world.child(), world.child()
        self.mother = world.child(
            date_of_birth=date(1995, 1, 1), nhs_number="9990000026", caseload_holder_id=world.visitor
        )
        self.household = world.household((self.child, "child"), (self.twin, "child"), (self.mother, "mother"))
        self.number = world.add(
            "contact_point",
            person_id=self.mother,
            number="+447700900123",
            safe_to_text="yes",
            safe_to_text_by="person:ann",
            confirmed_on=world.now.date(),
        )
        self.missed = world.appointment(
            self.child, status="missed", household_id=self.household, contact_person_id=self.mother, **review
        )
        world.detect()
        world.advance()

    def texts(self, world: World) -> list[tuple[str, str | None]]:
        """How the texts to this family stand."""
        rows = world.rows("SELECT state, block_reason FROM message WHERE audience = 'family' ORDER BY id")
        return [(row.state, row.block_reason) for row in rows]


@pytest.fixture
def family(world: World) -> Family:
    return Family(world)


class TestDeathOfAChild:
    def test_stops_the_texts_in_the_same_transaction(self, world: World, family: Family):
        """A text that waited is dropped for good, and its follow-up's story says so."""
        assert family.texts(world) == [("held", None)]
        with Session(world.engine) as session, session.begin():
            place = acting(world, family.household)
            hold_acts.tell_death(session, family.child, died_on=date(2026, 6, 7), note="the ward rang", acting=place)
        assert family.texts(world) == [("dropped", "hold")]
        assert "text_dropped" in world.story(world.follow_up(family.missed).id)

    def test_starts_care_for_the_mother_with_her_health_visitor(self, world: World, family: Family):
        """Hazard 2: a path of its own, on staff; it texts nobody."""
        tell_death(world, family.household, family.child)
        (care,) = world.rows("SELECT * FROM follow_up WHERE contact_code = 'EVENT-BEREAVEMENT'")
        assert (care.person_id, care.household_id, care.pathway_code, care.state) == (
            family.mother,
            family.household,
            "bereavement-care",
            "open",
        )
        told = {alert.step_id: alert.practitioner_id for alert in world.told(follow_up_id=care.id)}
        assert told["tell-everybody"] in (world.visitor, world.lead)
        assert family.texts(world) == [("dropped", "hold")]

    def test_puts_the_childs_follow_up_on_a_gentle_plan_that_a_person_ends(self, world: World, family: Family):
        """Nothing asks anybody to ring the family; nothing closes by itself; a person closes it."""
        tell_death(world, family.household, family.child)
        row = world.follow_up(family.missed)
        assert (row.pathway_code, row.state, row.closed_at) == ("after-a-loss", "open", None)
        assert {alert.step_id for alert in world.told(follow_up_id=row.id)} == {"end-gently"}
        world.later(days=40)
        world.advance()
        assert world.follow_up(family.missed).state == "open"
        close(world, row.id, ClosedReason.DIED)
        row = world.follow_up(family.missed)
        assert (row.state, row.closed_reason, row.closed_by) == ("closed", "died", "person:ann")

    def test_leaves_the_twins_plan_as_it_was_with_a_sign_and_without_texts(self, world: World, family: Family):
        """Brothers and sisters are followed up as before; no text about them leaves."""
        tell_death(world, family.household, family.child)
        missed = world.appointment(
            family.twin, status="missed", household_id=family.household, contact_person_id=family.mother
        )
        world.detect()
        world.advance()
        row = world.follow_up(missed)
        assert (row.pathway_code, row.step_id) == ("universal-review", "phone-same-day")
        assert "text_not_offered" in world.story(row.id)
        assert family.texts(world) == [("dropped", "hold")]

    def test_of_a_second_child_is_taken_in_by_the_care_that_is_there(self, world: World, family: Family):
        """One path of care for one mother at a time."""
        tell_death(world, family.household, family.child)
        tell_death(world, family.household, family.twin)
        assert world.one("SELECT count(*) FROM hold WHERE kind = 'bereavement'") == 2
        opened = world.rows("SELECT opens_follow_up FROM family_event ORDER BY id")
        assert [row.opens_follow_up for row in opened] == [True, False]
        assert world.one("SELECT count(*) FROM follow_up WHERE contact_code = 'EVENT-BEREAVEMENT'") == 1

    def test_reaches_a_miss_that_is_recorded_only_afterwards(self, world: World, family: Family):
        """Nobody called the visit off: its follow-up begins on the gentle plan, not on the family's."""
        tell_death(world, family.household, family.child)
        missed = world.appointment(family.child, contact_code="HV-3M", status="missed", household_id=family.household)
        world.detect()
        world.advance()
        row = world.follow_up(missed)
        assert (row.pathway_code, row.step_id) == ("after-a-loss", "end-gently")
        assert row.plan_before["pathway_code"] == "universal-review"

    def test_long_ago_first_told_now_is_gentle_too_and_no_news(self, world: World, family: Family):
        """A child that died three years ago needs no care path today; what is live about it gives way all the same."""
        world.run(
            "UPDATE person SET life_status = 'deceased', deceased_on = '2023-01-01' WHERE id = :id", id=family.twin
        )
        missed = world.appointment(family.twin, status="missed", household_id=family.household)
        world.detect()
        assert world.follow_up(missed).pathway_code == "after-a-loss"
        world.detect()
        assert world.one("SELECT count(*) FROM family_event") == 0

    def test_calls_off_what_was_planned(self, world: World, family: Family):
        world.add(
            "expected_contact",
            person_id=family.child, contact_code="HV-3M", schedule_code="england", schedule_version=1,
            anchor_on=world.now.date() - timedelta(days=45), window_start=date(2026, 7, 1),
            window_end=date(2026, 8, 1), overdue_on=date(2026, 8, 1), next_due_at=at("2026-07-20 09:00"),
            first_received_at=world.now,
        )  # fmt: skip
        tell_death(world, family.household, family.child)
        world.detect()
        (contact,) = world.rows("SELECT state, next_due_at FROM expected_contact")
        assert (contact.state, contact.next_due_at) == ("not_applicable", None)


class TestDeathOfTheMother:
    def test_starts_care_for_who_is_left_and_leaves_the_children_followed_up(self, world: World, family: Family):
        """The father's, where there is one; her own follow-ups end gently, her children's go on."""
        father = world.child(date_of_birth=date(1993, 1, 1), caseload_holder_id=None)
        world.add("household_member", household_id=family.household, person_id=father, role="father")
        own = world.appointment(
            family.mother, contact_code="PMH-ASSESS", status="missed", subject_role="mother",
            household_id=family.household,
        )  # fmt: skip
        world.detect()
        tell_death(world, family.household, family.mother)
        (care,) = world.rows("SELECT person_id FROM follow_up WHERE contact_code = 'EVENT-BEREAVEMENT'")
        assert care.person_id == father
        plans = (world.follow_up(own).pathway_code, world.follow_up(family.missed).pathway_code)
        assert plans == ("after-a-loss", "universal-review")


class TestDeathToldInError:
    @pytest.fixture
    def mistaken(self, world: World, family: Family) -> Family:
        """It was told, its follow-up was closed for it; and it was wrong."""
        tell_death(world, family.household, family.child)
        close(world, world.follow_up(family.missed).id, ClosedReason.DIED)
        end(world, family.household, world.one("SELECT id FROM hold"), HoldEnd.IN_ERROR)
        return family

    def test_opens_what_was_closed_for_it_on_its_own_plan(self, world: World, mistaken: Family):
        """A child that lives is followed up again, where its plan was."""
        row = world.follow_up(mistaken.missed)
        assert (row.state, row.pathway_code, row.hold_id, row.plan_before) == ("open", "universal-review", None, None)
        assert {alert.kind for alert in world.told(follow_up_id=row.id)} == {"step"}
        assert world.story(row.id)[-2:] != []

    def test_makes_the_child_no_more_than_not_known_to_have_died(self, world: World, mistaken: Family):
        """Unknown blocks texts until somebody confirms; nothing of an import or an error makes them go again."""
        (child,) = world.rows("SELECT life_status, deceased_on FROM person WHERE id = :id", id=mistaken.child)
        assert (child.life_status, child.deceased_on) == ("unknown", None)
        assert mistaken.texts(world)[0] == ("dropped", "hold")

    def test_told_again_holds_again(self, world: World, mistaken: Family):
        """Another hold, and care of its own."""
        tell_death(world, mistaken.household, mistaken.child)
        assert [row.ended_how for row in world.rows("SELECT ended_how FROM hold ORDER BY id")] == ["in_error", None]
        assert world.one("SELECT count(*) FROM family_event") == 2

    def test_keeps_its_history(self, world: World, mistaken: Family):
        events = world.rows("SELECT event, actor, reason FROM hold_event ORDER BY id")
        assert [tuple(event) for event in events] == [
            ("set", "person:ann", "the ward rang"),
            ("ended", "person:ann", "looked into"),
        ]


class TestEndOfAPregnancy:
    @pytest.fixture
    def expecting(self, world: World, family: Family) -> Family:
        """The mother was expecting, and did not come to an antenatal contact; her own clinic she missed as well."""
        world.add(
            "pregnancy", mother_id=family.mother, household_id=family.household, edd=date(2026, 9, 1),
            outcome="continuing",
        )  # fmt: skip
        for code in ("MW-28W", "PMH-ASSESS"):
            world.appointment(
                family.mother, contact_code=code, status="missed", subject_role="mother", household_id=family.household
            )
        world.detect()
        world.advance()
        with Session(world.engine) as session, session.begin():
            hold_acts.tell_pregnancy_end(
                session,
                family.mother,
                outcome=PregnancyOutcome.STILLBIRTH,
                ended_on=date(2026, 6, 7),
                note="maternity rang",
                acting=acting(world, family.household),
            )
        world.detect()
        world.advance()
        return family

    def test_starts_care_and_ends_the_antenatal_plan_gently(self, world: World, expecting: Family):
        """What was about the pregnancy gives way; her own care does not."""
        rows = world.rows("SELECT contact_code, pathway_code FROM follow_up WHERE person_id = :id", id=expecting.mother)
        assert dict(tuple(row) for row in rows) == {
            "MW-28W": "after-a-loss",
            "PMH-ASSESS": "pmh-missed",
            "EVENT-BEREAVEMENT": "bereavement-care",
        }

    def test_leaves_the_living_child_followed_up(self, world: World, expecting: Family):
        assert world.follow_up(expecting.missed).pathway_code == "universal-review"

    def test_leaves_a_later_pregnancys_contacts_alone(self, world: World, expecting: Family):
        """The hold still stands; the next pregnancy is followed up by its own plan."""
        world.add("pregnancy", mother_id=expecting.mother, edd=date(2027, 5, 1), outcome="continuing")
        missed = world.appointment(
            expecting.mother, contact_code="MW-16W", status="missed", subject_role="mother",
            household_id=expecting.household,
        )  # fmt: skip
        world.detect()
        assert world.follow_up(missed).pathway_code == "antenatal-midwifery"


class TestStayInHospital:
    def test_over_a_weekend_keeps_the_second_call_waiting_and_no_longer(self, world: World):
        """Missed on Thursday; in hospital until Monday; the call that was due on Monday comes when the stay is over."""
        world.until(at("2026-06-11 12:00"))
        family = Family(world, child=world.toddler(), contact_code="HV-2Y")
        world.until(at("2026-06-12 16:00"))
        stay = hold(world, family.household, HoldKind.IN_HOSPITAL, family.child, until=date(2026, 6, 16))
        world.until(at("2026-06-15 09:00"))
        world.advance()
        assert world.follow_up(family.missed).step_id == "phone-same-day"
        world.until(at("2026-06-16 17:00"))
        world.advance()
        assert world.follow_up(family.missed).step_id == "second-call"
        assert world.one("SELECT ended_at FROM hold WHERE id = :id", id=stay) is None

    def test_ended_by_a_person_sooner_lets_the_plan_go_on_at_once(self, world: World):
        world.until(at("2026-06-11 12:00"))
        family = Family(world, child=world.toddler(), contact_code="HV-2Y")
        world.until(at("2026-06-12 16:00"))
        stay = hold(world, family.household, HoldKind.IN_HOSPITAL, family.child, until=date(2026, 6, 30))
        world.advance()
        world.until(at("2026-06-15 10:00"))
        end(world, family.household, stay)
        assert world.follow_up(family.missed).step_id == "second-call"

    def test_nobody_decides_on_is_told_of_again_and_goes_up_with_texts_still_blocked(
        self, world: World, family: Family
    ):
        """Nothing silently ends: the safe side stays."""
        stay = hold(world, family.household, HoldKind.IN_HOSPITAL, family.child, until=date(2026, 6, 9))
        assert world.told(kind="hold_ending") == []
        world.until(at("2026-06-09 17:00"))
        world.reconcile()
        (alert,) = world.told(kind="hold_ending")
        assert (alert.practitioner_id, alert.household_id) == (world.visitor, family.household)
        for _ in range(2):
            world.later(days=3)
            world.reconcile()
        (alert,) = world.told(kind="hold_ending")
        assert alert.practitioner_id == world.head
        assert world.one("SELECT ended_at FROM hold WHERE id = :id", id=stay) is None
        world.appointment(family.twin, status="missed", household_id=family.household)
        world.detect()
        world.advance()
        assert {state for state, _ in family.texts(world)} == {"dropped"}

    def test_marked_as_dealt_with_without_a_decision_is_asked_again(self, world: World, family: Family):
        """Only deciding about the hold ends the question."""
        hold(world, family.household, HoldKind.IN_HOSPITAL, family.child, until=date(2026, 6, 9))
        world.until(at("2026-06-09 17:00"))
        world.reconcile()
        world.run("UPDATE alert SET state = 'done', ended_at = :now WHERE kind = 'hold_ending'", now=world.now)
        world.later(days=2)
        world.reconcile()
        assert [alert.times_raised for alert in world.told(kind="hold_ending")] == [2]


class TestFlagOfAnImport:
    @pytest.mark.parametrize(
        ("code", "kind"),
        [
            ("bereavement", "bereavement"),
            ("pregnancy_loss", "pregnancy_ended"),
            ("neonatal_inpatient", "in_hospital"),
            ("adoption", "protected_identity"),
        ],
    )
    def test_sets_the_hold_whoever_wrote_it(self, world: World, family: Family, code: str, kind: str):
        """One way of holding: the flag is how an import says it, and is found wherever it came from."""
        world.add("flag", person_id=family.child, code=code, set_at=world.now, set_by="import:epr")
        world.reconcile()
        world.reconcile()
        assert [row.kind for row in world.rows("SELECT kind FROM hold")] == [kind]

    def test_ends_with_its_hold(self, world: World, family: Family):
        """The two never disagree."""
        world.add("flag", person_id=family.child, code="neonatal_inpatient", set_at=world.now, set_by="import:epr")
        world.reconcile()
        end(world, family.household, world.one("SELECT id FROM hold"))
        assert [row.ended_by for row in world.rows("SELECT ended_by FROM flag")] == ["person:ann"]
        world.reconcile()
        assert world.one("SELECT count(*) FROM hold") == 1


class TestMovedOut:
    def moved(self, world: World, family: Family) -> int:
        found = hold(world, family.household, HoldKind.MOVED_OUT, detail={"moved_to": "Leeds"})
        world.detect()
        world.advance()
        return found

    def accept(self, world: World, family: Family, hold_id: int) -> int:
        with Session(world.engine) as session, session.begin():
            return handovers.accept(
                session,
                Acceptance(
                    holds=frozenset({hold_id}), household_id=family.household, receiver="Leeds health visiting",
                    accepted_by="Sam Reed, team lead", accepted_at=world.now - timedelta(hours=1),
                    way=HandoverWay.PHONE, note="all notes sent",
                ),
                account=world.person_at_page(),
                now=world.now,
            )  # fmt: skip

    def test_and_never_accepted_for_forty_days_stays_ours_and_goes_up(self, world: World, family: Family):
        """Hazard 17: the sender keeps it; the ladder climbs to the head of service and comes back for ever."""
        self.moved(world, family)
        (event,) = world.rows("SELECT * FROM follow_up WHERE contact_code = 'EVENT-MOVED-OUT'")
        for _ in range(40):
            world.later(days=1)
            world.advance()
            world.reconcile()
        (row,) = world.rows("SELECT * FROM follow_up WHERE id = :id", id=event.id)
        assert (row.state, row.step_id) == ("open", "not-accepted-yet")
        assert world.follow_up(family.missed).state == "open"
        fired = {
            step.step_id
            for step in world.rows("SELECT step_id FROM follow_up_event WHERE follow_up_id = :id", id=row.id)
        }
        assert {"find-receiver", "hand-over", "team-lead-takes-up", "named-nurse-takes-up"} <= fired
        assert {alert.kind for alert in world.told(household_id=family.household)} >= {"hold_ending", "step"}

    @pytest.mark.parametrize("reason", [ClosedReason.TRANSFER_ACCEPTED, ClosedReason.CLINICIAN_DECISION])
    def test_is_closed_by_nobody_before_the_receiver_has_accepted(
        self, world: World, family: Family, reason: ClosedReason
    ):
        self.moved(world, family)
        (event,) = world.rows("SELECT * FROM follow_up WHERE contact_code = 'EVENT-MOVED-OUT'")
        with pytest.raises(NotAllowed, match="nobody has accepted it"):
            close(world, event.id, reason)

    def test_accepted_closes_nothing_by_itself_but_may_be_closed_then(self, world: World, family: Family):
        """Who, when, where and how is on record; each follow-up names the acceptance it was closed by."""
        handover = self.accept(world, family, self.moved(world, family))
        world.detect()
        assert world.follow_up(family.missed).state == "open"
        (event,) = world.rows("SELECT * FROM follow_up WHERE contact_code = 'EVENT-MOVED-OUT'")
        for follow_up in (event.id, world.follow_up(family.missed).id):
            close(world, follow_up, ClosedReason.TRANSFER_ACCEPTED)
        rows = world.rows("SELECT state, closed_reason, handover_id FROM follow_up")
        assert {tuple(row) for row in rows} == {("closed", "transfer_accepted", handover)}

    def test_another_miss_is_no_transfer_while_nobody_has_moved(self, world: World, family: Family):
        with pytest.raises(NotAllowed, match="nobody has accepted the family yet"):
            close(world, world.follow_up(family.missed).id, ClosedReason.TRANSFER_ACCEPTED)

    def test_can_not_be_closed_as_transferred_behind_the_applications_back(self, world: World, family: Family):
        """The database refuses it."""
        with pytest.raises(IntegrityError, match="transfer_accepted_by"):
            world.run(
                "UPDATE follow_up SET state = 'closed', closed_reason = 'transfer_accepted', closed_by = 'person:x',"
                " closed_at = now(), next_due_at = NULL"
            )

    def test_acceptance_taken_back_opens_what_was_closed_by_it(self, world: World, family: Family):
        """The receiver does not have them after all."""
        handover = self.accept(world, family, self.moved(world, family))
        close(world, world.follow_up(family.missed).id, ClosedReason.TRANSFER_ACCEPTED)
        with Session(world.engine) as session, session.begin():
            opened = handovers.withdraw(
                session,
                handover,
                reason="they never arrived",
                review=world.now + timedelta(days=7),
                account=world.person_at_page(),
                now=world.now,
            )
        world.advance()
        row = world.follow_up(family.missed)
        assert (opened, row.state, row.handover_id) == (1, "open", None)
        assert world.one("SELECT next_due_at IS NOT NULL FROM hold") is True

    def test_a_new_practice_or_address_alone_closes_nothing(self, world: World, family: Family):
        """An address in a file is no acceptance."""
        world.run("UPDATE person SET gp_practice = 'Leeds', postcode = 'LS1 1AA'")
        world.detect()
        assert world.follow_up(family.missed).state == "open"
        assert world.one("SELECT count(*) FROM hold") == 0


class TestHold:
    def test_can_not_be_ended_by_a_machine(self, world: World, family: Family):
        """The database refuses it."""
        found = hold(world, family.household, HoldKind.IN_HOSPITAL, family.child)
        with pytest.raises(IntegrityError, match="ended_by_a_person"):
            world.run(
                "UPDATE hold SET ended_at = now(), ended_by = 'engine', ended_how = 'over', ended_reason = 'x',"
                " next_due_at = NULL, apply_at = NULL WHERE id = :id",
                id=found,
            )

    def test_can_not_stand_without_a_time_at_which_somebody_is_told(self, world: World, family: Family):
        found = hold(world, family.household, HoldKind.IN_HOSPITAL, family.child)
        with pytest.raises(IntegrityError, match="standing_has_due"):
            world.run("UPDATE hold SET next_due_at = NULL WHERE id = :id", id=found)

    def test_of_a_loss_is_ended_by_a_team_lead_not_by_everybody(self, world: World, family: Family):
        """config/holds.yaml says who."""
        tell_death(world, family.household, family.child)
        place = acting(world, family.household)
        visitor = replace(place, account=replace(place.account, role=AccountRole.HEALTH_VISITOR))
        with (
            Session(world.engine) as session,
            pytest.raises(NotAllowed, match="decided on by: named nurse, team lead"),
        ):
            hold_acts.end_hold(
                session, world.one("SELECT id FROM hold"), how=HoldEnd.OVER, note="they wish so", acting=visitor
            )

    def test_kept_on_is_asked_about_at_its_new_time(self, world: World, family: Family):
        found = hold(world, family.household, HoldKind.IN_HOSPITAL, family.child, until=date(2026, 6, 9))
        world.until(at("2026-06-09 17:00"))
        world.reconcile()
        with Session(world.engine) as session, session.begin():
            hold_acts.keep_on(
                session, found, until=date(2026, 6, 19), note="still in", acting=acting(world, family.household)
            )
        assert world.told(kind="hold_ending") == []
        world.until(at("2026-06-19 17:00"))
        world.reconcile()
        assert len(world.told(kind="hold_ending")) == 1

    def test_set_twice_is_refused_by_name(self, world: World, family: Family):
        hold(world, family.household, HoldKind.IN_HOSPITAL, family.child)
        with pytest.raises(NotAllowed, match="known already"):
            hold(world, family.household, HoldKind.IN_HOSPITAL, family.child)


class TestHoldThatIsOverAtOnce:
    @pytest.mark.parametrize(("how", "begun"), [(HoldEnd.OVER, ["bereavement_care"]), (HoldEnd.IN_ERROR, [])])
    def test_still_starts_care_and_one_set_in_error_does_not(
        self, world: World, family: Family, how: HoldEnd, begun: list[str]
    ):
        """Set and ended before the engine looked: the loss is one all the same."""
        found = hold(world, family.household, HoldKind.BEREAVEMENT)
        with Session(world.engine) as session, session.begin():
            acts = acting(world, family.household)
            hold_acts.end_hold(session, found, how=how, note="They asked for it", acting=acts)
        world.detect()
        assert [row.kind for row in world.rows("SELECT kind FROM family_event")] == begun
        world.later(hours=1)
        assert not audited(world) & {"loss_without_care", "hold_not_applied"}

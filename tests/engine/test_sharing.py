"""A parent's missed mental-health appointment is an event for the child: who hears of it, by when, and what."""

from datetime import date

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from models.db import disclosure_actions, sharing_agreements
from models.db.follow_up_rows import NotAllowed
from tests.engine.adult_services import GP, HV, MW, PMH, Home, Services, decide, history, share, told_by_five
from tests.engine.world import at


@pytest.fixture
def world(engine: Engine) -> Services:
    """Monday 8 June 2026, noon."""
    return Services(engine, now=at("2026-06-08 12:00"))


class TestWithAnAgreement:
    def test_the_childs_health_visitor_is_told_at_five_the_same_day(self, world: Services):
        """Automatic at the deadline, not before; by the engine, under the agreement, on its ground."""
        world.sign()
        world.missed(world.family())
        world.cycle()
        assert world.cards() == []
        assert world.questions()[HV].next_due_at == at("2026-06-08 17:00")
        world.until(at("2026-06-08 16:59"))
        world.cycle()
        assert world.cards() == []
        world.until(at("2026-06-08 17:00"))
        world.cycle()
        told = world.questions()[HV]
        (card,) = world.cards()
        assert (told.state, told.decided_by, told.agreement_id is not None) == ("shared", "engine", True)
        assert told.legal_basis.startswith("Direct care")
        assert told.what == (
            "Adult in household: missed a health contact on 8 June 2026; last seen not known to us."
            " Please look at each child's plan and when each was last seen."
        )
        assert (card.pathway_code, card.team_id, card.owner_practitioner_id) == (
            "adult-missed-contact",
            world.team,
            world.visitor,
        )
        assert card.detail == {"on": "2026-06-08", "last_seen": None, "misses": 1}

    def test_says_when_the_adult_was_last_seen(self, world: Services):
        world.sign()
        home = world.family()
        world.missed(home, status="attended", ends_at=at("2026-05-01 15:00"))
        world.missed(home)
        world.cycle()
        world.until(at("2026-06-08 17:00"))
        world.cycle()
        (card,) = world.cards()
        assert card.detail == {"on": "2026-06-08", "last_seen": "2026-05-01", "misses": 1}

    def test_high_risk_is_told_four_hours_after_the_end_also_on_a_saturday(self, world: Services):
        world.sign()
        home = world.family()
        world.add("flag", person_id=home.mother, code="severe_mental_illness", set_at=world.now, set_by="import:epr")
        world.until(at("2026-06-13 11:30"))
        world.missed(home, ends_at=at("2026-06-13 11:00"))
        world.cycle()
        assert world.questions()[HV].next_due_at == at("2026-06-13 15:00")
        world.until(at("2026-06-13 15:00"))
        world.cycle()
        assert [card.high_risk for card in world.cards()] == [True]

    def test_a_miss_on_a_saturday_has_until_monday_at_five(self, world: Services):
        """A day off has no close of its own."""
        world.until(at("2026-06-13 11:30"))
        world.missed(world.family(), ends_at=at("2026-06-13 11:00"))
        world.detect()
        assert world.questions()[HV].next_due_at == at("2026-06-15 17:00")

    def test_a_friday_miss_heard_of_after_five_leaves_two_working_hours_to_hold_it(self, world: Services):
        """Nightly data can't take the clinician's say away; over a weekend it is Monday at eleven."""
        world.sign()
        world.until(at("2026-06-12 18:30"))
        world.missed(world.family(), ends_at=at("2026-06-12 16:30"))
        world.cycle()
        assert world.questions()[HV].next_due_at == at("2026-06-15 11:00")
        assert world.cards() == []
        world.until(at("2026-06-15 11:00"))
        world.cycle()
        assert len(world.cards()) == 1

    def test_that_has_ended_or_lapsed_nobody_is_told_by_itself(self, world: Services):
        """A day past its last one, it speaks for nothing."""
        world.sign(until=date(2026, 6, 8))
        world.until(at("2026-06-09 12:00"))
        world.missed(world.family())
        world.cycle()
        world.until(at("2026-06-09 17:00"))
        world.cycle()
        assert (world.questions()[HV].state, world.cards()) == ("asked", [])

    def test_that_is_ended_before_the_deadline_speaks_for_nothing(self, world: Services):
        """What counts is the moment of telling, not the moment of the miss."""
        world.sign()
        world.missed(world.family())
        world.cycle()
        with Session(world.engine) as session, session.begin():
            sharing_agreements.end(session, from_service=PMH, to_service=HV, by="Sam", now=world.now)
        world.until(at("2026-06-08 17:00"))
        world.cycle()
        assert (world.questions()[HV].state, world.cards()) == ("asked", [])
        assert [alert.practitioner_id for alert in world.told(kind="disclosure_due")] == [world.clinician]

    def test_the_machine_alone_can_tell_nobody(self, world: Services):
        """The database refuses a disclosure by the engine without an agreement."""
        world.missed(world.family())
        world.detect()
        with pytest.raises(IntegrityError, match="automatic_needs_agreement"):
            world.run(
                "UPDATE disclosure SET state = 'shared', what = 'x', purpose = 'x', legal_basis = 'x',"
                " next_due_at = NULL, decided_by = 'engine', decided_at = :now WHERE to_service = 'health_visiting'",
                now=world.now,
            )


class TestWithoutAnAgreement:
    def test_the_clinician_is_asked_at_once_and_nothing_goes_by_itself(self, world: Services):
        """The default: none is signed. One question for health visitor and GP together, to whoever sees the adult."""
        world.missed(world.family())
        world.cycle()
        (alert,) = world.told(kind="disclosure_due")
        assert (alert.practitioner_id, alert.team_id, alert.next_due_at) == (
            world.clinician,
            world.pmh,
            at("2026-06-08 17:00"),
        )
        world.later(days=30)
        world.cycle()
        assert (world.cards(), world.questions()[HV].state) == ([], "asked")

    def test_unanswered_it_goes_to_the_lead_and_up_and_never_ends(self, world: Services):
        world.missed(world.family())
        world.cycle()
        asked = []
        for moment in ("2026-06-08 17:00", "2026-06-10 12:00", "2026-06-12 12:00", "2026-06-30 12:00"):
            world.until(at(moment))
            world.cycle()
            (alert,) = world.told(kind="disclosure_due")
            asked.append(alert.practitioner_id)
        assert asked == [world.pmh_lead, world.head, world.last_resort, world.last_resort]

    def test_a_person_who_tells_is_named_with_the_ground(self, world: Services):
        """By whom, when, what, why, on what ground; one line of history; the health visitor's card is there."""
        world.missed(world.family())
        world.cycle()
        decide(world, lambda db, who: share(db, world, who))
        world.cycle()
        told = world.questions()[HV]
        assert (told.state, told.decided_by, told.decided_at) == ("shared", "person:ann", world.now)
        assert told.legal_basis.startswith("Safeguarding")
        assert len(world.cards()) == 1
        assert history(world, told.id) == [("raised", "engine"), ("shared", "person:ann")]

    def test_a_decision_to_tell_nobody_needs_a_reason_and_is_kept(self, world: Services):
        world.missed(world.family())
        world.cycle()
        question = world.questions()[HV].id
        with pytest.raises(NotAllowed, match="why nobody is told"):
            decide(world, lambda db, who: disclosure_actions.refuse(db, question, who, reason=""))
        decide(
            world, lambda db, who: disclosure_actions.refuse(db, question, who, reason="She told the visitor herself")
        )
        world.later(days=3)
        world.cycle()
        kept = world.questions()[HV]
        assert (kept.state, kept.reason, kept.next_due_at) == ("not_shared", "She told the visitor herself", None)
        assert world.cards() == []
        (entry,) = world.rows("SELECT actor, why FROM audit_entry WHERE action = 'disclosure_refused'")
        assert entry == ("person:ann", "She told the visitor herself")

    def test_the_database_refuses_one_without_a_reason_or_a_person(self, world: Services):
        world.missed(world.family())
        world.detect()
        for values in ("decided_by = 'person:ann'", "decided_by = 'engine', reason = 'because'"):
            with pytest.raises(IntegrityError, match="not_shared_by_a_person_with_reason"):
                world.run(
                    f"UPDATE disclosure SET state = 'not_shared', next_due_at = NULL, decided_at = now(), {values}"
                )

    def test_once_both_are_decided_nobody_is_asked_any_more(self, world: Services):
        """One alert stands for both questions, and ends with the last of them."""
        world.missed(world.family())
        world.cycle()
        decide(world, lambda db, who: share(db, world, who))
        (alert,) = world.told(kind="disclosure_due")
        assert alert.next_due_at == at("2026-06-09 17:00")  # the copy to the GP has a working day
        decide(
            world,
            lambda db, who: share(db, world, who, to=GP, to_whom="Hill Surgery, by MESH", received_how="Acknowledged"),
        )
        assert world.told(kind="disclosure_due") == []


class TestWhoIsTold:
    def test_twins_and_siblings_are_one_card(self, world: Services):
        """One per household and health visitor, about the youngest; not one per child."""
        world.sign()
        twins = [world.child(date_of_birth=date(2025, 9, 1)) for _ in range(2)]
        home = world.family((twins[0], "child"), (twins[1], "child"))
        world.missed(home)
        told_by_five(world)
        (card,) = world.cards()
        assert (card.person_id, card.household_id) == (twins[0], home.household)

    def test_two_health_visitors_have_a_card_each_and_both_go_on_at_the_second_miss(self, world: Services):
        world.sign()
        other = world.staff("health_visitor")
        baby = world.child(date_of_birth=date(2026, 1, 5), caseload_holder_id=other)
        home = world.family((baby, "child"))
        world.missed(home)
        told_by_five(world)
        assert [card.owner_practitioner_id for card in world.cards()] == [other, world.visitor]
        world.until(at("2026-06-16 12:00"))
        world.missed(home)
        told_by_five(world)
        assert [(card.owner_practitioner_id, card.miss_count) for card in world.cards()] == [
            (other, 2),
            (world.visitor, 2),
        ]

    def test_a_child_at_school_needs_nobody(self, world: Services):
        """Settled by rule, and the rule is kept; one whose age we do not know counts as pre-school."""
        world.missed(world.family(born="2019-01-01"))
        world.cycle()
        (question,) = world.questions().values()
        assert (question.state, question.why_not) == ("not_needed", "no_pre_school_child")
        assert world.told(kind="disclosure_due") == []
        home = world.family()
        world.run("UPDATE person SET date_of_birth = NULL WHERE id = :id", id=home.child)
        appointment = world.missed(home)
        world.cycle()
        assert world.questions(appointment_id=appointment)[HV].state == "waiting"

    def test_a_father_counts_like_a_mother_and_unknown_counts_as_living_there(self, world: Services):
        world.sign()
        father = world.add("person", name="Sam Made-Up", life_status="alive")
        home = world.family((father, "father"))
        world.missed(home, adult=father, role="father")
        told_by_five(world)
        assert len(world.cards()) == 1

    def test_an_adult_recorded_as_living_elsewhere_is_a_persons_decision(self, world: Services):
        """Not told by itself, agreement or not; a person may decide to tell."""
        world.sign()
        father = world.add("person", name="Sam Made-Up", life_status="alive")
        home = world.family((father, "father"))
        world.run("UPDATE household_member SET lives_with = 'no' WHERE person_id = :id", id=father)
        world.missed(home, adult=father, role="father")
        told_by_five(world)
        assert (world.cards(), world.questions()[HV].state) == ([], "asked")
        decide(world, lambda db, who: share(db, world, who))
        world.cycle()
        assert len(world.cards()) == 1

    def test_where_no_child_is_known_a_person_is_asked_and_nobody_is_guessed(self, world: Services):
        """Same surname, same number: no household is made of that."""
        world.sign()
        alone = world.add("person", name="Rosa Made-Up", life_status="alive")
        world.family()
        appointment = world.appointment(
            alone, contact_code="PMH-REVIEW", subject_role="mother", team_id=world.pmh, status="missed",
            practitioner_id=world.clinician,
        )  # fmt: skip
        told_by_five(world)
        assert (world.cards(), world.questions(appointment_id=appointment)[HV].state) == ([], "asked")
        with pytest.raises(NotAllowed, match="Nobody is known here"):
            decide(world, lambda db, who: share(db, world, who))
        decide(world, lambda db, who: share(db, world, who, to_whom="Health visitor of South, by phone"))
        assert world.questions(appointment_id=appointment)[HV].state == "shared"

    def test_that_there_are_no_children_is_not_asked_again_for_half_a_year(self, world: Services):
        """A clinician said so with a reason; each further miss says by which rule nobody was asked."""
        alone = Home(world.add("person", life_status="alive"), 0, 0)
        alone.household = world.household((alone.mother, "mother"))
        world.missed(alone)
        world.cycle()
        (question,) = world.rows("SELECT id FROM disclosure WHERE to_service = :to", to=HV)
        decide(world, lambda db, who: disclosure_actions.refuse(db, question.id, who, reason="No children"))
        world.later(days=30)
        second = world.missed(alone)
        world.cycle()
        assert world.questions(appointment_id=second)[HV].why_not == "asked_already"
        world.later(days=200)
        third = world.missed(alone)
        world.cycle()
        assert world.questions(appointment_id=third)[HV].state == "waiting"

    def test_in_pregnancy_the_midwife_where_one_is_known(self, world: Services):
        """Her own card; the health visitor too where there is a pre-school child."""
        world.sign(MW)
        team = world.add("team", code="MW", name="Midwives", stage="staff")
        midwife = world.staff("midwife", team_id=team)
        home = world.family()
        world.add("pregnancy", mother_id=home.mother, edd=date(2026, 9, 1), outcome="continuing")
        world.appointment(
            home.mother, contact_code="MW-16W", subject_role="mother", status="attended", practitioner_id=midwife,
            team_id=team, ends_at=at("2026-05-01 10:00"),
        )  # fmt: skip
        world.missed(home)
        told_by_five(world)
        (card,) = world.cards()
        assert (card.person_id, card.team_id, card.owner_practitioner_id) == (home.mother, team, midwife)
        assert {to: row.state for to, row in world.questions().items()} == {HV: "asked", MW: "shared", GP: "waiting"}

    def test_after_a_loss_nobody(self, world: Services):
        alone = world.add("person", name="Rosa Made-Up", life_status="alive")
        world.add("pregnancy", mother_id=alone, edd=date(2026, 9, 1), outcome="stillbirth")
        world.appointment(alone, contact_code="PMH-MMHS", subject_role="mother", team_id=world.pmh, status="missed")
        world.cycle()
        (question,) = world.questions().values()
        assert (question.state, question.why_not) == ("not_needed", "no_pre_school_child")

    def test_what_was_old_when_it_first_came_stands_in_the_senders_backlog(self, world: Services):
        """A first load of years tells nobody and asks nobody; high risk is never folded in."""
        world.sign()
        old = {"ends_at": at("2026-03-02 12:00"), "first_received_at": world.now}
        world.missed(world.family(), **old)
        risky = world.family()
        world.add("flag", person_id=risky.child, code="cpp", set_at=world.now, set_by="import:epr")
        world.missed(risky, **old)
        told_by_five(world)
        states = [
            row.state for row in world.rows("SELECT state FROM disclosure WHERE to_service = :to ORDER BY id", to=HV)
        ]
        assert states == ["not_needed", "shared"]

    def test_a_child_who_died_is_nobodys_event(self, world: Services):
        """The loss has a card of its own; the miss has none beside it."""
        world.sign()
        home = world.family()
        world.run("UPDATE person SET life_status = 'deceased' WHERE id = :id", id=home.child)
        world.missed(home)
        told_by_five(world)
        assert [card.contact_code for card in world.cards()] == ["EVENT-BEREAVEMENT"]


class TestSecondMiss:
    def test_goes_on_with_the_first_ones_card_and_asks_for_a_joint_discussion(self, world: Services):
        world.sign()
        home = world.family()
        world.missed(home)
        told_by_five(world)
        first = world.cards()[0].id
        world.until(at("2026-06-15 12:00"))
        world.missed(home)
        told_by_five(world)
        (card,) = world.cards()
        assert (card.miss_count, card.step_id, card.detail["misses"]) == (2, "joint-discussion", 2)
        (before,) = world.rows("SELECT state, continued_in FROM follow_up WHERE id = :id", id=first)
        assert before == ("continued", card.id)

    def test_is_no_pattern_yet_and_a_third_in_six_months_is_one_on_the_same_card(self, world: Services):
        """R2: what was told counts as the fact it is, on the card there is; no card of its own beside it."""
        world.sign()
        home = world.family()
        for day in ("2026-06-15 12:00", "2026-06-22 12:00", "2026-06-29 12:00"):
            world.missed(home)
            told_by_five(world)
            found = [row.rule for row in world.rows("SELECT rule FROM pattern_found WHERE reader IS NULL")]
            (card,) = world.cards()
            world.until(at(day))
        assert (found, card.contact_code, card.miss_count) == (["R2"], "EVENT-ADULT-MISSED", 3)
        raised = "SELECT follow_up_id FROM pattern_found WHERE rule = 'R2' AND reader IS NULL"
        assert world.rows(raised) == [(card.id,)]
        assert "pattern_found" in world.story(card.id)

    def test_counts_also_where_the_first_card_was_closed(self, world: Services):
        """Two in a row of the adult, whatever became of the first."""
        world.sign()
        home = world.family()
        world.missed(home)
        told_by_five(world)
        world.run(
            "UPDATE follow_up SET state = 'closed', next_due_at = NULL, closed_by = 'person:ann',"
            " closed_reason = 'clinician_decision', closed_at = now() WHERE family_event_id IS NOT NULL"
        )
        world.until(at("2026-06-15 12:00"))
        world.missed(home)
        told_by_five(world)
        assert [card.miss_count for card in world.cards()] == [2]

    def test_after_an_attended_one_is_a_first_miss(self, world: Services):
        world.sign()
        home = world.family()
        world.missed(home, ends_at=at("2026-05-01 12:00"))
        world.missed(home, status="attended", ends_at=at("2026-05-15 12:00"))
        world.detect()
        third = world.missed(home)
        world.detect()
        assert world.questions(appointment_id=third)[HV].misses == 1


class TestWhatIsTold:
    def test_never_names_the_service_the_clinic_or_the_reason(self, world: Services):
        """Nothing on the receiving side's rows leads back: no code, no place, no reason, no adult."""
        world.sign()
        world.missed(world.family())
        told_by_five(world)
        rows = world.rows(
            "SELECT to_jsonb(f) - 'pathway_code' AS card, to_jsonb(v) AS event FROM follow_up f"
            " JOIN family_event v ON v.id = f.family_event_id"
        )
        written = str(rows).lower()
        for telling in ("pmh", "perinatal", "mental", "therapy", "clinic", "rosa"):
            assert telling not in written
        assert rows[0].card["appointment_id"] is None

    def test_history_can_not_be_changed(self, world: Services):
        world.missed(world.family())
        world.detect()
        with pytest.raises(ProgrammingError, match="permission denied"):
            world.run("UPDATE disclosure_history SET actor = 'nobody'")


class TestTheServiceItself:
    def test_never_falls_to_the_familys_own_practitioner_or_team(self, world: Services):
        """An appointment that names no team belongs to whom it is booked with; else to nobody but the last resort."""
        home = world.family()
        world.run("UPDATE person SET caseload_holder_id = :hv, team_id = :team", hv=world.visitor, team=world.team)
        named = world.missed(home, team_id=None)
        loose = world.missed(home, team_id=None, practitioner_id=None, contact_code="PMH-THERAPY")
        world.cycle()
        assert (world.follow_up(named).team_id, world.follow_up(named).owner_practitioner_id) == (
            world.pmh,
            world.clinician,
        )
        assert (world.follow_up(loose).team_id, world.follow_up(loose).owner_practitioner_id) == (
            None,
            world.last_resort,
        )

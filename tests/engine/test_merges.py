"""Two records of one person or household become one by a person's act, and can be taken apart again, value by value."""

import threading
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import adult_records, carers, merges, protection
from models.db.adult_records import AdultFacts
from models.db.base import Base
from models.db.follow_up_rows import NotAllowed
from models.db.merge_locks import Busy
from models.db.merge_rows import places_of
from models.db.protection import Closing
from models.db.tables import HISTORY_TABLES
from models.domain.ids import HouseholdId, PersonId
from models.domain.words import Known, ToldBy
from tests.engine.test_corrections import is_clean
from tests.engine.test_holds import Family, audited, tell_death
from tests.engine.test_splits import Parted, act_of
from tests.engine.world import World, at
from workers.carers import ask_due

# What says only that somebody has to look, or how often a row was written; and what a merge itself leaves.
LOOKS = {"reconsider_at", "threads_due_at", "apply_at", "row_version"}
ITS_OWN = {"record_merge", "merge_item", "merge_proposal", "alert", "message", "message_subject", "account"}
LISTS = {"plan_mark", "pattern_look"}  # of whom to look at, likewise
WITHIN = timedelta(hours=2)
NUMBER = "+447700900123"


def everything(world: World) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table that a merge may change, whole."""
    found = {}
    for table in Base.metadata.sorted_tables:
        if table.name in (*HISTORY_TABLES, *ITS_OWN, *LISTS):
            continue
        rows = world.rows(f"SELECT to_jsonb(t) AS row FROM {table.name} t ORDER BY to_jsonb(t)::text")
        kept = [{name: value for name, value in row.row.items() if name not in LOOKS} for row in rows]
        found[table.name] = sorted(kept, key=lambda row: str(sorted(row.items(), key=str)))
    return found


def join(world: World, kept: int, gone: int, *, reason: str = "The same child, registered twice") -> int:
    """A team lead makes two records one."""
    with Session(world.engine) as session, session.begin():
        return merges.join_people(
            session, kept=kept, gone=gone, reason=reason, agreed=("name", "date_of_birth"),
            account=world.person_at_page(), now=world.now, answer_within=WITHIN, same_pregnancy=timedelta(days=150),
        )  # fmt: skip


def apart(world: World, merge: int) -> merges.Undone:
    """The same person takes it back."""
    with Session(world.engine) as session, session.begin():
        return merges.undo(
            session, merge_id=merge, reason="Two cousins after all", account=world.person_at_page(), now=world.now,
            answer_within=WITHIN,
        )  # fmt: skip


def two_records(world: World) -> tuple[int, int]:
    """A child registered twice, with everything that a record can hold on either, much of it the same."""
    born = world.now.date() - timedelta(days=45)
    kept = world.child(name="Sam Test", date_of_birth=born, nhs_number="9990000018", details_by="import:epr")
    gone = world.child(
        name="Sam Test", date_of_birth=born, nhs_number="9990000034", details_by="person:ann", postcode="AB1 2CD",
        gp_practice="Hill", team_id=None, caseload_holder_id=None,
    )  # fmt: skip
    home = world.household((kept, "child"), (gone, "carer"))
    world.household((gone, "child"))
    for person, local in ((kept, "P1"), (gone, "P2")):
        world.run(
            "INSERT INTO person_identifier (source_id, local_id, person_id) VALUES (:s, :l, :p)",
            s=world.source, l=local, p=person,
        )  # fmt: skip
        world.add("flag", person_id=person, code="CIN", set_at=world.now, set_by="import:epr")
        world.add(
            "expected_contact", person_id=person, team_id=world.team, contact_code="HV-1Y", schedule_code="england",
            schedule_version=1, anchor_on=born, window_start=born + timedelta(days=274), household_id=home,
            window_end=born + timedelta(days=365), next_due_at=world.now + timedelta(days=200),
            unbooked_on=born + timedelta(days=330), overdue_on=born + timedelta(days=366), first_received_at=world.now,
        )  # fmt: skip
    world.add("flag", person_id=gone, code="CPP", set_at=world.now, set_by="import:epr")
    world.add("contact_point", person_id=kept, number=NUMBER, safe_to_text="yes", safe_to_text_by="import:epr")
    world.add("contact_point", person_id=gone, number=NUMBER, safe_to_text="no", safe_to_text_by="person:ann")
    world.add("contact_point", person_id=gone, number="+447700900124")
    world.add(
        "indicator",
        person_id=gone,
        instrument="EPDS",
        total=4,
        recorded_on=born,
        recorded_by="x",
        examine_at=None,
        verdict="silent",
    )
    return kept, gone


class TestJoiningPeople:
    def test_moves_everything_and_leads_whoever_asks_to_the_record_that_is_kept(self, world: World):
        """Whatever names a person names the one that is kept, but for what may exist once and exists already."""
        kept, gone = two_records(world)
        join(world, kept, gone)
        assert world.one("SELECT merged_into FROM person WHERE id = :id", id=gone) == kept
        left = {
            (place.table, place.column): world.one(
                f"SELECT count(*) FROM {place.table} t WHERE {place.column} = :id", id=gone
            )
            for place in places_of("person")
        }
        stays = {("contact_point", "person_id"): 1, ("flag", "person_id"): 1, ("expected_contact", "person_id"): 1,
                 ("household_member", "person_id"): 1}  # fmt: skip
        assert {place: count for place, count in left.items() if count} == stays

    def test_and_taking_apart_again_leaves_everything_as_it_was(self, world: World):
        """Whole rows, every table: nothing was lost on the way, there or back."""
        kept, gone = two_records(world)
        world.appointment(kept, status="missed", ends_at=at("2026-06-01 10:00"))
        world.appointment(gone, status="booked", ends_at=world.now + timedelta(days=3))
        world.detect()
        world.advance()
        before = everything(world)
        merge = join(world, kept, gone)
        assert everything(world) != before
        assert apart(world, merge) == merges.Undone(0, {})
        assert everything(world) == before

    def test_makes_two_threads_of_one_contact_one(self, world: World):
        """Missed on both records: one ladder, the second miss; taken apart, each child has its own again."""
        kept, gone = world.toddler(), world.toddler()
        first = world.appointment(gone, status="missed", ends_at=at("2026-06-01 10:00"))
        second = world.appointment(kept, status="missed", ends_at=at("2026-06-05 10:00"))
        world.detect()
        world.advance()
        merge = join(world, kept, gone)
        world.detect()
        world.advance()
        rows = [(world.follow_up(one).state, world.follow_up(one).person_id) for one in (first, second)]
        assert rows == [("continued", kept), ("open", kept)]
        assert world.follow_up(second).miss_count == 2
        # Two in a row are a pattern: at the faster pace supervision is not for the third.
        assert world.follow_up(second).step_id == "supervision"
        is_clean(world)
        world.later(hours=1)
        apart(world, merge)
        world.detect()
        world.advance()
        rows = [
            (row.state, row.person_id, row.miss_count, row.breach_at)
            for row in (world.follow_up(first), world.follow_up(second))
        ]
        assert rows == [
            ("open", gone, 1, at("2026-06-01 10:00")),
            ("open", kept, 1, at("2026-06-05 10:00")),
        ]
        assert {"records_joined", "records_parted"} <= set(world.story(world.follow_up(first).id))
        is_clean(world)

    def test_finds_the_visit_that_was_on_the_other_record(self, world: World):
        """Missed on one, seen on the other: somebody confirms and closes."""
        kept, gone = world.child(), world.child()
        missed = world.appointment(kept, status="missed", ends_at=at("2026-06-01 10:00"))
        world.appointment(gone, status="attended", ends_at=at("2026-06-05 10:00"))
        world.detect()
        merge = join(world, kept, gone)
        world.detect()
        assert world.follow_up(missed).state == "seen"
        world.later(hours=1)
        apart(world, merge)
        world.detect()
        assert world.follow_up(missed).state == "open"

    def test_keeps_the_safer_of_what_is_known_of_a_number(self, world: World):
        """A person's NO on either record is the number's NO, and no text goes by the other row (design 3.11)."""
        kept, gone = two_records(world)
        join(world, kept, gone)
        point = world.rows(
            "SELECT safe_to_text, safe_to_text_by FROM contact_point WHERE person_id = :id AND number = :n",
            id=kept,
            n=NUMBER,
        )
        assert point == [("no", "person:ann")]

    def test_lets_a_persons_entry_win_and_fills_gaps(self, world: World):
        """What somebody entered on the record that is gone stands; the rest stays."""
        kept, gone = two_records(world)
        world.run("UPDATE person SET name = 'Sam Testing' WHERE id = :id", id=gone)
        join(world, kept, gone)
        assert world.rows(
            "SELECT name, details_by, postcode, gp_practice, team_id, nhs_number FROM person WHERE id = :id", id=kept
        ) == [("Sam Testing", "person:ann", "AB1 2CD", "Hill", world.team, "9990000018")]

    def test_tells_a_death_or_a_loss_of_both(self, world: World):
        """Told of either record: no text about a baby who has died (hazard 2)."""
        kept, gone = world.add("person", life_status="alive"), world.add("person", life_status="alive")
        edd = date(2026, 9, 1)
        world.add("pregnancy", mother_id=kept, edd=edd, outcome="continuing", outcome_by="import:epr")
        world.add("pregnancy", mother_id=gone, edd=edd, outcome="stillbirth", outcome_by="import:b", ended_on=edd)
        world.run("UPDATE person SET life_status = 'deceased', deceased_on = '2026-06-02' WHERE id = :id", id=gone)
        join(world, kept, gone)
        rows = world.rows("SELECT outcome, ended_on FROM pregnancy WHERE mother_id = :id ORDER BY id", id=kept)
        assert rows == [("stillbirth", edd), ("stillbirth", edd)]
        life = world.rows("SELECT life_status, deceased_on FROM person WHERE id = :id", id=kept)
        assert life == [("deceased", date(2026, 6, 2))]

    def test_makes_two_pregnancies_that_go_on_one(self, world: World):
        """One mother, two registrations: one plan, and nothing waits for the end of the other for ever."""
        kept, gone = world.add("person", life_status="alive"), world.add("person", life_status="alive")
        home = world.household((kept, "mother"))
        first = world.add("pregnancy", mother_id=kept, edd=date(2026, 9, 1), household_id=home)
        second = world.add("pregnancy", mother_id=gone, edd=date(2026, 9, 4), household_id=home)
        world.add(
            "expected_contact", person_id=gone, pregnancy_id=second, contact_code="HV-AN", schedule_code="england",
            schedule_version=1, anchor_on=date(2026, 9, 4), window_start=date(2026, 6, 12), first_received_at=world.now,
            window_end=date(2026, 9, 4), unbooked_on=date(2026, 8, 21), overdue_on=date(2026, 9, 5),
            next_due_at=world.now,
        )  # fmt: skip
        before = everything(world)
        merge = join(world, kept, gone)
        assert world.rows("SELECT mother_id, household_id FROM pregnancy ORDER BY id") == [(kept, home), (gone, None)]
        assert world.rows("SELECT person_id, pregnancy_id FROM expected_contact") == [(kept, first)]
        apart(world, merge)
        assert everything(world) == before

    def test_counts_a_contact_planned_on_both_once_and_takes_how_far_it_got(self, world: World):
        """Met on the record that is gone: met; its appointments and its follow-up come along."""
        kept, gone = two_records(world)
        met = world.one("SELECT id FROM expected_contact WHERE person_id = :id", id=gone)
        world.run("UPDATE expected_contact SET state = 'met', met_at = :now, next_due_at = NULL WHERE id = :id",
                  now=world.now, id=met)  # fmt: skip
        visit = world.appointment(gone, contact_code="HV-1Y", status="attended", expected_contact_id=met)
        join(world, kept, gone)
        rows = world.rows("SELECT id, state FROM expected_contact WHERE person_id = :id", id=kept)
        assert [row.state for row in rows] == ["met"]
        assert world.one("SELECT expected_contact_id FROM appointment WHERE id = :id", id=visit) == rows[0].id

    def test_keeps_what_came_afterwards_and_asks_whose_it_is(self, world: World):
        """A visit booked after the joining may be either's: it stays, and a person is asked."""
        kept, gone = two_records(world)
        merge = join(world, kept, gone)
        world.later(days=1)
        after = world.appointment(kept, ends_at=world.now + timedelta(days=3))
        world.run("UPDATE person SET postcode = 'ZZ9 9ZZ' WHERE id = :id", id=kept)
        left = apart(world, merge)
        assert (left.changed_since, left.came_later) == (1, {"appointment": 1})
        assert world.one("SELECT person_id FROM appointment WHERE id = :id", id=after) == kept
        assert world.one("SELECT postcode FROM person WHERE id = :id", id=kept) == "ZZ9 9ZZ"
        (asked,) = world.told(kind="identity_conflict")
        assert (asked.practitioner_id, asked.person_id, asked.detail) == (world.lead, kept, {"merge": merge, "left": 2})

    def test_takes_a_miss_that_came_of_a_moved_appointment_back_along(self, world: World):
        """Booked before the joining, missed after it: its follow-up goes back with its appointment."""
        kept, gone = world.child(), world.child()
        booked = world.appointment(gone, ends_at=world.now + timedelta(days=1))
        merge = join(world, kept, gone)
        world.later(days=2)
        world.records(booked, "missed", subtype="wnb")
        world.detect()
        assert world.follow_up(booked).person_id == kept
        apart(world, merge)
        world.detect()
        world.advance()
        assert (world.follow_up(booked).person_id, world.follow_up(booked).state) == (gone, "open")
        is_clean(world)

    def test_twice_or_into_what_is_gone_is_refused(self, world: World):
        """Nothing is joined with a record that has gone into another."""
        kept, gone, third = world.child(), world.child(), world.child()
        join(world, kept, gone)
        for pair in ((kept, gone), (gone, third), (third, gone)):
            with pytest.raises(NotAllowed, match="joined with another already"):
                join(world, *pair)

    def test_of_three_leads_to_the_last_and_comes_apart_from_the_end(self, world: World):
        """B into A, A into C: B leads to C at once; the later act is taken back first."""
        first, second, third = world.child(), world.child(), world.child()
        before = everything(world)
        inner, outer = join(world, first, second), join(world, third, first)
        assert world.one("SELECT merged_into FROM person WHERE id = :id", id=second) == third
        with pytest.raises(NotAllowed, match="take that apart first"):
            apart(world, inner)
        apart(world, outer)
        apart(world, inner)
        assert everything(world) == before

    def test_taken_back_twice_is_refused(self, world: World):
        """A second press changes nothing."""
        merge = join(world, world.child(), world.child())
        apart(world, merge)
        with pytest.raises(NotAllowed, match="taken back already"):
            apart(world, merge)


def close_record(world: World, family: Parted) -> None:
    """A team lead closes the child's record: it has another number from now on."""
    closing = Closing(
        household_id=family.household, person_id=family.child, new_nhs_number="9990000042", note="adoption order",
        seen=frozenset({family.child, family.twin, family.mother, family.father}),
    )  # fmt: skip
    with Session(world.engine) as session, session.begin():
        protection.close_record(session, closing, act_of(world))


class TestWhatMustStayTwo:
    """Hazards 18 and 27: no reason is good enough; put right what keeps them apart first."""

    def test_a_record_closed_for_protection_is_never_joined_nor_parted(self, world: World):
        """Neither way round; everything is as it was."""
        family = Parted(world)
        close_record(world, family)
        other = world.child()
        before = everything(world)
        for kept, gone in ((family.child, other), (other, family.child)):
            with pytest.raises(NotAllowed, match="closed for protection"):
                join(world, kept, gone)
        with Session(world.engine) as session, pytest.raises(NotAllowed, match="closed for protection"):
            merges.part(
                session, mixed=family.child, name=None, reason="x", parts={"appointments": [str(family.missed)]},
                account=world.person_at_page(), now=world.now,
            )  # fmt: skip
        assert everything(world) == before

    def test_nor_may_it_be_taken_apart_of_a_joined_one_again(self, world: World):
        """What was the other record's would be seen by everybody once more."""
        family, other = Parted(world), world.child()
        merge = join(world, family.child, other)
        close_record(world, family)
        with pytest.raises(NotAllowed, match="closed for protection"):
            apart(world, merge)

    def test_the_clean_record_is_not_said_to_be_anybody(self, world: World):
        """Decision 58: no page may tell that the new number and the old family belong together."""
        family = Parted(world)
        close_record(world, family)
        clean = world.one("SELECT id FROM person WHERE nhs_number = '9990000042'")
        with pytest.raises(NotAllowed) as refused:
            join(world, family.father, clean)
        assert str(refused.value) == "these two records may not be joined; ask the named nurse"

    def test_people_of_the_two_sides_of_a_split_and_their_households(self, world: World):
        """She fled; nor may a second record of hers that stands in his household be made one with hers."""
        family = Parted(world)
        _, new = family.split(world)
        again = world.child()
        world.add("household_member", household_id=family.household, person_id=again, role="mother")
        for kept, gone in ((family.father, family.mother), (family.mother, again), (again, family.mother)):
            with pytest.raises(NotAllowed, match="live apart"):
                join(world, kept, gone)
        for homes in ((family.household, new), (new, family.household)):
            with pytest.raises(NotAllowed, match="live apart"):
                join_homes(world, *homes)

    def test_one_who_is_joined_lives_apart_from_whom_the_other_lives_apart_from(self, world: World):
        """Her second record, known to nobody there, is on her side from then on, and on none once it is apart again."""
        family = Parted(world)
        family.split(world)
        again = world.child()
        merge = join(world, again, family.mother)
        sides = "SELECT side FROM split_member WHERE person_id = :id"
        assert world.rows(sides, id=again) == [("leaves",)]
        with pytest.raises(NotAllowed, match="live apart"):
            join(world, again, family.father)
        apart(world, merge)
        assert world.rows(sides, id=again) == []
        assert world.rows(sides, id=family.mother) == [("leaves",)]

    def test_two_discharges_of_one_service_are_settled_one_by_one(self, world: World):
        """Each asked others, who answer each."""
        kept, gone = world.add("person", life_status="alive"), world.add("person", life_status="alive")
        for person in (kept, gone):
            world.add(
                "discharge", person_id=person, household_id=world.household((person, "mother")), service="perinatal",
                proposed_by="person:ann", proposed_at=world.now, reason="well", next_due_at=world.now,
                visitor_needed=False, visitor_service="health_visiting", gp_service="gp",
            )  # fmt: skip
        with pytest.raises(NotAllowed, match="settle one of them first"):
            join(world, kept, gone)
        world.run("UPDATE discharge SET state = 'withdrawn', settled_by = 'person:ann', settled_at = :now,"
                  " settled_told = true, next_due_at = NULL WHERE person_id = :id", now=world.now, id=gone)  # fmt: skip
        join(world, kept, gone)
        assert world.rows("SELECT DISTINCT person_id FROM discharge") == [(kept,)]


def a_hold(world: World, **given: Any) -> int:
    """A standing hold of a family in hospital, to be decided on in a week."""
    row = {"kind": "in_hospital", "reason": "the ward rang", "set_by": "person:ann", "starts_at": world.now,
           "review_at": world.now + timedelta(days=7), "next_due_at": world.now + timedelta(days=6)}  # fmt: skip
    return world.add("hold", **(row | given))


STANDING = """SELECT id, person_id, household_id, about_person_id, review_at, next_due_at FROM hold
    WHERE ended_at IS NULL ORDER BY id"""


class TestWhatStandsOnBoth:
    def test_a_hold_goes_along_and_one_that_stands_on_both_stands_once(self, world: World):
        """Never lost: the sooner review of the two; ended by who joined, with a history; apart, both stand again."""
        kept, gone = world.child(), world.child()
        mine = a_hold(world, person_id=kept, next_due_at=None, handover_id=self.accepted(world))
        sooner = a_hold(world, person_id=gone, review_at=world.now + timedelta(days=2))
        moved = a_hold(world, kind="moved_out", person_id=gone)
        before = everything(world)
        merge = join(world, kept, gone)
        assert [(row.id, row.person_id, row.review_at) for row in world.rows(STANDING)] == [
            (sooner, kept, world.now + timedelta(days=2)),  # nobody has accepted this one: it goes on being asked about
            (moved, kept, world.now + timedelta(days=7)),
        ]
        assert world.rows("SELECT ended_by, ended_how FROM hold WHERE id = :id", id=mine) == [("person:ann", "undone")]
        apart(world, merge)
        assert everything(world) == before
        assert world.rows("SELECT hold_id, event FROM hold_event ORDER BY id") == [
            (mine, "ended"), (mine, "stands_again"),
        ]  # fmt: skip

    def accepted(self, world: World) -> int:
        return world.add(
            "handover", receiver="South", accepted_by="a nurse", accepted_at=world.now, way="phone",
            recorded_by="person:ann", recorded_at=world.now,
        )  # fmt: skip

    def test_a_loss_is_held_by_who_is_kept_and_starts_nothing_twice(self, world: World):
        """Told of either record: one hold about one death, care once, and the auditor content."""
        first = Family(world)
        second = world.child(nhs_number=None)
        world.add("household_member", household_id=first.household, person_id=second, role="child")
        for person in (first.twin, second):
            tell_death(world, first.household, person)
        assert len(world.rows(STANDING)) == 2
        care = "SELECT id, person_id, opens_follow_up FROM family_event WHERE kind = 'bereavement_care' ORDER BY id"
        begun = world.rows(care)
        join(world, first.twin, second)
        world.detect()
        world.reconcile()
        assert [row.about_person_id for row in world.rows(STANDING)] == [first.twin]
        assert world.rows(care) == begun
        world.run("UPDATE practitioner SET email = 'last@example.org' WHERE last_resort")
        world.later(hours=2)
        world.detect()
        world.advance()
        assert "death_without_hold" not in audited(world)
        assert "loss_without_care" not in audited(world)

    def test_the_newest_planned_move_to_a_caseload_is_the_one_that_comes(self, world: World):
        """The other is withdrawn, and planned again once they are apart."""
        kept, gone = world.child(), world.child()
        for person, days in ((kept, 2), (gone, 1)):
            world.add(
                "caseload_move", person_id=person, to_practitioner_id=world.lead, state="planned",
                effective_at=world.now + timedelta(days=9), due_at=world.now + timedelta(days=9),
                recorded_at=world.now - timedelta(days=days), recorded_by="import:epr",
            )  # fmt: skip
        before = everything(world)
        merge = join(world, kept, gone)
        assert world.rows("SELECT person_id, state FROM caseload_move ORDER BY id") == [
            (kept, "withdrawn"), (kept, "planned"),
        ]  # fmt: skip
        apart(world, merge)
        assert everything(world) == before

    def test_school_nursing_has_accepted_one_child_once(self, world: World):
        """Accepted on either record is accepted; there and back."""
        kept, gone = world.child(), world.child()
        for person in (kept, gone):
            world.add(
                "school_handover", person_id=person, accepted_on=world.now.date(), accepted_by="a school nurse",
                recorded_at=world.now, recorded_by="person:ann",
            )  # fmt: skip
        before = everything(world)
        merge = join(world, kept, gone)
        assert world.one("SELECT count(*) FROM school_handover WHERE person_id = :id", id=kept) == 1
        apart(world, merge)
        assert everything(world) == before

    def test_a_red_flag_is_asked_about_by_the_sooner_day_and_stays_a_persons(self, world: World):
        """No list of a system may end what somebody set."""
        kept, gone = world.child(), world.child()
        given = {"code": "red_flag", "set_at": world.now}
        world.add("flag", person_id=kept, set_by="import:epr", review_at=world.now + timedelta(days=9), **given)
        world.add("flag", person_id=gone, set_by="person:ann", review_at=world.now + timedelta(days=3), **given)
        join(world, kept, gone)
        assert world.rows("SELECT person_id, set_by, review_at FROM flag WHERE ended_at IS NULL") == [
            (kept, "person:ann", world.now + timedelta(days=3))
        ]

    def test_what_was_written_of_an_adult_holds_of_the_kept_record(self, world: World):
        """Not safe to contact on either, a danger told of either; apart, each has its own again."""
        kept, gone = world.add("person", life_status="alive"), world.add("person", life_status="alive")
        home = world.household((kept, "father"), (gone, "father"))
        newer = {"told_by": ToldBy.THEMSELVES, "legal_basis": "direct care", "safe_to_contact": Known.YES}
        self.writes(world, home, gone, safe_to_contact=Known.NO, violence=Known.YES, told_by=ToldBy.MOTHER)
        world.later(days=1)
        self.writes(world, home, kept, **newer, texts_about_child=Known.YES)
        merge = join(world, kept, gone)
        held = self.newest(world, home)[kept]
        assert (held.safe_to_contact, held.violence, held.texts_about_child, held.told_by) == (
            Known.NO, Known.YES, Known.YES, ToldBy.THEMSELVES,
        )  # fmt: skip
        world.later(days=1)
        assert apart(world, merge) == merges.Undone(0, {})
        assert self.newest(world, home)[kept] == AdultFacts(**newer, texts_about_child=Known.YES)
        assert self.newest(world, home)[gone].safe_to_contact is Known.NO

    def test_a_setting_of_the_other_record_does_not_stay_behind(self, world: World):
        """Texts about the child were set for the other man: once apart, nothing is known of this one; asked of a
        person where somebody wrote since."""
        kept, gone = world.add("person", life_status="alive"), world.add("person", life_status="alive")
        home = world.household((kept, "father"), (gone, "father"))
        self.writes(world, home, gone, told_by=ToldBy.MOTHER, texts_about_child=Known.YES)
        first = join(world, kept, gone)
        assert self.newest(world, home)[kept].texts_about_child is Known.YES
        world.later(days=1)
        apart(world, first)
        assert self.newest(world, home)[kept].texts_about_child is Known.UNKNOWN
        second = join(world, kept, gone)
        world.later(days=1)
        self.writes(world, home, kept, told_by=ToldBy.MOTHER, safe_to_contact=Known.NO)
        assert apart(world, second) == merges.Undone(0, {"adult_record": 1})
        assert self.newest(world, home)[kept].safe_to_contact is Known.NO

    def writes(self, world: World, home: int, person: int, **facts: Any) -> None:
        with Session(world.engine) as session, session.begin():
            adult_records.record(
                session, HouseholdId(home), PersonId(person), AdultFacts(**({"legal_basis": "direct care"} | facts)),
                account=world.person_at_page(), now=world.now,
            )  # fmt: skip

    def newest(self, world: World, home: int) -> dict[int, AdultFacts]:
        with Session(world.engine) as session:
            return {int(who): one.facts for who, one in adult_records.newest(session, home).items()}

    def test_whoever_is_kept_is_planned_and_looked_at_again(self, world: World):
        """The plan and the patterns of one record were made without the other's; the one that is gone has no plan."""
        kept, gone = world.child(), world.child()
        home = world.household((kept, "child"), (gone, "child"))
        world.run("DELETE FROM plan_mark")
        merge = join(world, kept, gone)
        assert (kept,) in world.rows("SELECT DISTINCT person_id FROM plan_mark")
        assert world.rows("SELECT look_at FROM pattern_look WHERE household_id = :id", id=home) == [(world.now,)]
        world.detect()
        assert world.one("SELECT count(*) FROM plan_mark") == 0
        apart(world, merge)
        assert {(kept,), (gone,)} <= set(world.rows("SELECT DISTINCT person_id FROM plan_mark"))


def join_homes(world: World, kept: int, gone: int) -> int:
    """A team lead makes two households one."""
    with Session(world.engine) as session, session.begin():
        return merges.join_households(
            session, kept=kept, gone=gone, reason="One family, two ids", account=world.person_at_page(), now=world.now
        )


class TestJoiningHouseholds:
    def test_and_taking_apart_again_leaves_everything_as_it_was(self, world: World):
        """Members, plans, follow-ups and stopped texts; somebody who stood in both stands in one."""
        mother, one, other = world.add("person", life_status="alive"), world.child(), world.child()
        kept = world.household((mother, "mother"), (one, "child"))
        gone = world.household((mother, "carer"), (other, "child"))
        world.run("UPDATE household SET texts_stopped_at = :now, texts_stopped_by = 'person:ann' WHERE id = :id",
                  now=world.now, id=gone)  # fmt: skip
        appointment = world.appointment(other, status="missed", household_id=gone)
        world.detect()
        world.advance()
        before = everything(world)
        merge = join_homes(world, kept, gone)
        members = world.rows(
            "SELECT person_id, role FROM household_member WHERE household_id = :id AND valid_until IS NULL ORDER BY 1",
            id=kept,
        )
        assert members == [(mother, "mother"), (one, "child"), (other, "child")]
        assert world.follow_up(appointment).household_id == kept
        assert world.one("SELECT texts_stopped_by FROM household WHERE id = :id", id=kept) == "person:ann"
        world.detect()
        is_clean(world)
        assert apart(world, merge) == merges.Undone(0, {})
        world.detect()
        assert everything(world) == before

    def test_is_asked_of_a_person_when_somebody_then_stands_in_two(self, world: World):
        """Joining a child's two records doesn't join two families by itself."""
        kept, gone = world.child(), world.child()
        world.household((kept, "child"))
        world.household((gone, "child"))
        join(world, kept, gone)
        assert world.rows("SELECT why, state FROM merge_proposal") == [("joined_people", "open")]
        assert [(alert.kind, alert.practitioner_id) for alert in world.told()] == [("merge_proposed", world.lead)]

    def test_a_hold_and_a_review_to_come_on_both_are_one(self, world: World):
        """The sooner review of the hold; the family review that is booked, with its appointment; there and back."""
        one, other = world.child(), world.child()
        kept, gone = world.household((one, "child")), world.household((other, "child"))
        stays = a_hold(world, household_id=kept)
        a_hold(world, household_id=gone, review_at=world.now + timedelta(days=2))
        planned, booked = (
            world.add(
                "expected_contact", person_id=person, household_id=home, contact_code="HV-FR", whole_family=True,
                schedule_code="england", schedule_version=1, anchor_on=date(2026, 6, 1), window_start=date(2026, 6, 1),
                window_end=date(2026, 9, 1), overdue_on=date(2026, 9, 2), next_due_at=world.now, state=state,
                first_received_at=world.now,
            )
            for person, home, state in ((one, kept, "planned"), (other, gone, "booked"))
        )  # fmt: skip
        before = everything(world)
        merge = join_homes(world, kept, gone)
        assert [(row.id, row.household_id, row.review_at) for row in world.rows(STANDING)] == [
            (stays, kept, world.now + timedelta(days=2))
        ]
        assert world.rows("SELECT id, household_id, state FROM expected_contact ORDER BY id") == [
            (planned, kept, "not_applicable"), (booked, kept, "booked"),
        ]  # fmt: skip
        apart(world, merge)
        assert everything(world) == before

    def test_asks_anew_who_else_cares_where_either_was_asked(self, world: World):
        """An answer about one home says nothing of the other's adults; the home that is gone is asked no more."""
        kept, gone = world.household((world.child(), "child")), world.household((world.child(), "child"))
        world.add("alert", kind="father_not_asked", urgency="routine", dedupe_key="x", household_id=gone,
                  practitioner_id=world.visitor, raised_at=world.now, next_due_at=world.now)  # fmt: skip
        world.run("INSERT INTO carers_question (household_id, occasion, occasion_key, times_asked, next_due_at)"
                  " VALUES (:id, 'HV-NBV', '1', 0, :now)", id=gone, now=world.now)  # fmt: skip
        merge = join_homes(world, kept, gone)
        assert world.rows(
            "SELECT answer, occasion, next_due_at FROM carers_question WHERE household_id = :id", id=kept
        ) == [("not_asked", "household_changed", world.now)]
        assert world.told(kind="father_not_asked") == []
        with Session(world.engine) as session:
            assert [due.household_id for due in carers.claim_due(session, now=world.now, limit=9)] == [kept]
        with Session(world.engine) as session, session.begin():
            assert ask_due(session, world.rules, world.now) == 1
        assert [alert.household_id for alert in world.told(kind="father_not_asked")] == [kept]
        apart(world, merge)
        assert [alert.household_id for alert in world.told(kind="father_not_asked")] == [gone]
        assert world.rows("SELECT household_id, occasion FROM carers_question") == [(gone, "HV-NBV")]

    def test_asks_no_more_about_both_homes_once_they_are_two_again(self, world: World):
        """What was answered before the join rests; what was answered of both is asked of each anew."""
        kept, gone = world.household((world.child(), "child")), world.household((world.child(), "child"))
        _answers(world, kept)
        before = world.rows("SELECT * FROM carers_question")
        apart(world, join_homes(world, kept, gone))
        assert [(row.answer, row.occasion, row.next_due_at) for row in world.rows("SELECT * FROM carers_question")] == [
            (row.answer, row.occasion, row.next_due_at) for row in before
        ]
        merge = join_homes(world, kept, gone)
        world.later(hours=1)
        _answers(world, kept)
        apart(world, merge)
        (row,) = world.rows("SELECT * FROM carers_question")
        assert (row.answer, row.occasion, row.next_due_at) == ("yes", "household_changed", world.now)

    def test_asks_about_an_adult_who_came_while_they_were_one(self, world: World):
        """The join's own question stood, so that the newcomer's was not put; it must not go with it."""
        kept, gone = world.household((world.child(), "child")), world.household((world.child(), "child"))
        _answers(world, kept)
        merge = join_homes(world, kept, gone)
        world.later(days=30)
        partner = world.add("person", life_status="alive")
        world.add("household_member", household_id=kept, person_id=partner, role="partner", valid_from=world.now)
        world.later(days=30)
        apart(world, merge)
        (row,) = world.rows("SELECT * FROM carers_question")
        assert (row.answer, row.occasion, row.next_due_at) == ("yes", "household_changed", world.now)


def _answers(world: World, household: int) -> None:
    with Session(world.engine) as session, session.begin():
        carers.answer(
            session, HouseholdId(household), Known.YES, told_by=ToldBy.MOTHER, note=None, review_at=None,
            account=world.person_at_page(), now=world.now,
        )  # fmt: skip


class TestPartingOneRecord:
    def test_that_mixed_two_people_gives_each_their_own(self, world: World):
        """One number was used for two children: what is the second's goes to a record of their own, and comes back."""
        mixed = world.toddler()
        home = world.household((mixed, "child"))
        first = world.appointment(mixed, status="missed", ends_at=at("2026-06-01 10:00"), household_id=home)
        second = world.appointment(mixed, status="missed", ends_at=at("2026-06-05 10:00"), household_id=home)
        world.run("INSERT INTO person_identifier (source_id, local_id, person_id) VALUES (:s, 'P9', :p)",
                  s=world.source, p=mixed)  # fmt: skip
        world.detect()
        world.advance()
        assert world.follow_up(second).miss_count == 2
        with Session(world.engine) as session, session.begin():
            merge = merges.part(
                session, mixed=mixed, name="Max Test", reason="Two cousins under one number",
                parts={"appointments": [str(second)], "identifiers": [f"{world.source}:P9"]},
                account=world.person_at_page(), now=world.now,
            )  # fmt: skip
        world.detect()
        world.advance()
        (new,) = world.rows("SELECT id, name, team_id FROM person WHERE name = 'Max Test'")
        assert new.team_id == world.team
        assert world.one("SELECT person_id FROM person_identifier WHERE local_id = 'P9'") == new.id
        rows = [(row.person_id, row.state, row.miss_count) for row in (world.follow_up(first), world.follow_up(second))]
        assert rows == [(mixed, "open", 1), (new.id, "open", 1)]
        is_clean(world)
        world.later(hours=1)
        apart(world, merge)
        world.detect()
        world.advance()
        rows = [(row.person_id, row.state, row.miss_count) for row in (world.follow_up(first), world.follow_up(second))]
        assert rows == [(mixed, "continued", 1), (mixed, "open", 2)]
        assert world.one("SELECT merged_into FROM person WHERE id = :id", id=new.id) == mixed
        is_clean(world)

    def test_holds_both_where_the_mixed_one_was_held(self, world: World):
        """Nobody knows whose hold it was, nor whom the other lives apart from: neither is texted; one again, once."""
        family = Parted(world)
        family.split(world)
        hold = a_hold(world, person_id=family.child)
        with Session(world.engine) as session, session.begin():
            merge = merges.part(
                session, mixed=family.child, name="Max Test", reason="Two cousins under one number",
                parts={"appointments": [str(family.missed)]}, account=world.person_at_page(), now=world.now,
            )  # fmt: skip
        new = world.one("SELECT id FROM person WHERE name = 'Max Test'")
        assert [row.person_id for row in world.rows(STANDING)] == [family.child, new]
        assert world.rows("SELECT side FROM split_member WHERE person_id = :id", id=new) == [("leaves",)]
        apart(world, merge)
        assert [row.id for row in world.rows(STANDING)] == [hold]

    def test_needs_something_to_give(self, world: World):
        """An empty choice makes nobody."""
        mixed = world.child()
        with Session(world.engine) as session, pytest.raises(NotAllowed, match="choose what belongs"):
            merges.part(
                session, mixed=mixed, name=None, parts={}, reason="x", account=world.person_at_page(), now=world.now
            )


class TestRaces:
    def test_an_import_half_way_is_not_met_by_a_merge(self, world: World):
        """While one applies, joining says so and changes nothing."""
        kept, gone = world.child(), world.child()
        with Session(world.engine) as importing:
            importing.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('import applies', 0))"))
            with pytest.raises(Busy, match="try again"):
                join(world, kept, gone)
        join(world, kept, gone)

    def test_two_who_join_the_same_records_at_once_do_it_once(self, world: World):
        """The second is told that it has been done."""
        kept, gone = world.child(), world.child()
        outcomes: list[str] = []

        def act() -> None:
            try:
                join(world, kept, gone)
                outcomes.append("joined")
            except NotAllowed:
                outcomes.append("refused")

        world.person_at_page()
        people = [threading.Thread(target=act) for _ in range(2)]
        for person in people:
            person.start()
        for person in people:
            person.join()
        assert sorted(outcomes) == ["joined", "refused"]
        assert world.one("SELECT count(*) FROM record_merge") == 1


class TestEveryTable:
    def test_that_may_hold_one_row_a_person_says_how_two_become_one(self):
        """A table added later whose unique index names a person or household must be settled before rows are moved."""
        settled = {
            "contact_point", "flag", "expected_contact", "household_member", "pregnancy", "merge_proposal",
            "person_identifier", "caseload_move", "school_handover", "discharge", "hold", "household_split",
            "split_member", "carers_question", "pattern_look",
        }  # fmt: skip
        unsettled = set()
        for what in ("person", "household"):
            for place in places_of(what):
                table = Base.metadata.tables[place.table]
                unique = [index.columns.keys() for index in table.indexes if index.unique]
                unique += [
                    one.columns.keys() for one in table.constraints if one.__class__.__name__ == "UniqueConstraint"
                ]
                if any(place.column in columns for columns in unique):
                    unsettled.add(place.table)
        assert unsettled <= settled

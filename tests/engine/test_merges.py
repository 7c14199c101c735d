"""Two records of one person or household become one by a person's act, and can be taken apart again, value by value."""

import threading
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import merges
from models.db.base import Base
from models.db.follow_up_rows import NotAllowed
from models.db.merge_locks import Busy
from models.db.merge_rows import places_of
from models.db.tables import HISTORY_TABLES
from tests.engine.test_corrections import is_clean
from tests.engine.world import World, at

# What says only that somebody has to look, or how often a row was written; and what a merge itself leaves.
LOOKS = {"reconsider_at", "threads_due_at", "row_version"}
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
        "indicator", person_id=gone, instrument="EPDS", total=4, recorded_on=born, recorded_by="x", examine_at=None,
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
        assert (world.follow_up(second).miss_count, world.follow_up(second).step_id) == (2, "second-miss")
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
        with Session(world.engine) as session, session.begin():
            merge = merges.join_households(
                session, kept=kept, gone=gone, reason="One family, two ids", account=world.person_at_page(),
                now=world.now,
            )  # fmt: skip
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

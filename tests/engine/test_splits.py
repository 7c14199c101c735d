"""A household that was split: two families from then on, for texts, pages and the auditor; and put together again."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from models.db import accounts, adult_records, case, filed, hold_acts, inbound, protection, recipients, splits
from models.db.adult_records import AdultFacts, Recorded
from models.db.family_page import find as family_of
from models.db.follow_up_rows import ChangedMeanwhile, NotAllowed
from models.db.inbound import InboundText
from models.db.protection import Closing
from models.db.separating import Act
from models.db.splits import Carer, Leaving
from models.domain.ids import HouseholdId, PersonId
from models.domain.replies import ReplyWords
from models.domain.words import AccountRole, HoldKind, Known, SplitReason, ToldBy
from tests.engine.test_holds import Family, acting, audited, hold
from tests.engine.world import World, at
from workers.advance import harmless_flags

SINCE = at("2026-05-01 12:00")  # how long an appointment lets its team see a family's page


def act_of(world: World, *, role: AccountRole = AccountRole.TEAM_LEAD) -> Act:
    return Act(
        account=replace(world.person_at_page(), role=role),
        rules=world.rules.holds,
        harmless_flags=harmless_flags(world.rules),
        calendar=world.rules.calendar,
        now=world.now,
    )


class Parted(Family):
    """The family with a father, who has a number too; mother and child are the ones to go."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.father = world.child(date_of_birth=date(1993, 1, 1), nhs_number="9990000034", caseload_holder_id=None)
        world.add("household_member", household_id=self.household, person_id=self.father, role="father")
        self.his = world.add(
            "contact_point", person_id=self.father, number="+447700900456", safe_to_text="yes",
            safe_to_text_by="person:ann", confirmed_on=world.now.date(),
        )  # fmt: skip

    def leaving(self, *people: int, reason: SplitReason = SplitReason.FLED, **given: Any) -> Leaving:
        return Leaving(
            household_id=self.household,
            people=frozenset(people or (self.child, self.mother)),
            seen=frozenset({self.child, self.twin, self.mother, self.father}),
            reason=reason,
            note="the refuge rang",
            **given,
        )

    def split(self, world: World, *people: int, **given: Any) -> tuple[int, int]:
        with Session(world.engine) as session, session.begin():
            return splits.split(session, self.leaving(*people, **given), act_of(world))


@pytest.fixture
def family(world: World) -> Parted:
    return Parted(world)


def numbers(world: World) -> list[tuple[str, date | None]]:
    rows = world.rows("SELECT safe_to_text, confirmed_on FROM contact_point ORDER BY id")
    return [(row.safe_to_text, row.confirmed_on) for row in rows]


class TestSplit:
    def test_drops_texts_and_unconfirms_every_number_of_both_sides(self, world: World, family: Parted):
        """Nobody knows any more who holds which phone; a NO stays a NO."""
        world.add("contact_point", person_id=family.father, number="+447700900457", safe_to_text="no")
        family.split(world)
        assert family.texts(world) == [("dropped", "split")]
        assert numbers(world) == [("unknown", None), ("unknown", None), ("no", None)]
        assert "text_dropped" in world.story(world.follow_up(family.missed).id)

    def test_shows_neither_side_on_the_pages_of_the_other(self, world: World, family: Parted):
        """Family page and follow-up page: her household has her and her child, his has him and the twin."""
        _, new = family.split(world)
        row = world.follow_up(family.missed)
        with Session(world.engine) as session:
            scope = world.person_at_page()
            hers, his = (family_of(session, scope, one, since=SINCE) for one in (new, family.household))
            page = case.find(session, scope, row.id, guarded=world.rules.sharing.guarded)
        assert hers is not None
        assert his is not None
        assert page is not None
        assert {member.person_id for member in hers.members} == {family.child, family.mother}
        assert {member.person_id for member in his.members} == {family.twin, family.father}
        assert {member.person_id for member in page.members} == {family.child, family.mother}
        assert [one.id for one in hers.follow_ups] == [row.id]
        assert his.follow_ups == ()

    def test_files_every_row_of_those_who_leave_under_their_own_household(self, world: World, family: Parted):
        """Read off the tables, so that one added later is not forgotten."""
        assert filed.under_household() == [
            "appointment",
            "challenge",
            "decline",
            "discharge",
            "disclosure",
            "expected_contact",
            "family_event",
            "follow_up",
            "referral",
            "referral_prompt",
        ]
        _, new = family.split(world)
        for table in ("appointment", "follow_up"):
            rows = world.rows(f"SELECT DISTINCT household_id FROM {table} WHERE person_id = :id", id=family.child)
            assert [row.household_id for row in rows] == [new]

    def test_takes_a_challenge_and_a_decline_along_and_owes_both_what_was_agreed(self, world: World, family: Parted):
        """What is about the child goes with her; an action was agreed for everybody, and is asked about on both sides
        until they are one again."""
        row = world.follow_up(family.missed)
        written = dict.fromkeys(("issue", "child_impact", "view_sought", "safety_plan"), "x")
        days = {"stage_began_at": world.now, "stage_due_at": world.now, "next_due_at": world.now}
        mine = {"person_id": family.child, "household_id": family.household}
        world.add("challenge", **mine, **written, **days, service="social care", owner_practitioner_id=world.visitor,
                  opened_by="person:ann", opened_at=world.now)  # fmt: skip
        world.add("decline", **mine, follow_up_id=row.id, contact_code="HV-6W", declined_at=world.now,
                  recorded_at=world.now, recorded_by="person:ann")  # fmt: skip
        world.add("planned_action", household_id=family.household, what="Ring the nursery", due_on=world.now.date(),
                  owner_practitioner_id=world.visitor, next_due_at=world.now, agreed_by="person:ann",
                  agreed_at=world.now)  # fmt: skip
        split, new = family.split(world)
        for table in ("challenge", "decline"):
            assert world.one(f"SELECT household_id FROM {table}") == new
        agreed = "SELECT household_id, state, what FROM planned_action ORDER BY id"
        assert world.rows(agreed) == [(home, "open", "Ring the nursery") for home in (family.household, new)]
        world.reconcile()
        assert len(world.told(kind="action_overdue")) == 2
        TestUndoing().undo(world, split)
        assert world.rows(agreed) == [
            (family.household, "open", "Ring the nursery"), (family.household, "cancelled", "Ring the nursery"),
        ]  # fmt: skip
        assert [alert.household_id for alert in world.told(kind="action_overdue")] == [family.household]

    def test_takes_along_what_was_written_of_an_adult_and_leaves_the_rest(self, world: World, family: Parted):
        """Not safe to contact stays so, by whom and when it was said; what was written of him is not hers to see."""
        unsafe = AdultFacts(told_by=ToldBy.THEMSELVES, legal_basis="safeguarding", safe_to_contact=Known.NO)
        ordinary = AdultFacts(told_by=ToldBy.MOTHER, legal_basis="direct care")
        with Session(world.engine) as session, session.begin():
            home, ann = HouseholdId(family.household), world.person_at_page()
            for person, facts in ((family.mother, ordinary), (family.mother, unsafe), (family.father, ordinary)):
                adult_records.record(session, home, PersonId(person), facts, account=ann, now=world.now)
        world.later(days=1)
        _, new = family.split(world)
        with Session(world.engine) as session:
            hers = adult_records.newest(session, new)
        assert hers == {family.mother: Recorded(unsafe, "person:ann", at("2026-06-08 12:00"))}

    def test_does_not_lose_the_day_on_which_the_child_is_looked_for(self, world: World, family: Parted):
        """R6 waits for time alone: the day stood with the household that the child has left."""
        world.add("flag", person_id=family.child, code="cpp", set_at=world.now, set_by="import:epr")
        world.detect()
        waits = "SELECT look_at FROM pattern_look WHERE household_id = :id"
        before = world.one(waits, id=family.household)
        assert before is not None
        _, new = family.split(world)
        world.detect()
        assert world.rows(waits, id=new) == [(before,)]

    def test_sends_nothing_about_the_child_to_the_former_carer(self, world: World, family: Parted):
        """Neither by the name on the appointment nor by who was its parent."""
        world.run("UPDATE appointment SET contact_person_id = :id", id=family.father)
        world.run("UPDATE household_member SET parental_responsibility = 'yes' WHERE person_id = :id", id=family.father)
        with Session(world.engine) as session:
            before = recipients.for_appointments(session, [family.missed])
        assert before[family.missed].person_id == family.father
        family.split(world)
        with Session(world.engine) as session:
            after = recipients.for_appointments(session, [family.missed])
        assert after[family.missed].person_id == family.mother

    def test_keeps_both_sides_high_risk(self, world: World, family: Parted):
        """He carries the flag; she and the child who fled are no less at risk for having gone."""
        world.add("flag", person_id=family.father, code="domestic_abuse", set_at=world.now, set_by="import:epr")
        family.split(world)
        rows = world.rows("SELECT person_id, code FROM flag WHERE person_id <> :id", id=family.father)
        assert [tuple(row) for row in rows] == [(family.child, "kept_high_risk")]

    def test_takes_a_hold_on_the_household_along(self, world: World, family: Parted):
        """A loss is both sides' loss: neither is texted; care was begun once."""
        with Session(world.engine) as session, session.begin():
            place = acting(world, family.household)
            hold_acts.tell_death(session, family.twin, died_on=None, note="the ward rang", acting=place)
        world.detect()
        _, new = family.split(world)
        world.detect()
        held = world.rows("SELECT household_id FROM hold WHERE ended_at IS NULL ORDER BY id")
        assert [row.household_id for row in held] == [family.household, new]
        assert world.one("SELECT count(*) FROM family_event") == 1

    def test_parts_what_he_wrote_from_her_childs_follow_up(self, world: World, family: Parted):
        """A reply of his to an earlier text: before the split and after it."""
        row = world.follow_up(family.missed)
        sent = (
            "UPDATE message SET contact_point_id = :his, state = 'delivered', sent_at = :now WHERE audience = 'family'"
        )
        world.run(sent, his=family.his, now=world.now)
        self.writes(world, "1st")
        family.split(world)
        self.writes(world, "2nd")
        with Session(world.engine) as session:
            page = case.find(session, world.person_at_page(), row.id, guarded=world.rules.sharing.guarded)
        assert page is not None
        assert page.replies == ()
        alerts = world.told(kind="family_reply")
        assert [(alert.follow_up_id, alert.household_id) for alert in alerts] == [(None, family.household)] * 2

    def writes(self, world: World, sid: str) -> None:
        text = InboundText(
            provider_sid=sid, from_number="+447700900456", to_number="+441632960123", body="where are you"
        )
        words = ReplyWords(stop_alone=frozenset(), stop_within=())
        with Session(world.engine) as session, session.begin():
            inbound.receive(
                session, text, words=words, answer_by=world.now, answer_at_most_every=timedelta(1), now=world.now
            )

    def test_takes_along_what_staff_are_told_about_those_who_leave(self, world: World, family: Parted):
        """Filed under whichever team, or under none; what is about the others stays."""
        other = world.add("team", code="b", name="B", created_at=world.now)
        for n, (person, team) in enumerate([(family.child, None), (family.child, other), (family.twin, None)]):
            if team is not None:
                world.run("UPDATE appointment SET team_id = :team WHERE id = :id", team=team, id=family.missed)
            world.add(
                "alert", kind="family_reply", urgency="routine", dedupe_key=f"told {n}", person_id=person,
                household_id=family.household, team_id=team, practitioner_id=world.visitor, raised_at=world.now,
                next_due_at=world.now,
            )  # fmt: skip
        _, new = family.split(world)
        rows = world.rows("SELECT household_id FROM alert WHERE dedupe_key LIKE 'told%' ORDER BY dedupe_key")
        assert [row.household_id for row in rows] == [new, new, family.household]

    def test_leaves_the_auditor_content(self, world: World, family: Parted):
        world.run("UPDATE practitioner SET email = 'last@example.org' WHERE last_resort")
        family.split(world)
        world.detect()
        world.advance()
        assert audited(world) == set()

    def test_of_a_household_that_has_other_people_by_now_is_not_done(self, world: World, family: Parted):
        """The person saw another family than the one that would be split."""
        world.add("household_member", household_id=family.household, person_id=world.child(), role="child")
        with pytest.raises(ChangedMeanwhile, match="look at it again"):
            family.split(world)

    def test_leaves_nobody_behind_is_not_done(self, world: World, family: Parted):
        with pytest.raises(NotAllowed, match="at least one person has to stay"):
            family.split(world, family.child, family.twin, family.mother, family.father)

    def test_can_be_looked_at_before(self, world: World, family: Parted):
        """Counted, and nothing changed."""
        booked = "UPDATE appointment SET status = 'booked', reconsider_at = now(), contact_person_id = :id"
        world.run(booked, id=family.father)
        with Session(world.engine) as session:
            seen = splits.preview(session, family.leaving(family.child, family.mother))
        assert (seen.texts, seen.numbers, seen.follow_ups, seen.booked) == (1, 2, 1, 1)
        assert family.texts(world) == [("held", None)]


class TestChildPlacedInCare:
    CARER = Carer(name="Jo Carer", number="+447700900789", safe_to_text=Known.YES)

    @pytest.fixture
    def placed(self, world: World, family: Parted) -> int:
        _, new = family.split(world, family.child, reason=SplitReason.PLACED_IN_CARE, carer=self.CARER)
        return new

    def test_has_its_current_carer_as_the_one_to_reach(self, world: World, family: Parted, placed: int):
        """Before anybody whom an appointment names; reminders too."""
        coming = world.appointment(
            family.child, ends_at=world.now + timedelta(days=3), household_id=placed, contact_person_id=family.mother
        )
        with Session(world.engine) as session:
            whom = recipients.for_appointments(session, [coming, family.missed])
            followed = recipients.for_follow_ups(session, [world.follow_up(family.missed).id])
        carer = world.one("SELECT id FROM person WHERE name = 'Jo Carer'")
        assert {one.person_id for one in (*whom.values(), *followed.values())} == {carer}

    def test_is_known_as_looked_after(self, world: World, family: Parted, placed: int):
        """High risk from then on, and texts only once somebody has looked at who may have them."""
        assert [row.code for row in world.rows("SELECT code FROM flag WHERE person_id = :id", id=family.child)] == [
            "looked_after"
        ]

    def test_needs_to_have_its_carer_named(self, world: World, family: Parted):
        with pytest.raises(NotAllowed, match="who cares for the child now"):
            family.split(world, family.child, reason=SplitReason.PLACED_IN_CARE)


class TestUndoing:
    def test_puts_the_household_together_and_nothing_back_on_its_way(self, world: World, family: Parted):
        """Numbers stay unconfirmed and texts stay dropped: that is a person's to mend."""
        split, _ = family.split(world)
        self.undo(world, split)
        members = world.rows("SELECT person_id FROM household_member WHERE household_id = :id AND valid_until IS NULL",
                             id=family.household)  # fmt: skip
        assert {row.person_id for row in members} == {family.child, family.twin, family.mother, family.father}
        assert world.follow_up(family.missed).household_id == family.household
        assert numbers(world) == [("unknown", None), ("unknown", None)]
        assert family.texts(world) == [("dropped", "split")]

    def test_lets_the_carer_go(self, world: World, family: Parted):
        """Whoever cared for a placed child was never of the household it comes back to."""
        split, _ = family.split(
            world, family.child, reason=SplitReason.PLACED_IN_CARE, carer=TestChildPlacedInCare.CARER
        )
        self.undo(world, split)
        assert world.one("SELECT count(*) FROM household_member WHERE role = 'carer' AND valid_until IS NULL") == 0

    def test_ends_the_copies_of_holds(self, world: World, family: Parted):
        hold(world, family.household, HoldKind.MOVED_OUT)
        split, _ = family.split(world)
        self.undo(world, split)
        rows = world.rows("SELECT ended_how FROM hold ORDER BY id")
        assert [row.ended_how for row in rows] == [None, "undone"]

    def test_brings_back_what_was_agreed_meanwhile(self, world: World, family: Parted):
        """Hers alone: it is the one household's again, and still open."""
        split, new = family.split(world)
        world.add("planned_action", household_id=new, what="Ring the refuge", due_on=world.now.date(),
                  owner_practitioner_id=world.visitor, next_due_at=world.now, agreed_by="person:ann",
                  agreed_at=world.now)  # fmt: skip
        self.undo(world, split)
        assert world.rows("SELECT household_id, state FROM planned_action") == [(family.household, "open")]

    def test_keeps_its_history(self, world: World, family: Parted):
        """Who and when on the trail of each household; why is kept apart: a refuge's name must not be read in the
        trail of those whom somebody fled."""
        split, new = family.split(world)
        self.undo(world, split)
        entries = world.rows(
            "SELECT household_id, action, actor FROM audit_entry WHERE action LIKE 'household.%' ORDER BY id"
        )
        assert [tuple(entry) for entry in entries] == [
            (family.household, "household.split", "person:ann"),
            (new, "household.split", "person:ann"),
            (family.household, "household.split_undone", "person:ann"),
            (new, "household.split_undone", "person:ann"),
        ]
        assert world.one("SELECT count(*) FROM audit_entry WHERE why LIKE '%refuge%'") == 0
        (kept,) = world.rows("SELECT note, done_by, undone_by, undone_reason FROM household_split")
        assert tuple(kept) == ("the refuge rang", "person:ann", "person:ann", "they are together again")

    def test_twice_is_refused(self, world: World, family: Parted):
        split, _ = family.split(world)
        self.undo(world, split)
        with pytest.raises(ChangedMeanwhile, match="has been undone"):
            self.undo(world, split)

    def undo(self, world: World, split: int) -> None:
        with Session(world.engine) as session, session.begin():
            splits.undo(session, split, reason="they are together again", act=act_of(world))


class TestRecordClosedForProtection:
    NEW = "9990000042"

    def close(
        self, world: World, family: Parted, *, number: str | None = NEW, role: AccountRole = AccountRole.TEAM_LEAD
    ) -> int:
        closing = Closing(
            household_id=family.household, person_id=family.child,
            seen=frozenset({family.child, family.twin, family.mother, family.father}),
            new_nhs_number=number, note="adoption order",
        )  # fmt: skip
        with Session(world.engine) as session, session.begin():
            return protection.close_record(session, closing, act_of(world, role=role))

    def scope(self, world: World, role: AccountRole) -> Any:
        """A trust-wide login of this role, as the pages know it."""
        person = world.person_at_page()
        world.run("UPDATE account SET role = :role WHERE id = :id", role=role, id=person.account_id)
        with Session(world.engine) as session:
            return accounts.scope_of(session, person.account_id)

    def test_is_seen_by_the_named_nurse_alone(self, world: World, family: Parted):
        """Hazard 27: not by the team, not by a trust-wide lead; the family's page knows nothing of it."""
        self.close(world, family)
        row = world.follow_up(family.missed)
        for role, sees in (
            (AccountRole.TEAM_LEAD, False),
            (AccountRole.HEALTH_VISITOR, False),
            (AccountRole.NAMED_NURSE, True),
        ):
            scope = self.scope(world, role)
            with Session(world.engine) as session:
                assert (case.find(session, scope, row.id, guarded=world.rules.sharing.guarded) is not None) is sees
                assert (family_of(session, scope, row.household_id, since=SINCE) is not None) is sees
                left = family_of(session, scope, family.household, since=SINCE)
            assert left is not None
            assert {member.person_id for member in left.members} == {family.twin, family.mother, family.father}

    def test_goes_on_with_the_named_nurse(self, world: World, family: Parted):
        """Nothing is dropped: what is open about the old record is hers, and nobody else's."""
        self.close(world, family)
        world.advance()
        row = world.follow_up(family.missed)
        assert (row.state, row.owner_practitioner_id) == ("open", world.nurse)
        assert {alert.practitioner_id for alert in world.told(follow_up_id=row.id)} == {world.nurse}
        assert "record_closed" in world.story(row.id)

    def test_goes_to_nobody_it_was_given_to_or_was_to_move_to(self, world: World, family: Parted):
        """Neither whom a lead had given the follow-up to nor whose caseload it was to join hears of it."""
        given, later = world.staff("health_visitor"), world.staff("health_visitor")
        world.run(
            "UPDATE follow_up SET assigned_practitioner_id = :to, assigned_at = :now WHERE appointment_id = :id",
            to=given, now=world.now, id=family.missed,
        )  # fmt: skip
        day = at("2026-06-10 09:00")
        world.add(
            "caseload_move", person_id=family.child, to_practitioner_id=later, state="planned", effective_at=day,
            due_at=day, recorded_at=world.now, recorded_by="import:epr",
        )  # fmt: skip
        self.close(world, family)
        world.advance()
        world.until(day)
        world.follow_staff()
        world.advance()
        row = world.follow_up(family.missed)
        assert {alert.practitioner_id for alert in world.told(follow_up_id=row.id)} == {world.nurse}
        assert world.rows("SELECT state FROM caseload_move") == [("withdrawn",)]
        assert world.one("SELECT caseload_holder_id FROM person WHERE id = :id", id=family.child) is None

    def test_purges_texts_and_unconfirms_numbers(self, world: World, family: Parted):
        self.close(world, family)
        assert family.texts(world) == [("dropped", "split")]
        assert numbers(world) == [("unknown", None), ("unknown", None)]

    def test_begins_a_clean_record_that_nothing_links_to_the_old_one(self, world: World, family: Parted):
        """A number and nothing else; in no household."""
        self.close(world, family)
        (new,) = world.rows("SELECT * FROM person WHERE nhs_number = :number", number=self.NEW)
        assert (new.name, new.date_of_birth, new.gp_practice, new.postcode, new.team_id, new.extras) == (None,) * 6
        assert world.one("SELECT count(*) FROM household_member WHERE person_id = :id", id=new.id) == 0

    def test_leaves_the_auditor_content(self, world: World, family: Parted):
        world.run("UPDATE practitioner SET email = 'last@example.org' WHERE last_resort")
        self.close(world, family)
        world.detect()
        world.advance()
        assert audited(world) == set()

    def test_is_no_health_visitors_act(self, world: World, family: Parted):
        with pytest.raises(NotAllowed, match="by a team lead or the named nurse"):
            self.close(world, family, role=AccountRole.HEALTH_VISITOR)

    @pytest.mark.parametrize("number", ["9990000026", "9990000034"])
    def test_takes_no_number_of_the_same_household(self, world: World, family: Parted, number: str):
        with pytest.raises(NotAllowed, match="somebody else of this household"):
            self.close(world, family, number=number)

    def test_is_opened_again_by_the_named_nurse_alone(self, world: World, family: Parted):
        """It was the wrong child: everything is where it was; numbers stay unconfirmed."""
        split = self.close(world, family)
        with Session(world.engine) as session, pytest.raises(NotAllowed, match="only the named nurse"):
            protection.open_again(session, split, reason="the wrong child", act=act_of(world))
        nurse = act_of(world, role=AccountRole.NAMED_NURSE)
        with Session(world.engine) as session, session.begin():
            protection.open_again(session, split, reason="the wrong child", act=nurse)
        row = world.follow_up(family.missed)
        assert (row.household_id, row.team_id) == (family.household, world.team)
        (child,) = world.rows("SELECT * FROM person WHERE id = :id", id=family.child)
        assert (child.protected_at, child.team_id, child.caseload_holder_id) == (None, world.team, world.visitor)
        assert [row.ended_how for row in world.rows("SELECT ended_how FROM hold")] == ["in_error"]

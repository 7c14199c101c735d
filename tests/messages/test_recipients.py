"""Whom a message is for: the person named, an adult herself, a child's parent; nobody by guess."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import adult_records, recipients
from models.db.adult_records import AdultFacts
from models.db.scope import Scope
from models.domain.ids import AccountId, HouseholdId, PersonId
from models.domain.words import AccountRole, Known, Relationship, ToldBy
from tests.messages.builders import a_contact_point, a_household, a_member, a_person, a_source, an_appointment
from tests.messages.scenario import NOON, Family, a_family


def whom(session: Session, appointment: int) -> tuple[int, int | None] | None:
    found = recipients.for_appointments(session, [appointment]).get(appointment)
    return None if found is None else (found.person_id, found.contact_point_id)


def a_father(session: Session, family: Family, *, texts_about_child: str | None) -> tuple[int, int]:
    """A father with recorded responsibility and a number; what a person has set for him, if anything."""
    father = a_person(session)
    a_member(session, family.household, father, "father", parental_responsibility="yes")
    number = a_contact_point(session, father)
    if texts_about_child is not None:
        an_adult_record(session, family.household, father, texts_about_child=texts_about_child)
    return father, number


def an_adult_record(session: Session, household: int, person: int, *, texts_about_child: str) -> None:
    login = text(
        "INSERT INTO account (username, password_hash, role, all_teams, created_at, created_by)"
        " VALUES ('ann', 'x', 'health_visitor', true, :now, 'test')"
        " ON CONFLICT (username) DO UPDATE SET all_teams = true RETURNING id"
    )
    account_id = AccountId(session.scalars(login, {"now": NOON}).one())
    account = Scope(account_id, "ann", AccountRole.HEALTH_VISITOR, True, frozenset(), None)
    facts = AdultFacts(
        relationship=Relationship.BIRTH_FATHER,
        parental_responsibility=Known.YES,
        texts_about_child=Known(texts_about_child),
        told_by=ToldBy.THEMSELVES,
        legal_basis="direct care",
    )
    adult_records.record(session, HouseholdId(household), PersonId(person), facts, account=account, now=NOON)


class TestRecipient:
    def test_is_the_person_the_appointment_names(self, session: Session) -> None:
        family = a_family(session)
        assert whom(session, family.appointment) == (family.mother, family.contact_point)
        found = recipients.for_follow_ups(session, [family.follow_up])
        assert [each.contact_point_id for each in found.values()] == [family.contact_point]

    def test_without_a_number_leaves_it_to_a_person(self, session: Session) -> None:
        """The named one has no number: the other parent's is not taken instead."""
        family = a_family(session)
        father = a_person(session)
        a_member(session, family.household, father, "father", parental_responsibility="yes")
        a_contact_point(session, father)
        session.execute(text("DELETE FROM contact_point WHERE id = :id"), {"id": family.contact_point})
        assert whom(session, family.appointment) == (family.mother, None)

    def test_of_a_child_is_who_has_parental_responsibility_then_the_mother(self, session: Session) -> None:
        family = a_family(session, appointment={"contact_person_id": None})
        assert whom(session, family.appointment) == (family.mother, family.contact_point)
        session.execute(text("UPDATE household_member SET parental_responsibility = 'no' WHERE role = 'mother'"))
        assert whom(session, family.appointment) is None
        father, number = a_father(session, family, texts_about_child="yes")
        assert whom(session, family.appointment) == (father, number)

    @pytest.mark.parametrize("setting", [None, "unknown", "not_asked", "no"])
    def test_of_a_child_is_never_a_man_without_the_explicit_setting(
        self, session: Session, setting: str | None
    ) -> None:
        """Recorded responsibility is not enough, nor is a number that is safe: a person has to have set it to yes."""
        family = a_family(session, appointment={"contact_person_id": None})
        a_father(session, family, texts_about_child=setting)
        assert whom(session, family.appointment) == (family.mother, family.contact_point)
        session.execute(text("UPDATE household_member SET parental_responsibility = 'no' WHERE role = 'mother'"))
        assert whom(session, family.appointment) is None

    def test_named_by_the_sender_is_outweighed_by_a_persons_no(self, session: Session) -> None:
        """Imports can make a contact less safe, never more."""
        family = a_family(session)
        father, number = a_father(session, family, texts_about_child=None)
        named = {"id": family.appointment, "father": father}
        session.execute(text("UPDATE appointment SET contact_person_id = :father WHERE id = :id"), named)
        assert whom(session, family.appointment) == (father, number)
        an_adult_record(session, family.household, father, texts_about_child="no")
        assert whom(session, family.appointment) == (family.mother, family.contact_point)

    @pytest.mark.parametrize("role", ["mother", "unborn"])
    def test_of_a_mother_is_herself_though_the_sender_names_her_partner(self, session: Session, role: str) -> None:
        """An adult's own appointment, and a pregnancy, is told to nobody else because a file says so."""
        household, mother, father = a_household(session), a_person(session), a_person(session)
        a_member(session, household, mother, "mother")
        a_member(session, household, father, "partner", parental_responsibility="yes")
        a_contact_point(session, father)
        number = a_contact_point(session, mother)
        appointment = an_appointment(
            session, source=a_source(session), person=mother, household_id=household, subject_role=role,
            contact_person_id=father,
        )  # fmt: skip
        found = whom(session, appointment)
        assert found == ((mother, number) if role == "mother" else None)

    def test_of_a_child_goes_by_the_newest_setting(self, session: Session) -> None:
        family = a_family(session, appointment={"contact_person_id": None})
        session.execute(text("UPDATE household_member SET parental_responsibility = 'no' WHERE role = 'mother'"))
        father, number = a_father(session, family, texts_about_child="no")
        an_adult_record(session, family.household, father, texts_about_child="yes")
        assert whom(session, family.appointment) == (father, number)

    def test_of_a_mother_is_never_the_father(self, session: Session) -> None:
        """Hazard 18: one adult's appointment is not told to another."""
        household, mother, father = a_household(session), a_person(session), a_person(session)
        a_member(session, household, mother, "mother")
        a_member(session, household, father, "father", parental_responsibility="yes")
        a_contact_point(session, father)
        appointment = an_appointment(
            session, source=a_source(session), person=mother, household_id=household, subject_role="mother"
        )
        assert whom(session, appointment) == (mother, None)

    def test_of_nobody_known_is_nobody(self, session: Session) -> None:
        appointment = an_appointment(session, source=a_source(session), person=a_person(session))
        assert whom(session, appointment) is None

    def test_is_reached_at_the_number_that_is_safe(self, session: Session) -> None:
        family = a_family(session, contact_point={"safe_to_text": "no"})
        safe = a_contact_point(session, family.mother)
        assert whom(session, family.appointment) == (family.mother, safe)

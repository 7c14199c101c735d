"""Whom a message is for: the person named, an adult herself, a child's parent; nobody by guess."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import recipients
from tests.messages.builders import a_contact_point, a_household, a_member, a_person, a_source, an_appointment
from tests.messages.scenario import a_family


def whom(session: Session, appointment: int) -> tuple[int, int | None] | None:
    found = recipients.for_appointments(session, [appointment]).get(appointment)
    return None if found is None else (found.person_id, found.contact_point_id)


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
        father = a_person(session)
        a_member(session, family.household, father, "father", parental_responsibility="yes")
        number = a_contact_point(session, father)
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

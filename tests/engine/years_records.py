"""What record systems and staff files tell a trust of over random years: rules of the state machine."""

from datetime import timedelta

from hypothesis import strategies as st

from models.domain.words import ImportKind, OutcomeSubtype
from tests.engine.register import a_mother
from tests.engine.years_machine import NUMBER, RandomTime, happening

CONTACTS = st.sampled_from(["HV-NBV", "HV-6W", "HV-1Y", "HV-2Y", "GP-6W-BABY", "HV-TARGETED", "MW-PN5", "HV-HOME"])
HERS = st.sampled_from(["PMH-REVIEW", "PMH-ASSESS", "GP-6W", "HV-AN", "MW-16W"])
STATUSES = st.sampled_from(
    ["missed", "missed", "attended", "attended_late", "arrived_not_seen", "cancelled_by_family", "cancelled_by_service",
     "cancelled", "declined", "void", "", "booked", "arrived"]
)  # fmt: skip
SUBTYPES = st.sampled_from([""] * 8 + [word.value for word in OutcomeSubtype])
FLAGS = st.sampled_from(["cpp", "cin", "red_flag", "worried", "interpreter", "neonatal_inpatient", "no_sms", "odd"])


class RandomRecords(RandomTime):
    """Families, appointments, outcomes, flags, scores and staff, as they come in."""

    @happening(weeks=st.sampled_from([1, 5, 40, 100]), father=st.booleans(), twins=st.booleans(), number=st.booleans())
    def a_family_comes(self, weeks: int, father: bool, twins: bool, number: bool) -> None:
        """A mother and her children, with or without a father, with or without a number to text."""
        self.add_family(weeks, father=father, twins=twins, number=number)

    @happening(weeks=st.integers(-30, 20), number=NUMBER)
    def a_mother_expects(self, weeks: int, number: int) -> None:
        """Somebody new, or the mother of a family again; her due date may lie behind us."""
        n = len(self.families)
        due = str(self.world.now.date() + timedelta(weeks=weeks + 12))
        again = self.families[number % n] if n and number % 2 else None
        local, home = (again["mother"], again["home"]) if again else (f"M{n}", f"H{n}")
        self.world.brings(ImportKind.PEOPLE, a_mother(local, family=home, subject_edd=due))
        if again is None:
            self.families.append({"home": home, "mother": local, "children": [], "father": ""})

    @happening(number=NUMBER, contact=CONTACTS, days=st.integers(-40, 60), status=STATUSES, subtype=SUBTYPES)
    def a_child_has_an_appointment(self, number: int, contact: str, days: int, status: str, subtype: str) -> None:
        """Booked to come, or heard of long after it was."""
        children = [child for family in self.families for child in family["children"]]
        if children:
            self.add_visit(children[number % len(children)], contact, days, status if days < 0 else "booked", subtype)

    @happening(number=NUMBER, contact=HERS, days=st.integers(-20, 60), status=STATUSES)
    def an_adult_has_an_appointment(self, number: int, contact: str, days: int, status: str) -> None:
        """Her own, with perinatal mental health, midwife or GP."""
        if self.families:
            family = self.families[number % len(self.families)]
            more = {"team": "PMH"} if contact.startswith("PMH") else {}
            self.add_visit(family["mother"], contact, days, status if days < 0 else "booked", "", **more)

    @happening(number=NUMBER, status=STATUSES, subtype=SUBTYPES)
    def the_record_says(self, number: int, status: str, subtype: str) -> None:
        """An outcome comes, or is put right, by the record system."""
        if self.visits:
            row = self.visits[number % len(self.visits)]
            row |= {"status": status, "outcome": subtype}
            self.world.brings(ImportKind.APPOINTMENTS, row)

    @happening(number=NUMBER, days=st.integers(-10, 40))
    def the_appointment_is_moved(self, number: int, days: int) -> None:
        """The same id comes with another time."""
        if self.visits:
            row = self.visits[number % len(self.visits)]
            row |= {"starts_at": f"{self.world.now.date() + timedelta(days=days)}T11:00", "status": "booked"}
            self.world.brings(ImportKind.APPOINTMENTS, row)

    @happening(number=NUMBER, other=NUMBER)
    def the_appointment_was_another_child_s(self, number: int, other: int) -> None:
        """Entered for the wrong child."""
        children = [child for family in self.families for child in family["children"]]
        if self.visits and children:
            row = self.visits[number % len(self.visits)]
            row |= {"subject_local_id": children[other % len(children)]}
            self.world.brings(ImportKind.APPOINTMENTS, row)

    @happening(number=NUMBER, flag=FLAGS, ended=st.booleans())
    def a_flag_is_set_or_ended(self, number: int, flag: str, ended: bool) -> None:
        """By the record system, on anybody of a family."""
        people = self.people()
        if people:
            today = str(self.world.now.date())
            dates = {"set_on": today} | ({"ended_on": today} if ended else {})
            row = {"subject_local_id": people[number % len(people)], "flag": flag, **dates}
            self.world.brings(ImportKind.FLAGS, row)

    @happening(number=NUMBER, total_score=st.sampled_from(["8", "14", "22"]), item=st.sampled_from(["0", "2"]))
    def a_score_is_recorded(self, number: int, total_score: str, item: str) -> None:
        """An EPDS, of a mother."""
        if self.families:
            row = {
                "source_id": f"I{self.world.now:%y%m%d%H%M}", "instrument": "EPDS", "total": total_score,
                "self_harm_item": item, "recorded_on": str(self.world.now.date()), "language": "en",
                "subject_local_id": self.families[number % len(self.families)]["mother"],
            }  # fmt: skip
            self.world.brings(ImportKind.INDICATORS, row)

    # -- staff

    @happening(who=NUMBER, days=st.integers(0, 20), length=st.integers(1, 30), covered=st.booleans())
    def somebody_is_away(self, who: int, days: int, length: int, covered: bool) -> None:
        """With or without a cover."""
        staff = self.staff()
        since = self.world.now + timedelta(days=days)
        away, cover = staff[who % len(staff)], staff[(who + 1) % len(staff)] if covered else None
        self.world.away(away, since=since, until=since + timedelta(days=length), cover=cover)

    @happening(who=NUMBER, back=st.booleans())
    def somebody_leaves(self, who: int, back: bool) -> None:
        """Tomorrow is their last day; or they come back after all."""
        staff = self.staff()
        (row,) = self.world.rows("SELECT code, name, role FROM practitioner WHERE id = :id", id=staff[who % len(staff)])
        until = "" if back else str(self.world.now.date() + timedelta(days=1))
        told = {"staff_id": row.code, "name": row.name, "role": row.role, "team": "N", "active_until": until}
        self.world.brings(ImportKind.STAFF, told)

    @happening(number=NUMBER, second=st.booleans(), days=st.integers(-2, 20))
    def a_child_goes_to_another_caseload(self, number: int, second: bool, days: int) -> None:
        """Now, or on a day to come."""
        people = self.people()
        if people:
            to = self.world.second if second else self.world.visitor
            code = self.world.one("SELECT code FROM practitioner WHERE id = :id", id=to)
            row = {
                "subject_local_id": people[number % len(people)], "practitioner": code, "team": "N",
                "held_from": str(self.world.now.date() + timedelta(days=days)),
            }  # fmt: skip
            self.world.brings(ImportKind.CASELOADS, row)

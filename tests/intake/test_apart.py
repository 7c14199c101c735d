"""Feeds after a split or a protected identity: an old extract joins nobody again; what it tried is listed, not lost."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from models.db import protection, splits
from models.db.protection import Closing
from models.db.scope import Scope
from models.db.separating import Act
from models.db.splits import Leaving
from models.domain.ids import AccountId
from models.domain.words import AccountRole, ImportKind, SplitReason
from tests.intake.conftest import NOW, an_appointment

LATER = NOW + timedelta(hours=1)
FATHER = {
    "contact_name": "Chris Test",
    "contact_relation": "father",
    "contact_nhs_number": "9990000034",
    "contact_mobile": "07700 900456",
}


def a_person(role: str, nhs: str, local: str, **fields: str) -> dict[str, str]:
    """One row of the register, in the household H1."""
    born = "2026-06-05" if role == "child" else "1995-01-01"
    return {
        "subject_nhs_number": nhs,
        "subject_local_id": local,
        "subject_dob": born,
        "subject_role": role,
        "household_id": "H1",
        **fields,
    }


REGISTER = (
    a_person("child", "9990000018", "P1", subject_name="Sam Test", team="T1", caseload_holder="HV1"),
    a_person("mother", "9990000026", "P2", subject_name="Alex Test"),
    a_person("father", "9990000034", "P3", subject_name="Chris Test"),
)
FLAGS: tuple[str, ...] = ()


@pytest.fixture
def act(engine: Engine, rules) -> Act:
    """A team lead's act."""
    with Session(engine) as session, session.begin():
        account = session.execute(
            text(
                "INSERT INTO account (username, password_hash, role, all_teams, created_at, created_by)"
                " VALUES ('ann', 'x', 'team_lead', true, now(), 'test') RETURNING id"
            )
        ).scalar_one()
    scope = Scope(AccountId(account), "ann", AccountRole.TEAM_LEAD, True, frozenset(), None)
    return Act(account=scope, rules=rules.holds, harmless_flags=FLAGS, calendar=rules.calendar, now=NOW)


@pytest.fixture
def family(load, rows_of) -> dict[str, int]:
    """Child, mother and father of one household, as the register told, with a booked visit about the child."""
    load(REGISTER, kind=ImportKind.PEOPLE)
    load([an_appointment(**FATHER)])
    people = rows_of("SELECT nhs_number, id FROM person")
    names = {"9990000018": "child", "9990000026": "mother", "9990000034": "father"}
    household = rows_of("SELECT id FROM household")[0].id
    return {names[row.nhs_number]: row.id for row in people} | {"household": household}


@pytest.fixture
def parted(engine: Engine, family: dict[str, int], act: Act) -> dict[str, int]:
    """Mother and child have fled."""
    leaving = Leaving(
        household_id=family["household"],
        people=frozenset({family["child"], family["mother"]}),
        seen=frozenset({family["child"], family["mother"], family["father"]}),
        reason=SplitReason.FLED,
        note="the refuge rang",
    )
    with Session(engine) as session, session.begin():
        split, new = splits.split(session, leaving, act)
    return family | {"split": split, "new": new}


def households(rows_of) -> dict[int, set[int]]:
    """Who is in which household now."""
    found: dict[int, set[int]] = {}
    for row in rows_of("SELECT household_id, person_id FROM household_member WHERE valid_until IS NULL"):
        found.setdefault(row.household_id, set()).add(row.person_id)
    return found


class TestOldExtractAfterASplit:
    def apart(self, parted) -> dict[int, set[int]]:
        return {parted["household"]: {parted["father"]}, parted["new"]: {parted["child"], parted["mother"]}}

    def test_of_the_register_joins_nobody(self, load, rows_of, parted):
        """The sender still knows one household: each person keeps their own; the rows count all the same."""
        rows = [{**row, "gp_practice": "Hill Surgery"} for row in REGISTER]
        report = load(rows, kind=ImportKind.PEOPLE, now=LATER)
        assert (report.updated, report.rejected) == (3, ())
        assert households(rows_of) == self.apart(parted)
        assert rows_of("SELECT DISTINCT gp_practice FROM person") == [("Hill Surgery",)]

    def test_of_appointments_names_the_father_in_vain(self, load, rows_of, parted):
        """He is not whom to reach about the child; her visit is hers."""
        report = load([an_appointment(source_id="A2", kind="HV-6W", **FATHER)], now=LATER)
        row = rows_of("SELECT household_id, contact_person_id FROM appointment WHERE source_ref = 'A2'")[0]
        assert tuple(row) == (parted["new"], None)
        assert households(rows_of) == self.apart(parted)
        assert [(fault.line, fault.column) for fault in report.warnings] == [(2, "household_id")]
        assert "separated by a person" in report.warnings[0].reason

    def test_is_told_to_the_source_s_owner(self, load, rows_of, parted):
        load([an_appointment(source_id="A2", kind="HV-6W", **FATHER)], now=LATER)
        assert rows_of("SELECT kind, state FROM alert WHERE kind = 'identity_conflict'") == [
            ("identity_conflict", "open")
        ]

    def test_under_a_new_household_id_joins_nobody_either(self, load, rows_of, parted):
        """Another system's id for the family that was."""
        rows = [{**row, "household_id": "F77"} for row in REGISTER]
        load(rows, kind=ImportKind.PEOPLE, source="rio", now=LATER)
        assert households(rows_of) == self.apart(parted)

    def test_with_the_father_under_another_id_joins_nobody(self, load, rows_of, parted):
        """Without his NHS number and without the household's id he looks like somebody new: left out and listed."""
        stranger = {**FATHER, "contact_nhs_number": "", "household_id": ""}
        load([an_appointment(source_id="A2", kind="HV-6W", **stranger)], now=LATER)
        row = rows_of("SELECT household_id, contact_person_id FROM appointment WHERE source_ref = 'A2'")[0]
        assert tuple(row) == (parted["new"], None)
        assert households(rows_of) == self.apart(parted)

    def test_confirms_no_number(self, load, rows_of, parted):
        """Neither one that was unconfirmed, nor one that is new: a person does."""
        load([an_appointment(contact_confirmed_on="2026-06-10")], now=LATER)
        load([an_appointment(source_id="A2", kind="HV-6W", contact_mobile="07700 900777")], now=LATER)
        found = rows_of("SELECT number, safe_to_text, safe_to_text_by IS NOT NULL FROM contact_point ORDER BY number")
        assert [tuple(row) for row in found] == [
            ("+447700900123", "unknown", True),
            ("+447700900456", "unknown", True),
            ("+447700900777", "unknown", True),
        ]

    def test_brings_a_new_baby_to_her_mother(self, load, rows_of, parted):
        """Born after she went, told under the old household's id with its mother to reach."""
        baby = a_person("child", "9990000050", "P9", subject_name="Joy Test", contact_name="Alex Test",
                        contact_relation="mother", contact_nhs_number="9990000026")  # fmt: skip
        load([baby], kind=ImportKind.PEOPLE, now=LATER)
        joy = rows_of("SELECT id FROM person WHERE nhs_number = '9990000050'")[0].id
        assert households(rows_of)[parted["new"]] == {parted["child"], parted["mother"], joy}

    def test_joins_them_again_once_a_person_has(self, load, rows_of, engine, parted, act):
        with Session(engine) as session, session.begin():
            splits.undo(session, parted["split"], reason="together again", act=act)
        load([{**row, "gp_practice": "Hill Surgery"} for row in REGISTER], kind=ImportKind.PEOPLE, now=LATER)
        assert households(rows_of) == {parted["household"]: {parted["child"], parted["mother"], parted["father"]}}


class TestFeedsAfterAnAdoption:
    NEW = "9990000042"

    @pytest.fixture(params=[NEW, None], ids=["the new number is known", "the new number is not known yet"])
    def closed(self, request, engine: Engine, family: dict[str, int], act: Act) -> dict[str, int]:
        """The child's record was closed."""
        closing = Closing(
            household_id=family["household"], person_id=family["child"],
            seen=frozenset({family["child"], family["mother"], family["father"]}),
            new_nhs_number=request.param, note="adoption order",
        )  # fmt: skip
        with Session(engine) as session, session.begin():
            protection.close_record(session, closing, act)
        return family

    def test_of_the_old_number_reaches_the_named_nurse_alone(self, load, rows_of, closed):
        """Nothing is lost, nothing is shown: filed with the closed record, joined to nobody, its contact left out."""
        load([an_appointment(source_id="A2", kind="HV-6W", team="T1", practitioner="HV1")], now=LATER)
        (row,) = rows_of(
            "SELECT a.person_id, a.contact_person_id, a.practitioner_id, t.restricted FROM appointment a"
            " JOIN team t ON t.id = a.team_id WHERE source_ref = 'A2'"
        )
        assert tuple(row) == (closed["child"], None, None, True)
        assert [members for members in households(rows_of).values() if closed["child"] in members] == [
            {closed["child"]}
        ]

    def test_of_the_register_takes_the_record_back_for_no_team(self, load, rows_of, closed):
        load([{**REGISTER[0], "gp_practice": "Hill Surgery"}], kind=ImportKind.PEOPLE, now=LATER)
        (row,) = rows_of(
            "SELECT t.restricted, p.caseload_holder_id FROM person p JOIN team t ON t.id = p.team_id WHERE p.id = :id",
            id=closed["child"],
        )
        assert tuple(row) == (True, None)

    def test_of_caseloads_gives_the_closed_record_to_nobody(self, load, rows_of, closed):
        """Neither today nor on a day to come."""
        row = {"subject_nhs_number": "9990000018", "subject_local_id": "P1", "practitioner": "HV2", "team": "T1"}
        for day in ("2026-06-01", "2026-07-01"):
            load([{**row, "held_from": day}], kind=ImportKind.CASELOADS, now=LATER)
        (found,) = rows_of(
            "SELECT t.restricted, p.caseload_holder_id, (SELECT count(*) FROM caseload_move) AS moves"
            " FROM person p JOIN team t ON t.id = p.team_id WHERE p.id = :id", id=closed["child"],
        )  # fmt: skip
        assert tuple(found) == (True, None, 0)

    def test_of_the_new_number_under_the_old_id_is_a_clean_person_apart_from_the_old_family(
        self, load, rows_of, closed
    ):
        """The system swapped the number and kept its own ids: they join the child to its birth family no more."""
        row = an_appointment(
            source_id="A3", kind="HV-6W", subject_nhs_number=self.NEW, subject_name="Max New", **FATHER
        )
        report = load([row], now=LATER)
        assert report.rejected == ()
        (new,) = rows_of("SELECT id FROM person WHERE nhs_number = :number", number=self.NEW)
        (found,) = rows_of("SELECT person_id, contact_person_id FROM appointment WHERE source_ref = 'A3'")
        assert tuple(found) == (new.id, None)
        assert new.id not in households(rows_of).get(closed["household"], set())
        assert not [members for members in households(rows_of).values() if {new.id, closed["child"]} <= members]

    def test_of_the_new_family_joins_the_new_record_to_it(self, load, rows_of, closed):
        """Another household's id, a new mother: an ordinary mover-in."""
        rows = (
            a_person("child", self.NEW, "N1", subject_name="Max New", household_id="H9"),
            a_person("mother", "9990000069", "N2", subject_name="Ada New", household_id="H9"),
        )
        load(rows, kind=ImportKind.PEOPLE, source="rio", now=LATER)
        new = {row.id for row in rows_of("SELECT id FROM person WHERE nhs_number IN (:a, '9990000069')", a=self.NEW)}
        assert new in households(rows_of).values()

"""A trust with a perinatal mental health team beside its health visitors, for tests of sharing and discharge."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.audit_limits import load_audit_limits
from models.db import disclosure_actions, follow_up_actions, sharing_agreements
from models.db.auditor import audit
from models.db.disclosure_actions import Decider
from models.domain.ids import FollowUpId
from models.domain.words import AccountRole
from tests.engine.world import World

PMH, HV, MW, GP = "perinatal_mental_health", "health_visiting", "midwifery", "general_practice"


class Services(World):
    """Team North of health visitors, and a perinatal mental health team with a clinician and a lead of its own."""

    def __init__(self, engine: Engine, *, now: datetime) -> None:
        super().__init__(engine, now=now)
        self.pmh = self.add("team", code="PMH", name="Perinatal team", stage="staff")
        self.clinician = self.staff("pmh_clinician", team_id=self.pmh)
        self.pmh_lead = self.staff("team_lead", team_id=self.pmh)
        self.run("UPDATE team SET lead_practitioner_id = :lead WHERE id = :id", lead=self.pmh_lead, id=self.pmh)

    def family(self, *more: tuple[int, str], born: str = "2024-03-01") -> "Home":
        """A mother and one child of the health visitor's caseload, two years old unless said otherwise."""
        mother = self.add("person", name="Rosa Made-Up", life_status="alive", gp_practice="Hill Surgery")
        child = self.child(date_of_birth=date.fromisoformat(born))
        return Home(mother, child, self.household((mother, "mother"), (child, "child"), *more))

    def missed(self, home: "Home", *, adult: int | None = None, role: str = "mother", **given: Any) -> int:
        """A mental health appointment of an adult, missed; it ended an hour ago unless said otherwise."""
        row = {
            "subject_role": role,
            "household_id": home.household,
            "contact_code": "PMH-REVIEW",
            "mode": "clinic",
            "practitioner_id": self.clinician,
            "team_id": self.pmh,
            "status": "missed",
            "reason": "therapy refused",
            "location": "Perinatal clinic",
        }
        return self.appointment(adult or home.mother, **(row | given))

    def sign(self, to: str = HV, *, until: date | None = None) -> None:
        """A signed agreement from perinatal mental health."""
        with Session(self.engine) as session, session.begin():
            sharing_agreements.sign(
                session, from_service=PMH, to_service=to, by="Caldicott guardian",
                valid_until=until or self.now.date() + timedelta(days=365), now=self.now, today=self.now.date(),
            )  # fmt: skip

    def cycle(self) -> None:
        """What the engine does at a ring: look, settle what is due, open, climb."""
        self.detect()
        self.reconcile()
        self.detect()
        self.advance()

    def questions(self, **where: Any) -> dict[str, Any]:
        """The questions of sharing by the service they are for, as rows."""
        conditions = "".join(f" AND {name} = :{name}" for name in where)
        rows = self.rows(f"SELECT * FROM disclosure WHERE true{conditions} ORDER BY id", **where)
        return {row.to_service: row for row in rows}

    def cards(self) -> list[Any]:
        """The live follow-ups that a family event opened, oldest first."""
        return list(
            self.rows(
                "SELECT f.*, v.detail FROM follow_up f JOIN family_event v ON v.id = f.family_event_id"
                " WHERE f.state IN ('open', 'backlog', 'seen', 'closing') ORDER BY f.id"
            )
        )


class Home:
    """A household's ids."""

    def __init__(self, mother: int, child: int, household: int) -> None:
        self.mother = mother
        self.child = child
        self.household = household


def told_by_five(world: Services) -> None:
    """Look now, and again at the close of that day."""
    world.cycle()
    world.until(world.now.replace(hour=16, minute=0))  # five in summer
    world.cycle()


def decide(
    world: Services, act: Callable[[Session, Decider], object], *, role: AccountRole = AccountRole.TEAM_LEAD
) -> None:
    """A person of the perinatal team decides."""
    account = replace(world.person_at_page(), role=role)
    with Session(world.engine) as session, session.begin():
        act(session, Decider(account, world.rules.sharing, world.rules.calendar, world.now))


def share(
    db: Session, world: Services, who: Decider, *, to: str = HV, to_whom: str = "", received_how: str = ""
) -> None:
    """Tell, on the ground of safeguarding."""
    question = world.questions()[to].id
    disclosure_actions.share(db, question, who, basis="safeguarding", to_whom=to_whom, received_how=received_how)


def hold(
    db: Session, world: Services, who: Decider, *, until: datetime, reason: str = "Partner reads her post"
) -> None:
    """Hold the question for the health visitor."""
    disclosure_actions.hold(db, world.questions()[HV].id, who, until=until, reason=reason)


def acknowledge(world: Services, card: object) -> None:
    """The health visitor takes the card on."""
    with Session(world.engine) as session, session.begin():
        follow_up_actions.acknowledge(
            session,
            follow_up_id=FollowUpId(card.id),  # type: ignore[attr-defined]
            row_version=card.row_version,  # type: ignore[attr-defined]
            account=world.person_at_page(),
            pathways=world.pathways,
            calendar=world.rules.calendar,
            now=world.now,
        )


def history(world: Services, question: int) -> list[tuple[str, str]]:
    """What happened to a question, and who did it."""
    rows = world.rows("SELECT event, actor FROM disclosure_history WHERE disclosure_id = :id ORDER BY id", id=question)
    return [(row.event, row.actor) for row in rows]


def violations(world: Services) -> list[str]:
    """What the auditor finds, by code."""
    with Session(world.engine) as session:
        found = audit(session, world.now, limits=load_audit_limits(config_dir=None))
    return [finding.code for finding in found.violations]

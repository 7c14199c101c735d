"""A small trust with a clock that tests set: rows by the builders of what the test is about, and the engine on them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from config.audit_limits import load_audit_limits
from config.pathways_loader import pathway_from
from config.rules import load_rules
from models.db import absences, pathway_versions, threshold_signatures
from models.db.auditor import audit
from models.db.pathway_shelf import PathwayShelf
from models.db.scope import Scope
from models.domain.ids import AccountId, PractitionerId
from models.domain.words import AccountRole
from workers import challenging, prompt_asking, reconcile, referring
from workers.advance import advance_due
from workers.detect import Detected, detect_all
from workers.holds import find_losses, review_holds
from workers.staff_changes import look_at_staff, move_caseloads

LONDON = ZoneInfo("Europe/London")
RULES = load_rules(config_dir=None, nation="england", today=date(2026, 6, 8))
_serial = count(1)


def at(local: str) -> datetime:
    """A London time such as '2026-06-08 12:00', as UTC."""
    return datetime.fromisoformat(local).replace(tzinfo=LONDON).astimezone(UTC)


class World:
    """One trust: team North with a health visitor, a lead, a named nurse; a source with fresh data; texts are on."""

    def __init__(self, engine: Engine, *, now: datetime) -> None:
        self.engine = engine
        self.now = now
        self.rules = RULES
        self.pathways = PathwayShelf(pathway_from)
        with Session(engine) as session, session.begin():
            pathway_versions.load(session, RULES.pathway_contents.values(), now=now)
            threshold_signatures.approve(session, RULES.prompts.rules, by="test", now=now)
        self.source = self.add("source", name="epr", as_of=now, authoritative_for=["attendance"], health="fresh")
        self.team = self.add("team", code="N", name="North", stage="texts", call_back_number="+441632960123")
        self.visitor = self.staff("health_visitor")
        self.lead = self.staff("team_lead")
        self.nurse = self.staff("named_nurse", team_id=None)
        self.head = self.staff("head_of_service", team_id=None)
        self.run("UPDATE team SET lead_practitioner_id = :lead WHERE id = :id", lead=self.lead, id=self.team)
        self.last_resort = self.one("SELECT id FROM practitioner WHERE last_resort")

    # -- rows

    def add(self, table: str, **row: Any) -> int:
        """Insert one row; return its id."""
        names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
        return self.one(f"INSERT INTO {table} ({names}) VALUES ({values}) RETURNING id", **row)

    def staff(self, role: str, **given: Any) -> int:
        """A practitioner of team North."""
        number = next(_serial)
        row = {"code": f"P{number}", "name": f"Pat {number}", "role": role, "team_id": self.team}
        return self.add("practitioner", **(row | given))

    def child(self, **given: Any) -> int:
        """A child of the health visitor's caseload, alive, six weeks old, in no household."""
        row = {"date_of_birth": self.now.date() - timedelta(days=45), "life_status": "alive", "team_id": self.team}
        return self.add("person", **(row | {"caseload_holder_id": self.visitor} | given))

    def toddler(self, **given: Any) -> int:
        """A child of two, on a review ladder's routine pace; a baby's is one rung faster."""
        return self.child(**({"date_of_birth": date(2024, 5, 1)} | given))

    def household(self, *people: tuple[int, str]) -> int:
        """A household of these people by role."""
        household = self.add("household", team_id=self.team)
        for person, role in people:
            self.add("household_member", household_id=household, person_id=person, role=role)
        return household

    def appointment(self, person: int, **given: Any) -> int:
        """A 6 to 8 week review, booked for an hour ago, heard of a week before, with an import's due times."""
        ends = given.get("ends_at", self.now - timedelta(hours=1))
        row = {
            "source_id": self.source,
            "source_ref": f"A{next(_serial)}",
            "content_hash": b"x",
            "person_id": person,
            "subject_role": "child",
            "contact_code": "HV-6W",
            "mode": "home",
            "practitioner_id": self.visitor,
            "team_id": self.team,
            "starts_at": ends - timedelta(minutes=45),
            "ends_at": ends,
            "status": "booked",
            "status_by": "import:epr",
            "first_received_at": ends - timedelta(days=7),
        } | given
        if row["status"] in ("planned", "booked", "arrived"):
            row.setdefault("outcome_due_at", ends + RULES.contacts.outcome_allowance)
        else:
            row.setdefault("reconsider_at", self.now)
        return self.add("appointment", **row)

    def records(self, appointment: int, status: str, *, by: str = "import:epr", **given: Any) -> None:
        """An outcome arrives, from the record system unless `by` says a person."""
        before = self.one("SELECT status FROM appointment WHERE id = :id", id=appointment)
        waits = status in ("planned", "booked", "arrived")
        ends = self.one("SELECT ends_at FROM appointment WHERE id = :id", id=appointment)
        due = ends + RULES.contacts.outcome_allowance if waits else None
        changes = {"status": status, "status_by": by, "reconsider_at": self.now, "outcome_due_at": due} | given
        sets = ", ".join(f"{name} = :{name}" for name in changes)
        self.run(f"UPDATE appointment SET {sets} WHERE id = :id", id=appointment, **changes)
        self.run(
            "INSERT INTO appointment_event (appointment_id, at, event, from_status, to_status, actor_kind, actor)"
            " VALUES (:id, :at, 'outcome', :before, :after, 'import', :by)",
            id=appointment, at=self.now, before=before, after=status, by=by,
        )  # fmt: skip

    def moves(self, appointment: int, ends_at: datetime, *, status: str = "booked") -> None:
        """The same id comes with another time: booked anew, or a date put right."""
        (was,) = self.rows("SELECT status, starts_at, ends_at FROM appointment WHERE id = :id", id=appointment)
        due = ends_at + RULES.contacts.outcome_allowance if status == "booked" else None
        self.run(
            "UPDATE appointment SET starts_at = :starts, ends_at = :ends, status = :status, status_by = 'import:epr',"
            " subtype = NULL, reconsider_at = :now, outcome_due_at = :due WHERE id = :id",
            id=appointment, starts=ends_at - timedelta(minutes=45), ends=ends_at, status=status, now=self.now, due=due,
        )  # fmt: skip
        self.run(
            "INSERT INTO appointment_event (appointment_id, at, event, from_status, to_status, actor_kind, actor,"
            " detail) VALUES (:id, :at, 'moved', :before, :after, 'import', 'import:epr',"
            " jsonb_build_object('starts_at_was', CAST(:starts AS timestamptz)))",
            id=appointment, at=self.now, before=was.status, after=status, starts=was.starts_at,
        )  # fmt: skip

    # -- the engine

    def detect(self) -> Detected:
        """Look at everything that waits for detection, now."""
        return detect_all(self.engine, self.rules, now=lambda _: self.now)

    def advance(self, *, limit: int = 1000, urgent_only: bool = False) -> int:
        """Advance what is due now, until nothing is."""
        total = 0
        while True:
            with Session(self.engine) as session, session.begin():
                count = advance_due(
                    session,
                    rules=self.rules,
                    pathways=self.pathways,
                    now=self.now,
                    limit=limit,
                    urgent_only=urgent_only,
                )
            total += count
            if count < limit:
                return total

    def follow_staff(self) -> int:
        """What is due of caseload moves and of people who go away, and what that wakes."""
        for step in (move_caseloads, look_at_staff):
            with Session(self.engine) as session, session.begin():
                step(session, self.rules, self.now)
        return self.advance()

    def away(self, who: int, *, since: datetime, until: datetime, cover: int | None = None) -> int:
        """A person enters that somebody is away, and who covers."""
        with Session(self.engine) as session, session.begin():
            return absences.record(
                session,
                practitioner_id=PractitionerId(who),
                starts_at=since,
                ends_at=until,
                cover_id=None if cover is None else PractitionerId(cover),
                account=self.person_at_page(),
                now=self.now,
            )

    def reconcile(self) -> None:
        """Each look of reconcile once, and the prompts, challenges and actions that are due."""
        for step in (
            reconcile.look_at_feeds,
            reconcile.share_due,
            reconcile.look_at_discharges,
            reconcile.put_after_changes,
            reconcile.ask_due,
            reconcile.raise_overdue,
            referring.match_appointments,
            referring.chase_referrals,
            reconcile.lapse_extensions,
            reconcile.challenge_silent,
            reconcile.find_risk,
            review_holds,
            find_losses,
            prompt_asking.ask_again,
            prompt_asking.confirm_red_flags,
            challenging.ask_challenges,
            challenging.ask_actions,
        ):
            with Session(self.engine) as session, session.begin():
                step(session, self.rules, self.now)

    def later(self, **span: float) -> datetime:
        """Let time pass; the source goes on sending."""
        return self.until(self.now + timedelta(**span))

    def until(self, moment: datetime) -> datetime:
        """Let time pass until `moment`; the source goes on sending."""
        self.now = moment
        self.run("UPDATE source SET as_of = :now", now=moment)
        return moment

    # -- what is there

    def run(self, statement: str, **params: Any) -> None:
        """Execute and commit."""
        with Session(self.engine) as session, session.begin():
            session.execute(text(statement), params)

    def one(self, query: str, **params: Any) -> Any:
        """Execute, commit, and return the one value."""
        with Session(self.engine) as session, session.begin():
            return session.execute(text(query), params).scalar_one()

    def rows(self, query: str, **params: Any) -> Sequence[Any]:
        """Return all rows."""
        with Session(self.engine) as session:
            return session.execute(text(query), params).all()

    def follow_up(self, appointment: int) -> Any:
        """The follow-up of an appointment."""
        (row,) = self.rows("SELECT * FROM follow_up WHERE appointment_id = :id", id=appointment)
        return row

    def story(self, follow_up: int) -> list[str]:
        """The events of a follow-up, in order."""
        found = self.rows("SELECT event FROM follow_up_event WHERE follow_up_id = :id ORDER BY id", id=follow_up)
        return [str(row.event) for row in found]

    def violations(self) -> set[str]:
        """What the auditor finds, but for the weekly check of staffing, which nobody runs here."""
        with Session(self.engine) as session:
            found = audit(session, self.now, limits=load_audit_limits(config_dir=None)).violations
        return {finding.code for finding in found} - {"staffing_check_silent"}

    def told(self, **where: Any) -> list[Any]:
        """The open alerts, in order; each with kind, step, role, practitioner and pool."""
        conditions = "".join(f" AND {name} = :{name}" for name in where)
        return list(self.rows(f"SELECT * FROM alert WHERE state = 'open'{conditions} ORDER BY id", **where))

    def person_at_page(
        self, name: str = "ann", *, practitioner: int | None = None, role: AccountRole = AccountRole.TEAM_LEAD
    ) -> Scope:
        """A login, a team lead's unless said otherwise, made at first use."""
        known = self.rows("SELECT id FROM account WHERE username = :name", name=name)
        account = (
            known[0].id
            if known
            else self.add(
                "account",
                username=name,
                password_hash="x",
                role="team_lead",
                all_teams=True,
                created_at=self.now,
                created_by="test",
            )
        )
        return Scope(
            account_id=AccountId(account),
            username=name,
            role=role,
            all_teams=True,
            team_ids=frozenset(),
            practitioner_id=None if practitioner is None else PractitionerId(practitioner),
        )

"""Builders of made-up families, staff and follow-ups for the tests of the pages. Each defaults all but what matters."""

import itertools
import json
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from config.rules import Rules
from config.web_rules import CYCLE_PARTS
from models.db import accounts
from models.db.tables import (
    Alert,
    Appointment,
    ContactPoint,
    Flag,
    FollowUp,
    FollowUpEvent,
    Household,
    HouseholdMember,
    Message,
    MessageSubject,
    PathwayVersion,
    Person,
    Practitioner,
    Source,
    Team,
    Tick,
)
from models.domain.words import AccountRole

PASSWORD = "three made-up words"
_numbers = itertools.count()


def nhs_number(serial: int) -> str:
    """A checked number from 999, which no real person has."""
    for tail in itertools.count(serial * 10):
        nine = f"999{tail % 1_000_000:06d}"
        check = 11 - sum(int(digit) * weight for digit, weight in zip(nine, range(10, 1, -1), strict=True)) % 11
        if check != 10:
            return nine + str(0 if check == 11 else check)
    raise AssertionError


class World:
    """A database with rules, a source, two teams and their people, to which a test adds families."""

    def __init__(self, session: Session, rules: Rules, *, now: datetime | None = None) -> None:
        self.session = session
        self.rules = rules
        self.now = now or datetime.now(UTC)
        self.source = self._add(
            Source, name="SystmOne", as_of=self.now - timedelta(minutes=40), last_received_at=self.now, health="fresh"
        )
        self._pathways()
        self.teams = {
            code: self._add(Team, code=code, name=name, stage="texts", call_back_number="+441632960001")
            for code, name in (("north", "Northside"), ("south", "Southside"))
        }
        self.staff = {
            code: self._add(Practitioner, code=code, name=name, role=role, team_id=self.teams[team])
            for code, name, role, team in (
                ("amira", "Amira Bell", "health_visitor", "north"),
                ("lead", "Grace Okoro", "team_lead", "north"),
                ("south-hv", "Joan Price", "health_visitor", "south"),
            )
        }
        for name in CYCLE_PARTS:
            session.execute(insert(Tick).values(name=name, started_at=self.now, succeeded_at=self.now))

    def account(
        self,
        username: str = "grace",
        *,
        role: AccountRole = AccountRole.TEAM_LEAD,
        teams: tuple[str, ...] = ("north",),
        all_teams: bool = False,
        practitioner: str | None = None,
    ) -> str:
        """An account with PASSWORD; return its name."""
        accounts.add(
            self.session,
            username=username,
            password=PASSWORD,
            role=role,
            teams=teams,
            all_teams=all_teams,
            practitioner=practitioner,
            by="test",
            now=self.now,
        )
        return username

    def family(
        self, child: str, *, born: date | None = None, mother: str = "", safe: str = "yes", team: str = "north"
    ) -> dict[str, int]:
        """A household with a child and its mother, who has a number."""
        serial = next(_numbers)
        household = self._add(Household, team_id=self.teams[team])
        ids = {"household": household}
        surname = child.split()[-1]
        for role, name, birthday in (
            ("child", child, born or (self.now - timedelta(days=52)).date()),
            ("mother", mother or f"Rosa {surname}", date(1994, 5, 17)),
        ):
            person = self._add(
                Person,
                name=name,
                nhs_number=nhs_number(serial * 2 + (role == "mother")),
                date_of_birth=birthday,
                life_status="alive",
                gp_practice="Hill Surgery",
                team_id=self.teams[team],
                caseload_holder_id=self.staff["amira"] if role == "child" else None,
            )
            ids[role] = person
            self._add(
                HouseholdMember,
                household_id=household,
                person_id=person,
                role=role,
                lives_with="yes",
                parental_responsibility="yes" if role == "mother" else "unknown",
            )
        ids["number"] = self._add(
            ContactPoint,
            person_id=ids["mother"],
            number=f"+447700900{serial % 1000:03d}",
            language="en",
            interpreter="no",
            safe_to_text=safe,
            confirmed_on=self.now.date() if safe == "yes" else None,
        )
        return ids

    def member(self, name: str, family: dict[str, int], *, role: str, number: str | None = None) -> int:
        """One more adult of a household."""
        person = self._add(Person, name=name, life_status="alive", team_id=self.teams["north"])
        self._add(HouseholdMember, household_id=family["household"], person_id=person, role=role)
        if number is not None:
            self._add(ContactPoint, person_id=person, number=number, safe_to_text="yes", confirmed_on=self.now.date())
        return person

    def flag(self, person: int, code: str) -> None:
        """A flag on a person, from now on."""
        self._add(Flag, person_id=person, code=code, set_at=self.now, set_by="import:SystmOne")

    def missed(
        self,
        family: dict[str, int],
        *,
        contact: str = "HV-6W",
        days_ago: float = 3,
        team: str | None = "north",
        high_risk: bool = False,
        red_flag: bool = False,
        state: str = "open",
        trigger: str = "missed",
        status: str = "missed",
        subtype: str | None = "wnb",
        step: str | None = "phone-same-day",
        held_text: bool = False,
        misses: int = 1,
    ) -> int:
        """A follow-up of one appointment, with its story so far; return its id."""
        starts = (self.now - timedelta(days=days_ago)).replace(minute=0, second=0, microsecond=0)
        pathway = self.rules.contacts.outcome_pathway if trigger == "outcome_not_recorded" else self._pathway(contact)
        if trigger == "outcome_not_recorded":
            step = "record" if step == "phone-same-day" else step
        team_id = None if team is None else self.teams[team]
        appointment = self._add(
            Appointment,
            source_id=self.source,
            source_ref=f"A{next(_numbers)}",
            content_hash=b"x",
            person_id=family["child"],
            subject_role="child",
            household_id=family["household"],
            contact_person_id=family["mother"],
            contact_code=contact,
            mode="clinic",
            practitioner_id=self.staff["amira"],
            team_id=team_id,
            starts_at=starts,
            ends_at=starts + timedelta(minutes=45),
            status=status,
            status_by="import:SystmOne",
            subtype=subtype,
            first_received_at=starts,
        )
        follow_up = self._add(
            FollowUp,
            appointment_id=appointment,
            trigger=trigger,
            state=state,
            person_id=family["child"],
            household_id=family["household"],
            team_id=team_id,
            contact_code=contact,
            pathway_code=pathway,
            pathway_version=self._version(pathway),
            miss_count=misses,
            high_risk=high_risk,
            red_flag=red_flag,
            anchor_at=starts + timedelta(minutes=45),
            breach_at=starts + timedelta(minutes=45),
            opened_at=starts + timedelta(hours=3),
            step_id=step,
            step_fired_at=starts + timedelta(hours=3),
            steps_done={step: [(starts + timedelta(hours=3)).isoformat(), 1]} if step else {},
            next_step_id=step,
            next_due_at=self.now + timedelta(hours=5) if state != "closed" else None,
            owner_practitioner_id=self.staff["amira"],
            seen_at=self.now if state == "seen" else None,
        )
        for event, at, detail in (
            ("opened", starts + timedelta(hours=3), None),
            (
                "step_fired",
                starts + timedelta(hours=3),
                {"told": "practitioner", "answer_by": (starts + timedelta(hours=7)).isoformat()},
            ),
        ):
            self._add(
                FollowUpEvent,
                follow_up_id=follow_up,
                at=at,
                event=event,
                to_state=state,
                step_id=step,
                actor_kind="engine",
                actor="engine",
                detail=detail,
            )
        if held_text:
            self.text(follow_up, family, state="held")
        return follow_up

    def text(
        self,
        follow_up: int,
        family: dict[str, int],
        *,
        state: str = "held",
        body: str | None = None,
        block_reason: str | None = None,
        provider_sid: str | None = None,
    ) -> int:
        """A text to the family about a follow-up."""
        message = self._add(
            Message,
            channel="sms",
            audience="family",
            purpose="after_miss",
            urgency="routine",
            state=state,
            dedupe_key=f"test:{next(_numbers)}",
            team_id=self.session.scalar(text("SELECT team_id FROM follow_up WHERE id = :id"), {"id": follow_up}),
            household_id=family["household"],
            contact_point_id=family["number"],
            template_code="after_miss",
            template_version=1,
            body=body,
            block_reason=block_reason,
            provider_sid=provider_sid,
            created_at=self.now,
            send_after=self.now,
            sent_at=self.now if state in ("sent", "delivered") else None,
            ended_at=self.now if state in ("delivered", "blocked") else None,
            settle_due_at=self.now if state in ("sent", "sending") else None,
        )
        self._add(MessageSubject, message_id=message, follow_up_id=follow_up)
        return message

    def alert(self, kind: str, **values: object) -> int:
        """An open alert that no follow-up drives, for Amira unless said otherwise."""
        defaults = {
            "kind": kind,
            "urgency": "routine",
            "dedupe_key": f"test:{next(_numbers)}",
            "practitioner_id": self.staff["amira"],
            "raised_at": self.now - timedelta(hours=2),
            "next_due_at": self.now + timedelta(hours=2),
        }
        return self._add(Alert, **{**defaults, **values})

    def _version(self, pathway: str) -> int:
        return max(version for code, version in self.rules.pathway_contents if code == pathway)

    def _pathway(self, contact: str) -> str:
        kind = self.rules.contacts.get(contact)
        assert kind is not None
        return kind.pathway

    def _pathways(self) -> None:
        for (code, version), content in self.rules.pathway_contents.items():
            self.session.execute(
                insert(PathwayVersion).values(
                    code=code,
                    version=version,
                    content=json.loads(json.dumps(content)),
                    content_sha256="x",
                    effective_from=date.fromisoformat(content["effective_from"]),
                    loaded_at=self.now,
                )
            )

    def _add(self, table: type, **values: object) -> int:
        found: int = self.session.execute(insert(table).values(**values).returning(table.id)).scalar_one()
        return found

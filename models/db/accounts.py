"""Logins: make them, list them, switch them off, and find the one that a name and a password belong to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, insert, select, update
from sqlalchemy.orm import Session

from models.db.passwords import hash_password, is_password
from models.db.scope import Scope
from models.db.tables import Account, AccountTeam, AuditEntry, Practitioner, Team, WebSession
from models.domain.ids import AccountId, PractitionerId, TeamId
from models.domain.words import AccountRole, ActorKind

SHORTEST_PASSWORD = 12  # characters; National Cyber Security Centre, "three random words"
LONGEST_PASSWORD = 200


class AccountError(ValueError):
    """An account can't be made or changed as asked; the message says why and names no password."""


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One account as a list shows it."""

    id: AccountId
    username: str
    role: AccountRole
    all_teams: bool
    teams: tuple[str, ...]
    practitioner: str | None
    disabled: bool


def add(
    session: Session,
    *,
    username: str,
    password: str,
    role: AccountRole,
    teams: Sequence[str] = (),
    all_teams: bool = False,
    practitioner: str | None = None,
    by: str,
    now: datetime,
) -> AccountId:
    """Make an account; `teams` and `practitioner` are codes. Raises AccountError. The caller commits."""
    name = username.strip().lower()
    _check(session, name=name, password=password, teams=teams, all_teams=all_teams, role=role)
    row = {
        "username": name,
        "password_hash": hash_password(password),
        "role": role.value,
        "all_teams": all_teams,
        "practitioner_id": _practitioner_id(session, practitioner),
        "created_at": now,
        "created_by": by,
    }
    account_id = AccountId(session.execute(insert(Account).values(row).returning(Account.id)).scalar_one())
    team_ids = _team_ids(session, teams)
    if team_ids:
        session.execute(insert(AccountTeam), [{"account_id": account_id, "team_id": team_id} for team_id in team_ids])
    _keep(session, account_id=account_id, action="account_added", by=by, now=now)
    return account_id


def disable(session: Session, *, username: str, by: str, now: datetime) -> AccountId:
    """Switch an account off and end its sessions at once. Raises AccountError if there is none to switch off."""
    name = username.strip().lower()
    off = update(Account).where(Account.username == name, Account.disabled_at.is_(None))
    account_id = session.execute(off.values(disabled_at=now, disabled_by=by).returning(Account.id)).scalar_one_or_none()
    if account_id is None:
        raise AccountError(f"no enabled account is named {name!r}; expected one that `steadfast users list` shows")
    ended = update(WebSession).where(WebSession.account_id == account_id, WebSession.revoked_at.is_(None))
    session.execute(ended.values(revoked_at=now))
    _keep(session, account_id=AccountId(account_id), action="account_disabled", by=by, now=now)
    return AccountId(account_id)


def list_(session: Session) -> list[AccountLine]:
    """Every account, by name."""
    team_codes = (
        select(func.array_agg(Team.code))
        .join(AccountTeam, AccountTeam.team_id == Team.id)
        .where(AccountTeam.account_id == Account.id)
        .scalar_subquery()
    )
    found = (
        select(Account, team_codes, Practitioner.name)
        .outerjoin(Practitioner, Practitioner.id == Account.practitioner_id)
        .order_by(Account.username)
    )
    return [
        AccountLine(
            id=AccountId(account.id),
            username=account.username,
            role=AccountRole(account.role),
            all_teams=account.all_teams,
            teams=tuple(sorted(codes or ())),
            practitioner=name,
            disabled=account.disabled_at is not None,
        )
        for account, codes, name in session.execute(found)
    ]


def authenticate(session: Session, *, username: str, password: str) -> AccountId | None:
    """The enabled account of this name and password, or None; as slow for an unknown name as for a wrong password."""
    found = session.execute(
        select(Account.id, Account.password_hash, Account.disabled_at).where(
            Account.username == username.strip().lower()
        )
    ).one_or_none()
    stored = found.password_hash if found is not None and found.disabled_at is None else None
    fits = is_password(password[:LONGEST_PASSWORD], stored)
    return AccountId(found.id) if found is not None and fits else None


def scope_of(session: Session, account_id: AccountId) -> Scope | None:
    """What an enabled account may see; None once it is switched off."""
    account = session.execute(
        select(Account.username, Account.role, Account.all_teams, Account.practitioner_id).where(
            Account.id == account_id, Account.disabled_at.is_(None)
        )
    ).one_or_none()
    if account is None:
        return None
    teams = session.scalars(select(AccountTeam.team_id).where(AccountTeam.account_id == account_id))
    closed = frozenset(TeamId(team) for team in session.scalars(select(Team.id).where(Team.restricted)))
    sees_closed = account.role == AccountRole.NAMED_NURSE
    return Scope(
        account_id=account_id,
        username=account.username,
        role=AccountRole(account.role),
        all_teams=account.all_teams,
        team_ids=frozenset(TeamId(team_id) for team_id in teams) | (closed if sees_closed else frozenset()),
        hidden_team_ids=frozenset() if sees_closed else closed,
        practitioner_id=None if account.practitioner_id is None else PractitionerId(account.practitioner_id),
    )


def _check(
    session: Session, *, name: str, password: str, teams: Sequence[str], all_teams: bool, role: AccountRole
) -> None:
    if not name or any(letter.isspace() for letter in name):
        raise AccountError(f"user name {name!r} is empty or holds a space; expected one word")
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise AccountError(f"the password has {len(password)} characters; expected {SHORTEST_PASSWORD} or more")
    if session.scalar(select(exists().where(Account.username == name))):
        raise AccountError(f"an account named {name!r} exists already")
    if role is not AccountRole.ADMINISTRATOR and not all_teams and not teams:
        raise AccountError(f"account {name!r} would see no team; expected team codes, or all teams")


def _team_ids(session: Session, codes: Sequence[str]) -> list[TeamId]:
    known = {code: TeamId(team_id) for team_id, code in session.execute(select(Team.id, Team.code))}
    unknown = sorted(set(codes) - known.keys())
    if unknown:
        raise AccountError(f"no team has the code {', '.join(unknown)}; known are {', '.join(sorted(known)) or 'none'}")
    return sorted({known[code] for code in codes})


def _practitioner_id(session: Session, code: str | None) -> PractitionerId | None:
    if code is None:
        return None
    found = session.scalar(select(Practitioner.id).where(Practitioner.code == code))
    if found is None:
        raise AccountError(f"no practitioner has the code {code!r}; expected one of the staff import")
    return PractitionerId(found)


def _keep(session: Session, *, account_id: AccountId, action: str, by: str, now: datetime) -> None:
    entry = {"at": now, "actor_kind": ActorKind.PERSON, "actor": by, "action": action}
    session.execute(insert(AuditEntry).values(entry | {"subject": "account", "subject_id": account_id}))

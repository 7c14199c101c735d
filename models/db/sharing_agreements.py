"""Sharing agreements between services: sign one, end one, list them. Signing and ending are named people's acts.

Never commits.
"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.domain.words import ActorKind


class AgreementRefused(ValueError):
    """It can't be signed or ended like this; the message says what was found and what is expected."""


@dataclass(frozen=True, slots=True)
class AgreementLine:
    """One agreement as `steadfast sharing list` shows it; `stands`: in force today."""

    from_service: str
    to_service: str
    signed_by: str
    signed_at: datetime
    valid_until: date
    ended_at: datetime | None
    ended_by: str | None
    stands: bool


def list_(session: Session, *, today: date) -> list[AgreementLine]:
    """Return all agreements ever signed, the newest first."""
    return [AgreementLine(*row) for row in session.execute(_LIST, {"today": today})]


def sign(
    session: Session, *, from_service: str, to_service: str, by: str, valid_until: date, now: datetime, today: date
) -> None:
    """Switch automatic sharing of the minimum on, until the end of `valid_until`. One that has lapsed is ended first.

    Raises AgreementRefused where nobody is named, the end is past, or an agreement stands already.
    """
    if not by.strip():
        raise AgreementRefused("nobody is named; expected --by with the name of who signs")
    if from_service == to_service:
        raise AgreementRefused(f"{from_service} can't agree with itself; expected two services")
    if valid_until < today:
        raise AgreementRefused(f"it would end on {valid_until}, which is past; expected a day from {today} on")
    pair = {"from": from_service, "to": to_service}
    standing = session.execute(_STANDING, pair).one_or_none()
    if standing is not None and standing.valid_until >= today:
        raise AgreementRefused(
            f"{from_service} to {to_service} stands until {standing.valid_until}, signed by {standing.signed_by};"
            " end it first"
        )
    if standing is not None:
        _end(session, standing.id, by=by, now=now, act="sharing_agreement_lapsed")
    made = session.execute(_SIGN, {**pair, "by": by, "until": valid_until, "now": now}).scalar_one()
    _audit(session, made, act="sharing_agreement_signed", by=by, now=now)


def end(session: Session, *, from_service: str, to_service: str, by: str, now: datetime) -> None:
    """Switch it off: from now on a person decides. Raises AgreementRefused where nobody is named or none stands."""
    if not by.strip():
        raise AgreementRefused("nobody is named; expected --by with the name of who ends it")
    standing = session.execute(_STANDING, {"from": from_service, "to": to_service}).one_or_none()
    if standing is None:
        raise AgreementRefused(f"no agreement from {from_service} to {to_service} stands; `steadfast sharing list`")
    _end(session, standing.id, by=by, now=now, act="sharing_agreement_ended")


def _end(session: Session, agreement: int, *, by: str, now: datetime, act: str) -> None:
    session.execute(_END, {"id": agreement, "by": by, "now": now})
    _audit(session, agreement, act=act, by=by, now=now)


def _audit(session: Session, agreement: int, *, act: str, by: str, now: datetime) -> None:
    session.execute(_AUDITED, {"now": now, "kind": ActorKind.PERSON.value, "by": by, "act": act, "id": agreement})


_LIST = text(
    """
    SELECT from_service, to_service, signed_by, signed_at, valid_until, ended_at, ended_by,
           ended_at IS NULL AND valid_until >= :today
    FROM sharing_agreement ORDER BY id DESC
    """
)
_STANDING = text(
    """
    SELECT id, signed_by, valid_until FROM sharing_agreement
    WHERE from_service = :from AND to_service = :to AND ended_at IS NULL FOR UPDATE
    """
)
_SIGN = text(
    """
    INSERT INTO sharing_agreement (from_service, to_service, signed_by, signed_at, valid_until)
    VALUES (:from, :to, :by, :now, :until) RETURNING id
    """
)
_END = text("UPDATE sharing_agreement SET ended_at = :now, ended_by = :by WHERE id = :id")
_AUDITED = text(
    """
    INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id)
    VALUES (:now, :kind, :by, :act, 'sharing_agreement', :id)
    """
)

"""Logins, the teams they may see, their sessions, and tries at logging in."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.db.base import Base, Instant, Pk, one_of
from models.domain.words import AccountRole


class Account(Base):
    """A login. `all_teams` is for trust-wide roles; others see the teams of `account_team`."""

    __tablename__ = "account"
    __table_args__ = (
        one_of("role", AccountRole),
        CheckConstraint("username = lower(username) AND username <> ''", name="username_lower"),
        Index("uq_account_practitioner", "practitioner_id", unique=True, postgresql_where=text("disabled_at IS NULL")),
    )

    id: Mapped[Pk]
    username: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    role: Mapped[str]
    all_teams: Mapped[bool] = mapped_column(server_default=text("false"))
    practitioner_id: Mapped[int | None] = mapped_column(ForeignKey("practitioner.id"))
    created_at: Mapped[Instant]
    created_by: Mapped[str]
    disabled_at: Mapped[Instant | None]
    disabled_by: Mapped[str | None]


class AccountTeam(Base):
    """A team that an account may see."""

    __tablename__ = "account_team"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"), primary_key=True)


class WebSession(Base):
    """A login's session; only the hash of its token is stored."""

    __tablename__ = "web_session"
    __table_args__ = (Index(None, "account_id"), Index(None, "expires_at"))

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    csrf_token: Mapped[str]
    created_at: Mapped[Instant]
    last_seen_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    revoked_at: Mapped[Instant | None]


class LoginTry(Base):
    """One try at logging in, for throttling; who is kept as a keyed hash."""

    __tablename__ = "login_try"
    __table_args__ = (Index(None, "key_hash", "at"), Index(None, "at"))

    id: Mapped[Pk]
    key_hash: Mapped[bytes]  # HMAC of user name, or of address
    at: Mapped[Instant]
    succeeded: Mapped[bool]

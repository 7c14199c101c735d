"""A declined contact: what has to be known of it, and who has to look at it. Pure. Source: domain.md 1.2, issue 3.

Unknown, not asked and no are three answers: a field that is None was not asked; "unknown" is an answer of its own.
"""

from dataclasses import dataclass
from datetime import date

from models.domain.words import DeclinedBy, How, Informed, Known


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineAnswers:
    """Who declined, how they were told what it is for, why, whether they can decide it, who last saw the child."""

    declined_by: DeclinedBy | None = None
    informed: Informed | None = None
    why: str | None = None
    capacity: Known | None = None
    seen_by_anybody: Known | None = None
    last_seen_on: date | None = None
    last_seen_by: str | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of what is still to be asked, in the order of the form; empty when it is complete."""
        last_seen = (self.last_seen_on is not None, bool(self.last_seen_by))
        told = {
            "declined_by": self.declined_by is not None,
            "informed": self.informed is not None,
            "why": bool(self.why),
            "capacity": self.capacity in (Known.YES, Known.NO),
            "seen_by_anybody": self.seen_by_anybody in (Known.YES, Known.NO, Known.UNKNOWN),
            "last_seen_on": last_seen[0] or self.seen_by_anybody is not Known.YES,
            "last_seen_by": last_seen[1] or self.seen_by_anybody is not Known.YES,
        }
        return tuple(name for name, is_told in told.items() if not is_told)

    def needs_lead(self, *, again: bool) -> bool:
        """Whether the team lead has to review it, whatever the flags: a second time, seen by nobody, no capacity."""
        seen_by_nobody = self.seen_by_anybody in (Known.NO, Known.UNKNOWN)
        return again or seen_by_nobody or self.capacity is Known.NO or self.informed is Informed.NOT_INFORMED


def how_declined(answers: DeclineAnswers, *, again: bool) -> How:
    """Return what the steps of its ladder go by. `again`: this person had a contact declined before."""
    if answers.missing:
        return How.DECLINE_INCOMPLETE_LEAD if answers.needs_lead(again=again) else How.DECLINE_INCOMPLETE
    return How.DECLINE_COMPLETE_LEAD if answers.needs_lead(again=again) else How.DECLINE_COMPLETE

"""Local civil times from files and forms, read honestly: an hour the clocks skip is refused, one they repeat is marked.

Pure. Used by intake for times without a zone, and wherever a civil time becomes an instant.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class CivilInstant:
    """A local time as an instant. `ambiguous`: the clocks showed it twice, and the later was taken."""

    at: datetime
    ambiguous: bool


def resolve_civil(local: datetime, *, zone: ZoneInfo) -> CivilInstant | None:
    """Return the instant of the naive `local` time in `zone`, as UTC; None where that time doesn't exist.

    A time shown twice is the later of the two, so that nothing is called missed before it can have been.
    """
    if local.tzinfo is not None:
        raise ValueError(f"{local.isoformat()} carries a zone; expected a local time without one")
    first, second = (_as_utc(local, zone, fold=fold) for fold in (0, 1))
    if second.astimezone(zone).replace(tzinfo=None) != local:
        return None
    return CivilInstant(at=max(first, second), ambiguous=first != second)


def _as_utc(local: datetime, zone: ZoneInfo, *, fold: int) -> datetime:
    return local.replace(tzinfo=zone, fold=fold).astimezone(UTC)

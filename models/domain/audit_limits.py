"""How late is too late for the auditor; the values are a trust's own (config/audit.yaml)."""

from dataclasses import dataclass
from datetime import date, timedelta

from models.domain.routes import Routes


@dataclass(frozen=True, slots=True)
class AuditLimits:
    """Spans after which waiting is a violation."""

    settling: timedelta
    late: timedelta
    message_late: timedelta
    sending: timedelta
    holiday_horizon: timedelta  # the checked bank holidays must reach this far ahead
    holidays_checked_until: date
    routes: Routes  # whom a red-flag card says to phone

    def holidays_end_soon(self, today: date) -> bool:
        """Whether the list of bank holidays that somebody has checked ends too near `today`."""
        return self.holidays_checked_until - today < self.holiday_horizon

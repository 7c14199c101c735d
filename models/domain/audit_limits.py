"""How late is too late for the auditor; the values are a trust's own (config/audit.yaml)."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class AuditLimits:
    """Spans after which waiting is a violation."""

    settling: timedelta
    late: timedelta
    message_late: timedelta
    sending: timedelta
    holiday_horizon: timedelta

"""Where a referral may go and how fast its hops should come, as one value. Pure; the data are a trust's own."""

from collections.abc import Mapping
from dataclasses import dataclass

from models.domain.referral_states import HopClocks
from models.domain.words import Urgency


@dataclass(frozen=True, slots=True)
class ReferralService:
    """A service to refer to; an appointment of one of `contact_codes` is its first."""

    code: str
    name: str
    contact_codes: tuple[str, ...]


@dataclass(frozen=True)
class ReferralRules:
    """All services, and the clocks by urgency."""

    version: int
    services: Mapping[str, ReferralService]
    clocks: Mapping[Urgency, HopClocks]
    source: str

    def name_of(self, service: str) -> str:
        """Return what a service is called; its code in words where it is no longer configured."""
        known = self.services.get(service)
        return known.name if known is not None else service.replace("_", " ")

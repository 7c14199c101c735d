"""What a flag on a person does: high risk, texts blocked. The codes are data: config/flags.yaml. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FlagKind:
    """One flag code. A high-risk flag on anybody in the household makes the household's follow-ups high risk."""

    code: str
    name: str
    high_risk: bool
    blocks_texts: bool
    why_blocked: str | None


@dataclass(frozen=True)
class FlagKinds:
    """All flag codes."""

    kinds: Mapping[str, FlagKind]
    source: str

    @property
    def high_risk_codes(self) -> frozenset[str]:
        """The codes that make a family high risk."""
        return frozenset(code for code, kind in self.kinds.items() if kind.high_risk)

    @property
    def harmless_codes(self) -> frozenset[str]:
        """The codes known not to make a family high risk; any other code does."""
        return frozenset(code for code, kind in self.kinds.items() if not kind.high_risk)

    @property
    def text_blocking_codes(self) -> frozenset[str]:
        """The codes under which no family text leaves."""
        return frozenset(code for code, kind in self.kinds.items() if kind.blocks_texts)

    def is_high_risk(self, codes: Iterable[str]) -> bool:
        """Whether any of `codes` is high risk. A code nobody has configured is: unknown is not safe."""
        return any(code not in self.kinds or self.kinds[code].high_risk for code in codes)

    def blocks_texts(self, codes: Iterable[str]) -> bool:
        """Whether any of `codes` blocks texts. A code nobody has configured does."""
        return any(code not in self.kinds or self.kinds[code].blocks_texts for code in codes)

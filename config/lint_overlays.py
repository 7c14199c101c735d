"""Do overlays make sense, and do the ladders name steps of theirs that are there?"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from config.overlay import OverlayKey, key_of
from config.yaml_files import Finding, RuleFile

_TIES = ("left_to", "stands_for")


def overlay_findings(files: Sequence[RuleFile]) -> Iterator[Finding]:
    """Yield the faults of the overlay files, which have the right shape already."""
    seen: set[OverlayKey] = set()
    for file in files:
        yield from dates(file)
        if key_of(file.content) in seen:
            yield file.finding(("version",), "a version that no other file of this overlay has")
        seen.add(key_of(file.content))
        ids = [step["id"] for step in file.content["steps"]]
        for n, step in enumerate(file.content["steps"]):
            if ids.count(step["id"]) > 1:
                yield file.finding(("steps", n, "id"), "an id that no other step of this file has")
            for tie in _TIES:
                if tie in step.get("high_risk", {}):
                    yield file.finding(("steps", n, "high_risk", tie), "such a tie in a ladder only")


def dates(file: RuleFile) -> Iterator[Finding]:
    """Yield dates that don't exist, and half a signature."""
    for key in ("effective_from", "signed_on"):
        value = file.content[key]
        try:
            date.fromisoformat(value or "2000-01-01")
        except ValueError:
            yield file.finding((key,), "a date that exists, such as 2026-11-01")
    if (file.content["signed_by"] is None) != (file.content["signed_on"] is None):
        yield file.finding(("signed_by",), "signed_by and signed_on together, or both null")


def laid_findings(file: RuleFile, overlays: Mapping[OverlayKey, Any]) -> Iterator[Finding]:
    """Yield where a ladder names an overlay, or a step of one, that isn't there."""
    laid = []
    for n, named in enumerate(file.content["overlays"]):
        if key_of(named) in overlays:
            laid.append(overlays[key_of(named)])
        else:
            known = ", ".join(f"{code} version {version}" for code, version in sorted(overlays)) or "none there is"
            yield file.finding(("overlays", n), f"an overlay that is there: {known}")
    steps = {step["id"]: step for overlay in laid for step in overlay["steps"]}
    for n, step in enumerate(file.content["steps"]):
        ties = [tie for tie in _TIES if tie in step.get("high_risk", {})]
        for tie in ties:
            where = ("steps", n, "high_risk", tie)
            theirs = steps.get(step["high_risk"][tie])
            if theirs is None or not theirs["when"].get("high_risk_only", False):
                high_risk = sorted(one for one, their in steps.items() if their["when"].get("high_risk_only", False))
                yield file.finding(
                    where, f"a high-risk step of its overlays: {', '.join(high_risk) or 'there is none'}"
                )
            elif not set(theirs["when"]["triggers"]) & set(step["when"]["triggers"]):
                yield file.finding(where, "a step for one of its own triggers")
        if len(ties) > 1:
            yield file.finding(("steps", n, "high_risk"), "left_to or stands_for, not both")

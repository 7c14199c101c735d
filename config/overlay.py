"""Lay sets of steps over a ladder: the high-risk overlay, and what a pattern asks for. Content in, content out.

A ladder names its overlays by version (`overlays`), and what is stored of it is the whole: a running follow-up keeps
the overlay it began with, and a new version of an overlay reaches a ladder only by a new version of the ladder.

A ladder's own step says in its `high_risk` how it stands to an overlay's step: `left_to` (in high risk the overlay's
step takes its place) or `stands_for` (it is that step in the ladder's own words, on the overlay's terms).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from models.domain.pathway import WAYS
from models.domain.words import FollowUpTrigger

Content = Mapping[str, Any]
OverlayKey = tuple[str, int]

_PLAN = ("due", "owner", "also_tell", "repeat")


def key_of(content: Content) -> OverlayKey:
    """Return the code and version of an overlay, or of a ladder's mention of one."""
    return str(content["code"]), int(content["version"])


def merged(content: Content, overlays: Mapping[OverlayKey, Content]) -> dict[str, Any]:
    """Return a ladder's content with its overlays laid over it; it counts as signed only if they all are.

    Raises KeyError for an overlay that isn't there: lint first.
    """
    laid = [overlays[key_of(named)] for named in content["overlays"]]
    theirs = {step["id"]: step for overlay in laid for step in overlay["steps"]}
    own = [_own(step, theirs) for step in content["steps"]]
    below, above = (
        [left for overlay in laid if overlay["lies"] == where for left in _left_over(overlay["steps"], content)]
        for where in ("below", "above")
    )
    unsigned = any(overlay["signed_by"] is None for overlay in laid)
    signature = {"signed_by": None, "signed_on": None} if unsigned else {}
    return {**content, **signature, "steps": [*below, *own, *above]}


def _own(step: Content, theirs: Mapping[str, Content]) -> dict[str, Any]:
    """A ladder's own step, with what the overlay changes of it in high risk."""
    said = dict(step.get("high_risk", {}))
    left_to, stands_for = said.pop("left_to", None), said.pop("stands_for", None)
    when = dict(step["when"])
    if left_to is not None:
        taken = set(theirs[left_to]["when"]["triggers"])
        when["not_high_risk"] = [trigger for trigger in when["triggers"] if trigger in taken]
    if stands_for is not None:
        plan = {name: value for name, value in theirs[stands_for].items() if name in _PLAN}
        said = plan | theirs[stands_for].get("high_risk", {}) | said
    return {**step, "when": when, **({"high_risk": said} if said else {})}


def _left_over(steps: Iterable[Content], ladder: Content) -> Iterable[Content]:
    """An overlay's steps for the causes, and the ways they arose, that no step of the ladder's own stands for."""
    known = {trigger for own in ladder["steps"] for trigger in own["when"]["triggers"]}
    for step in steps:
        standing = [own["when"] for own in ladder["steps"] if own.get("high_risk", {}).get("stands_for") == step["id"]]
        triggers: list[str] = []
        ways: list[str] = []
        for trigger in (trigger for trigger in step["when"]["triggers"] if trigger in known):
            every = [str(way) for way in WAYS.get(FollowUpTrigger(trigger), ())]
            stood_for = [when.get("how", every) for when in standing if trigger in when["triggers"]]
            left = [way for way in every if not any(way in some for some in stood_for)]
            if left or not stood_for:
                triggers.append(trigger)
                ways += left
        if triggers:
            yield {**step, "when": {**step["when"], "triggers": triggers, "how": ways}}

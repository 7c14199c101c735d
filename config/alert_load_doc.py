"""The part of docs/pathways.md on alert load: figures that a replay measured, as it wrote them; how to repeat it."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from config.pathways_words import words
from config.rule_files import SHIPPED

# What `steadfast replay --json` wrote, untouched.
MEASURED = SHIPPED.parent / "docs" / "alert-load.json"
_REPEAT = """```
steadfast demo-data --families 2500 --seed 8 --children-per-visitor 500 --as-of 2026-11-24 --out trust
{command} > docs/alert-load.json && python -m config.pathways_doc
```"""
_INTRO = """## How much all of this tells people

Measured, not reckoned: a made-up trust at the rates of domain.md 8 (500 children under five a health visitor, a fifth
of them born in each year, 3.3 appointments a year for each, one in ten missed, one family in ten at high risk) was
replayed through the engine, with staff who do everything in time (`config/replay.yaml` says what that is). An
interruption is an e-mail: what is urgent and each red flag goes at once, one each; what is routine waits on the list,
and all of one person's goes together at the times of `config/messages/staff.yaml`. No step is held back or capped."""
_GO_LIVE = """The first week is loud on its first day, and by design: what was missed before go-live is one triage
task a team, but high risk is never folded in, so each such miss that was seen since asks once to be confirmed and
closed, and each that was not reaches everybody up to the head of service; a trust that clears these while it is in
`shadow` begins quietly."""
_OUTCOMES = """The request for an outcome is the nudge of domain.md 3.2 (L0) two hours after the end: it goes onto the
list, and into one e-mail with all else that is routine, for high risk too. How many outcomes are in by then is
published nowhere: here they are recorded one to eight hours after the start, the same day, so that about seven in ten
are asked for once."""
_SHOWN = (
    *("health_visitor", "team_lead", "named_nurse", "duty", "head_of_service", "midwife", "pmh_clinician"),
    "admin",
)
_MET = {True: "met", False: "**not met**", None: "not known"}
_TARGETS = {
    "health_visitor_median": "interruptions of a health visitor on a working day, at the median",
    "health_visitor_p95": "the same, at the 95th percentile",
    "named_nurse_per_10000": "new items of named nurses on a working day for 10,000 children under five",
}


def section(path: Path = MEASURED) -> str:
    """Return the part; it shows what the file says."""
    found = json.loads(path.read_text(encoding="utf-8"))
    return "\n".join([_INTRO, "", *_targets(found), "", *_load(found), "", *_noise(found), "", *_how(found)])


def _targets(found: Mapping[str, Any]) -> Iterator[str]:
    visitor, nurse = found["load"]["health_visitor"], found["named_nurse"]
    measured = {
        "health_visitor_median": visitor["median"],
        "health_visitor_p95": visitor["p95"],
        "named_nurse_per_10000": nurse["per_working_day_per_10000"],
    }
    yield "| wanted | at most | measured | |"
    yield "|---|---|---|---|"
    for name, target in found["targets"].items():
        yield f"| {_TARGETS[name]} | {target['at_most']} | {measured[name]} | {_MET[target['met']]} |"
    yield ""
    yield (
        "An item is a thread of follow-ups, or an alert without one, that is new on a named nurse's list, however "
        "often she is told. Items and children are both those of under-fives; what is about a contact of pregnancy "
        "belongs to no child yet and is counted beside: "
        f"{nurse['new_items_before_birth']} new items in the same weeks, against {nurse['new_items']}."
    )


def _load(found: Mapping[str, Any]) -> Iterator[str]:
    yield "Interruptions of one person on one working day; the last column is the first week after go-live:"
    yield ""
    yield "| role | people | median | p95 | most | mean | mean, first week |"
    yield "|---|---|---|---|---|---|---|"
    for role in _SHOWN:
        if role in found["load"]:
            each, first = found["load"][role], found["load_after_go_live"][role]
            row = (each["median"], each["p95"], each["max"], each["mean"], first["mean"])
            yield f"| {words(role)} | {found['staff'][role]} | " + " | ".join(map(str, row)) + " |"
    yield ""
    yield _GO_LIVE


def _noise(found: Mapping[str, Any]) -> Iterator[str]:
    yield "What health visitors and other practitioners were told most often, whether at once or together:"
    yield ""
    yield "| ladder | step | times |"
    yield "|---|---|---|"
    steps = [one for one in found["steps"] if one["role"] == "practitioner"]
    for one in sorted(steps, key=lambda one: (-one["told"], one["pathway"], one["step"]))[:8]:
        yield f"| {one['pathway']} | {one['step']} | {one['told']} |"
    yield ""
    yield _OUTCOMES


def _how(found: Mapping[str, Any]) -> Iterator[str]:
    period, run = found["period"], found["run"]
    yield (
        f"{found['children']} children, {found['appointments']['all']} appointments from {period['from']} to "
        f"{period['to']} ({period['working_days']} working days, the first five counted apart); the audit at the end "
        f"found {len(found['audit']['violations'])} violations. Measured on {run['on']} in {run['seconds']:.0f} s on "
        f"{run['processors']} shared processors. To repeat it:"
    )
    yield ""
    yield _REPEAT.format(command=run["command"])

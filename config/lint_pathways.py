"""Does a ladder make sense? Ids, roles, clocks, ceilings, and step ids that keep their meaning across versions."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise, product
from typing import Any

from config.bounds import ceilings, working_days
from config.lint_agencies import agency_findings
from config.lint_overlays import dates, laid_findings, overlay_findings
from config.lint_paces import pace_findings
from config.overlay import OverlayKey, key_of, merged
from config.pathways_loader import pathway_from
from config.yaml_files import Finding, RuleFile, Where
from models.domain.pathway import DATE_ANCHORS, FRONT_LINE, WAYS, Anchor, Due, Pathway, Span, Step, Unit
from models.domain.words import FollowUpTrigger, How, OwnerRole

_STANDING = ("until_seen", "confirm_seen", "second_person", "backlog_triage")


def pathway_findings(files: Sequence[RuleFile], overlays: Sequence[RuleFile]) -> list[Finding]:
    """Return the faults of all pathway files and of the overlays they lie under, which have the right shape already."""
    found: list[Finding] = list(overlay_findings(overlays))
    known = {key_of(file.content): file.content for file in overlays}
    for file in files:
        faults = [*dates(file), *laid_findings(file, known)]
        found += faults or _one_file(file, known)  # what rests on a fault would look faulty too
    return found + list(_across_versions(files, known))


def _one_file(file: RuleFile, overlays: Mapping[OverlayKey, Any]) -> Iterator[Finding]:
    content = merged(file.content, overlays)
    pathway = pathway_from(content)
    own = {step["id"]: n for n, step in enumerate(file.content["steps"])}
    # A fault of a step that an overlay brings is shown where the ladder names its overlays.
    places: list[tuple[Where, Step]] = [
        (("steps", own[step.id]) if step.id in own else ("overlays",), step) for step in pathway.steps
    ]
    standing: list[tuple[Where, Step]] = [((key,), getattr(pathway, key)) for key in _STANDING]
    seen: set[str] = set()
    for where, step in places + standing:
        if step.id in seen:
            yield file.finding((*where, "id"), "an id that no other step of this file has")
        if step.id in pathway.retired_steps:
            yield file.finding((*where, "id"), "an id that is not among retired_steps")
        seen.add(step.id)
        yield from _roles(file, where, step, pathway)
        yield from _spans(file, where, step)
    for where, step in places:
        yield from _dues(file, where, step)
        yield from agency_findings(file, where, step)
        if step.offers_text and FollowUpTrigger.OUTCOME_NOT_RECORDED in step.triggers:
            yield file.finding((*where, "offers_text"), "no text to a family from an unrecorded outcome")
    yield from _firsts(file, pathway)
    yield from pace_findings(file, pathway, places)


def _roles(file: RuleFile, where: Where, step: Step, pathway: Pathway) -> Iterator[Finding]:
    for terms, place in ((step.routine, where), (step.high_risk, (*where, "high_risk"))):
        if terms.owner not in FRONT_LINE and terms.owner not in pathway.goes_up:
            yield file.finding((*place, "owner"), f"a role of goes_up ({', '.join(pathway.goes_up)}) or the front line")


def _spans(file: RuleFile, where: Where, step: Step) -> Iterator[Finding]:
    top = ceilings()
    for name in ("acknowledge_within", "climb_after", "lease", "repeat"):
        routine: Span | None = getattr(step.routine, name)
        high_risk: Span | None = getattr(step.high_risk, name)
        if routine is not None:
            limit = top["routine"][f"{name.split('_')[0]}_working_days"]
            for place, span in (((*where, name), routine), ((*where, "faster", name), getattr(step.faster, name))):
                if not 0 < working_days(span) <= limit:
                    yield file.finding(place, f"more than nothing and at most {limit} working days")
                    break
        if high_risk is not None:
            limit = top["high_risk"]["any_span_hours"]
            if high_risk.unit is not Unit.HOURS or not 0 < high_risk.count <= limit:
                shown = f"{high_risk.count:g} {high_risk.unit}"
                expected = f"elapsed hours, more than 0 and at most {limit}, for high risk"
                yield file.finding((*where, "high_risk", name), expected, value=shown)


def _dues(file: RuleFile, where: Where, step: Step) -> Iterator[Finding]:
    paces = ((step.routine, where), (step.faster, (*where, "faster")), (step.high_risk, (*where, "high_risk")))
    for terms, place in paces:
        for due in terms.due:
            problem = _due_problem(due)
            if problem:
                yield file.finding(
                    (*place, "due"), problem, value=f"{due.anchor} plus {due.span.count:g} {due.span.unit}"
                )
    if step.misses_at_most is not None and step.misses_at_most < step.misses_at_least:
        yield file.finding((*where, "when"), "misses_at_most not below misses_at_least")


def _due_problem(due: Due) -> str | None:
    if due.anchor in DATE_ANCHORS and due.span.unit is not Unit.DAYS:
        return "days, from a date of birth, due date or window"
    if due.anchor in DATE_ANCHORS and due.span.at is None:
        return "a time of day (`at`), from a date"
    if due.anchor not in DATE_ANCHORS and due.span.count < 0:
        return "a span that isn't negative"
    if due.anchor in (Anchor.START, Anchor.OPENED, Anchor.PATTERN_FOUND) and due.span.unit is Unit.DAYS:
        return "hours, working_hours or working_days, from a moment"
    return None


def _firsts(file: RuleFile, pathway: Pathway) -> Iterator[Finding]:
    """Each cause has a step soon after it arose, at both levels of risk; L0 reaches the team lead in time."""
    top = ceilings()
    for trigger in sorted({trigger for step in pathway.steps for trigger in step.triggers}):
        for how in WAYS.get(trigger, (None,)):
            yield from _first(file, pathway, trigger, how)
    if any(FollowUpTrigger.OUTCOME_NOT_RECORDED in step.triggers for step in pathway.steps):
        limit = top["outcome_not_recorded"]["team_lead_working_days"]
        leads = [
            working_days(due.span)
            for step in pathway.steps
            if step.routine.owner is OwnerRole.TEAM_LEAD
            for due in step.routine.due
        ]
        if min(leads, default=limit + 1) > limit:
            yield file.finding(("steps",), f"a step for the team lead within {limit} working days")


def _first(file: RuleFile, pathway: Pathway, trigger: FollowUpTrigger, how: How | None) -> Iterator[Finding]:
    top = ceilings()
    # What no appointment began may be paced by the child's age instead.
    if trigger in (FollowUpTrigger.NEVER_BOOKED, FollowUpTrigger.OVERDUE) and _by_date(pathway, trigger):
        return
    for high_risk, misses in product((False, True), (1, 2, 3)):
        soonest = min(_from_start(pathway, trigger, how, high_risk=high_risk, misses=misses), default=None)
        limit = top["high_risk"]["first_step_hours"] if high_risk else top["routine"]["first_step_working_days"]
        if soonest is None or soonest > limit:
            unit = "hours, for high risk" if high_risk else "working days"
            cause = trigger if how is None else f"{trigger} ({how})"
            expected = f"a first step for {cause}, miss {misses}, within {limit} {unit}"
            yield file.finding(("steps",), expected, value=str(soonest))
            break


def _from_start(
    pathway: Pathway, trigger: FollowUpTrigger, how: How | None, *, high_risk: bool, misses: int
) -> Iterator[float]:
    for _, step, terms in pathway.plan(trigger, high_risk=high_risk):
        if step.misses_at_least <= misses <= (step.misses_at_most or misses) and step.fits(how):
            for due in terms.due:
                if due.anchor in (Anchor.START, Anchor.OPENED) and due.misses_at_least <= misses:
                    yield due.span.count if high_risk and due.span.unit is Unit.HOURS else working_days(due.span)


def _by_date(pathway: Pathway, trigger: FollowUpTrigger) -> bool:
    plan = pathway.plan(trigger, high_risk=False)
    return any(due.anchor in DATE_ANCHORS for _, _, terms in plan for due in terms.due)


def _across_versions(files: Sequence[RuleFile], overlays: Mapping[OverlayKey, Any]) -> Iterator[Finding]:
    by_code: dict[str, list[RuleFile]] = {}
    for file in files:
        by_code.setdefault(file.content["code"], []).append(file)
    for versions in by_code.values():
        versions.sort(key=lambda file: int(file.content["version"]))
        for older, newer in pairwise(versions):
            if older.content["version"] == newer.content["version"]:
                yield newer.finding(("version",), f"a version that {older.name} doesn't have")
                continue
            yield from _changed_meaning(older, newer, overlays)


def _changed_meaning(older: RuleFile, newer: RuleFile, overlays: Mapping[OverlayKey, Any]) -> Iterator[Finding]:
    before, now = _titles(older, overlays), _titles(newer, overlays)
    retired = set(newer.content["retired_steps"])
    for step_id in sorted(before.keys() - now.keys() - retired):
        yield newer.finding(("retired_steps",), f"{step_id}, which version {older.content['version']} had, among them")
    for step_id in sorted(set(older.content["retired_steps"]) - retired):
        yield newer.finding(("retired_steps",), f"{step_id}, retired in version {older.content['version']}, among them")
    for step_id in sorted(before.keys() & now.keys()):
        if before[step_id] != now[step_id]:
            expected = f"step {step_id} to be still {before[step_id]!r}, or a new id for the new meaning"
            yield newer.finding(("steps",), expected, value=now[step_id])


def _titles(file: RuleFile, overlays: Mapping[OverlayKey, Any]) -> dict[str, str]:
    content = file.content
    laid = (overlays[key_of(named)]["steps"] for named in content["overlays"] if key_of(named) in overlays)
    steps = [*content["steps"], *(step for steps in laid for step in steps), *(content[key] for key in _STANDING)]
    return {step["id"]: step["title"] for step in steps}

"""Turn checked pathway files into `Pathway` values.

Expects content that has passed the schema (`config.lint` first), with its overlays laid over it (`config.overlay`).
"""

from collections.abc import Mapping
from datetime import date, time
from typing import Any

from models.domain.pathway import AgencyTask, Anchor, Due, Pathway, Sooner, Span, Step, Terms, Unit
from models.domain.words import Agency, FollowUpTrigger, How, OwnerRole, Urgency

Content = Mapping[str, Any]


def pathway_from(content: Content) -> Pathway:
    """Build the pathway that a file's content, or a stored version's of any age, describes.

    A stored version outlives the schema it was written for: a key that came later is one that it may lack.
    """
    common = (content["defaults"], content["high_risk_defaults"])
    signed_on = content["signed_on"]
    return Pathway(
        code=content["code"],
        version=content["version"],
        effective_from=date.fromisoformat(content["effective_from"]),
        title=content["title"],
        source=content["source"],
        signed_by=content["signed_by"],
        signed_on=None if signed_on is None else date.fromisoformat(signed_on),
        goes_up=tuple(OwnerRole(role) for role in content["goes_up"]),
        as_high_risk=frozenset(content["as_high_risk"]),
        faster_under_months=content.get("faster_under_months"),
        pause_within=span_from(content["pause"]["booking_within"]),
        pause_sooner=tuple(_sooner(one) for one in content["pause"].get("sooner", ())),
        pause_after=span_from(content["pause"]["then"]),
        steps=tuple(_step(step, *common) for step in content["steps"]),
        until_seen=_step(content["until_seen"], *common),
        confirm_seen=_step(content["confirm_seen"], *common),
        second_person=_step(content["second_person"], *common),
        backlog_triage=_step(content["backlog_triage"], *common),
        retired_steps=frozenset(content["retired_steps"]),
    )


def span_from(content: Content) -> Span:
    """Build a span such as {working_days: 2, at: "09:00"}."""
    at = content.get("at")
    unit = next(unit for unit in Unit if unit in content)
    return Span(unit, content[unit], None if at is None else time.fromisoformat(at))


def _step(content: Content, defaults: Content, high_risk_defaults: Content) -> Step:
    when = content.get("when", {"triggers": ()})
    # High-risk terms are the step's own plan, at the pathway's high-risk pace, changed by what the step says for it.
    plan = {key: content[key] for key in ("due", "owner", "also_tell", "repeat") if key in content}
    routine = _terms({**defaults, **content})
    return Step(
        id=content["id"],
        title=content["title"],
        action=content["action"].strip(),
        evidence=content["evidence"].strip(),
        if_not_done=content["if_not_done"].strip(),
        may_pause=content["may_pause"].strip(),
        triggers=frozenset(FollowUpTrigger(trigger) for trigger in when["triggers"]),
        misses_at_least=when.get("misses_at_least", 0),
        misses_at_most=when.get("misses_at_most"),
        high_risk_only=when.get("high_risk_only", False),
        not_high_risk=frozenset(FollowUpTrigger(trigger) for trigger in when.get("not_high_risk", ())),
        how=frozenset(How(how) for how in when.get("how", ())),
        offers_text=content.get("offers_text", False),
        routine=routine,
        faster=_terms({**defaults, **content, **content.get("faster", {})}),
        high_risk=_terms({**high_risk_defaults, **plan, **content.get("high_risk", {})}),
        of_pattern=any(due.anchor is Anchor.PATTERN_FOUND for due in routine.due),
        contacts_agency=_agency(content.get("contacts_agency")),
    )


def _sooner(content: Content) -> Sooner:
    return Sooner(
        frozenset(content.get("contacts", ())), content.get("from_week"), span_from(content["booking_within"])
    )


def _agency(content: Content | None) -> AgencyTask | None:
    return None if content is None else AgencyTask(Agency(content["agency"]), span_from(content["reply_within"]))


def _terms(content: Content) -> Terms:
    due = content.get("due", [])
    repeat = content.get("repeat")
    return Terms(
        due=tuple(_due(one) for one in ([due] if isinstance(due, Mapping) else due)),
        owner=OwnerRole(content["owner"]),
        also_tell=tuple(OwnerRole(role) for role in content.get("also_tell", ())),
        urgency=Urgency(content["urgency"]),
        acknowledge_within=span_from(content["acknowledge_within"]),
        climb_after=span_from(content["climb_after"]),
        lease=span_from(content["lease"]),
        repeat=None if repeat is None else span_from(repeat),
        pauses_while_booked=content["pauses_while_booked"],
    )


def _due(content: Content) -> Due:
    return Due(
        Anchor(content["from"]),
        span_from(content["plus"]),
        content.get("misses", 0),
        content.get("from_week"),
        content.get("younger_than_months"),
    )

"""Do the planning files make sense with the contact codes, the flags and the ceilings?"""

from collections.abc import Iterator

from config.bounds import ceilings
from config.lint_schedules import SAMPLE_ANCHORS
from config.planning_loader import family_review_from
from config.yaml_files import Finding, RuleFile
from models.domain.words import PlannedService
from models.domain.working_time import add_months


def planning_findings(planning: RuleFile, contacts: RuleFile, flags: RuleFile) -> Iterator[Finding]:
    """Yield faults: no service at all, codes and flags nobody knows, a visit booked after it is due."""
    content = planning.content
    if not any(on for service, on in content["services"].items() if service != PlannedService.PRE_BIRTH):
        yield planning.finding(("services",), "at least one service whose contacts every child or pregnancy has")
    discharge = content["discharge"]
    if discharge["flag"] not in flags.content["flags"]:
        yield planning.finding(("discharge", "flag"), "a flag of flags.yaml")
    if contacts.content["contacts"].get(discharge["contact"], {}).get("service") != discharge["service"]:
        yield planning.finding(("discharge", "contact"), f"a code of contacts.yaml, of {discharge['service']}")
    seen = discharge["seen_within"]["working_days"]
    for name in ("booked_within", "seen_within_high_risk"):
        if discharge[name]["working_days"] > seen:
            yield planning.finding(("discharge", name, "working_days"), f"at most {seen}, as seen_within has")
    for n, code in enumerate(content["recording_points"]["contacts"]):
        if code not in contacts.content["contacts"]:
            yield planning.finding(("recording_points", "contacts", n), "a code of contacts.yaml")
    spans = content["pregnancy"]
    if spans["parity_needed_by"]["days"] >= 0:
        yield planning.finding(("pregnancy", "parity_needed_by", "days"), "days before the EDD: less than 0")
    if not spans["born_from"]["days"] < 0 < spans["born_until"]["days"]:
        yield planning.finding(("pregnancy", "born_from"), "days before the EDD, and born_until days after it")
    for name in ("outcome_asked_after", "dates_changed_over", "same_within", "mother_planned_until"):
        if spans[name]["days"] < 1:
            yield planning.finding(("pregnancy", name, "days"), "at least 1")


def family_review_findings(review: RuleFile, contacts: RuleFile, flags: RuleFile) -> Iterator[Finding]:
    """Yield faults: a contact that isn't the family's, unknown flags, nothing that counts, an interval too long."""
    content = review.content
    kind = contacts.content["contacts"].get(content["contact"])
    if kind is None or not (kind.get("recorded") and kind.get("whole_family")):
        yield review.finding(("contact",), "a code of contacts.yaml with recorded and whole_family")
    elif kind["service"] != content["service"]:
        yield review.finding(("service",), f"{kind['service']}, as its contact has")
    for n, flag in enumerate(content["flags"]):
        if flag not in flags.content["flags"]:
            yield review.finding(("flags", n), "a flag of flags.yaml")
    if not content["flags"] and not content["scores"]:
        yield review.finding(("flags",), "at least one flag or score that makes a review due")
    rule, longest = family_review_from(content), ceilings()["family_review"]["interval_months"]
    for anchor in SAMPLE_ANCHORS:
        start, end = rule.window_start.from_date(anchor), rule.window_end.from_date(anchor)
        unbooked, overdue = rule.unbooked_on.from_date(anchor), rule.overdue_on.from_date(anchor)
        if end > add_months(anchor, longest):
            yield review.finding(("window", "until"), f"at most {longest} months")
        if not anchor <= start <= end or not anchor < unbooked <= overdue <= end:
            yield review.finding(("window",), "its start, then unbooked_on, overdue_on and its end, in this order")
            return

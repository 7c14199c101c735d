"""Does a step that contacts an agency outside make sense? Ours does it, by name; nothing waits for a login outside."""

from collections.abc import Iterator

from config.bounds import ceilings, working_days
from config.yaml_files import Finding, RuleFile, Where
from models.domain.pathway import Step
from models.domain.words import OwnerRole

_NAMED = (OwnerRole.PRACTITIONER, OwnerRole.TEAM_LEAD, OwnerRole.NAMED_NURSE, OwnerRole.HEAD_OF_SERVICE)


def agency_findings(file: RuleFile, where: Where, step: Step) -> Iterator[Finding]:
    """Yield faults of a step with `contacts_agency`: an owner who is nobody in particular, a pause, a slow clock."""
    task = step.contacts_agency
    if task is None:
        return
    limit = ceilings()["agency"]["reply_working_days"]
    if not 0 < working_days(task.reply_within) <= limit:
        yield file.finding(
            (*where, "contacts_agency", "reply_within"), f"more than nothing and at most {limit} working days"
        )
    for terms, place in ((step.routine, where), (step.high_risk, (*where, "high_risk"))):
        if terms.owner not in _NAMED:
            expected = f"one of {', '.join(_NAMED)}: somebody of ours, by name, contacts the agency"
            yield file.finding((*place, "owner"), expected, value=str(terms.owner))
        if terms.pauses_while_booked:
            yield file.finding(
                (*place, "pauses_while_booked"), "false: contacting an agency is not put off", value="true"
            )

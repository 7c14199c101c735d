"""The part of docs/pathways.md that says what is planned: every schedule as a table, and the rules beside them."""

from collections.abc import Iterator

from config.rules import Rules
from models.domain.planning import FamilyReviewRule, PlanningRules, ScoreThreshold
from models.domain.schedule import GESTATION, Offset, Schedule, ScheduleAnchor, ScheduledContact

_ANCHORS = {
    ScheduleAnchor.DATE_OF_BIRTH: "birth",
    ScheduleAnchor.EDD: "weeks of pregnancy",
    ScheduleAnchor.LEFT_BIRTH_PLACE: "leaving the birth place",
}
_INTRO = """## What is planned

Contacts are planned from the schedules in `config/schedules/`: for a child from its birth, in pregnancy from the EDD,
for its mother from the birth. Which services a deployment plans for is said in `config/planning.yaml`; the others'
appointments are followed up all the same when they are missed. A plan keeps the version it began with; a corrected date
plans again what has not taken place, and keeps the old dates as history. Births end the antenatal plan.

- **Unbooked from**: nothing booked by then opens a follow-up. **Overdue from**: not known to have taken place by then
  opens one, booked or not; a booking on or before that day is awaited, and its outcome until the next working day.
- **First heard of after** that day, a contact is not asked for: a later one takes its place (movers-in).
- An appointment counts for the contact of its code whose days it falls in; one outside them is followed up by itself.
"""


def planned(rules: Rules) -> str:
    """Return the part."""
    tables = [_schedule(schedule, rules) for schedule in _in_order(rules)]
    return "\n".join([_INTRO, _settings(rules.planning), _family_review(rules.family_review), *tables])


def _in_order(rules: Rules) -> Iterator[Schedule]:
    """The newest version of each; the shipped nation's own first, then by service."""
    newest: dict[str, Schedule] = {}
    for schedule in sorted(rules.schedules, key=lambda one: one.version):
        newest[schedule.code] = schedule
    yield from sorted(newest.values(), key=lambda one: (one.code != rules.nation, one.service, one.code))


def _settings(planning: PlanningRules) -> str:
    on = ", ".join(sorted(_words(service) for service in planning.services))
    pregnancy, stay, points, young = planning.pregnancy, planning.discharge, planning.recording, planning.premature
    told = [
        f"{pregnancy.outcome_asked_after.days} days after the EDD with neither a birth nor an outcome known, a person"
        " finds out; no text.",
        f"An EDD that moves more than {pregnancy.dates_changed_over.days} days while contacts are open is told to a"
        " person.",
        f"A baby who leaves hospital (`{stay.flag}` ends) is visited (`{stay.contact_code}`) within {stay.seen_within}"
        f" working days, {stay.seen_within_high_risk} with a high-risk flag; the birth visit keeps its own clock.",
        f"Born before {young.before_weeks} weeks: windows run by the real age; the corrected one is shown beside it up"
        f" to {young.corrected_until_months} months.",
        f"At {', '.join(points.contacts)} both parents should be asked how they are; a score of"
        f" {', '.join(sorted(points.instruments))} within {points.days_around} days of the contact's window counts."
        " What is missing is shown as a gap on the family's page and on its follow-ups; it opens none.",
    ]
    lines = [f"Planned as shipped: {on}. Source: {planning.source}.", "", *(f"- {one}" for one in told), ""]
    return "\n".join(lines)


def _family_review(rule: FamilyReviewRule) -> str:
    flags = ", ".join(f"`{flag}`" for flag in sorted(rule.flags))
    scores = "; ".join(_score(one) for one in rule.scores)
    due = f"{_offset(rule.window_start)} to {_offset(rule.window_end)}"
    lines = [
        f"## Family review (`{rule.contact_code}`)",
        "",
        f"Source: {rule.source}. While a child under {rule.preschool_until_months} months lives with an adult who has,"
        " or ever had, one of these, the household has a next family review, until school nursing is recorded to have"
        f" accepted the child: the flags {flags}; {scores}. Due {due} after the need became known or the last review"
        f" took place; unbooked from {_offset(rule.unbooked_on)}, overdue from {_offset(rule.overdue_on)}.",
        "",
    ]
    return "\n".join(lines)


def _score(one: ScoreThreshold) -> str:
    if one.self_harm_item_at_least is not None:
        return f"{one.instrument} self-harm item {one.self_harm_item_at_least} or more"
    return f"{one.instrument} {one.total_at_least} or more"


def _schedule(schedule: Schedule, rules: Rules) -> str:
    nations = ", ".join(sorted(schedule.nations))
    only = "" if not schedule.flags else f" Only with the flag {', '.join(sorted(schedule.flags))}."
    lines = [
        f"## Contacts due: {schedule.code}, version {schedule.version} ({_words(schedule.service)}; {nations})",
        "",
        f"Source: {schedule.source}.{only}",
        "",
        "| contact | from | window | late until | unbooked from | overdue from | first heard of after |",
        "|---|---|---|---|---|---|---|",
        *(_row(line, rules) for line in schedule.contacts),
    ]
    return "\n".join([*lines, ""])


def _row(line: ScheduledContact, rules: Rules) -> str:
    edd = line.anchor is ScheduleAnchor.EDD

    def at(offset: Offset | None) -> str:
        return "" if offset is None else _gestation(offset) if edd else _offset(offset)

    name = f"{line.contact_code} {rules.contacts.kinds[line.contact_code].name}"
    if line.nulliparous_only:
        name += " (first birth only)"
    unbooked = "recorded by a person" if line.unbooked_on is None else at(line.unbooked_on)
    window = f"{at(line.window_start)} to {at(line.window_end)}"
    recall = at(line.recall_until)
    if line.first_heard_days:
        recall += f"; within {line.first_heard_days} days of hearing of it"
    cells = (name, _ANCHORS[line.anchor], window, at(line.late_until), unbooked, at(line.overdue_on), recall)
    return f"| {' | '.join(cells)} |"


def _gestation(offset: Offset) -> str:
    weeks, days = divmod(GESTATION.days + offset.days, 7)
    return f"{weeks}+{days}"


def _offset(offset: Offset) -> str:
    if not offset.months:
        return f"{offset.days:+d} d"
    return f"{offset.months} m" if not offset.days else f"{offset.months} m {offset.days:+d} d"


def _words(word: object) -> str:
    return str(word).replace("_", " ").replace("pre birth", "pre-birth")

"""The lines of a plan: the same for everybody with the same dates, so reckoned once for each."""

from datetime import date
from functools import lru_cache

from config.rules import Rules
from models.db.plan_store import Line
from models.domain.expected import first_look
from models.domain.schedule import PlannedContact, PlanSubject, Schedule, plan_contacts, schedules_for
from models.domain.words import ExpectedState
from models.domain.working_time import working_day_after

# What a contact that no schedule has stands under instead of a schedule's code.
FAMILY_REVIEW, AFTER_HOSPITAL = "family-review", "after-hospital"
Plans = frozenset[tuple[str, int]]  # code and version of the schedules that somebody has contacts of already


class Lines:
    """Reckons lines as of one civil day."""

    def __init__(self, rules: Rules, today: date) -> None:
        self._rules, self._today = rules, today
        self._current = rules.schedules_in_force(on=today)
        self._known = {one.key: one for one in rules.schedules if one.service in rules.planning.services}
        self._chosen = lru_cache(maxsize=None)(self._choose)
        self._reckoned = lru_cache(maxsize=None)(self._reckon)

    def schedules(self, plans: Plans) -> tuple[Schedule, ...]:
        """By which schedules a subject is planned; a plan keeps the version it began with."""
        return self._chosen(plans)

    def by_schedules(self, subject: PlanSubject, plans: Plans) -> tuple[Line, ...]:
        """What the schedules have for a subject, in their order."""
        return self._reckoned(subject, plans)

    def family_review(self, anchor: date) -> Line:
        """The next family review, reckoned from `anchor`."""
        rule = self._rules.family_review
        return self._line(
            (FAMILY_REVIEW, rule.version),
            PlannedContact(
                contact_code=rule.contact_code,
                anchor_on=anchor,
                window_start=rule.window_start.from_date(anchor),
                window_end=rule.window_end.from_date(anchor),
                late_until=None,
                unbooked_on=rule.unbooked_on.from_date(anchor),
                overdue_on=rule.overdue_on.from_date(anchor),
                superseded_by=None,
                matches_from=anchor,
                matches_until=None,
                initial_state=ExpectedState.PLANNED,
                already_past=False,
            ),
            repeats=True,
            whole_family=True,
        )

    def after_hospital(self, left_on: date, *, high_risk: bool) -> Line:
        """The visit of a baby who left hospital on `left_on`: within so many working days, sooner if high risk."""
        rule, calendar = self._rules.planning.discharge, self._rules.calendar
        within = rule.seen_within_high_risk if high_risk else rule.seen_within
        seen_by = working_day_after(left_on, within, calendar=calendar)
        booked_by = working_day_after(left_on, min(rule.booked_within, within), calendar=calendar)
        return self._line(
            (AFTER_HOSPITAL, self._rules.planning.version),
            PlannedContact(
                contact_code=rule.contact_code,
                anchor_on=left_on,
                window_start=left_on,
                window_end=seen_by,
                late_until=None,
                unbooked_on=booked_by,
                overdue_on=seen_by,
                superseded_by=None,
                matches_from=left_on,
                matches_until=None,
                initial_state=ExpectedState.PLANNED,
                already_past=self._today > seen_by,
            ),
            repeats=True,
        )

    def _choose(self, plans: Plans) -> tuple[Schedule, ...]:
        return schedules_for(plans, self._current, self._known)

    def _reckon(self, subject: PlanSubject, plans: Plans) -> tuple[Line, ...]:
        match = self._rules.planning.match
        return tuple(
            self._line(one.key, contact)
            for one in self._chosen(plans)
            for contact in plan_contacts(one, subject, received_on=self._today, match=match)
        )

    def _line(
        self, key: tuple[str, int], contact: PlannedContact, *, repeats: bool = False, whole_family: bool = False
    ) -> Line:
        waits = contact.initial_state is ExpectedState.PLANNED
        at = first_look(contact.unbooked_on, contact.overdue_on, calendar=self._rules.calendar)
        return Line(*key, contact, at if waits else None, repeats, whole_family)

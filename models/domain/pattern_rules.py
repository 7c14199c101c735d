"""Which patterns a family's contacts make at a moment, and when to look again. Pure: facts, rules and a day in.

A rule is found once for an occasion, for the first of its scopes that shows it. Only what was completed recently is
found: history is counted, but raises nothing by itself. Source: domain.md 3.4.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from models.domain.pattern_unseen import unseen
from models.domain.patterns import Event, Family, Found, Happened, Live, PatternKind, PatternRule, PatternRules, Scope

# A candidate: the events it is made of, the last of which completed it, and how many it counts.
Candidate = tuple[Sequence[Event], int]
_ORDINALS = {1: "First", 2: "Second", 3: "Third", 4: "Fourth", 5: "Fifth", 6: "Sixth"}


def patterns(
    family: Family, rules: PatternRules, *, now: datetime, today: date
) -> tuple[tuple[Found, ...], date | None]:
    """Return the patterns that are new at `now`, and the day on which to look again if nothing happens before.

    `today` is the civil date of `now`. Nothing is found twice for one occasion, nor sooner again than its rule says.
    """
    found: list[Found] = []
    looks: list[date] = []
    for rule in rules.rules:
        match rule.kind:
            case PatternKind.UNSEEN:
                due, later = unseen(family, rule, today=today)
                found += [one for one in due if _is_new(one, family, now=now)]
                looks += later
            case PatternKind.SIBLING:
                found += [one for one in _siblings(family, rule) if _is_new(one, family, now=now)]
            case _:
                found += _first_scope(family, rule, rules, now=now)
    raised = (_with_target(one, family) for one in found)
    kept = tuple(one for one in raised if one.follow_up_id is not None or one.rule.opens)
    return kept, min(looks, default=None)


def _first_scope(family: Family, rule: PatternRule, rules: PatternRules, *, now: datetime) -> list[Found]:
    for scope in rule.of:
        found = []
        for subject, events in _subjects(family, rule, scope):
            candidate = _LOOKS[rule.kind](events, rule, rules, family)
            if candidate is None or not _is_recent(candidate[0][-1], rules, now=now):
                continue
            one = _found(rule, family, subject, candidate)
            if _is_new(one, family, now=now):
                found.append(one)
        if found:
            return found
    return []


def _subjects(family: Family, rule: PatternRule, scope: Scope) -> Iterator[tuple[int | None, Sequence[Event]]]:
    """Yield whose contacts are read together, with them: a person's own, or the household's (then None)."""
    counted = [event for event in family.events if event.service not in rule.leaves_out]
    if scope is Scope.HOUSEHOLD:
        if family.household_id is not None:
            yield None, _once_for_twins(counted)
        return
    for relative in family.relatives:
        if relative.is_child == (scope is Scope.CHILD):
            yield relative.person_id, [event for event in counted if event.person_id == relative.person_id]


def _once_for_twins(events: Sequence[Event]) -> list[Event]:
    """One visit for two children that did not take place is one contact, not two."""
    seen: set[tuple[date, str, Happened]] = set()
    kept = []
    for event in events:
        key = (event.on, event.contact_code, event.what)
        if key not in seen:
            seen.add(key)
            kept.append(event)
    return kept


def _consecutive(events: Sequence[Event], rule: PatternRule, _rules: PatternRules, _family: Family) -> Candidate | None:
    run: list[Event] = []
    for event in events:
        if event.what is Happened.SEEN:
            run = []
        elif event.what in rule.counts:
            run.append(event)
    return _enough(_within(run, rule), rule)


def _count(events: Sequence[Event], rule: PatternRule, _rules: PatternRules, _family: Family) -> Candidate | None:
    return _enough(_within([event for event in events if event.what in rule.counts], rule), rule)


def _same_contact(events: Sequence[Event], rule: PatternRule, rules: PatternRules, _family: Family) -> Candidate | None:
    """Of one contact since it last took place: of a recurring one, each appointment is a contact of its own."""
    runs: dict[object, list[Event]] = {}
    for event in events:
        key = (event.contact_code, event.about if event.contact_code in rules.recurring else None)
        if event.what is Happened.SEEN:
            runs[key] = []
        elif event.what in rule.counts:
            runs.setdefault(key, []).append(event)
    enough = [one for run in runs.values() if (one := _enough(_within(run, rule), rule)) is not None]
    return max(enough, key=lambda one: one[0][-1].at, default=None)


def _services(events: Sequence[Event], rule: PatternRule, _rules: PatternRules, _family: Family) -> Candidate | None:
    counted = _within([event for event in events if event.what in rule.counts], rule)
    services = {event.service for event in counted}
    return (counted, len(services)) if len(services) >= rule.at_least else None


def _one_sided(events: Sequence[Event], rule: PatternRule, _rules: PatternRules, family: Family) -> Candidate | None:
    """One side seen at least so often and the other never, though as often expected."""
    children = {relative.person_id for relative in family.relatives if relative.is_child}
    adults = {relative.person_id for relative in family.relatives} - children
    counted = _within([event for event in events if event.what in rule.counts | {Happened.SEEN}], rule)
    for seen, unseen_side in ((adults, children), (children, adults)):
        came = [event for event in counted if event.what is Happened.SEEN and event.person_id in seen]
        missed = [event for event in counted if event.what in rule.counts and event.person_id in unseen_side]
        ever = any(event.what is Happened.SEEN and event.person_id in unseen_side for event in counted)
        if len(came) >= rule.at_least and len(missed) >= rule.at_least and not ever:
            return missed, len(missed)
    return None


def _details_changed(
    events: Sequence[Event], rule: PatternRule, _rules: PatternRules, family: Family
) -> Candidate | None:
    changes = (family.number_changed_at, family.address_changed_at)
    counted = [event for event in events if event.what in rule.counts]
    if not counted or rule.within is None:
        return None
    last = counted[-1]
    near = [at for at in changes if at is not None and abs(last.at - at) <= rule.within]
    # Whichever came last completes it.
    return ([replace(last, at=max(last.at, *near))], 1) if len(near) == len(changes) else None


def _after_screen(events: Sequence[Event], rule: PatternRule, _rules: PatternRules, family: Family) -> Candidate | None:
    counted = [event for event in events if event.what in rule.counts]
    if not counted or rule.within is None:
        return None
    last = counted[-1]
    teams = {live.team_id for live in family.live if live.about == last.about}
    for screen in family.screens:
        # What a score says is for the team that holds it: another team's list does not hear of it through a pattern.
        if screen.on <= last.on <= screen.on + rule.within and screen.team_id in teams:
            return [last], 1
    return None


_LOOKS: Mapping[PatternKind, Callable[[Sequence[Event], PatternRule, PatternRules, Family], Candidate | None]] = {
    PatternKind.CONSECUTIVE: _consecutive,
    PatternKind.COUNT: _count,
    PatternKind.SAME_CONTACT: _same_contact,
    PatternKind.SERVICES: _services,
    PatternKind.ONE_SIDED: _one_sided,
    PatternKind.DETAILS_CHANGED: _details_changed,
    PatternKind.AFTER_SCREEN: _after_screen,
}


def _siblings(family: Family, rule: PatternRule) -> Iterator[Found]:
    """The follow-up opened last is told of the others: once a household, so that none answers back."""
    children = {relative.person_id for relative in family.relatives if relative.is_child}
    episodes = sorted(
        (live for live in family.live if live.is_miss and live.tells and live.person_id in children),
        key=lambda live: (live.opened_at, live.follow_up_id),
    )
    if len({live.person_id for live in episodes}) >= rule.at_least:
        newest = episodes[-1]
        yield Found(
            rule, newest.person_id, True, f"follow-up {newest.follow_up_id}", (), len(episodes), rule.says,
            newest.follow_up_id,
        )  # fmt: skip


def _within(events: Sequence[Event], rule: PatternRule) -> Sequence[Event]:
    """Those that lie no longer than the rule's time before the last of them."""
    if not events or rule.within is None:
        return events
    since = events[-1].at - rule.within
    return [event for event in events if event.at > since]


def _enough(events: Sequence[Event], rule: PatternRule) -> Candidate | None:
    return (events, len(events)) if len(events) >= rule.at_least else None


def _is_recent(event: Event, rules: PatternRules, *, now: datetime) -> bool:
    return not event.backlog and now - event.at <= rules.recent


def _found(rule: PatternRule, family: Family, subject: int | None, candidate: Candidate) -> Found:
    events, count = candidate
    last = events[-1]
    person = subject or last.person_id or family.relatives[0].person_id
    said = rule.says.format(count=count, nth=_ORDINALS.get(count, f"{count}th"), since="")
    about = f"appointment {last.about}"
    return Found(rule, person, subject is None, about, tuple(event.about for event in events), count, said, None)


def _is_new(found: Found, family: Family, *, now: datetime) -> bool:
    """Not the same occasion again, and not too soon after one of the same people, or of the household they are in."""
    for earlier in family.earlier:
        if earlier.rule_id != found.rule.id:
            continue
        same = found.of_household or earlier.person_id is None or earlier.person_id == found.person_id
        if same and (earlier.about == found.about or now < earlier.found_at + found.rule.again_after):
            return False
    return True


def _with_target(found: Found, family: Family) -> Found:
    """Give it the one follow-up that it raises: the contact's own, else the person's, a child's, the most urgent.

    None whose ladder would tell nobody: then the pattern opens its own, or says nothing.
    """
    telling = [live for live in family.live if live.tells]
    if found.follow_up_id is not None or not telling:
        return found
    children = {relative.person_id for relative in family.relatives if relative.is_child}
    completed = found.events[-1] if found.events else None

    def place(live: Live) -> tuple[bool, bool, bool, bool, datetime, int]:
        return (
            completed is None or live.about != completed,
            live.person_id != found.person_id,
            live.person_id not in children,
            not live.high_risk,
            live.breach_at,
            live.follow_up_id,
        )

    return replace(found, follow_up_id=min(telling, key=place).follow_up_id)

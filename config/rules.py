"""All rules in force as one value: read once at start, the trust's files over the shipped ones, all faults at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

from config.challenge_loaders import actions_from, challenge_from, referrals_from, routes_from
from config.holds_loader import holds_from
from config.lint import lint_files
from config.overlay import key_of, merged
from config.pathways_loader import pathway_from
from config.pattern_loader import patterns_from
from config.people_rules import adults_from, reflections_from
from config.planning_loader import family_review_from, planning_from
from config.prompt_loader import prompts_from
from config.rule_files import SHIPPED, RuleFiles, read_all
from config.rule_loaders import (
    calendar_from,
    contacts_from,
    events_from,
    feeds_from,
    flags_from,
)
from config.schedules_loader import schedule_from
from config.sharing_rules import sharing_from
from config.staffing_loader import staffing_from
from config.yaml_files import RulesError
from models.domain.action_plan import ActionRules
from models.domain.carers import CarersRules
from models.domain.challenge import ChallengeRules
from models.domain.contacts import ContactKinds
from models.domain.family_events import EventRules
from models.domain.flags import FlagKinds
from models.domain.freshness import FeedRules
from models.domain.holds import HoldRules
from models.domain.pathway import Pathway
from models.domain.patterns import PatternRules
from models.domain.planning import FamilyReviewRule, PlanningRules
from models.domain.prompts import PromptRules
from models.domain.referral_rules import ReferralRules
from models.domain.reflections import ReflectionRules
from models.domain.routes import Routes
from models.domain.schedule import Schedule, ScheduleAnchor, in_force
from models.domain.sharing import SharingRules
from models.domain.staffing_rules import StaffingRules
from models.domain.working_time import WorkingCalendar

PathwayKey = tuple[str, int]


class UnknownRule(LookupError):
    """A pathway or schedule is asked for that neither the files nor the database has. A row names a version we lost."""


@dataclass(frozen=True, eq=False)
class Rules:
    """Everything a deploying trust may change. Pass it on; never read it again half-way through a claimed set."""

    nation: str
    pathways: Mapping[PathwayKey, Pathway]
    pathway_contents: Mapping[PathwayKey, Mapping[str, Any]] = field(repr=False)
    schedules: tuple[Schedule, ...]
    contacts: ContactKinds
    events: EventRules
    flags: FlagKinds
    holds: HoldRules
    prompts: PromptRules
    referrals: ReferralRules
    challenge: ChallengeRules
    actions: ActionRules
    routes: Routes
    feeds: FeedRules
    patterns: PatternRules
    calendar: WorkingCalendar
    planning: PlanningRules
    family_review: FamilyReviewRule
    staffing: StaffingRules
    sharing: SharingRules
    carers: CarersRules
    reflections: ReflectionRules

    def pathway(self, code: str, version: int) -> Pathway:
        """Return one version: the one a running follow-up began with."""
        try:
            return self.pathways[code, version]
        except KeyError:
            raise UnknownRule(f"pathway {code} version {version} is in no file and not in the database") from None

    def current_pathway(self, code: str, *, on: date) -> Pathway:
        """Return the version that a follow-up opened on that date takes: the newest already in force."""
        versions = [found for found in self.pathways.values() if found.code == code]
        if not versions:
            raise UnknownRule(f"pathway {code} is in no file and not in the database")
        in_force = [found for found in versions if found.effective_from <= on]
        if not in_force:  # a cause older than every version still gets a ladder: the first one
            return min(versions, key=lambda found: (found.effective_from, found.version))
        return max(in_force, key=lambda found: (found.effective_from, found.version))

    def name_of(self, contact_code: str) -> str:
        """Return what a follow-up's code is called: a kind of contact or of family event; else the code itself."""
        kind = self.contacts.get(contact_code)
        return kind.name if kind is not None else self.events.name_of(contact_code) or contact_code

    def before_birth(self) -> frozenset[str]:
        """Return the codes of the contacts that belong to a pregnancy, by whatever nation's or service's schedule."""
        lines = (line for schedule in self.schedules for line in schedule.contacts)
        return frozenset(line.contact_code for line in lines if line.anchor is ScheduleAnchor.EDD)

    def schedules_in_force(self, *, on: date) -> tuple[Schedule, ...]:
        """Return the nation's schedules in force on that date, of the services that this deployment plans."""
        return in_force(self.schedules, nation=self.nation, services=self.planning.services, on=on)

    def with_pathways(self, stored: Mapping[PathwayKey, Mapping[str, Any]]) -> "Rules":
        """Return these rules with versions added that only the database still has."""
        extra = {key: content for key, content in stored.items() if key not in self.pathways}
        pathways = {**self.pathways, **{key: pathway_from(content) for key, content in extra.items()}}
        contents = {**self.pathway_contents, **extra}
        return replace(self, pathways=MappingProxyType(pathways), pathway_contents=MappingProxyType(contents))


def rule_folders(config_dir: Path | None) -> list[Path]:
    """Return the shipped folder and, over it, the trust's own."""
    return [SHIPPED] if config_dir is None else [SHIPPED, config_dir]


def load_rules(*, config_dir: Path | None, nation: str, today: date) -> Rules:
    """Read, check and build all rules. Raises RulesError with every fault; nothing is used of faulty rules."""
    return build_rules(read_all(rule_folders(config_dir)), nation=nation, today=today)


def build_rules(files: RuleFiles, *, nation: str, today: date) -> Rules:
    """Build the rules from files already read. Raises RulesError where they have any fault."""
    findings: Sequence[Any] = lint_files(files)
    if findings:
        raise RulesError(findings)
    overlays = {key_of(file.content): file.content for file in files.by_sort["overlay"]}
    contents = {key_of(file.content): merged(file.content, overlays) for file in files.by_sort["pathway"]}
    contacts, events, flags, prompts, holidays, planning, family_review = (
        files.by_sort[sort][0]
        for sort in ("contacts", "events", "flags", "prompts", "holidays", "planning", "family-review")
    )
    rules = Rules(
        nation=nation,
        pathways=MappingProxyType({key: pathway_from(content) for key, content in contents.items()}),
        pathway_contents=MappingProxyType(contents),
        schedules=tuple(schedule_from(file.content) for file in files.by_sort["schedule"]),
        contacts=contacts_from(contacts.content),
        events=events_from(events.content),
        flags=flags_from(flags.content),
        holds=holds_from(files.by_sort["holds"][0].content),
        prompts=prompts_from(prompts.content),
        referrals=referrals_from(files.by_sort["referrals"][0].content),
        challenge=challenge_from(files.by_sort["challenge"][0].content),
        actions=actions_from(files.by_sort["actions"][0].content),
        routes=routes_from(files.by_sort["routes"][0].content),
        feeds=feeds_from(contacts.content),
        patterns=patterns_from(files.by_sort["patterns"][0].content),
        calendar=calendar_from(holidays.content, nation=nation, today=today),
        planning=planning_from(planning.content),
        family_review=family_review_from(family_review.content),
        staffing=staffing_from(files.by_sort["staffing"][0].content),
        sharing=sharing_from(files.by_sort["sharing"][0].content, contacts.content),
        carers=adults_from(files.by_sort["adults"][0].content),
        reflections=reflections_from(files.by_sort["reflections"][0].content),
    )
    if not rules.schedules_in_force(on=today):
        raise UnknownRule(f"no schedule for {nation} of any service that config/planning.yaml switches on")
    return rules

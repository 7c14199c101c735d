"""Check all rule files: shape by schema, then sense. Every fault at once; the caller decides what a fault stops."""

from collections.abc import Sequence
from pathlib import Path

from config.lint_holds import hold_findings
from config.lint_pathways import pathway_findings
from config.lint_patterns import pattern_findings
from config.lint_planning import family_review_findings, planning_findings
from config.lint_prompts import prompt_findings
from config.lint_referrals import joint_findings
from config.lint_rules import contact_findings, event_findings, holiday_findings
from config.lint_schedules import schedule_findings
from config.message_lint import lint_folders
from config.people_rules import adults_findings
from config.rule_files import RuleFiles, read_all
from config.sharing_rules import sharing_findings
from config.staffing_loader import staffing_findings
from config.yaml_files import Finding, RuleFile


def lint_all(folders: Sequence[Path]) -> list[Finding]:
    """Return every fault of the rules in `folders`, later ones laid over earlier ones; empty if they can be used."""
    return lint_files(read_all(folders)) + list(lint_folders(folders))


def lint_files(files: RuleFiles) -> list[Finding]:
    """Return every fault of files already read. Sense is checked only in files whose shape is right."""
    findings = list(files.findings)
    in_pathways = pathway_findings(files.by_sort["pathway"], files.by_sort["overlay"])
    unreadable = any(finding.file.startswith(("pathways/", "overlays/")) for finding in findings)
    contacts, events, prompts, holidays = (files.one(sort) for sort in ("contacts", "events", "prompts", "holidays"))
    # A faulty ladder would make everything that climbs it look faulty too.
    ladders_read = not in_pathways and not unreadable
    if events is not None and ladders_read:
        findings += event_findings(events, files.by_sort["pathway"])
    findings += hold_findings(files, ladders_read=ladders_read)
    if contacts is not None:
        if ladders_read:
            findings += contact_findings(contacts, files.by_sort["pathway"])
        findings += schedule_findings(files.by_sort["schedule"], contacts, files.one("flags"))
        findings += _planning(files, contacts)
        for sort, faults in (("sharing", sharing_findings), ("adults", adults_findings)):
            file = files.one(sort)
            findings += [] if file is None else faults(file, contacts)
    findings += in_pathways
    if prompts is not None:
        findings += prompt_findings(prompts, files.one("flags"))
    findings += joint_findings(files)
    if holidays is not None:
        findings += holiday_findings(holidays)
    patterns = files.one("patterns")
    if patterns is not None:
        findings += pattern_findings(patterns, contacts)
    staffing = files.one("staffing")
    if staffing is not None:
        findings += staffing_findings(staffing)
    return findings


def _planning(files: RuleFiles, contacts: RuleFile) -> list[Finding]:
    flags, planning, review = (files.one(sort) for sort in ("flags", "planning", "family-review"))
    found: list[Finding] = []
    if flags is not None and planning is not None:
        found += planning_findings(planning, contacts, flags)
    if flags is not None and review is not None:
        found += family_review_findings(review, contacts, flags)
    return found

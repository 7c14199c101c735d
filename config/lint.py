"""Check all rule files: shape by schema, then sense. Every fault at once; the caller decides what a fault stops."""

from collections.abc import Sequence
from pathlib import Path

from config.lint_pathways import pathway_findings
from config.lint_prompts import prompt_findings
from config.lint_referrals import joint_findings
from config.lint_rules import contact_findings, event_findings, holiday_findings, schedule_findings
from config.message_lint import lint_folders
from config.rule_files import RuleFiles, read_all
from config.yaml_files import Finding


def lint_all(folders: Sequence[Path]) -> list[Finding]:
    """Return every fault of the rules in `folders`, later ones laid over earlier ones; empty if they can be used."""
    return lint_files(read_all(folders)) + list(lint_folders(folders))


def lint_files(files: RuleFiles) -> list[Finding]:
    """Return every fault of files already read. Sense is checked only in files whose shape is right."""
    findings = list(files.findings)
    in_pathways = pathway_findings(files.by_sort["pathway"])
    unreadable = any(finding.file.startswith("pathways/") for finding in findings)
    contacts, events, prompts, holidays = (files.one(sort) for sort in ("contacts", "events", "prompts", "holidays"))
    # A faulty ladder would make everything that climbs it look faulty too.
    ladders_read = not in_pathways and not unreadable
    if events is not None and ladders_read:
        findings += event_findings(events, files.by_sort["pathway"])
    if contacts is not None:
        if ladders_read:
            findings += contact_findings(contacts, files.by_sort["pathway"])
        findings += schedule_findings(files.by_sort["schedule"], contacts)
    findings += in_pathways
    if prompts is not None:
        findings += prompt_findings(prompts, files.one("flags"))
    findings += joint_findings(files)
    if holidays is not None:
        findings += holiday_findings(holidays)
    return findings

"""Words and rules for messages, read from config/messages/*.yaml and checked. Reads no database; sends nothing.

A trust's own folder is laid over the shipped one, file by file. `load` raises RulesError with every fault at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from config.holds_loader import holds_from
from config.message_lint import lint_folders
from config.staffing_loader import staffing_from
from config.yaml_files import RulesError, read_rule_file
from models.domain.gate_facts import GateRules
from models.domain.reminders import ReminderPlan, ReminderRule
from models.domain.replies import ReplyWords
from models.domain.sending import CodeMeaning, SendingRules
from models.domain.staffing_rules import StaffingRules
from models.domain.texting_hours import TextingHours
from models.domain.words import Audience, ContactMode, Purpose

SHIPPED = Path(__file__).parent
LONDON = ZoneInfo("Europe/London")  # civil time of all four nations
Content = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """Words to families in one language. Not sent unless somebody approved them by name."""

    code: str
    language: str
    version: int
    text: str
    approved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffTemplate:
    """The e-mail to staff: a subject per urgency, a text with `{link}`, and what is added with `{routes}` at need."""

    version: int
    subjects: Mapping[str, str]
    text: str
    out_of_hours: str
    routine_at: tuple[time, ...]  # civil, on working days: when what is routine goes, all of one person's together


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyRules:
    """How texts from families are read, and the one neutral answer to all of them."""

    words: ReplyWords
    answer: str
    answer_at_most_every: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRules:
    """All the rules of messages that are data."""

    gate: GateRules
    sending: SendingRules
    reminders: ReminderPlan
    reminded_contacts: frozenset[str]
    codes: Mapping[str, CodeMeaning]
    templates: Mapping[tuple[str, str], Template]
    staff_alert: StaffTemplate
    staffing: StaffingRules
    replies: ReplyRules

    def words(self, code: str, language: str | None) -> Template | None:
        """Return the approved words in a language, else in English; None where nobody has approved any."""
        for tried in (language, "en"):
            found = self.templates.get((code, tried or "en"))
            if found is not None and found.approved:
                return found
        return None


def load(overlays: Sequence[Path] = (), *, zone: ZoneInfo = LONDON) -> MessageRules:
    """Read the shipped rules with `overlays` (a trust's CONFIG_DIR) laid over them, later ones last."""
    folders = (SHIPPED, *overlays)
    findings = lint(folders)
    if findings:
        raise RulesError(findings)
    hours = _hours(_read(folders, "messages/gate.yaml"), zone)
    reminders = _read(folders, "messages/reminders.yaml")
    return MessageRules(
        gate=_gate(folders, hours),
        sending=_sending(_read(folders, "messages/sending.yaml")),
        reminders=_reminders(reminders, hours),
        reminded_contacts=_reminded(_read(folders, "contacts.yaml")),
        codes=_codes(_read(folders, "messages/codes.yaml")),
        templates=_templates(folders),
        staff_alert=_staff(_read(folders, "messages/staff.yaml")),
        staffing=staffing_from(_read(folders, "staffing.yaml")),
        replies=_replies(_read(folders, "messages/replies.yaml")),
    )


def lint(folders: Sequence[Path] = (SHIPPED,)) -> list[Any]:
    """Return every fault in the words and rules of `folders`, shipped first; empty when they may be used."""
    return list(lint_folders(folders))


def _read(folders: Sequence[Path], name: str) -> Any:
    """The last folder that has the file wins."""
    found = [folder / name for folder in folders if (folder / name).exists()]
    return read_rule_file(found[-1]).content


def _hours(gate: Content, zone: ZoneInfo) -> TextingHours:
    allowed = gate["allowed_hours"]
    return TextingHours(zone, time.fromisoformat(allowed["opens"]), time.fromisoformat(allowed["closes"]))


def _gate(folders: Sequence[Path], hours: TextingHours) -> GateRules:
    gate, flags, holds = (_read(folders, name) for name in ("messages/gate.yaml", "flags.yaml", "holds.yaml"))
    return GateRules(
        hours=hours,
        per_person_a_day=gate["caps"]["per_person_a_day"],
        per_household_a_day=gate["caps"]["per_household_a_day"],
        reconfirm_after=timedelta(days=gate["reconfirm_after_days"]),
        pregnancy_unknown_after_edd=timedelta(days=gate["pregnancy_unknown_days_after_edd"]),
        useful_after_due=timedelta(minutes=gate["useful_for_minutes_after_due"]),
        look_again_after=timedelta(minutes=gate["look_again_after_minutes"]),
        home_prefix=gate["numbers"]["home"],
        mobile_prefixes=tuple(gate["numbers"]["mobile"]),
        not_mobile_prefixes=tuple(gate["numbers"]["not_mobile"]),
        flags_allowing_texts=frozenset(code for code, flag in flags["flags"].items() if flag["blocks_texts"] is False),
        holds=holds_from(holds),
    )


def _sending(content: Content) -> SendingRules:
    settle, backoff = content["settle"], content["backoff"]
    return SendingRules(
        lease=timedelta(seconds=content["lease_seconds"]),
        answer_within=timedelta(seconds=content["answer_within_seconds"]),
        tries={Audience(audience): tries for audience, tries in content["tries"].items()},
        backoff_first=timedelta(seconds=backoff["first_seconds"]),
        backoff_most=timedelta(seconds=backoff["most_seconds"]),
        jitter=backoff["jitter"],
        look_again=timedelta(seconds=settle["look_again_seconds"]),
        give_up_after=timedelta(minutes=settle["give_up_after_minutes"]),
        clock_skew=timedelta(seconds=settle["clock_skew_seconds"]),
        ask_for_report_after=timedelta(minutes=settle["ask_for_report_after_minutes"]),
        report_within=timedelta(hours=settle["report_within_hours"]),
        answer_alerts_within=timedelta(hours=content["answer_alerts_within_hours"]),
    )


def _reminders(content: Content, hours: TextingHours) -> ReminderPlan:
    rules = tuple(
        ReminderRule(
            purpose=Purpose(each["purpose"]),
            template=each["template"],
            at_once=each.get("at_once", False),
            days_before=each.get("days_before", 0),
            at=time.fromisoformat(each.get("at", "10:00")),
            booked_more_than_days_ahead=each.get("booked_more_than_days_ahead", 0),
            modes=frozenset(ContactMode(mode) for mode in each.get("modes", ())),
        )
        for each in content["reminders"]
        if each["in_force"]
    )
    return ReminderPlan(
        rules=rules, none_within=timedelta(minutes=content["none_within_minutes_of_start"]), hours=hours
    )


def _reminded(contacts: Content) -> frozenset[str]:
    return frozenset(code for code, contact in contacts["contacts"].items() if contact.get("reminders") is True)


def _codes(content: Content) -> Mapping[str, CodeMeaning]:
    return {code: CodeMeaning(meaning) for meaning, codes in content["twilio"].items() for code in codes}


def _templates(folders: Sequence[Path]) -> Mapping[tuple[str, str], Template]:
    found = {}
    for folder in folders:
        for path in sorted((folder / "messages").glob("*.yaml")):
            content = read_rule_file(path).content
            if not isinstance(content, dict) or "templates" not in content:
                continue
            for code, entry in content["templates"].items():
                found[code, content["language"]] = Template(
                    code=code,
                    language=content["language"],
                    version=entry["version"],
                    text=entry["text"],
                    approved=bool(entry["approved_by"]),
                )
    return found


def _staff(content: Content) -> StaffTemplate:
    alert = content["staff_alert"]
    return StaffTemplate(
        version=alert["version"],
        subjects=alert["subject"],
        text=alert["text"],
        out_of_hours=alert["out_of_hours"],
        routine_at=tuple(sorted(time.fromisoformat(each) for each in content["routine_at"])),
    )


def _replies(content: Content) -> ReplyRules:
    return ReplyRules(
        words=ReplyWords(
            stop_alone=frozenset(content["stop_alone"]),
            stop_within=tuple(content["stop_within"]),
        ),
        answer=content["answer"],
        answer_at_most_every=timedelta(minutes=content["answer_at_most_every_minutes"]),
    )

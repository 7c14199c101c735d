"""The pattern rules as a section of docs/pathways.md."""

from config.pathways_words import words
from models.domain.patterns import PatternKind, PatternRule, PatternRules

_LOOKS_FOR = {
    PatternKind.CONSECUTIVE: "{n} in a row, with none kept between",
    PatternKind.COUNT: "{n} of them",
    PatternKind.SAME_CONTACT: "{n} of one contact since it last took place",
    PatternKind.SERVICES: "with {n} services",
    PatternKind.SIBLING: "{n} children with an open follow-up",
    PatternKind.ONE_SIDED: "one side seen {n} times, the other missing {n} and never seen",
    PatternKind.DETAILS_CHANGED: "number and address both changed around it",
    PatternKind.AFTER_SCREEN: "after a score or concern that asks for a decision, held by the same team",
}
_COLUMNS = (
    "rule",
    "whose contacts",
    "counts",
    "looks for",
    "within",
    "found again after",
    "team lead told at once",
    "faster",
    "opens",
    "says",
)


def section(rules: PatternRules) -> str:
    """Return the section."""
    lines = [
        f"## Patterns (version {rules.version})",
        "",
        f"Source: {rules.source}. From `config/patterns.yaml`.",
        "",
        "A pattern raises the one follow-up of the household that is live: its story and page say what was found and",
        "which contacts are behind it. Only where none is live it opens one, on the ladder `pattern`. It is never a",
        f"score, and never completed by what lies more than {rules.recent.days} days back or was old when it first",
        f"reached us. Contacts with {', '.join(words(one) for one in sorted(rules.confidential))} are read for that",
        "service's own follow-ups alone.",
        "",
        f"| {' | '.join(_COLUMNS)} |",
        "|---" * len(_COLUMNS) + "|",
        *(_row(rule) for rule in rules.rules),
        "",
    ]
    return "\n".join(lines)


def _row(rule: PatternRule) -> str:
    cells = (
        rule.id,
        ", ".join(rule.of),
        ", ".join(sorted(words(what) for what in rule.counts)),
        _looks_for(rule),
        "" if rule.within is None else f"{rule.within.days} days",
        f"{rule.again_after.days} days",
        *("yes" if does else "no" for does in (rule.tells, rule.faster, rule.opens)),
        rule.says,
    )
    return f"| {' | '.join(cells)} |"


def _looks_for(rule: PatternRule) -> str:
    limits = rule.unseen
    if limits is None:
        left_out = f", without {', '.join(words(one) for one in sorted(rule.leaves_out))}" if rule.leaves_out else ""
        return _LOOKS_FOR[rule.kind].format(n=rule.at_least) + left_out
    return (
        f"not seen in person for {limits.days_then} days (under {limits.until_weeks} weeks old), "
        f"{limits.days_after} days (under {limits.until_months} months), {limits.months_past_review} months past the "
        f"due review (under {limits.until_years} years), where a follow-up is open or a high-risk flag stands"
    )

"""Find, read and schema-check the rule files: the shipped ones, with a trust's own laid over them by path."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry

from config.yaml_files import Finding, RuleFile, RulesError, read_rule_file

SHIPPED = Path(__file__).parent
# Where each sort of file lives below a configuration folder, and its schema.
SORTS = {
    "pathways/*.yaml": "pathway",
    "overlays/*.yaml": "overlay",
    "schedules/*.yaml": "schedule",
    "contacts.yaml": "contacts",
    "events.yaml": "events",
    "flags.yaml": "flags",
    "holds.yaml": "holds",
    "prompts.yaml": "prompts",
    "patterns.yaml": "patterns",
    "referrals.yaml": "referrals",
    "challenge.yaml": "challenge",
    "actions.yaml": "actions",
    "routes.yaml": "routes",
    "holidays.yaml": "holidays",
    "planning.yaml": "planning",
    "family-review.yaml": "family-review",
    "staffing.yaml": "staffing",
    "sharing.yaml": "sharing",
    "adults.yaml": "adults",
    "reflections.yaml": "reflections",
}


@dataclass(frozen=True)
class RuleFiles:
    """All readable files that fit their schema, by sort; and the faults of those that don't."""

    by_sort: dict[str, list[RuleFile]]
    findings: list[Finding]

    def one(self, sort: str) -> RuleFile | None:
        """Return the only file of a sort; None where it was unusable."""
        return next(iter(self.by_sort[sort]), None)


def read_all(folders: Sequence[Path]) -> RuleFiles:
    """Read every rule file of `folders`; in a later folder, a file of the same path replaces the earlier one."""
    files = RuleFiles({sort: [] for sort in SORTS.values()}, [])
    for pattern, sort in SORTS.items():
        paths: dict[str, Path] = {}
        for folder in folders:
            paths |= {path.relative_to(folder).as_posix(): path for path in sorted(folder.glob(pattern))}
        if not paths:
            files.findings.append(Finding(pattern, None, "", "missing", "at least one such file"))
        for _, path in sorted(paths.items()):
            _read(path, sort, files)
    return files


@cache
def validator(sort: str) -> Any:
    """Return the checker of the published schema for a sort of rule file."""
    known = [_schema(path.name) for path in (SHIPPED / "schema").glob("*.schema.json")]  # one may refer to another
    registry: Any = Registry().with_contents((schema["$id"], schema) for schema in known)
    return Draft202012Validator(_schema(f"{sort}.schema.json"), registry=registry)


def _schema(name: str) -> Any:
    return json.loads((SHIPPED / "schema" / name).read_text(encoding="utf-8"))


def schema_findings(file: RuleFile, sort: str) -> list[Finding]:
    """Return where a file's content departs from its schema, one finding for each place."""
    errors = [_deepest(error) for error in validator(sort).iter_errors(file.content)]
    return [file.finding(tuple(e.absolute_path), _expected(e)) for e in errors if not _is_echo(e, errors)]


def _read(path: Path, sort: str, files: RuleFiles) -> None:
    try:
        file = read_rule_file(path)
    except RulesError as error:
        files.findings.extend(error.findings)
        return
    faults = schema_findings(file, sort)
    files.findings.extend(faults)
    if not faults:
        files.by_sort[sort].append(file)


def _is_echo(error: Any, errors: list[Any]) -> bool:
    """Where a part is faulty, its names count as unknown too (`unevaluatedProperties`): that is no second fault."""
    if error.validator != "unevaluatedProperties":
        return False
    where = list(error.absolute_path)
    return any(other is not error and list(other.absolute_path)[: len(where)] == where for other in errors)


def _deepest(error: Any) -> Any:
    """The most telling part of a failed `oneOf`: the branch that got furthest into the value."""
    while error.context:
        error = max(error.context, key=lambda inner: (len(inner.absolute_path), inner.validator != "required"))
    return error


def _expected(error: Any) -> str:
    match error.validator:
        case "required":
            missing = [key for key in error.validator_value if key not in error.instance]
            return f"also {', '.join(missing)}"
        case "additionalProperties" | "unevaluatedProperties":
            known = sorted(error.schema.get("properties", {}))
            return f"only known names{': ' + ', '.join(known) if known else ''} ({error.message})"
        case "enum":
            why = error.schema.get("description")
            return "one of " + ", ".join(str(value) for value in error.validator_value) + (f" ({why})" if why else "")
        case "pattern":
            return f"text like {error.validator_value}"
        case "type":
            return f"{error.validator_value}"
    return str(error.message)

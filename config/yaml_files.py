"""Read YAML rule files with the line of every value, and refuse what YAML would swallow: double keys, dates turned into
objects. Knows nothing of what the files mean.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Where = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault in a rule file, in words for whoever has to correct it."""

    file: str
    line: int | None
    where: str
    value: str
    expected: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.where or 'file'} is {self.value}; expected {self.expected}"


class RulesError(ValueError):
    """The rule files can't be used; `findings` has every fault. The caller shows them all and stops."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("the rules can't be used:\n" + "\n".join(f"  {finding}" for finding in self.findings))


@dataclass(frozen=True)
class RuleFile:
    """A parsed file: its content as plain JSON-like values, and the line of every place in it."""

    path: Path
    content: Any
    lines: Mapping[Where, int]

    @property
    def name(self) -> str:
        """The file's last two parts: enough to find it, without the machine's folders."""
        return "/".join(self.path.parts[-2:])

    def finding(self, where: Where, expected: str, *, value: object = None) -> Finding:
        """Return a finding at a place; the value there is shown unless another is given."""
        shown = _short(repr(self.at(where)) if value is None else str(value))
        known = next((self.lines[where[:n]] for n in range(len(where), -1, -1) if where[:n] in self.lines), None)
        return Finding(self.name, known, dotted(where), shown, expected)

    def at(self, where: Where) -> Any:
        """Return the value at a place; None where there is none."""
        value = self.content
        for part in where:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return None
        return value


def read_rule_file(path: Path) -> RuleFile:
    """Parse a file. Raises RulesError naming the line where it isn't YAML, or has one key twice."""
    name = "/".join(path.parts[-2:])
    try:
        loader = _Loader(path.read_text(encoding="utf-8"))
        try:
            node = loader.get_single_node()
            lines: dict[Where, int] = {}
            content = None if node is None else _build(loader, node, (), lines, name)
        finally:
            loader.dispose()
    except UnicodeDecodeError as error:
        raise RulesError([Finding(name, None, "", "not UTF-8", "text in UTF-8")]) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = None if mark is None else mark.line + 1
        problem = getattr(error, "problem", None) or "unreadable"
        raise RulesError([Finding(name, line, "", str(problem), "plain YAML without aliases")]) from error
    return RuleFile(path, content, lines)


def dotted(where: Where) -> str:
    """Return a place as people write it: steps[2].due.plus."""
    text = ""
    for part in where:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


class _Loader(yaml.SafeLoader):
    """Dates stay text: the schema checks them, and JSON has no dates. An alias could repeat or contain itself."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "an alias (*name)", mark)
        return super().compose_node(parent, index)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _build(loader: _Loader, node: yaml.Node, where: Where, lines: dict[Where, int], name: str) -> Any:
    lines[where] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return [_build(loader, child, (*where, n), lines, name) for n, child in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return loader.construct_object(node)
    built: dict[str, Any] = {}
    for key_node, child in node.value:
        key = str(loader.construct_object(key_node))
        if key in built:
            line = key_node.start_mark.line + 1
            raise RulesError([Finding(name, line, dotted((*where, key)), "given twice", "every key once")])
        built[key] = _build(loader, child, (*where, key), lines, name)
    return built


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."

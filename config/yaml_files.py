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
            builder = _Builder(loader, name)
            content = None if node is None else builder.build(node, ())
        finally:
            loader.dispose()
    except UnicodeDecodeError as error:
        raise RulesError([Finding(name, None, "", "not UTF-8", "text in UTF-8")]) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = None if mark is None else mark.line + 1
        problem = getattr(error, "problem", None) or "unreadable"
        raise RulesError([Finding(name, line, "", str(problem), "valid YAML")]) from error
    return RuleFile(path, content, builder.lines)


def dotted(where: Where) -> str:
    """Return a place as people write it: steps[2].due.plus."""
    text = ""
    for part in where:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


# libyaml where the wheel has it: the rules are read at every start, and the pure parser takes ten times as long.
_Fast: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Fast):  # type: ignore[misc]
    """Dates stay text: the schema checks them, and JSON has no dates."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _Builder:
    """Plain values from YAML's nodes, with the line of each; an alias or a key given twice is refused."""

    def __init__(self, loader: _Loader, name: str) -> None:
        self.loader = loader
        self.name = name
        self.lines: dict[Where, int] = {}
        self.built: set[int] = set()  # by identity: an alias gives the same node again, maybe inside itself

    def build(self, node: yaml.Node, where: Where) -> Any:
        line = node.start_mark.line + 1
        if id(node) in self.built:
            raise self._refused(line, where, "an alias (*name)", "the value itself, written out")
        self.built.add(id(node))
        self.lines[where] = line
        if isinstance(node, yaml.SequenceNode):
            return [self.build(child, (*where, n)) for n, child in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, where)
        return self.loader.construct_object(node)

    def _mapping(self, node: yaml.MappingNode, where: Where) -> dict[str, Any]:
        built: dict[str, Any] = {}
        for key_node, child in node.value:
            key = str(self.loader.construct_object(key_node))
            if key in built:
                raise self._refused(key_node.start_mark.line + 1, (*where, key), "given twice", "every key once")
            built[key] = self.build(child, (*where, key))
        return built

    def _refused(self, line: int, where: Where, value: str, expected: str) -> RulesError:
        return RulesError([Finding(self.name, line, dotted(where), value, expected)])


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."

"""The ladders that have left this project: under its version nothing of a ladder ever changes again (design 3.10).

`python -m config.released` writes down what the shipped ladders hold; a test refuses a change under such a version.
A database that holds a version refuses other content under it, so that such a change would stop every start. While a
new version has not left, its line may be taken out and written again.
"""

from collections.abc import Mapping
from datetime import date

import yaml

from config.rule_files import SHIPPED
from config.rules import load_rules
from models.db.pathway_versions import digest

TARGET = SHIPPED / "released.yaml"
HEAD = """\
# Code and version of every ladder that has left this project, with the hash of what it held, overlays laid over it.
# Written by `python -m config.released`; a change to a ladder needs its next version. Source: design 3.10.
"""
Released = Mapping[str, Mapping[int, str]]


def shipped() -> Released:
    """The hash of each shipped ladder as a database stores it, by code and version."""
    rules = load_rules(config_dir=None, nation="england", today=date.max)
    return {code: {version: digest(content)} for (code, version), content in sorted(rules.pathway_contents.items())}


def released() -> Released:
    """What was written down so far."""
    found: Released = yaml.safe_load(TARGET.read_text(encoding="utf-8"))
    return found


def changed(before: Released, now: Released) -> list[str]:
    """The versions, as `code version n`, whose content is no longer what was written down."""
    return [
        f"{code} version {version}"
        for code, versions in now.items()
        for version, held in versions.items()
        if before.get(code, {}).get(version, held) != held
    ]


def main() -> None:
    """Add the shipped versions to those written down. Raises SystemExit naming each that changed under its version."""
    before, now = released(), shipped()
    if faults := changed(before, now):
        raise SystemExit(f"changed under the same version: {', '.join(faults)}; expected a new version")
    codes = sorted({*before, *now})
    TARGET.write_text(HEAD + yaml.safe_dump({code: {**before.get(code, {}), **now.get(code, {})} for code in codes}))


if __name__ == "__main__":
    main()

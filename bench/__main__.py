"""`make bench [SIZE=small|full]`: every comparison in one run, interleaved three times, medians, a table of ratios."""

import os
import shutil
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import Engine, create_engine

from bench import audited, auditing, burst, detection, fill, idle, imports, peers, servers
from bench.peers import Burst
from bench.table import Row, interleaved, median, shown
from config.audit_limits import load_audit_limits
from config.rules import Rules, load_rules

REPEATS = int(os.environ.get("REPEATS", "3"))


@dataclass(frozen=True)
class Size:
    """How much of everything; `disk_gb` is what the kept databases need."""

    stored: int
    detected: int
    burst: int
    pending: int
    imported: int
    inserted: int
    disk_gb: float


SIZES = {
    "small": Size(100_000, 20_000, 10_000, 100_000, 50_000, 2_000, 5),
    "full": Size(1_000_000, 20_000, 100_000, 1_000_000, 200_000, 5_000, 40),
}


def main() -> int:
    """Run what is asked for (`detection burst imports idle audit`; all by default). Exit 1 if a bound is not met."""
    name = os.environ.get("SIZE", "small")
    if name not in SIZES:
        print(f"SIZE is {name!r}; expected small or full")
        return 2
    size = SIZES[name]
    servers.DATA.mkdir(exist_ok=True)
    free = shutil.disk_usage(servers.DATA).free / 1e9
    print(f"SIZE={name}: needs {size.disk_gb:.0f} GB of disk under bench/.data, {free:.0f} GB free; its data are kept")
    if free < size.disk_gb:
        return 2
    asked = sys.argv[1:] or list(PARTS)
    rules = load_rules(config_dir=None, nation="england", today=date.today())  # noqa: DTZ011
    rows: list[Row] = []
    with servers.running() as bench:
        for part in asked:
            rows += PARTS[part](bench, size, rules)
    print(shown(rows))
    return 0 if all(row.met for row in rows) else 1


def _engine(bench: servers.Bench, name: str) -> Engine:
    engine = create_engine(bench.database(name))
    print(f"{name}: {bench.settings(engine)}")
    return engine


def run_detection(bench: servers.Bench, size: Size, rules: Rules) -> list[Row]:
    """Detection among ten times as many stored must cost within 1.3 times."""
    few, many = _engine(bench, f"stored_{size.stored}"), _engine(bench, f"stored_{size.stored * 10}")
    detection.fill_to(few, rows=size.stored, rules=rules)
    detection.fill_to(many, rows=size.stored * 10, rules=rules)
    for engine in (few, many):
        detection.seconds(engine, rules, rows=size.detected)  # warm
    took = interleaved(
        {
            "many": lambda: detection.seconds(many, rules, rows=size.detected),
            "few": lambda: detection.seconds(few, rules, rows=size.detected),
        },
        REPEATS,
    )
    ours, theirs = median(took["many"]), median(took["few"])
    what = f"detect {size.detected:,} among {size.stored * 10:,} / among {size.stored:,}"
    return [Row(what, "s", ours, theirs, "<= 1.3", ours <= 1.3 * theirs)]


def run_burst(bench: servers.Bench, size: Size, rules: Rules) -> list[Row]:
    """The same burst by Steadfast, by Celery ETA tasks and by APScheduler jobs; and with many more due later."""
    alone, crowded = (bench.database(name) for name in (f"burst_{size.burst}", f"burst_{size.burst}_crowded"))
    for url in (alone, crowded):
        engine = create_engine(url)
        print(f"burst: {bench.settings(engine)}")
        detection.fill_to(engine, rows=size.stored // 10, rules=rules)
        if url is crowded:
            burst.add_pending(engine, rows=size.pending)
        engine.dispose()
    broker = bench.servers.broker_url
    ways: dict[str, Callable[[], Burst]] = {
        "alone": lambda: burst.advance(alone, broker, jobs=size.burst),
        "eta": lambda: peers.celery_eta(broker, servers.DATA, size.burst),
        "apscheduler": lambda: peers.apscheduler(bench.database("peers"), servers.DATA, size.burst),
        "crowded": lambda: burst.advance(crowded, broker, jobs=size.burst),
    }
    for name in ("crowded", "alone"):
        ways[name]()  # warm: what was filled a moment ago is still being written out
    runs = interleaved(ways, REPEATS)
    rate = {name: median([run.rate for run in found]) for name, found in runs.items()}
    late = {name: median([run.p99_late for run in found]) for name, found in runs.items()}
    memory = {name: median([run.memory_mb for run in found]) for name, found in runs.items()}
    return [
        _at_least("burst beside Celery ETA tasks", "/s", rate["alone"], rate["eta"], 3.0),
        _at_least("burst beside APScheduler jobs", "/s", rate["alone"], rate["apscheduler"], 4.0),
        _at_most("p99 lateness beside Celery ETA", "s", late["alone"], late["eta"], 0.4),
        _at_most("p99 lateness beside APScheduler", "s", late["alone"], late["apscheduler"], 0.4),
        _at_most(f"p99 lateness, {size.pending:,} due later / none", "s", late["crowded"], late["alone"], 1.2),
        _at_most(f"worker memory, {size.pending:,} due later / none", "MB", memory["crowded"], memory["alone"], 1.2),
    ]


def run_imports(bench: servers.Bench, size: Size, rules: Rules) -> list[Row]:
    """Import beside one ORM insert each."""
    engine = _engine(bench, "imports")

    def ours() -> float:
        tag = uuid.uuid4().hex[:8]
        path = _file(tag, size.imported)
        return imports.ours(engine, path, rules=rules, source=f"ours-{tag}")

    def theirs() -> float:
        tag = uuid.uuid4().hex[:8]
        return imports.one_by_one(engine, _file(tag, size.inserted), source=f"orm-{tag}")

    rates = interleaved({"ours": ours, "orm": theirs}, REPEATS)
    rate, beside = median(rates["ours"]), median(rates["orm"])
    return [Row("import beside one ORM insert each", "rows/s", rate, beside, ">= 10,000/s", rate >= 10_000)]


def run_idle(bench: servers.Bench, size: Size, rules: Rules) -> list[Row]:
    """What an idle sweep costs the database."""
    engine = _engine(bench, f"burst_{size.burst}_crowded")
    detection.fill_to(engine, rows=size.stored // 10, rules=rules)
    burst.add_pending(engine, rows=size.pending)
    with engine.connect() as connection:
        fill.settle(connection)  # as autovacuum leaves it some minutes after a burst
    spent = idle.milliseconds(engine)
    return [Row(f"idle sweep with {size.pending:,} pending", "ms", spent, None, "< 1 ms", spent < 1)]


def run_audit(bench: servers.Bench, size: Size, rules: Rules) -> list[Row]:
    """Every question of the auditor, with one live follow-up for ten stored appointments."""
    live, stored = size.stored, size.stored * 10
    engine, limits = _engine(bench, f"audited_{stored}"), load_audit_limits(config_dir=None)
    audited.fill_to(engine, stored=stored, live=live, rules=rules, review=limits.planning.family_review)
    auditing.seconds(engine, limits)  # warm
    took = median(interleaved({"audit": lambda: auditing.seconds(engine, limits)}, REPEATS)["audit"])
    return [Row(f"audit of {live:,} live among {stored:,} appointments", "s", took, None, "< 5 s", took < 5)]


def _at_least(what: str, unit: str, ours: float, theirs: float, ratio: float) -> Row:
    return Row(what, unit, ours, theirs, f">= {ratio}", ours >= ratio * theirs)


def _at_most(what: str, unit: str, ours: float, theirs: float, ratio: float) -> Row:
    return Row(what, unit, ours, theirs, f"<= {ratio}", ours <= ratio * theirs)


def _file(tag: str, rows: int) -> Path:
    path = servers.DATA / "import.csv"
    imports.write_file(path, rows=rows, tag=tag)
    return path


PARTS = {"detection": run_detection, "burst": run_burst, "imports": run_imports, "idle": run_idle, "audit": run_audit}

if __name__ == "__main__":
    sys.exit(main())

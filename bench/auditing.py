"""The auditor over all that is stored: every question at full size, and which of them cost most."""

import time
from datetime import UTC, datetime

from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from models.db import auditor
from models.domain.audit_limits import AuditLimits

SHOWN = 8  # the costliest questions named


def seconds(engine: Engine, limits: AuditLimits) -> float:
    """Audit once, in one snapshot as the engine does; prints the costliest questions. Fails unless all is clean."""
    spent: list[tuple[float, str]] = []
    begun: list[float] = []

    def before(*_: object) -> None:
        begun.append(time.perf_counter())

    def after(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        spent.append((time.perf_counter() - begun.pop(), " ".join(statement.split())[:110]))

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "after_cursor_execute", after)
    try:
        started = time.perf_counter()
        with Session(engine.execution_options(isolation_level="REPEATABLE READ")) as session:
            report = auditor.audit(session, datetime.now(UTC), limits=limits, turn=0)
        took = time.perf_counter() - started
    finally:
        event.remove(engine, "before_cursor_execute", before)
        event.remove(engine, "after_cursor_execute", after)
    for each, statement in sorted(spent, reverse=True)[:SHOWN]:
        print(f"    {each * 1000:7.0f} ms  {statement}", flush=True)
    assert not report.violations, [str(finding) for finding in report.violations]
    return took

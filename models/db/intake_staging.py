"""The staging table of one import: filled by COPY, sorted out by set statements, gone when the transaction ends.

Lines of verdict 'r' are records, 'x' rejected, 'w' warnings; sorting adds 'o' for a record that an equal or later one
of the same file overtakes. Nothing here knows what a file's fields mean.
"""

from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

BLOCK_BYTES = 1 << 18


def create(session: Session, columns: Sequence[tuple[str, str]]) -> None:
    """Create the staging table of this transaction."""
    # Compiling a plan costs more than it saves on statements that run once.
    session.execute(text("SET LOCAL jit = off"))
    session.execute(text("SET LOCAL work_mem = '64MB'"))
    body = ", ".join(f'"{name}" {kind}' for name, kind in columns)
    session.execute(text(f"CREATE TEMP TABLE staging ({body}) ON COMMIT DROP"))


def fill(session: Session, lines: Iterable[bytes], *, progress: Callable[[int], None]) -> int:
    """COPY `lines` into staging and return how many; `progress` hears the count every few thousand."""
    connection = session.connection().connection.driver_connection
    assert connection is not None
    count, size = 0, 0
    block: list[bytes] = []
    with connection.cursor() as cursor, cursor.copy("COPY staging FROM STDIN (FORMAT text, NULL '')") as copy:
        for line in lines:
            count += 1
            size += len(line)
            block.append(line)
            if size >= BLOCK_BYTES:
                copy.write(b"".join(block))
                block, size = [], 0
                progress(count)
        copy.write(b"".join(block))
    progress(count)
    return count


def analyze(session: Session, *columns: str) -> None:
    """Let the planner know the columns that the next statements join on."""
    session.execute(text(f"ANALYZE staging ({', '.join(('line', 'verdict', *columns))})"))


def sort_repeats(session: Session, *, key: str) -> None:
    """Of the records with one `key` keep the highest version, the later line among equals.

    An older version becomes 'o' and counts as unchanged; an equal one is rejected, naming the line that wins.
    """
    session.execute(
        text(
            f"""
            WITH ranked AS (
                SELECT line, version_order, first_value(line) OVER w AS winner,
                       first_value(version_order) OVER w AS winning_version
                FROM staging
                WHERE verdict = 'r' AND {key} IN (
                    SELECT {key} FROM staging WHERE verdict = 'r' GROUP BY 1 HAVING count(*) > 1)
                WINDOW w AS (PARTITION BY {key} ORDER BY version_order DESC NULLS LAST, line DESC)
            )
            UPDATE staging s SET
                verdict = CASE WHEN r.version_order < r.winning_version THEN 'o' ELSE 'x' END,
                fault_column = '{key}', fault_value = s.{key}::text,
                fault_reason = 'expected one row of this id and version: line ' || r.winner || ' has them too and wins'
            FROM ranked r
            WHERE s.line = r.line AND s.verdict = 'r' AND r.line <> r.winner
            """
        )
    )


def reject(session: Session, *, table: str, column: str, reason: str) -> int:
    """Reject the records whose `line` is in `table`; return how many."""
    done = session.execute(
        text(
            f"""
            UPDATE staging s SET verdict = 'x', fault_column = :column, fault_value = t.value, fault_reason = :reason
            FROM {table} t WHERE s.line = t.line AND s.verdict = 'r'
            """
        ),
        {"column": column, "reason": reason},
    )
    return int(done.rowcount)  # type: ignore[attr-defined]


def counts(session: Session) -> dict[str, int]:
    """Lines by verdict."""
    rows = session.execute(text("SELECT verdict, count(*) AS lines FROM staging GROUP BY 1"))
    return {row.verdict: row.lines for row in rows}


def keep_faults(session: Session, *, run_id: int) -> None:
    """Store the rejected rows, whole where they came whole, and the warnings, which have no row."""
    session.execute(
        text(
            """
            INSERT INTO import_rejection (import_run_id, line, "column", value, reason, "row")
            SELECT :run, abs(line), coalesce(fault_column, ''), coalesce(fault_value, ''), fault_reason,
                   CASE WHEN verdict = 'w' THEN NULL
                        WHEN content_hash IS NULL THEN coalesce(extras, '{}')
                        ELSE jsonb_strip_nulls(to_jsonb(s)) - 'verdict' - 'content_hash' - 'subject_key' - 'contact_key'
                   END
            FROM staging s WHERE verdict IN ('x', 'w')
            ON CONFLICT DO NOTHING
            """
        ),
        {"run": run_id},
    )

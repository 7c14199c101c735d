"""Join two records of one household, in one transaction, so that it can be taken apart again. Never commits.

Administrative only: two ids for one family. That people no longer live together is another act, and another matter.
"""

from sqlalchemy import text

from models.db.merge_memberships import unite
from models.db.merge_rows import Mover, Place, places_of


def join(mover: Mover, *, kept: int, gone: int) -> None:
    """Move everything of the household `gone` to `kept`; the caller holds the locks and has opened the merge."""
    stay = {"household_member": unite(mover, of="household_id", kept=kept, gone=gone)}
    for place in places_of("household"):
        mover.move(place, away_from=gone, to=kept, keeping=stay.get(place.table, ()))
    mover.move(Place("household", "merged_into"), away_from=gone, to=kept)
    rows = {row["id"]: row for row in mover.session.execute(_HOUSEHOLDS, {"ids": [kept, gone]}).mappings()}
    stopped = rows[kept] if rows[kept]["texts_stopped_at"] is not None else rows[gone]
    mover.set(
        "household",
        kept,
        team_id=rows[kept]["team_id"] or rows[gone]["team_id"],
        texts_stopped_at=stopped["texts_stopped_at"],  # stopped for one is stopped for all
        texts_stopped_by=stopped["texts_stopped_by"],
    )
    mover.set("household", gone, merged_into=kept)


_HOUSEHOLDS = text(
    "SELECT id, team_id, texts_stopped_at, texts_stopped_by FROM household WHERE id = ANY(CAST(:ids AS bigint[]))"
)

"""Join two records of one household, in one transaction, so that it can be taken apart again. Never commits.

Administrative only: two ids for one family. That people no longer live together is another act, and another matter.
"""

from sqlalchemy import text

from models.db import merge_adults, merge_holds
from models.db.merge_memberships import unite
from models.db.merge_rows import Mover, Place, places_of
from models.domain.words import AlertState, ExpectedState


def join(mover: Mover, *, kept: int, gone: int) -> None:
    """Move everything of the household `gone` to `kept`; the caller holds the locks and has opened the merge."""
    stay = {"household_member": unite(mover, of="household_id", kept=kept, gone=gone)}
    _family_contacts(mover, kept, gone)
    _carers_asked(mover, gone)
    merge_holds.unite(mover, ("household_id",), kept=kept, gone=gone)
    merge_adults.carry(mover, "household", kept=kept, gone=gone)
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


def _family_contacts(mover: Mover, kept: int, gone: int) -> None:
    """One family has one of a kind to come: the one that is booked, else the sooner; its appointments come along."""
    for row in mover.session.execute(_SAME_CONTACTS, {"kept": kept, "gone": gone}).mappings().all():
        mover.set("expected_contact", row["other"], state=ExpectedState.NOT_APPLICABLE, next_due_at=None)
        mover.move(Place("appointment", "expected_contact_id"), away_from=row["other"], to=row["stands"])
        if not row["is_followed"]:
            mover.move(Place("follow_up", "expected_contact_id"), away_from=row["other"], to=row["stands"])


def _carers_asked(mover: Mover, gone: int) -> None:
    """Whoever is asked who else cares there is asked anew, for both (models/db/merge_looks.py)."""
    for alert in mover.session.scalars(_ASKED, {"gone": gone}).all():
        mover.set("alert", alert, state=AlertState.OVERTAKEN, ended_at=mover.now, ended_by=mover.by)


_SAME_CONTACTS = text(
    """
    SELECT CASE WHEN order_k <= order_g THEN k.id ELSE g.id END AS stands,
           CASE WHEN order_k <= order_g THEN g.id ELSE k.id END AS other,
           EXISTS (SELECT FROM follow_up f WHERE f.expected_contact_id
                   = CASE WHEN order_k <= order_g THEN k.id ELSE g.id END) AS is_followed
    FROM expected_contact k JOIN expected_contact g USING (contact_code)
    CROSS JOIN LATERAL (SELECT (k.state <> 'booked', k.window_end, 0) AS order_k,
                               (g.state <> 'booked', g.window_end, 1) AS order_g) AS orders
    WHERE k.household_id = :kept AND g.household_id = :gone AND k.whole_family AND g.whole_family
      AND k.state IN ('planned', 'booked') AND g.state IN ('planned', 'booked')
    """
)
_ASKED = text("SELECT id FROM alert WHERE kind = 'father_not_asked' AND household_id = :gone AND state = 'open'")
_HOUSEHOLDS = text(
    "SELECT id, team_id, texts_stopped_at, texts_stopped_by FROM household WHERE id = ANY(CAST(:ids AS bigint[]))"
)

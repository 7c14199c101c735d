"""Two memberships that are one, because their people or their households are. Never commits."""

from sqlalchemy import text

from models.db.merge_rows import Mover
from models.domain.words import Known, PersonRole

# What says less than anything else that may be known.
_VAGUE = {"lives_with": Known.UNKNOWN, "parental_responsibility": Known.UNKNOWN, "role": PersonRole.CARER}
# Whom to reach first about the children here: a person's word.
_REACHED = "reach_first_since"


def unite(mover: Mover, *, of: str, kept: int, gone: int) -> list[int]:
    """Where `kept` and `gone` of the column `of` stand side by side, one membership stays; return those that end."""
    ended = []
    for row in mover.session.execute(text(_TWICE[of]), {"kept": kept, "gone": gone}).mappings():
        told = {name: row["g_" + name if row["k_" + name] == word else "k_" + name] for name, word in _VAGUE.items()}
        told[_REACHED] = row["k_" + _REACHED] or row["g_" + _REACHED]
        if Known.NO in (row["k_parental_responsibility"], row["g_parental_responsibility"]):
            told["parental_responsibility"] = Known.NO  # no text about a child goes by a yes that the other denies
        mover.set("household_member", row["k_id"], **told)
        mover.set("household_member", row["g_id"], valid_until=mover.now)
        ended.append(row["g_id"])
    return ended


def _twice(of: str, shared: str) -> str:
    columns = ", ".join(f"{side}.{name} AS {side}_{name}" for side in ("k", "g") for name in ("id", _REACHED, *_VAGUE))
    return f"""
        SELECT {columns} FROM household_member k JOIN household_member g USING ({shared})
        WHERE k.{of} = :kept AND g.{of} = :gone AND k.valid_until IS NULL AND g.valid_until IS NULL ORDER BY k.id
    """


_TWICE = {
    "person_id": _twice("person_id", "household_id"),
    "household_id": _twice("household_id", "person_id"),
}

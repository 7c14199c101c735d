"""The named nurse's new items in a replay: what newly stands on her list, counted once, however often it is told."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from models.db.replay_figures import Telling
from models.domain.words import StaffRole

Item = tuple[str, int]  # "follow_up" or "alert", and its id


@dataclass
class NurseItems:
    """Each item with the working day on which she first hears of it.

    An item is a thread of follow-ups: its next step, the same one again and the next miss of the same contact are no
    new item. What has no follow-up (a prompt, a challenge) is its alert. `before_birth`: codes of the contacts of
    pregnancy, which belong to no child yet. `goes_on_in`: follow-up to the later one of its thread.
    """

    before_birth: Collection[str]
    goes_on_in: Mapping[int, int]
    children: dict[Item, date] = field(default_factory=dict)
    unborn: dict[Item, date] = field(default_factory=dict)

    def hear(self, telling: Telling, *, seen_on: date) -> None:
        """Note one telling, in order of time; only those to a named nurse count."""
        if telling.staff_role != StaffRole.NAMED_NURSE:
            return
        items = self.unborn if telling.contact_code in self.before_birth else self.children
        items.setdefault(self._item(telling), seen_on)

    def figures(self, children: int, days: Sequence[date]) -> dict[str, object]:
        """New items on these days; those of children a working day for 10,000 of them; those of pregnancies beside."""
        items = sum(day in days for day in self.children.values())
        rate = items / len(days) / children * 10_000 if days and children else None
        return {
            "new_items": items,
            "per_working_day_per_10000": None if rate is None else round(rate, 2),
            "new_items_before_birth": sum(day in days for day in self.unborn.values()),
        }

    def _item(self, telling: Telling) -> Item:
        if telling.follow_up_id is None:
            return "alert", telling.alert_id
        last = telling.follow_up_id
        while last in self.goes_on_in:
            last = self.goes_on_in[last]
        return "follow_up", last

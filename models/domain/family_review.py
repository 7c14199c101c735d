"""Decide whether a household needs a next family review, from when it is reckoned, and about which child. Pure.

While a pre-school child lives with an adult who has, or has had, a mental-health indicator, one is always planned or in
hand, until school nursing has accepted the child. Source: config/family-review.yaml, docs/decisions/0046.
"""

from dataclasses import dataclass
from datetime import date

from models.domain.planning import FamilyReviewRule
from models.domain.working_time import ONE_DAY, add_months


@dataclass(frozen=True, slots=True)
class FamilyFacts:
    """What is known of one household.

    `needed`: an adult who counts lives with the children. `children`: those not handed over to school nursing, with
    their births, youngest first. `begun`: there was a review before. `coming`: the child and the anchor of the review
    that is planned or booked. `in_hand`: an overdue one is followed up. `last_anchor`, `last_ended`: of the reviews
    there were, the latest start and the latest end (held, or closed by a person).
    """

    needed: bool
    children: tuple[tuple[int, date], ...] = ()
    begun: bool = False
    coming: tuple[int, date] | None = None
    in_hand: bool = False
    last_anchor: date | None = None
    last_ended: date | None = None


@dataclass(frozen=True, slots=True)
class NextReview:
    """What to do: give up the one that is coming, plan one about a child from an anchor; both, or neither."""

    give_up: bool = False
    child_id: int | None = None
    anchor_on: date | None = None


def next_review(facts: FamilyFacts, *, rule: FamilyReviewRule, today: date) -> NextReview:
    """Return what the household's plan lacks, or has too much of, today."""
    children = _eligible(facts, rule, today) if facts.needed else ()
    if not children:
        return NextReview(give_up=facts.coming is not None)
    if facts.coming is not None:
        about, anchor = facts.coming
        # The child it was planned about has gone or was handed over: the same review, about the next child.
        return NextReview() if about in children else NextReview(True, children[0], anchor)
    if facts.in_hand:
        return NextReview()
    return NextReview(child_id=children[0], anchor_on=_anchor(facts, rule, today))


def _eligible(facts: FamilyFacts, rule: FamilyReviewRule, today: date) -> tuple[int, ...]:
    """Reviews begin for a pre-school child; once begun, age alone ends nothing: school nursing has to accept."""
    return tuple(
        child for child, born in facts.children if facts.begun or add_months(born, rule.preschool_until_months) > today
    )


def _anchor(facts: FamilyFacts, rule: FamilyReviewRule, today: date) -> date:
    """From the end of the last review if that is not long ago, else from today; every review has a day of its own."""
    anchor = today
    if facts.last_ended is not None and rule.overdue_on.from_date(facts.last_ended) > today:
        anchor = facts.last_ended
    if facts.last_anchor is not None and anchor <= facts.last_anchor:
        anchor = facts.last_anchor + ONE_DAY
    return anchor

"""The one way a state changes: a table of pairs, looked up, or a refusal by name."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

State = TypeVar("State", bound=StrEnum)
Event = TypeVar("Event", bound=StrEnum)


class IllegalTransition(ValueError):
    """The event can't happen in this state. The caller shows it to whoever tried; a late message is logged by id."""

    def __init__(self, state: StrEnum, event: StrEnum) -> None:
        self.state = state
        self.event = event
        super().__init__(f"{event} can't happen in state {state}")


def advance(table: Mapping[tuple[State, Event], State], state: State, event: Event) -> State:
    """Return the state after `event`. Raises IllegalTransition where the table doesn't have the pair."""
    try:
        return table[state, event]
    except KeyError:
        raise IllegalTransition(state, event) from None


def before(table: Mapping[tuple[State, Event], State], event: Event) -> tuple[State, ...]:
    """Return the states in which `event` can happen, in the table's order: for a statement that changes a set."""
    return tuple(state for state, happens in table if happens is event)

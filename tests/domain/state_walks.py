"""Walking a table of transitions: every state with every event, answered as the policy says or refused by name."""

import itertools
from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import ModuleType
from typing import Any

import pytest

from models.domain.transitions import IllegalTransition

Allowed = Mapping[StrEnum, StrEnum]
Table = tuple[ModuleType, type[StrEnum], type[StrEnum], Mapping[Any, Allowed]]


def every_pair(tables: Iterable[Table]) -> list[Any]:
    """Parameters (module, state, event, allowed) for each pair of each table; `allowed`: event to state, from there."""
    return [
        pytest.param(module, state, event, allowed.get(state, {}), id=f"{state}-{event}")
        for module, states, events, allowed in tables
        for state, event in itertools.product(states, events)
    ]


def is_answered_or_refused(module: ModuleType, state: StrEnum, event: StrEnum, allowed: Allowed) -> None:
    """What is allowed leads where the policy says; everything else is refused by name."""
    if event in allowed:
        assert module.advance(state, event) is allowed[event]
    else:
        with pytest.raises(IllegalTransition, match=f"{event} can't happen in state {state}"):
            module.advance(state, event)

"""Sessions and moves for property tests: whatever a reader may do, in any order."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from simlib.dashboard.catalogue import (
    GROUPS,
    OUTCOME_NAMES,
    WHOLE_GROUPS,
    bounds,
    names,
)
from simlib.dashboard.session import LINES, Session
from simlib.dashboard.state import Scenario
from simlib.errors import InputError
from simlib.inputs.policy import policy_names


def controls() -> tuple[str, ...]:
    """Every control there is, those of a group as `group.name`."""
    flat = [f"{group}.{name}" for group in GROUPS for name in names(group)]
    return ("total", "start", "count_prison", "preset", "outcome", *flat)


def values(control: str) -> st.SearchStrategy[float]:
    """Any value of a control, with those a slider gives and those a reader may type."""
    low, high, _ = bounds(control) or (0.0, 1.0, "")
    exact = st.floats(low, high, allow_nan=False)
    steps = st.integers(0, 50).map(lambda n: min(max(low + n * (high - low) / 50, low), high))
    return exact | steps | st.sampled_from([low, high])


def group(name: str) -> st.SearchStrategy[dict[str, float]]:
    keys = names(name)
    if name in WHOLE_GROUPS:
        return st.fixed_dictionaries({key: values(f"{name}.{key}") for key in keys})
    some = st.lists(st.sampled_from(keys), max_size=5, unique=True)
    return some.flatmap(
        lambda chosen: st.fixed_dictionaries({key: values(f"{name}.{key}") for key in chosen})
    )


fields: dict[str, st.SearchStrategy[Any]] = {
    "total": values("total"),
    "start": st.integers(2025, 2033),
    "count_prison": st.booleans(),
    "preset": st.sampled_from(["", *policy_names()]),
    "outcome": st.sampled_from(OUTCOME_NAMES),
    **{name: group(name) for name in GROUPS},
}
one_field = st.one_of([st.tuples(st.just(name), value) for name, value in fields.items()])
scenarios = st.lists(one_field, max_size=8).map(lambda some: replace(Scenario(), **dict(some)))

names_of_lines = st.sampled_from(["A", "B", "Mine, 2", "Ñandú ☂", "1=1+1", "a;b|c", "<i>"])
moves = st.one_of(
    st.tuples(st.just("choose"), one_field),
    st.tuples(st.just("keep"), st.tuples(names_of_lines, st.sampled_from(LINES))),
    st.tuples(st.just("drop"), st.tuples(names_of_lines)),
    st.tuples(st.just("refer"), st.tuples(st.sampled_from(["no_policy", *LINES, "A", "B"]))),
    st.tuples(st.just("reset"), st.tuples(st.sampled_from(["policy", "assumptions", "judgement"]))),
)


def moved(session: Session, move: tuple[str, Any]) -> Session:
    """The session after a move; the same one where the move is refused in words."""
    name, given = move
    try:
        return (
            session.choose(**dict([given])) if name == "choose" else getattr(session, name)(*given)
        )
    except InputError:
        return session


def after(made: list[tuple[str, Any]]) -> Session:
    session = Session()
    for move in made:
        session = moved(session, move)
    return session


sessions = st.lists(moves, max_size=12).map(after)

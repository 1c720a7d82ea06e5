"""Results read back from a file, which may come from anyone."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from simlib.errors import Faults, InputError, shown
from simlib.inputs.parameters import LEVER_GROUP, load_parameters
from simlib.inputs.paths import DAMAGED, named, read_arrays
from simlib.inputs.tables import name_fault
from simlib.results import OUTCOMES, Array, Ensemble, Flows

OPEN_IN_THE_RECORD = "cost_additive"
"""A flow that is not known before there is a policy to compare with."""


def read_ensemble(path: str | Path) -> Ensemble:
    """Read what :meth:`Ensemble.save` wrote; arrays and text only, no code is ever run.

    Raises
    ------
    InputError
        When the file is missing, damaged or of another kind, or its parts do not fit together.
    """
    arrays, faults = read_arrays(path, "results"), Faults(named(path).name)
    parts: dict[str, dict[str, Array]] = {"history": {}, "projection": {}, "parameters": {}}
    try:
        described = json.loads(arrays.pop("about").tobytes())
        policies, about = described["policies"], dict(described["about"])
        for name, values in arrays.items():
            part, key = name.split("/", 1)
            parts[part][key] = values
    except DAMAGED as why:
        raise InputError(f"{faults.where}: cannot be read as results: {why or repr(why)}") from why
    _check_names(policies, faults)
    faults.raise_any()
    found = Ensemble(tuple(policies), about=about, **parts)
    _check_parameters(found, faults)
    faults.raise_any()
    for part in ("history", "projection"):
        _check_flows(part, getattr(found, part), found, faults)
        faults.raise_any()
        _check_outcomes(part, getattr(found, part), found, faults)
    faults.raise_any()
    return found


def _check_names(policies: Any, faults: Faults) -> None:
    """Policies must be names that differ."""
    names = policies if isinstance(policies, list) else []
    if not names or not all(isinstance(each, str) for each in names):
        faults.add("policies", f"{shown(policies)} is no list of names")
    elif faulty := next(filter(None, map(name_fault, names)), None):
        faults.add("policies", faulty)
    elif len(set(names)) < len(names):
        faults.add("policies", f"names must differ, not {', '.join(map(shown, names))}")


def _check_parameters(found: Ensemble, faults: Faults) -> None:
    rows = load_parameters()
    for name, row in rows.items():
        if row.group != LEVER_GROUP and name not in found.parameters:
            faults.add("parameters", f"{name} is missing; these are results of another version")
    shapes = {values.shape for values in found.parameters.values()}
    for name, values in found.parameters.items():
        if values.ndim != 1 or not values.size or not _numbers(values):
            faults.add(f"parameters/{name}", "must be a finite number a draw")
    if len(shapes) > 1:
        faults.add("parameters", f"have different numbers of draws: {sorted(shapes)}")


def _check_flows(part: str, flows: Flows, found: Ensemble, faults: Faults) -> None:
    """Flows must be numbers by step, policy and draw from which every outcome can be taken."""
    steps = flows["time"].size if "time" in flows else 0
    dt = flows.get("dt", np.zeros(()))
    length = float(dt) if dt.shape == () and _numbers(dt) else 0.0
    if not 0 < length <= 1 or not math.isclose(1 / length, round(1 / length)):
        faults.add(f"{part}/dt", "must be the part of a year that one step is")
    rising = "time" in flows and flows["time"].shape == (steps, 1, 1) and _numbers(flows["time"])
    if not rising or np.any(np.diff(flows["time"].ravel()) <= 0):
        faults.add(f"{part}/time", "must be the middle of each step, rising")
    draws = len(next(iter(found.parameters.values())))
    for name in sorted(flows.keys() - {"time", "dt"}):
        values, policies = flows[name], 1 if part == "history" else len(found.policies)
        axes = len(values.shape) == 3 and values.shape[0] == steps
        fits = axes and values.shape[1] in (1, policies) and values.shape[2] in (1, draws)
        if not fits:
            faults.add(f"{part}/{name}", f"has shape {values.shape}, not steps, policies, draws")
        elif name != OPEN_IN_THE_RECORD and not _numbers(values):
            faults.add(f"{part}/{name}", "is not finite")


def _check_outcomes(part: str, flows: Flows, found: Ensemble, faults: Faults) -> None:
    """Nothing that an outcome is taken from may be missing; one step shows it."""
    first = {name: values[:1] if values.ndim else values for name, values in flows.items()}
    for outcome in OUTCOMES.values():
        try:
            outcome.of(first, found.parameters)
        except KeyError as missing:
            faults.add(part, f"{missing.args[0]} is missing")


def _numbers(values: Array) -> bool:
    return values.dtype.kind == "f" and bool(np.all(np.isfinite(values)))

"""The search space: instructions and demonstrations of every predictor, a program's knobs, and the choice of program.

Knobs are constructor arguments of a catalogue program (`rounds`, `samples`, `temperature`), or request settings of one of its
steps (`generate.temperature`). Programs are interchangeable when they have the same task.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import dspy

from selftaught.errors import SettingError, nearest


@dataclass(frozen=True, slots=True)
class Space:
    """What may be chosen besides instructions and demonstrations. `knobs`: name -> values; `programs`: name -> program."""

    knobs: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    programs: Mapping[str, dspy.Module] = field(default_factory=dict)

    def points(self) -> list[tuple[str | None, dict[str, Any]]]:
        """Return every choice of program and knobs, the program as it is first."""
        names = list(self.knobs)
        settings = [dict(zip(names, values, strict=True)) for values in product(*self.knobs.values())]
        return [(program, setting) for program in (None, *self.programs) for setting in ([{}] if program else settings)]


def checked_space(
    program: dspy.Module, knobs: Mapping[str, Sequence[Any]] | None, programs: Mapping[str, dspy.Module] | None
) -> Space:
    """Return the space of a program, or refuse what does not fit.

    Raises:
        SettingError: an unknown knob, a knob without values, or a program with another task.
    """
    for name, values in (knobs or {}).items():
        if isinstance(values, str) or not isinstance(values, Sequence) or not values:
            raise SettingError(f"knobs[{name!r}] is {values!r}: expected the values to choose from, such as (1, 2, 3).")
        turned(program, {name: values[0]})
    for name, other in (programs or {}).items():
        if not isinstance(other, dspy.Module):
            raise SettingError(f"programs[{name!r}] is {other!r}: expected a program, such as st.Predict(task).")
        if (mine := fields_of(program)) != (theirs := fields_of(other)):
            raise SettingError(f"programs[{name!r}] has another task than the program: {theirs}, not {mine}.")
    return Space(dict(knobs or {}), dict(programs or {}))


def fields_of(program: dspy.Module) -> Any:
    """Return the fields of a program's task; None where it has none."""
    task = getattr(program, "task", None) or getattr(program, "signature", None)
    if task is None:
        return None
    return sorted(task.input_fields), sorted((name, str(field.annotation)) for name, field in task.output_fields.items())


def turned(program: dspy.Module, knobs: Mapping[str, Any]) -> dspy.Module:
    """Return a copy of a program with other knobs; instructions and demonstrations stay.

    Raises:
        SettingError: it has no such knob, or does not take the value.
    """
    copy: dspy.Module = program.deepcopy()
    settings = {name: value for name, value in knobs.items() if "." in name}
    arguments = {name: value for name, value in knobs.items() if "." not in name}
    if arguments:
        copy = _rebuilt(copy, arguments)
    predictors = dict(copy.named_predictors())
    for name, value in settings.items():
        step, _, setting = name.rpartition(".")
        if step not in predictors:
            raise SettingError(
                f"There is no knob {name!r}: no step {step!r}{nearest(step, predictors)}. Steps: {sorted(predictors)}."
            )
        predictors[step].config = {**predictors[step].config, setting: value}
    return copy


def _rebuilt(program: dspy.Module, arguments: Mapping[str, Any]) -> dspy.Module:
    """Build a program again with other constructor arguments, and give its steps back what they had."""
    known = getattr(program, "arguments", None)
    if known is None:
        raise SettingError(
            f"{type(program).__name__} was not built by the catalogue, so only knobs of its steps can be turned, such as "
            "'predict.temperature'. Choose between programs with programs={...}."
        )
    try:
        built = type(program)(**{**known.values, **arguments})
    except TypeError as error:
        raise SettingError(f"{type(program).__name__} has no knob {sorted(arguments)}: {error}.") from error
    before = dict(program.named_predictors())
    for name, predictor in built.named_predictors():
        if name in before:
            old = before[name]
            predictor.signature, predictor.demos = old.signature, list(old.demos)
            predictor.config = {**predictor.config, **old.config}
    return built

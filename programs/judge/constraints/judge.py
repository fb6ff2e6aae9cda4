"""MathIF (184; Fu et al., 2025): the share of verifiable constraints that an answer satisfies, without a model.

For knowing whether a change that makes answers better makes them disobey, and as a metric that costs nothing. Multiply it with
a score for being right, so that neither is bought with the other.

1. Take the constraints: the judge's own, and those that the input brings along.
2. Check each on the answer's text.
3. Score: the share satisfied (soft), or 1 only when all are (`hard`).
4. With `loose`, a constraint is satisfied when it is in the text without its first line, its last line or both, or without
   asterisks: IFEval's allowance for an introduction, a closing remark and emphasis.

Departures: (1) the paper's fifteen kinds are among the ones here (`kinds()`), which are IFEval's and most of IFBench's.
(2) Contradicting constraints of the judge are refused, where the paper draws from a table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from selftaught.errors import InputError, SettingError, nearest
from selftaught.programs.base import Arguments, Calls
from selftaught.programs.given import listed
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.constraints.base import Constraint, as_constraint
from selftaught.programs.judge.constraints.conflicts import conflicts
from selftaught.programs.judge.constraints.language import profiles
from selftaught.registry import method
from selftaught.signatures import Criterion, Task, Verdict, input_names, output_names


@method(184, "mathif", family="judge", missing="the analysis by number of constraints and by length of thinking")
class Constraints(Judge):
    """Judge by constraints that a program checks; no calls.

    Args:
        task: what the answers are answers to.
        constraints: what every answer must satisfy: constraints, or dictionaries `{"kind": ..., argument: ...}`.
        constraints_field: a task input that holds more of them, as dictionaries, for its own answer.
        field: the output whose text is checked; by default the only output of type str.
        hard: 1 or 0 instead of the share satisfied.
        loose: allow for an introduction, a closing remark and emphasis.

    Raises:
        SettingError: no constraints, contradicting ones, an unknown field or kind, or `langdetect` is needed and not there.
    """

    def __init__(
        self,
        task: str | Task,
        constraints: Sequence[Constraint | Mapping[str, Any]] = (),
        *,
        constraints_field: str | None = None,
        field: str | None = None,
        hard: bool = False,
        loose: bool = False,
    ) -> None:
        super().__init__(task)
        self.constraints = tuple(map(as_constraint, listed("constraints", constraints, object, "constraints")))
        if not self.constraints and constraints_field is None:
            raise SettingError(
                "constraints=[]: a judge without criteria would pass everything. Give constraints, or constraints_field, the input that holds them."
            )
        _refuse_contradictions(self.constraints)
        if any(one.kind == "language:response_language" for one in self.constraints):
            profiles()
        if constraints_field is not None and constraints_field not in self.task.input_fields:
            raise SettingError(
                f"constraints_field={constraints_field!r} is no input of the task{nearest(constraints_field, input_names(self.task))}."
            )
        self.constraints_field = constraints_field
        self.field = _text_field(self.task, field)
        self.hard = hard
        self.loose = loose
        saved = {"constraints": [one.to_dict() for one in self.constraints]} if self.constraints else {}
        self.arguments: Arguments = Arguments({**self.arguments.values, **saved})

    async def verdict(self, inputs: dict[str, Any], outputs: dict[str, Any]) -> Verdict:
        """Check one answer."""
        constraints = (*self.constraints, *self._brought_along(inputs))  # 1
        texts = readings(str(outputs[self.field])) if self.loose else [str(outputs[self.field])]
        criteria = tuple(_checked(one, texts) for one in constraints)  # 2, 4
        share = sum(criterion.passed is True for criterion in criteria) / len(criteria)  # 3
        passed = share == 1.0
        reasons = " ".join(criterion.reason for criterion in criteria if criterion.reason)
        return Verdict(
            score=float(passed) if self.hard else share, passed=passed, reasons=reasons, criteria=criteria, confidence=1.0
        )

    def _brought_along(self, inputs: dict[str, Any]) -> tuple[Constraint, ...]:
        if self.constraints_field is None:
            return ()
        given = inputs[self.constraints_field]
        if not isinstance(given, Sequence) or isinstance(given, str) or not (given or self.constraints):
            raise InputError(
                f"The input {self.constraints_field!r} must hold a list of constraints, at least one; it holds {given!r}."
            )
        return tuple(map(as_constraint, given))

    def cost(self) -> Calls:
        """Return no calls."""
        return Calls(0, 0)


def readings(text: str) -> list[str]:
    """Return a text as it is and as IFEval's loose reading allows: without outer lines, without asterisks."""
    rows = text.split("\n")
    cut = ["\n".join(part).strip() for part in (rows[1:], rows[:-1], rows[1:-1])]
    return [text, *(one for one in (*cut, *(each.replace("*", "") for each in (text, *cut))) if one.strip())]


def _checked(one: Constraint, texts: Sequence[str]) -> Criterion:
    passed = any(map(one.check, texts))
    return Criterion(name=one.describe(), passed=passed, reason="" if passed else one.explain(texts[0]))


def _refuse_contradictions(constraints: Sequence[Constraint]) -> None:
    for place, one in enumerate(constraints):
        for other in constraints[place + 1 :]:
            if conflicts(one, other):
                raise SettingError(f"No answer can satisfy both: {one.describe()!r} and {other.describe()!r}. Drop one.")


def _text_field(task: Task, field: str | None) -> str:
    texts = [name for name in output_names(task) if task.output_fields[name].annotation is str]
    if field is None and len(texts) == 1:
        return texts[0]
    if field is None:
        raise SettingError(
            f"The task has {len(texts)} outputs of type str; say which one to check: field=... of {output_names(task)}."
        )
    if field not in output_names(task):
        raise SettingError(f"field={field!r} is no output of the task{nearest(field, output_names(task))}.")
    return field

"""A step: one typed call of a language model, a predictor that every optimizer can reach."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from weakref import WeakSet

import dspy
from dspy.utils.exceptions import AdapterParseError

from selftaught import scope
from selftaught.conduct import conducted
from selftaught.errors import AnswerError, CallError, ConnectionFailed, InputError, SettingError, TruncatedAnswer
from selftaught.loop import run_sync
from selftaught.metering import Reply, last_reply, step_name
from selftaught.programs.base import Calls, Composable, Rebuildable, record
from selftaught.programs.odds import CANDIDATES, choices_of, odds_of
from selftaught.signatures import Task, as_task

RETRY_TEMPERATURE = 0.7

_without_odds: WeakSet[Any] = WeakSet()
"""Models that refused log-probabilities; they are not asked for them again."""


class Step(Composable, Rebuildable, dspy.Predict):
    """One typed call.

    Args:
        task: the step's signature, usually derived from the program's task.
        retries: how often an answer that does not parse is asked for again, as another sample. Then the row fails alone.
        check: looks at the inputs before the call and may raise InputError.
        odds: an answer field with few values (Literal, bool, or an integer from 0 to 9). The prediction's `odds` then holds the
            probability of each, from the model's log-probabilities; None where the model gives none.
        settings: request settings of this step, such as `temperature` or `max_tokens`.

    Raises:
        SettingError: `odds` names a field that has no small set of values.
    """

    def __init__(
        self,
        task: str | Task,
        *,
        retries: int = 1,
        check: Callable[[dict[str, Any]], None] | None = None,
        odds: str | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(as_task(task), **settings)
        self.retries = retries
        self.check = check
        self.odds = odds
        if odds is not None and not (odds in self.signature.output_fields and choices_of(self.signature, odds)):
            raise SettingError(f"odds={odds!r}: not an output field with a small set of values (Literal, bool, or 0 to 9).")

    async def acall(self, *args: Any, **inputs: Any) -> dspy.Prediction:
        """Answer from asynchronous code, with `config` for settings of this one call.

        Raises:
            InputError: an input of the signature is missing.
            AnswerError: the answer did not parse, however often it was asked for; `raw` holds the last one.
            TruncatedAnswer: it was cut off at the token limit.
        """
        self._check_inputs(inputs)
        config = dict(inputs.pop("config", {}))
        with conducted():
            for attempt in range(self.retries + 1):
                replies: list[Reply] = []
                token = last_reply.set(replies)
                try:
                    prediction = await self._predicted(args, inputs, _again(config, attempt))
                except AdapterParseError as error:
                    if attempt == self.retries:
                        raise self._refusal(error, replies) from error
                    continue
                finally:
                    last_reply.reset(token)
                record(
                    step_name(self),
                    {name: inputs[name] for name in (inputs.get("signature") or self.signature).input_fields if name in inputs},
                    _plain(prediction),
                )
                return prediction
        raise AssertionError("unreachable")

    def __call__(self, *args: Any, **inputs: Any) -> dspy.Prediction:
        """Answer from synchronous code; see `acall`."""
        return run_sync(lambda: self.acall(*args, **inputs))

    async def _predicted(self, args: tuple[Any, ...], inputs: dict[str, Any], config: dict[str, Any]) -> dspy.Prediction:
        """Ask once, with log-probabilities where odds are wanted and the model gives them."""
        if self.odds is None:
            return await super().acall(*args, **inputs, config=config)
        model = inputs.get("lm") or self.lm or dspy.settings.lm
        asking = {} if model in _without_odds else {"logprobs": True, "top_logprobs": CANDIDATES}
        try:
            prediction = await super().acall(*args, **inputs, config={**config, **asking})
        except CallError as error:
            if not asking or isinstance(error, ConnectionFailed) or "logprob" not in str(error).lower():
                raise
            _without_odds.add(model)
            prediction = await super().acall(*args, **inputs, config=config)
        prediction["odds"] = odds_of(prediction.get("logprobs"), self.odds, choices_of(self.signature, self.odds))
        prediction._store.pop("logprobs", None)
        return prediction

    def _check_inputs(self, inputs: dict[str, Any]) -> None:
        fields = self.signature.input_fields
        missing = [name for name, field in fields.items() if name not in inputs and field.is_required()]
        if missing:
            given = sorted(name for name in inputs if name in fields)
            raise InputError(
                f"The step {self.signature.__name__} lacks the input {missing[0]!r}. It was given {given}, it needs {sorted(fields)}."
            )
        if self.check is not None:
            self.check(inputs)

    def _refusal(self, error: AdapterParseError, replies: list[Reply]) -> AnswerError:
        raw = replies[-1].text if replies else error.lm_response
        name = self.signature.__name__
        if replies and replies[-1].finish == "length":
            return TruncatedAnswer(
                f"The answer of step {name} was cut off at the token limit. Raise max_tokens of the model.", raw=raw
            )
        reason = str(error).splitlines()[0] if str(error) else "it did not parse"
        return AnswerError(f"The answer of step {name} is not in the asked form, {self.retries + 1} times: {reason}", raw=raw)


class Predict(Step):
    """`Step` under the name that DSPy users know: the plain program for a task, one call."""

    @property
    def task(self) -> Task:
        """The step's signature."""
        return self.signature

    def cost(self) -> Calls:
        """Return that one input takes one call."""
        return Calls(1, 1)


def _again(config: dict[str, Any], attempt: int) -> dict[str, Any]:
    """Ask for another sample after an answer that did not parse; a first attempt is left as it is."""
    if attempt == 0:
        return config
    rollout = f"{config.get('rollout_id', '')}retry{attempt}"
    return {
        **config,
        "rollout_id": rollout,
        "temperature": config.get("temperature") or scope.current().temperature or RETRY_TEMPERATURE,
    }


def _plain(prediction: dspy.Prediction) -> dict[str, Any]:
    return {name: value for name, value in prediction.items() if name != "steps"}


def step_with(task: str | Task, demos: Iterable[Mapping[str, Any]]) -> Step:
    """Return a step that is shown demonstrations: plain values of its fields."""
    step = Step(task)
    step.demos = [dspy.Example(**demo) for demo in demos]
    return step

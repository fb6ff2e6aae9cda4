"""Modules and steps: what is composed, and the one typed call of the model that it is composed of."""

from __future__ import annotations

from typing import Any

from selftaught.errors import AnswerError, CallError, ConnectionFailed, InputError, TruncatedAnswer
from selftaught.export.bundle.runtime.calls import Reply, ask, current
from selftaught.export.bundle.runtime.kinds import NOTHING
from selftaught.export.bundle.runtime.links import CANDIDATES, choices_of, odds_of, record
from selftaught.export.bundle.runtime.prompts import messages_of
from selftaught.export.bundle.runtime.reading import answer_values
from selftaught.export.bundle.runtime.schema import answer_schema
from selftaught.export.bundle.runtime.server import model
from selftaught.export.bundle.runtime.signatures import Signature
from selftaught.export.bundle.runtime.values import Prediction

RETRY_TEMPERATURE = 0.7
NO_ODDS: set[str] = set()
"""Models that refused log-probabilities; they are not asked for them again."""


class Module:
    """What can be asked by name of its inputs, made of its parts."""

    def __init__(self, **parts: Any) -> None:
        self.__dict__.update(parts)

    async def acall(self, **inputs: Any) -> Prediction:
        """Answer one input."""
        return await self.aforward(**inputs)

    async def aforward(self, **inputs: Any) -> Prediction:
        """Carry out the method on one input."""
        raise NotImplementedError

    def predictors(self) -> list[Step]:
        """Return the steps inside, each once, in order."""
        found: dict[int, Step] = {}
        waiting: list[Any] = [self]
        while waiting:
            one = waiting.pop(0)
            if isinstance(one, Step):
                found.setdefault(id(one), one)
            elif isinstance(one, Module):
                waiting[:0] = list(vars(one).values())
            elif isinstance(one, list | tuple | dict):
                waiting[:0] = list(one.values() if isinstance(one, dict) else one)
        return list(found.values())


class Unparsed(ValueError):
    """An answer that is not in the asked form."""

    def __init__(self, message: str, reply: Reply) -> None:
        super().__init__(message)
        self.reply = reply


class Step(Module):
    """One typed call of the model.

    Args:
        task: its signature.
        name: of the step in its program.
        demos: demonstrations.
        config: request settings of this step.
        retries: how often an answer that does not parse is asked for again, as another sample.
        check: looks at the inputs before the call.
        odds: an answer field with few values, whose probabilities the prediction's `odds` holds where the model gives them.
    """

    lm = None
    signature: Any
    name: str
    demos: list[Any]
    config: dict[str, Any]

    def __init__(
        self, task: Signature, *, name: str = "Step", demos: Any = (), config: dict[str, Any] | None = None, retries: int = 1,
        check: Any = None, odds: str | None = None, **settings: Any,
    ) -> None:  # fmt: skip
        super().__init__(signature=task, name=name, demos=list(demos), config={**(config or {}), **settings})
        self.retries, self.check, self.odds = retries, check, odds

    async def acall(self, **inputs: Any) -> Prediction:
        """Answer one input; `signature`, `demos` and `config` are of this one call.

        Raises:
            InputError: an input is missing.
            AnswerError: the answer did not parse, however often it was asked for; `raw` holds the last one.
        """
        self._check_inputs(inputs)
        config = dict(inputs.pop("config", {}))
        for attempt in range(self.retries + 1):
            try:
                found = await self._predicted((), inputs, again(config, attempt))
            except Unparsed as error:
                if attempt == self.retries:
                    raise self._refusal(error) from error
                continue
            task = inputs.get("signature") or self.signature
            record(self.name, {name: inputs[name] for name in task.input_fields if name in inputs}, dict(found.items()))
            return found
        raise AssertionError("unreachable")

    async def _predicted(self, args: tuple[Any, ...], inputs: dict[str, Any], config: dict[str, Any]) -> Prediction:
        """Ask once, with log-probabilities where odds are wanted and the model gives them."""
        if self.odds is None:
            return await self._asked(inputs, config)
        asking = {} if model().name in NO_ODDS else {"logprobs": True, "top_logprobs": CANDIDATES}
        try:
            found = await self._asked(inputs, {**config, **asking})
        except CallError as error:
            if not asking or isinstance(error, ConnectionFailed) or "logprob" not in str(error).lower():
                raise
            NO_ODDS.add(model().name)
            found = await self._asked(inputs, config)
        found["odds"] = odds_of(found.get("logprobs"), self.odds, choices_of(self.signature, self.odds))
        found._store.pop("logprobs", None)
        return found

    async def _asked(self, inputs: dict[str, Any], config: dict[str, Any]) -> Prediction:
        task = inputs.get("signature") or self.signature
        shown = {name: inputs.get(name, field.default) for name, field in task.input_fields.items()}
        given = {name: value for name, value in shown.items() if value is not NOTHING}
        schema = {"name": "answer", "strict": True, "schema": answer_schema(task.output_fields)}
        settings = {**self.config, **config, "response_format": {"type": "json_schema", "json_schema": schema}}
        reply = await ask(messages_of(task, inputs.get("demos") or self.demos, given), settings)
        if not reply.text:
            raise Unparsed("the answer is empty", reply)
        try:
            found = answer_values(task.output_fields, reply.text)
        except ValueError as error:
            raise Unparsed(str(error), reply) from error
        return Prediction(**found, **({"logprobs": reply.logprobs} if reply.logprobs else {}))

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

    def _refusal(self, error: Unparsed) -> AnswerError:
        name, raw = self.signature.__name__, error.reply.text
        if error.reply.finish == "length":
            return TruncatedAnswer(f"The answer of step {name} was cut off at the token limit. Raise max_tokens.", raw=raw)
        reason = str(error).splitlines()[0]
        return AnswerError(f"The answer of step {name} is not in the asked form, {self.retries + 1} times: {reason}", raw=raw)


def again(config: dict[str, Any], attempt: int) -> dict[str, Any]:
    """Ask for another sample after an answer that did not parse; a first attempt is left as it is."""
    if attempt == 0:
        return config
    warm = config.get("temperature") or current().temperature or RETRY_TEMPERATURE
    return {**config, "rollout_id": f"{config.get('rollout_id', '')}retry{attempt}", "temperature": warm}


class Predict(Step):
    """A step that is a whole program: one call."""

    @property
    def task(self) -> Signature:
        """The step's signature."""
        return self.signature


def restored(kind: Any, /, **parts: Any) -> Any:
    """Return an instance of a class with these attributes, whatever its constructor asks for."""
    made = object.__new__(kind)
    made.__dict__.update(parts)
    return made

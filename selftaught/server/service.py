"""A program being served: takes inputs, bounds and records what they cost, gives answers."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import dspy
from dspy.adapters.utils import serialize_for_json
from dspy.utils.callback import BaseCallback

from selftaught import scope
from selftaught.budget import Budget
from selftaught.conduct import conducted
from selftaught.errors import CallError, Overloaded, SettingError, TimedOut
from selftaught.ledger import Ledger, Usage
from selftaught.loop import in_thread
from selftaught.metering import step_name
from selftaught.server import logs
from selftaught.server.gate import Gate, Place
from selftaught.server.keys import ANYONE, Caller, Keys
from selftaught.server.metrics import Metrics
from selftaught.server.schemas import Forms, described, task_of
from selftaught.server.settings import ServerSettings
from selftaught.signatures import Task

Tell = Callable[[dict[str, Any]], None]


@dataclass(slots=True)
class Visit:
    """One request: its id, who asks, and what it has cost so far."""

    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    caller: Caller = ANYONE
    ledger: Ledger = field(default_factory=lambda: Ledger(keep=0))
    problem: str = ""


class Service:
    """What every way to serve a program shares.

    Args:
        program: any `dspy.Module`.
        task: its inputs and outputs, where the program does not tell.
        lm: the model; by default the one that DSPy is configured with.
        settings: the bounds.
        keys: who may ask.
        ledger: where calls are written down, labelled with the key's name.
        budget: a ceiling for all callers together.
        name: of the program, for people.

    Raises:
        TaskError: the task is unknown, or has a field without a JSON form. SettingError: there is no model.
    """

    def __init__(
        self,
        program: dspy.Module,
        *,
        task: str | Task | None = None,
        lm: dspy.BaseLM | None = None,
        settings: ServerSettings | None = None,
        keys: Keys | None = None,
        ledger: Ledger | None = None,
        budget: Budget | None = None,
        name: str = "",
    ) -> None:
        self.program, self.task = program, task_of(program, task)
        self.about = described(program, self.task)
        self.settings = settings or ServerSettings()
        self.forms = Forms(self.task, self.settings.rows)
        self.name = name or self.task.__name__
        self.lm = lm or dspy.settings.lm
        if self.lm is None and any(one.lm is None for one in program.predictors()):
            raise SettingError(
                "There is no model to answer with. Give serve(program, lm=st.lm(...)), or configure DSPy with one."
            )
        self.adapter = dspy.settings.adapter
        self.keys, self.ledger, self.budget = keys or Keys(), ledger or Ledger(), budget
        self.gate = Gate(self.settings.max_concurrency, self.settings.queue)
        self.metrics = Metrics()

    async def answer(self, inputs: dict[str, Any], visit: Visit, place: Place, tell: Tell | None = None) -> dict[str, Any]:
        """Answer one input.

        Args:
            inputs: checked against the task.
            visit: the request it belongs to.
            place: room that was taken for it.
            tell: is given each step as it ends.

        Raises:
            TimedOut: it took too long. Overloaded: the time went by while it waited. CallError, BudgetSpent and others: it failed.
        """
        ledger, waiting = Ledger(keep=0), True
        steps: list[dict[str, Any]] = []
        try:
            async with asyncio.timeout(self.settings.timeout) as limit, self.gate.turn():
                waiting = False
                with self._surrounded(visit, ledger, steps, tell):
                    prediction = await self._call(inputs)
        except TimeoutError as error:
            if not limit.expired():
                raise
            if waiting:
                raise Overloaded(f"No turn came within {self.settings.timeout:g} seconds. Ask again in a moment.") from error
            raise TimedOut(f"There was no answer within {self.settings.timeout:g} seconds.") from error
        finally:
            place.leave()
            self.metrics.used(ledger.usage)
        answer = self._told(prediction)
        if self.settings.log_content:
            logs.tell("answer", id=visit.id, inputs=serialize_for_json(inputs), **answer)
        shown = steps if self.settings.steps else None
        return {"id": visit.id, **answer, "steps": shown, "usage": spent(ledger.usage)}

    async def _call(self, inputs: dict[str, Any]) -> Any:
        if hasattr(self.program, "aforward"):
            return await self.program.acall(**inputs)
        return await in_thread(lambda: self.program(**inputs))

    @contextlib.contextmanager
    def _surrounded(self, visit: Visit, ledger: Ledger, steps: list[dict[str, Any]], tell: Tell | None) -> Iterator[None]:
        """Give one input its own trace, ledgers, budgets and listener; nothing of it stays in the process."""

        def heard(step: dict[str, Any]) -> None:
            steps.append(step)
            if tell is not None:
                tell(step)

        budgets = tuple(one for one in (self.budget, visit.caller.budget) if one is not None)
        callbacks = [*dspy.settings.get("callbacks", []), Listener(heard)]
        own = {"lm": self.lm, "adapter": self.adapter, "trace": [], "disable_history": True, "callbacks": callbacks}
        ledgers = (self.ledger, visit.ledger, ledger)
        with dspy.context(**own), scope.scoped(budgets=budgets, ledgers=ledgers, label=visit.caller.name, run=None), conducted():
            yield

    def _told(self, prediction: Any) -> dict[str, Any]:
        said = dict(prediction.items()) if isinstance(prediction, dspy.Prediction) else {}
        for name in self.task.output_fields:
            if name not in said:
                raise CallError(f"The program's answer has no {name!r}; its task {self.task.__name__} declares it.")
        outputs = {name: serialize_for_json(said[name]) for name in self.task.output_fields}
        more = {name: serialize_for_json(value) for name, value in said.items() if name not in outputs and name != "steps"}
        return {"outputs": outputs, "more": more}


class Listener(BaseCallback):
    """Hears the predictors of a program end, through DSPy's callbacks."""

    def __init__(self, heard: Tell) -> None:
        self.heard = heard
        self._begun: dict[str, tuple[str, float]] = {}

    def on_module_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """Remember which step begins."""
        if isinstance(instance, dspy.Predict):
            self._begun[call_id] = (step_name(instance), time.perf_counter())

    def on_module_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
        """Tell what the step said."""
        name, started = self._begun.pop(call_id, ("", 0.0))
        if name and exception is None and isinstance(outputs, dspy.Prediction):
            said = {key: serialize_for_json(value) for key, value in outputs.items()}
            self.heard({"step": name, "outputs": said, "seconds": round(time.perf_counter() - started, 3)})


def spent(usage: Usage) -> dict[str, Any]:
    """Return what an answer took."""
    return {name: getattr(usage, name) for name in ("calls", "cached", "prompt_tokens", "completion_tokens", "usd")}


def to_json(value: Any) -> str:
    """Return strict JSON in ASCII; numbers that JSON does not have become null."""
    text = json.dumps(value, default=str)
    if "NaN" in text or "Infinity" in text:
        text = json.dumps(json.loads(text, parse_constant=lambda _: None))
    return text

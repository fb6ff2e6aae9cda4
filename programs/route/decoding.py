"""HAG (125; Siyin Wang et al., 2024): the model sets its own decoding for each input, then answers with it.

For requests that differ, exact ones and free ones, where one temperature is a compromise. A prompted model knows little of its own
decoder, and a good setting found by one draw is luck: compare with the model's own settings. Some services fix theirs.

1. Ask for the settings, greedily, also where samples are drawn of the whole program.
2. Take what the model can set, put it within its range, and note what was dropped or changed. An answer that cannot be read sets
   nothing.
3. Answer with these settings. An answer cut off at a length set so is asked for again with the model's own length.

Departures: (1) the prompted form: nothing is trained on settings that were searched. (2) Temperature, top_p and length, which all
services know; the paper also sets top_k and a penalty on repetition. (3) The second try of step 3.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import dspy

from selftaught import scope
from selftaught.errors import AnswerError, SettingError, TruncatedAnswer
from selftaught.programs.base import Calls, Program
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, derived

LENGTH = "max_tokens"
RANGES = {"temperature": (0.0, 1.5), "top_p": (0.1, 1.0), LENGTH: (64.0, 2048.0)}
"""What may be set, and within which limits most services allow it."""


@method(125, "hag", family="route", missing="tuning the model on settings that were searched")
class AdaptiveDecoding(Program):
    """Let the model choose temperature, top_p and length for each input, then answer with them.

    The prediction also holds `settings`, those in force, and `notes`, what was dropped or changed.

    Args:
        task: what to do. It has no field of the name of a setting.
        ranges: setting -> its lowest and highest value; those left out are not asked for. By default temperature 0 to 1.5, top_p
            0.1 to 1 and max_tokens 64 to 2048.
        generate: the predictor that answers; a step on the task by default.

    Raises:
        SettingError: a setting that is not known, a range that is none, or a generator that is no predictor.
    """

    def __init__(
        self, task: str | Task, *, ranges: Mapping[str, Sequence[float]] | None = None, generate: dspy.Predict | None = None
    ) -> None:
        super().__init__(task)
        if generate is not None and not isinstance(generate, dspy.Predict):
            raise SettingError(
                f"generate={generate!r}: expected a predictor, such as st.Predict(task), since it is given settings."
            )
        given = {name: _range(name, limits) for name, limits in (RANGES if ranges is None else ranges).items()}
        self.ranges = {name: given[name] for name in RANGES if name in given}
        if self.ranges:
            self.configure = Step(_configuration(self.task, list(self.ranges)))
        self.generate = generate or Step(self.task)

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Answer one input."""
        said = await self._configured(inputs) if self.ranges else {}  # 1
        settings, notes = self._possible(said)  # 2
        try:
            found = await self.generate.acall(**inputs, **({"config": settings} if settings else {}))  # 3
        except TruncatedAnswer:
            if settings.pop(LENGTH, None) is None:
                raise
            notes.append(f"{LENGTH} was too small for the answer.")
            found = await self.generate.acall(**inputs, config=settings)
        return self.answer(found, settings=settings, notes=notes)

    async def _configured(self, inputs: dict[str, Any]) -> dict[str, Any]:
        with scope.scoped(rollout="", temperature=None):
            try:
                return dict(await self.configure.acall(**inputs, config={"temperature": 0.0}))
            except AnswerError:
                return {}

    def _possible(self, said: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """Return the settings that the model in use takes, within their ranges, and what became of the others."""
        supported = getattr(self.generate.lm or dspy.settings.lm, "supported_params", None)
        settings: dict[str, Any] = {}
        notes = [] if said or not self.ranges else ["The settings could not be read; the model's own are in force."]
        for name, (low, high) in self.ranges.items():
            if name not in said or not math.isfinite(said[name]):
                continue
            if supported and name not in supported:
                notes.append(f"{name} cannot be set on this model.")
                continue
            value = min(max(float(said[name]), low), high)
            if value != said[name]:
                notes.append(f"{name} {said[name]:g} was put within {low:g} to {high:g}.")
            settings[name] = int(value) if name == LENGTH else value
        return settings, notes

    def cost(self) -> Calls:
        """Return the calls of one input: settings, answer, and the answer again where its length was set too small."""
        return Calls(2, 3 if LENGTH in self.ranges else 2) if self.ranges else Calls(1, 1)


def _range(name: str, limits: Any) -> tuple[float, float]:
    if name not in RANGES:
        raise SettingError(f"ranges: {name!r} cannot be set; expected some of {sorted(RANGES)}.")
    try:
        low, high = (float(one) for one in limits)
    except (TypeError, ValueError) as error:
        raise SettingError(f"ranges[{name!r}]={limits!r}: expected its lowest and its highest value.") from error
    if not RANGES[name][0] * (name != LENGTH) <= low <= high:
        raise SettingError(f"ranges[{name!r}]={limits!r}: expected its lowest and its highest value, in that order.")
    return low, high


def _configuration(task: Task, names: list[str]) -> Task:
    """Return the signature of the step that chooses. The kind of answer is named first: then the numbers follow from it."""
    kinds: dict[str, Any] = {"kind": (Literal["exact", "free", "inventive"], dspy.OutputField(desc=KINDS))}
    kinds |= {name: (int if name == LENGTH else float, dspy.OutputField(desc=MEANS[name])) for name in names}
    return derived(task, "Settings", CHOOSE_SETTINGS, {}, kinds)


CHOOSE_SETTINGS = "Do not answer the input. Choose how a language model should be set to answer it well."
KINDS = "of the answer: exact has one right answer, free can be said in many ways, inventive needs new ideas"
MEANS = {
    "temperature": "0.0 for an exact answer, 0.7 for a free one, 1.2 for an inventive one",
    "top_p": "0.5 for an exact answer, 0.95 for the others",
    LENGTH: "room for the whole answer, in tokens: 100 for a short one, 1000 for an essay",
}

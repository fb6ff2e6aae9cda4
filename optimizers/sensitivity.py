"""Prompt sensitivity (009 Active Instruction Tuning; Kung et al., 2023): does an answer change when words of the prompt are missing?

To find tasks, or steps of a program, whose wording is fragile: they deserve tuning, or more data. It says nothing of whether answers
are right. `steady` makes a penalty of it.

1. Answer each input with the program as it is. No right answers are read.
2. Make copies of its instructions in which every word is dropped with probability `drop_rate`, the same copies for all inputs.
3. Where the answer has few values and the model gives probabilities: the probability of the answer of step 1 under each copy.
   Otherwise: whether the copy's answer is another one.
4. Sensitivity: the mean change of that probability, or the share of copies that answer otherwise.
5. Task map: high sensitivity is ambiguous; low is easy where the answer is probable, and difficult where it is not.

Departures: (1) the probability of a longer text under another prompt cannot be asked of a chat model; then step 4 counts changed
answers, and the result says so. (2) Only instructions lose words, demonstrations keep theirs. (3) The copies of one seed are few;
the paper's authors warn of the variance, so average over seeds. (4) The bounds of the map are ours. Retraining on what was selected is
missing.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dspy

from selftaught import scope
from selftaught.conduct import Conduct
from selftaught.errors import CallError, DataError, SettingError
from selftaught.loop import run_sync
from selftaught.optimizers.candidate import task_of
from selftaught.programs.normalise import answer_key
from selftaught.programs.odds import choices_of
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import output_names

AMBIGUOUS_FROM = 0.1
LIKELY_FROM = 0.5


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """How much a program's answers hang on the words of its prompt.

    `value`: from 0, not at all, to 1; None without an answer. `probability`: mean probability of the answers; None where the
    model gives none, and then `value` is the share of changed answers. `inputs`, `copies`: answered. `failed`: calls.
    """

    value: float | None
    probability: float | None
    inputs: int
    copies: int
    failed: int

    @property
    def kind(self) -> str:
        """Where it stands on the task map: ambiguous, easy, difficult; steady where probabilities are not known; or undetermined."""
        if self.value is None:
            return "undetermined"
        if self.value >= AMBIGUOUS_FROM:
            return "ambiguous"
        return "steady" if self.probability is None else "easy" if self.probability >= LIKELY_FROM else "difficult"

    def __str__(self) -> str:
        if self.value is None:
            return "undetermined: no input was answered with a whole and with a perturbed prompt"
        how = "share of answers that change, for want of probabilities" if self.probability is None else "mean change of the answer's probability"  # fmt: skip
        return f"{self.kind}: {self.value:.2f} ({how}; {self.inputs} inputs, {self.copies} copies)"


@method(9, "active-instruction-tuning", family="diagnose", missing="retraining; the probability of a longer text under another prompt")  # fmt: skip
@dataclass(frozen=True, slots=True)
class PromptSensitivity:
    """Measures how much answers hang on the words of a prompt.

    Args:
        copies: perturbed prompts.
        drop_rate: probability with which a word is dropped; at 0 the sensitivity is 0 exactly, and nothing is asked.
        seed: of the copies.

    Raises:
        SettingError: no copies, or a rate outside 0 to below 1.
    """

    copies: int = 10
    drop_rate: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        at_least("copies", self.copies, 1)
        if not 0.0 <= self.drop_rate < 1.0:
            raise SettingError(f"drop_rate={self.drop_rate!r}: expected a probability from 0 to below 1.")

    def __call__(self, program: dspy.Module, examples: Sequence[dspy.Example]) -> Sensitivity:
        """Measure a program on some inputs, ten or more.

        Raises:
            DataError: there is no input.
        """
        if not examples:
            raise DataError("There are no inputs to measure the sensitivity on.")
        return run_sync(lambda: self.measure(program, examples))

    async def measure(self, program: dspy.Module, examples: Sequence[dspy.Example]) -> Sensitivity:
        """Measure from asynchronous code."""
        asked = _with_odds(program)
        with scope.scoped(leave_out=True):
            found = await asyncio.gather(*(self.of_one(asked, dict(example.inputs())) for example in examples))
        known = [one for one in found if one.value is not None]
        likely = [one.probability for one in found if one.probability is not None]
        return Sensitivity(
            sum(one.value or 0.0 for one in known) / len(known) if known else None,
            sum(likely) / len(likely) if likely else None, len(known), self.copies, sum(one.failed for one in found),
        )  # fmt: skip

    async def of_one(self, program: dspy.Module, inputs: Mapping[str, Any]) -> Sensitivity:
        """Measure on one input."""
        try:
            own = await program.acall(**inputs)  # 1
        except CallError:
            return Sensitivity(None, None, 0, 0, 1)
        return await self.around(program, inputs, own)

    async def around(self, program: dspy.Module, inputs: Mapping[str, Any], own: dspy.Prediction) -> Sensitivity:
        """Measure on one input whose answer is known."""
        names = output_names(task_of(program))
        chance = _chance(own, own, names)
        if self.drop_rate == 0.0:
            return Sensitivity(0.0, chance, 1, self.copies, 0)
        others = await asyncio.gather(*(self._perturbed(program, inputs, number) for number in range(self.copies)))
        answered = [one for one in others if one is not None]
        changes = [_change(own, one, names) for one in answered]  # 3
        value = sum(changes) / len(changes) if changes else None  # 4
        return Sensitivity(value, chance, int(value is not None), len(answered), len(others) - len(answered))

    async def _perturbed(self, program: dspy.Module, inputs: Mapping[str, Any], number: int) -> dspy.Prediction | None:
        with dspy.context(adapter=Dropping(dspy.settings.adapter, self.drop_rate, f"{self.seed} {number}")):
            try:
                return await program.acall(**inputs)
            except CallError:
                return None


def prompt_sensitivity(
    program: dspy.Module, examples: Sequence[dspy.Example], copies: int = 10, drop_rate: float = 0.2, seed: int = 0
) -> Sensitivity:
    """Return how much a program's answers hang on the words of its prompt; see `PromptSensitivity`."""
    return PromptSensitivity(copies, drop_rate, seed)(program, examples)


def most_sensitive(found: Mapping[str, Sensitivity], count: int) -> list[str]:
    """Return the names of the `count` most sensitive tasks, the most sensitive first; undetermined ones are left out."""
    known = {name: one.value for name, one in found.items() if one.value is not None}
    return sorted(known, key=lambda name: (-known[name], name))[:count]


class Dropping(Conduct):
    """The conducting adapter, which drops words of every instruction on the way to the model.

    Args:
        chosen: the adapter in force.
        drop_rate: probability with which a word is dropped.
        seed: the same instruction loses the same words.
    """

    def __init__(self, chosen: dspy.Adapter | None, drop_rate: float, seed: str) -> None:
        super().__init__(chosen.chosen if isinstance(chosen, Conduct) else chosen)
        self.drop_rate, self.seed = drop_rate, seed

    def __call__(self, lm: Any, lm_kwargs: Any, signature: Any, demos: Any, inputs: Any) -> Any:
        """Answer from synchronous code."""
        return super().__call__(lm, lm_kwargs, self._perturbed(signature), demos, inputs)

    async def acall(self, lm: Any, lm_kwargs: Any, signature: Any, demos: Any, inputs: Any) -> Any:
        """Answer from asynchronous code."""
        return await super().acall(lm, lm_kwargs, self._perturbed(signature), demos, inputs)

    def _perturbed(self, signature: Any) -> Any:
        own = signature.instructions
        return signature.with_instructions(dropped(own, self.drop_rate, random.Random(f"{self.seed} {own}")))  # 2


def dropped(text: str, drop_rate: float, chance: random.Random) -> str:
    """Return a text in which every word is dropped with some probability; the last one left stays. Line breaks stay too."""
    kept = re.sub(r"\S+[^\S\n]*", lambda word: "" if chance.random() < drop_rate else word.group(), text).strip()
    return kept or " ".join(text.split()[:1])


def _with_odds(program: dspy.Module) -> dspy.Module:
    """Return a program of one call so that it gives the probabilities of its answer, where the answer has few values."""
    if not isinstance(program, Step) or program.odds is not None:
        return program
    names = output_names(program.signature)
    if len(names) != 1 or not choices_of(program.signature, names[0]):
        return program
    asking = program.deepcopy()
    asking.odds = names[0]
    return asking


def _chance(own: dspy.Prediction, other: dspy.Prediction, names: list[str]) -> float | None:
    """Return the probability that another prediction gives to an answer; None where it gives none."""
    odds = other.get("odds") if len(names) == 1 else None
    if not odds:
        return None
    value = own[names[0]]
    return odds.get(str(value).lower() if isinstance(value, bool) else str(value))


def _change(own: dspy.Prediction, other: dspy.Prediction, names: list[str]) -> float:
    before, after = _chance(own, own, names), _chance(own, other, names)
    if before is not None and after is not None:
        return abs(after - before)
    return float(answer_key(own, names) != answer_key(other, names))

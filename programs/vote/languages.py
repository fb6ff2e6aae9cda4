"""Cross-lingual consistency (016; Yu et al., 2025): ask in several languages, reason in each, and vote over all answers.

For a small or mid-size model that reasons unevenly across languages, where the answer is a short value. It gains little where
one language dominates, low-resource languages add noise, and a puzzle about words may change its meaning. Compare with as many
samples in one language.

1. Translate the input into each language. One that loses a number is asked for again, then its language is left out.
2. Draw `each` answers in the input's own language and in every other, all together; each reasons in its language.
3. Vote over all, one vote each. Ties: the answer supported by more languages, then by more answers in the own language.

Departures: (1) the text inputs (`str`, `list[str]`) are translated, others stay as they are. (2) The answer itself is asked for
in the language of the instruction, so that answers in words can be compared too. (3) Whether numbers survive is judged by
their digits, in any script. (4) Languages are asked in alphabetical order, so their order in the setting does not matter.
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import dspy

from selftaught import scope
from selftaught.errors import CallError, SettingError
from selftaught.programs.base import Calls, cost_of
from selftaught.programs.given import texts
from selftaught.programs.normalise import answer_key
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.programs.vote.aggregate import Group, Poll
from selftaught.programs.vote.core import Vote
from selftaught.programs.vote.ways import Ballot, Way
from selftaught.registry import method
from selftaught.signatures import Task, derived, output_names

OWN = "own"
"""The name of the input's own language in `by_language`."""
TRANSLATED = "translated_"
TRIES = 2
WARM = 0.7


@method(16, "cross-lingual-consistency", family="vote")
class LanguageVote(Vote):
    """Answer in several languages and return what most answers say.

    The prediction also holds `by_language` (language -> answer -> votes); `own` is the language of the input.

    Args:
        task: what to do.
        languages: those that the input is translated into, by their English names; none is plain self-consistency.
        each: answers drawn in each language.
        temperature: of the samples. With one answer in each language, each is drawn at the step's own temperature.
        reasoning: reason before the answer, in the language asked in.

    Raises:
        TaskError: the task has an input named `language`, or one named like the translation of another.
    """

    def __init__(
        self, task: str | Task, *, languages: Sequence[str] = ("French", "German", "Spanish"), each: int = 2,
        temperature: float = 0.7, reasoning: bool = True,
    ) -> None:  # fmt: skip
        names = sorted(set(texts("languages", languages)))
        if OWN in names or "" in names:
            raise SettingError(f"languages={languages!r}: expected names of languages other than the input's own, such as ['French'].")  # fmt: skip
        super().__init__(task, samples=at_least("each", each, 1) * (1 + len(names)), temperature=temperature, reasoning=reasoning)
        self.languages, self.each = names, each
        self.translated = [name for name, field in self.task.input_fields.items() if field.annotation in (str, list[str])]
        if names and self.translated:
            self.translate = Step(_translation_of(self.task, self.translated))

    async def ways(self, inputs: dict[str, Any]) -> list[Way]:
        """Return the input in every language into which it could be translated."""
        found = await asyncio.gather(*(self._in(language, inputs) for language in self.languages))  # 1
        own = Way(self.generate, inputs, self.each, name=OWN)
        return [own] + [
            Way(self.generate, translated, self.each, ANSWER_IN.format(language=language), language)
            for language, translated in zip(self.languages, found, strict=True)
            if translated is not None
        ]  # 2

    async def _in(self, language: str, inputs: dict[str, Any]) -> dict[str, Any] | None:
        """Return the input in a language; None where it could not be translated without loss."""
        if not self.translated:
            return inputs
        for number in range(TRIES):
            try:
                found = await self._translation(number, {**inputs, "language": language})
            except CallError:
                continue
            said = {name: found[TRANSLATED + name] for name in self.translated if name in inputs}
            if digits_of({name: inputs[name] for name in said}) == digits_of(said):
                return {**inputs, **said}
        return None

    async def _translation(self, number: int, asked: dict[str, Any]) -> dspy.Prediction:
        if number == 0:
            return await self.translate.acall(**asked)
        with scope.resampled(f"again{number}", WARM):
            return await self.translate.acall(**asked)

    def rank(self, group: Group) -> tuple[float, ...]:
        """Return the votes, the languages that support it, and the votes of the own language."""
        spoken = [ballot.way for ballot in group.ballots]
        return group.weight, len(set(spoken)), spoken.count(OWN)  # 3

    def counted(self, ballots: Sequence[Ballot]) -> Poll:
        """Return who wins, and what each language said."""
        poll = super().counted(ballots)
        names = output_names(self.task)
        for ballot in ballots:
            said = poll.more.setdefault("by_language", {}).setdefault(ballot.way, {})
            key = answer_key(ballot.prediction, names)
            said[key] = said.get(key, 0) + 1
        return poll

    def cost(self) -> Calls:
        """Return the calls of one input: a language is left out after two translations, or its answers are drawn."""
        draws = cost_of(self.generate) * self.each
        tries = Calls(1, TRIES) if self.translated else Calls(0, 0)
        language = Calls(min(TRIES, 1 + draws.at_least) if self.translated else draws.at_least, (tries + draws).at_most)
        return draws + language * len(self.languages)


def digits_of(values: Mapping[str, Any]) -> Counter[int]:
    """Return how often each digit stands in the values, whatever the script and the way numbers are grouped."""
    return Counter(unicodedata.digit(sign) for sign in str(list(values.values())) if sign.isdecimal())


def _translation_of(task: Task, names: Sequence[str]) -> Task:
    given = {"language": (str, dspy.InputField(desc="the language to translate into"))}
    asked = {
        TRANSLATED + name: (task.input_fields[name].annotation, dspy.OutputField(desc=f"{name} in that language"))
        for name in names
    }
    return derived(task, "Translate", TRANSLATE_THE_INPUTS, given, asked)


TRANSLATE_THE_INPUTS = (
    "Translate the inputs into the named language, every word of them. Copy the numbers. Do not carry out the task."
)
ANSWER_IN = "The inputs are in {language}. Reason in {language}. Give the final answer in the language of these instructions."

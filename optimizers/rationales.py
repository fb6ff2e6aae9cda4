"""Reasons written after the fact: why is this the right answer? For demonstrations that show reasoning (045; Bhan et al., 2024).

Each kind of explainer sees an example with its right answer and gives the text to show before that answer:

topk_words    the model names the words of the input that matter most; they stand in a fixed sentence
steps         the model explains in a few steps why the answer is right
attribution   the words with the largest Shapley values: how much each adds to the score of the program's answer; it takes many calls
random_words  words drawn at random, in the same sentence: the control
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import Any, Literal

import dspy

from selftaught.errors import SettingError
from selftaught.optimizers.proposer import Proposer
from selftaught.optimizers.rollouts import attempts
from selftaught.optimizers.shapley import Mask, masks_of, shapley
from selftaught.optimizers.strategy import Problem
from selftaught.programs.reason import REASONING
from selftaught.signatures import derived, input_names, output_names, render

Explainer = Literal["topk_words", "steps", "attribution", "random_words"]
EXPLAINERS: tuple[Explainer, ...] = ("topk_words", "steps", "attribution", "random_words")
MOST_STEPS = 3


class Rationales:
    """Writes reasons for right answers.

    Args:
        problem: whose task and program are meant.
        words: the most words in a reason of words.
        masks: inputs with words left out that the program answers for one example, for attribution.
        lm: the model that explains; the one that answers by default.
    """

    def __init__(self, problem: Problem, *, words: int = 4, masks: int = 24, lm: dspy.BaseLM | None = None) -> None:
        self.problem, self.words, self.masks = problem, words, masks
        given = {"solution": (str, dspy.InputField(desc="the right answer"))}
        asked = dspy.OutputField(desc=f"at most {words} single words of the input", min_length=1, max_length=words)
        steps = dspy.OutputField(desc=f"at most {MOST_STEPS} short sentences", min_length=1, max_length=MOST_STEPS)
        task = problem.task
        naming = derived(task, "Words", NAME_THE_WORDS, given, {"words": (list[str], asked)})
        explaining = derived(task, "Explain", EXPLAIN_THE_ANSWER, given, {"steps": (list[str], steps)})
        self._naming = Proposer(problem, naming, temperature=0.0, lm=lm, name="words")
        self._explaining = Proposer(problem, explaining, temperature=0.0, lm=lm, name="steps")

    async def write(self, explainer: Explainer, examples: Sequence[dspy.Example]) -> list[str | None]:
        """Return one reason for each example; None where there is none.

        Raises:
            SettingError: an unknown explainer.
        """
        kinds: dict[str, Callable[[Sequence[dspy.Example]], Any]] = {
            "topk_words": self._named, "steps": self._explained, "attribution": self._attributed, "random_words": self._drawn,
        }  # fmt: skip
        if explainer not in kinds:
            raise SettingError(f"explainer {explainer!r}: expected one of {', '.join(EXPLAINERS)}.")
        return await kinds[explainer](examples)

    async def _named(self, examples: Sequence[dspy.Example]) -> list[str | None]:
        said = await self._naming.raw([self._solved(one) for one in examples])
        return [self._sentence(within(words or (), self._words_of(one))) for words, one in zip(said, examples, strict=True)]

    async def _explained(self, examples: Sequence[dspy.Example]) -> list[str | None]:
        said = await self._explaining.raw([self._solved(one) for one in examples])
        written = [[text for step in steps or () if (text := step.strip(" .:;"))] for steps in said]
        return [" ".join(f"{text}." for text in steps) or None for steps in written]

    async def _drawn(self, examples: Sequence[dspy.Example]) -> list[str | None]:
        chooser, known = self.problem.random, [self._words_of(one) for one in examples]
        return [self._sentence(chooser.sample(words, min(self.words, len(words)))) for words in known]

    async def _attributed(self, examples: Sequence[dspy.Example]) -> list[str | None]:
        plans = [(one, masks_of(len(self._words_of(one)), self.masks, self.problem.random)) for one in examples]
        return list(await asyncio.gather(*(self._by_shapley(one, masks) for one, masks in plans)))

    async def _by_shapley(self, example: dspy.Example, masks: Sequence[Mask]) -> str | None:
        words = self._words_of(example)
        hidden = [self._without(example, [word for word, kept in zip(words, mask, strict=True) if not kept]) for mask in masks]
        scores = {id(one.example): one.score for one in await attempts(self.problem, examples=hidden)}
        known = [(mask, score) for mask, one in zip(masks, hidden, strict=True) if (score := scores.get(id(one))) is not None]
        values = shapley(dict(known), len(words))
        order = sorted(range(len(values)), key=lambda index: -values[index])
        return self._sentence([words[index] for index in order if values[index] > 0])

    def _solved(self, example: dspy.Example) -> dict[str, Any]:
        names = [name for name in output_names(self.problem.task) if name != REASONING]
        return {**dict(example.inputs()), "solution": render(names, dict(example))}

    def _words_of(self, example: dspy.Example) -> list[str]:
        """Return the different words of an example's inputs, in order."""
        values = dict(example.inputs())
        text = " ".join(render([name], values) for name in input_names(self.problem.task))
        return list({word.casefold(): word for word in reversed(WORD.findall(text))}.values())[::-1]

    def _without(self, example: dspy.Example, words: Sequence[str]) -> dspy.Example:
        """Return an example in whose texts these words are left out."""
        gone = {word.casefold() for word in words}
        texts = {name: value for name, value in dict(example.inputs()).items() if isinstance(value, str)}
        left = {
            name: WORD.sub(lambda found: "" if found[0].casefold() in gone else found[0], value) for name, value in texts.items()
        }
        return dspy.Example(**{**dict(example), **{name: " ".join(text.split()) for name, text in left.items()}}).with_inputs(*example.inputs().keys())  # fmt: skip

    def _sentence(self, words: Sequence[str]) -> str | None:
        return THE_WORDS.format(words=", ".join(words[: self.words])) if words else None


def within(said: Sequence[str], words: Sequence[str]) -> list[str]:
    """Return those words that were said and stand in the input, in the order said, as the input writes them."""
    known = {word.casefold(): word for word in words}
    return list(dict.fromkeys(known[word.casefold()] for text in said for word in WORD.findall(text) if word.casefold() in known))


WORD = re.compile(r"\w+")
THE_WORDS = "The words that decide are: {words}."
NAME_THE_WORDS = "The right answer to the input is given. Name the words of the input that decide it, the most important first."
EXPLAIN_THE_ANSWER = (
    "The right answer to the input is given. Say in short sentences why it is right. Each sentence names something in the input."
)

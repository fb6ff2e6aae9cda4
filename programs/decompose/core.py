"""The ask-answer-compose core: questions about an input, each answered in its own call, then the task.

1. Ask: the given questions first, then the model's own: all at once, or one after another until none is needed. A question that only
   repeats an input is left out, and ends the asking one by one. Where the task is one text, asking is shown on examples of our own.
2. Answer each: by the model from memory, seeing the question alone or the input too (all together), or the earlier answers as well
   (one after another); by the model from a retriever's passages; by the retriever; or not at all (questions only).
3. Verify, where there is a verifier: of several answers the best is kept, and one that fails is left out, unless all fail.
4. Compose: answer the task with questions and answers in view. Without any it is the plain task.

Papers that are this with other questions, sources or verifiers register themselves on it. Least-to-most (Zhou et al., 2022) is
it as it stands, with `sees="all"`. A wrong question is never mended, and a strong model asks itself without being told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import dspy

from selftaught.errors import CallError
from selftaught.programs.base import Calls, Program, cost_of
from selftaught.programs.branches import survivors
from selftaught.programs.context import cleaned, repeats, with_more
from selftaught.programs.decompose.parts import (
    ANSWERED,
    PASSAGES,
    SUBQUESTION,
    Ask,
    Final,
    Pair,
    Sees,
    Source,
    as_output,
    checked,
    follow_up_of,
    only_question,
    part_of,
    questions_of,
    templates,
    texts_of,
)
from selftaught.programs.decompose.passages import Retriever, passages_for
from selftaught.programs.decompose.shown import shown_follow_ups, shown_questions
from selftaught.programs.decompose.verified import best_reply
from selftaught.programs.judge.base import Judge
from selftaught.programs.normalise import normalise
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task


@method(None, "least-to-most", family="decompose", sees="all")
class AskAnswer(Program):
    """Ask questions about the input, answer each in its own call, then answer the task with them in view.

    The prediction also holds `pairs`: question, answer, where the answer is from, and what the verifier said.

    Args:
        task: what to do.
        questions: the most questions of the model's own; without any, and without given ones, it is plain answering.
        ask: `"all"` at once, or the `"next"` one after the others are answered.
        given: questions to ask first; `{field}` in one stands for an input.
        source: `"memory"`; `"passages"`, from which the model answers; `"search"`, whose first passage is the answer, and memory
            where nothing is found; or `"questions"`, which stay unanswered.
        sees: what an answer sees: its `"question"` alone, the `"input"` too, or `"all"`: the earlier answers as well, one after another.
        retriever: see `Retriever`. A program with a function as retriever cannot be saved.
        questioner: asks in place of the model; a module from the inputs (and `answered`) to `questions`, or for `"next"` to
            `needed` and `subquestion`.
        verifier: a judge of answers, on `part_of(task, sees=..., source=...)` or on some of its inputs.
        samples: answers drawn for the verifier to choose from.
        temperature: of the samples after the first.
        final: `"compose"`, or the `"last"` answer as it is, where it is a value of the task's only output.

    Raises:
        SettingError: a setting that is none, an unknown field in a question, or a retriever and a source that do not fit.
        TaskError: the task has an input named `answered`, `subquestion`, `questions`, `passages`, `needed` or `reply`.
    """

    def __init__(
        self, task: str | Task, *, questions: int = 4, ask: Ask = "all", given: Sequence[str] = (), source: Source = "memory",
        sees: Sees = "question", retriever: Retriever | None = None, questioner: dspy.Module | None = None,
        verifier: Judge | None = None, samples: int = 1, temperature: float = 0.7, final: Final = "compose",
    ) -> None:  # fmt: skip
        super().__init__(task)
        checked(ask, source, sees, final, retriever, samples, verifier)
        self.questions, self.samples = at_least("questions", questions, 0), at_least("samples", samples, 1)
        self.given = templates(self.task, given)
        self.one_by_one, self.source, self.sees, self.final = ask == "next", source, sees, final
        self.retriever, self.verifier, self.temperature = retriever, verifier, temperature
        asking = follow_up_of(self.task) if self.one_by_one else questions_of(self.task, 1, max(1, self.questions))
        shown = (
            shown_follow_ups(self.task) if self.one_by_one else shown_questions(self.task, in_turn=sees == "all", most=questions)
        )
        self.shown = shown if questioner is None else []
        if self.questions:
            self.questioner = questioner or Step(asking)
        if (self.questions or self.given) and source != "questions":
            self.reply = Step(part_of(self.task, sees=sees, source=source))
        self.plain = self.task
        self.compose = Step(with_more(self.task, "Compose", COMPOSE, {ANSWERED: "questions about it, with answers"}))

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Answer one input."""
        pairs = await self.pairs_for(inputs)  # 1, 2, 3
        last = as_output(self.task, pairs[-1].answer) if pairs and self.final == "last" else None
        found = self.answer(last) if last is not None else await self._composed(self._seen(inputs, pairs))  # 4
        return self.answer(found, **{**dict(found.items()), "pairs": [asdict(pair) for pair in pairs]})

    async def pairs_for(self, inputs: dict[str, Any]) -> list[Pair]:
        """Return the questions about an input with their answers."""
        questions = cleaned(template(inputs) for template in self.given)
        if self.questions and not self.one_by_one:
            said = await self.questioner.acall(**inputs, **self._shown())  # 1
            asked = cleaned([*questions, *map(only_question, said.questions)])[len(questions) :]
            new = [question for question in asked if not repeats(question, texts_of(inputs))]
            questions += asked if new and self.final == "last" else new
        if self.sees == "all" or self.one_by_one:
            pairs = await self._in_turn(inputs, questions)
        else:
            found = await survivors(self._pair(inputs, question, []) for question in questions)
            pairs = [one for one in found if one is not None]
        return [pair for pair in pairs if pair.passed is not False] or pairs  # 3

    async def _in_turn(self, inputs: dict[str, Any], questions: list[str]) -> list[Pair]:
        """Answer questions one after another, then those that the model asks seeing the answers."""
        pairs: list[Pair] = []
        asked: set[str] = set()
        failures: list[CallError] = []
        for number in range(len(questions) + (self.questions if self.one_by_one else 0)):
            before = [pair for pair in pairs if pair.passed is not False]
            question = questions[number] if number < len(questions) else await self._next(inputs, before)
            if not question or normalise(question) in asked:
                break
            asked.add(normalise(question))
            try:
                pairs.append(await self._pair(inputs, question, before))
            except CallError as error:
                failures.append(error)
        if failures and not pairs:
            raise failures[0]
        return pairs

    async def _next(self, inputs: dict[str, Any], before: list[Pair]) -> str:
        said = await self.questioner.acall(**inputs, **{ANSWERED: [str(pair) for pair in before]}, **self._shown())  # 1
        question = "".join(cleaned([only_question(said[SUBQUESTION])]))
        return "" if str(said.needed).lower() in ("no", "false") or repeats(question, texts_of(inputs)) else question

    def _shown(self) -> dict[str, Any]:
        """Return what asking looks like, for a step that has no demonstrations of its own."""
        return {"demos": self.shown} if self.shown and not self.questioner.demos else {}

    async def _pair(self, inputs: dict[str, Any], question: str, before: list[Pair]) -> Pair:
        if self.source == "questions":
            return Pair(question, "", "questions")
        passages = await passages_for(self.retriever, question) if self.retriever is not None else []  # 2
        if self.source == "search" and passages:
            return Pair(question, passages[0], "search")
        seen = {} if self.sees == "question" else dict(inputs)
        seen |= {ANSWERED: [str(pair) for pair in before]} if self.sees == "all" else {}
        seen |= {SUBQUESTION: question, **({PASSAGES: passages} if self.source == "passages" else {})}
        reply, score, passed = await best_reply(self.reply, self.verifier, seen, self.samples, self.temperature)  # 3
        return Pair(question, reply, "passages" if passages else "memory", score, passed)

    def _seen(self, inputs: dict[str, Any], pairs: list[Pair]) -> dict[str, Any]:
        """Return what the last step is called with: the plain task where there are no pairs."""
        return {**inputs, ANSWERED: [str(pair) for pair in pairs]} if pairs else {**inputs, "signature": self.plain}

    async def _composed(self, seen: dict[str, Any]) -> dspy.Prediction:
        return self.answer(await self.compose.acall(**seen))

    def cost(self) -> Calls:
        """Return the calls of one input. How many questions there are is known only when they are asked."""
        reply = Calls(0, 0) if self.source == "questions" else Calls(1, 1) * self.samples
        if self.verifier is not None:
            reply += Calls(cost_of(self.verifier).at_least, cost_of(self.verifier).at_most * self.samples)
        reply = reply.optional() if self.source == "search" else reply
        sure = sum(not template.fields for template in self.given)  # one with fields may turn out blank, or like another
        skipped = self.final == "last" and (sure or not reply.at_least)
        compose = Calls(0 if skipped else 1, 1)  # the last answer replaces it, but where there is none, it is asked for
        calls = reply * sure + reply.optional() * (len(self.given) - sure + self.questions) + compose
        if not self.questions:
            return calls
        ask = cost_of(self.questioner)
        return calls + (ask + ask.optional() * (self.questions - 1) if self.one_by_one else ask)


COMPOSE = "Do the task. Questions about it are answered already: use the answers, but leave out what does not help."

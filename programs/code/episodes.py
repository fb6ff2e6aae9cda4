"""ICPC self-judge with retrieval (173; Hosain and Morol, 2025): solve, look up solved problems, solve again, run, reflect.

For hard programs where sample tests can be run and solved problems are on file. Passing the samples is no proof; a retrieved
solution is copied where its problem only looks alike; a long list of attempts ties the model to a wrong idea, so that
more turns soon stop helping.

1. Solve the problem with reasoning.
2. Look up the `shots` episodes most like the problem and this solution, never the problem itself.
3. Solve it again with these. Without episodes the first solution stays.
4. Run the cases: those that came with the input, and those that the model writes where it is asked for some.
5. While one fails and turns are left: show every attempt with what failed, ask what went wrong and for a new program.
6. Stop at the first that passes everything; return the one that passes most.

Departures: (1) hashed words and runs of letters, the rare ones weighing more, instead of BM25. (2) The best attempt is returned,
not the last. (3) What running says is the verdict; the model's own judgement of it, whose form is not published, is left out. (4) The
handbook is a second kind of episode: give its sections as episodes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dspy

from selftaught.errors import CallError, SettingError
from selftaught.programs.base import Calls
from selftaught.programs.code.core import SHOWN_FAILURES, CrossCheck
from selftaught.programs.code.solutions import Solution
from selftaught.programs.code.steps import outputs_of
from selftaught.programs.given import listed
from selftaught.programs.reason import reasoned
from selftaught.programs.retrieve.corpus import Corpus
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, derived, input_names, output_names, render

FIRST = ("problem", "editorial", "code")
"""The order in which the texts of an episode are shown; others come after these."""
LONGEST_EPISODE, LONGEST_LESSON = 3000, 300
"""Characters."""


@method(173, "icpc-selfjudge-retrieval", family="refine")
class Episodes(CrossCheck):
    """Solve with solved problems at hand, run the samples, reflect on what failed.

    The prediction also holds `shown`, the numbers of the episodes that were used, and what `CrossCheck` tells.

    Args:
        task: what to do; one of its outputs is Python code.
        episodes: solved problems (and sections of a handbook), as dictionaries of texts such as `problem`, `editorial`, `code`; one
            with an input of the problem itself is never used.
        shots: episodes looked up; 0: none.
        turns: reflections at most.
        given: see `CrossCheck`: the samples.
        suites: how often the model is asked for cases of its own.
        code: see `CrossCheck`.
        seconds: see `CrossCheck`.

    Raises:
        SettingError: an episode that is no dictionary of texts, or another setting that is none.
    """

    def __init__(
        self, task: str | Task, episodes: Sequence[Mapping[str, str]] = (), *, shots: int = 2, turns: int = 2,
        given: str | None = None, suites: int = 1, code: str | None = None, seconds: float = 3.0,
    ) -> None:  # fmt: skip
        super().__init__(task, samples=1, suites=suites, given=given, rounds=turns, code=code, seconds=seconds)
        self.turns, self.shots = self.rounds, at_least("shots", shots, 0)
        self.episodes = [
            _texts(one, number)
            for number, one in enumerate(listed("episodes", episodes, (Mapping, dspy.Example), "dictionaries"))
        ]
        self.arguments.values["episodes"] = self.episodes  # plain data, so that an artifact can hold them
        self.generate = Step(reasoned(self.shown))
        self.corpus = Corpus(["\n".join(one.values()) for one in self.episodes]) if self.episodes and shots else None
        if self.corpus is not None:
            solved = {"solved": (list[str], dspy.InputField(desc="other problems and their solutions"))}
            self.inform = Step(derived(self.shown, "Inform", USE_WHAT_FITS, solved, outputs_of(self.shown)))

    async def solutions(self, shown: dict[str, Any]) -> list[Solution]:
        """Return the solution, made with episodes where there are some."""
        first = self.outputs(await self.generate.acall(**shown))  # 1
        if self.corpus is None:
            return [self.solution(first, shown=[])]
        near = self.nearest(shown, render(output_names(self.task), first))  # 2
        solved = [_told(self.episodes[number]) for number in near]
        said = await self.inform.acall(**shown, solved=solved)  # 3
        return [self.solution(self.outputs(said), shown=near)]

    def nearest(self, shown: Mapping[str, Any], solution: str) -> list[int]:
        """Return the numbers of the episodes most like a problem and a solution of it."""
        assert self.corpus is not None
        asked = render(input_names(self.shown), shown)
        order = self.corpus.nearest(f"{asked}\n{solution}", len(self.episodes))
        values = {" ".join(str(value).split()) for value in shown.values()}
        others = (number for number in order if not values & {" ".join(text.split()) for text in self.episodes[number].values()})
        return list(others)[: self.shots]

    def revision(self) -> Task:
        """Return the signature of the step that reflects and writes a new program."""
        attempts = {
            "attempts": (list[str], dspy.InputField(desc="programs so far, oldest first")),
            "failures": (list[str], dspy.InputField(desc="what failed in each of them")),
        }
        wrong = {"wrong": (str, dspy.OutputField(desc="what went wrong, in one sentence", max_length=LONGEST_LESSON))}
        return derived(self.shown, "Reflect", FIND_ANOTHER_WAY, attempts, {**wrong, **outputs_of(self.shown)})

    async def revised(self, shown: dict[str, Any], best: Solution, found: Sequence[Solution], number: int) -> Solution | None:
        """Return a new program, written with every attempt in view; None where the call failed."""
        attempts = [self.text(one) for one in found]
        failures = ["; ".join(one.failures[:SHOWN_FAILURES]) for one in found]
        config = {"rollout_id": f"turn{number}", "temperature": self.temperature} if len(found) < number else {}
        try:
            said = await self.revise.acall(**shown, attempts=attempts, failures=failures, config=config)
        except CallError:
            return None
        return self.solution(self.outputs(said), **found[0].notes)

    def cost(self) -> Calls:
        """Return the calls of one input."""
        return super().cost() + (Calls(1, 1) if self.corpus is not None else Calls(0, 0))


def _texts(episode: Mapping[str, str], number: int) -> dict[str, str]:
    found = dict(episode)
    if not found or not all(isinstance(value, str) for value in found.values()):
        raise SettingError(f"episodes[{number}] is {found!r}: expected a dictionary of texts, such as a problem and its code.")
    order = {name: place for place, name in enumerate(FIRST)}
    return dict(sorted(found.items(), key=lambda item: (order.get(item[0], len(order)), item[0])))


def _told(episode: Mapping[str, str]) -> str:
    return render(list(episode), episode)[:LONGEST_EPISODE]


USE_WHAT_FITS = (
    "Other problems and their solutions are shown. Use an idea of theirs only where it fits this problem; copy nothing."
)
FIND_ANOTHER_WAY = (
    "The programs so far failed as shown. Say what went wrong, then write a whole new program; another idea if need be."
)

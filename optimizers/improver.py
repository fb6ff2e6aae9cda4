"""An improver that is itself improved: what STOP (114) and MoH (200) share.

An improver is a text that tells a model how to rewrite a text: the instruction of a program, or an improver. It is worth what the
instructions that it makes gain. The baseline is measured before any search, so the round that only asks for it is free.

1. New improvers: some are rewritten by the one in force; the subclass says which. At first the seeds stand.
2. Each of them rewrites the sources, instructions that the subclass chooses, `samples` times each.
3. What is new is raced, all in one race, so that improvers are compared on the same rows.
4. The utility of an improver is the mean over the sources of the best gain over the source, paired by row.
5. The one with the highest utility is in force next; whoever is in force stays on ties. One that made nothing has no utility.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import dspy

from selftaught.optimizers.candidate import BASELINE, Candidate
from selftaught.optimizers.generations import Generations
from selftaught.optimizers.history import some_examples
from selftaught.optimizers.induction import tidy
from selftaught.optimizers.showing import ShowingProposer, shown_rewritings
from selftaught.optimizers.strategy import Problem, Standing
from selftaught.signatures import proposal_of

SHOWN = 3
"""Examples that go with a text: solved ones of the task, or what an improver made."""

Made = list[tuple[Standing, list[Candidate]]]
"""What an improver made of each source."""


@dataclass(slots=True)
class Improver:
    """A text that says how to rewrite texts. `utility`: None where unknown. `made`: its instructions with their gains, best first."""

    text: str
    utility: float | None = None
    made: list[tuple[float, str]] = field(default_factory=list)

    @property
    def value(self) -> float:
        """What improvers are ordered by."""
        return -math.inf if self.utility is None else self.utility


@dataclass(frozen=True, slots=True)
class Kind:
    """What kind of text is rewritten. `examples`: what goes with it; `shown`: what a rewriting looks like."""

    purpose: str
    examples: str
    shown: tuple[dspy.Example, ...]


class ImproverSearch(Generations):
    """Base of strategies that improve their improver. A subclass says which instructions and which improvers are rewritten.

    Args:
        problem: what is known.
        seeds: the first improvers.
        rounds: in which improvers are rewritten; 0 uses the seeds once.
        samples: instructions that an improver makes of each source.
        keep: instructions and improvers that are kept, best first.
        keep_incumbent: the improver in force stays unless another is better; False lets the best new one take its place.
        remeasure: the improver in force is measured again beside the new ones: needed where the sources change.
        meta: the text that rewrites improvers; the improver in force by default.
        temperature: of all rewriting.

    Attributes:
        improver: the one in force.
        improvers: those that were measured and kept, best first.
    """

    def __init__(
        self, problem: Problem, seeds: Sequence[str], *, rounds: int, samples: int, keep: int = 1, keep_incumbent: bool = True,
        remeasure: bool = False, meta: str = "", temperature: float = 0.7,
    ) -> None:  # fmt: skip
        super().__init__(problem, rounds=2 + rounds, keep=keep)
        self.seeds = [Improver(text) for text in dict.fromkeys(seeds)]
        self.samples, self.keep_incumbent, self.remeasure, self.temperature = samples, keep_incumbent, remeasure, temperature
        self.improver, self.improvers, self.meta = self.seeds[0], list[Improver](), meta
        self.contest: list[tuple[Improver, Made]] = []
        self.rewriters: dict[tuple[str, str], ShowingProposer] = {}

    def sources(self) -> list[Standing]:
        """Return the instructions that improvers rewrite in this round; one may come several times."""
        raise NotImplementedError

    def parents_of_improvers(self) -> list[Improver]:
        """Return the improvers that are rewritten in this round, once each; one may come several times."""
        raise NotImplementedError

    async def first(self) -> list[Candidate]:
        """Return the baseline: gains are gains over how it stands."""
        return [BASELINE]

    async def next(self) -> list[Candidate]:
        """Return what the improvers of this round made and nobody has met."""
        new = self.seeds if self.round == 2 else await self._new()  # 1
        if not new:
            return []
        running = [self.improver, *new] if self.remeasure and self.round > 2 else new
        self.contest = await self._applied(running)  # 2
        made = [candidate for _, groups in self.contest for _, group in groups for candidate in group]
        return [candidate for candidate in made if candidate.key not in self.told]  # 3

    def tell(self, standings: list[Standing]) -> None:
        """Measure the improvers of this round, and choose the one in force."""
        super().tell(standings)
        for improver, groups in self.contest:
            self._measure(improver, groups)  # 4
        self._choose([improver for improver, _ in self.contest])

    def select(self, standings: Sequence[Standing]) -> list[Standing]:
        """Return the best instructions so far; a score on few rows does not displace one on many."""
        scored = [one for one in self.told.values() if one.score is not None]
        return sorted(scored, key=lambda one: (-one.rows, -one.value))[: self.keep]

    def reasons(self) -> list[str]:
        """Say which improver the search ended with."""
        gained = "" if self.improver.utility is None else f", which gained {100 * self.improver.utility:+.0f} points"
        return [f"the improver in force at the end{gained}: {self.improver.text}"]

    @property
    def baseline(self) -> Standing:
        """How the program stands as it is."""
        return self.told[BASELINE.key]

    async def _new(self) -> list[Improver]:
        asked = [{"examples": told(one), "text": one.text} for one in self.parents_of_improvers()]
        texts = await self._rewriter(self.meta or self.improver.text, IMPROVER).distinct(asked)
        known = {text for text, _ in self.rewriters} | {text for one in self.improvers for _, text in one.made}
        return [Improver(text) for text in texts if text not in known]

    async def _applied(self, running: Sequence[Improver]) -> list[tuple[Improver, Made]]:
        sources, calls = self.sources(), []
        for improver in running:
            asked = [self._about(source) for source in sources for _ in range(self.samples)]
            calls.append(self._rewriter(improver.text, INSTRUCTION).instructions(asked))
        said = await asyncio.gather(*calls)
        return [(improver, self._made(sources, texts)) for improver, texts in zip(running, said, strict=True)]

    def _about(self, source: Standing) -> dict[str, str]:
        return {"examples": some_examples(self.problem, SHOWN), "text": self.instruction_of(source.candidate)}

    def _made(self, sources: Sequence[Standing], texts: Sequence[str | None]) -> Made:
        groups = [texts[number * self.samples : (number + 1) * self.samples] for number in range(len(sources))]
        return [
            (source, [self._candidate(source.candidate, text) for text in group if text])
            for source, group in zip(sources, groups, strict=True)
        ]

    def _candidate(self, source: Candidate, text: str) -> Candidate:
        """Return the source itself where nothing was changed."""
        same = text == tidy(self.instruction_of(source))
        return source if same else self.candidate(text, f"rewritten in round {self.round - 1}", parent=source)

    def _measure(self, improver: Improver, groups: Made) -> None:
        best: list[float] = []
        made: dict[str, float] = {}
        for source, group in groups:
            gains = {
                one.key: gain for one in group if (gain := gained(source, self.told.get(one.key), self.problem.pool)) is not None
            }
            best += [max(gains.values())] if gains else []
            made |= {self.instruction_of(one): gains[one.key] for one in group if one.key in gains}
        if best:  # what failed altogether leaves things as they were
            improver.utility = sum(best) / len(best)
            improver.made = sorted(((gain, text) for text, gain in made.items()), key=lambda one: -one[0])

    def _choose(self, running: Sequence[Improver]) -> None:
        kept = {one.text: one for one in [*self.improvers, *running] if one.utility is not None}
        self.improvers = sorted(kept.values(), key=lambda one: -one.value)[: self.keep]
        rivals = [one for one in running if one.utility is not None]
        if self.keep_incumbent or not rivals:
            rivals = [self.improver, *rivals]
        self.improver = max(rivals, key=lambda one: one.value)  # 5

    def _rewriter(self, text: str, kind: Kind) -> ShowingProposer:
        """Return the step that does what an improver says."""
        if (text, kind.purpose) not in self.rewriters:
            given = {"examples": kind.examples, "text": "the text to rewrite"}
            signature = proposal_of("Rewrite", f"{text} {kind.purpose}", given, described="the new text, one or two sentences")
            rewriter = ShowingProposer(
                self.problem, signature, kind.shown, temperature=self.temperature, name=f"rewriter{len(self.rewriters)} "
            )
            rewriter.echoes.add(tidy(text))
            self.rewriters[text, kind.purpose] = rewriter
        return self.rewriters[text, kind.purpose]


def gained(before: Standing, after: Standing | None, pool: int) -> float | None:
    """Return the mean gain on the rows that both met; None where there are none, or where a guard stopped the candidate.

    What left a race early met few rows, and among many some were lucky on these: the rows of the pool that it did not meet
    count as no gain, where there was one.
    """
    if after is None or after.score is None:
        return None
    pairs = [(before.scores.get(row), score) for row, score in after.scores.items()]
    gains = [new - old for old, new in pairs if old is not None and new is not None]
    return min(sum(gains) / len(gains), sum(gains) / pool) if gains else None


def told(improver: Improver) -> str:
    """Return what an improver made, with what it gained, for a prompt."""
    return "\n".join(f"{100 * gain:+.0f} points: {text}" for gain, text in improver.made[:SHOWN])


INSTRUCTION = Kind(
    "The text tells a model how to turn each input into its output.",
    "solved examples of the task",
    tuple(shown_rewritings("text")),
)
IMPROVER = Kind(
    "The text tells a model how to rewrite instructions, so that they gain points.",
    "instructions that it made, and what each gained",
    (
        dspy.Example(
            examples="+0 points: Read the sentence with care.\n-10 points: Say something nice.",
            text="Make the text nicer.",
            instruction="Rewrite the text. Say in plain words what the output is and what form it has.",
        ),
    ),
)

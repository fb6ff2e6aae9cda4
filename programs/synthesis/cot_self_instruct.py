"""CoT-Self-Instruct (006; Yu et al., 2025): think about the seeds before writing a prompt, and keep only prompts that hold.

For hard prompts with answers, to train reasoning on, or for varied open prompts with a good and a bad response. What the solver cannot
do is dropped with what is wrong, so nothing comes out that is harder than it; a `band` below 1 drops what is too easy.

1. Propose: show two seeds. Think about what they ask for and how hard they are, plan another prompt, and only then write it;
   where answers can be checked, with its answer.
2. Clean, and keep what is novel, as in Self-Instruct.
3. Answers that can be checked: solve the prompt `samples` times on its own. Keep it where the majority is the answer of step 1; a tie is
   no majority. Without `compare`, keep it by the share of the majority alone, which is weaker.
4. Open prompts: write `samples` responses and have a judge score them. A prompt is as good as its worst response. Keep the best
   `share` of a round, with the best and the worst response.
5. What was thought in step 1 stays out of the prompt.

Departures: (1) The worst response is scored by a judge of your choice (`Rating` by default), not by a reward model. (2) The best share is
taken of each round, not of all prompts. (3) A prompt that repeats what was thought is dropped, which the paper does not say.
(4) Top-p is left to the model. (5) The cleaning of step 2 is Self-Instruct's, without its list of unsuitable words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dspy

from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.rating import Rating
from selftaught.programs.normalise import normalise
from selftaught.programs.step import Step
from selftaught.programs.synthesis.gates import BestShare
from selftaught.programs.synthesis.lowest_reward import LowestReward
from selftaught.programs.synthesis.pipeline import Part
from selftaught.programs.synthesis.proposing import LONGEST, Proposing
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.seed_draws import INSTRUCTION
from selftaught.programs.synthesis.stages import Change, Keep
from selftaught.programs.synthesis.told import Told
from selftaught.programs.vote.core import Vote
from selftaught.programs.vote.decline import share as share_of
from selftaught.registry import method

THOUGHTS = ("analysis", "plan")


@method(6, "cot-self-instruct-open", family="synthesis", verifiable=False)
@method(6, "cot-self-instruct", family="synthesis")
class CoTSelfInstruct(Proposing):
    """Think, then write new prompts like the seeds; keep those whose answers agree, or whose worst response is still good.

    Rows hold `instruction`; with `verifiable` also `output`, the answer, and `agreement`, the majority's share; otherwise `chosen`,
    `rejected` and `score`, that of the worst response.

    Args:
        seeds: prompts, or dictionaries with an `instruction`; at least one.
        verifiable: the prompts have short answers that can be compared.
        samples: answers, or responses, for each prompt.
        compare: the majority must be the answer that was written with the prompt.
        band: the majority's share must lie in it, both ends included.
        share: of the open prompts of a round, from 0 to 1, that are kept.
        shown: seeds shown to a proposal.
        machine: of them, how many at most are machine-written.
        batch: proposals a round.
        temperature: of proposals, answers and responses.
        novelty: the highest ROUGE-L F with an earlier prompt.
        propose: `examples` -> `instruction` (and `output`); a step that thinks first by default.
        solve: `instruction` -> `output`; a step by default. It reasons first where answers are compared.
        judge: scores responses of open prompts.

    Raises:
        SettingError: no seed, or a setting that is none.
    """

    def __init__(
        self, seeds: Sequence[str | Mapping[str, Any]], *, verifiable: bool = True, samples: int = 16, compare: bool = True,
        band: Sequence[float] = (0.0, 1.0), share: float = 0.5, shown: int = 2, machine: int = 0, batch: int = 16,
        temperature: float = 0.7, novelty: float = 0.7, propose: Any = None, solve: dspy.Module | None = None,
        judge: Judge | None = None,
    ) -> None:  # fmt: skip
        self.compare, self.band = compare, tuple(share_of("band", one) for one in band)
        task = SOLVE if verifiable else RESPOND
        tidy = Change(lambda row: row.without("examples", *THOUGHTS, "majority", "tied"), "tidy")  # 5
        leak = Keep(leaks, "thoughts")
        if verifiable:
            vote = Vote(task, samples=samples, temperature=temperature, generate=solve, reasoning=solve is None)
            solved = Told(vote, TELLS, rename={"output": "majority"}, name="solve")
            after: list[Part] = [leak, solved, Keep(self.inconsistent, "answers agree"), tidy]  # 3
        else:
            rewarded = LowestReward(solve or Step(task), judge or Rating(task), samples, temperature)
            after = [leak, rewarded, BestShare("score", share), tidy]  # 4
        super().__init__(
            seeds, after, propose=propose or Step(_thinking(verifiable)), shown=shown, machine=machine, batch=batch,
            temperature=temperature, novelty=novelty, unsuitable=(),
        )  # fmt: skip  # 1, 2

    def inconsistent(self, row: Row) -> str:
        """Return why the answers to a prompt do not hold it, or an empty text."""
        if self.compare and row["tied"]:
            return "no majority"
        if self.compare and normalise(row["majority"]) != normalise(row["output"]):
            return "the majority gives another answer"
        low, high = self.band
        return "" if low <= row["agreement"] <= high else f"agreement outside {low:g} to {high:g}"


def leaks(row: Row) -> str:
    """Return why a prompt is dropped that repeats what was thought, or an empty text."""
    prompt = normalise(str(row[INSTRUCTION]))
    thoughts = [normalise(str(row.get(name, ""))) for name in THOUGHTS]
    said = any(len(thought) >= SHORTEST_THOUGHT and thought in prompt for thought in thoughts)
    return "repeats what was thought" if said else ""


def _thinking(verifiable: bool) -> Any:
    written: dict[str, Any] = {
        "analysis": (
            str,
            dspy.OutputField(desc="what the examples have in common: field, form, how hard they are", max_length=500),
        ),
        "plan": (str, dspy.OutputField(desc="how the new one will differ from them and be as hard", max_length=400)),
        INSTRUCTION: (str, dspy.OutputField(desc="the new one, complete and on its own", max_length=LONGEST)),
    }
    answer = {"output": (str, dspy.OutputField(desc="its answer: a number, a word or a short phrase", max_length=100))}
    examples = {"examples": (list[str], dspy.InputField(desc="prompts of the kind that is wanted"))}
    fields = {**examples, **written, **(answer if verifiable else {})}
    return dspy.make_signature(fields, THINK_FIRST + (ONE_ANSWER if verifiable else ""), "Think")


SHORTEST_THOUGHT = 20
"""Characters; a shorter thought may stand in a prompt by chance."""
TELLS = {"confidence": "agreement", "tied": "tied"}
THINK_FIRST = "Study the example prompts, plan a new prompt of the same kind that is as hard, then write it."
ONE_ANSWER = " It must have one short answer that can be checked. Work the answer out in the plan and give it."
SOLVE = dspy.make_signature(
    {INSTRUCTION: (str, dspy.InputField()), "output": (str, dspy.OutputField(desc="only the final answer", max_length=100))},
    "Solve the problem.", "Solve",
)  # fmt: skip
RESPOND = dspy.make_signature(
    {INSTRUCTION: (str, dspy.InputField()), "output": (str, dspy.OutputField(max_length=1500))}, "Do what is asked.", "Respond"
)

"""Ensemble-Instruct (007; Lee et al., 2023), its data: small models write tasks and instances, and keep what several agree on.

For small open models, whose single answers are often wrong. What agrees is short and common: no use for creative tasks, and models
with a common origin agree on errors.

1. Part the seeds by whether their tasks need an input, and propose new tasks of both kinds apart.
2. Clean, and keep what is novel within its kind.
3. Instance: an input with its output, or the output alone.
4. Other models answer the instance.
5. Consensus (`vote/consensus.py`) over the written output and theirs: an answer that was given twice, else the one with the most in
   common with the others, else none, and the row is dropped.

Departures: (1) Two labelers by default are one step asked twice, which shows how sure one model is; give modules with models of
their own. (2) A seed's kind is read from its `input`, or from its text where there is none: a seed given as a text needs no input.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dspy

from selftaught.programs.base import Calls, cost_of
from selftaught.programs.step import Step
from selftaught.programs.synthesis.either import Either
from selftaught.programs.synthesis.instance_steps import solve
from selftaught.programs.synthesis.instances import empty
from selftaught.programs.synthesis.proposing import UNSUITABLE, Proposing, proposer
from selftaught.programs.synthesis.row import Rejected, Row
from selftaught.programs.synthesis.seed_draws import INSTRUCTION, seed_rows
from selftaught.programs.synthesis.stages import Change, Keep, Made, Out, Stage
from selftaught.programs.vote.consensus import Consensus
from selftaught.programs.vote.ways import Ballot
from selftaught.registry import method

WITH_INPUT, OUTPUT_ONLY = "with input", "output only"


@method(7, "ensemble-instruct-data", family="synthesis")
class EnsembleInstruct(Proposing):
    """Write new instructions like the seeds, and instances that several models agree on.

    Rows hold `instruction`, `input`, `output`, `kind` (`with input` or `output only`) and `agreement`, how much the output has in
    common with the others.

    Args:
        seeds: instructions, or dictionaries with `instruction` and, where the task needs one, `input`; at least one.
        labelers: modules `instruction, input -> output`, in order of precedence, usually each with a model of its own.
        shown: instructions shown to a proposal, by kind.
        machine: of them, how many at most are machine-written.
        proposals: new instructions asked for at a time.
        batch: proposals a round.
        temperature: of proposals and written outputs.
        novelty: the highest ROUGE-L F with an earlier instruction of the kind.
        least_overlap: the ROUGE-L that no two outputs may have or stay below, where none was given twice.
        unsuitable: words that an instruction must not hold.
        propose: `examples` -> `tasks`; a step by default.

    Raises:
        SettingError: no seed, or a setting that is none.
    """

    def __init__(
        self, seeds: Sequence[str | Mapping[str, Any]], *, labelers: Sequence[dspy.Module] = (),
        shown: Mapping[str, int] | int | None = None, machine: int = 4, proposals: int = 8, batch: int = 8, temperature: float = 0.7,
        novelty: float = 0.7, least_overlap: float = 0.01, unsuitable: Sequence[str] = UNSUITABLE, propose: Any = None,
    ) -> None:  # fmt: skip
        kinds = [
            dict(row.values) | {"kind": WITH_INPUT if str(row.get("input", "")).strip() else OUTPUT_ONLY}
            for row in seed_rows(seeds)
        ]
        write = {
            WITH_INPUT: Made(solve(), temperature=temperature, name="both"),
            OUTPUT_ONLY: Made(Step(OUTPUT_OF), temperature=temperature, name="output"),
        }
        consensus = Consensus(TASK, generate=list(labelers) or None, samples=max(2, len(labelers)), least_overlap=least_overlap)
        after = [
            Either("kind", write, "write"), Change(tidied, "tidy"),  # 3
            Keep(lambda row: empty(str(row[INSTRUCTION]), str(row["input"]), str(row["output"])), "instance"),
            Relabelled(consensus),  # 4, 5
        ]  # fmt: skip
        super().__init__(
            kinds, after, propose=propose or proposer(proposals), shown=shown or SHOWN, machine=machine, batch=batch,
            by="kind", temperature=temperature, novelty=novelty, unsuitable=unsuitable,
        )  # fmt: skip  # 1, 2


def tidied(row: Row) -> Row:
    """Return a row that says that it has no input, where it has none."""
    rest = row.without("examples")
    return rest if "input" in rest.values else rest.with_values(input="")


class Relabelled(Stage):
    """Replaces a row's output by the one that it and the answers of labelers agree on, with `agreement`; none drops the row.

    Args:
        consensus: answers the row's inputs; its rule decides. The row's own output has precedence.
        name: of the stage.
    """

    def __init__(self, consensus: Consensus, *, name: str = "consensus") -> None:
        super().__init__()
        self.consensus, self.name = consensus, name

    async def run(self, row: Row) -> Sequence[Out]:
        """Find the consensus on one row."""
        given = {name: row[name] for name in self.consensus.task.input_fields}
        ballots = [
            Ballot(dspy.Prediction(output=str(row["output"]))),
            *await self.consensus.drawn(await self.consensus.ways(given)),
        ]
        poll = self.consensus.counted(ballots)
        if poll.unsure:
            return [Rejected(row, self.name, "no consensus")]
        return [row.with_values(output=str(poll.winner.prediction["output"]).strip(), agreement=poll.confidence)]

    def cost(self) -> Calls:
        """Return the labelers' calls."""
        return cost_of(self.consensus)


SHOWN = {WITH_INPUT: 24, OUTPUT_ONLY: 10}
_GIVEN: dict[str, Any] = {
    INSTRUCTION: (str, dspy.InputField()),
    "input": (str, dspy.InputField(desc="empty, or what the task is about")),
}
_OUTPUT: dict[str, Any] = {"output": (str, dspy.OutputField(max_length=800))}
TASK = dspy.make_signature({**_GIVEN, **_OUTPUT}, "Carry out the instruction.", "Label")
OUTPUT_OF = dspy.make_signature({INSTRUCTION: _GIVEN[INSTRUCTION], **_OUTPUT}, "Carry out the instruction.", "Output")

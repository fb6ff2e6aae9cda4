"""Self-Instruct (005; Wang et al., 2023): from a few seed tasks to many, written by the model itself.

For a data set of instructions with inputs and outputs. The tasks come out short and easy, and a weak model's outputs are often wrong:
judge them, or have a stronger model label them.

1. Propose: show eight instructions, two of them machine-written where there are any, in random order; ask for new ones.
2. Clean: drop instructions of at most 3 or more than 150 words, that ask for what text cannot hold or for a program, or that
   start with punctuation or another script.
3. Novelty: keep an instruction whose ROUGE-L with every seed and every kept one is at most 0.7.
4. Classify: does it ask for one of a few labels?
5. Instances: for a classification task the label first, then an input for it, so that not all get one label; otherwise the input
   first, then the output.
6. Filter: drop an instance whose output is empty or repeats the input, whose input repeats the instruction, or that ends in a
   colon; drop the task where one input has two different outputs; drop repetitions.

Departures: (1) each proposal is one call that asks for `proposals` instructions as a list; one that is cut off fails alone. (2) The
number of rounds is not known, so proposals are drawn in batches: what a batch brings is shown from the next one on. (3) The list
of unsuitable words is ours, and can be changed. (4) Proposing is shown one demonstration, without which a very small model repeats the
examples; the other steps a few of our own, not the paper's thirty-one. (5) The seeds do not come out: you have them. (6) A kept instruction's nearest neighbours are not
written down; `NoveltyFilter.nearest` finds them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from selftaught.programs.synthesis.instance_steps import classify
from selftaught.programs.synthesis.instances import Instances
from selftaught.programs.synthesis.proposing import UNSUITABLE, Proposing, proposer
from selftaught.programs.synthesis.stages import Made
from selftaught.registry import method


@method(5, "self-instruct", family="synthesis")
class SelfInstruct(Proposing):
    """Write new instructions like the seeds, and instances of them.

    Rows hold `instruction`, `input`, `output` and `classification`.

    Args:
        seeds: instructions, or dictionaries with an `instruction`; at least one.
        shown: instructions shown to a proposal.
        machine: of them, how many at most are machine-written.
        proposals: new instructions asked for at a time.
        batch: proposals a round.
        temperature: of the proposals.
        novelty: the highest ROUGE-L F with an earlier instruction.
        instances: asked for each instruction at most.
        unsuitable: words that an instruction must not hold.
        propose: the program that proposes, `examples` -> `tasks`; a step by default.

    Raises:
        SettingError: no seed, or a setting that is none.
    """

    def __init__(
        self, seeds: Sequence[str | Mapping[str, Any]], *, shown: int = 8, machine: int = 2, proposals: int = 8, batch: int = 8,
        temperature: float = 0.7, novelty: float = 0.7, instances: int = 1, unsuitable: Sequence[str] = UNSUITABLE,
        propose: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            seeds, [Made(classify(), name="classify"), Instances(instances)],  # 4; 5, 6
            propose=propose or proposer(proposals), shown=shown, machine=machine, batch=batch, temperature=temperature,
            novelty=novelty, unsuitable=unsuitable,
        )  # fmt: skip

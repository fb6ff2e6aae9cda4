"""Sample, verify, keep: rows to learn from, out of a program's own answers. The core of self-training's data.

For questions whose answers can be checked: by a label, by agreement, by a judge. Without labels, a confident mistake that most
samples share is kept like any other.

1. Sample `samples` answers to each input, by any program; a failed one is missing.
2. Verify each: with the labelled answer, the vote, a judge, a metric or a function. What cannot be told is neither right nor
   wrong.
3. Where fewer than `enough` are right, try again up to `tries` times with a hint, and verify again.
4. Drop an input without a right answer, outside the band of how many may be right, or with too little agreement.
5. Select the answers to keep, each text once; weigh them.
6. Each becomes a row with the bare input: hints, drafts and labels are not in it.

Papers on this core: LMSI (163; J. Huang et al., 2022) votes, and writes each rationale in one of four forms, see `forms.py`.
GSI (040; Ding et al., 2024) tries again on questions with fewer than four right answers, with one of four hints. EAST (043;
Wang et al., 2025) drops what is all right or all wrong and weighs by the entropy of the answers. Qwen2.5-Math (058; Yang et
al., 2024) keeps the best right ones, by the label where there is one and by the vote elsewhere. Self-motivated Learning (094;
Yunlong Feng et al., 2024) asks for a rationale to the known answer where none is right. System 2 distillation (068; Yu et al.,
2024) keeps what a slow program says again and again, without its steps, see `distil.py`.

Departures: (1) which of several right answers is kept does not depend on chance: the first drawn, the shortest or the best.
(2) EAST's constant is not known: a weight is the entropy over its highest value, so in [0, 1]; `rescaled` gives them the mean 1.
(3) LMSI's ties go to the first answer and are told in `tied`. (4) Qwen's reward model is any judge,
given as `rank`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dspy

from selftaught.programs.given import texts
from selftaught.programs.judge.base import Judge
from selftaught.programs.synthesis.candidates import Sampled, examples_of
from selftaught.programs.synthesis.checks import GOLD, Check, Checked, Scored, Verify, labelled
from selftaught.programs.synthesis.keeping import Keeping, Kept, Order, Weigh
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.second_try import SecondTry, worked
from selftaught.registry import method
from selftaught.signatures import Task

QUESTION = "question -> answer"


@method(40, "gsi-socratic", family="self-training", missing="training", hints="answer", enough=4, tries=8)
@method(43, "east", family="self-training", missing="training", mixed=True, weigh="entropy", most=1)
@method(
    58, "qwen25-math", family="self-training", missing="training the reward model and the solver", verify="gold or vote",
    order="score", most=4,
)  # fmt: skip
@method(58, "qwen25-math-problems", family="self-training", missing="training", keep="inputs", band=(0.25, 0.625))
@method(94, "self-motivated-learning", family="self-training", missing="the reward model; training", hints="answer")
class SampleVerifyKeep(Pipeline):
    """Sample answers, verify them, and keep the right ones as rows to learn from.

    A row holds the task's inputs and outputs, `reasoning` where there is one, and `source` (`own`, or the hint), `right`,
    `score`, `share` (of the own samples that say the same), `share_right`, `entropy` (bits), `tied` and `weight`.

    Args:
        examples: dictionaries or examples with the task's inputs, and its outputs where they are verified by label.
        task: what is answered.
        sampler: answers; any program on the task, or several in turn. By default a step that reasons first.
        samples: answers drawn to each input.
        temperature: of the samples, or several, taken in turn.
        reasoning: the default sampler reasons first.
        verify: `"gold"`, `"vote"`, `"gold or vote"`, a judge, a metric or a function; see `Check`.
        hints: what further tries are shown, one kind or several; see `SecondTry`. None by default.
        enough: right answers to an input from which it is not tried again.
        tries: the most further tries with each hint.
        rationale: the field of an example that holds a worked solution, for hints that show one.
        rank: a judge whose scores say which right answers come first, with `order="score"`.
        keep, most, order, band, mixed, least_share, weigh, sharpness: see `Kept`.
        batch: inputs a round.

    Raises:
        SettingError: a setting that is none. DataError: an example lacks what it is verified by, or what a hint shows.
    """

    def __init__(
        self, examples: Sequence[Mapping[str, Any]], task: str | Task = QUESTION, *,
        sampler: dspy.Module | Sequence[dspy.Module] | None = None, samples: int = 8, temperature: float | Sequence[float] = 0.7,
        reasoning: bool = True, verify: Verify = GOLD, hints: str | Sequence[str] = (), enough: int = 1, tries: int = 1,
        rationale: str = "rationale", rank: Judge | None = None, keep: Keeping = "right", most: int | None = None,
        order: Order = "first", band: Sequence[float] = (0.0, 1.0), mixed: bool = False, least_share: float = 0.0,
        weigh: Weigh = "one", sharpness: float = 1.0, batch: int = 64,
    ) -> None:  # fmt: skip
        rows, check = examples_of(task, examples, batch), Check(task, verify)
        tried: dict[str, Any] = {"enough": enough, "tries": tries, "rationale": rationale}
        again = [SecondTry(task, check, hint, **tried) for hint in texts("hints", hints)]
        labelled(check, rows.rows)
        worked(again, rows.rows)
        parts = [
            Sampled(task, sampler, samples=samples, temperature=temperature, reasoning=reasoning),  # 1
            Checked(check, samples),  # 2
            *again,  # 3
            *([Scored(task, rank, samples)] if rank is not None else []),
            Kept(
                task, keep=keep, most=most, order=order, band=band, mixed=mixed, least_share=least_share, weigh=weigh,
                sharpness=sharpness,
            ),  # 4, 5, 6
        ]  # fmt: skip
        super().__init__(rows, parts)

"""Ada-Instruct (001; Cui and Wang, 2023), its data side: long, hard instructions sampled from a generator, filtered and labelled.

For about ten long and hard examples, of which a prompted model would write short, easy copies. The gain is the generator's:
train one on `generator_rows()`, which are few, and give it as `generate`; without, the untuned model writes as it pleases.

1. The generator's training set: the preamble as the prompt, a seed as the completion.
2. Sample: give the preamble alone, and draw instructions one by one, warm.
3. Drop what is malformed, and what is too near to a seed or to a kept one by the cosine of their embeddings.
4. Label: a model answers each, shown one worked example. What does not have the form of an answer is dropped.
5. Verify, where there is a judge such as one that runs tests: drop what it turns down. The paper's figures do without.

Departures: (1) The encoder is hashed n-grams unless you give one, such as the paper's sentence encoder; its cosines are other ones.
(2) Top-k is left to the generator's settings. (3) The frame of an answer is a typed form: `reasoning`, then `output`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dspy

from selftaught.embedding import Encoder
from selftaught.programs.judge.base import Judge
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.programs.synthesis.gates import Unlike
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.row import Origin, Row
from selftaught.programs.synthesis.seed_draws import INSTRUCTION, seed_rows
from selftaught.programs.synthesis.stages import Change, Judged, Keep, Made, Source
from selftaught.registry import method


class Again(Source):
    """Begins the same values again and again, so that samples of one prompt can be drawn without end.

    Args:
        values: of every row.
        batch: rows a round.
    """

    name = "again"

    def __init__(self, values: Mapping[str, Any], *, batch: int = 16) -> None:
        self.values, self.batch = dict(values), at_least("batch", batch, 1)

    def begin(self, number: int, accepted: Sequence[Row], seed: int) -> Sequence[Row]:
        """Begin a round; the seed is a part of where a row comes from."""
        return [Row(dict(self.values), Origin(self.name, number, (seed, place))) for place in range(self.batch)]


@method(1, "ada-instruct", family="synthesis", missing="training the generator")
class AdaInstruct(Pipeline):
    """Sample instructions from a generator, keep those unlike the seeds and one another, and have them answered.

    Rows hold `instruction`, `reasoning` and `output`.

    Args:
        seeds: the real examples: instructions, or dictionaries with an `instruction`; at least one.
        preamble: what the generator is given, and was trained with.
        generate: `preamble` -> `instruction`; an untuned step by default.
        label: `instruction` -> `reasoning`, `output`; a step by default.
        demonstration: a worked example for the default label step: `instruction`, `reasoning`, `output`.
        ending: what a well-formed instruction ends in, such as `?`; empty for anything.
        numeric: an output must be a number.
        verify: a judge of an `output` for an `instruction`; what it turns down is dropped.
        most: the cosine, from -1 to 1, from which an instruction is too near to another.
        encoder: see `selftaught.embedding`.
        temperature: of the instructions.
        batch: instructions sampled a round.

    Raises:
        SettingError: no seed, or a setting that is none.
    """

    def __init__(
        self, seeds: Sequence[str | Mapping[str, Any]], *, preamble: str = "Write one new, hard problem with all that it needs.",
        generate: Any = None, label: Any = None, demonstration: Mapping[str, Any] | None = None, ending: str = "",
        numeric: bool = False, verify: Judge | None = None, most: float = 0.8, encoder: Encoder | None = None,
        temperature: float = 1.0, batch: int = 16,
    ) -> None:  # fmt: skip
        self.known, self.preamble, self.ending, self.numeric = seed_rows(seeds), preamble, ending, numeric
        if label is None:
            label = Step(LABEL)
            label.demos = [dspy.Example(**demonstration)] if demonstration else []
        super().__init__(
            Again({"preamble": preamble}, batch=batch),
            [
                Made(generate or Step(GENERATE), temperature=temperature, name="generate"),  # 2
                Keep(self.malformed, "form"), Unlike(INSTRUCTION, most, encoder=encoder),  # 3
                Made(label, name="label"), Keep(self.unanswered, "frame"),  # 4
                *([Judged(verify, name="verify")] if verify is not None else []),  # 5
                Change(lambda row: row.without("preamble"), "tidy"),
            ],
            seeds=self.known,
        )  # fmt: skip

    def generator_rows(self) -> list[dict[str, str]]:
        """Return the generator's training set: prompt and completion of each seed."""
        return [{"prompt": self.preamble, "completion": row[INSTRUCTION]} for row in self.known]  # 1

    def malformed(self, row: Row) -> str:
        """Return why an instruction is dropped, or an empty text."""
        text = str(row[INSTRUCTION]).strip()
        return "" if text and text.endswith(self.ending) else f"does not end in {self.ending}" if text else "empty"

    def unanswered(self, row: Row) -> str:
        """Return why an answer is dropped, or an empty text."""
        said = str(row["output"]).strip()
        if not said:
            return "no output"
        try:
            float(said.removeprefix("$").rstrip(".%").replace(",", "")) if self.numeric else None
        except ValueError:
            return "no number"
        return ""


GENERATE = dspy.make_signature(
    {"preamble": (str, dspy.InputField()), INSTRUCTION: (str, dspy.OutputField(max_length=2000))}, "Do what is asked.", "Generate"
)
LABEL = dspy.make_signature(
    {
        INSTRUCTION: (str, dspy.InputField()), "reasoning": (str, dspy.OutputField(desc="the steps to the answer", max_length=1200)),
        "output": (str, dspy.OutputField(desc="the final answer", max_length=600)),
    },
    "Solve the problem step by step, then give the answer.", "Label",
)  # fmt: skip

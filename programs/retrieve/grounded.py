"""Self-Specialization (063; Kang et al., 2023), its retrieval: answer with passages from documents of the domain.

For a general model in one expert field whose raw documents are at hand. Whether the answer is true to the passages is not checked:
put a judge after it.

1. Find the `most` passages of the documents that are most like the input.
2. Answer with them beside the input. Without documents, or with `most=0`, answer plainly.

Departures: (1) hashed words and runs of letters, the rare ones weighing more, instead of BM25, unless an encoder is given. (2) The
paper answers so to make training data; here the answer is what is wanted, and `passages` says what it was written from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dspy

from selftaught.embedding import Encoder, text_of
from selftaught.programs.base import Calls
from selftaught.programs.given import texts
from selftaught.programs.retrieve.core import Focus, Focused, told
from selftaught.programs.retrieve.corpus import Corpus
from selftaught.programs.sampling import at_least
from selftaught.registry import method
from selftaught.signatures import Task


@method(63, "self-specialization", family="retrieve", missing="training")
class Grounded(Focus):
    """Answer with the passages of your documents that are most like the input.

    The prediction also holds `passages`, the numbers of the documents shown, the likest first.

    Args:
        task: what to do. It has no input named `passages`.
        documents: of the domain, each short enough for a prompt: cut long ones into passages first.
        most: passages shown; 0 is plain answering.
        generate: the predictor that answers; a step on the task by default.
        encoder: see `selftaught.embedding`; with one of your own the program cannot be saved.

    Raises:
        SettingError: documents that are no texts. TaskError: the task has a field named `passages`.
    """

    def __init__(
        self, task: str | Task, documents: Sequence[str] = (), *, most: int = 3, generate: dspy.Predict | None = None,
        encoder: Encoder | None = None,
    ) -> None:  # fmt: skip
        super().__init__(task, generate=generate, predictor=True)
        told(self.task, self.task.instructions, USE_THE_PASSAGES, GIVEN)
        self.most = at_least("most", most, 0)
        self.corpus = Corpus(texts("documents", documents), encoder)
        self.arguments.values["documents"] = self.corpus.texts

    async def focus(self, inputs: dict[str, Any]) -> Focused:
        """Lay the nearest passages beside the input."""
        found = self.corpus.nearest(text_of(self.task, inputs), self.most) if self.corpus.texts else []  # 1
        if not found:
            return Focused(inputs, more={"passages": []})
        shown = {**inputs, "passages": [self.corpus.texts[number] for number in found]}
        return Focused(shown, USE_THE_PASSAGES, GIVEN, {"passages": found})  # 2

    def cost_of_focus(self) -> Calls:
        """Return that retrieval takes no call."""
        return Calls(0, 0)


GIVEN = (("passages", "what documents say"),)
USE_THE_PASSAGES = "Passages from documents are given. Rely on what they say where it bears on the input; ignore the others."

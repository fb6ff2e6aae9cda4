"""Self-Tuning (101; Xiaoying Zhang et al., 2024), its data: exercises by rules, in three stages. No model is called.

For a model that must answer from memory about documents that it never saw, and shall keep what it knew. Try retrieval first.

1. Make the exercises of each document (see `exercises`): memorise it; comprehend it, with the document in view: its title, its
   entities, whether a statement holds; reflect, with it closed: tell what it says, list its key points, fill a blank, choose,
   complete a sentence.
2. Stage 1: the training documents, their exercises, their questions.      3. Stage 2: the new documents, and the questions of
   stage 1 again.
4. Stage 3: the new documents. With `exercised`, title and tell-me exercises of the new documents too, as in the published
   files.

Departures: (1) entities are runs of capitalised words and figures, found by rules: without capitals there are none, and those
exercises are left out. (2) A statement that neither holds nor fails is a sentence of another document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from selftaught.programs.given import listed
from selftaught.programs.sampling import at_least
from selftaught.programs.synthesis.documents import Given, read, title_of
from selftaught.programs.synthesis.exercises import Exercise, exercises, memorise, tell_me, title_task
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.row import Origin, Row
from selftaught.programs.synthesis.stages import Distinct, Source
from selftaught.registry import method


class Stages(Source):
    """Begins the rows of the three stages in order, one document a round.

    Args:
        documents: for training, read; `questions` hold pairs of a question and an answer.
        new: what shall be learned, read.
        exercised: whether stages 2 and 3 hold exercises of the new documents.
        blanks: exercises of each kind that reflects on one sentence.
    """

    name = "stages"

    def __init__(self, documents: Sequence[dict[str, Any]], new: Sequence[dict[str, Any]], exercised: bool, blanks: int) -> None:
        self.documents, self.new, self.exercised, self.blanks = list(documents), list(new), exercised, blanks
        self.plan = [
            *((1, number) for number in range(len(self.documents))),
            *((2, number) for number in range(len(self.new) + len(self.documents) if self.new else 0)),
            *((3, number) for number in range(len(self.new))),
        ]

    def begin(self, number: int, accepted: Sequence[Row], seed: int) -> Sequence[Row] | None:
        """Return the rows of one document in one stage."""
        if number >= len(self.plan):
            return None
        stage, place = self.plan[number]
        new = stage > 1 and place < len(self.new)
        one = self.new[place] if new else self.documents[place - (len(self.new) if stage == 2 else 0)]
        made = self._reviewed(one, seed) if new else self._learned(place, seed) if stage == 1 else self._asked(one)
        return [
            Row({**exercise, "stage": stage, "document": one["document"]}, Origin(self.name, number, (index,)))
            for index, exercise in enumerate(made)
        ]

    def total(self) -> int:
        """Return how many it begins in all, with seed 0."""
        return sum(len(self.begin(number, [], 0) or ()) for number in range(len(self.plan)))

    def _learned(self, place: int, seed: int) -> list[Exercise]:
        one, other = self.documents[place], self.documents[(place + 1) % len(self.documents)]
        elsewhere = other["text"] if other is not one else ""
        return [*exercises(one["text"], title_of(one), elsewhere, f"{seed} {one['document']}", self.blanks), *self._asked(one)]

    def _reviewed(self, one: dict[str, Any], seed: int) -> list[Exercise]:
        more = [title_task(one["text"], title_of(one)), tell_me(one["text"], title_of(one))] if self.exercised else []
        return [memorise(one["text"]), *more]

    def _asked(self, one: dict[str, Any]) -> list[Exercise]:
        return [
            {"instruction": str(pair["question"]), "input": "", "output": str(pair["answer"]), "task": "question"}
            for pair in one.get("questions") or ()
        ]


@method(101, "self-tuning-exercises", family="self-training", missing="training in the three stages")
class SelfTuning(Pipeline):
    """Make the rows of three stages of training from documents, without a model.

    Rows hold `instruction` (empty where the document itself is learned), `input`, `output`, `task`, `stage` (1 to 3) and
    `document`.

    Args:
        documents: for training: texts, or dictionaries with a `text` and perhaps an `id`, a `title`, and `questions`, a list
            of dictionaries with `question` and `answer`.
        new: documents that shall be learned; questions about them are never used.
        exercised: whether stages 2 and 3 hold title and tell-me exercises of the new documents.
        blanks: of each document, blanks, choices and completions each, at most.

    Raises:
        SettingError: no document, or a setting that is none.
    """

    def __init__(self, documents: Given, *, new: Given = (), exercised: bool = False, blanks: int = 3) -> None:
        fresh = read(new) if listed("new", new, object, "documents") else []
        super().__init__(
            Stages(read(documents), fresh, exercised, at_least("blanks", blanks, 0)),
            [Distinct("stage", "document", "instruction", "input", "output")],
        )

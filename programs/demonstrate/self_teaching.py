"""Self-teaching at inference (101; Xiaoying Zhang et al., 2024): learn from a document first, then do the task.

For a task whose input holds a document that the model does not know and must understand, not only search. Where the answer stands in one
sentence, it costs calls and adds nothing; for many documents, retrieve.

1. Memorise: say what the document is about.     2. Comprehend: its title, its names and figures, how its parts hang together.
3. Reflect: `reflections` questions that a reader should be able to answer, asked by the model itself.
4. Answer each from the document, all together.     5. Do the task with questions and answers in view.

The ask-answer-compose core with given questions. Departures: (1) the paper makes its exercises by rules, from named entities, and
trains on them; here they are questions. (2) The document stays in view: nothing is answered with it closed.
"""

from __future__ import annotations

from collections.abc import Sequence

from selftaught.errors import SettingError, nearest
from selftaught.programs.decompose.core import AskAnswer
from selftaught.programs.decompose.parts import questions_of
from selftaught.programs.given import listed
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, as_task


@method(101, "self-tuning", family="self-training", missing="training")  # fmt: skip
class SelfTeaching(AskAnswer):
    """Ask and answer questions about a document first, then do the task.

    The prediction also holds `pairs`, see `AskAnswer`.

    Args:
        task: what to do.
        document: the input that holds the document; the first one by default.
        exercises: kinds of given questions: `"memorise"`, `"comprehend"`.
        reflections: questions of the model's own.

    Raises:
        SettingError: an input that the task has not, or an unknown kind.
    """

    def __init__(
        self,
        task: str | Task,
        *,
        document: str | None = None,
        exercises: Sequence[str] = ("memorise", "comprehend"),
        reflections: int = 2,
    ) -> None:
        known = as_task(task)
        name = document or next(iter(known.input_fields))
        if name not in known.input_fields:
            raise SettingError(f"document={document!r}: no input of the task{nearest(name, known.input_fields)}; it has {list(known.input_fields)}.")  # fmt: skip
        if wrong := [one for one in listed("exercises", exercises, str, "kinds of exercises") if one not in EXERCISES]:
            raise SettingError(f"exercises={list(exercises)}: {wrong[0]!r} is none of {', '.join(EXERCISES)}.")
        given = [question.replace("DOCUMENT", name.replace("_", " ")) for kind in exercises for question in EXERCISES[kind]]
        asked = at_least("reflections", reflections, 0)
        ask = Step(questions_of(known, asked, asked, f"{REFLECT} Ask only about: {name}.")) if asked else None
        super().__init__(known, questions=asked, given=given, questioner=ask, sees="input")


EXERCISES = {
    "memorise": ("What does the DOCUMENT say, in one or two sentences?",),
    "comprehend": (
        "What is a good title of the DOCUMENT?",
        "Which names, places, dates and figures are in the DOCUMENT, and what is said of each?",
        "How do the parts of the DOCUMENT hang together: what follows from what?",
    ),
}
REFLECT = (
    "Write questions that test whether a reader has understood the given text: about its details, and about what follows from them. "
    "Do not ask what the task asks."
)

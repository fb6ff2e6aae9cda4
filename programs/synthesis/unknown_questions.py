"""Questions without an answer, and what to say to them (135; Deng et al., 2024, Self-Aligned): made from questions that have one.

For data that teach a model to say that a question cannot be answered, why, and what would help. "Unknown" is what nobody can
answer: not what this model does not know. A model of half a billion parameters mostly repeats the known question, and its score drops
nothing: give a larger one.

1. Begin from every known question once for each class of unknown ones: incomplete, futuristic, incorrect, ambiguous.
2. Rewrite: class, known question -> an unknown question of that class, as near to the known one as can be. Demonstrations of all classes
   are shown, the same ones every time.
3. Respond: unknown question, class and the question it came from -> an answer that says that there is none, and why.
4. Score how far the two pairs are apart: a low score means that the rewrite can still be answered, or that the response answers it.
   Drop what scores below `least`, and what cannot be read.
5. Known questions with their answers are rows too, so that not everything is refused; every class comes as often as each other.

Departures: (1) the score is a number from 0 to 10, and `least` half of it; the paper's threshold is not known. (2) Definitions and
examples are ours, one of each class. (3) The rounds with a newer model are the same pipeline again, by that model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from selftaught.errors import InputError, SettingError
from selftaught.programs.normalise import normalise
from selftaught.programs.synthesis.balance import Balanced
from selftaught.programs.synthesis.either import Either
from selftaught.programs.synthesis.labelling import checked
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.stages import Change, Distinct, Keep, Made, Rows, Stage
from selftaught.programs.synthesis.unknown_steps import EXAMPLES, TOP, steps
from selftaught.programs.unknown import CLASSES, KNOWN
from selftaught.programs.vote.decline import share
from selftaught.registry import method
from selftaught.signatures import as_task


@method(
    135, "unknown-questions", family="synthesis", missing="training on the rows, and the rounds with the model trained on them"
)
class UnknownQuestions(Pipeline):
    """Make unanswerable questions of answerable ones, each with a response that says why.

    A row holds `instruction` (a question), `output`, `status` (`known`, or the class), `known_question`, and for unknown ones
    `disparity`, from 0 to 10.

    Args:
        known: dictionaries or examples with `question` and `answer`.
        classes: name -> what a question of that class is; four by default.
        examples: of each class `(known question, unknown question, response)`, shown to the steps; one of each by default.
        least: the score from 0 to 1 below which an unknown question is dropped; 0 keeps all that have a score.
        known_rows: the known questions are rows, too.
        balance: drop rows of a class of which there are more than of another.
        temperature: of rewriting and responding.
        batch: known questions a round.

    Raises:
        SettingError: no question, no class, or a setting that is none. InputError: a question without `question` or `answer`.
    """

    def __init__(
        self, known: Sequence[Mapping[str, Any]], *, classes: Mapping[str, str] | None = None,
        examples: Mapping[str, Sequence[Sequence[str]]] | None = None, least: float = 0.5, known_rows: bool = True,
        balance: bool = True, temperature: float = 0.7, batch: int = 16,
    ) -> None:  # fmt: skip
        told, seeds = dict(CLASSES if classes is None else classes), EXAMPLES if examples is None else examples
        if not told or KNOWN in told:
            raise SettingError(f"classes={told!r}: expected at least one class, and none called {KNOWN!r}.")
        lowest = share("least", least) * TOP
        rewrite, respond, score = steps(told, seeds)
        names = [*([KNOWN] if known_rows else []), *told]
        rows = [one for given in checked(as_task("question -> answer"), known) for one in _begun(given, told, known_rows)]
        super().__init__(
            Rows(rows, batch=batch * len(names), name="questions"),  # 1
            [
                _unknown(Made(rewrite, temperature=temperature), "rewrite"),  # 2
                Keep(_unchanged, "changed"),
                _unknown(Made(respond, temperature=temperature), "respond"),  # 3
                _unknown(Made(score), "score"),  # 4
                Keep(lambda row: row.get("disparity", TOP) >= lowest, f"disparity below {least:g}"),
                Change(_formed, "form"),
                Distinct("instruction"),
                *([Balanced("status", names)] if balance else []),  # 5
            ],
        )  # fmt: skip


def _begun(given: Mapping[str, Any], classes: Mapping[str, str], known: bool) -> list[dict[str, Any]]:
    """Return the rows that begin with one known question."""
    if "answer" not in given:
        raise InputError(f"known: {given['question']!r} has no `answer`, so nothing says that it is known.")
    asked = {"known_question": str(given["question"]), "known_answer": str(given["answer"])}
    rows = [{**asked, "status": name, "group": "unknown", "about": about} for name, about in classes.items()]
    return [{**asked, "status": KNOWN, "group": KNOWN}, *rows] if known else rows


def _unknown(stage: Stage, name: str) -> Either:
    return Either("group", {"unknown": stage}, name)


def _unchanged(row: Row) -> str:
    same = row["group"] != KNOWN and normalise(row["question"]) == normalise(row["known_question"])
    return "the question is the known one" if same else ""


def _formed(row: Row) -> Row:
    own = {"instruction": row["known_question"], "output": row["known_answer"]}
    if row["group"] != KNOWN:
        own = {"instruction": row["question"], "output": row["response"], "disparity": row["disparity"]}
    return row.without(*row.values).with_values(**own, status=row["status"], known_question=row["known_question"])

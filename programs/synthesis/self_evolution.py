"""Self-Evolution (074; Shenglin Zhang et al., 2024), its data: rounds of questions from documents, with replay.

For a small model that is tuned on documents which must not leave the house. `hard` replay prefers what the model finds hard to
say, wrong answers among it: the check of support is not in the paper, and is why it is here.

1. In each round, one question about every piece, and its answer with the piece in view; checked (see `DocumentQuestions`).
2. Score each pair: how much the question helps to say the answer (instruction-following difficulty), by the model as it was at
   first.
3. The training set of a round: its pairs, and `replay` of those of earlier rounds; none in the first.
4. The paper trains on after each round and stops where a held-out score falls: run the next `passes` with the trained model.

Departures: (1) unsupported answers are dropped. (2) The score needs the probabilities of given text: give a function of the
row; without one all pairs count as 1, as missing scores do in the paper. (3) A question that was asked in an earlier round is
dropped.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

from selftaught.errors import SettingError
from selftaught.programs.sampling import at_least
from selftaught.programs.synthesis.documents import Given
from selftaught.programs.synthesis.documents_qa import DocumentQuestions
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.stages import Change
from selftaught.registry import method

Mode = Literal["hard", "easy", "even", "random", "all"]


@method(74, "self-evolution-domain-qa", family="self-training", missing="scoring by token probabilities (give a function); training in rounds")  # fmt: skip
class SelfEvolution(DocumentQuestions):
    """Make a question and answer of every piece in each of several rounds.

    Rows hold `instruction`, `output`, `text`, `document`, `round` (from 0) and `score`, None where there is none.

    Args:
        documents: texts, or dictionaries with a `text` and perhaps an `id`, a `title` and more.
        rounds: how often each piece is asked about.
        scorer: a function of the row that returns its value for replay; None gives none.
        temperature: of the questions.
        settings: see `DocumentQuestions`.

    Raises:
        SettingError: no document, or a setting that is none.
    """

    def __init__(
        self, documents: Given, *, rounds: int = 8, scorer: Callable[[Row], float | None] | None = None, temperature: float = 0.5,
        **settings: Any,
    ) -> None:  # fmt: skip
        def scored(row: Row) -> Row:
            return row.with_values(round=row["pass"] - 1, score=None if scorer is None else scorer(row))

        more = {"questions": 1, **settings}
        super().__init__(documents, passes=rounds, temperature=temperature, after=[Change(scored, "score")], **more)  # 1, 2


def replay(rows: Sequence[Row], round: int, most: int = 2000, mode: Mode = "hard", *, seed: int = 0) -> list[Row]:
    """Return the rows of earlier rounds that are trained on again, the highest score first.

    Args:
        rows: of all rounds.
        round: before which they were made.
        most: how many.
        mode: `hard` takes the highest scores, `easy` the lowest, `even` some of each, `random` any, `all` everything.
        seed: of `random`.

    Raises:
        SettingError: another mode, or fewer than none.
    """
    if mode not in get_args(Mode):
        raise SettingError(f"mode={mode!r}: expected one of {', '.join(get_args(Mode))}.")
    count = at_least("most", most, 0)
    pool = sorted((row for row in rows if row["round"] < round), key=lambda row: -(1.0 if row["score"] is None else row["score"]))
    if mode == "all" or count >= len(pool):
        return pool
    if mode == "random":
        return [pool[place] for place in sorted(random.Random(f"{seed} {round}").sample(range(len(pool)), count))]
    if mode == "even":
        return [pool[place * len(pool) // count] for place in range(count)]
    return pool[:count] if mode == "hard" else pool[len(pool) - count :]


def training_set(rows: Sequence[Row], round: int, most: int = 2000, mode: Mode = "hard", *, seed: int = 0) -> list[Row]:
    """Return what is trained on after a round: its rows, then the replay; see `replay`."""
    return [*(row for row in rows if row["round"] == round), *replay(rows, round, most, mode, seed=seed)]  # 3

"""Agreement (056, 080, 034, 199): does the program give the same answer again, and only where it should?

A metric without labels beyond a handful: a program that knows its task answers one input alike in every sample. Alone,
agreement is fooled completely by a program that says the same to everything, or copies its input; so it is guarded.

1. Draw the program's own answer and `samples - 1` resamples for each unlabelled input.
2. Agreement: the share of resamples that say what the answer says.
3. Information guard: subtract how often the answers to *other* inputs say the same, and rescale. A constant gets 0.
   Band (034): what lies below its lower end counts as none, above its upper end as full; nothing is gained by unanimity.
4. Copy guard: an answer that repeats its input gets 0, unless the labelled answers do so as often.
5. Given-examples guard: the program must also solve the handful of labelled examples, each answered with its own
   demonstration left out. Their accuracy multiplies the agreement.

Sources: reward by own majority (056), weighting by votes (080), a ceiling against triviality (034), information between
input and answer (199). Departures: their rewards train weights; here they rank programs. What counts as the majority is
the program's own answer, which costs one greedy call and makes the score a statement about that answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import dspy

from selftaught.errors import SettingError
from selftaught.metrics import Metric, Row, Score
from selftaught.programs.normalise import answer_key
from selftaught.signatures import Task, as_task, input_names, output_names, render

COPIES_ALLOWED = 0.2
"""Share of labelled answers that repeat their input from which on repeating is taken to be part of the task."""


class Agreement(Metric):
    """Guarded agreement of samples, a self-judged metric.

    Args:
        task: whose outputs are compared.
        samples: predictions for each unlabelled input, the program's own included; at least 2.
        temperature: of the resamples.
        band: agreement that counts as none, and as full; `(0, 1)` leaves it as it is.
        guards: which guards apply; all by default. Without them the metric is open to cheats, and says so in its name.

    Raises:
        SettingError: fewer than 2 samples, an empty band, or an unknown guard.
    """

    self_judged = True
    uses_given = True
    GUARDS = ("information", "copy", "given")

    def __init__(
        self,
        task: str | Task,
        *,
        samples: int = 4,
        temperature: float = 0.8,
        band: tuple[float, float] = (0.0, 1.0),
        guards: Sequence[str] = GUARDS,
    ) -> None:
        if samples < 2:
            raise SettingError(f"samples={samples}: agreement needs at least 2.")
        if not 0.0 <= band[0] < band[1] <= 1.0:
            raise SettingError(f"band={band}: expected two different numbers in [0, 1], the lower one first.")
        if unknown := set(guards) - set(self.GUARDS):
            raise SettingError(f"guards: {sorted(unknown)[0]!r} is none of {', '.join(self.GUARDS)}.")
        self.task = as_task(task)
        self.samples = samples
        self.temperature = temperature
        self.band = (float(band[0]), float(band[1]))
        self.guards = tuple(guards)
        self.name = (
            "guarded agreement"
            if set(guards) == set(self.GUARDS)
            else "agreement without " + " and ".join(sorted(set(self.GUARDS) - set(guards)))
        )

    async def score(self, example: dspy.Example, predictions: Sequence[dspy.Prediction]) -> Score:
        """Score one example: a labelled one against its label, an unlabelled one by agreement; `finish` applies the guards."""
        names = output_names(self.task)
        labels = dict(example.labels())
        own = answer_key(predictions[0], names)
        if self._labelled(labels):
            right = own == answer_key(labels, names)
            detail = {"own": own, "gold": answer_key(labels, names), "gold_text": render(names, labels)}
            return Score(float(right), "" if right else f"The answer is {detail['gold_text']!r}.", detail)
        again = [answer_key(prediction, names) for prediction in predictions[1:]]
        agreed = sum(key == own for key in again) / len(again) if again else None
        return Score(agreed, "", {"own": own, "text": render(names, predictions[0]), "again": again, "agreement": agreed})

    def samples_for(self, example: dspy.Example) -> int:
        """A labelled example needs the program's own answer only."""
        return 1 if self._labelled(dict(example.labels())) else self.samples

    def _labelled(self, labels: dict[str, Any]) -> bool:
        return all(name in labels for name in output_names(self.task))

    def finish(self, rows: Sequence[Row]) -> None:
        """Apply the information and copy guards, which need all rows."""
        free = [row for row in rows if "agreement" in row.detail and row.detail["agreement"] is not None]
        said = Counter(row.detail["own"] for row in free)
        copying = self._copies_allowed(rows)
        for row in free:
            value = row.detail["agreement"]
            if "information" in self.guards:
                elsewhere = (said[row.detail["own"]] - 1) / (len(free) - 1) if len(free) > 1 else 0.0
                value = max(0.0, (value - elsewhere) / (1.0 - elsewhere)) if elsewhere < 1.0 else 0.0
                row.detail["elsewhere"] = elsewhere
            low, high = self.band
            value = min(1.0, max(0.0, (value - low) / (high - low)))
            if "copy" in self.guards and not copying and self._repeats(row, row.detail["text"]):
                value, row.detail["copy"] = 0.0, True
            row.score = value

    def combine(self, rows: Sequence[Row]) -> float | None:
        """Return mean agreement times accuracy on the given examples."""
        free = [row.score for row in rows if "agreement" in row.detail and row.score is not None]
        given = [row.score for row in rows if "gold" in row.detail and row.score is not None]
        if not free:
            return sum(given) / len(given) if given else None
        factor = sum(given) / len(given) if given and "given" in self.guards else 1.0
        return sum(free) / len(free) * factor

    def _copies_allowed(self, rows: Sequence[Row]) -> bool:
        given = [row for row in rows if "gold" in row.detail]
        return bool(given) and sum(self._repeats(row, row.detail["gold_text"]) for row in given) / len(given) >= COPIES_ALLOWED

    def _repeats(self, row: Row, said: str) -> bool:
        """True when a text is one of the inputs, to the letter: an answer in other capitals is an answer."""
        return said.strip() in {render([name], row.inputs).strip() for name in input_names(self.task)}

    def parts(self, rows: Sequence[Row]) -> dict[str, Any]:
        """Return the ingredients of the score: raw agreement, guarded agreement, accuracy on the given examples."""
        raw = [row.detail["agreement"] for row in rows if row.detail.get("agreement") is not None]
        free = [row.score for row in rows if "agreement" in row.detail and row.score is not None]
        given = [row.score for row in rows if "gold" in row.detail and row.score is not None]
        return {
            name: sum(values) / len(values) if values else None
            for name, values in (("raw", raw), ("guarded", free), ("given", given))
        }

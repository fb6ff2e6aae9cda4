"""What was found out about a judge: figures, the verdict on them in words, and the gate."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from selftaught.errors import SettingError, UntrustedJudge, nearest
from selftaught.figures import Figure, unknown
from selftaught.programs.judge.trust.labels import Form
from selftaught.reliability import Bin
from selftaught.statistics import Interval

SIGNIFICANT = 0.05
LOWER_IS_BETTER = ("calibration_error", "brier", "order_changes", "ties")
WITHOUT_BIAS_AT_ZERO = ("length_bias", "self_preference", "family_preference")
NOT_MEASURED = unknown("not measured on this form of data")


@dataclass(frozen=True, slots=True)
class Trust:
    """What is known of a judge. `str(trust)` says it in sentences; `advice(trust)` says what to do.

    Attributes:
        figures: the measured figures by name, each with a 95 % interval and the level of chance, or the reason why it is
            undetermined. Graded answers: accuracy, balanced_accuracy, kappa, auroc, says_good (share it passes; chance: share
            labelled good), spearman, pearson, alpha (judge and the people's mean), people_alpha (among the people: the
            ceiling), calibration_error (chance: luck of a perfect judge), brier, consistency (criteria that it does not
            contradict when asked both ways), length_bias (rank correlation with the answer's length given the label),
            self_preference, family_preference (mean score minus label of own answers less that of others').
            Pairs: accuracy (both orders, ties half; auroc is the same), decided_accuracy (of the verdicts that hold in both
            orders), ties, order_changes, second_place, consistency, length_bias (how much oftener the longer wins than it
            should), calibration_error and brier where the judge gives chances.
        form: graded answers, or pairs.
        p: of better answers scoring higher if the judge were blind (one-sided: Mann-Whitney; Kendall for ratings;
            permutation for pairs).
        constant: it said the same of all.
        n, failed: answers (or pairs) with and without a verdict.
        bins: the reliability table, lowest scores first.
        by_construction: the labels were made, not given.
        calibrated: the scores were measured as its calibration gives them; otherwise they are raw.
        cancels_order: it asks in both orders itself; order_changes and second_place then describe a single order.
        warnings: what else to know.
    """

    figures: dict[str, Figure]
    form: Form = "graded"
    p: float = 1.0
    constant: bool = False
    n: int = 0
    failed: int = 0
    bins: tuple[Bin, ...] = ()
    by_construction: bool = False
    calibrated: bool = False
    cancels_order: bool = False
    warnings: tuple[str, ...] = field(default=())

    def figure(self, name: str) -> Figure:
        """Return a figure; one that does not belong to this form of data is undetermined."""
        return self.figures.get(name, NOT_MEASURED)

    @property
    def accuracy(self) -> float | None:
        """Share of answers on which judge and label agree; of pairs in which the better one is preferred, ties half."""
        return self.figure("accuracy").value

    @property
    def interval(self) -> Interval:
        """The 95 % interval of the accuracy; (0, 1) where it is undetermined."""
        return self.figure("accuracy").interval or (0.0, 1.0)

    @property
    def chance(self) -> float:
        """The accuracy of the best judge that always says the same."""
        chance = self.figure("accuracy").chance
        return 0.5 if chance is None else chance

    @property
    def auroc(self) -> float | None:
        """The chance that the better of two answers scores higher, ties half; None with one class of labels."""
        return self.figure("auroc").value

    @property
    def consistency(self) -> float | None:
        """The share of findings that hold when asked the other way round; None where not asked."""
        return self.figure("consistency").value

    @property
    def informative(self) -> bool:
        """True when better answers score higher beyond chance (one-sided test at 5 %)."""
        return not self.constant and self.auroc is not None and self.auroc > 0.5 and self.p <= SIGNIFICANT

    def __str__(self) -> str:
        from selftaught.programs.judge.trust.advice import advice, finding

        return " ".join(part for part in (finding(self), advice(self)) if part)

    def gate(self, minimum: float = 0.6, figure: str = "auroc") -> Trust:
        """Return this trust, or refuse the judge.

        Args:
            minimum: the least value of the figure, from 0 to 1; the most where lower is better (calibration_error, brier,
                order_changes, ties, and the biases, which count without their sign).
            figure: which figure must reach it.

        Raises:
            UntrustedJudge: no information beyond chance, or the figure is undetermined or short of the minimum.
            SettingError: there is no such figure.
        """
        if figure not in self.figures:
            known = ", ".join(self.figures)
            raise SettingError(f"figure={figure!r}: not measured here{nearest(figure, self.figures)}. Known: {known}.")
        value, lower = self.figures[figure].value, figure in (*LOWER_IS_BETTER, *WITHOUT_BIAS_AT_ZERO)
        reached = value is not None and (abs(value) <= minimum if lower else value >= minimum)
        if not self.informative or not reached:
            raise UntrustedJudge(
                f"This judge cannot serve as a metric: {self} Needed: information beyond chance and {figure} of at "
                f"{'most' if lower else 'least'} {minimum:g}; {figure} is {self.figures[figure]}."
            )
        return self

    def reliability_svg(self) -> str:
        """Return the reliability plot as inline SVG: share of good answers against the mean score of each bin."""
        from selftaught.report.trust import reliability_plot

        return str(reliability_plot(self.bins))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "form": self.form, "accuracy": self.accuracy, "interval": list(self.interval), "chance": self.chance,
            "auroc": self.auroc, "p": self.p, "consistency": self.consistency, "informative": self.informative,
            "constant": self.constant, "n": self.n, "failed": self.failed, "by_construction": self.by_construction,
            "calibrated": self.calibrated, "cancels_order": self.cancels_order, "warnings": list(self.warnings),
            "figures": {name: figure.to_dict() for name, figure in self.figures.items()},
            "bins": [asdict(one) for one in self.bins],
        }  # fmt: skip

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Trust:
        """Read what `to_dict` wrote."""
        plain = ("form", "p", "constant", "n", "failed", "by_construction", "calibrated", "cancels_order")
        return cls(
            {name: Figure.from_dict(figure) for name, figure in data["figures"].items()},
            bins=tuple(Bin(**one) for one in data["bins"]),
            warnings=tuple(data["warnings"]),
            **{name: data[name] for name in plain},
        )

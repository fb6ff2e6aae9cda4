"""What an imitation audit finds (011): gains inside and outside the imitated data, preference, style, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from selftaught.errors import ImitationOnly
from selftaught.figures import Figure, unknown
from selftaught.programs.diagnose.differences import Difference, corrected, paired
from selftaught.programs.diagnose.part import MATERIAL
from selftaught.programs.diagnose.style import Style

WHO = ("base", "student", "teacher")


@dataclass(frozen=True, slots=True)
class Closed:
    """What a student gained on some examples. `scores`: the means of base, student and teacher; `gain`: of the student over the base."""

    scores: dict[str, float]
    gain: Difference
    gap_closed: Figure

    def __str__(self) -> str:
        shown = ", ".join(f"{who} {score:.0%}" for who, score in self.scores.items())
        return f"gap closed {self.gap_closed}; {shown}; {self.gain}"


@dataclass(frozen=True, slots=True)
class Imitation:
    """The result of an audit.

    Attributes:
        covered, outside: on examples that the imitated data covers, and on the others; None where there are none.
        preferred: share of wins and ties of the student against the teacher, and of the base against the teacher.
        preference: the difference of the two.
        style: of the answers, by feature.
        verdict: `ability`, `style only`, `no gain` or `undetermined`.
        failed: examples left out.
    """

    covered: Closed | None
    outside: Closed | None
    preferred: dict[str, float]
    preference: Difference
    style: dict[str, Style]
    verdict: str
    failed: int

    def gate(self) -> Imitation:
        """Return this audit, or refuse the student.

        Raises:
            ImitationOnly: the verdict is another than `ability`.
        """
        if self.verdict != "ability":
            raise ImitationOnly(f"Nothing shows that the student has learned what its teacher can do: {self}")
        return self

    def __str__(self) -> str:
        parts = [f"outside the imitated data: {self.outside or 'no examples'}", f"inside: {self.covered or 'no examples'}"]
        parts += [
            f"preferred to the teacher or as good: {', '.join(f'{who} {rate:.0%}' for who, rate in self.preferred.items())}"
        ]
        return "; ".join([self.verdict, *parts, *(f"{name}: {one}" for name, one in self.style.items())])


def concluded(
    parts: Sequence[Closed | None], rates: Sequence[Sequence[float]], preference: Difference, style: dict[str, Style], failed: int
) -> Imitation:
    """Return the audit of what was found inside and outside the support; the two gains that decide are corrected for being two."""
    covered, outside = parts
    if outside is not None:
        gain, preference = corrected([outside.gain, preference])
        outside = Closed(outside.scores, gain, outside.gap_closed)
    preferred = {who: sum(found) / len(found) for who, found in zip(("student", "base"), rates, strict=True)}
    return Imitation(covered, outside, preferred, preference, style, _verdict(outside, preference), failed)


def _verdict(outside: Closed | None, preference: Difference) -> str:
    """Return the verdict: by the examples outside the support, and where the student seems to gain nothing there, by preference."""
    if outside is None or outside.gain.value is None:
        return "undetermined"
    if outside.gain.better:
        return "ability"
    if preference.better and outside.gain.value < MATERIAL:
        return "style only"
    return "no gain" if outside.gain.interval[1] < MATERIAL else "undetermined"


def closed(scores: Mapping[str, Sequence[float]], places: Sequence[int]) -> Closed | None:
    """Return what the student gained on some examples; None where there are none."""
    if not places:
        return None
    own = {who: [scores[who][place] for place in places] for who in WHO}
    means = {who: sum(values) / len(values) for who, values in own.items()}
    gain, lead = paired(own["base"], own["student"], "the base"), means["teacher"] - means["base"]
    if lead <= 0:
        return Closed(means, gain, unknown("the teacher does not lead the base", len(places)))
    low, high = (end / lead for end in gain.interval)
    return Closed(means, gain, Figure((means["student"] - means["base"]) / lead, (low, high), 0.0, len(places)))

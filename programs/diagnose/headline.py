"""The headline of a diagnosis: by which of three means the model can improve itself, no more than the intervals bear."""

from __future__ import annotations

from collections.abc import Mapping

from selftaught.programs.diagnose.part import Part

WAYS = {"voting": "voting", "gap": "choosing among samples by the judge", "refining": "refining"}


def headline_of(parts: Mapping[str, Part], complete: bool, inputs: int) -> str:
    """Return one sentence that says what to do.

    Args:
        parts: what was measured, gains corrected for their number.
        complete: False where the budget ended first.
        inputs: with an answer.
    """
    ways = {name: parts[name] for name in WAYS if name in parts and parts[name].answer != "not measured"}
    start = "" if complete else "Incomplete, the budget ended first. "
    shown = sorted((name for name in ways if ways[name].answer == "yes"), key=lambda name: -_value(ways[name]))
    if shown:
        return start + _shown(shown, ways)
    if not ways:
        return start + "No means of improving itself was measured."
    if all(part.answer == "no" for part in ways.values()):
        most = max(0.0, *(part.gain.interval[1] for part in ways.values() if part.gain))
        names = ", ".join(WAYS[name] for name in ways)
        return f"{start}This model is not likely to improve itself here by more than {most * 100:.0f} points ({names}): give it examples, tools, or another judge or model."
    return start + _open(ways, inputs)


def _shown(shown: list[str], ways: Mapping[str, Part]) -> str:
    told = "; ".join(f"{WAYS[name]}, {gain} against {gain.against}" for name in shown if (gain := ways[name].gain) is not None)
    best = f"This model can improve itself here: {told}."
    return best if len(shown) == 1 else f"{best} Which of these is best is not tested here; `compare` does."


def _open(ways: Mapping[str, Part], inputs: int) -> str:
    open_ = [name for name in ways if ways[name].answer == "undetermined"]
    needed = [part.needed for name in open_ if (part := ways[name]).needed is not None]
    more = f"; about {min(needed)} would show the clearest effect seen" if needed else ""
    out = [WAYS[name] for name in ways if ways[name].answer == "no"]
    ruled = f"; ruled out: {', '.join(out)}" if out else ""
    names = ", ".join(WAYS[name] for name in open_)
    return f"Undetermined with {inputs} examples whether this model can improve itself here ({names}){ruled}{more}."


def _value(part: Part) -> float:
    return part.gain.value or 0.0 if part.gain is not None else 0.0

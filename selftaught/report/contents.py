"""The sections of a report as plain data: verdict, trajectory, candidates, examples, spend, settings."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from selftaught.metrics import Row
from selftaught.report.changes import Change, changes
from selftaught.report.front import Front, front
from selftaught.report.journal import Journal, Measured, Proposed, read
from selftaught.run import Run

Kind = Literal["baseline", "winner", "other"]
Result = Literal["lost", "won", "failed", "same"]
RESULTS: tuple[Result, ...] = ("lost", "won", "failed", "same")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came out. `scores`: what it is, its kind, the figures; `measured_on` says on which examples."""

    state: Literal["confirmed", "returned", "running"]
    sentence: str
    scores: list[tuple[str, Kind, Measured]]
    measured_on: str
    metric: str

    @property
    def untrusted(self) -> bool:
        """True when the metric is a judge whose trust was not measured, or found wanting: its name says so."""
        return "(untrusted)" in self.metric


@dataclass(frozen=True, slots=True)
class Point:
    """One trial of the trajectory. `whole`: on all selection rows by then; `best`: the score that leads after it."""

    step: str
    label: str
    kind: Kind
    origin: str
    calls: int
    measured: Measured
    whole: bool
    best: Measured


@dataclass(frozen=True, slots=True)
class Part:
    """What a candidate changes in one predictor. `diff`: the instruction against the parent's, empty where that is not known."""

    predictor: str
    instruction: str | None
    diff: list[Change]
    demos: list[dict[str, Any]] | None

    @property
    def rewritten(self) -> bool:
        """True when nothing of the parent's instruction is left."""
        return bool(self.diff) and all(change.kind != "same" for change in self.diff)


@dataclass(frozen=True, slots=True)
class Node:
    """A candidate in the tree, with its depth. `note` says what a score cannot."""

    label: str
    key: str
    depth: int
    parent: str
    origin: str
    kind: Kind
    parts: list[Part]
    measured: Measured | None
    note: str
    chosen: str


@dataclass(frozen=True, slots=True)
class Pair:
    """One selection row that both candidates met. `synthesized`: its example was made by the model."""

    result: Result
    baseline: Row
    other: Row
    synthesized: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """A candidate against the baseline, row by row: lost ones first, unchanged ones last."""

    label: str
    role: str
    pairs: list[Pair]

    @property
    def counts(self) -> dict[Result, int]:
        """How many rows were lost, won, failed in either, or stayed the same."""
        found = Counter(pair.result for pair in self.pairs)
        return {result: found[result] for result in RESULTS}


@dataclass(frozen=True, slots=True)
class Bar:
    """An amount against its limit. `share` of the limit in [0, 1], None without a limit."""

    name: str
    text: str
    share: float | None


@dataclass(frozen=True, slots=True)
class Spent:
    """What the run took. `bars`: against the budget; `purposes`: calls and their share; `counts`: what to look at."""

    bars: list[Bar]
    purposes: list[Bar]
    counts: list[tuple[str, int]]
    notes: list[str]


@dataclass(frozen=True, slots=True)
class Flag:
    """What a guard found of a candidate. `stopped`: it could not win because of this."""

    candidate: str
    guard: str
    stopped: bool
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the template shows."""

    title: str
    facts: list[tuple[str, str]]
    verdict: Verdict
    baseline: Measured | None
    points: list[Point]
    ended: str | None
    nodes: list[Node]
    comparison: Comparison | None
    front: Front | None
    reasons: list[str]
    flags: list[Flag]
    spent: Spent
    settings: list[tuple[str, Any]]
    synthesized: dict[str, Any] | None


def build(run: Run) -> Report:
    """Return the report of a run, finished or not."""
    journal, settings = read(run), run.settings
    named = [("Optimizer", "optimizer"), ("Program", "program"), ("Model", "model")]
    facts = [(name, str(settings[key])) for name, key in named if settings.get(key)]
    selected = _selected(journal)
    return Report(
        title=f"Tuning report: {settings.get('optimizer', 'run')} on {settings.get('program', 'a program')}",
        facts=facts,
        verdict=_verdict(journal, settings),
        baseline=journal.standings.get(journal.baseline or ""),
        points=_points(journal, selected),
        ended=journal.ended,
        nodes=list(_tree(journal, selected, settings.get("instructions") or {})),
        comparison=_comparison(journal),
        front=front(journal),
        reasons=list((journal.finished or {}).get("reasons", ())),
        flags=_flags(journal),
        spent=_spent(run, journal),
        settings=list(_flat(settings)),
        synthesized=journal.synthesized,
    )


def _flags(journal: Journal) -> list[Flag]:
    """Return the findings of the guards under the names that the report gives to candidates."""
    names = {key: proposed.label for key, proposed in journal.candidates.items()}
    return [
        Flag(names.get(one["candidate"], one["candidate"]), one["detector"], one["severity"] == "stop", one["message"])
        for one in journal.findings
    ]


def _selected(journal: Journal) -> str | None:
    """Return the key of the candidate that won the search, or that leads it so far; None while that is the baseline."""
    if journal.finished is not None:
        key = journal.finished["winner"]["key"]
    else:
        key = journal.best[-1] if journal.best else None
    return None if key == journal.baseline else key


def _verdict(journal: Journal, settings: Mapping[str, Any]) -> Verdict:
    found = journal.finished
    if found is None:
        return _so_far(journal, str(settings.get("metric", "")))
    confirmed, test = found["confirmed"], found["gain"]
    lead = "Confirmed" if confirmed else "Baseline returned" if test is None else "Not confirmed"
    scores: list[tuple[str, Kind, Measured]] = [("baseline", "baseline", Measured.of_evaluation(found["baseline"]))]
    if found["winner"]["key"] != journal.baseline:
        name = "tuned" if confirmed else "tuned (not returned)"
        scores.append((name, "winner", Measured.of_evaluation(found["tuned"])))
    return Verdict(
        "confirmed" if confirmed else "returned", f"{lead}: {found['reason']}", scores,
        "Measured on examples that no candidate was selected on.", found["baseline"]["metric"],
    )  # fmt: skip


def _so_far(journal: Journal, metric: str) -> Verdict:
    scores: list[tuple[str, Kind, Measured]] = []
    if journal.baseline in journal.standings:
        scores.append(("baseline", "baseline", journal.standings[journal.baseline]))
    leader = _selected(journal)
    if leader is not None:
        scores.append((f"best so far ({journal.candidates[leader].label})", "winner", journal.standings[leader]))
    if not journal.trials:
        sentence = "In progress: nothing has been evaluated to the end yet"
    elif journal.ended is None:
        sentence = f"In progress: {_count(len(journal.trials), 'trial')} so far, nothing is confirmed yet"
    else:
        sentence = f"In progress: the search has ended, its winner is not confirmed yet ({journal.ended})"
    return Verdict("running", sentence, scores, "Measured on the selection examples, which flatter the best candidate.", metric)


def _points(journal: Journal, selected: str | None) -> list[Point]:
    pool, points = journal.pool, []
    lead = {}
    for told, best in zip(journal.trials, journal.best, strict=True):
        lead[told.key] = told.measured
        candidate = journal.candidates[told.key]
        whole = told.measured.rows >= pool
        kind = _kind(candidate, selected)
        points.append(Point(told.step, candidate.label, kind, candidate.origin, told.calls, told.measured, whole, lead[best]))
    return points


def _kind(candidate: Proposed, selected: str | None) -> Kind:
    if candidate.is_baseline:
        return "baseline"
    return "winner" if candidate.key == selected else "other"


def _tree(journal: Journal, selected: str | None, own: Mapping[str, str]) -> Iterator[Node]:
    """Yield the candidates from the root down, each after its parent.

    `own`: the baseline's instructions by predictor, where the settings hold them; without, no difference to them is shown.
    """
    children: dict[str | None, list[str]] = {}
    for key, candidate in journal.candidates.items():
        known = candidate.parent if candidate.parent in journal.candidates and candidate.parent != key else journal.baseline
        children.setdefault(None if candidate.is_baseline else known, []).append(key)
    texts: dict[str, Mapping[str, str]] = {}
    waiting = [(key, 0) for key in [*journal.candidates][::-1]]  # all of them, so that a circle of parents loses none
    waiting += [(key, 0) for key in reversed(children.get(None, []))]
    while waiting:
        key, depth = waiting.pop()
        if key in texts:
            continue
        candidate = journal.candidates[key]
        before = own if candidate.is_baseline else texts.get(candidate.parent or "", {})
        texts[key] = {**before} | {
            name: one["instruction"] for name, one in candidate.tunings.items() if one["instruction"] is not None
        }
        yield _node(journal, candidate, depth, _kind(candidate, selected), before)
        waiting += [(child, depth + 1) for child in reversed(children.get(key, []))]


def _node(journal: Journal, candidate: Proposed, depth: int, kind: Kind, before: Mapping[str, str]) -> Node:
    parts = []
    for name, tuning in candidate.tunings.items():
        text, old = tuning["instruction"], before.get(name)
        diff = changes(old, text) if text is not None and old is not None and old != text else []
        parts.append(Part(name, text, diff, tuning["demos"]))
    if candidate.is_baseline:
        parts = [Part(name, text, [], None) for name, text in before.items()]
    known = journal.candidates.get(candidate.parent or "")
    parent = known.label if known else f"{candidate.parent}, which was never evaluated" if candidate.parent else ""
    return Node(
        candidate.label, candidate.key, depth, parent, candidate.origin, kind, parts,
        journal.standings.get(candidate.key), _note(journal, candidate, kind), candidate.chosen,
    )  # fmt: skip


def _note(journal: Journal, candidate: Proposed, kind: Kind) -> str:
    if kind == "winner":
        if journal.finished is None:
            return "leads so far"
        return "winner" if journal.finished["confirmed"] else "best on selection, not confirmed"
    if kind == "baseline" and journal.finished is not None and not journal.finished["confirmed"]:
        return "returned"
    if candidate.key in journal.pending:
        over = journal.ended is not None or journal.finished is not None
        return "not evaluated to the end" if over else "being evaluated"
    return ""


def _comparison(journal: Journal) -> Comparison | None:
    """Compare the winner with the baseline; where the baseline won, the best of the others. None without a common row."""
    others = {key: measured for key, measured in journal.standings.items() if key != journal.baseline}
    key = _selected(journal) or max(others, key=lambda one: others[one].rank, default=None)
    if key is None or journal.baseline not in journal.rows:
        return None
    base, mine = journal.rows[journal.baseline], journal.rows[key]
    pairs = [
        Pair(_result(base[index], mine[index]), base[index], mine[index], _is_synthesized(journal, base[index]))
        for index in sorted(base.keys() & mine.keys())
    ]
    pairs.sort(key=lambda pair: RESULTS.index(pair.result))
    role = "the winner" if journal.finished else "the best so far"
    return Comparison(journal.candidates[key].label, role if key == _selected(journal) else "the best of the others", pairs)


def _is_synthesized(journal: Journal, row: Row) -> bool:
    """True where a row's inputs are those of an example that was made for the run."""
    made = (journal.synthesized or {}).get("rows", ())
    return any(all(one.get(name) == value for name, value in row.inputs.items()) for one in made)


def _result(before: Row, after: Row) -> Result:
    if before.score is None or after.score is None:
        return "failed"
    if before.score == after.score:
        return "same"
    return "won" if after.score > before.score else "lost"


def _spent(run: Run, journal: Journal) -> Spent:
    usage = run.ledger.usage
    limits = (journal.finished or {}).get("budget", {})
    seconds = journal.finished["seconds"] if journal.finished else None
    bars = [
        _bar("calls", usage.calls, limits.get("calls"), ",.0f"),
        _bar("tokens", usage.prompt_tokens + usage.completion_tokens, limits.get("tokens"), ",.0f"),
        _bar("US dollars", usage.usd, limits.get("usd"), ",.4g"),
        _bar("seconds", seconds, limits.get("seconds"), ",.0f"),
    ]
    if not limits:
        bars = [Bar(bar.name, bar.text.removesuffix(", no limit"), None) for bar in bars]
    paid = max(usage.calls, 1)
    order = sorted(usage.by_purpose.items(), key=lambda item: (-item[1], item[0]))
    purposes = [Bar(name, f"{_count(calls, 'call')}, {calls / paid * 100:.0f} %", calls / paid) for name, calls in order]
    counts = [("answered from the store", usage.cached), ("failed", usage.failed), ("truncated", usage.truncated)]
    return Spent(bars, purposes, counts, _paid_back(journal))


def _paid_back(journal: Journal) -> list[str]:
    """Say what was expected, and from how many uses on the run has paid for itself."""
    found = journal.finished or {}
    notes = []
    if expected := found.get("estimate"):
        notes.append(f"Expected before the run: {expected['calls'][0]:,} to {expected['calls'][1]:,} calls.")
    if even := found.get("break_even"):
        unit = "better answers, one for each call that was spent" if even["unit"] == "right answers" else f"saved {even['unit']}"
        uses = even["uses"]
        notes.append(
            "It does not pay for itself." if uses is None else f"It has paid for itself after {uses:,} uses, counted in {unit}."
        )
    return notes


def _bar(name: str, used: float | None, limit: float | None, form: str) -> Bar:
    said = "not known" if used is None else format(used, form)
    if limit is None:
        return Bar(name, f"{said}, no limit", None)
    share = None if used is None else min(used / limit, 1.0)
    return Bar(name, f"{said} of {limit:{form}}" + ("" if used is None else f" ({used / limit * 100:.0f} %)"), share)


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the settings by dotted name, in order."""
    for name, value in sorted(settings.items()):
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def shown(value: Any) -> str:
    """Return a field's value as text: a string as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def span(measured: Measured) -> str:
    """Return how many rows a score stands on, with those that failed."""
    said = _count(measured.rows, "row")
    more = [f"{count} {name}" for name, count in (("failed", measured.failed), ("skipped", measured.skipped)) if count]
    return said + (f", {', '.join(more)}" if more else "")


def signed(row: Row) -> str:
    """Return a row's score as text."""
    return "no score" if row.score is None else f"{row.score:.3g}"

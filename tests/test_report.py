"""The report of a tuning run, read as a person would: by what its sections say."""

from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import dspy
import pytest

from selftaught.budget import Budget
from selftaught.evaluation import describe
from selftaught.optimizers import Candidate, Optimizer, Standing, Trial, Tuning
from selftaught.programs import Predict
from selftaught.report import render, write_report
from selftaught.report.changes import changes
from selftaught.report.contents import build
from selftaught.report.journal import Measured
from selftaught.run import Run
from selftaught.testing import FakeLM
from selftaught.testing.samples import Speak, exact, learner, words

HOSTILE = "Say <script>alert('x')</script> & \"more\"."
DEMOS = tuple({"word": f"demo{i}", "shouted": f"DEMO{i}"} for i in range(6))
PARENT = Candidate({"self": Tuning("Use capital letters for the word.", DEMOS)}, Candidate().key, "written by hand")
CHILD = Candidate({"self": Tuning("Use small letters for the word.", None)}, PARENT.key, "one word exchanged")
ATTACK = Candidate({"self": Tuning(HOSTILE, ())}, "f00", "an <b>attack</b>")
SECTIONS = ["verdict", "trajectory", "candidates", "front", "examples", "spend", "settings"]
VOID = {"meta", "br", "hr", "img", "input", "link", "source", "wbr"}
INLINE = {"a", "del", "i", "ins", "span", "strong"}


class Listed(Optimizer):
    """Tries what it is given, one list a step: first a block of rows, then all of them."""

    def __init__(self, steps: list[list[Candidate]]) -> None:
        super().__init__(exact, stopping=())
        self.steps = steps

    def strategy(self, problem):
        return _Listed(self.steps, problem.pool)


class _Listed:
    def __init__(self, steps: list[list[Candidate]], pool: int) -> None:
        self.left = [[Trial(one, tuple(range(size))) for one in step] for step in steps for size in (6, pool)]

    async def ask(self) -> list[Trial]:
        return self.left.pop(0) if self.left else []

    def tell(self, standings: list[Standing]) -> None:
        pass


class PulledPlug(BaseException):
    """Stands for the end of the process."""


def script(messages, **settings):
    """A model that learns, but answers garbage for one word."""
    return "%% <i>garbage</i>" if "word13" in str(messages[-1]["content"]) else learner(messages, **settings)


def tune(folder: Path, steps: list[list[Candidate]], function=script):
    data = words(56)
    with dspy.context(lm=FakeLM(function)):
        return Listed(steps).compile(
            Predict(Speak),
            trainset=data[:4],
            valset=data[4:],
            budget=Budget(calls=900),
            run_dir=folder,
            concurrency=8,
            progress=False,
        )


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run: its folder and the tuned program."""
    folder = tmp_path_factory.mktemp("report") / "run"
    return folder, tune(folder, [[PARENT, ATTACK], [CHILD]])


@pytest.fixture(scope="module")
def page(finished):
    return Page((finished[0] / "report.html").read_text(encoding="utf-8"))


class Page(HTMLParser):
    """A parsed page: refuses tags that do not balance, and collects the text of each section."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html, self.open, self.sections, self.tags, self.headings = html, [], {}, [], []
        self.feed(html)
        self.close()
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in INLINE:
            self.handle_data(" ")
        if tag in VOID:
            return
        self.open.append((tag, dict(attributes).get("id")))

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1][0] == tag, f"</{tag}> closes <{self.open[-1][0]}>"
        self.open.pop()

    def handle_data(self, data):
        for tag, name in self.open:
            if tag == "section":
                self.sections[name] = self.sections.get(name, "") + data
        if self.open and self.open[-1][0] == "h1" and data.strip():
            self.headings.append(data)

    def says(self, section: str) -> str:
        return " ".join(self.sections[section].split())


def open_page(folder: Path) -> Page:
    with Run(folder) as run:
        return Page(render(run))


def test_the_sections_come_in_the_order_of_the_questions(page):
    assert list(page.sections) == SECTIONS


def test_the_verdict_says_what_was_found_with_intervals_and_counts(finished, page):
    outcome = finished[1].tuning
    assert outcome.confirmed
    assert page.headings == [f"Confirmed: {outcome.reason}"]
    for found in (outcome.baseline, outcome.tuned):
        assert describe(found.score, found.interval, found.n) in page.says("verdict")
    assert "Metric: exact" in page.says("verdict")


def test_failed_rows_are_counted_apart(finished, page):
    baseline = next(one for one in finished[1].tuning.standings if not one.candidate.tunings)
    assert baseline.failed + finished[1].tuning.baseline.failed == 1
    assert "1 failed" in page.says("candidates" if baseline.failed else "verdict")


def test_where_the_gain_is_not_real_the_baseline_is_returned_with_the_reason(tmp_path):
    tuned = tune(tmp_path / "run", [[CHILD]])
    page = open_page(tmp_path / "run")
    assert not tuned.tuning.confirmed
    assert tuned.tuning.reason in page.headings[0]
    assert "baseline" in page.headings[0].lower()
    assert "returned" in page.says("candidates")


def test_an_untrusted_metric_is_named_as_such(tmp_path):
    with Run(tmp_path, {"metric": "checklist (untrusted)"}) as run:
        page = Page(render(run))
    assert "checklist (untrusted)" in page.says("verdict")
    assert "trust of this judge" in page.says("verdict")


def test_the_trajectory_holds_every_trial_in_order_and_who_led(finished):
    with Run(finished[0]) as run:
        points = build(run).points
    assert [(point.step, point.label) for point in points] == [
        ("baseline", "baseline"), ("1", "C1"), ("1", "C2"), ("2", "C1"), ("2", "C2"), ("3", "C3"), ("4", "C3"),
    ]  # fmt: skip
    assert [point.whole for point in points] == [True, False, False, True, True, False, True]
    assert points[2].best == points[0].measured  # six rows take no lead from the whole pool
    assert points[-1].best == next(point.measured for point in points if point.kind == "winner" and point.whole)
    assert all(before.calls <= after.calls for before, after in pairwise(points))


def test_the_trajectory_is_drawn_and_tabulated(finished, page):
    with Run(finished[0]) as run:
        points = build(run).points
    for point in points:
        assert f"step {point.step}, {point.calls:,} calls spent" in page.sections["trajectory"]
        assert str(point.measured) in page.says("trajectory")


def test_the_candidates_stand_below_their_parents(finished):
    with Run(finished[0]) as run:
        nodes = build(run).nodes
    assert [(node.label, node.depth, node.parent) for node in nodes] == [
        ("baseline", 0, ""), ("C1", 1, "baseline"), ("C3", 2, "C1"), ("C2", 1, "f00, which was never evaluated"),
    ]  # fmt: skip
    assert [node.note for node in nodes] == ["", "winner", "", ""]


def test_a_candidate_shows_what_it_is(page):
    said = page.says("candidates")
    for text in (
        "written by hand",
        "6 demonstrations",
        "demo3",
        "DEMO3",
        "Use capital letters for the word.",
        "no demonstrations",
    ):
        assert text in said


def test_an_instruction_is_compared_with_its_parents_word_by_word(page):
    assert "Use<del> capital</del><ins> small</ins> letters for the word." in page.html


def test_an_instruction_with_nothing_left_of_its_parents_is_shown_plainly_with_the_old_one_to_unfold(tmp_path):
    rewritten = Candidate({"self": Tuning("Shout!")}, PARENT.key, "new")
    with Run(tmp_path) as run:
        run.append("asked", {"number": "1", "trials": [_asked(Candidate()), _asked(PARENT), _asked(rewritten)]})
        page = Page(render(run))
    assert "replaces the instruction of C1" in page.says("candidates")
    assert '<div class="text">Shout!</div>' in page.html


def test_the_baselines_instruction_is_compared_with_where_the_settings_hold_it(tmp_path):
    with Run(tmp_path, {"instructions": {"self": "Use letters for the word."}}) as run:
        run.append("asked", {"number": "baseline", "trials": [_asked(Candidate())]})
        run.append("asked", {"number": "1", "trials": [_asked(PARENT)]})
        assert "Use<ins> capital</ins> letters for the word." in render(run)


def test_changes_lead_from_one_text_to_the_other():
    for before, after in [
        ("a b c d", "a x c d"),
        ("", "new text"),
        ("all gone", "nothing kept here"),
        ("one\n\ntwo", "one\ntwo three"),
    ]:
        found = changes(before, after)
        assert "".join(piece.text for piece in found if piece.kind != "del") == after
        assert "".join(piece.text for piece in found if piece.kind != "ins").split() == before.split()
    assert [piece.kind for piece in changes("entirely different", "no word is shared")] == ["del", "ins"]


def test_wins_and_losses_are_counted_on_the_rows_that_both_met(finished, page):
    with Run(finished[0]) as run:
        comparison = build(run).comparison
    for pair in comparison.pairs:
        before, after = pair.baseline.score, pair.other.score
        assert pair.baseline.inputs == pair.other.inputs
        expected = "failed" if None in (before, after) else "same" if before == after else "won" if after > before else "lost"
        assert pair.result == expected
    counts = comparison.counts
    assert sum(counts.values()) == len(comparison.pairs)
    assert f"{counts['won']} won / {counts['lost']} lost / {counts['same']} same" in page.says("examples")
    won = next(pair for pair in comparison.pairs if pair.result == "won")
    assert won.baseline.inputs["word"] in page.says("examples")
    assert won.other.answers[0]["shouted"] in page.says("examples")


def test_a_failed_row_shows_its_error_and_the_raw_answer(tmp_path):
    def broken(messages, **settings):
        return "%% <i>garbage</i>" if "word1" in str(messages[-1]["content"]) else learner(messages, **settings)

    tune(tmp_path / "run", [[PARENT]], broken)
    page = open_page(tmp_path / "run")
    with Run(tmp_path / "run") as run:
        failed = [pair for pair in build(run).comparison.pairs if pair.result == "failed"]
    assert failed
    assert failed[0].baseline.error.split(":")[0] in page.says("examples")
    assert "%% <i>garbage</i>" in page.says("examples")
    assert "<i>garbage" not in page.html
    assert f"{len(failed)} without a score in one or both" in page.says("examples")


def test_the_spend_stands_against_the_budget(finished, page):
    usage = finished[1].tuning.usage
    said = page.says("spend")
    assert f"{usage.calls:,} of 900" in said
    assert f"{usage.prompt_tokens + usage.completion_tokens:,}, no limit" in said
    assert f"task {usage.by_purpose['task']:,} calls, 100 %" in said
    assert f"answered from the store {usage.cached} failed {usage.failed} truncated {usage.truncated}" in said


def test_the_settings_are_listed_with_versions_and_seed(page):
    said = page.says("settings")
    for text in (
        "seed",
        "versions.selftaught",
        f"versions.dspy {dspy.__version__}",
        "optimizer Listed",
        "metric exact",
        "trainset",
    ):
        assert text in said


def test_untrusted_text_is_escaped(page):
    assert not [tag for tag, _ in page.tags if tag in ("script", "b", "i")]
    assert HOSTILE in page.says("candidates")
    assert "an <b>attack</b>" in page.says("candidates")
    assert "<script" not in page.html
    assert "&lt;script&gt;" in page.html


def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing(page):
    for reference in ("http://", "https://", "src=", "@import", "url("):
        assert reference not in page.html
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "link", "img", "iframe", "object"})
    assert all(attributes["href"].startswith("#") for _, attributes in page.tags if "href" in attributes)
    assert "default-src 'none'" in page.html


def test_links_lead_to_something(page):
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {attributes["href"][1:] for _, attributes in page.tags if "href" in attributes} <= set(ids)


def test_every_drawing_says_in_words_what_it_shows(page):
    drawings = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert len(drawings) >= 5
    assert all(attributes["aria-label"] and attributes["role"] == "img" for attributes in drawings)


def test_the_same_journal_gives_the_same_bytes(finished, tmp_path):
    with Run(finished[0]) as run:
        first = write_report(tmp_path, run).read_bytes()
    with Run(finished[0]) as run:
        assert write_report(tmp_path, run).read_bytes() == first
    assert first == (finished[0] / "report.html").read_bytes()


@pytest.mark.parametrize("after", [0, 3, 40, 55])
def test_an_unfinished_run_shows_what_is_there(tmp_path, after):
    left = [after]

    def stops(messages, **settings):
        if not left[0]:
            raise PulledPlug
        left[0] -= 1
        return learner(messages, **settings)

    with pytest.raises(PulledPlug):
        tune(tmp_path / "run", [[PARENT], [CHILD]], stops)
    page = open_page(tmp_path / "run")
    assert page.headings[0].startswith("In progress")
    assert list(page.sections) == [name for name in SECTIONS if name != "front" or after == 55]
    if after == 55:
        assert "best so far (C1)" in page.says("verdict")
        assert "being evaluated" in page.says("candidates")
        assert "winner" not in page.says("trajectory").replace("as the winner is chosen", "")


def test_an_empty_run_has_a_report(tmp_path):
    with Run(tmp_path) as run:
        page = Page(render(run))
    assert "In progress" in page.headings[0]


def test_no_score_at_all_is_undetermined(tmp_path):
    row = {"index": 0, "inputs": {"word": "a"}, "error": "CallError: no answer", "raw": "<b>"}
    told = {"key": Candidate().key, "score": None, "interval": [0.0, 1.0], "rows": 1, "failed": 1}
    with Run(tmp_path) as run:
        run.append("asked", {"number": "baseline", "trials": [_asked(Candidate())]})
        run.append("told", {"number": "baseline", "rows": [[row]], "standings": [told], "calls": 1})
        page = Page(render(run))
    assert "undetermined (n=0)" in page.says("verdict")
    assert "1 row, 1 failed" in page.says("verdict")


def test_candidates_whose_parents_form_a_circle_all_appear(tmp_path):
    first = Candidate({"self": Tuning("first")}, "", "one")
    second = Candidate({"self": Tuning("second")}, first.key, "two")
    first = Candidate(first.tunings, second.key, "one")
    with Run(tmp_path) as run:
        run.append("asked", {"number": "1", "trials": [_asked(Candidate()), _asked(first), _asked(second)]})
        assert sorted(node.label for node in build(run).nodes) == ["C1", "C2", "baseline"]


def test_a_score_reads_as_everywhere_else():
    assert str(Measured(0.618, (0.5, 0.72), 80)) == describe(0.618, (0.5, 0.72), 80)
    assert str(Measured(None, (0.0, 1.0), 0)) == describe(None, (0.0, 1.0), 0)


def _asked(candidate: Candidate):
    return {"candidate": candidate.to_dict(), "key": candidate.key, "rows": [0]}

"""The report of a synthesis run, read as a person would: by what its sections say."""

import dspy
import pytest

from selftaught import Budget
from selftaught.programs import Step
from selftaught.programs.synthesis import Change, Keep, Made, Novel, Pipeline, Rows
from selftaught.report import render, write_report
from selftaught.report.synthesis import histogram, spoken
from selftaught.run import Run
from selftaught.testing import FakeLM
from tests.test_report import Page

HOSTILE = "Say <script>alert('x')</script> & \"more\"."
SECTIONS = ["verdict", "funnel", "diversity", "accepted", "rejected", "spend", "settings"]


def answering(messages, **settings):
    text = str(messages[-1]["content"])
    if "word7 " in text:
        return "%% garbage"
    return {"output": HOSTILE if "word3 " in text else f"{text} and so on {text}"}


def pipeline(count=20):
    rows = [{"instruction": f"Write about word{i} now, one{i} two{i}."} for i in range(count)] + [
        {"instruction": "Write about word2 now, one2 two2!"}
    ]
    return Pipeline(
        Rows(rows, batch=7),
        [
            Keep(lambda row: "holds a nine" if "9" in row["instruction"] else "", "clean"),
            Novel("instruction"),
            Made(Step("instruction -> output"), name="answer"),
            Change(lambda row: row.scored("length", 0.5), "score"),
        ],
    )


def page_of(folder, count=None, script=answering, build=pipeline, **settings):
    with dspy.context(lm=FakeLM(script, name="scripted")):
        made = build().run(count, run_dir=folder, progress=False, **settings)
    with Run(folder) as run:
        return made, Page(render(run))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return page_of(tmp_path_factory.mktemp("report") / "run")


def test_the_sections_come_in_order_and_the_verdict_says_what_came_out(finished):
    made, page = finished
    assert list(page.sections) == SECTIONS
    assert page.headings == [f"{len(made)} rows: the source ended"]
    assert f"{made.usage.calls} calls, {made.calls_per_row:.1f} calls a row, by scripted" in page.says("verdict")


def test_the_yield_of_every_step_stands_with_its_reasons(finished):
    made, page = finished
    said = page.says("funnel")
    for one in made.funnel:
        assert f"{one.name} {one.entered} {one.share * 100:.0f} %" in said
        for reason, often in one.rejected.items():
            assert f"{often} {reason}" in said
    assert {reason for _, reason in made.rejected} == {"holds a nine", "ROUGE-L above 0.7", "failed: AnswerError"}


def test_diversity_and_lengths_are_told_for_each_field(finished):
    made, page = finished
    found = made.diversity("instruction", sample=150)
    said = page.says("diversity")
    assert f"instruction {len(made)}" in said
    assert f"{found.distinct[0]:.2f} / {found.distinct[1]:.2f} {found.self_bleu:.2f} {found.vendi:.0f} of {found.sample}" in said
    assert "Words of output" in said
    assert "write about" in said


def test_accepted_rows_and_rejected_ones_with_their_reasons_are_shown(finished):
    made, page = finished
    assert sum(row["instruction"] in page.says("accepted") for row in made.rows) == 8
    assert "length 0.50" in page.says("accepted")
    assert "clean: holds a nine" in page.says("rejected")
    assert "Write about word9 now" in page.says("rejected")
    assert "not in the asked form" in page.says("rejected")


def test_nothing_that_a_model_wrote_becomes_markup_and_nothing_is_fetched(finished):
    _, page = finished
    assert "alert('x')" in page.says("accepted")
    assert not [tag for tag, _ in page.tags if tag in ("script", "img", "link", "iframe")]
    assert not [
        value
        for _, attributes in page.tags
        for name, value in attributes.items()
        if name in ("src", "href") and not value.startswith("#")
    ]
    assert page.html.startswith("<!DOCTYPE html>")


def test_the_same_journal_gives_the_same_page(tmp_path):
    page_of(tmp_path / "run")
    with Run(tmp_path / "run") as run:
        assert render(run) == render(run)
        assert write_report(tmp_path / "run", run).read_text() == render(run)


def test_only_the_rows_that_were_asked_for_are_told(tmp_path):
    _, page = page_of(tmp_path / "run", 3)
    assert page.headings == ["3 rows: enough rows"]
    assert "The last round brought" in page.says("verdict")


def test_a_run_whose_budget_ended_or_that_has_nothing_yet_has_a_report_too(tmp_path):
    made, page = page_of(tmp_path / "run", budget=Budget(calls=8))
    assert page.headings[0].startswith(f"{len(made)} rows: the budget ended")
    with Run(tmp_path / "empty", {"kind": "synthesis", "source": "rows", "parts": ["clean"]}) as run:
        page = Page(render(run))
    assert page.headings == ["In progress, or interrupted: 0 rows so far"]
    assert list(page.sections) == SECTIONS


def test_messages_are_measured_as_what_is_said_in_them(tmp_path):
    def build():
        rows = [{"messages": [{"role": "user", "content": f"hello {i}"}], "same": "x", "number": i} for i in range(5)]
        return Pipeline(Rows(rows), [])

    _, page = page_of(tmp_path / "run", build=build)
    assert "Words of messages" in page.says("diversity")
    assert "Words of same" not in page.says("diversity")
    assert spoken([{"role": "user"}]) == spoken(3) == spoken(["a"]) == ""


@pytest.mark.parametrize("lengths", [[1], [0, 0], [1, 500], list(range(100))])
def test_a_histogram_counts_every_text(lengths):
    drawn = str(histogram(lengths, "Words"))
    bars = [int(part.rpartition(": ")[2]) for part in drawn.split("</title>")[:-1]]
    assert sum(bars) == len(lengths)

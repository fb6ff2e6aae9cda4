"""Rows of the published data sets: invented ones of each form, and the real ones where they are at hand."""

import json
import os
from pathlib import Path

import pytest

from selftaught.errors import DataError, SettingError
from selftaught.programs.judge.constraints import NOT_CHECKED, constraint, from_ifeval, kinds, not_checked

IFEVAL = {
    "prompt": "Write a poem.",
    "instruction_id_list": ["punctuation:no_comma", "length_constraints:number_words"],
    "kwargs": [{}, {"num_words": 40.0, "relation": "at least", "keyword": None}],
}
TWO = (constraint("punctuation:no_comma"), constraint("length_constraints:number_words", num_words=40, relation="at least"))


def row(kind, prompt="", **arguments):
    return {"prompt": prompt, "instruction_id_list": [kind], "kwargs": [arguments]}


def test_a_row_is_read_whole_in_order_and_none_is_no_argument():
    assert from_ifeval(IFEVAL) == TWO
    assert from_ifeval({**IFEVAL, "kwargs": [None, IFEVAL["kwargs"][1]]}) == TWO


def test_a_row_of_mathif_is_read_too():
    other = {
        "constraint_name": ["length_constraint_checkers:number_words"],
        "constraint_args": [{"num_words": 40, "relation": "at least"}],
    }
    assert from_ifeval(other) == TWO[1:]


@pytest.mark.parametrize(
    ("kind", "prompt", "expected"),
    [
        ("count:person_names", "Use names from this list of person names: Ana, Ben . Tell it.", {"names": ["Ana", "Ben"], "N": 2}),
        ("format:output_template", "Follow this form: Facts: [facts] My View: [view]", {"labels": ["Facts:", "My View:"]}),
        ("repeat:repeat_simple", "Explain the sea. Write only this line.", {"sentence": "Write only this line."}),
        ("custom:multiples", "From 3 to 20 write the multiples of 4.", {"first": 3, "last": 20, "factor": 4}),
        ("custom:mcq_count_length", "Make 3 questions with 2 options.", {"questions": 3, "options": 2}),
        (
            "custom:csv_quotes",
            'Columns are ["A", "B c"]. Please generate 3 rows.',
            {"columns": ["A", "B c"], "rows": 3, "delimiter": "tab", "quoted": "all"},
        ),
    ],
)  # fmt: skip
def test_what_stands_only_in_the_prompt_is_read_there(kind, prompt, expected):
    given = {"N": 2} if kind == "count:person_names" else {}
    (found,) = from_ifeval(row(kind, prompt, **given))
    assert found == constraint("custom:csv" if "csv" in kind else kind, **expected)
    with pytest.raises((DataError, SettingError), match=kind if "csv" not in kind else "csv"):
        from_ifeval(row(kind, "", **given))


@pytest.mark.parametrize("kind", NOT_CHECKED)
def test_what_cannot_be_checked_is_never_dropped_silently(kind):
    assert kind not in kinds()
    unchecked = row(kind)
    with pytest.raises(SettingError, match="leave out"):
        from_ifeval(unchecked)
    assert from_ifeval(unchecked, unchecked="leave out") == ()
    assert not_checked(unchecked) == (kind,)


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"instruction_id_list": [], "kwargs": []},
        {"instruction_id_list": ["punctuation:no_comma"], "kwargs": []},
        {"instruction_id_list": "punctuation:no_comma", "kwargs": [{}]},
        {"instruction_id_list": ["punctuation:no_comma"], "kwargs": {"num_words": 3}},
    ],
)
def test_a_row_without_constraints_is_an_error(broken):
    with pytest.raises(DataError, match="no constraints"):
        from_ifeval(broken)


@pytest.mark.parametrize(("kind", "said"), [("punctuation:no_coma", "no_comma"), ("keywords:existence", "needs the argument")])
def test_a_row_with_an_unknown_kind_or_argument_is_an_error(kind, said):
    with pytest.raises(SettingError, match=said):
        from_ifeval(row(kind))


@pytest.mark.parametrize(("name", "least"), [("ifeval", 1.0), ("ifbench", 0.95)])
def test_every_row_of_the_published_data_is_read(name, least, record_property):
    folder = os.environ.get("SELFTAUGHT_DATA")
    if not folder or not (Path(folder) / f"{name}.jsonl").is_file():
        pytest.skip(f"SELFTAUGHT_DATA names no folder with {name}.jsonl")
    rows = [json.loads(line) for line in (Path(folder) / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    checked = [one for each in rows for one in from_ifeval(each, unchecked="leave out")]
    everything = sum(len(each["instruction_id_list"]) for each in rows)
    assert len(checked) + sum(len(not_checked(each)) for each in rows) == everything
    assert all(len(one.describe().split()) >= 3 for one in checked)
    record_property("share checked", len(checked) / everything)
    assert len(checked) / everything >= least

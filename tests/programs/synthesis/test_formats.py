"""Formats: the schemas of the trainers, rows that do not fit, templates, and what is on disk."""

import json
import sys
from collections import Counter

import pytest
from pydantic import BaseModel

from selftaught.data import read_examples
from selftaught.errors import DataError, RunError, SettingError
from selftaught.ledger import Usage
from selftaught.programs.synthesis import Row, Synthesized
from selftaught.programs.synthesis.formats import FORMATS
from selftaught.programs.synthesis.templates import SEVERAL, Template, templates_of
from selftaught.signatures import as_task

TASK = {"instruction": "Add the numbers.", "input": "2 and 3", "output": "5"}
PAIR = {"instruction": "Name a fruit.", "chosen": "apple", "rejected": "brick"}
TURNS = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Hello"},
    {"role": "assistant", "content": "Hi."},
]


def made(*values, **scores):
    return Synthesized([Row(one, scores=scores) for one in values], Counter(), [], "enough rows", Usage(), None, {"seed": 7})


def saved(folder, format, *values, name="data.jsonl", scores=None, **settings):
    path = made(*values, **(scores or {})).save(folder / name, format, **settings)
    text = path.read_text(encoding="utf-8")
    return [json.loads(line) for line in text.split("\n") if line] if name.endswith("jsonl") else json.loads(text)


def test_prompt_and_completion_for_sft(tmp_path):
    assert saved(tmp_path, "sft", TASK, {"prompt": "2 + 3 =", "completion": "5"}) == [
        {"prompt": "Add the numbers.\n\n2 and 3\n\n", "completion": "5"},
        {"prompt": "2 + 3 =\n\n", "completion": "5"},
    ]
    talk = saved(tmp_path, "sft", TASK, {**TASK, "system": "Be brief."}, conversational=True)
    assert talk[0]["prompt"] == [{"role": "user", "content": "Add the numbers.\n\n2 and 3"}]
    assert talk[0]["completion"] == [{"role": "assistant", "content": "5"}]
    assert talk[1]["prompt"][0] == {"role": "system", "content": "Be brief."}
    assert saved(tmp_path, "sft", {"messages": TURNS}) == [{"prompt": TURNS[:-1], "completion": TURNS[-1:]}]


def test_messages_and_sharegpt(tmp_path):
    assert saved(tmp_path, "messages", {"messages": TURNS}, TASK) == [
        {"messages": TURNS},
        {
            "messages": [
                {"role": "user", "content": "Add the numbers.\n\n2 and 3"},
                {"role": "assistant", "content": "5"},
            ]
        },
    ]
    assert saved(tmp_path, "sharegpt", {"messages": TURNS}) == [
        {
            "conversations": [
                {"from": "system", "value": "Be brief."},
                {"from": "human", "value": "Hello"},
                {"from": "gpt", "value": "Hi."},
            ]
        }
    ]


def test_alpaca_always_has_its_three_columns(tmp_path):
    rows = saved(tmp_path, "alpaca", TASK, {"instruction": "Say hello.", "output": "Hello"}, name="data.json")
    assert rows == [TASK, {"instruction": "Say hello.", "input": "", "output": "Hello"}]


def test_preference_with_the_prompt_apart_and_inside(tmp_path):
    assert saved(tmp_path, "preference", PAIR) == [{"prompt": "Name a fruit.\n\n", "chosen": "apple", "rejected": "brick"}]
    assert saved(tmp_path, "reward", PAIR) == [{"chosen": "Name a fruit.\n\napple", "rejected": "Name a fruit.\n\nbrick"}]
    asked = [{"role": "user", "content": "Name a fruit."}]
    answers = {name: [{"role": "assistant", "content": PAIR[name]}] for name in ("chosen", "rejected")}
    assert saved(tmp_path, "preference", PAIR, conversational=True) == [{"prompt": asked, **answers}]
    assert saved(tmp_path, "reward", PAIR, conversational=True) == [{name: asked + one for name, one in answers.items()}]
    assert saved(tmp_path, "preference", {"prompt": asked, **answers}) == [{"prompt": asked, **answers}]
    assert saved(tmp_path, "reward", {"prompt": asked, **answers}) == [{name: asked + one for name, one in answers.items()}]


def test_unpaired_from_a_label_from_a_pair_and_from_a_score(tmp_path):
    assert saved(tmp_path, "unpaired", {**TASK, "label": False}) == [
        {"prompt": "Add the numbers.\n\n2 and 3\n\n", "completion": "5", "label": False}
    ]
    assert [(one["completion"], one["label"]) for one in saved(tmp_path, "unpaired", PAIR)] == [("apple", True), ("brick", False)]
    both = saved(tmp_path, "unpaired", {**TASK, "score": 0.8}, {**TASK, "score": 0.2}, least=0.5)
    assert [one["label"] for one in both] == [True, False]
    assert saved(tmp_path, "unpaired", TASK, scores={"judge": 0.9}, least=0.5)[0]["label"] is True
    with pytest.raises(DataError, match=r"lacks 'label'.*least"):
        saved(tmp_path, "unpaired", {**TASK, "score": 0.8})


def test_stepwise_needs_as_many_labels_as_steps(tmp_path):
    row = {"prompt": "Which is larger?", "completions": ["First.", "Second."], "labels": [True, False]}
    assert saved(tmp_path, "stepwise", row) == [
        {"prompt": "Which is larger?\n\n", "completions": ["First.", "Second."], "labels": [True, False]}
    ]
    with pytest.raises(DataError, match="as many labels"):
        saved(tmp_path, "stepwise", {**row, "labels": [True]})


def test_examples_are_read_back_as_they_were(tmp_path):
    class Place(BaseModel):
        town: str

    task = as_task("text, tags: list[str] -> sure: bool, place: dict")
    row = {"text": "Ulm\u2028here", "tags": ["a"], "sure": True, "place": Place(town="Ulm").model_dump()}
    made(row).save(tmp_path / "train.jsonl", "examples", task=task)
    (found,) = read_examples(tmp_path / "train.jsonl", task)
    assert {name: found[name] for name in row} == row
    assert set(found.inputs().keys()) == {"text", "tags"}
    with pytest.raises(SettingError, match="task"):
        made(row).save(tmp_path / "train.jsonl", "examples")


def test_rows_keep_everything(tmp_path):
    (found,) = saved(tmp_path, "rows", TASK, scores={"judge": 0.5})
    assert found["values"] == TASK
    assert found["scores"] == {"judge": 0.5}


@pytest.mark.parametrize(
    ("format", "values", "said"),
    [
        ("sft", {"instruction": "x"}, "'completion'"),
        ("sft", {"output": "x"}, "'prompt'"),
        ("messages", {"messages": [{"role": "user"}]}, "'role' and 'content'"),
        ("messages", {"messages": "text"}, "'role' and 'content'"),
        ("sft", {"messages": TURNS[:2]}, "expected the assistant's answer"),
        ("preference", {"instruction": "x", "chosen": "y"}, "'rejected'"),
        ("reward", {"instruction": "x", "rejected": "y"}, "'chosen'"),
        ("preference", {"chosen": "x", "rejected": "y"}, "'prompt'"),
        ("stepwise", {"prompt": "x", "labels": [True]}, "'completions'"),
        ("alpaca", {"instrution": "x", "output": "y"}, "'instruction' (did you mean 'instrution'?)"),
        ("sharegpt", {"messages": [{"role": "narrator", "content": "x"}]}, "narrator"),
        ("unpaired", {**TASK, "label": "yes"}, "'label'"),
    ],
)
def test_a_row_that_lacks_what_a_format_takes_is_refused_by_name(tmp_path, format, values, said):
    with pytest.raises(DataError) as error:
        saved(tmp_path, format, values)
    assert said in str(error.value)
    assert not list(tmp_path.iterdir())


def test_renaming_says_where_a_value_is(tmp_path):
    row = {"task": "Add.", "result": {"sum": 5}}
    (found,) = saved(tmp_path, "sft", row, rename={"instruction": "task", "output": "result"})
    assert found == {"prompt": "Add.\n\n", "completion": '{"sum": 5}'}
    with pytest.raises(DataError, match="lacks 'resutl' "):
        saved(tmp_path, "sft", row, rename={"instruction": "task", "completion": "resutl"})


def test_texts_and_messages_are_not_mixed_in_one_file(tmp_path):
    with pytest.raises(DataError, match="list and str"):
        saved(tmp_path, "sft", TASK, {"messages": TURNS})
    assert len(saved(tmp_path, "sft", TASK, {"messages": TURNS}, conversational=True)) == 2


def test_a_template_is_chosen_by_the_seed_and_the_row_alone(tmp_path):
    rows = [{**TASK, "input": f"{i} and {i}"} for i in range(60)]
    first = saved(tmp_path, "sft", *rows, templates="several")
    again = saved(tmp_path, "sft", *reversed(rows), templates="several")
    assert first == again[::-1]
    assert saved(tmp_path, "sft", *rows[:7], templates="several") == first[:7]
    assert saved(tmp_path, "sft", *rows, templates="several", seed=1) != first
    shapes = {one["prompt"].replace(row["input"], "X") for one, row in zip(first, rows, strict=True)}
    assert len(shapes) == len(SEVERAL)


def test_templates_lose_nothing_and_their_space_belongs_to_the_output(tmp_path):
    for template in SEVERAL:
        prompt, begin = template.fill("Do {input} {output}.", "with {instruction}")
        assert "Do {input} {output}." in prompt
        assert "with {instruction}" in prompt
        assert prompt == prompt.rstrip(" ")
        assert begin in ("", " ")
        assert "{" not in template.fill("Do.", "")[0].replace("Do.", "")
    (found,) = saved(tmp_path, "sft", TASK, templates=[["{instruction} {input}: {output}", "{instruction}: {output}"]])
    assert found == {"prompt": "Add the numbers. 2 and 3:", "completion": " 5"}


@pytest.mark.parametrize(
    "templates", ["some", [], ["text"], [("{instruction} {output}", "{instruction} {output}")], [("a", "b", "c")]]
)
def test_what_is_no_template_is_refused(templates):
    with pytest.raises(SettingError, match="templates"):
        templates_of(templates)


def test_odd_characters_come_back_and_break_no_line(tmp_path):
    odd = {"instruction": "a\u2028b\u2029c\x85d\x00e\ud800f\x1eg", "output": "ü 語"}
    path = made(odd).save(tmp_path / "data.jsonl", "alpaca")
    (line,) = path.read_text(encoding="utf-8").splitlines()
    assert json.loads(line) == {**odd, "input": ""}
    assert "語" in line


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    path = tmp_path / "data.jsonl"
    made(TASK).save(path)
    before = path.read_bytes()
    with pytest.raises(DataError):
        made(TASK, {"output": "x"}).save(path)
    assert path.read_bytes() == before
    assert {one.name for one in tmp_path.iterdir()} == {"data.jsonl", "data.card.md"}


def test_what_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(SettingError, match="expected one of sft"):
        made(TASK).save(tmp_path / "data.jsonl", "stf")
    with pytest.raises(SettingError, match=r"\.jsonl, \.json, \.parquet"):
        made(TASK).save(tmp_path / "data.csv")
    with pytest.raises(DataError, match="no rows"):
        made().save(tmp_path / "data.jsonl")
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be written"):
        made(TASK).save(tmp_path / "file" / "data.jsonl")


def test_every_format_says_what_it_takes_and_has_a_line_in_the_overview():
    import selftaught.programs.synthesis.formats as formats

    for name, form in FORMATS.items():
        assert form.takes
        assert f"\n{name} " in formats.__doc__


def test_parquet_without_pyarrow_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(SettingError, match="pip install pyarrow"):
        made(TASK).save(tmp_path / "data.parquet")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("format", ["sft", "messages", "preference", "rows", "stepwise"])
def test_parquet_holds_the_same_records(tmp_path, format):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    rows = [
        {**PAIR, "output": "x", "messages": TURNS, "completions": ["a", "b"][:i], "labels": [True, False][:i]} for i in (1, 2)
    ]
    lines = saved(tmp_path, format, *rows)
    made(*rows).save(tmp_path / "data.parquet", format)
    found = parquet.read_table(tmp_path / "data.parquet").to_pylist()
    plain = [{k: json.dumps(v, sort_keys=True) if isinstance(v, dict) else v for k, v in one.items()} for one in lines]
    assert found == plain
    with pytest.raises(DataError, match="jsonl"):
        made({"a": 1}, {"a": "x"}).save(tmp_path / "mixed.parquet", "examples", task="q -> a", rename={"q": "a"})


def test_a_given_template_is_a_pair():
    assert templates_of([Template("{instruction}{input}{output}", "{instruction}{output}")])[0].alone == "{instruction}{output}"


@pytest.mark.parametrize(
    ("format", "command", "values"),
    [("sft", "sft", TASK), ("messages", "sft", TASK), ("preference", "dpo", PAIR), ("reward", "reward", PAIR), ("unpaired", "kto", PAIR)],
)  # fmt: skip
def test_the_training_that_belongs_to_the_rows(tmp_path, format, command, values):
    made(values).save(tmp_path / "my data.jsonl", format, training="a/base-model")
    text = (tmp_path / "my data.training.yaml").read_text(encoding="utf-8")
    settings = dict(
        line.split(": ", 1) for line in text.splitlines() if line and not line.startswith((" ", "#")) and ": " in line
    )
    assert f"trl {command} --config 'my data.training.yaml'" in text.splitlines()[0]
    assert json.loads(settings["model_name_or_path"]) == "a/base-model"
    assert (settings["use_peft"], settings["report_to"], settings["seed"]) == ("true", '"none"', "7")
    assert text.endswith('datasets:\n  - path: json\n    data_files: "my data.jsonl"\n')


def test_a_format_without_a_trainer_has_no_training_and_nothing_is_written(tmp_path):
    with pytest.raises(SettingError, match="alpaca"):
        made(TASK).save(tmp_path / "data.jsonl", "alpaca", training="a/base-model")
    for model in (" ", 5):
        with pytest.raises(SettingError, match="base model"):
            made(TASK).save(tmp_path / "data.jsonl", "sft", training=model)
    with pytest.raises(SettingError, match=r"data\.txt"):
        made(TASK).save(tmp_path / "data.txt", "sft", training="a/base-model")
    assert not list(tmp_path.iterdir())
    made(TASK).save(tmp_path / "data.jsonl", "sft")
    assert not (tmp_path / "data.training.yaml").exists()


def test_a_value_under_a_new_name_is_not_there_under_its_own(tmp_path):
    row = {"input": "cat", "output": "cats"}
    assert saved(tmp_path, "sft", row, rename={"prompt": "input"}) == [{"prompt": "cat\n\n", "completion": "cats"}]

"""`selftaught synthesize`: a recipe is the pipeline that it names, continues, stops at its budget, and refuses what makes no sense."""

import json
import zlib
from pathlib import Path

import dspy
import pytest

from selftaught.cli import synthesizing as cooking
from selftaught.cli.synthesizing import make_pipeline, pipelines, synthesizing
from selftaught.errors import DataError, RunError, SettingError
from selftaught.novelty import NoveltyFilter
from selftaught.programs.synthesis.self_instruct import SelfInstruct
from selftaught.recipe import read_recipe
from selftaught.testing import FakeLM, answer_fields
from tests.cli.stub import serving
from tests.cli.test_commands import selftaught

SEEDS = ["Write a short poem about autumn leaves.", "Sort these numbers from small to large.", "Name the capital of the country."]
RECIPE = """
method = "self-instruct"
count = 9
seed = 4
seeds = ["Write a short poem about autumn leaves.", "Sort these numbers from small to large.", "Name the capital of the country."]

[settings]
proposals = 3
batch = 2

[lm]
model = "fake"

[output]
path = "data.jsonl"
format = "alpaca"
licence = "cc-by-4.0"
title = "Little tasks"
"""


def planted(messages, **settings):
    number = zlib.crc32(f"{messages} {settings.get('rollout_id')}".encode()) % 10**6
    said = {
        "tasks": [f"alpha{number} beta{number} gamma{number} delta{number}", SEEDS[0], f"one{number} two{number} three{number} four"],
        "classification": False, "input": f"text {number}", "output": f"answer {number}", "choices": ["a", "b"],
        "correct": number % 3 > 0, "wrong": number % 3 == 0,
    }  # fmt: skip
    return {name: said[name] for name in answer_fields(messages)}


@pytest.fixture
def lm(monkeypatch):
    model = FakeLM(planted)
    monkeypatch.setattr(cooking, "make_lm", lambda _: model)
    return model


def write(folder, text=RECIPE, name="recipe.toml"):
    path = folder / name
    path.write_text(text)
    return path


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_recipe_of_twenty_lines_is_self_instruct(tmp_path, lm):
    assert len(RECIPE.strip().splitlines()) <= 20
    found = synthesizing(write(tmp_path))
    with dspy.context(lm=FakeLM(planted)):
        direct = SelfInstruct(SEEDS, proposals=3, batch=2).run(9, seed=4, progress=False)
    assert found.made.rows == direct.rows
    assert found.code == 0
    assert lines(tmp_path / "data.jsonl") == [
        {name: row[name] for name in ("instruction", "input", "output")} for row in direct.rows
    ]
    card = (tmp_path / "data.card.md").read_text()
    for told in ("# Little tasks", "license: cc-by-4.0", "self-instruct (after Self-Instruct", "**Seed:** 4", "Wang"):
        assert told in card
    assert "Synthesis report" in found.report.read_text()
    assert found.report.parent == tmp_path / "runs" / "recipe"


def test_the_same_recipe_again_pays_nothing_and_a_larger_count_goes_on(tmp_path, lm):
    path = write(tmp_path)
    first = synthesizing(path)
    paid = lm.calls
    assert synthesizing(path).made.rows == first.made.rows
    assert lm.calls == paid
    more = synthesizing(path, count=14)
    assert len(more.made) == 14
    assert more.made.rows[:9] == first.made.rows
    assert len(lines(tmp_path / "data.jsonl")) == 14


def test_when_the_budget_ends_the_rows_are_written_the_code_is_3_and_more_continues(tmp_path, lm):
    whole = synthesizing(write(tmp_path), run=tmp_path / "whole").made.rows
    part = synthesizing(write(tmp_path), calls=12, run=tmp_path / "run")
    assert part.code == 3
    assert 0 < len(part.made) < 9
    assert len(lines(tmp_path / "data.jsonl")) == len(part.made)
    rest = synthesizing(write(tmp_path), run=tmp_path / "run")
    assert rest.code == 0
    assert rest.made.rows == whole


def test_another_recipe_in_the_same_run_directory_is_refused_by_what_differs(tmp_path, lm):
    synthesizing(write(tmp_path))
    for old, new, said in (
        ("proposals = 3", "proposals = 2", "settings"),
        ("autumn", "winter", "seeds"),
        ("seed = 4", "seed = 5", "seed"),
    ):
        with pytest.raises(RunError, match=said):
            synthesizing(write(tmp_path, RECIPE.replace(old, new)))


def test_filters_are_the_last_steps_and_write_down_what_they_drop(tmp_path, lm):
    more = '\n[filters]\nnovelty = 0.5\nfield = "output"\n\n[filters.judge]\nkind = "verify"\nleast = 0.9\nboth_ways = false\n'
    found = synthesizing(write(tmp_path, RECIPE + more))
    assert [one.name for one in found.made.funnel][-2:] == ["filter: novelty", "filter: judge"]
    assert found.made.rejected["filter: judge", "score below 0.9"] > 0
    assert all(row.scores["filter: judge"] == 1.0 for row in found.made.rows)
    compare = NoveltyFilter().similarity
    outputs = [row["output"] for row in found.made.rows]
    assert all(compare(a, b) <= 0.5 for i, a in enumerate(outputs) for b in outputs[:i])


def test_a_filter_on_what_rows_lack_rejects_them_by_name(tmp_path, lm):
    found = synthesizing(write(tmp_path, RECIPE + '\n[filters]\nnovelty = 0.7\nfield = "question"\n'), calls=30)
    assert found.made.rejected["filter: novelty", "lacks 'question'"] > 0
    assert found.path is None
    assert found.code == 3
    assert "nothing was written" in found.text()


def test_parts_go_to_a_folder_and_overlap_with_an_evaluation_set_is_told(tmp_path, lm):
    plain = synthesizing(write(tmp_path))
    leaked = plain.made.rows[2]["instruction"]
    (tmp_path / "exam.jsonl").write_text(json.dumps({"question": leaked}) + "\n")
    more = 'split = { train = 0.5, test = 0.5 }\nevaluation = "exam.jsonl"\n'
    found = synthesizing(write(tmp_path, RECIPE + more))
    assert {one.name for one in (tmp_path / "data").iterdir()} == {"train.jsonl", "test.jsonl", "README.md"}
    assert found.to_dict()["split"] in ({"train": 4, "test": 5}, {"train": 5, "test": 4})
    assert "in the evaluation set: 1 rows" in found.text()
    assert "Contamination" in (tmp_path / "data" / "README.md").read_text()
    only = synthesizing(write(tmp_path, RECIPE + 'evaluation = "exam.jsonl"\n'))
    assert only.path == tmp_path / "data.jsonl"
    assert "Contamination" in (tmp_path / "data.card.md").read_text()
    assert not (tmp_path / "README.md").exists()


def test_new_examples_of_a_task(tmp_path, monkeypatch):
    def script(messages, **settings):
        if answer_fields(messages) == ["proposals"]:
            number = zlib.crc32(f"{messages} {settings.get('rollout_id')}".encode())
            return {"proposals": [f"w{number}a", f"w{number}b"]}
        return {"shouted": str(messages[-1]["content"]).upper()}

    monkeypatch.setattr(cooking, "make_lm", lambda _: FakeLM(script))
    text = """
method = "auto"
task = "word -> shouted"
instruction = "Write the word in capital letters."
seeds = [{ word = "stone", shouted = "STONE" }, { word = "lamp", shouted = "LAMP" }]
count = 5
[settings]
votes = 3
[output]
path = "train.jsonl"
format = "examples"
"""
    found = synthesizing(write(tmp_path, text))
    assert len(found.made) == 5
    assert all(row == {"word": row["word"], "shouted": row["word"].upper()} for row in lines(tmp_path / "train.jsonl"))


@pytest.mark.parametrize(
    ("name", "content", "first"),
    [
        ("seeds.jsonl", '{"instruction": "A task is this."}\n\n"Another task is here."\n', {"instruction": "A task is this."}),
        ("seeds.json", '["A task is this."]', "A task is this."),
        ("seeds.txt", "A task is this.\n\n  Another one here.\n", "A task is this."),
    ],
)
def test_seeds_come_from_files(tmp_path, name, content, first):
    (tmp_path / name).write_text(content)
    assert cooking.read_seeds(tmp_path / name)[0] == first
    path = write(
        tmp_path, RECIPE.replace(RECIPE[RECIPE.index("seeds = ") : RECIPE.index("]\n\n[settings")] + "]", f'seeds = "{name}"')
    )
    assert make_pipeline(read_recipe(path)).seeds[0]["instruction"] == "A task is this."


def test_a_folder_of_documents_is_its_texts(tmp_path):
    for name, text in (("b.txt", "second"), ("a.md", "first"), ("c.png", "no")):
        (tmp_path / name).write_text(text)
    assert cooking.read_seeds(tmp_path) == ["first", "second"]


@pytest.mark.parametrize(
    ("name", "content"), [("a.jsonl", "{"), ("a.json", "{}"), ("a.txt", "\n"), ("a.json", "[1]"), ("a.jsonl", "\n")]
)
def test_files_without_seeds_are_refused(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match="seeds"):
        cooking.read_seeds(tmp_path / name)
    with pytest.raises(DataError, match="cannot be read"):
        cooking.read_seeds(tmp_path / "missing.txt")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("count = 9", "cuont = 9", "unknown key 'cuont' (did you mean 'count'?)"),
        ("count = 9", "count = -1", "count"),
        ('licence = "cc', 'license = "cc', "unknown key 'output.license' (did you mean 'licence'?)"),
        ('method = "self-instruct"', 'method = "self-instrct"', "did you mean 'self-instruct'"),
        ("proposals = 3", "proposal = 3", "unknown key 'proposal' (did you mean 'proposals'?)"),
        ("proposals = 3", "proposals = 0", "proposals=0"),
        ('format = "alpaca"', 'format = "alpca"', "did you mean 'alpaca'"),
        ('format = "alpaca"', 'format = "examples"', "needs task"),
        ('path = "data.jsonl"', 'path = "data.csv"', ".parquet"),
        ('path = "data.jsonl"\n', "", "output.path"),
        ("[settings]", '[filters]\nnovelty = 7\n[settings]', "filters.novelty"),
        ("[settings]", '[filters.judge]\nkind = "verfy"\n[settings]', "filters.judge.kind"),
        ("[settings]", '[filters.judge]\nkind = "verify"\nboth = true\n[settings]', "unknown key 'both'"),
        ("[lm]", "[budget]\ncals = 3\n[lm]", "did you mean 'calls'"),
        ("[lm]", "[budget]\ncalls = 0\n[lm]", "positive"),
        ('title = "Little tasks"', "split = { train = 0.5 }", "add up to 1"),
        ('title = "Little tasks"', 'templates = [["a"]]', "templates[0]"),
        ("count = 9\n", "", "count=None"),
        ('method = "self-instruct"', "method = ", "TOML"),
        ("seeds = [", "seeds = 3 #", "the name of a file"),
        ('method = "self-instruct"', 'method = "auto"', "needs task"),
    ],
)  # fmt: skip
def test_a_recipe_that_makes_no_sense_is_refused_in_words_before_a_call(tmp_path, lm, old, new, said):
    assert old in RECIPE
    with pytest.raises(Exception) as error:
        synthesizing(write(tmp_path, RECIPE.replace(old, new)))
    assert said in str(error.value)
    assert lm.calls == 0
    assert error.type.__module__ == "selftaught.errors"


def test_no_seed_and_no_file_are_refused(tmp_path, lm):
    with pytest.raises(SettingError, match="cannot be read"):
        synthesizing(tmp_path / "nothing.toml")
    start = RECIPE.index("seeds = ")
    with pytest.raises(SettingError, match="seeds: expected at least one"):
        synthesizing(write(tmp_path, RECIPE[:start] + "seeds = []" + RECIPE[RECIPE.index("]\n\n[settings") + 1 :]))


def test_every_registered_synthesis_has_a_name_here():
    assert pipelines()["self-instruct"].serves is SelfInstruct


def test_a_model_that_repeats_itself_is_a_failure_that_keeps_its_rows(tmp_path, monkeypatch):
    def script(messages, **settings):
        said = {"tasks": ["Always the very same task here."], "classification": False, "input": "text", "output": "answer"}
        return {name: said[name] for name in answer_fields(messages)}

    monkeypatch.setattr(cooking, "make_lm", lambda _: FakeLM(script))
    found = synthesizing(write(tmp_path))
    assert found.code == 1
    assert found.made.ended.startswith("stalled")
    assert len(lines(tmp_path / "data.jsonl")) == 1


def test_the_command_prints_json_or_text_and_its_exit_codes(tmp_path):
    with serving(planted) as (url, bodies):
        path = write(tmp_path, RECIPE.replace('model = "fake"', f'model = "stub"\napi_base = "{url}"\nadapter = "compact"'))
        done = selftaught("synthesize", path, "--json")
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert found["rows"] == 9
        assert found["usage"]["calls"] == len(bodies)
        assert found["funnel"][1]["step"] == "propose"
        card = (tmp_path / "data.card.md").read_text()
        assert "selftaught synthesize recipe.toml --json" in card
        assert str(tmp_path) not in card
        spent = selftaught("synthesize", path, "--budget-calls", "5", "--run", tmp_path / "other")
        assert spent.returncode == 3
        assert "the budget ended" in spent.stdout
        again = selftaught("synthesize", path, "--count", "3", "--run", tmp_path / "other")
        assert again.returncode == 0
        assert again.stdout.startswith("3 rows; enough rows")
        report = json.loads(selftaught("report", tmp_path / "other", "--json").stdout)["report"]
        assert "3 rows: enough rows" in Path(report).read_text()
        refused = selftaught("report", tmp_path / "other", "--optuna", tmp_path / "study.db")
        assert refused.returncode == 1
        assert "no candidates" in refused.stderr
    wrong = selftaught("synthesize", write(tmp_path, RECIPE.replace("count", "cuont")))
    assert wrong.returncode == 2
    assert "did you mean 'count'" in wrong.stderr
    assert "Traceback" not in wrong.stderr

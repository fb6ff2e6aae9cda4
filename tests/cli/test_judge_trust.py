"""`selftaught judge trust`: the judge of a task file is measured, shown, gated; its settings are checked by name."""

import json
import sys

import pytest

from selftaught.cli import run_app
from selftaught.cli.app import app
from selftaught.cli.judging import make_judge
from selftaught.errors import SettingError
from selftaught.programs import judge as judges
from selftaught.taskfile import read_task
from selftaught.testing import answer_fields
from tests.cli.stub import serving
from tests.cli.test_commands import selftaught


def judging(messages, **settings):
    """Right answers are in capitals; of two answers the second is always better."""
    asked = answer_fields(messages)
    if asked == ["better"]:
        return {"better": "second"}
    right = (
        next(line for line in messages[-1]["content"].splitlines() if line.startswith("draft: "))
        .removeprefix("draft: ")
        .isupper()
    )
    return {"correct": right} if asked == ["correct"] else {"wrong": not right}


def write(folder, url, judge='[judge]\nkind = "verify"'):
    (folder / "good.jsonl").write_text(
        "\n".join(json.dumps({"word": f"w{i}", "shouted": f"W{i}" if i % 2 else f"w{i}", "good": bool(i % 2)}) for i in range(20))
    )
    (folder / "pairs.jsonl").write_text(
        "\n".join(json.dumps({"word": f"w{i}", "first": f"W{i}", "second": f"w{i}", "better": 1}) for i in range(12))
    )
    path = folder / "task.toml"
    path.write_text(
        f'task = "word -> shouted"\n[lm]\nmodel = "stub"\napi_base = "{url}"\nadapter = "compact"\nmax_tokens = 50\n{judge}\n'
    )
    return path


def test_a_good_judge_passes_with_a_page_of_all_figures(tmp_path):
    with serving(judging) as (url, bodies):
        task, page = write(tmp_path, url), tmp_path / "trust.html"
        found = selftaught("judge", "trust", task, "--data", tmp_path / "good.jsonl", "--report", page, "--calibrate", "--json")
        again = selftaught("judge", "trust", task, "--data", tmp_path / "good.jsonl", "--json")
    assert found.returncode == 0, found.stderr
    said = json.loads(found.stdout)
    assert (said["judge"], said["accuracy"], said["informative"], said["gate"]) == ("Verify", 1.0, True, "passed")
    assert said["calibrated_by"]["helps"] is False
    assert len(bodies) == 40, "both ways, once: the calibration and a second command ask nothing again"
    assert json.loads(again.stdout)["figures"] == said["figures"]
    html = page.read_text()
    assert all(f">{name}</th>" in html for name in said["figures"])
    assert "<svg" in html
    assert "<script" not in html
    assert "http" not in html.replace("http-equiv", "")


def test_a_judge_that_always_prefers_the_second_place_is_refused_in_words(tmp_path):
    with serving(judging) as (url, bodies):
        found = selftaught(
            "judge", "trust", write(tmp_path, url, '[metric]\nkind = "pairwise"'), "--data", tmp_path / "pairs.jsonl", "--pairs"
        )
    assert found.returncode == 1, found.stderr
    assert "no information beyond chance" in found.stdout
    assert "prefers the second place: 100 %" in found.stdout
    assert "gate     refused" in found.stdout
    assert len(bodies) == 24
    assert "Traceback" not in found.stderr


@pytest.mark.parametrize(
    ("judge", "data", "said"),
    [
        ("", "good.jsonl", "names no judge"),
        ('[judge]\nkind = "verify"', "good.jsonl", "holds no pairs"),
        ('[judge]\nkind = "verify"\nboth_way = true', "good.jsonl", "did you mean 'both_ways'"),
        ('[judge]\nkind = "verfy"', "good.jsonl", "judge.kind"),
        ('[metric]\nkind = "exact"\nquestions = ["Is it?"]', "good.jsonl", "unknown key 'questions'"),
        ('[judge]\nkind = "panel"', "good.jsonl", "judges = "),
        ('[judge]\nkind = "panel"\njudges = ["nobody"]', "good.jsonl", "is no judge"),
        ('[judge]\nkind = "rubric"\ncriteria = []', "good.jsonl", "at least one criterion"),
        ('[judge]\nkind = "rubric"', "good.jsonl", "criteria"),
    ],
)
def test_a_bad_judge_is_a_usage_error_in_words(tmp_path, monkeypatch, capsys, judge, data, said):
    task = write(tmp_path, "http://127.0.0.1:9/v1", judge)
    monkeypatch.setattr(sys, "argv", ["selftaught", "judge", "trust", str(task), "--data", str(tmp_path / data), "--pairs"])
    assert run_app(app) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "kind", "settings"),
    [
        ('kind = "checklist"\nquestions = ["Is it loud?"]', "Checklist", {"questions": ["Is it loud?"]}),
        ('kind = "rating"\nlevels = 5\nsamples = 3', "Rating", {"levels": 5, "samples": 3}),
        ('kind = "rating"', "Rating", {"samples": 1}),
        ('kind = "rubric"\ncriteria = ["It is loud."]\nadditive = true', "Rubric", {"criteria": ("It is loud.",)}),
        ('kind = "verify"\nboth_ways = false', "Verify", {"both_ways": False}),
        ('kind = "pairwise"\nmargin = 0.1', "Pairwise", {"margin": 0.1}),
        ('kind = "confidence"\nhow = "recurrence"', "Confidence", {"how": "recurrence"}),
    ],
)
@pytest.mark.parametrize("section", ["judge", "metric"])
def test_every_kind_is_built_with_its_settings(tmp_path, section, text, kind, settings):
    (tmp_path / "task.toml").write_text(f'task = "word -> shouted"\n[{section}]\n{text}\n')
    file = read_task(tmp_path / "task.toml")
    built = make_judge(file.judge or file.metric.judge, file.signature())
    assert type(built) is getattr(judges, kind)
    assert {name: getattr(built, name) for name in settings} == settings


def test_a_panel_holds_its_judges(tmp_path):
    (tmp_path / "task.toml").write_text(
        'task = "word -> shouted"\n[judge]\nkind = "panel"\naggregate = "mean"\n'
        'judges = ["verify", { kind = "rubric", criteria = ["It is loud."] }]\n'
    )
    file = read_task(tmp_path / "task.toml")
    panel = make_judge(file.judge, file.signature())
    assert [type(one).__name__ for one in panel.judges] == ["Verify", "Rubric"]
    assert panel.aggregate == "mean"


def test_a_judge_may_have_a_model_of_its_own(tmp_path):
    (tmp_path / "task.toml").write_text(
        'task = "word -> shouted"\n[judge]\nkind = "verify"\n[judge.lm]\nmodel = "wise"\napi_base = "http://127.0.0.1:9/v1"\n'
    )
    file = read_task(tmp_path / "task.toml")
    assert make_judge(file.judge, file.signature()).get_lm().model.endswith("#wise")
    (tmp_path / "task.toml").write_text('task = "word -> shouted"\n[judge]\nkind = "verify"\n[judge.lm]\nmodle = "wise"\n')
    with pytest.raises(SettingError, match="modle"):
        read_task(tmp_path / "task.toml")


def test_constraints_are_built_from_a_list(tmp_path):
    (tmp_path / "task.toml").write_text(
        'task = "word -> shouted"\n[judge]\nkind = "constraints"\nconstraints = [{ kind = "punctuation:no_comma" }]\n'
    )
    file = read_task(tmp_path / "task.toml")
    built = make_judge(file.judge, file.signature())
    assert built(word="a", shouted="A B").passed
    assert not built(word="a", shouted="A, B").passed


def test_tune_takes_the_trust_that_was_measured_of_the_very_same_judge(tmp_path):
    def shouting(messages, **settings):
        asked = answer_fields(messages)
        if asked == ["instruction"]:
            return {"instruction": "Write it in capitals."}
        if asked == ["shouted"]:
            return {"shouted": "WORD"}
        return judging(messages, **settings)

    with serving(shouting) as (url, _):
        task = write(tmp_path, url, '[metric]\nkind = "verify"\n[budget]\ncalls = 400')
        words = [json.dumps({"word": f"w{i}", "shouted": f"W{i}"}) for i in range(40)]
        (tmp_path / "train.jsonl").write_text("\n".join(words[:8]))
        (tmp_path / "val.jsonl").write_text("\n".join(words[8:]))
        task.write_text(task.read_text() + '\n[data]\ntrain = "train.jsonl"\nval = "val.jsonl"\n')
        refused = selftaught("tune", task)
        assert refused.returncode == 1
        assert "never measured" in refused.stderr
        assert selftaught("judge", "trust", task, "--data", tmp_path / "good.jsonl").returncode == 0
        tuned = selftaught("tune", task, "--json")
        assert tuned.returncode == 0, tuned.stderr
        task.write_text(task.read_text().replace('kind = "verify"', 'kind = "verify"\nboth_ways = false'))
        other = selftaught("tune", task)
        assert other.returncode != 0
        assert "never measured" in other.stderr

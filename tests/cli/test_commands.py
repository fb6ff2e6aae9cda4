"""The command line as a user meets it: whole processes, a model behind a URL."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from selftaught.testing import answer_fields
from selftaught.testing.samples import learner, words
from tests.cli.stub import serving


def selftaught(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "selftaught.cli", *map(str, arguments)], capture_output=True, text=True, timeout=120, **options
    )


def write_task(folder, url, **changes):
    data = words(48)
    lines = [json.dumps({"word": example.word, "shouted": example.shouted}) for example in data]
    (folder / "train.jsonl").write_text("\n".join(lines[:8]))
    (folder / "val.jsonl").write_text("\n".join(lines[8:]))
    text = f"""
task = "word -> shouted"
instruction = "Do something with the word."
{changes.get("top", "")}
[data]
train = "train.jsonl"
val = "val.jsonl"
[lm]
model = "stub"
api_base = "{url}"
adapter = "compact"
max_tokens = 50
[metric]
kind = "{changes.get("metric", "exact")}"
[optimizer]
method = "{changes.get("optimizer", "ape")}"
settings = {{ shots = 4 }}
[budget]
calls = {changes.get("calls", 400)}
"""
    path = folder / "shout.toml"
    path.write_text(text)
    return path


def test_tune_evaluate_run_and_report_from_one_task_file(tmp_path):
    def shown_how(messages, **settings):
        if answer_fields(messages) == ["instruction"]:
            return {"instruction": "Say it loudly."}
        shown = any(message["role"] == "assistant" for message in messages)
        return {"shouted": messages[-1]["content"].upper() if shown else "no idea"}

    with serving(shown_how) as (url, bodies):
        task = write_task(tmp_path, url)
        tuned = selftaught("tune", task, "--json")
        assert tuned.returncode == 0, tuned.stderr
        outcome = json.loads(tuned.stdout)
        assert outcome["confirmed"], outcome["reason"]
        paid = len(bodies)
        assert paid <= 400
        assert outcome["usage"]["calls"] == paid

        again = json.loads(selftaught("tune", task, "--json").stdout)
        assert len(bodies) == paid
        assert again["winner"] == outcome["winner"]

        program = tmp_path / "runs" / "shout" / "program.st"
        scored = json.loads(selftaught("evaluate", task, "--program", program, "--json").stdout)
        assert scored["n"] == 40
        answered = selftaught("run", task, "--input", "word=word3", "--json")
        assert set(json.loads(answered.stdout)) == {"shouted"}
        report = json.loads(selftaught("report", tmp_path / "runs" / "shout", "--json").stdout)["report"]
        assert "onfirmed" in Path(report).read_text()


def test_an_interrupt_keeps_everything_and_names_the_command_that_continues(tmp_path):
    def slow(messages, **settings):
        time.sleep(0.05)
        return learner(messages, **settings)

    with serving(slow) as (url, bodies):
        task = write_task(tmp_path, url)
        process = subprocess.Popen(
            [sys.executable, "-m", "selftaught.cli", "tune", str(task)], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        deadline = time.monotonic() + 60
        while len(bodies) < 40 and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 130, said
        assert "the same command continues" in said
        assert f"selftaught tune {task}" in said
        stopped = len(bodies)
        assert selftaught("tune", task).returncode == 0
    keys = [json.dumps([body["messages"], body.get("temperature")], sort_keys=True) for body in bodies]
    resent = len(keys) - len(set(keys))
    assert resent <= 64, "at most the calls in flight at the interrupt are sent again"
    assert stopped >= 40


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("task = 'word -> shouted'\nbugdet = 3", "budget"),
        ("task = 'word -> shouted'\n[lm]\nmodle = 'local'", "model"),
        ("task = 'word shouted'", "->"),
        ("task = 'word -> shouted'\n[budget]\ncalls = 0\n[data]\ntrain='train.jsonl'", "positive"),
        ("task = 'word -> shouted'\n[optimizer]\nmethod = 'appe'\n[data]\ntrain='train.jsonl'", "ape"),
        ("task = [", "TOML"),
        ("task = 'wrod -> shouted'\n[data]\ntrain='train.jsonl'", "word"),
        ("task = 'word -> shouted'\n[data]\ntrain='empty.jsonl'", "no example"),
        ("task = 'word -> shouted'", "train"),
    ],
)
def test_a_bad_task_file_is_a_usage_error_in_words(tmp_path, text, said):
    (tmp_path / "train.jsonl").write_text("\n".join(json.dumps({"word": f"w{i}", "shouted": "W"}) for i in range(20)))
    (tmp_path / "empty.jsonl").write_text("\n")
    path = tmp_path / "task.toml"
    path.write_text(
        text if "[lm]" in text or "[data]" not in text else text + "\n[lm]\nmodel = 'stub'\napi_base = 'http://127.0.0.1:9/v1'\n"
    )
    found = selftaught("tune", path)
    assert found.returncode == 2, found.stderr
    assert said in found.stderr
    assert "Traceback" not in found.stderr


def test_an_untrusted_judge_is_refused_with_advice(tmp_path):
    with serving() as (url, bodies):
        found = selftaught("tune", write_task(tmp_path, url, metric="checklist"))
    assert found.returncode == 1
    assert "never measured" in found.stderr
    assert not bodies


def test_an_unreachable_model_is_an_error_in_words(tmp_path):
    found = selftaught("evaluate", write_task(tmp_path, "http://127.0.0.1:9/v1"))
    assert found.returncode == 1
    assert "cannot be reached" in found.stderr
    assert "Traceback" not in found.stderr


def test_a_budget_too_small_for_one_candidate_is_refused_with_advice(tmp_path):
    with serving() as (url, bodies):
        found = selftaught("tune", write_task(tmp_path, url, calls=25))
    assert found.returncode in (2, 3)
    assert "calls" in found.stderr
    assert len(bodies) <= 25


def test_the_catalogue_and_the_models_print_json():
    entries = json.loads(selftaught("catalogue", "--json").stdout)
    assert {entry["number"] for entry in entries if entry["number"]} == set(range(1, 202))
    assert json.loads(selftaught("catalogue", "145", "--json").stdout)["slug"] == "self-refine"
    assert json.loads(selftaught("models", "list", "--json").stdout)[0]["name"] == "smollm2-135m"


def test_help_names_every_command():
    said = selftaught("--help").stdout
    assert all(name in said for name in ("quickstart", "catalogue", "run", "evaluate", "tune", "report", "models"))

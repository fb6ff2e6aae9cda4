"""`selftaught diagnose` as a user meets it: a whole process, a model behind a URL."""

import json
import subprocess
import sys

import pytest

from selftaught.cli import run_app
from selftaught.cli.app import app
from selftaught.testing import answer_fields
from tests.cli.stub import serving


def shouting(messages, **settings):
    """Shout the word; as a judge, know capitals."""
    wanted, text = answer_fields(messages), messages[-1]["content"]
    if wanted in (["correct"], ["wrong"]):
        return {wanted[0]: text.rpartition("draft: ")[2].isupper() == (wanted == ["correct"])}
    if wanted == ["problems", "acceptable"]:
        return {"problems": [], "acceptable": True}
    return {"shouted": text.split("\n")[0].split(":")[-1].strip().upper()}


def write(folder, url, top=""):
    lines = [json.dumps({"word": f"word{i}", "shouted": f"WORD{i}"}) for i in range(6)]
    (folder / "test.jsonl").write_text("\n".join(lines))
    (folder / "hard.jsonl").write_text('{"word": "?"}')
    path = folder / "task.toml"
    path.write_text(
        f'task = "word -> shouted"\n{top}\n[lm]\nmodel = "stub"\napi_base = "{url}"\nadapter = "compact"\nmax_tokens = 50\n'
        + ("" if "data" in top else '[data]\ntest = "test.jsonl"\n')
    )
    return path


def test_one_command_says_prints_and_writes_everything(tmp_path):
    with serving(shouting) as (url, bodies):
        command = [sys.executable, "-m", "selftaught.cli", "diagnose", write(tmp_path, url), "--samples", "2"]
        command += ["--unanswerable", tmp_path / "hard.jsonl", "--report", tmp_path / "page.html"]
        first = subprocess.run([*map(str, command), "--json"], capture_output=True, text=True, timeout=300, check=False)
        paid = len(bodies)
        again = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300, check=False)
    assert first.returncode == again.returncode == 0, first.stderr + again.stderr
    said = json.loads(first.stdout)
    assert said["accuracy"]["value"] == 1.0
    assert said["parts"]["knowledge"]["counts"]["unanswerable"] == 1
    assert len(bodies) == paid, "the second command is answered from the run directory"
    assert said["headline"] in again.stdout
    assert all(one in again.stdout for one in said["decisions"])
    assert (tmp_path / "page.html").exists()


@pytest.mark.parametrize(
    ("arguments", "top", "said"),
    [
        (["--part", "votin"], "", "did you mean 'voting'"),
        ([], 'data = {train = "test.jsonl"}', "no examples to diagnose on"),
    ],
)
def test_a_bad_command_is_a_usage_error_in_words(tmp_path, monkeypatch, capsys, arguments, top, said):
    task = write(tmp_path, "http://127.0.0.1:9/v1", top)
    monkeypatch.setattr(sys, "argv", ["selftaught", "diagnose", str(task), *arguments])
    assert run_app(app) == 2
    assert said in capsys.readouterr().err

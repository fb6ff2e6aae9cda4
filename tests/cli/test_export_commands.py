"""The commands about saved programs: export, inspect, diff, sign, verify; their exit codes, their JSON, their errors in words."""

import json
import sys
from pathlib import Path

import dspy
import pytest

import selftaught as st
from selftaught.artifact import save
from selftaught.cli import run_app
from selftaught.cli.app import app
from selftaught.export import TARGETS
from selftaught.testing.samples import Shout
from tests.test_artifact import tuned


@pytest.fixture
def selftaught(monkeypatch, capsys):
    """Run a command here; returns exit code, output, errors."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["selftaught", *map(str, arguments)])
        try:
            code = run_app(app)
        except SystemExit as leaving:
            code = leaving.code
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def saved(tmp_path):
    return save(tuned(), tmp_path / "program.st")


def test_export_writes_where_it_is_told_and_tells_it(selftaught, saved, tmp_path):
    code, said, _ = selftaught("export", saved, "--to", "messages", "--out", tmp_path / "out" / "m.json", "--json")
    assert code == 0
    path = json.loads(said)["path"]
    assert set(json.loads(Path(path).read_text())["steps"]) == {"generate", "critic", "revise"}
    code, said, _ = selftaught("export", saved, "--to", "jinja")
    assert (code, said.strip()) == (0, str(tmp_path / "program-jinja"))


def test_every_target_stands_in_the_help(selftaught):
    _, said, _ = selftaught("export", "--help")
    assert all(target in said for target in TARGETS)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("export", "SAVED", "--to", "mesages"), 2, "did you mean 'messages'"),
        (("export", "missing.st", "--to", "messages"), 1, "no artifact"),
        (("inspect", "missing.st"), 1, "no artifact"),
        (("diff", "SAVED", "missing.st"), 1, "no artifact"),
        (("verify", "SAVED", "--key", "none.pem"), 1, "cannot be read"),
        (("sign", "SAVED", "--key", "none.pem"), 1, "cannot be read"),
    ],
)
def test_an_error_is_told_in_words(selftaught, saved, arguments, code, words):
    if arguments[0] in ("sign", "verify"):
        pytest.importorskip("cryptography", reason="cryptography is not installed (the extra `sign`)")
    found, _, said = selftaught(*(saved if one == "SAVED" else one for one in arguments))
    assert (found, words in said, "Traceback" in said) == (code, True, False)


def test_inspect_shows_the_program(selftaught, saved):
    code, said, _ = selftaught("inspect", saved)
    assert code == 0
    assert "SelfRefine" in said and "grüß Gott" in said
    found = json.loads(selftaught("inspect", saved, "--json")[1])
    assert found["steps"]["generate"]["config"] == {"temperature": 0.3}


def test_diff_tells_by_its_exit_code_whether_they_differ(selftaught, saved, tmp_path):
    assert selftaught("diff", saved, save(tuned(), tmp_path / "same.st"))[:2] == (0, "They hold the same.\n")
    program = tuned()
    program.predictors()[0].demos = [dspy.Example(word="b", shouted="B \x1b[2J")]
    other = save(program, tmp_path / "other.st")
    code, said, _ = selftaught("diff", saved, other)
    assert code == 1
    assert '-{"word": "a", "shouted": "A"}' in said
    assert "\x1b" not in said, "no colours where no terminal is, and never the file's own"
    code, said, _ = selftaught("diff", saved, other, "--json")
    assert (code, list(json.loads(said)["changed"])) == (1, ["generate: demonstrations"])


def test_diff_is_coloured_on_a_terminal(selftaught, saved, tmp_path, monkeypatch):
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    said = selftaught("diff", saved, save(st.Predict(Shout), tmp_path / "other.st"))[1]
    assert "\x1b[31m-" in said
    assert "\x1b[32m+" in said


def test_sign_and_verify(selftaught, saved, tmp_path):
    pytest.importorskip("cryptography", reason="cryptography is not installed (the extra `sign`)")
    code, said, _ = selftaught("sign", saved, "--key", tmp_path / "key.pem", "--make-key", "--json")
    assert code == 0
    made = json.loads(said)
    assert "PRIVATE" not in said
    assert selftaught("verify", saved, "--key", made["public_key"])[0] == 0
    assert json.loads(selftaught("inspect", saved, "--json")[1])["signed"] is True
    save(st.Predict(Shout), saved)
    code, _, said = selftaught("verify", saved, "--key", made["public_key"])
    assert (code, "changed after" in said) == (1, True)

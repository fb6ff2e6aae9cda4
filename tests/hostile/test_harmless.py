"""Texts that try to be templates, code or signs of a terminal load as the texts they are, and stay so in every target."""

import ast
import json
import subprocess
import sys

import dspy
import jinja2
import pytest

import selftaught as st
from selftaught.artifact import load, save
from selftaught.cli.exporting import inspected_text
from selftaught.errors import ExportError
from selftaught.export import TARGETS, export
from selftaught.export.messages import rendered
from selftaught.inspection import inspected
from selftaught.testing.samples import Shout

TEXTS = {
    "Jinja": "{{ cycler.__init__.__globals__.os.system('touch TRACE') }}{% include '/etc/passwd' %}{# x #}",
    "str.format": "{0.__class__.__mro__} {word.__class__} {} {{",
    "percent": "%s %(word)s %n",
    "string.Template": "${word} $word ${env:HOME}",
    "f-string": "{__import__('os').system('touch TRACE')}",
    "the end of a literal": "\"\"\"\nimport os; os.system('touch TRACE')\n'''\n\"; x = 1; '; x\\",
    "the end of a raw block": "{% endraw %}{{ 7 * 7 }}{% raw %}",
    "YAML": "x\n---\n!!python/object/apply:os.system ['touch TRACE']\n...",
    "a Dockerfile": "x\nRUN touch TRACE\n# escape=`",
    "a terminal": "\x1b]0;owned\x07\x1b[2J\x9b31m\u202eevil\r\b",
    "HTML": "<script>alert(1)</script>&lt;",
    "line ends of unicode": "a\u2028b\u2029c\x85d\x0be",
}  # fmt: skip


@pytest.fixture(params=TEXTS.values(), ids=TEXTS)
def hostile(request, tmp_path):
    """An artifact whose instruction and demonstration are hostile, and the text."""
    program = st.Predict(Shout)
    program.signature = program.signature.with_instructions("Shout. " + request.param)
    program.demos = [dspy.Example(word=request.param, shouted=request.param)]
    return save(program, tmp_path / "hostile.st"), request.param


def test_it_loads_as_the_text_that_it_is(hostile):
    path, text = hostile
    program = load(path)
    assert program.demos[0].word == text
    assert program.signature.instructions == st.Predict(Shout).signature.with_instructions("Shout. " + text).instructions


def test_no_target_evaluates_it(hostile, tmp_path):
    path, text = hostile
    written = {}
    for target in TARGETS:
        try:
            written[target] = export(path, target)
        except ExportError as error:
            assert target in ("prompty", "python"), error
    step = json.loads(written["messages"].read_text(encoding="utf-8"))["steps"]["self"]
    messages = rendered(step, {"word": text})
    assert [messages[1]["content"], messages[-1]["content"]] == [text, text]
    template = (written["jinja"] / "self.jinja").read_text(encoding="utf-8")
    assert json.loads(jinja2.Environment().from_string(template).render(word=text)) == messages
    source = (written["dspy"] / "module.py").read_text(encoding="utf-8")
    names = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    assert not names & {"os", "__import__", "x"}
    assert "RUN touch" not in (written["container"] / "Dockerfile").read_text()
    done = subprocess.run(
        [sys.executable, "module.py"], cwd=written["dspy"], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.rglob("TRACE"))


def test_what_is_shown_of_it_obeys_nothing(hostile):
    shown = inspected_text(inspected(hostile[0]))
    assert all(one.isprintable() or one in "\n\t" for one in shown.replace("\u2028", "").replace("\u2029", ""))

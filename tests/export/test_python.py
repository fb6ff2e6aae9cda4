"""An exported file asks what its program asks, byte for byte, and answers what it answers; it needs Python alone."""

from __future__ import annotations

import ast
import asyncio
import http.server
import inspect
import json
import os
import subprocess
import sys
import threading
from enum import Enum
from pathlib import Path
from typing import Annotated, Literal

import dspy
import pytest
from pydantic import BaseModel, Field, field_validator

import selftaught.programs as programs
from selftaught.artifact import load, save
from selftaught.engines import lm
from selftaught.errors import CallError, ExportError, SettingError
from selftaught.export.python import to_python
from selftaught.programs.judge import Pairwise, Panel, Rating, Rubric
from selftaught.programs.judge.function import FunctionJudge
from selftaught.registry import registrations
from selftaught.testing.samples import SURVEY_ANSWER, SURVEY_INPUT, Shout, Survey
from tests.export.parity import Script, loaded, of_file, of_program

SANDBOX = "it runs code in a sandbox"
EMBEDDINGS = "it compares embeddings"
REFUSED = {
    "sol-ver": SANDBOX,
    "icpc-selfjudge-retrieval": SANDBOX,
    "puzzle-self-play": SANDBOX,
    "self-invoking-code": SANDBOX,
    "tcra-llm": EMBEDDINGS,
    "tcra-llm-semantic": EMBEDDINGS,
    "stm-mrc": EMBEDDINGS,
    "selfelicit": EMBEDDINGS,
    "self-specialization": EMBEDDINGS,
    "instructrag-graph": EMBEDDINGS,
    "self-contrast": EMBEDDINGS,
    "ensemble-instruct": "needs numpy",
    "meta-rewarding": "needs numpy",
}
"""What has no form in a file -> why. Every other program that a task is enough for is exported."""
KNOWN = {
    "word": "tree",
    **SURVEY_INPUT,
    "shouted": "TREE",
    **SURVEY_ANSWER,
    "reference": "TREE",
    "steps_before": ["a"],
    "next_step": "b",
}


def made(slug, task):
    """Return a registered program; None where a task is not enough, or where it is none."""
    one = registrations()[slug]
    try:
        found = one.serves(task, **one.arguments)
    except (TypeError, SettingError):
        return None
    return found if isinstance(found, dspy.Module) else None


def inputs_of(program):
    """Return a value for every input."""
    fields = program.accepts() if hasattr(program, "accepts") else program.signature.input_fields
    return {name: KNOWN.get(name, "yes") for name in fields}


def both(make, text, inputs, script=Script, **settings):
    """Return what a program and its file answer and ask: two pairs of the outcome and the requests, in no order."""
    ours, theirs = script(), script()
    expected = of_program(make(), inputs, ours, **settings)
    found = of_file(text, inputs, theirs, **settings)
    return (expected, sorted(ours.requests)), (found, sorted(theirs.requests))


def same(make, text, inputs, script=Script, **settings):
    """Assert that a program and its file ask and answer the same; returns how often they asked."""
    ours, theirs = both(make, text, inputs, script, **settings)
    assert theirs == ours
    return len(ours[1])


PROGRAMS = sorted(
    slug
    for slug, one in registrations().items()
    if one.serves.__module__.startswith("selftaught.programs.")
    and ".synthesis" not in one.serves.__module__
    and made(slug, Shout) is not None
)


@pytest.mark.parametrize("slug", [slug for slug in PROGRAMS if slug not in REFUSED])
def test_every_program_asks_and_answers_the_same_as_its_file(slug):
    for task, broken in ((Shout, 0), (Survey, 3)):
        text, inputs = to_python(made(slug, task)), inputs_of(made(slug, task))
        asked = same(lambda task=task: made(slug, task), text, inputs, lambda broken=broken: Script(broken=broken))
        assert asked or slug == "pairwise"  # which compares two answers, and here is given one


@pytest.mark.parametrize("slug", PROGRAMS)
def test_what_is_refused_says_why_and_the_table_is_current(slug):
    if slug not in REFUSED:
        to_python(made(slug, Shout))
        return
    with pytest.raises(ExportError, match=REFUSED[slug]):
        to_python(made(slug, Shout))


def test_the_table_holds_programs_only():
    assert set(REFUSED) <= set(PROGRAMS)


OTHERS = {
    "several generators": lambda: programs.Vote(Shout, generate=[programs.Reasoned(Shout), programs.Predict(Shout)], samples=4),
    "clusters": lambda: programs.Vote(Shout, samples=5, aggregate="clustered", near=0.5),
    "perspectives": lambda: programs.Vote(
        Shout, perspectives=["As a child.", "As a judge."], samples=4, weigh=Rating(Shout, samples=2)
    ),
    "a gate and rounds": lambda: programs.Refine(
        Shout, rounds=3, critic=Rating(Shout, levels=9), accept="better", select="newest best"
    ),
    "a panel": lambda: programs.BestOf(Shout, judge=Panel(Shout, [Rating(Shout), Rubric(Shout, ["loud", "short"])]), samples=3),
    "a pairwise gate": lambda: programs.Refine(Shout, rounds=2, accept=Pairwise(Shout)),
    "a chain": lambda: programs.Chain([programs.Predict(Shout), programs.SelfRefine(Shout)]),
}


@pytest.mark.parametrize("name", OTHERS)
def test_composed_programs_too(name):
    assert same(OTHERS[name], to_python(OTHERS[name]()), {"word": "tree"}, lambda: Script(broken=2))


def test_a_tuned_program_brings_its_prompts_demonstrations_and_settings():
    def tuned():
        program = programs.SelfRefine(Survey)
        first = program.predictors()[0]
        first.signature = first.signature.with_instructions('Say "how" it is.\n\nBackslash \\ and {braces}, Ünïcode and \u2028.')
        first.demos = [dspy.Example(**SURVEY_INPUT, **SURVEY_ANSWER), dspy.Example(text="x", mood="bad")]
        first.config = {"temperature": 0.3, "max_tokens": 77}
        return program

    ours, theirs = both(tuned, to_python(tuned()), SURVEY_INPUT, temperature=0.5, max_tokens=99)
    assert theirs == ours
    first = next(body for body in (json.loads(text) for text, _ in theirs[1]) if "Backslash" in body["messages"][0]["content"])
    assert 'Say "how" it is.\n\nBackslash \\ and {braces}, Ünïcode and \u2028.' in first["messages"][0]["content"]
    assert [turn["role"] for turn in first["messages"]] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert (first["temperature"], first["max_tokens"]) == (0.3, 77)


def test_a_loaded_artifact_is_exported_as_it_was_saved(tmp_path):
    path = save(programs.BestOf(Survey), tmp_path / "program.st")
    ours, theirs = both(lambda: load(path), to_python(load(path)), SURVEY_INPUT)
    assert theirs == ours
    assert {"mood", "score", "sure", "place", "scores", "chosen"} <= set(theirs[0])


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Part(BaseModel):
    """A part. "Quoted", and a \\ backslash."""

    name: str = Field(description="what it is", max_length=40)
    sizes: list[Annotated[int, Field(ge=0)]] = Field(default=[1, 2], max_length=3)
    note: str | None = None


class Answer(dspy.Signature):
    """Take it apart."""

    thing: str = dspy.InputField()
    hints: list[str] = dspy.InputField(default=["none"], desc="what is known")
    parts: list[Part] = dspy.OutputField(min_length=1)
    colour: Colour = dspy.OutputField()
    spare: Part | None = dspy.OutputField()
    table: dict[str, float] = dspy.OutputField()
    pair: tuple[str, int] = dspy.OutputField()
    maybe: Literal[1, 2] | None = dspy.OutputField(desc="if any")


@pytest.mark.parametrize("inputs", [{"thing": "clock"}, {"thing": "clock", "hints": ["old", "big\nand heavy"]}])
def test_types_of_the_users_own(inputs):
    def said(self, body, rollout):
        self.requests.append((json.dumps(body), ""))
        answer = {
            "parts": [{"name": "hand", "sizes": ["3"]}],
            "colour": "blue",
            "spare": {"name": "x"},
            "table": {"a": 1},
            "pair": ["x", 2],
            "maybe": None,
        }
        return {"choices": [{"message": {"content": "```json\n" + json.dumps(answer) + "\n```"}}]}

    script = type("Said", (Script,), {"answer": said})
    ours, theirs = both(lambda: programs.Predict(Answer), to_python(programs.Predict(Answer)), inputs, script)
    assert theirs == ours
    assert theirs[0]["pair"] == "['x', 2]"
    assert "'sizes': [3]" in theirs[0]["parts"]
    assert "'sizes': [1, 2]" in theirs[0]["spare"], "what is left out has its default"


def test_failures_are_of_the_same_kind_and_keep_the_raw_answer():
    def garbage(self, body, rollout):
        self.requests.append((json.dumps(body), str(rollout)))
        return {"choices": [{"message": {"content": "%% no json"}, "finish_reason": "length"}]}

    script = type("Garbage", (Script,), {"answer": garbage})
    ours, theirs = both(
        lambda: programs.SelfConsistency(Shout), to_python(programs.SelfConsistency(Shout)), {"word": "tree"}, script
    )
    assert theirs == ours
    assert theirs[0] == ("TruncatedAnswer", "%% no json")


class Checked(BaseModel):
    """A type with code."""

    name: str

    @field_validator("name")
    @classmethod
    def loud(cls, value):
        """Be loud."""
        return value.upper()


def of_own_code(example, prediction):
    """A function of the user's."""
    return 1.0


CANNOT = {
    "a function": (lambda: programs.BestOf(Shout, judge=FunctionJudge(Shout, of_own_code)), "function of your own"),
    "DSPy's predictor": (lambda: programs.Vote(Shout, generate=dspy.Predict(Shout)), "Use st.Predict"),
    "an encoder": (lambda: programs.Vote(Shout, aggregate="semantic"), "embeddings"),
    "a type with code": (
        lambda: programs.Predict(
            dspy.make_signature({"a": (str, dspy.InputField()), "b": (Checked, dspy.OutputField())}, "x", "T")
        ),
        "code of its own",
    ),
    "an image": (
        lambda: programs.Predict(
            dspy.make_signature({"a": (dspy.Image, dspy.InputField()), "b": (str, dspy.OutputField())}, "x", "T")
        ),
        "no form as text",
    ),
    "a module without a task": (lambda: dspy.Module(), "no task"),
}


@pytest.mark.parametrize("what", CANNOT)
def test_parts_without_a_form_are_refused_by_name(what):
    make, why = CANNOT[what]
    with pytest.raises(ExportError, match=why):
        to_python(make())


def test_no_key_is_written():
    program = programs.Predict(Shout)
    program.config = {"api_key": "sk-very-secret-123"}
    with pytest.raises(ExportError, match="api_key") as caught:
        to_python(program)
    assert "very-secret" not in str(caught.value)
    program = programs.Predict(Shout)
    program.lm = lm("openai/x", api_base="http://127.0.0.1:1/v1", api_key="sk-very-secret-123")
    with pytest.raises(ExportError, match="model of its own"):
        to_python(program)
    with pytest.raises(ExportError, match="api_key"):
        to_python(programs.Predict(Shout), settings={"api_key": "sk-very-secret-123"})


def test_a_hostile_type_name_does_not_become_code():
    from pydantic import create_model

    evil = create_model("X:\n    pass\nimport os\nclass Y", name=(str, ...))
    task = dspy.make_signature({"a": (str, dspy.InputField()), "b": (evil, dspy.OutputField())}, "x", "T")
    with pytest.raises(ExportError, match="no name in Python"):
        to_python(programs.Predict(task))


@pytest.mark.parametrize("slug", ["self-consistency", "self-refine", "tree-of-thoughts", "best-of"])
def test_the_file_is_readable(slug):
    text = to_python(made(slug, Survey))
    tree = ast.parse(text)
    assert ast.get_docstring(tree).startswith(type(made(slug, Survey)).__name__)
    assert "OPENAI_BASE_URL" in ast.get_docstring(tree)
    modules = {one.module or "" for one in ast.walk(tree) if isinstance(one, ast.ImportFrom)}
    modules |= {name.name for one in ast.walk(tree) if isinstance(one, ast.Import) for name in one.names}
    assert {module.partition(".")[0] for module in modules} <= set(sys.stdlib_module_names)
    assert len(text.splitlines()) < 3000
    names = [one.name for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
    assert len(names) == len(set(names))
    assert to_python(made(slug, Survey)) == text


def test_the_functions_are_typed():
    module = loaded(to_python(programs.Predict(Answer)))
    parameters = inspect.signature(module.answer).parameters
    assert {name: one.annotation for name, one in parameters.items()} == {"thing": "str", "hints": "list[str]"}
    assert parameters["hints"].default is not inspect.Parameter.empty
    assert set(module.Answer.__annotations__) == set(Answer.output_fields)


def test_inputs_are_checked_before_any_call():
    module = loaded(to_python(programs.SelfRefine(Shout)))
    with pytest.raises(TypeError, match="wrod"):
        module.answer(word="tree", wrod="tree")


# Over HTTP, in a bare interpreter.


class Server:
    """An OpenAI-compatible server that writes down the requests it gets."""

    def __init__(self, script, *, statuses=(), location=None):
        self.bodies, self.keys, self.script, self.statuses = [], [], script, list(statuses)
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.bodies.append((self.path, body))
                outer.keys.append(self.headers.get("Authorization"))
                status = outer.statuses.pop(0) if outer.statuses else 200
                answer = json.dumps(outer.script.answer(json.loads(body), None)).encode() if status == 200 else b"later"
                self.send_response(status)
                if location:
                    self.send_header("Location", location)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *given):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *given):
        self.server.shutdown()
        self.server.server_close()


def bare(path: Path, *arguments: str, server: Server | None, text: str | None = None, **environment: str):
    """Run a file in an interpreter that sees nothing but the standard library."""
    known = {"PATH": os.environ["PATH"], "NO_PROXY": "*", **environment}
    if server is not None:
        known |= {"OPENAI_BASE_URL": server.url, "OPENAI_MODEL": "scripted"}
    return subprocess.run(
        [sys.executable, "-I", "-S", str(path), *arguments],
        env=known,
        capture_output=True,
        text=True,
        timeout=60,
        input=text,
        check=False,
    )


@pytest.mark.parametrize(
    ("make", "inputs"),
    [
        (lambda: programs.Predict(Shout), {"word": "tree"}),
        (lambda: programs.Reasoned(Survey), SURVEY_INPUT),
        (lambda: programs.SelfRefine(Shout), {"word": "tree"}),
        (lambda: programs.SelfConsistency(Shout), {"word": "tree"}),
        (lambda: programs.BestOf(Survey, judge=Rating(Survey)), SURVEY_INPUT),
    ],
)
def test_a_bare_interpreter_sends_the_same_bytes(make, inputs, tmp_path):
    path = tmp_path / "answer.py"
    path.write_text(to_python(make()), encoding="utf-8")
    with Server(Script()) as server:
        done = bare(path, "--json", "-", server=server, text=json.dumps(inputs), OPENAI_API_KEY="sk-secret")
        assert done.returncode == 0, done.stderr
        theirs, keys = sorted(server.bodies), set(server.keys)
    with Server(Script()) as server, dspy.context(lm=lm("openai/scripted", api_base=server.url, adapter="compact")):
        found = asyncio.run(make().acall(**inputs))
        ours = sorted(server.bodies)
    assert theirs == ours
    assert keys == {"Bearer sk-secret"}
    task = make().task
    printed = json.loads(done.stdout)
    assert {name: printed[name] for name in task.output_fields} == json.loads(
        json.dumps({name: found[name] for name in task.output_fields}, default=lambda one: one.model_dump())
    )


def test_the_command_reads_typed_inputs_and_says_what_is_wrong(tmp_path):
    path = tmp_path / "answer.py"
    path.write_text(to_python(programs.Predict(Survey)), encoding="utf-8")
    with Server(Script(wild=0)) as server:
        done = bare(path, "--input", "text=Ulm is nice.", "--input", 'tags=["town", "south"]', server=server)
        assert json.loads(done.stdout) == SURVEY_ANSWER
        assert json.loads(server.bodies[0][1])["messages"][-1]["content"] == 'text: Ulm is nice.\ntags: ["town", "south"]'
        for arguments, said in (
            (["--input", "txet=x"], "txet"),
            (["--input", "text"], "NAME=VALUE"),
            (["--json", "/nowhere"], "/nowhere"),
        ):
            failed = bare(path, *arguments, server=server)
            assert failed.returncode == 2
            assert said in failed.stderr
            assert "Traceback" not in failed.stderr
    nobody = bare(path, "--input", "text=x", "--input", "tags=[]", server=None)
    assert nobody.returncode == 2
    assert "OPENAI_BASE_URL" in nobody.stderr


def test_a_passing_fault_is_retried_and_a_refusal_is_not(tmp_path):
    path = tmp_path / "answer.py"
    path.write_text(to_python(programs.Predict(Shout)), encoding="utf-8")
    with Server(Script(), statuses=[503, 429]) as server:
        assert bare(path, "--input", "word=tree", server=server).returncode == 0
        assert len(server.bodies) == 3
    with Server(Script(), statuses=[401]) as server:
        done = bare(path, "--input", "word=tree", server=server, OPENAI_API_KEY="sk-secret")
        assert (done.returncode, len(server.bodies)) == (1, 1)
        assert "sk-secret" not in done.stderr + done.stdout


def test_the_key_does_not_follow_a_redirection(tmp_path):
    path = tmp_path / "answer.py"
    path.write_text(to_python(programs.Predict(Shout)), encoding="utf-8")
    with Server(Script()) as other, Server(Script(), statuses=[302], location=other.url) as server:
        assert bare(path, "--input", "word=tree", server=server, OPENAI_API_KEY="sk-secret").returncode == 1
        assert other.keys == []


def test_it_answers_from_synchronous_code_inside_an_event_loop():
    module = loaded(to_python(programs.SelfRefine(Shout)))
    with Server(Script(wild=0)) as server:
        module.configure(server.url, "scripted")

        async def inside():
            return module.answer(word="tree")

        assert asyncio.run(inside()).shouted == module.answer(word="tree").shouted == "TREE"


def test_an_unreachable_server_is_a_call_error(monkeypatch):
    module = loaded(to_python(programs.Predict(Shout)))
    monkeypatch.setattr(module, "RETRIES", 0)
    module.configure("http://127.0.0.1:9", "scripted")
    with pytest.raises(module.CallError, match="could not be reached"):
        module.answer(word="tree")
    assert not issubclass(module.CallError, CallError)

"""DSPy itself takes the state, and the source of a plain module asks what the program asks."""

import importlib.util
import json

import dspy
import pytest

import selftaught as st
from selftaught.adapter import CompactAdapter
from selftaught.errors import ExportError
from selftaught.export import export
from selftaught.export.dspy_state import dspy_state, to_dspy
from selftaught.testing import FakeLM
from selftaught.testing.samples import SURVEY_INPUT, Shout, Survey, obliging
from tests.export.samples import INPUTS, NASTY, several, single
from tests.export.test_messages import sent


def imported(path):
    spec = importlib.util.spec_from_file_location("exported_module", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("make", "fresh", "inputs"), [
    (single, lambda: st.Predict(Survey), SURVEY_INPUT), (several, lambda: st.programs.SelfRefine(Shout), {"word": NASTY}),
], ids=["one step", "several steps"])  # fmt: skip
def test_the_same_program_takes_the_state_and_asks_the_same(make, fresh, inputs, tmp_path):
    folder = export(make(), "dspy", tmp_path / "out")
    program = fresh()
    assert sent(program, **inputs)[0] != sent(make(), **inputs)[0]
    program.load(folder / "state.json")
    assert sent(program, **inputs)[0] == sent(make(), **inputs)[0]


@pytest.mark.parametrize(
    "adapter", [CompactAdapter(), dspy.ChatAdapter(), dspy.JSONAdapter()], ids=lambda one: type(one).__name__
)
@pytest.mark.parametrize("inputs", [INPUTS["plain"], INPUTS["a template"]], ids=["plain", "a template"])
def test_the_plain_module_asks_the_same_under_every_adapter(adapter, inputs, tmp_path):
    program, module = single(), imported(export(single(), "dspy", tmp_path / "out") / "module.py")
    requests = []
    for one in (program, module.Program()):
        lm = FakeLM(obliging)
        with dspy.context(lm=lm, adapter=adapter):
            prediction = one(**inputs)
        requests.append(lm.requests)
        assert prediction.place.town == "Ulm"
    assert requests[0] == requests[1]


def test_the_plain_module_needs_dspy_only(tmp_path):
    source = to_dspy(single())["module.py"]
    assert {line.split()[1].split(".")[0] for line in source.splitlines() if line.startswith(("import ", "from "))} == {
        "typing",
        "dspy",
        "pydantic",
    }


def test_several_steps_have_a_state_only_and_it_is_said():
    files = to_dspy(several())
    assert sorted(files) == ["README.txt", "state.json"]
    assert "control flow" in files["README.txt"]


def test_the_state_leaves_out_models_traces_and_rows():
    program = single()
    program.lm, program.train, program.traces = FakeLM(obliging), [dspy.Example(text="private")], [{"secret": 1}]
    state = dspy_state(program)
    assert (state["lm"], state["train"], state["traces"]) == (None, [], [])
    assert "private" not in json.dumps(state)


@pytest.mark.parametrize(
    "task",
    [
        "a: list[str], b: dict[str, int] -> c: Optional[float], d: Literal['x', 'y\"'], e: bool",
        "a -> b: list[dict[str, list[int]]], c: tuple[int, str]",
    ],
)
def test_types_are_written_as_they_are(task, tmp_path):
    from selftaught.signatures import task_to_json

    program = st.Predict(task)
    (tmp_path / "module.py").write_text(to_dspy(program)["module.py"])
    written = imported(tmp_path / "module.py").Program().answer.signature
    assert task_to_json(written)["fields"] == task_to_json(program.signature)["fields"]


def test_a_name_that_is_none_in_python_is_refused():
    with pytest.raises(ExportError, match="no name in Python"):
        to_dspy(st.Predict(dspy.Signature({"class": (str, dspy.InputField()), "b": (str, dspy.OutputField())})))

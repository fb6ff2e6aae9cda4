"""What is exported as messages is what is sent, byte for byte, and no value or text is ever a template."""

import json

import dspy
import pytest

import selftaught as st
from selftaught.errors import ExportError, InputError
from selftaught.export import export
from selftaught.export.messages import rendered, to_messages
from selftaught.testing import FakeLM
from selftaught.testing.samples import Shout, obliging
from tests.export.samples import INPUTS, NASTY, several, single


def sent(program, **inputs):
    """Return the messages and settings of every request, by step."""
    found = []

    def script(messages, **settings):
        found.append((messages, settings))
        return obliging(messages, **settings)

    with dspy.context(lm=FakeLM(script)):
        prediction = program(**inputs)
    return found, prediction


@pytest.mark.parametrize("inputs", INPUTS.values(), ids=INPUTS)
def test_a_rendered_step_is_what_the_model_received(inputs):
    program = single()
    ((messages, settings),), _ = sent(program, **inputs)
    step = json.loads(to_messages(program))["steps"]["self"]
    assert rendered(step, inputs) == messages
    assert settings["response_format"] == step["response_format"]
    assert {name: settings[name] for name in step["settings"]} == step["settings"] == {"temperature": 0.25, "max_tokens": 77}


def test_every_step_of_a_program_is_what_the_model_received():
    program = several()
    requests, prediction = sent(program, word=NASTY)
    steps = json.loads(to_messages(program))["steps"]
    assert len(prediction.steps) == len(requests) >= 3
    for record, (messages, settings) in zip(prediction.steps, requests, strict=True):
        assert rendered(steps[record.step], record.inputs) == messages
        assert settings["response_format"] == steps[record.step]["response_format"]


def test_the_texts_are_format_strings_of_python():
    step = json.loads(to_messages(single()))["steps"]["self"]
    values = {"text": "{tags}", "tags": "{0.__class__}"}
    written = [turn["content"].format(**values) for turn in step["messages"]]
    assert written == [turn["content"] for turn in rendered(step, values)]


def test_a_default_is_filled_in_and_a_missing_input_is_refused():
    class Greet(dspy.Signature):
        """Greet."""

        name: str = dspy.InputField()
        tone: str = dspy.InputField(default="warm")
        greeting: str = dspy.OutputField()

    program = st.Predict(Greet)
    ((messages, _),), _ = sent(program, name="Ada")
    step = json.loads(to_messages(program))["steps"]["self"]
    assert rendered(step, {"name": "Ada"}) == messages
    with pytest.raises(InputError, match="name"):
        rendered(step, {"tone": "cold"})


def test_it_says_what_the_program_is():
    card = json.loads(to_messages(several()))["program"]
    assert card["class"].endswith(":SelfRefine")
    assert card["calls"] == {"at_least": 2, "at_most": 4}
    assert card["task"]["name"] == "Shout"
    assert [one["name"] for one in card["modules"]] == ["self", "self.generate", "self.critic", "self.revise"]
    assert "generate" in card["diagram"]


def test_a_module_of_the_user_is_exported_too():
    card = json.loads(to_messages(dspy.ChainOfThought(Shout)))
    assert card["program"]["arguments"] is None
    assert list(card["steps"]) == ["predict"]


def test_what_is_no_text_is_refused_with_the_field():
    with pytest.raises(ExportError, match=r"'picture'.*Image"):
        to_messages(st.Predict(dspy.Signature({"picture": (dspy.Image, dspy.InputField()), "a": (str, dspy.OutputField())})))
    with pytest.raises(ExportError, match="no step"):
        to_messages(dspy.Module())


def test_it_is_written_whole_or_not_at_all(tmp_path):
    path = export(single(), "messages", tmp_path / "new" / "x.json")
    assert json.loads(path.read_text())["format"] == "selftaught.messages"
    (tmp_path / "file").write_text("x")
    with pytest.raises(ExportError, match="cannot be written"):
        export(single(), "messages", tmp_path / "file" / "x.json")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "new"]

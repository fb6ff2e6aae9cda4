"""Tasks, data and scripted models that the contracts use; handy for tests of your own."""

from __future__ import annotations

import random
from typing import Any, Literal

import dspy
from pydantic import BaseModel

from selftaught.testing.fake import answer_fields


class Shout(dspy.Signature):
    """Write the word in capital letters."""

    word: str = dspy.InputField()
    shouted: str = dspy.OutputField()


class Place(BaseModel):
    """A place, for tasks with structured fields."""

    town: str
    people: int


class Survey(dspy.Signature):
    """Describe the place that the text is about."""

    text: str = dspy.InputField()
    tags: list[str] = dspy.InputField()
    mood: Literal["good", "bad"] = dspy.OutputField()
    score: int = dspy.OutputField()
    sure: bool = dspy.OutputField()
    place: Place = dspy.OutputField()


SURVEY_ANSWER = {"mood": "good", "score": 3, "sure": True, "place": {"town": "Ulm", "people": 7}}
SURVEY_INPUT = {"text": "Ulm is nice.", "tags": ["town", "south"]}


def words(count: int) -> list[dspy.Example]:
    """Return solved examples of `Shout`."""
    return [dspy.Example(word=f"word{i}", shouted=f"WORD{i}").with_inputs("word") for i in range(count)]


def obliging(messages: list[dict[str, Any]], **settings: Any) -> dict[str, Any]:
    """Answer every step of every program sensibly: a model that does its job.

    A field that it does not know by name gets the first value that the asked form allows.
    """
    text = str(messages[-1]["content"])
    word = next((line.split(": ", 1)[-1] for line in text.splitlines()), text).removeprefix("word: ")
    known = {
        **SURVEY_ANSWER, "shouted": word.upper(), "problems": ["It is not loud enough."], "acceptable": False, "satisfied": "yes",
        "requirements": ["Is every letter of the word a capital?", "Is it the same word as before?"], "correct": True, "reason": "It is right.",
        "reasons": "It is right.", "better": "first", "steps": ["Read.", "Write."], "lesson": "Be loud.", "instruction": "Write it louder.",
        "subquestions": ["Which word?"], "principles": ["Be loud."],
    }  # fmt: skip
    asked = answer_fields(messages)
    if not asked:  # another adapter's prompt
        asked = [name for name in known if f"## {name} ##" in str(messages)] or ["shouted"]
    schema = settings.get("response_format", {}).get("json_schema", {}).get("schema", {})
    forms = schema.get("properties", {})
    return {name: known[name] if name in known else _first_value(forms.get(name, {}), schema) for name in asked}


def _first_value(form: dict[str, Any], schema: dict[str, Any]) -> Any:
    """Return a small value that a JSON schema allows; `yes` for any text."""
    form = schema["$defs"][form["$ref"].rpartition("/")[2]] if "$ref" in form else form
    if choices := form.get("enum") or [form[name] for name in ("const",) if name in form]:
        return choices[0]
    if options := form.get("anyOf"):
        return _first_value(options[0], schema)
    match form.get("type"):
        case "boolean":
            return True
        case "integer" | "number":
            return form.get("minimum", form.get("maximum", 1))
        case "array" if "prefixItems" in form:
            return [_first_value(one, schema) for one in form["prefixItems"]]
        case "array":
            return [_first_value(form.get("items", {}), schema)] * max(1, form.get("minItems", 1))
        case "object":
            return {name: _first_value(one, schema) for name, one in form.get("properties", {}).items()}
    return "yes"


def content_script(messages: list[dict[str, Any]], **settings: Any) -> dict[str, Any]:
    """Answer like `obliging`, but find every draft acceptable."""
    said = obliging(messages, **settings)
    says_no = "breaks the requirement" in str(messages[0]["content"])
    return said | {
        name: value
        for name, value in {"acceptable": True, "problems": [], "satisfied": "no" if says_no else "yes"}.items()
        if name in said
    }


def learner(messages: list[dict[str, Any]], **settings: Any) -> dict[str, Any]:
    """A simulated model that gets better with demonstrations and with an instruction that says `capital`."""
    asked = answer_fields(messages)
    if asked == ["instruction"]:
        draws = random.Random(str(settings.get("rollout_id")))
        return {
            "instruction": draws.choice(
                ["Use capital letters only.", "Say it loudly.", "Repeat the word.", "Write in capital letters."]
            )
        }
    demos = sum(message["role"] == "assistant" for message in messages)
    skill = 0.1 + 0.08 * min(demos, 6) + 0.5 * ("capital" in str(messages[0]["content"]).lower())
    word = str(messages[-1]["content"])
    lucky = random.Random(f"{word} {settings.get('rollout_id')}").random() < skill
    return {"shouted": word.upper() if lucky else word}


class Speak(dspy.Signature):
    """Do something with the word."""

    word: str = dspy.InputField()
    shouted: str = dspy.OutputField()


def exact(example: dspy.Example, prediction: dspy.Prediction) -> float:
    """Compare with the label."""
    return float(example.shouted == prediction.shouted)

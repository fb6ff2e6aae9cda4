"""The page on making data: its Python runs and prints what it shows, its tables are the code's own, its recipe is valid."""

import json
import random

import dspy
import pytest

import selftaught as st
from selftaught.cli import synthesizing as cooking
from selftaught.programs.synthesis.formats import FORMATS
from selftaught.recipe import Recipe, read_recipe
from selftaught.testing import FakeLM, answer_fields
from tests.docs_model import adding
from tests.test_docs import blocks, carried_out, table_of

WORDS = [
    "winter", "bread", "harbour", "violin", "garden", "letter", "bridge", "market", "forest", "engine", "window", "river", "candle", "planet", "castle",
    "basket", "mirror", "tunnel", "pepper", "island",
]  # fmt: skip


def inventing(messages, **settings):
    """Propose, answer and judge whatever a pipeline of the page asks."""
    asked, draws = answer_fields(messages), random.Random(f"{messages[-1]['content']} {settings.get('rollout_id')}")
    picked = [draws.sample(WORDS, 5) for _ in range(4)]
    said = {
        "proposals": [f"{one} {two}: What is {draws.randint(11, 60)} + {draws.randint(2, 9)}?" for one, two, *_ in picked],
        "tasks": [f"Explain {a} and {b} to {c} with {d} near {e}." for a, b, c, d, e in picked],
        "classification": False, "input": f"about {picked[0][0]}", "output": f"Something on {picked[1][0]} and {picked[2][0]}.",
        "riddle": f"What is like {picked[0][0]} but made of {picked[1][0]}?",
    }  # fmt: skip
    return {name: said[name] for name in asked} if set(asked) <= said.keys() else adding(messages, **settings)


@pytest.fixture
def scripted(monkeypatch, tmp_path):
    model = FakeLM(inventing)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(st.__dict__, "lm", lambda *_, **__: model)
    monkeypatch.setattr(dspy, "configure", lambda **_: None)
    with dspy.context(lm=model):
        yield model


def test_the_code_of_the_page_runs_and_prints_what_the_page_shows(scripted, tmp_path):
    compared = 0
    for code, printed, shown in carried_out("synthesis"):
        assert (shown is None) == (not printed), code
        if shown is not None:
            assert printed.split() == shown.split(), f"{code}\n{printed}"
            compared += 1
    assert compared >= 4
    assert {one.name for one in (tmp_path / "runs" / "tasks").iterdir()} >= {"train.jsonl", "test.jsonl", "README.md"}


def test_the_table_of_formats_is_complete():
    assert [row[0].strip("`") for row in table_of("synthesis", "format")] == list(FORMATS)


def test_the_keys_told_are_those_of_a_recipe():
    told = {
        section.strip("`[]"): {one.strip(" `") for one in keys.split(",")}
        for section, keys, _ in table_of("synthesis", "section")
    }
    sections = {name for name in told if name}
    known = {name: set(Recipe.model_fields[name].annotation.model_fields) for name in sections}
    assert told == {"": set(Recipe.model_fields) - sections, **known}


def test_the_recipe_of_the_page_is_carried_out(scripted, monkeypatch, tmp_path):
    ((_, text),) = blocks("synthesis", "toml")
    (tmp_path / "recipe.toml").write_text(text)
    (tmp_path / "seeds.jsonl").write_text(json.dumps({"instruction": "Name a fruit that is red."}))
    monkeypatch.setattr(cooking, "make_lm", lambda _: scripted)
    read_recipe(tmp_path / "recipe.toml")
    found = cooking.synthesizing(tmp_path / "recipe.toml", count=5)
    assert [one.name for one in found.made.funnel][-2:] == ["filter: novelty", "filter: judge"]
    assert found.code in (0, 1)
    assert found.report.exists()

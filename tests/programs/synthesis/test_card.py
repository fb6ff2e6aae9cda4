"""The data card: what it tells, and what it must not."""

import dspy
import pytest

from selftaught.errors import SettingError
from selftaught.programs import Step
from selftaught.programs.synthesis import Keep, Made, Pipeline, Rows
from selftaught.programs.synthesis.card import Card, public_name
from selftaught.testing import FakeLM


def run(rows=10, script=None, name="fake", **settings):
    rows = [{"instruction": f"Write about topic{i} in style{i} please."} for i in range(rows)]
    keep = Keep(lambda row: "odd | ones" if int(row["output"].split()[-1]) % 2 else "", "even")
    pipeline = Pipeline(Rows(rows), [Made(Step("instruction -> output"), name="answer"), keep])
    told = script or (lambda messages, **_: {"output": f"Text {messages[-1]['content'].split('topic')[1].split()[0]}"})
    with dspy.context(lm=FakeLM(told, name=name)):
        return pipeline.run(progress=False, **settings)


def card_of(made, folder, card=True):
    path = made.save(folder / "data.jsonl", "alpaca", card=card)
    return path.with_suffix(".card.md").read_text(encoding="utf-8")


def test_it_tells_what_made_the_rows_and_what_was_lost_where(tmp_path):
    said = Card(
        "My set",
        "self-instruct",
        "cc-by-4.0",
        "For tests.",
        ["Only English."],
        ["selftaught", "synthesize", "r.toml"],
        "2026-01-02",
    )
    text = card_of(run(seed=5), tmp_path, said)
    assert text.startswith("---\nlicense: cc-by-4.0\n")
    for told in (
        "# My set", "For tests.", "self-instruct", "**Models:** fake", "**Licence:** cc-by-4.0", "**Date:** 2026-01-02", "**Seed:** 5",
        "**Rows:** 5; the source ended", "**Calls:** 10, 2.0 a row", "selftaught synthesize r.toml", "| data.jsonl | alpaca | 5 |",
        r"| even | 10 | 50% | 5 odd \| ones |", "| prompts |", "| answers |", "write about", "- Only English.",
    ):  # fmt: skip
        assert told in text, told


def test_it_names_no_place_on_this_machine(tmp_path):
    made = run(name=f"{tmp_path}/models/small.gguf", run_dir=tmp_path / "run")
    command = ["/usr/bin/selftaught", "synthesize", f"{tmp_path}/recipe.toml", "--run", str(tmp_path / "run")]
    text = card_of(made, tmp_path, Card(command=command))
    assert str(tmp_path) not in text
    assert "/" not in text.replace("distinct-1 / -2", "").replace("n<1K", "").split("```sh")[1].split("```")[0]
    assert "small.gguf" in text
    assert public_name("openai/gpt-4o-mini") == "openai/gpt-4o-mini"
    assert public_name(r"C:\models\a.gguf") == "a.gguf"


def test_what_is_not_known_is_said_to_be_unknown(tmp_path):
    text = card_of(run(), tmp_path)
    assert "license: unknown" in text
    assert "No person has checked them" in text


def test_measured_weaknesses_are_limits(tmp_path):
    def weak(messages, **_):
        number = messages[-1]["content"].split("topic")[1].split()[0]
        return "garbage" if int(number) < 5 else {"output": f"Text {2 * int(number)}"}

    made = run(10, weak, count=9)
    text = card_of(made, tmp_path)
    assert "5 rows were lost to answers that had not the asked form" in text
    assert "9 rows were wanted; the source ended" in text
    assert "lost to answers" not in card_of(run(), tmp_path)


def test_markup_in_what_is_told_stays_text(tmp_path):
    text = card_of(run(), tmp_path, Card("A <script>\n# B", licence="x: y\n- z"))
    assert "# A &lt;script> # B" in text
    assert 'license: "x: y\\n- z"' in text


def test_no_card_where_none_is_wanted_and_nothing_else_is_taken_for_one(tmp_path):
    made = run()
    made.save(tmp_path / "data.jsonl", "alpaca", card=False)
    assert [one.name for one in tmp_path.iterdir()] == ["data.jsonl"]
    with pytest.raises(SettingError, match="card"):
        made.save(tmp_path / "data.jsonl", "alpaca", card="text")

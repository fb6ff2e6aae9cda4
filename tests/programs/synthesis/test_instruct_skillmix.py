"""Instruct-SkillMix: draws that are different, balanced and repeatable; turns that may fail; the negative control."""

from collections import Counter

import pytest
from pydantic import TypeAdapter

from selftaught.errors import CallError, SettingError
from selftaught.programs.synthesis.instruct_skillmix import InstructSkillMix, unusable
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.skill_steps import CRITIQUE, GENERATE, QUERY_TYPES, SHOWN_QUERIES
from selftaught.testing import SynthesisContract
from tests.programs.synthesis.instruct_scripts import by_fields, hashed, made, said

NAMES = [f"skill {letter}" for letter in "abcdefgh"]
PAIR = {"instruction": lambda messages, number, **_: f"query {number}", "output": lambda messages, number, **_: f"draft {number}"}
BETTER = {"weaknesses": ["It is short."], "strengths": []}
LAZY = {"output": "Look it up."}


def talk(messages, **settings):
    if "each weakness is gone" in str(messages[0]):
        return {"instruction": "better query", "output": f"better {hashed(messages, **settings)}"}
    return by_fields(PAIR, BETTER, LAZY, NAMED, TOPICS)(messages, **settings)


NAMED = {"needs": lambda messages, number, **_: [f"skill {number % 50}", f"skill {number % 50 + 50}", ""]}
TOPICS = {"topics": lambda messages, number, **_: [f"topic {number}", "cooking", "Cooking"]}


class TestInstructSkillMix(SynthesisContract):
    method = "instruct-skillmix"

    def make(self):
        return InstructSkillMix(wanted=5, batch=3)

    def script(self, messages, **settings):
        return talk(messages, **settings)


def mixed(script=talk, count=12, skills=NAMES, **settings):
    return made(InstructSkillMix(skills, **{"batch": 5, **settings}), script, count, patience=2)


def test_every_row_lists_so_many_different_skills_of_the_list():
    for mix in (1, 2, 3):
        for row in mixed(mix=mix)[0].rows:
            assert len(set(row["skills"])) == mix
            assert set(row["skills"]) <= set(NAMES)
            assert set(row.values) == {"instruction", "input", "output", "skills", "query_type"}


def test_kinds_of_queries_are_balanced_within_one():
    for count in (3, 7, 12, 20):
        kinds = Counter(row["query_type"] for row in mixed(count=count, query_types=["x", "y", "z"])[0].rows)
        assert max(kinds.values()) - min(kinds.values()) <= 1
        assert len(kinds) == 3


def test_the_same_seed_draws_the_same_and_another_one_others():
    def draws(seed):
        return [(row["skills"], row["query_type"]) for row in mixed(count=12, seed=seed)[0].rows]

    def mixed(**settings):
        return made(InstructSkillMix(NAMES, batch=5), talk, **settings)

    assert draws(1) == draws(1) != draws(2)


def test_the_refined_answer_comes_out_and_an_earlier_turn_where_a_later_one_fails():
    assert all(row["output"].startswith("better") for row in mixed()[0].rows)

    def failing(at):
        def script(messages, **settings):
            if at in str(messages[0]):
                raise CallError("no")
            return talk(messages, **settings)

        return script

    for at in ("each weakness is gone", "Say what is weak"):
        rows = mixed(failing(at))[0].rows
        assert len(rows) == 12
        assert all(row["output"].startswith("draft") and row["instruction"].startswith("query") for row in rows)
    assert not mixed(failing("needs all of the skills"))[0].rows


def test_a_row_without_query_or_answer_is_dropped():
    def script(messages, **settings):
        return {name: "  " if name == "output" else value for name, value in talk(messages, **settings).items()}

    found, _ = mixed(script, 2)
    assert not found.rows
    assert ("usable", "no output") in found.rejected


@pytest.mark.parametrize(
    ("output", "reason"),
    [("query: What is RAIN?", "the output repeats the instruction"), ("I love rain! " * 20, "repeats itself"), ("It falls.", "")],
)
def test_a_row_that_says_the_same_again_is_dropped(output, reason):
    assert unusable(Row({"instruction": "Query: what is rain", "output": output})) == reason


def test_shirkers_are_the_share_that_was_asked_for():
    lazy = [row["output"] == "Look it up." for row in mixed(count=100, batch=50, shirk=0.2)[0].rows]
    assert 8 <= sum(lazy) <= 32
    assert not any(row["output"] == "Look it up." for row in mixed()[0].rows)
    assert all(row["output"] == "Look it up." for row in mixed(shirk=1.0)[0].rows)


def test_skills_come_from_instructions_each_once():
    asked = []

    def script(messages, **settings):
        if "Name the skills that carrying out" in str(messages[0]):
            asked.append(said(messages))
            return {"needs": ["spelling", "Spelling.", f"care for {said(messages)}"]}
        return talk(messages, **settings)

    found, _ = made(InstructSkillMix(instructions=["one", "two"], batch=6), script, 6)
    assert asked == ["one", "two"]
    assert {skill for row in found.rows for skill in row["skills"]} == {"spelling", "care for one", "care for two"}


def test_topics_lead_to_as_many_skills_as_wanted_without_repetition(tmp_path):
    found, _ = made(InstructSkillMix(wanted=7, batch=4), talk, 4, run_dir=tmp_path / "run")
    lines = (tmp_path / "run" / "first" / "rows.jsonl").read_text().splitlines()
    assert len(lines) == 7
    assert found.rows


def test_queries_are_written_after_worked_examples_that_are_complete_and_of_the_kinds_in_use():
    asked = []

    def listening(messages, **settings):
        asked.append("\n".join(str(one["content"]) for one in messages))
        return talk(messages, **settings)

    mixed(listening, count=1)
    queries = [text for text in asked if "needs all of the skills" in text]
    assert queries
    for shown in SHOWN_QUERIES:
        assert set(shown) == set(GENERATE.fields)
        assert shown["query_type"] in QUERY_TYPES
        assert all(shown["instruction"] in text and shown["output"] in text for text in queries)
        assert sum(shown["instruction"] in text for text in asked) == len(queries)  # and by no other step


def test_a_point_of_a_critique_that_does_not_end_is_cut_by_the_schema():
    for name in ("weaknesses", "strengths"):
        schema = TypeAdapter(CRITIQUE.output_fields[name].annotation).json_schema()
        assert schema["items"]["maxLength"] <= 200


def test_too_few_skills_are_refused():
    with pytest.raises(SettingError, match="enough"):
        InstructSkillMix(["one"], mix=2)
    with pytest.raises(SettingError):
        InstructSkillMix(NAMES, shirk=1.5)

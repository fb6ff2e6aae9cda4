"""Genetic-Instruct: genealogy, fitness, colonies."""

import random

import pytest

from selftaught.errors import SettingError
from selftaught.programs.synthesis import Row
from selftaught.programs.synthesis.evolve_colonies import Colonies
from selftaught.programs.synthesis.evolve_genetic import CHANGES, GeneticInstruct, unparsable
from selftaught.programs.synthesis.row import Origin
from selftaught.testing import SynthesisContract
from tests.programs.synthesis.scripts import answering, requests, run

SEEDS = ["Write a function that adds two numbers.", "Reverse a string.", "Count the vowels of a word."]
IDS = {Row({"instruction": one}).id for one in SEEDS}


def task(number):
    return " ".join(f"w{random.Random(f'{number} {place}').randrange(10**6)}" for place in range(6))


def breeding(**more):
    fields = {
        "evolved": lambda text, number: task(number), "tasks": lambda text, number: [task(number), task(number + 1)],
        "output": lambda text, number: f"def f():\n    return {number}", "reason": "It does.", "correct": True,
    }  # fmt: skip
    return answering(**{**fields, **more})


class TestGeneticInstruct(SynthesisContract):
    method = "genetic-instruct"

    def make(self):
        return GeneticInstruct(SEEDS, language="python", batch=2)

    def script(self, messages, **settings):
        return breeding()(messages, **settings)


def test_every_row_names_its_parents_and_operation():
    found, _ = run(GeneticInstruct(SEEDS, batch=4, rounds=2), breeding(), 40)
    known = IDS | {row.id for row in found.rows}
    assert {row["operation"] for row in found.rows} == {"mutate", "cross"}
    for row in found.rows:
        assert row.origin.parents
        assert set(row.origin.parents) <= known
        assert (len(row.origin.parents) == 1) == (row["operation"] == "mutate")
        assert row["operation"] == "cross" or row["operator"] in CHANGES
    assert any(set(row.origin.parents) - IDS for row in found.rows)


def test_what_fails_its_judgement_never_becomes_a_parent():
    bad = {}

    def correct(text, number):
        failed = number % 2 == 0
        if failed:
            bad[next(line for line in text.splitlines() if line.startswith("instruction: "))] = True
        return not failed

    found, lm = run(GeneticInstruct(SEEDS, batch=6), breeding(correct=correct), 20)
    shown = "\n".join([*requests(lm, "evolved"), *requests(lm, "tasks")])
    assert bad
    assert not any(line.removeprefix("instruction: ") in shown for line in bad)
    assert found.rejected["fitness", "score below 0.5"] == len(bad)


def test_seeds_are_never_lost_and_never_come_out():
    source = Colonies(SEEDS, CHANGES, batch=30)
    accepted = [Row({"instruction": f"new {i}", "colony": 0}, Origin("colonies", 0, (0, i))) for i in range(3)]
    parents = {parent for number in range(1, 6) for row in source.begin(number, accepted, 0) for parent in row.origin.parents}
    assert parents >= IDS
    found, _ = run(GeneticInstruct(SEEDS), breeding(evolved=SEEDS[0], tasks=SEEDS), 5, patience=2)
    assert not found.rows
    assert found.ended.startswith("stalled")  # exhaustion is reported


def test_colonies_breed_apart_until_they_are_united():
    source = Colonies(SEEDS, CHANGES, colonies=2, rounds=3, batch=40)
    own = [Row({"instruction": f"of {colony}", "colony": colony}, Origin("colonies", 0, (colony, 0))) for colony in (0, 1)]

    def seen(number, colony):
        return {one for row in source.begin(number, own, 0) if row["colony"] == colony for one in row["examples"]} - set(SEEDS)

    assert seen(1, 0) == {"of 0"}
    assert seen(2, 1) == {"of 1"}
    assert seen(3, 0) == seen(3, 1) == {"of 0", "of 1"}


def test_with_one_colony_and_no_mutation_all_rows_are_new_tasks_after_examples():
    found, lm = run(GeneticInstruct(SEEDS, colonies=1, mutation=0.0), breeding(), 10)
    assert {row["operation"] for row in found.rows} == {"cross"}
    assert not requests(lm, "evolved")
    _, lm = run(GeneticInstruct(SEEDS, mutation=1.0), breeding(), 10)
    assert not requests(lm, "tasks")


def test_code_must_parse_only_where_code_is_asked_for():
    broken = breeding(output="def f(:")
    found, lm = run(GeneticInstruct(SEEDS, language="python"), broken, 3, patience=1)
    assert set(found.rejected) == {("answered", "the code does not parse")}
    assert not requests(lm, "correct")
    assert run(GeneticInstruct(SEEDS), broken, 3)[0].rows
    assert unparsable("```python\nx = 1\n```") == ""
    assert unparsable("# nothing") == "no code"
    assert unparsable("x\x00") == "the code does not parse"


def test_rows_of_an_evaluation_set_do_not_come_out():
    words = "count all the prime numbers below one hundred now"
    found, _ = run(GeneticInstruct(SEEDS, evaluation=[words]), breeding(output=f"Answer: {words}"), 3, patience=1)
    assert not found.rows
    assert ("contains an evaluation row", "contains an evaluation row") in found.rejected


@pytest.mark.parametrize("settings", [{"mutation": 1.5}, {"colonies": 0}, {"language": "go"}, {"children": 0}, {"changes": {}}])
def test_settings_that_are_none_are_refused(settings):
    with pytest.raises(SettingError):
        GeneticInstruct(SEEDS, **settings)

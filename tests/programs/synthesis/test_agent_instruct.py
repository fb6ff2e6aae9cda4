"""AgentInstruct's data: lineage, the whole taxonomy, caps, and an answering step that sees no suggestion."""

import pytest

from selftaught.errors import SettingError
from selftaught.programs.dialogue.instruct_flow import InstructFlow
from selftaught.programs.judge.verify import Verify
from selftaught.programs.synthesis.agent_instruct import AgentInstruct, coverage
from selftaught.testing import SynthesisContract
from tests.programs.synthesis.scripts import answering, requests, run

TEXTS = [f"Raw text number {number} tells of a river." for number in range(5)]
KINDS = ["a question", "a summary", "a list", "a comparison", "a joke", "a table", "a poem"]


def flowing(**more):
    fields = {
        "material": lambda text, number: f"Material {number}", "exercise": lambda text, number: f"Exercise {number}",
        "suggestions": lambda text, number: [f"Suggest {number}a", f"Suggest {number}b"],
        "new_material": lambda text, number: f"Harder material {number}", "new_exercise": lambda text, number: f"Harder exercise {number}",
        "response": lambda text, number: f"Response {number}",
    }  # fmt: skip
    return answering(**{**fields, **more})


class TestAgentInstruct(SynthesisContract):
    method = "agentinstruct-data"

    def make(self):
        return AgentInstruct(TEXTS, batch=2)

    def script(self, messages, **settings):
        return flowing()(messages, **settings)


def made(**settings):
    flow = InstructFlow("text -> response", kinds=KINDS, rounds=1)
    return run(AgentInstruct(TEXTS, flow=flow, **settings), flowing())


def test_every_row_says_where_it_comes_from():
    found, _ = made()
    assert len(found.rows) == 5 * 2 * 2
    for row in found.rows:
        assert row["document"] in "01234"
        assert row["form"]
        assert row["kind"] in KINDS
        assert len(row["edits"]) == 1
        assert row["input"].startswith("Harder material")


def test_the_kinds_take_turns_until_the_whole_taxonomy_has_come():
    found, lm = made()
    counts = coverage(found.rows, [*KINDS, "never"])
    assert all(counts[kind] for kind in KINDS)
    assert counts["never"] == 0
    assert max(counts[kind] for kind in KINDS) - min(counts[kind] for kind in KINDS) <= 2
    assert len(requests(lm, "material")) == 5  # one transformation of each piece


def test_an_edit_that_changes_nothing_is_dropped():
    same = flowing(
        new_material=lambda text, number: text.partition("material: ")[2].splitlines()[0],
        new_exercise=lambda text, number: text.partition("exercise: ")[2].splitlines()[0],
    )
    found, lm = run(AgentInstruct(TEXTS), same)
    assert not found.rows
    assert found.rejected == {("changes nothing 1", "changes nothing 1"): 20}
    assert not requests(lm, "response")


@pytest.mark.parametrize("most", [1, 3])
def test_no_piece_brings_more_than_its_cap(most):
    found, lm = made(most=most)
    assert len(found.rows) == 5 * most
    assert len(requests(lm, "response")) == 5 * most


def test_the_answering_step_sees_no_suggestion():
    _, lm = made()
    assert requests(lm, "response")
    assert not any("Suggest" in prompt for prompt in requests(lm, "response"))


def test_rounds_edit_what_was_edited_and_without_rounds_nothing_is():
    found, _ = run(AgentInstruct(TEXTS, rounds=2, most=9), flowing())
    assert {len(row["edits"]) for row in found.rows} == {2}
    found, lm = run(AgentInstruct(TEXTS, rounds=0), flowing())
    assert {len(row["edits"]) for row in found.rows} == {0}
    assert not requests(lm, "suggestions")
    with pytest.raises(SettingError, match="no steps to refine"):
        AgentInstruct(TEXTS, flow=InstructFlow("text -> response", rounds=0))


def test_a_judge_drops_what_fails():
    judge = Verify("instruction, input -> output", both_ways=False, odds=False)
    found, _ = run(AgentInstruct(TEXTS, verify=judge), flowing(correct=lambda text, number: number % 2 == 0))
    assert 0 < len(found.rows) < 20
    assert found.rejected["verify", "score below 0.5"] == 20 - len(found.rows)

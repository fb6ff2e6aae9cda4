"""AgentInstruct's flow: the contract, and records with their lineage."""

import pytest

from selftaught.errors import CallError, SettingError
from selftaught.programs.dialogue import InstructFlow
from selftaught.programs.dialogue.instruct_flow import KINDS, TRANSFORMS
from selftaught.programs.judge.base import Judge
from selftaught.signatures import Verdict
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import SURVEY_INPUT, Shout, Survey, obliging
from tests.programs.dialogue.roles import asked, scripted, shown, talking


class TestInstructFlow(ProgramContract):
    method = "agentinstruct"

    def make(self, task):
        return InstructFlow(task)


def edited(messages):
    return f"{shown(messages, 'exercise')} + {shown(messages, 'suggestion')}"


FLOW = {
    "material": "A text.", "exercise": lambda messages: f"[{shown(messages, 'exercise_kind')}]", "suggestions": ["one", "two"],
    "new_material": "A text.", "new_exercise": edited, "shouted": lambda messages: shown(messages, "exercise").upper(),
}  # fmt: skip


def flowing(task=Shout, inputs=None, changed=None, **settings):
    lm = scripted(**{**FLOW, **(changed or {})})
    return talking(InstructFlow(task, **settings), lm, **(inputs or {})), lm


def test_every_record_tells_where_it_comes_from():
    found, _ = flowing(kinds=["a", "b"])
    assert [record["edits"] for record in found.records] == [["one"], ["one"], ["two"], ["two"]]
    for record in found.records:
        assert record["source"] == "tree"
        assert record["transform"] in TRANSFORMS
        assert record["instruction"] == f"[{record['kind']}] + {record['edits'][-1]}"
        assert record["outputs"] == {"shouted": record["instruction"].upper()}
    assert found.shouted == found.records[0]["outputs"]["shouted"]


def test_rounds_build_on_the_first_edit_and_the_newest_come_first():
    found, _ = flowing(kinds=["a"], kinds_per_input=1, rounds=2, most_records=9)
    assert [record["edits"] for record in found.records] == [["one", "one"], ["one", "two"], ["one"], ["two"]]


def test_an_edit_that_changes_nothing_is_dropped():
    same = {"new_exercise": lambda messages: f" {shown(messages, 'exercise').upper()} "}
    found, lm = flowing(changed=same, kinds=["a"], kinds_per_input=1, rounds=3)
    assert [record["edits"] for record in found.records] == [[]]
    assert len(asked(lm, "suggestions")) == 1


def test_a_rewriting_that_lost_the_matter_is_not_used():
    found, _ = flowing(changed={"material": "A text."}, inputs={"word": "A long text about many different things."})
    assert {record["passage"] for record in found.records} == {"A text."}  # as the editor wrote it
    found, _ = flowing(changed={"material": "A poem."}, inputs={"word": "A long text about many different things."}, rounds=0)
    assert {(one["passage"], one["transform"]) for one in found.records} == {
        ("A long text about many different things.", "the inputs as they are")
    }


def test_most_records_is_respected_for_each_input():
    found, lm = flowing(most_records=3)
    assert len(found.records) == len(asked(lm, "shouted")) == 3


def test_the_kinds_drawn_cover_all_of_them_over_many_inputs():
    lm, seen, forms = scripted(**FLOW), [], set()
    for number in range(30):
        found = talking(InstructFlow(Shout), lm, word=f"word{number}")
        seen += [record["kind"] for record in found.records]
        forms |= {record["transform"] for record in found.records}
    assert set(seen) == set(KINDS)
    assert forms == set(TRANSFORMS)


def test_the_same_input_draws_the_same_and_the_seed_changes_it():
    runs = [flowing(seed=seed)[0].records for seed in (0, 0, 1, 2, 3)]
    assert runs[0] == runs[1]
    assert any(run != runs[0] for run in runs[2:])


def test_the_writer_never_sees_a_suggestion():
    secret = {"suggestions": ["SECRET"], "new_exercise": "Harder."}
    _, lm = flowing(changed=secret)
    assert not any("SECRET" in str(messages) for messages in asked(lm, "shouted"))
    assert any("SECRET" in str(messages) for messages in asked(lm, "new_exercise"))


class Likes(Judge):
    def __init__(self, task, word):
        super().__init__(task)
        self.word = word

    async def verdict(self, inputs, outputs):
        passed = self.word in outputs["shouted"]
        return Verdict(score=float(passed), passed=passed)


def test_a_judge_drops_records_unless_it_drops_all():
    found, _ = flowing(kinds=["a"], verify=Likes(Shout, "TWO"))
    assert [record["edits"] for record in found.records] == [["two"]]
    assert "TWO" in found.shouted
    assert len(flowing(kinds=["a"], verify=Likes(Shout, "NOTHING"))[0].records) == 2


def test_a_kind_that_fails_is_missing_and_all_failed_is_an_error():
    def script(bad):
        def answer(messages, **settings):
            if "exercise" in answer_fields(messages) and shown(messages, "exercise_kind") in bad:
                return "garbage"
            return obliging(messages, **settings)

        return FakeLM(answer)

    assert {one["kind"] for one in talking(InstructFlow(Shout, kinds=["a", "b"]), script(["a"])).records} == {"b"}
    with pytest.raises(CallError):
        talking(InstructFlow(Shout, kinds=["a", "b"]), script(["a", "b"]))


def test_the_cost_is_reached_by_the_longest_run():
    program = InstructFlow(Shout, rounds=2, most_records=9)
    lm = scripted(**FLOW)
    talking(program, lm)
    assert lm.calls == program.cost().at_most


def test_without_rounds_nothing_is_suggested():
    found, lm = flowing(rounds=0)
    assert not asked(lm, "suggestions")
    assert lm.calls == InstructFlow(Shout, rounds=0).cost().at_most
    assert all(record["edits"] == [] for record in found.records)


def test_structured_outputs_and_settings():
    found, _ = flowing(Survey, SURVEY_INPUT)
    assert found.place.town == "Ulm"
    with pytest.raises(SettingError, match="kinds"):
        InstructFlow(Shout, kinds=[])

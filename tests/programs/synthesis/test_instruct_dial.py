"""InstructDial: options, none of the above, rows about instructions, and what is held out."""

import pytest

from selftaught.errors import SettingError
from selftaught.programs.synthesis.instruct_dial import FITS, NONE, TASK, WHICH, DialogueTask, InstructDial
from selftaught.testing import SynthesisContract

INTENT = {
    "name": "intent", "dataset": "banking", "instructions": ["Name the intent.", "What does the customer want?"],
    "rows": [{"context": f"customer {i}", "options": ["pay", "ask", "leave"], "output": ["pay", "ask", "leave"][i % 3]} for i in range(60)],
}  # fmt: skip
REPLY = {"name": "reply", "dataset": "chat", "instructions": ["Answer as the agent."], "rows": [{"context": f"hello {i}", "output": f"hi {i}"} for i in range(20)]}  # fmt: skip
SLOTS = {"name": "slots", "dataset": "banking", "instructions": ["List the slots."], "rows": [{"context": "x", "output": "none"}]}
TASKS = [INTENT, REPLY, SLOTS]


class TestInstructDial(SynthesisContract):
    method = "instructdial"
    count = None

    def make(self):
        return InstructDial(TASKS, batch=16)


def rows(tasks=TASKS, seed=0, **settings):
    return [dict(row.values) for row in InstructDial(tasks, **settings).run(seed=seed, progress=False).rows]


def options_of(row):
    return next(
        (line.removeprefix("[options] ").split(" || ") for line in row["input"].splitlines() if line.startswith("[options]")), []
    )


def test_every_labelled_row_comes_once_with_one_of_its_instructions():
    plain = [row for row in rows() if row["kind"] == TASK]
    assert len(plain) == 81
    assert {row["instruction"] for row in plain if row["task"] == "intent"} == set(INTENT["instructions"])
    assert all(row["input"].startswith("[context] ") for row in plain)


def test_options_are_shuffled_and_hold_the_answer():
    orders = {tuple(options_of(row)) for row in rows(none_share=0.0) if row["task"] == "intent" and row["kind"] == TASK}
    assert len(orders) > 3
    assert all(set(one) == {"pay", "ask", "leave"} for one in orders)
    assert all(row["output"] in options_of(row) for row in rows(none_share=0.3) if options_of(row) and row["kind"] == TASK)


def test_where_none_applies_the_right_option_is_gone_and_its_presence_tells_nothing():
    labelled = {f"[context] {row['context']}": row["output"] for row in INTENT["rows"]}
    asked = [row for row in rows(none_share=0.3) if row["task"] == "intent" and row["kind"] == TASK]
    none = [row for row in asked if row["output"] == NONE]
    assert 8 <= len(none) <= 30
    assert all(labelled[row["input"].splitlines()[0]] not in options_of(row) for row in none)
    decoys = [row for row in asked if NONE in options_of(row) and row["output"] != NONE]
    assert 8 <= len(decoys) <= 30
    assert not any(NONE in row["input"] for row in rows(none_share=0.0) if row["kind"] == TASK)


def test_wrong_instructions_are_those_of_other_tasks():
    about = rows(about_share=1.0)
    own = {one["name"]: one["instructions"] for one in TASKS}
    for row in about:
        others = [one for name, several in own.items() if name != row["task"] for one in several]
        if row["kind"] == FITS:
            asked = row["input"].splitlines()[-1].removeprefix("[instruction] ")
            assert asked in (own[row["task"]] if row["output"] == "yes" else others)
        if row["kind"] == WHICH:
            assert row["output"] in own[row["task"]]
            assert set(options_of(row)) - {row["output"]} <= set(others)
    kinds = [row["output"] for row in about if row["kind"] == FITS]
    assert 0.3 < kinds.count("yes") / len(kinds) < 0.7


def test_what_is_held_out_brings_no_row_nor_does_its_set():
    assert {row["task"] for row in rows(held_out=["slots"])} == {"reply"}
    assert {row["task"] for row in rows(held_out=["banking"])} == {"reply"}
    tested = rows(held_out=["intent"], test=True, none_share=0.9)
    assert {row["task"] for row in tested} == {"intent"}
    assert {row["kind"] for row in tested} == {TASK}
    assert not any(NONE in row["input"] for row in tested)


def test_the_same_seed_makes_the_same_and_few_rows_are_the_first():
    assert rows(seed=3) == rows(seed=3) != rows(seed=4)
    assert sum(row["kind"] == TASK for row in rows(per_task=2)) == 5
    assert not any(row["kind"] != TASK for row in rows([REPLY])), "one task has no wrong instructions"


def test_a_task_is_a_signature_for_programs():
    assert list(DialogueTask(INTENT).signature().input_fields) == ["context", "options"]


def test_broken_tasks_are_refused():
    for broken in (
        {},
        {"name": "x"},
        {**REPLY, "rows": [{"context": "x"}]},
        {**REPLY, "rows": [{"output": "a", "options": ["b"]}]},
    ):
        with pytest.raises(SettingError):
            InstructDial([broken])
    with pytest.raises(SettingError, match="neither"):
        InstructDial(TASKS, held_out=["nothing"])
    with pytest.raises(SettingError, match="none is left"):
        InstructDial([SLOTS], held_out=["banking"])

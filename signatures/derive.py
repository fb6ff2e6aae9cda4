"""Deriving a step's signature from a task's.

Every derived signature takes the task's inputs first, under their own names and types, so that steps on the same input
share a prompt prefix; then what the step works on (`draft`, as text); its outputs are flat typed fields, which small
models can fill too. The instruction is the step's own, with the task's embedded.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import dspy
from pydantic import Field

from selftaught.errors import TaskError
from selftaught.signatures.task import Task, as_task

ShortList = Annotated[list[str], Field(max_length=5)]
Fields = dict[str, tuple[Any, Any]]
LONGEST_REASON = 400
"""Characters; small models otherwise write on until their token limit."""


def critique_of(task: str | Task, instruction: str | None = None) -> Task:
    """Return the signature of a critic: task inputs and `draft` -> `problems`, `acceptable`."""
    return _derive(
        task, "Critique", instruction or FIND_PROBLEMS,
        {"draft": (str, _given("the answer to examine"))},
        {"problems": (list[str], _asked("what is wrong and how to mend it; empty if nothing is", max_length=5)),
         "acceptable": (bool, _asked("nothing needs to be changed"))},
    )  # fmt: skip


def refine_of(task: str | Task, instruction: str | None = None) -> Task:
    """Return the signature of a reviser: task inputs, `draft` and `problems` -> the task's outputs."""
    return _derive(
        task, "Refine", instruction or MEND_EACH_PROBLEM,
        {"draft": (str, _given("the answer so far")), "problems": (list[str], _given("what is wrong with it"))},
        _outputs_of(task),
    )  # fmt: skip


def judge_of(
    task: str | Task,
    instruction: str | None = None,
    *,
    levels: int = 10,
    lowest: int = 1,
    reasons: bool = True,
    reference: bool = False,
    criterion: bool = False,
    ends: tuple[str, str] = ("useless", "flawless"),
) -> Task:
    """Return the signature of a scoring judge: task inputs and `draft` -> `reasons`, `score` from `lowest` to `levels`.

    Args:
        reasons: ask for a sentence before the score.
        reference: the judge is also given `reference`, a right answer.
        criterion: it is also given `criterion`, what to score by.
        ends: what the worst and the best score mean.
    """
    scale = f"from {lowest}, {ends[0]}, to {levels}, {ends[1]}"
    given = {"draft": (str, _given("the answer to score")), **_reference(reference)}
    given |= {"criterion": (str, _given("what to score the answer by"))} if criterion else {}
    score: Fields = {"score": (int, _asked(scale, ge=lowest, le=levels))}
    return _derive(task, "Judge", instruction or SCORE_THE_ANSWER, given, {**_reasons("reasons", reasons), **score})


def verify_of(task: str | Task, instruction: str | None = None, *, reason: bool = True, reference: bool = False) -> Task:
    """Return the signature of a verifier: task inputs and `draft` -> `reason`, `correct`; see `judge_of`."""
    given = {"draft": (str, _given("the answer to verify")), **_reference(reference)}
    asked: Fields = {**_reasons("reason", reason), "correct": (bool, _asked("the answer is right"))}
    said = f"{DECIDE_WHETHER_CORRECT} {WORK_IT_OUT}" if reason else DECIDE_WHETHER_CORRECT
    return _derive(task, "Verify", instruction or said, given, asked)


def refute_of(task: str | Task, instruction: str | None = None, *, reason: bool = True, reference: bool = False) -> Task:
    """Return the signature of a verifier asked the other way round: task inputs and `draft` -> `reason`, `wrong`."""
    given = {"draft": (str, _given("the answer to examine")), **_reference(reference)}
    asked: Fields = {**_reasons("reason", reason), "wrong": (bool, _asked("the answer is wrong"))}
    return _derive(task, "Refute", instruction or DECIDE_WHETHER_WRONG, given, asked)


def compare_of(task: str | Task, instruction: str | None = None, *, reason: bool = False, ties: bool = True) -> Task:
    """Return the signature of a pairwise judge: task inputs, `first_draft`, `second_draft` -> `better`.

    Args:
        reason: ask for a sentence before the verdict.
        ties: the judge may call it a tie.
    """
    choice = Literal["first", "second", "tie"] if ties else Literal["first", "second"]
    drafts = {"first_draft": (str, _given("one answer")), "second_draft": (str, _given("another answer"))}
    asked: Fields = {**_reasons("reason", reason), "better": (choice, _asked("the better answer"))}
    return _derive(task, "Compare", instruction or NAME_THE_BETTER, drafts, asked)


def checklist_of(task: str | Task, instruction: str | None = None) -> Task:
    """Return the signature of a checklist writer: task inputs -> `requirements`, yes/no questions."""
    questions = {"requirements": (list[str], _asked("short yes/no questions", min_length=1, max_length=5))}
    return _derive(task, "Checklist", instruction or WRITE_A_CHECKLIST, {}, questions)


def check_of(task: str | Task, instruction: str | None = None) -> Task:
    """Return the signature of a checker: task inputs, `draft` and one `requirement` -> `satisfied`."""
    return _derive(
        task, "Check", instruction or ANSWER_THE_QUESTION,
        {"draft": (str, _given("the answer to examine")), "requirement": (str, _given("a yes/no question about the answer"))},
        {"satisfied": (Literal["yes", "no"], _asked("the answer to the question"))},
    )  # fmt: skip


def reflect_of(task: str | Task, instruction: str | None = None) -> Task:
    """Return the signature of reflection on a failure: task inputs, `draft`, `feedback` -> `lesson`."""
    return _derive(
        task, "Reflect", instruction or LEARN_FROM_FAILURE,
        {"draft": (str, _given("an answer that failed")), "feedback": (str, _given("why it failed"))},
        {"lesson": (str, _asked("what to do differently, in one sentence"))},
    )  # fmt: skip


def principles_of(task: str | Task, instruction: str | None = None) -> Task:
    """Return the signature of principle learning: task inputs, `draft`, `solution` -> `principles`."""
    return _derive(
        task, "Principles", instruction or STATE_GENERAL_RULES,
        {"draft": (str, _given("a wrong answer")), "solution": (str, _given("the right answer"))},
        {"principles": (list[str], _asked("general rules, none about this one case", min_length=1, max_length=3))},
    )  # fmt: skip


def plan_of(task: str | Task, instruction: str | None = None) -> Task:
    """Return the signature of a planner: task inputs -> `plan`, its steps."""
    return _derive(
        task, "Plan", instruction or MAKE_A_PLAN, {}, {"plan": (list[str], _asked("in order", min_length=1, max_length=6))}
    )


def decompose_of(task: str | Task, instruction: str | None = None) -> Task:
    """Return the signature of a decomposer: task inputs -> `subquestions`."""
    parts = {"subquestions": (list[str], _asked("in the order to answer them", min_length=1, max_length=6))}
    return _derive(task, "Decompose", instruction or SPLIT_THE_PROBLEM, {}, parts)


def instruct_of(task: str | Task, instruction: str | None = None) -> Task:
    """Return the signature of an instruction proposer: `examples` of the task -> `instruction`.

    The task's own instruction is not shown: it may be the one to be replaced.
    """
    as_task(task)
    return _signature(
        "Instruct", instruction or GUESS_THE_INSTRUCTION,
        {"examples": (str, _given("inputs and the outputs that somebody wrote for them"))},
        {"instruction": (str, _asked("one imperative sentence", max_length=300))},
    )  # fmt: skip


def example_of(task: str | Task, instruction: str | None = None) -> Task:
    """Return the signature of an example writer: `examples` of the task -> one new value of every task field."""
    source = as_task(task)
    invented: Fields = {name: (field.annotation, copied(field, dspy.OutputField)) for name, field in source.input_fields.items()}
    _refuse_shared(source, "Example", source.fields.keys() & {"examples"})
    text = f"{instruction or INVENT_AN_EXAMPLE}\n\n{TASK_HEADING} {source.instructions}"
    return _signature("Example", text, {"examples": (str, _given("examples of the task"))}, {**invented, **_outputs_of(source)})


def derived(task: str | Task, role: str, instruction: str, given: Fields, asked: Fields) -> Task:
    """Return the signature of a step that has no derivation of its own: task inputs and `given` -> `asked`.

    Args:
        task: the task, whose instruction is embedded.
        role: the name of the step, shown in errors.
        instruction: what the step does.
        given: name -> (type, `dspy.InputField`), after the task's inputs.
        asked: name -> (type, `dspy.OutputField`).

    Raises:
        TaskError: the task has an input of one of these names.
    """
    return _derive(task, role, instruction, given, asked)


def _derive(task: str | Task, role: str, instruction: str, given: Fields, asked: Fields) -> Task:
    source = as_task(task)
    inputs: Fields = {name: (field.annotation, copied(field, dspy.InputField)) for name, field in source.input_fields.items()}
    _refuse_shared(source, role, (inputs.keys() & (given.keys() | asked.keys())) | (given.keys() & asked.keys()))
    own = source.instructions.replace(f"\n\n{TASK_HEADING} ", f"\n\n{PART_OF} ")  # a step of a step has one heading
    return _signature(role, f"{instruction}\n\n{TASK_HEADING} {own}", {**inputs, **given}, asked)


def _refuse_shared(task: Task, role: str, taken: set[str]) -> None:
    for name in sorted(taken):
        raise TaskError(
            f"The task {task.__name__} has a field named {name!r}, which the {role.lower()} step needs for itself. Rename the field."
        )


def _signature(role: str, instruction: str, inputs: Fields, outputs: Fields) -> Task:
    return dspy.make_signature({**inputs, **outputs}, instruction, role)


def _outputs_of(task: str | Task) -> Fields:
    return {name: (field.annotation, copied(field, dspy.OutputField)) for name, field in as_task(task).output_fields.items()}


def copied(field: Any, make: Any) -> Any:
    """Return a field like `field`, as an input or an output, with its description, default and constraints."""
    extra = field.json_schema_extra or {}
    more = {"desc": extra["desc"]} if extra.get("desc") and not str(extra["desc"]).startswith("${") else {}
    if not field.is_required():
        more |= {"default_factory": field.default_factory} if field.default_factory else {"default": field.default}
    copy = make(**more)
    copy.metadata = list(field.metadata)
    return copy


def _reference(wanted: bool) -> Fields:
    return {"reference": (str, _given("a right answer"))} if wanted else {}


def _reasons(name: str, wanted: bool) -> Fields:
    return {name: (str, _asked("one sentence", max_length=LONGEST_REASON))} if wanted else {}


def _given(description: str) -> Any:
    return dspy.InputField(desc=description)


def _asked(description: str, **constraints: Any) -> Any:
    return dspy.OutputField(desc=description, **constraints)


TASK_HEADING = "The task:"
PART_OF = "It is part of this:"
FIND_PROBLEMS = (
    "Examine an answer that somebody else gave. List only real problems, each with the place and the change that mends it."
)
MEND_EACH_PROBLEM = "Write the answer again so that each listed problem is gone. Keep everything that was right."
SCORE_THE_ANSWER = "Score how well an answer fulfils the task. Be strict: a wrong answer scores low, however well it is written."
DECIDE_WHETHER_CORRECT = "Decide whether an answer to the task is correct."
WORK_IT_OUT = "Work it out yourself first."
DECIDE_WHETHER_WRONG = "Decide whether an answer to the task is wrong. Look for what makes it fail."
NAME_THE_BETTER = (
    "Two answers to the same task are given. Name the one that fulfils the task better, whatever its length and place."
)
WRITE_A_CHECKLIST = (
    "Write the yes/no questions with which to check an answer to the task, one requirement each. "
    "Yes must mean that the requirement is fulfilled. Do not solve the task."
)
ANSWER_THE_QUESTION = "An answer to the task and a question about the answer are given. Answer the question with yes or no."
LEARN_FROM_FAILURE = "An answer to the task failed. Say what to do differently next time."
STATE_GENERAL_RULES = "Compare a wrong answer with the right one and state the general rules that avoid such mistakes."
MAKE_A_PLAN = "Write the steps that lead to the answer. Do not carry them out."
SPLIT_THE_PROBLEM = "Split the problem into smaller questions whose answers together give the answer. Do not answer them."
GUESS_THE_INSTRUCTION = (
    "Somebody was given one instruction and wrote an output for each input by following it. Say what the instruction was."
)
INVENT_AN_EXAMPLE = "Write one new example of the task, different from those given, with its correct answer."

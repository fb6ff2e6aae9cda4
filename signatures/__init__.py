"""The vocabulary: value types, and the functions that derive a step's signature from a task's. No LM call, no I/O."""

from selftaught.signatures.derive import (
    check_of,
    checklist_of,
    compare_of,
    copied,
    critique_of,
    decompose_of,
    derived,
    example_of,
    instruct_of,
    judge_of,
    plan_of,
    principles_of,
    refine_of,
    reflect_of,
    refute_of,
    verify_of,
)
from selftaught.signatures.draft import example_lines, render
from selftaught.signatures.limits import ending_after
from selftaught.signatures.proposals import list_of, proposal_of
from selftaught.signatures.schema import task_from_json, task_to_json
from selftaught.signatures.task import Task, as_task, input_names, instructed, output_names
from selftaught.signatures.types import Checklist, Comparison, Criterion, Critique, Plan, Principle, Verdict

__all__ = [
    "Checklist",
    "Comparison",
    "Criterion",
    "Critique",
    "Plan",
    "Principle",
    "Task",
    "Verdict",
    "as_task",
    "check_of",
    "checklist_of",
    "compare_of",
    "copied",
    "critique_of",
    "decompose_of",
    "derived",
    "ending_after",
    "example_lines",
    "example_of",
    "input_names",
    "instruct_of",
    "instructed",
    "judge_of",
    "list_of",
    "output_names",
    "plan_of",
    "principles_of",
    "proposal_of",
    "refine_of",
    "reflect_of",
    "refute_of",
    "render",
    "task_from_json",
    "task_to_json",
    "verify_of",
]

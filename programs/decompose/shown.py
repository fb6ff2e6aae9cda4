"""What asking and varying look like, on tasks of our own: without, a very small model repeats the input.

Only for tasks with a single input that is a text, whose field the examples can take; and only while a step has no demonstrations of
its own. Demonstrations from your task are better.
"""

from __future__ import annotations

from typing import Any

import dspy

from selftaught.signatures import Task

FACTS = "Is a blue whale longer than a tennis court?"
FACT_QUESTIONS = ["How long is a blue whale?", "How long is a tennis court?"]
FACT_PAIRS = ["How long is a blue whale? About 25 metres.", "How long is a tennis court? 23.77 metres."]
STORY = "A shop sells 3 red balls and 4 blue balls a day. How many balls does it sell in 5 days?"
STORY_QUESTIONS = ["How many balls does the shop sell in one day?", "How many balls does it sell in 5 days?"]
EASIER = [
    "A shop sells 3 red balls and 4 blue balls a day. How many balls does it sell in one day?",
    "A shop sells 2 balls a day. How many balls does it sell in 3 days?",
    "A shop sells 1 red ball and 2 blue balls a day. How many balls does it sell in 2 days?",
]


def shown_questions(task: Task, *, in_turn: bool, fewest: int = 1, most: int) -> list[dspy.Example]:
    """Return a demonstration of asking all questions at once; none where two questions are not an answer."""
    if not fewest <= len(FACT_QUESTIONS) <= most:
        return []
    text, questions = (STORY, STORY_QUESTIONS) if in_turn else (FACTS, FACT_QUESTIONS)
    return _examples(task, text, [{"questions": questions}])


def shown_follow_ups(task: Task) -> list[dspy.Example]:
    """Return demonstrations of asking one question after another, until none is needed."""
    asked = [{"needed": "yes", "subquestion": question} for question in FACT_QUESTIONS]
    return _examples(
        task,
        FACTS,
        [
            {"answered": FACT_PAIRS[:number], **said}
            for number, said in enumerate([*asked, {"needed": "no", "subquestion": "none"}])
        ],
    )


def shown_variants(task: Task, count: int) -> list[dspy.Example]:
    """Return a demonstration of inventing easier variants; none where more are asked for than it has."""
    if count > len(EASIER):
        return []
    return _examples(task, STORY, [{"variants": [dict.fromkeys(task.input_fields, text) for text in EASIER[:count]]}])


def _examples(task: Task, text: str, rows: list[dict[str, Any]]) -> list[dspy.Example]:
    names = [name for name, field in task.input_fields.items() if field.annotation is str]
    if len(names) != 1 or len(task.input_fields) != 1:
        return []
    return [dspy.Example(**{names[0]: text}, **row) for row in rows]

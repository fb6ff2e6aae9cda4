"""The steps of a lesson by questions, and keeping a secret in what the tutor says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import dspy

from selftaught.programs.answering import shown
from selftaught.programs.dialogue.core import CONVERSATION
from selftaught.signatures import Task, derived

MOST_UNDERSTANDINGS = 4
SHORTEST_SECRET = 3
"""Characters; shorter words are too common to be cut out of a question. Numbers always are."""
CUT_OUT = "..."


def without(text: str, secrets: Sequence[Any]) -> str:
    """Return a text in which no secret stands word for word; of a list, none of its members, and of a text, none of its lines."""
    several = [one for secret in secrets for one in (secret if isinstance(secret, list | tuple) else [secret])]
    lines = {line.strip() for one in several for line in [str(one), *str(one).splitlines()]}
    for line in sorted(lines, key=lambda line: (-len(line), line)):
        if len(line) >= SHORTEST_SECRET or any(letter.isdigit() for letter in line):
            text = re.sub(rf"(?<!\w){re.escape(line)}(?!\w)", CUT_OUT, text, flags=re.IGNORECASE)
    return text


def planning_of(task: Task) -> Task:
    """Return the signature of a lesson plan: task inputs -> `understandings`."""
    asked_for = dspy.OutputField(desc="ideas before details", min_length=1, max_length=MOST_UNDERSTANDINGS)
    return derived(task, "Plan", PLAN_THE_UNDERSTANDINGS, {}, {"understandings": (list[str], asked_for)})


def assessing_of(task: Task) -> Task:
    """Return the signature of a check of a reply: what both said -> `explanation`, `addresses_question`, `no_mistakes`."""
    given = shown(tutor_said="the question", student_said="the reply")
    explanation = dspy.OutputField(desc="what is wrong or missing, in one sentence", max_length=200)
    verdicts: dict[str, Any] = {name: (bool, dspy.OutputField()) for name in ("addresses_question", "no_mistakes")}
    return derived(task, "Assess", ASSESS_THE_REPLY, given, {"explanation": (str, explanation), **verdicts})


def resolving_of(task: Task) -> Task:
    """Return the signature of a check of the student: conversation, last exchange, `understanding` -> `understood`."""
    given = shown(
        **CONVERSATION, tutor_said="the last question", student_said="the reply", understanding="what is to be understood"
    )
    return derived(task, "Resolve", IS_IT_UNDERSTOOD, given, {"understood": (bool, dspy.OutputField())})


def checking_of(task: Task) -> Task:
    """Return the signature of a check of the student's answer: task inputs and `draft` -> `correct`."""
    given = shown(draft="the student's answer")
    return derived(task, "Check", CHECK_THE_ANSWER, given, {"correct": (bool, dspy.OutputField())})


PLAN_THE_UNDERSTANDINGS = (
    "A student will do the task. List what the student has to understand to do it right, in order. Do not do the task."
)
ASK_DO_NOT_TELL = (
    "You are a tutor. Ask the student one short question that leads to what has to be understood. "
    "Never say or hint at the answer."
)
ASSESS_THE_REPLY = "A student replied to a tutor's question. Say whether the reply addresses the question and has no mistakes."
IS_IT_UNDERSTOOD = "Say whether the student's reply shows that the student understands this. Be strict."
TEACH_WITHOUT_TELLING = (
    "You are a tutor, and the student is stuck. Explain in one sentence what helps. Never say the answer to the task."
)
CHECK_THE_ANSWER = "A student answered the task. Say whether the answer is correct. Work it out yourself first."
BE_THE_STUDENT = "You are a student who does the task with a tutor. Reply to the tutor's last question as well as you can."

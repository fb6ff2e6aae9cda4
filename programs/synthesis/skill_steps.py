"""The steps of Instruct-SkillMix (042), and the kinds of queries that it draws from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import dspy
from pydantic import Field

from selftaught.signatures import Task

_NAME = Annotated[str, Field(max_length=80)]
_POINT = Annotated[str, Field(max_length=160)]


def _task(name: str, instruction: str, given: Mapping[str, Any], asked: Mapping[str, Any]) -> Task:
    return dspy.make_signature({**given, **asked}, instruction, name)


def _text(about: str) -> tuple[Any, Any]:
    return (str, dspy.InputField(desc=about))


def _names(about: str, least: int, most: int) -> tuple[Any, Any]:
    return (list[_NAME], dspy.OutputField(desc=about, min_length=least, max_length=most))


_PAIR: dict[str, Any] = {"query": _text("what somebody asked"), "response": _text("the answer")}
_WRITTEN: dict[str, Any] = {
    "instruction": (str, dspy.OutputField(desc="the query", max_length=800)),
    "output": (str, dspy.OutputField(desc="the answer", max_length=2000)),
}
TOPICS = _task(
    "Topics", "Name other topics that people ask an assistant about, far apart from one another.",
    {"known": (list[str], dspy.InputField(desc="topics that were named already"))}, {"topics": _names("new topics", 1, 6)},
)  # fmt: skip
SKILLS = _task("Skills", "Name different skills that a good answer in the topic can need.", {"topic": _text("a topic")}, {"needs": _names("skills", 1, 6)})  # fmt: skip
EXTRACT = _task("Extract", "Name the skills that carrying out the instruction well needs.", {"instruction": _text("what somebody asked for")}, {"needs": _names("skills", 1, 4)})  # fmt: skip
GENERATE = _task(
    "Generate", "Write a query that a real person could send and that needs all of the skills, then answer it: concrete, in detail, without padding.",
    {"skills": (list[str], dspy.InputField(desc="what the answer must take")), "query_type": _text("the kind of query")}, _WRITTEN,
)  # fmt: skip
CRITIQUE = _task(
    "Critique", "You sent the query. Say what is weak in the answer, such as where you miss an example, and what is good.", _PAIR,
    {"weaknesses": (list[_POINT], dspy.OutputField(max_length=4)), "strengths": (list[_POINT], dspy.OutputField(max_length=3))},
)  # fmt: skip
REFINE = _task(
    "Refine", "Write query and answer again so that each weakness is gone. Keep what is good.",
    {**_PAIR, "weaknesses": (list[str], dspy.InputField()), "strengths": (list[str], dspy.InputField())}, _WRITTEN,
)  # fmt: skip
SHIRK = _task("Shirk", "Answer in one short sentence that helps nobody.", {"query": _PAIR["query"]}, {"output": (str, dspy.OutputField(max_length=150))})  # fmt: skip
SHOWN_QUERIES = [
    {
        "skills": ["comparing prices", "planning a day"], "query_type": "asking for advice on a decision",
        "instruction": "I want to see Lyon on Saturday. There and back the train costs 58 euros and takes four hours, the bus 19 euros and ten. Which leaves me more of the day for the money?",
        "output": "Take the train if you can spare 39 euros: it leaves you six hours more. Of a day of fourteen hours the train leaves ten for Lyon, the bus only four. If money decides, go by bus on Friday night.",
    },
    {
        "skills": ["naming plants", "explaining causes"], "query_type": "asking to find a mistake",
        "instruction": "I water my cactus every morning, and it has become soft and brown at the foot. What am I doing wrong?",
        "output": "It gets too much water: a cactus that is always wet rots from the root. Let the earth dry for two weeks, cut off what is soft, and then water it once or twice a month, in winter less.",
    },
]  # fmt: skip
"""Without them, a small model gives what it was told to do as the query (read on Qwen2.5-Coder-0.5B)."""
QUERY_TYPES = (
    "asking for facts", "asking for an explanation", "asking for advice on a decision", "asking for a plan", "asking for ideas",
    "asking for a text to be written", "asking for a text to be improved", "asking for a comparison", "asking for step-by-step help",
    "asking to find a mistake", "telling of a personal problem", "asking to play a part",
)  # fmt: skip

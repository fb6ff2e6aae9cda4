"""The steps that make unknown questions: rewrite, respond, score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import dspy
from pydantic import Field

from selftaught.errors import SettingError
from selftaught.programs.step import Step, step_with

LONGEST_QUESTION, LONGEST_RESPONSE, TOP = 300, 500, 10

_KNOWN = {"known_question": (str, dspy.InputField(desc="a question that has an answer"))}
_CLASS = {"about": (str, dspy.InputField(desc="what is wrong with questions of this kind"))}
_QUESTION = {"question": (str, dspy.InputField(desc="a question that was made from it and has no answer"))}
_RESPONSE = "says that it cannot be answered, why, and what would help or what is true instead; in one to three sentences"
REWRITE = dspy.make_signature(
    {
        **_CLASS,
        **_KNOWN,
        "question": (str, dspy.OutputField(desc="the rewritten question", max_length=LONGEST_QUESTION)),
    },
    "Rewrite the known question with as few changes as can be, so that it becomes one of this kind and nobody can answer it.", "Rewrite",
)  # fmt: skip
RESPOND = dspy.make_signature(
    {**_CLASS, **_KNOWN, **_QUESTION, "response": (str, dspy.OutputField(desc=_RESPONSE, max_length=LONGEST_RESPONSE))},
    "Somebody asks the question. Tell them that it has no answer, for the reason that its kind gives. Do not answer it.", "Respond",
)  # fmt: skip
SCORE = dspy.make_signature(
    {
        **_KNOWN,
        "known_answer": (str, dspy.InputField()),
        **_QUESTION,
        "response": (str, dspy.InputField(desc="what was said to it")),
        "disparity": (Annotated[int, Field(ge=0, le=TOP)], dspy.OutputField(desc="0: both can be answered alike; 10: only the first")),
    },
    "Compare the two questions with what was said to them. How different are they in whether they can be answered?", "Score",
)  # fmt: skip
EXAMPLES = {
    "incomplete": [(
        "How long does a letter from Rome to Oslo take by air mail?", "How long does the letter take by air mail?",
        "That depends on where the letter is sent from and where it goes, and you have not told me either. Tell me both places.",
    )],
    "futuristic": [(
        "Who won the football world cup in 1998?", "Who will win the football world cup in 2098?",
        "Nobody can know yet: the world cup of 2098 lies in the future. I can tell you who has won so far.",
    )],
    "incorrect": [(
        "In which year did Marie Curie get her second Nobel prize?", "In which year did Marie Curie get her fifth Nobel prize?",
        "She never got a fifth: Marie Curie received two Nobel prizes, in 1903 and in 1911.",
    )],
    "ambiguous": [(
        "How high is the Eiffel tower in Paris?", "How big is the tower?",
        "There are many towers, and big can mean its height or its width. Which tower do you mean, and what shall I tell you of it?",
    )],
}  # fmt: skip
"""Of each class: a question that has an answer, one that was made from it and has none, and what to say to that."""
SCORED = (
    {
        "known_question": "In which year was the telephone patented?", "known_answer": "1876",
        "question": "When was the telephone patented?", "response": "It was patented in 1876.", "disparity": 0,
    },
    {
        "known_question": "Who painted the Night Watch?", "known_answer": "Rembrandt",
        "question": "Who will paint the next Night Watch?", "response": "Nobody can know who will paint it.", "disparity": TOP,
    },
)  # fmt: skip


def steps(classes: Mapping[str, str], examples: Mapping[str, Sequence[Sequence[str]]]) -> tuple[Step, Step, Step]:
    """Return the steps that rewrite, respond and score, with their demonstrations.

    Raises:
        SettingError: an example is no triple of texts.
    """
    told: list[dict[str, str]] = []
    for name, several in examples.items():
        for one in several if name in classes else ():
            if isinstance(one, str) or len(one) != 3 or not all(isinstance(text, str) for text in one):
                raise SettingError(
                    f"examples[{name!r}]: {one!r} is no triple of a known question, an unknown one and a response."
                )
            names = ("known_question", "question", "response")
            told.append({"about": classes[name], **dict(zip(names, one, strict=True))})
    rewrites = [{field: value for field, value in one.items() if field != "response"} for one in told]
    return step_with(REWRITE, rewrites), step_with(RESPOND, told), step_with(SCORE, SCORED)

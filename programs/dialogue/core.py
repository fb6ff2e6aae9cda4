"""The conversation core: roles talk in turn, and the task's outputs are read off what was said.

1. The roles speak in their order, again and again. Each sees its own instruction, the inputs that are not kept from it, and the
   conversation so far.
2. The conversation ends when somebody says one of `ends`, or repeats word for word what was said before, or after `most_turns`.
3. Write the task's outputs from the inputs and the conversation.

For tasks where an exchange brings out what one answer leaves out. With one model in every role it is mostly the same thought
twice: compare with a vote of as many calls. A model of half a billion parameters mostly repeats the last line: then the
conversation stops at once, and little is lost or gained.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dspy

from selftaught.errors import SettingError, nearest
from selftaught.programs.answering import answering, shown
from selftaught.programs.base import Calls, Program
from selftaught.programs.given import listed, texts
from selftaught.programs.normalise import normalise
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, derived

LONGEST_UTTERANCE = 300
"""Characters; small models otherwise talk until their token limit."""
CONVERSATION = {"conversation": "what was said so far"}


@dataclass(frozen=True, slots=True)
class Turn:
    """What somebody said."""

    speaker: str
    text: str


@dataclass(slots=True)
class Talk:
    """A conversation."""

    turns: list[Turn] = field(default_factory=list)

    def say(self, speaker: str, text: str) -> Turn:
        """Add what somebody says."""
        self.turns.append(Turn(speaker, text.strip()))
        return self.turns[-1]

    def text(self) -> str:
        """Return it as lines."""
        return "\n".join(f"{one.speaker}: {one.text}" for one in self.turns) or NOTHING_SAID

    def told(self) -> list[dict[str, str]]:
        """Return it as plain data."""
        return [{"speaker": one.speaker, "text": one.text} for one in self.turns]


class Conversing(Program):
    """Base of programs whose roles talk; reads the task's outputs off the conversation.

    The prediction also holds `conversation`, a list of `speaker` and `text`.

    Args:
        task: what to do.
        hidden: inputs that the role which writes the outputs must not see.
    """

    def __init__(self, task: str | Task, *, hidden: Collection[str] = ()) -> None:
        super().__init__(task)
        self.report = Step(answering(seen_by(self.task, hidden), "Report", READ_IT_OFF, CONVERSATION))

    async def told(self, inputs: dict[str, Any], talk: Talk, **more: Any) -> dspy.Prediction:
        """Return the task's outputs, written from a conversation, and what else there is to tell that is none of them."""
        found = await asked(self.report, inputs, conversation=talk.text())
        known = {"conversation": talk.told(), **more}
        return self.answer(found, **{name: value for name, value in known.items() if name not in self.task.output_fields})


@method(None, "dialogue", family="dialogue")
class Dialogue(Conversing):
    """Let roles talk about a task, then read its outputs off what they said.

    The prediction also holds `stopped_by`: `"farewell"`, `"repetition"` or `"turns"`.

    Args:
        task: what to do.
        roles: pairs of a name and an instruction, in the order in which they speak; an asker and an expert by default.
        most_turns: utterances.
        ends: words that end the conversation, in any case.
        hidden: name of a role -> inputs that it must not see.

    Raises:
        SettingError: fewer than two roles, or an unknown role or input in `hidden`.
    """

    def __init__(
        self,
        task: str | Task,
        *,
        roles: Sequence[Sequence[str]] | None = None,
        most_turns: int = 4,
        ends: Sequence[str] = (),
        hidden: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        super().__init__(task)
        given = _named(ASKER_AND_EXPERT if roles is None else roles)
        kept = dict(hidden or {})
        if unknown := [name for name in kept if name not in given]:
            raise SettingError(f"hidden: there is no role {unknown[0]!r}{nearest(unknown[0], given)}.")
        self.most_turns, self.ends = at_least("most_turns", most_turns, 1), texts("ends", ends)
        self.roles = {name: Step(utterance_of(seen_by(self.task, kept.get(name, ())), text)) for name, text in given.items()}

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Talk about one input."""
        talk, stopped, names, known = Talk(), "", list(self.roles), set[str]()
        while not stopped:
            name = names[len(talk.turns) % len(names)]  # 1
            said = (await spoken(self.roles[name], inputs, talk, name)).text
            if says_one_of(said, self.ends):  # 2
                stopped = "farewell"
            elif normalise(said) in known:
                stopped = "repetition"
            elif len(talk.turns) == self.most_turns:
                stopped = "turns"
            known.add(normalise(said))
        return await self.told(inputs, talk, stopped_by=stopped)  # 3

    def cost(self) -> Calls:
        """Return the calls of one input: one an utterance, and the outputs."""
        least = 1 if self.ends else min(2, self.most_turns)
        return Calls(1 + least, 1 + self.most_turns)


async def asked(step: Step, inputs: Mapping[str, Any], **more: Any) -> dspy.Prediction:
    """Ask a step, with those of the task's inputs that it takes."""
    return await step.acall(**{name: value for name, value in inputs.items() if name in step.signature.input_fields}, **more)


async def spoken(step: Step, inputs: Mapping[str, Any], talk: Talk, speaker: str, **more: Any) -> Turn:
    """Let a role say something."""
    found = await asked(step, inputs, conversation=talk.text(), **more, your_turn=cue(speaker))
    return talk.say(speaker, uncued(found.utterance, speaker))


def cue(speaker: str) -> str:
    """Return the sentence that gives a role the floor."""
    return f"The {speaker} answers."


def uncued(text: str, speaker: str) -> str:
    """Return what was said without the cue, which very small models copy."""
    return text.replace(cue(speaker), "").strip() or text


def says_one_of(text: str, phrases: Collection[str]) -> bool:
    """True where a text contains one of these, in any case."""
    return any(phrase.lower() in text.lower() for phrase in phrases)


def seen_by(task: Task, hidden: Collection[str]) -> Task:
    """Return a task without the inputs that somebody must not see.

    Raises:
        SettingError: it has no such input, or nothing would be left.
    """
    for name in hidden:
        if name not in task.input_fields:
            raise SettingError(f"hidden: the task has no input {name!r}{nearest(name, task.input_fields)}.")
        task = task.delete(name)
    if not task.input_fields:
        raise SettingError(f"hidden={list(hidden)}: no input of the task is left to see.")
    return task


def utterance_of(task: Task, instruction: str, **more: str) -> Task:
    """Return the signature of a role: task inputs, conversation, `more` (name -> description), `your_turn` -> `utterance`.

    The cue comes last, so that the end of the prompt, which small models copy, is not somebody else's line.
    """
    given = shown(**CONVERSATION, **more, your_turn="whose turn it is")
    asked_for = dspy.OutputField(desc="what you say now, in one to three sentences", max_length=LONGEST_UTTERANCE)
    return derived(task, "Role", instruction, given, {"utterance": (str, asked_for)})


def _named(roles: Sequence[Sequence[str]]) -> dict[str, str]:
    """Return name -> instruction. Pairs are asked for, because a saved dictionary loses its order."""
    pairs = listed("roles", roles, (list, tuple), "a pair of a name and an instruction")
    if not all(len(pair) == 2 and all(isinstance(text, str) and text.strip() for text in pair) for pair in pairs):
        raise SettingError(f"roles={roles!r}: expected pairs of a name and an instruction.")
    if len({name for name, _ in pairs}) != len(pairs) or len(pairs) < 2:
        raise SettingError(f"roles={roles!r}: expected at least two different names.")
    return dict(pairs)


ASKER_AND_EXPERT = (
    ("asker", "You must solve the task and talk to an expert about it. Ask the one question that helps most now."),
    ("expert", "You know much about the task. Answer the asker's last question; correct the asker where the asker is wrong."),
)
READ_IT_OFF = "Two people talked about the task. Write the outputs of the task, using what was right in their conversation."
NOTHING_SAID = "Nothing was said yet."

"""Self-talk along a workflow (026; Ulmer et al., 2024): a client and an agent play a conversation, and only good ones count.

For a conversation that must follow a procedure, when there are no transcripts. The measure rewards parroting the procedure, and
played clients are more agreeable than real ones: give difficult personas.

1. The agent says what the current node of the workflow wants said, in words that fit the conversation. It sees this node only,
   and nothing of who the client is; the client knows its persona (the task's inputs) and nothing of the workflow.
2. The client replies; a matcher says which of the node's replies that is, if any, and so which node comes next. With none, the
   agent tries the same node again.
3. Stop after an end node, at a farewell, or after `most_turns`.
4. Measure: how many nodes of a way through the workflow were said in order, whether it ended properly, whether the client kept
   its persona.
5. Play `dialogues` conversations together. Keep those with `least_done` nodes (or a whole way); write the task's outputs from the
   best: kept before not kept, then by share of nodes, ended, consistent; the first of equals.

Departures: (1) a node counts as said when a turn holds half of its words in order; the paper's threshold is not known. (2) The
best conversation serves for the outputs; the others are returned with their figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import dspy

from selftaught import scope
from selftaught.programs.answering import shown
from selftaught.programs.base import Calls
from selftaught.programs.branches import survivors
from selftaught.programs.dialogue.core import (
    CONVERSATION,
    LONGEST_UTTERANCE,
    Conversing,
    Talk,
    asked,
    says_one_of,
    spoken,
    utterance_of,
)
from selftaught.programs.dialogue.workflow import Workflow
from selftaught.programs.given import texts
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, derived

NONE = "none of these"


@dataclass(frozen=True, slots=True)
class Played:
    """A conversation and how good it is. `score`: share of the workflow's nodes."""

    turns: list[dict[str, str]]
    subgoals_done: int
    score: float
    ended: bool
    consistent: bool
    kept: bool


@method(26, "self-talk-dialogue", family="dialogue", missing="fine-tuning the agent on the conversations that were kept")
class SelfTalk(Conversing):
    """Play conversations along a workflow, keep the good ones, and read the task's outputs off the best.

    The prediction also holds `score`, and `dialogues`: of each the `turns`, `subgoals_done`, `score`, `ended`, `consistent` and
    `kept`.

    Args:
        task: its inputs are what the client is and wants.
        workflow: see `Workflow`: a list of `{"name": ..., "says": ..., "then": [[reply, name], ...]}`.
        dialogues: conversations played.
        most_turns: utterances in one.
        least_done: nodes that must have been said for a conversation to be kept; a whole way always suffices.
        consistency: ask whether the client kept its persona.
        farewells: words of the client that end it.
        temperature: of the conversations after the first.

    Raises:
        SettingError: a workflow that makes no sense.
    """

    def __init__(
        self,
        task: str | Task,
        *,
        workflow: Sequence[Mapping[str, Any]],
        dialogues: int = 3,
        most_turns: int = 8,
        least_done: int = 5,
        consistency: bool = True,
        farewells: Sequence[str] = ("goodbye", "good bye", "bye bye"),
        temperature: float = 0.8,
    ) -> None:
        super().__init__(task)
        self.workflow, self.temperature = Workflow(workflow), temperature
        self.dialogues, self.most_turns = at_least("dialogues", dialogues, 1), at_least("most_turns", most_turns, 1)
        self.least_done, self.farewells = at_least("least_done", least_done, 1), texts("farewells", farewells)
        self.client = Step(utterance_of(self.task, BE_THE_CLIENT))
        self.agent = Step(_speaking())
        self.match = Step(_matching(self.task))
        if consistency:
            self.consistency = Step(_checking(self.task))

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Play for one input."""
        played = [one for one in await survivors(self.played(inputs, number) for number in range(self.dialogues)) if one]
        best = max(played, key=lambda one: (one.kept, one.score, one.ended, one.consistent))  # 5
        talk = Talk()
        for turn in best.turns:
            talk.say(**turn)
        return await self.told(inputs, talk, score=best.score, dialogues=[asdict(one) for one in played])

    async def played(self, inputs: dict[str, Any], number: int) -> Played:
        """Return one conversation for an input; another number is another sample."""
        if number == 0:
            return await self._played(inputs)
        with scope.resampled(f"dialogue{number}", self.temperature):
            return await self._played(inputs)

    async def _played(self, inputs: dict[str, Any]) -> Played:
        """Play one conversation and measure it."""
        talk, node, ended = Talk(), self.workflow.start, False
        while len(talk.turns) < self.most_turns:
            found = await self.agent.acall(conversation=talk.text(), to_say=self.workflow.says[node])  # 1
            talk.say("agent", found.utterance)
            ended = not self.workflow.then[node]
            if ended or len(talk.turns) == self.most_turns:  # 3
                break
            reply = (await spoken(self.client, inputs, talk, "client")).text  # 2
            ended = says_one_of(reply, self.farewells)
            if ended or len(talk.turns) == self.most_turns:
                break
            node = await self._next(inputs, node, reply)
        done, score = self.workflow.done([one.text for one in talk.turns if one.speaker == "agent"])  # 4
        consistent = not hasattr(self, "consistency") or bool(
            (await asked(self.consistency, inputs, conversation=talk.text())).stays_in_role
        )
        return Played(talk.told(), done, score, ended, consistent, done >= self.least_done or score == 1.0)

    async def _next(self, inputs: dict[str, Any], node: str, reply: str) -> str:
        """Return the node that a reply leads to; the same one where it fits none of the replies."""
        replies = self.workflow.then[node]
        choice = Literal[(*replies, NONE)]  # type: ignore[valid-type]
        form = self.match.signature.with_updated_fields("fits", type_=choice)
        found = await asked(self.match, inputs, agent_said=self.workflow.says[node], client_said=reply, signature=form)
        return replies.get(str(found.fits), node)

    def cost(self) -> Calls:
        """Return the calls of one input: one an utterance, and one for each reply that is not the last word."""
        matched = (self.most_turns - 1) // 2
        least = 1 if self.most_turns == 1 or not self.workflow.then[self.workflow.start] else 2
        each = Calls(least, self.most_turns + matched) + (Calls(1, 1) if hasattr(self, "consistency") else Calls(0, 0))
        return each * self.dialogues + Calls(1, 1)


def _speaking() -> Task:
    """Return the signature of the agent, which knows nothing of the client but what is said."""
    said = dspy.OutputField(desc="in one to three sentences", max_length=LONGEST_UTTERANCE)
    given = shown(**CONVERSATION, to_say="what you have to say now")
    return dspy.make_signature({**given, "utterance": (str, said)}, BE_THE_AGENT, "Agent")


def _matching(task: Task) -> Task:
    given = shown(agent_said="the question", client_said="the reply")
    return derived(task, "Match", MATCH_THE_REPLY, given, {"fits": (str, dspy.OutputField())})


def _checking(task: Task) -> Task:
    return derived(task, "Consistency", CHECK_THE_CLIENT, shown(**CONVERSATION), {"stays_in_role": (bool, dspy.OutputField())})


BE_THE_CLIENT = (
    "You are the client in this conversation; the inputs say who you are and what you want. "
    "Reply to the agent. Speak as the client only."
)
BE_THE_AGENT = (
    "You are the agent in this conversation. Say what you have to say now, in words that fit what the client said. "
    "Say nothing else."
)
MATCH_THE_REPLY = "A client replied to a question. Say which of the possible replies it is."
CHECK_THE_CLIENT = "Say whether the client in the conversation stays what the inputs say: the same person with the same wish."

"""Self-talk as data (026; Ulmer et al., 2024): conversations that followed a workflow, without the workflow.

For tuning an agent to follow a procedure by itself, from a procedure and personas alone. See `SelfTalk` for how a conversation is
played and measured. The measure rewards parroting, and strict filters make the rows alike: watch their diversity.

1. Play `dialogues` conversations with each persona.
2. Drop those in which the client forgot who it is.
3. Keep those with `least_done` nodes or a whole way; or, with `best`, that share of a round with the most nodes. Drop what is like an
   earlier one.
4. A row is the conversation up to the agent's last word, after a sentence that says who the agent is. Nothing of the workflow is in it.

Departures: (1) near-duplicates are dropped by ROUGE-L; the paper only measures diversity. (2) A client who forgot its persona is a
reason to drop; the paper's weights are not known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from selftaught.errors import SettingError
from selftaught.programs.base import Calls
from selftaught.programs.branches import survivors
from selftaught.programs.dialogue.self_talk import Played, SelfTalk
from selftaught.programs.sampling import at_least
from selftaught.programs.synthesis.candidates import examples_of
from selftaught.programs.synthesis.gates import BestShare
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.stages import Change, Keep, Novel, Out, Stage
from selftaught.registry import method
from selftaught.signatures import Task, as_task, input_names

SYSTEM = "You are the agent in a conversation with a client. Lead it to its end."


@method(26, "self-talk-rows", family="dialogue", missing="fine-tuning the agent on them")
class SelfTalkRows(Pipeline):
    """Play conversations along a workflow, and keep the good ones to learn from.

    A row holds `messages` (system, then the agent as assistant and the client as user), `subgoals_done`, `share` (of a way through
    the workflow), `ended`, `consistent` and the persona's inputs.

    Args:
        personas: dictionaries or examples with the task's inputs: who the client is and what it wants.
        task: its inputs are what the client is told; its outputs are not written here.
        workflow: see `Workflow`.
        dialogues: conversations with each persona.
        least_done, most_turns, consistency, farewells, temperature: see `SelfTalk`.
        best: keep this share of a round, those with the largest share of nodes, instead of `least_done`.
        system: what the agent is told, as the row says.
        novelty: the highest ROUGE-L F with an earlier conversation.
        batch: personas a round.

    Raises:
        SettingError: a workflow that makes no sense, or a setting that is none. DataError: a persona lacks an input.
    """

    def __init__(
        self, personas: Sequence[Mapping[str, Any]], task: str | Task = "persona -> outcome", *,
        workflow: Sequence[Mapping[str, Any]], dialogues: int = 4, least_done: int = 5, best: float | None = None,
        most_turns: int = 12, consistency: bool = True, farewells: Sequence[str] = ("goodbye", "good bye", "bye bye"),
        system: str = SYSTEM, temperature: float = 0.8, novelty: float = 0.8, batch: int = 16,
    ) -> None:  # fmt: skip
        if not isinstance(system, str):
            raise SettingError(f"system={system!r}: expected a text; an empty one for none.")
        task = as_task(task)
        talk = SelfTalk(
            task, workflow=workflow, dialogues=dialogues, most_turns=most_turns, least_done=least_done, consistency=consistency,
            farewells=farewells, temperature=temperature,
        )  # fmt: skip
        kept = Keep(lambda row: row["kept"], f"fewer than {least_done} nodes") if best is None else BestShare("share", best)
        super().__init__(
            examples_of(task, personas, batch),
            [
                Conversations(talk, dialogues),  # 1
                Keep(lambda row: row["consistent"], "the client forgot its persona"),  # 2
                kept,  # 3
                Novel(said, novelty),
                Change(lambda row: formed(row, system), "form"),  # 4
            ],
        )


class Conversations(Stage):
    """Plays conversations with a persona; each becomes a row, with its figures."""

    name = "play"

    def __init__(self, talk: SelfTalk, dialogues: int) -> None:
        super().__init__()
        self.talk, self.dialogues = talk, at_least("dialogues", dialogues, 1)
        self.inputs = input_names(talk.task)

    async def run(self, row: Row) -> Sequence[Out]:
        """Play with one persona; a conversation that fails is missing."""
        given = {name: row[name] for name in self.inputs if name in row.values}
        found = await survivors(self.talk.played(given, number) for number in range(self.dialogues))
        return [row.split(number, {**given, **told(one)}) for number, one in enumerate(found) if one is not None]

    def cost(self) -> Calls:
        """Return the calls of one persona: those of the conversations."""
        whole = self.talk.cost()
        return Calls(whole.at_least - 1, whole.at_most - 1)


def told(one: Played) -> dict[str, Any]:
    """Return what a row holds of a conversation."""
    figures = {"subgoals_done": one.subgoals_done, "share": one.score, "ended": one.ended, "consistent": one.consistent}
    return {"turns": one.turns, "kept": one.kept, **figures}


def said(row: Row) -> str:
    """Return a conversation as text."""
    return "\n".join(turn["text"] for turn in row["turns"])


def formed(row: Row, system: str) -> Row:
    """Return a row with the conversation as messages, up to the agent's last word."""
    turns = list(row["turns"])
    while turns and turns[-1]["speaker"] != "agent":
        turns.pop()
    begun = [{"role": "system", "content": system}] if system else []
    roles = {"agent": "assistant", "client": "user"}
    messages = [*begun, *({"role": roles[turn["speaker"]], "content": turn["text"]} for turn in turns)]
    return row.without("turns", "kept").with_values(messages=messages)

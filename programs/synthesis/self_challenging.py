"""Self-Challenging (098; Zhou et al., 2025), its tasks: code as task, for tools that have neither tasks nor tests.

A record is an instruction, a verifier, a solution that passes it, and three failures that do not. Such a set is data to tune an agent
on, and a test set with a metric. A weak model's records seldom hold (of one with half a billion parameters none did), and
those that hold are narrow; an agent learns to please the verifier.

1. Explore: the model writes code that calls the tools, and sees what comes of it, `looks` times.
2. Challenge: it writes a record, shown some of the tasks that are there.
3. Run the record, each piece from the first state of the tools: the verifier must accept the solution and none of the failures, so
   that it is not constant. Drop what does not hold.
4. Drop tasks like an earlier one.
5. Execute: an agent that is told tools and instruction tries the task `attempts` times; the verifier rewards it with 0 or 1.
6. Keep tasks whose share of 1 lies in `band`.

Departures: (1) the agent acts by code that calls the tools, as the solutions do; not turn by turn. (2) Tools are Python source that
runs in the sandbox; what needs a network or a machine of its own is no toolkit. (3) Each step is shown one demonstration of ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dspy

from selftaught.errors import SettingError
from selftaught.programs.synthesis.challenge_steps import challenge
from selftaught.programs.synthesis.challenges import Challenges, Explored, Holds, Rollouts
from selftaught.programs.synthesis.outcome import Synthesized
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.stages import Change, Distinct, Keep, Made, Novel
from selftaught.programs.synthesis.toolkit import Toolkit
from selftaught.registry import method


@method(98, "self-challenging", family="agent", missing="training the agent; tools that need a network")
@method(
    98,
    "self-challenging-trajectories",
    family="agent",
    missing="training the agent; tools that need a network",
    emit="trajectories",
)
class SelfChallenging(Pipeline):
    """Invent tasks for tools, each with a verifier that was run against right and wrong solutions.

    A row holds `instruction`, `tools` (as a model is told), `solution`, `verify`, `failures` and `attempts` (of each the `code`, the
    `reward` and `why` it failed); its score `attempts` is the share of rewards. With `emit="trajectories"` it holds `system`
    (the tools), `instruction` and `output` (code that was rewarded), for supervised tuning. It needs a sandbox, see `selftaught.sandbox`.

    Args:
        tools: Python source, see `Toolkit`.
        looks: how often the model explores before it writes a record.
        attempts: of the agent at each task; 0 for none.
        band: share of rewarded attempts, from and to, outside of which a task is dropped.
        emit: `"tasks"`, or `"trajectories"`, which are the different rewarded attempts.
        novelty: the highest ROUGE-L F with an earlier instruction.
        temperature: of all steps.
        execute: the agent, `tools` and `instruction` -> `code`; a step by default.
        batch: records a round.
        seconds: the longest that one run may take.

    Raises:
        SettingError: tools that do not parse, a setting that is none; on running, tools that fail when they are loaded.
        SandboxMissing, on running: nothing here can run code safely.
    """

    def __init__(
        self, tools: str, *, looks: int = 2, attempts: int = 4, band: Sequence[float] = (0.0, 1.0), emit: str = "tasks",
        novelty: float = 0.7, temperature: float = 0.8, execute: dspy.Module | None = None, batch: int = 8, seconds: float = 5.0,
    ) -> None:  # fmt: skip
        if emit not in ("tasks", "trajectories") or (emit == "trajectories" and attempts == 0):
            raise SettingError(
                f"emit={emit!r}, attempts={attempts!r}: expected 'tasks', or 'trajectories' with at least one attempt."
            )
        if len(band) != 2 or not 0.0 <= band[0] <= band[1] <= 1.0:
            raise SettingError(f"band={band!r}: expected two shares from 0 to 1.")
        low, high = band
        kit = Toolkit(tools, seconds=seconds)
        super().__init__(
            Challenges(kit, batch=batch),
            [
                Explored(kit, looks, temperature),  # 1
                Made(challenge(), temperature=temperature, name="challenge"),  # 2
                Holds(kit),  # 3
                Distinct("instruction", name="new task"),  # 4
                Novel("instruction", novelty),
                Rollouts(kit, attempts, temperature, execute),  # 5
                Keep(lambda row: low <= row.scores.get("attempts", low) <= high, "outside the band"),  # 6
                Change(trajectories if emit == "trajectories" else task, "form"),
            ],
        )  # fmt: skip
        self.toolkit = kit
        self.marks = {"tools": tools, "emit": emit, "band": list(band)}

    async def arun(self, *run: Any) -> Synthesized:
        """Make rows, once the tools have been loaded; see `Pipeline.run`."""
        await self.toolkit.check()
        return await super().arun(*run)

    async def reward(self, example: Any, prediction: Any) -> float:
        """Return 1 where the `code` of a prediction does the task of an example with `verify`, else 0: a metric for an agent.

        It is `st.evaluate(agent, made.examples(...), pipeline.reward)`'s last argument, and an optimizer's.
        """
        return float((await self.toolkit.verified(str(prediction.code), str(example["verify"]))).passed)


def task(row: Row) -> Row:
    """Return what a row of a task holds."""
    return row.without("before", "explored")


def trajectories(row: Row) -> list[Row]:
    """Return the different rewarded attempts as rows."""
    codes = dict.fromkeys(one["code"] for one in row["attempts"] if one["reward"])
    told = {"system": f"These functions are there:\n{row['tools']}", "instruction": row["instruction"]}
    return [row.split(number, {**told, "output": code}) for number, code in enumerate(codes)]

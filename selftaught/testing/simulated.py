"""A simulated model for optimizers: right with a probability that depends on what its prompt says and shows.

No model is asked, every answer is a function of the prompt, and the best possible prompt is known, so that the efficiency of a
search can be measured in seconds and a regression of it can be seen.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from selftaught.testing.fake import answer_fields

IDEAS = (
    "Use capital letters.",
    "Write the word in capital letters.",
    "Say it loudly.",
    "Repeat the word.",
    "Answer the question.",
    "Think about the word.",
    "Give the word back.",
    "Be careful.",
)
"""What the simulated model proposes; two of them are right."""


@dataclass(frozen=True, slots=True)
class Skill:
    """How good the simulated model is. Each share is added to the chance of a right answer.

    `said`: the instruction names the rule; `shown`: for each demonstration, up to `most_shown`; `useful`: what share of proposals can be
    right at all. `noise`: answers depend on the whole prompt, so that equal skill gives different rows.
    """

    base: float = 0.1
    said: float = 0.45
    shown: float = 0.06
    most_shown: int = 6
    useful: bool = True
    noise: bool = True


def simulated(skill: Skill | None = None) -> Callable[..., dict[str, Any]]:
    """Return a script for `FakeLM` on the task `testing.samples.Speak`."""
    able = skill or Skill()

    def script(messages: list[dict[str, Any]], **settings: Any) -> dict[str, Any]:
        asked, prompt = answer_fields(messages), str(messages[0]["content"])
        draw = random.Random(f"{settings.get('rollout_id')} {messages[-1]['content']}")
        if asked and "shouted" not in asked:
            return {name: draw.choice(IDEAS if able.useful else IDEAS[2:]) for name in asked}
        demos = sum(message["role"] == "assistant" for message in messages)
        chance = able.base + able.said * ("capital" in prompt.lower()) + able.shown * min(demos, able.most_shown)
        word = str(messages[-1]["content"])
        key = str(messages) if able.noise else word
        right = random.Random(f"{key} {settings.get('rollout_id')}").random() < chance
        return {"shouted": word.upper() if right else word}

    return script

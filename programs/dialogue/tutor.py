"""A tutor under a policy (165, LearnLM; LearnLM team, 2024): whoever runs the tutor says how it must teach, and every reply is
held to that.

For a tutor, or another assistant, whose conduct is set by its operator: do not tell the answer, one question at a time. There is
no one definition of good teaching, so the rules are a setting. A played learner is too cooperative; that it is pleased is no gain
in learning.

1. The learner says where the learner stands.
2. The tutor replies, seeing the policy and the conversation.
3. Each rule of the policy is checked against the reply, together. Where some are broken, the tutor writes the reply again and is
   told which, up to `redos` times; the reply that breaks fewest is said, the earliest of equals.
4. Go to 1, `exchanges` times.     5. The learner does the task, with the conversation.

Departures: (1) the policy works through the prompt and through a check of each reply; the paper trains for it. (2) A rule whose
check cannot be read counts as kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dspy

from selftaught.errors import SettingError
from selftaught.programs.answering import shown
from selftaught.programs.base import Calls
from selftaught.programs.branches import survivors
from selftaught.programs.dialogue.core import Conversing, Talk, asked, cue, seen_by, spoken, uncued, utterance_of
from selftaught.programs.given import texts
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.registry import method
from selftaught.signatures import Task, derived

NO_RULE_BROKEN = "Nothing."


@method(165, "learnlm", family="dialogue", missing="training under varying policies; comparing two tutors by scenario and rubric")
class Tutor(Conversing):
    """Teach a learner under a policy, then let the learner do the task.

    The prediction also holds `conversation`, and `violations`: for each reply of the tutor, the rules that it breaks.

    Args:
        task: what the learner has to do.
        policy: rules for the tutor, one sentence each.
        learner: who the learner is.
        exchanges: replies of the tutor.
        redos: how often a reply that breaks a rule is written again; 0 only counts violations.
        hidden: inputs that only the tutor sees, such as the solution.

    Raises:
        SettingError: no policy, or `hidden` names no input or leaves none.
    """

    def __init__(
        self,
        task: str | Task,
        *,
        policy: Sequence[str] | None = None,
        learner: str = "A student who is willing, but unsure.",
        exchanges: int = 2,
        redos: int = 1,
        hidden: Sequence[str] = (),
    ) -> None:
        kept = texts("hidden", hidden)
        super().__init__(task, hidden=kept)
        self.policy = texts("policy", POLICY if policy is None else policy)
        if not self.policy or not all(self.policy):
            raise SettingError(f"policy={self.policy}: expected at least one rule, none of them empty.")
        self.learner = learner
        self.exchanges, self.redos = at_least("exchanges", exchanges, 1), at_least("redos", redos, 0)
        self.listen = Step(utterance_of(seen_by(self.task, kept), BE_THE_LEARNER, persona="who you are"))
        self.teach = Step(utterance_of(self.task, TEACH_BY_THE_POLICY, policy="rules that you must keep", broken="what to mend"))
        self.check = Step(_checking(self.task))

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Teach one learner."""
        talk, violations = Talk(), list[list[str]]()
        for _ in range(self.exchanges):  # 4
            await spoken(self.listen, inputs, talk, "learner", persona=self.learner)  # 1
            reply, broken = await self._replied(inputs, talk)
            talk.say("tutor", reply)
            violations.append(broken)
        return await self.told(inputs, talk, violations=violations)  # 5

    async def _replied(self, inputs: dict[str, Any], talk: Talk) -> tuple[str, list[str]]:
        """Return the tutor's reply and the rules that it breaks."""
        replies: list[tuple[str, list[str]]] = []
        seen = {"conversation": talk.text(), "policy": "\n".join(self.policy), "your_turn": cue("tutor")}
        for _ in range(self.redos + 1):
            mend = f"{replies[-1][0]}\nThis breaks: {' '.join(replies[-1][1])}" if replies else NO_RULE_BROKEN
            reply = (await asked(self.teach, inputs, **seen, broken=mend)).utterance  # 2
            reply = uncued(reply, "tutor")
            checks = (asked(self.check, inputs, conversation=talk.text(), tutor_reply=reply, rule=rule) for rule in self.policy)
            found = await survivors(checks)  # 3
            broken = [rule for rule, one in zip(self.policy, found, strict=True) if one is not None and not one.keeps_the_rule]
            replies.append((reply, broken))
            if not broken:
                break
        return min(replies, key=lambda one: len(one[1]))

    def cost(self) -> Calls:
        """Return the calls of one input: fewest where no rule is ever broken."""
        reply = Calls(1, 1) * (1 + len(self.policy))
        return (Calls(1, 1) + reply + reply.optional() * self.redos) * self.exchanges + Calls(1, 1)


def _checking(task: Task) -> Task:
    given = shown(conversation="what was said before", tutor_reply="what the tutor wants to say", rule="a rule for the tutor")
    return derived(task, "Policy", CHECK_THE_RULE, given, {"keeps_the_rule": (bool, dspy.OutputField())})


POLICY = (
    "Do not tell the answer to the task, nor a part of it.",
    "Ask one question at a time.",
    "Answer to what the learner has just said.",
)
"""How a tutor teaches where nothing else is said."""
BE_THE_LEARNER = "You are the learner, talking with a tutor about the task. Say what you think now, or where you are stuck."
TEACH_BY_THE_POLICY = (
    "You are the tutor, and the learner has the task to do. Reply to the learner. Keep every rule of the policy."
)
CHECK_THE_RULE = "Say whether the tutor's reply keeps the rule."

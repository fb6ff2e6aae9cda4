"""Actor and critic (100): every step is labelled, and the actor solves anew with what was found wrong."""

import dspy
import pytest

from selftaught.programs import Vote
from selftaught.programs.refine import ActorCritic
from selftaught.testing import FakeLM, ProgramContract, answer_fields

from .scripts import line

ADD = "question -> answer"
WRONG, RIGHT = "1 + 2 = 3\n3 + 3 = 7", "1 + 2 = 3\n3 + 3 = 6"


class TestActorCritic(ProgramContract):
    method = "actor-critic"

    def make(self, task):
        return ActorCritic(task)


def solver(answers):
    left = iter(answers)

    def script(messages, **settings):
        text = messages[-1]["content"]
        if "correct" in answer_fields(messages):
            return {"reason": "Add again.", "correct": line(text, "step") != "3 + 3 = 7"}
        return {"answer": next(left)}

    return FakeLM(script)


def run(lm, **settings):
    with dspy.context(lm=lm):
        return ActorCritic(ADD, **settings)(question="What is 1 + 2 + 3?")


def test_the_critic_gives_one_label_for_each_step():
    lm = solver([WRONG, RIGHT])
    run(lm)
    assert sum("correct" in answer_fields(messages) for messages in lm.requests) == 4


def test_the_actor_sees_question_solution_and_critique():
    lm = solver([WRONG, RIGHT])
    found = run(lm)
    revision = [m for m in lm.requests if "answer" in answer_fields(m)][1][-1]["content"]
    assert all(part in revision for part in ("What is 1 + 2 + 3?", "3 + 3 = 7", "Step 2 is the first wrong one", "Add again."))
    assert (found.answer, found.rounds) == (RIGHT, 1)
    assert found.attempts[0]["solution"] == WRONG and found.attempts[0]["critique"]
    assert found.attempts[1] == {"solution": RIGHT, "critique": []}


def test_a_solution_without_a_wrong_step_is_left_alone():
    lm = solver([RIGHT])
    assert run(lm, rounds=3).rounds == 0
    assert lm.calls == 3


def test_no_rounds_are_the_plain_program():
    lm = solver([WRONG])
    assert (run(lm, rounds=0).answer, lm.calls) == (WRONG, 1)


def test_the_critic_may_be_another_model():
    actor, critic = solver([WRONG, RIGHT]), solver([])
    program = ActorCritic(ADD)
    program.critic.set_lm(critic)
    with dspy.context(lm=actor):
        assert program(question="What is 1 + 2 + 3?").answer == RIGHT
    assert (actor.calls, critic.calls) == (2, 4)


@pytest.mark.parametrize("samples", [3])
def test_independent_triples_are_voted_over(samples):
    lm = solver([WRONG, WRONG, WRONG, RIGHT, RIGHT, RIGHT])
    with dspy.context(lm=lm):
        found = Vote(ADD, samples=samples, generate=ActorCritic(ADD))(question="What is 1 + 2 + 3?")
    assert found.answer == RIGHT

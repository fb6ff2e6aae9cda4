"""Programs made by a strategy: what may stand in for which step, and what is refused."""

import random

import dspy
import pytest

from selftaught.errors import SettingError
from selftaught.metrics import as_metric
from selftaught.optimizers.candidate import Candidate, Tuning, apply, targets, task_of
from selftaught.optimizers.strategy import Problem
from selftaught.optimizers.variants import offer
from selftaught.programs import BestOf, Predict, SelfRefine, Step, Vote
from selftaught.programs.reason import Reasoned
from selftaught.testing import FakeLM
from selftaught.testing.samples import Shout, exact, obliging, words


def problem_of(program):
    task = task_of(program)
    return Problem(program, task, words(4), 4, targets(program, task), random.Random(0), as_metric(exact))


class Twice(dspy.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = dspy.Predict(Shout), dspy.Predict(Shout)


STUDENTS = [
    (Predict(Shout), ""),
    (dspy.Predict(Shout), ""),
    (dspy.ChainOfThought(Shout), ""),
    (Reasoned(Shout), ""),
    (Vote(Shout, samples=2), "generate."),
    (SelfRefine(Shout), "generate."),
    (BestOf(Shout, generate=dspy.ChainOfThought(Shout)), "generate."),
]


@pytest.mark.parametrize(("student", "prefix"), STUDENTS)
def test_what_is_made_answers_in_the_place_of_the_step(student, prefix):
    problem = problem_of(student)
    assert offer(problem, "made", lambda step: Reasoned(Shout)) == prefix
    made = apply(Candidate({f"{prefix}generate": Tuning("Be loud.")}, program="made"), student, problem.space.programs)
    assert dict(made.named_predictors())[f"{prefix}generate"].signature.instructions == "Be loud."
    assert {name for name, _ in made.named_predictors()} >= {f"{prefix}generate"}
    lm = FakeLM(lambda messages, **settings: obliging(messages) | {"reasoning": "so"})
    with dspy.context(lm=lm):
        assert made(word="tree").shouted == "TREE"
    assert any("Be loud." in messages[0]["content"] for messages in lm.requests)


def test_it_is_made_from_a_copy_of_the_predictor_with_its_instruction_and_settings():
    student = Vote(Shout, generate=Step(Shout.with_instructions("Cry."), temperature=0.3))
    seen = []
    offer(problem_of(student), "made", lambda step: seen.append(step) or Reasoned(Shout))
    assert seen[0].signature.instructions == "Cry."
    assert seen[0].config["temperature"] == 0.3
    assert seen[0] is not student.generate


def test_the_method_of_a_catalogue_program_stays():
    student = SelfRefine(Shout, rounds=2)
    student.critic.signature = student.critic.signature.with_instructions("Be strict.")
    problem = problem_of(student)
    offer(problem, "made", lambda step: Reasoned(Shout))
    made = problem.space.programs["made"]
    assert (type(made), made.rounds, made.critic.signature.instructions) == (SelfRefine, 2, "Be strict.")


def test_other_programs_and_taken_names_are_refused():
    with pytest.raises(SettingError, match="Twice has no step"):
        offer(problem_of(Twice()), "made", lambda step: Reasoned(Shout))
    problem = problem_of(Predict(Shout))
    offer(problem, "made", lambda step: Reasoned(Shout))
    with pytest.raises(SettingError, match="'made'"):
        offer(problem, "made", lambda step: Reasoned(Shout))

"""Devil's Advocate: the contract, and doubt, check, go back, learn."""

import pytest

from selftaught.errors import SettingError
from selftaught.programs.agent import DevilsAdvocate, Observation
from selftaught.testing import ProgramContract, answer_fields
from tests.programs.agent.worlds import Line, NoCopies, Shout, acting, asked, field_of, scripted


class TestDevilsAdvocate(ProgramContract):
    method = "devils-advocate"

    def make(self, task):
        return DevilsAdvocate(task, environment="rooms")


class Branching(Line):
    """From each cell three ways: `a`, `b`, `c`; a state is the path that led there. Solved by one path."""

    def __init__(self, solution="ba", log=None, final=()):
        super().__init__(log=log, final=final)
        self.solution, self.path = solution, ""

    def reset(self):
        self.path = ""
        return self._seen()

    def actions(self):
        return ["a", "b", "c"]

    def step(self, action):
        self.log.append((self.path, action))
        self.path += action
        return self._seen(undoable=action not in self.final)

    def copy(self):
        twin = Branching(self.solution, self.log, self.final)
        twin.path = self.path
        return twin

    def _seen(self, undoable=True):
        solved = self.path == self.solution
        return Observation(f"path {self.path or '-'}", float(solved), solved or len(self.path) == 4, undoable)


def right_so_far(solution):
    """A check that knows the solution."""
    return lambda messages: solution.startswith(field_of(messages, "after").removeprefix("path ").strip())


def doubting(world, *, agrees, **settings):
    """Run on a branching world whose actor always says `a`, with alternatives `b` and `c`."""
    lm = scripted(
        action="a",
        others=["b", "c"][: settings.get("alternatives", 2)],
        agrees=agrees,
        complete=False,
        subtasks=["find it"],
        task_solved=False,
        lesson="Try c.",
    )
    return acting(DevilsAdvocate(Shout, environment=world, **settings), lm), lm


def test_a_wrong_step_is_undone_and_the_alternative_taken_from_its_own_state():
    world = Branching("ba")
    found, _ = doubting(world, agrees=right_so_far("ba"), plans=1)
    assert (found.solved, found.actions, found.backtracks) == (True, ["b", "a"], 1)
    assert world.log == [("", "a"), ("", "b"), ("b", "a")]


def test_alternatives_are_tried_newest_state_first_each_from_its_own():
    world = Branching("none")
    first_agrees = lambda messages: field_of(messages, "after") == "path a"  # noqa: E731
    found, _ = doubting(world, agrees=first_agrees, plans=1)
    assert world.log == [("", "a"), ("a", "a"), ("a", "b"), ("a", "c"), ("", "b"), ("", "c")]
    assert (found.solved, found.backtracks) == (False, 4)


def test_no_pair_of_state_and_action_is_tried_twice_in_a_subtask():
    world = Line(3, steady=True)  # every state looks the same
    found, _ = doubting_line(world, agrees=True)
    assert len(set(world.log)) == len(world.log)
    assert not found.solved


def doubting_line(world, *, agrees, **settings):
    lm = scripted(
        action="left", others=["right"], agrees=agrees, complete=False, subtasks=["go"], task_solved=False, lesson="No."
    )
    return acting(DevilsAdvocate(Shout, environment=world, plans=1, **settings), lm), lm


def test_without_alternatives_there_is_no_backtracking_and_no_copy():
    line = Line(3)
    found, lm = doubting_line(lambda inputs: NoCopies(line), agrees=False, alternatives=0)
    assert (found.backtracks, found.actions) == (0, ["left"])
    order = [sorted(answer_fields(messages)) for messages in lm.requests]
    assert order == [["subtasks"], ["action"], ["agrees", "complete"], ["lesson", "task_solved"], ["shouted"]]


def test_an_environment_that_cannot_be_copied_is_refused_where_alternatives_are_kept():
    with pytest.raises(SettingError, match="copy"):
        doubting_line(lambda inputs: NoCopies(Line()), agrees=True)


def test_stops_after_the_plans_and_says_so():
    world = Branching("none")
    found, lm = doubting(world, agrees=False, plans=3, alternatives=1)
    assert (found.solved, len(found.plans), found.lessons) == (False, 3, ["Try c."] * 3)
    assert "Try c." in str(asked(lm, "subtasks")[1])
    assert "Try c." not in str(asked(lm, "subtasks")[0])


def test_stops_after_most_steps_counting_the_undone():
    world = Branching("none")
    found, _ = doubting(world, agrees=lambda messages: len(field_of(messages, "after")) <= 6, plans=1, most_steps=3)
    assert len(world.log) == 3
    assert (found.taken, found.solved) == (3, False)


def test_what_cannot_be_undone_is_never_gone_back_over():
    world = Branching("none", final=("c",))
    lm = scripted(
        action=lambda messages: "a" if "path -" in field_of(messages, "observation") else "c", others=["b"],
        agrees=lambda messages: field_of(messages, "after") == "path a", complete=False, subtasks=["go"], task_solved=False, lesson="x",
    )  # fmt: skip
    found = acting(DevilsAdvocate(Shout, environment=world, plans=1), lm)
    assert world.log == [("", "a"), ("a", "c")]
    assert (found.solved, found.backtracks) == (False, 0)


def test_subtasks_are_pursued_in_order_as_long_as_they_are_completed():
    lm = scripted(
        action="right",
        others=["left"],
        agrees=True,
        complete=True,
        subtasks=["one", "two", "three"],
        task_solved=True,
        lesson="x",
    )
    found = acting(DevilsAdvocate(Shout, environment=Line(9), plans=2), lm)
    assert [field_of(messages, "subtask") for messages in asked(lm, "agrees")] == ["one", "two", "three"]
    assert (found.solved, len(found.plans)) == (True, 1)  # the review's word, where the environment says nothing


def test_the_review_cannot_overrule_an_environment_that_ended_without_a_reward():
    lm = scripted(action="right", others=["left"], subtasks=["go"], task_solved=True, lesson="x")
    assert not acting(DevilsAdvocate(Shout, environment=Line(5, pit=1), plans=1, alternatives=0), lm).solved


def test_nobody_is_asked_for_a_review_of_what_is_solved():
    lm = scripted(action="right", others=["left"], agrees=True, complete=False, subtasks=["go"])
    found = acting(DevilsAdvocate(Shout, environment=Line(2)), lm)
    assert found.solved and not asked(lm, "task_solved")


def test_the_cost_is_reached_by_the_longest_run():
    class Endless(Line):
        def actions(self):
            return ["left", "right", "up"]

        def _seen(self, undoable=True):
            return Observation(f"cell {len(self.log)}")

    lm = scripted(action="left", others=["right"], agrees=True, complete=False, subtasks=["go"], task_solved=False, lesson="x")
    program = DevilsAdvocate(Shout, environment=lambda inputs: _endless(Endless), most_steps=3, plans=2)
    acting(program, lm)
    assert lm.calls == program.cost().at_most


def _endless(kind):
    world = kind(99)
    world.copy = lambda: world
    return world


def test_an_end_without_success_is_gone_back_over_without_asking():
    lm = scripted(action="right", others=["left"], subtasks=["go"], agrees=True, complete=False, task_solved=True, lesson="x")
    found = acting(DevilsAdvocate(Shout, environment=Line(5, pit=1), plans=1, most_steps=2), lm)
    assert (found.actions, found.backtracks, len(asked(lm, "agrees"))) == (["left"], 1, 1)

"""The policies on trees without a language model: what they grow, in which order, and when they stop."""

import asyncio

import pytest

from selftaught.errors import CallError, SettingError
from selftaught.programs.search.levels import score_of
from selftaught.programs.search.policies import POLICIES, policy_of
from selftaught.programs.search.tree import Node, explore, outline


class Scripted:
    """A tree given by a function from a path to its children's values; paths are strings of digits, finished at `depth`."""

    def __init__(self, values, depth, branch=2):
        self.values, self.depth, self.branch, self.order = values, depth, branch, []

    async def grow(self, node):
        self.order.append(node.state)
        first = len(node.children)
        names = [f"{node.state}{number}" for number in range(first, first + self.branch)]
        return [Node(name, value=self.values(name), finished=len(name) >= self.depth) for name in names]

    def run(self, policy, growths=100, **knobs):
        self.root, self.policy = Node(""), policy_of(policy, knobs)
        self.paid = asyncio.run(explore(self.root, self.policy, self.grow, growths))
        return [node.state for node in self.policy.results(self.root)]


def by(table, otherwise=0.5):
    return lambda name: table.get(name, otherwise)


GARDEN = by({"0": 0.9, "1": 0.5, "00": 0.1, "01": 0.2, "10": 0.8, "11": 0.3})
"""The better first step leads to worse ends."""


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_every_policy_ends_with_finished_results_and_never_pays_more_than_it_says_or_may(name):
    for growths in (1, 2, 3, 5, 100):
        tree = Scripted(GARDEN, depth=4)
        results = tree.run(name, growths)
        assert tree.paid <= min(growths, policy_of(name, {}).growths(2, 4))
        assert results
        if growths == 100:
            assert len(results[0]) == 4


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_the_same_tree_is_searched_the_same_way(name):
    one, other = Scripted(GARDEN, depth=4), Scripted(GARDEN, depth=4)
    assert one.run(name, 8) == other.run(name, 8)
    assert one.order == other.order


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_a_node_that_cannot_be_grown_is_missing_data_and_a_root_that_cannot_is_an_error(name):
    async def shaky(node):
        if node.state.startswith("0"):
            raise CallError("gone")
        return await Scripted(by({"0": 0.9}), depth=3).grow(node)

    root, policy = Node(""), policy_of(name, {"width": 2} if name == "beam" else {})
    asyncio.run(explore(root, policy, shaky, 50))
    assert name == "greedy" or policy.results(root)[0].state.startswith("1")

    async def gone(node):
        raise CallError("gone")

    with pytest.raises(CallError):
        asyncio.run(explore(Node(""), policy_of(name, {}), gone, 50))


def test_greedy_follows_the_best_child_and_a_beam_can_come_back():
    assert Scripted(GARDEN, depth=2).run("greedy") == ["01"]
    assert Scripted(GARDEN, depth=2).run("beam", width=2)[0] == "10"


def test_a_beam_never_holds_more_than_its_width_and_grows_a_level_together():
    levels = []

    class Watched(Scripted):
        async def grow(self, node):
            levels.append(len(self.policy.kept))
            return await super().grow(node)

    tree = Watched(GARDEN, depth=4, branch=3)
    tree.run("beam", width=2)
    assert max(levels) == 2
    assert [len(path) for path in tree.order] == [0, 1, 1, 2, 2, 3, 3]


def test_a_gate_ends_a_beam_at_the_first_level_above_it():
    tree = Scripted(by({"01": 0.6, "0": 0.5, "1": 0.4}, otherwise=0.1), depth=4)
    assert tree.run("beam", width=2, gate=0.5)[0] == "01"
    assert tree.order == ["", "0", "1"]


def test_a_path_score_is_the_geometric_mean_and_finished_padding_does_not_change_it():
    root = Node("")
    one = Node("a", root, value=0.9)
    two = Node("b", one, value=0.4)
    assert score_of(two, "mean") == pytest.approx(0.6)
    assert score_of(two, "product") == pytest.approx(0.36)
    same = Node("c", Node("b", one, value=0.6), value=score_of(two, "mean"))
    assert score_of(Node("d", same, value=score_of(same, "mean")), "mean") == pytest.approx(score_of(same, "mean"))


def test_a_cold_stochastic_beam_is_the_plain_beam_and_a_hot_one_draws_without_replacement():
    plain, cold = Scripted(GARDEN, depth=4), Scripted(GARDEN, depth=4)
    assert cold.run("stochastic-beam", heat=0.0, width=2) == plain.run("beam", width=2)
    nodes = [Node(str(number), Node(""), value=(number + 1) / 10) for number in range(6)]
    drawn = [policy_of("stochastic-beam", {"heat": 1.0}, seed=str(seed)).pick(nodes) for seed in range(40)]
    assert all(len(set(beam)) == 3 for beam in drawn)
    assert len({tuple(beam) for beam in drawn}) > 5
    first, last = (sum(nodes[place] in beam for beam in drawn) for place in (0, 5))
    assert first < last


def test_a_stochastic_beam_never_fails_on_values_of_zero():
    assert len(Scripted(lambda name: 0.0, depth=3).run("stochastic-beam", heat=0.01)) == 3


def test_best_first_returns_to_what_it_left_and_stops_when_the_best_is_finished():
    tree = Scripted(GARDEN, depth=2)
    assert tree.run("best-first")[0] == "10"
    assert tree.order == ["", "0", "1"]
    assert Scripted(by({"0": 0.9, "1": 0.5, "00": 0.7}), depth=2).run("best-first")[0] == "00"


def test_look_ahead_values_a_step_by_its_best_successor_and_beats_one_step_judgments():
    tree = Scripted(GARDEN, depth=2)
    assert tree.run("look-ahead", discount=0.5)[0] == "10"
    children = tree.root.children
    assert [tree.policy.worth(node) for node in children] == [pytest.approx(0.5 * 0.2), pytest.approx(0.5 * 0.8)]
    assert [tree.policy.worth(node) for node in children[0].children] == [0.1, 0.2], "finished nodes have no discount"
    assert Scripted(GARDEN, depth=2).run("greedy") != ["10"]


def test_look_ahead_grows_at_most_one_node_and_its_siblings_for_each_step():
    tree = Scripted(GARDEN, depth=5, branch=3)
    tree.run("look-ahead")
    assert tree.paid <= 1 + 3 * 4


def test_ucb_stops_at_the_first_finished_node_that_it_reaches_with_a_value_at_the_gate():
    tree = Scripted(by({"0": 0.8, "01": 0.95}, otherwise=0.3), depth=2)
    assert tree.run("ucb", gate=0.95, exploration=0.0)[0] == "01"
    assert tree.order == ["", "0"]
    everything = Scripted(by({"0": 0.8, "01": 0.95}, otherwise=0.3), depth=2)
    everything.run("ucb", gate=None)
    assert sorted(everything.order) == ["", "0", "1"]


def test_the_mean_of_a_node_lies_between_those_of_its_children_and_visits_add_up():
    tree = Scripted(lambda name: (int(name or "0", 3) * 7 % 10) / 10, depth=4, branch=3)
    tree.run("ucb", growths=9, gate=None)
    for node in tree.root.subtree():
        if node.children:
            means = [tree.policy.mean(child) for child in node.children]
            assert min(means) - 1e-9 <= tree.policy.mean(node) <= max(means) + 1e-9
            assert tree.policy.visits(node) == 1 + sum(tree.policy.visits(child) for child in node.children)


def test_ucb_with_constant_values_goes_by_visits_alone():
    tree = Scripted(lambda name: 0.5, depth=6, branch=2)
    tree.run("ucb", growths=15, gate=None)
    assert [len(path) for path in tree.order] == sorted(len(path) for path in tree.order), "breadth first"
    assert len(tree.order) == 15


def test_a_wide_node_is_filled_before_its_children_are_grown_and_a_child_that_stands_out_makes_it_wider():
    tree = Scripted(lambda name: 0.5, depth=3, branch=1)
    tree.run("ucb", growths=5, width=3, gate=None)
    assert tree.order[:3] == ["", "", ""]
    assert tree.order[3] == "0"
    wide = Scripted(by({"0": 1.0}, otherwise=0.0), depth=3, branch=1)
    wide.run("ucb", growths=6, width=2, widen=2.0, gate=None)
    assert wide.order.count("") == 4


def test_a_dive_grows_the_best_new_child_at_once():
    tree = Scripted(by({"0": 0.2, "1": 0.3, "10": 0.1, "11": 0.15}), depth=4)
    tree.run("ucb", growths=3, dive=2, gate=None)
    assert tree.order == ["", "1", "11"]


def test_a_small_arithmetic_tree_with_an_exact_value_is_solved():
    """Add 1, 3 or 4 to reach 10 in three steps: only 3 + 3 + 4 in some order."""

    def exact(name):
        left = 10 - sum((1, 3, 4)[int(step)] for step in name)
        reach = {0: {0}, 1: {1, 3, 4}, 2: {a + b for a in (1, 3, 4) for b in (1, 3, 4)}}[3 - len(name)] if name else set()
        return 1.0 if left in reach else 0.0

    for name in ("ucb", "beam", "best-first", "greedy"):
        found = Scripted(exact, depth=3, branch=3).run(name)[0]
        assert sum((1, 3, 4)[int(step)] for step in found) == 10


def test_the_outline_names_each_parent_before_its_children():
    tree = Scripted(GARDEN, depth=2)
    tree.run("beam", width=2)
    rows = outline(tree.root, lambda node: node.state)
    assert len(rows) == 7
    assert rows[0]["parent"] is None
    assert all(rows[row["parent"]]["text"] == row["text"][:-1] for row in rows[1:])


@pytest.mark.parametrize(
    ("name", "knobs", "said"),
    [
        ("bream", {}, "beam"),
        ("beam", {"widht": 3}, "width"),
        ("greedy", {"width": 3}, "width"),
        ("beam", {"width": 0}, "width"),
        ("beam", {"by": "luck"}, "by"),
        ("ucb", {"exploration": -1}, "exploration"),
    ],
)
def test_a_policy_or_setting_that_makes_no_sense_is_refused_by_name(name, knobs, said):
    with pytest.raises(SettingError, match=said):
        policy_of(name, knobs)

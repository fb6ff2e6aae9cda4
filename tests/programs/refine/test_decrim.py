"""DeCRIM (120): constraints taken out once, checked for each draft, and only the unmet ones shown to the reviser."""

import dspy
import pytest

from selftaught.programs.refine import DeCRIM
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import Shout

from .scripts import prompts

RULES = {"loud": "Is the word loud enough?", "same": "Is it the same word?", "short": "Is the answer short enough?"}


class TestDeCRIM(ProgramContract):
    method = "decrim-refine"

    def make(self, task):
        return DeCRIM(task)


def mending(drafts, met, rules=tuple(RULES)):
    """A model whose drafts meet these rules each."""
    left = iter(drafts)

    def script(messages, **settings):
        asked, text = answer_fields(messages)[0], messages[-1]["content"]
        if asked == "constraints":
            return {"constraints": [f"The answer must be {rule}" for rule in rules]}
        if asked == "question":
            return {"question": next(question for rule, question in RULES.items() if rule in text)}
        if asked == "satisfied":
            draft = next(draft for draft in drafts if f"draft: {draft}\n" in text)
            good = any(RULES[rule] in text for rule in met[drafts.index(draft)])
            return {"satisfied": "yes" if good != ("breaks the requirement" in messages[0]["content"]) else "no"}
        return {"shouted": next(left)}

    return FakeLM(script)


def run(lm, **settings):
    with dspy.context(lm=lm):
        return DeCRIM(Shout, **settings)(word="tree")


def test_a_draft_that_satisfies_everything_is_returned_as_it_is():
    found = run(lm := mending(["  Tree! "], [list(RULES)]))
    assert (found.shouted, found.rounds, found.stopped_by) == ("  Tree! ", 0, "acceptable")
    assert (found.constraints, found.satisfied) == (list(RULES.values()), [True] * 3)
    assert len(prompts(lm, "shouted")) == 1


def test_the_reviser_sees_exactly_the_failed_constraints():
    lm = mending(["one", "two"], [["same"], list(RULES)])
    run(lm)
    revision = prompts(lm, "shouted")[1]
    assert RULES["loud"] in revision and RULES["short"] in revision and RULES["same"] not in revision


def test_the_constraints_are_taken_out_once_and_without_an_answer():
    lm = mending(["one", "two", "three"], [[], [], []])
    run(lm, rounds=2)
    assert len(prompts(lm, "constraints")) == 1
    assert "draft" not in prompts(lm, "constraints")[0]


@pytest.mark.parametrize("rounds", [0, 1, 2])
def test_there_are_never_more_than_the_given_revisions(rounds):
    assert run(mending(["one", "two", "three"], [[], [], []]), rounds=rounds).rounds == rounds


@pytest.mark.parametrize(
    ("met", "returned"),
    [
        ([["loud", "same"], ["loud"], []], "one"),
        ([["loud"], ["same"], []], "two"),
        ([[], ["loud", "short"], ["loud"]], "two"),
    ],
)
def test_the_draft_that_satisfies_most_is_returned_the_newest_of_equals(met, returned):
    found = run(mending(["one", "two", "three"], met), rounds=2)
    assert found.shouted == returned
    assert sum(map(bool, found.satisfied)) == max(map(len, met))


def test_without_a_constraint_the_draft_is_returned_and_flagged():
    found = run(mending(["one"], [[]], rules=()))
    assert (found.shouted, found.stopped_by, found.constraints, found.satisfied) == ("one", "undetermined", [], [])

"""Refined pairs: an accepted refinement over the refused draft that it came from."""

import dspy

from selftaught.programs.judge.base import Judge
from selftaught.programs.synthesis.refined_pairs import RefinedPairs
from selftaught.signatures import Verdict
from selftaught.testing import FakeLM, SynthesisContract, answer_fields

EXAMPLES = [{"question": f"Write three words about {i}."} for i in range(4)]


class ThreeWords(Judge):
    """A judge that counts."""

    async def verdict(self, inputs, outputs):
        fit = len(outputs["answer"].split()) == 3
        return Verdict(score=float(fit), passed=fit, reasons="" if fit else "It must have three words.")


def writing(draft="one two", refined="one two three", again=None):
    def script(messages, **settings):
        asked = answer_fields(messages)
        if "acceptable" in asked:
            fit = "one two three" in str(messages[-1]["content"])
            return {"problems": [] if fit else ["Add a word."], "acceptable": fit}
        second = again is not None and "root" in str(settings.get("rollout_id"))
        revising = "problems" in str(messages[-1]["content"])
        return {"answer": refined if revising else again if second else draft}

    return script


def run(script=None, **settings):
    lm = FakeLM(script or writing())
    with dspy.context(lm=lm):
        return RefinedPairs(EXAMPLES[:1], **{"critic": ThreeWords("question -> answer"), **settings}).run(progress=False), lm


class TestRefinedPairs(SynthesisContract):
    method = "spar-pairs"

    def make(self):
        return RefinedPairs(EXAMPLES, votes=3)

    def script(self, messages, **settings):
        said = writing()(messages, **settings)
        return {name: said[name] for name in answer_fields(messages)}


def test_the_accepted_refinement_is_chosen_and_the_draft_rejected():
    found, lm = run()
    (row,) = found.rows
    assert (row["chosen"], row["rejected"]) == ("one two three", "one two")
    assert row["score_chosen"] > 0.5 > row["score_rejected"]
    assert (row["depth"], row["margin"]) == (1, 1.0)
    assert lm.calls == 1 + 3


def test_an_accepted_draft_is_never_refined_and_another_is_made():
    found, lm = run(writing("one two three"), samples=3)
    assert found.rejected == {("refine", "every draft was accepted"): 1}
    assert lm.calls == 3
    (row,) = run(writing("one two three", again="one"), samples=3)[0].rows
    assert row["rejected"] == "one"


def test_without_an_accepted_refinement_there_is_no_pair():
    assert run(writing(refined="still wrong"))[0].rejected == {("refine", "no refinement was accepted"): 1}


def test_one_branch_and_one_level_is_one_refinement():
    _, lm = run(branch=1, depth=1)
    assert lm.calls == 2

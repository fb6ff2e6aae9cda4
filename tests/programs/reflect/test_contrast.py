"""Self-Contrast (172): the contract, and what must hold."""

import asyncio

import pytest

from selftaught import scope
from selftaught.errors import CallError, SettingError
from selftaught.ledger import Ledger
from selftaught.programs.reflect import SelfContrast
from selftaught.programs.reflect.contrast import HOW
from selftaught.programs.reflect.several import medoids
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import SURVEY_ANSWER, SURVEY_INPUT, Shout, Survey, obliging
from tests.programs.reflect.scripts import run


class TestSelfContrast(ProgramContract):
    method = "self-contrast"

    def make(self, task):
        return SelfContrast(task)


class TestOnePerspective(ProgramContract):
    def make(self, task):
        return SelfContrast(task, perspectives=1, reasoning=False)


class TestAnswersThatDiffer(ProgramContract):
    """Under the contract's script all perspectives are one; with a mark in each they differ."""

    def use(self, script=obliging, **settings):
        def differing(messages, **asked):
            said = script(messages, **asked)
            if isinstance(said, dict) and "perspectives" in said:
                return {"perspectives": ["one", "two", "three", "four"]}
            if isinstance(said, dict) and "shouted" in said and HOW in messages[0]["content"]:
                return said | {"shouted": said["shouted"] + messages[0]["content"].rpartition(f"{HOW}: ")[2][:3]}
            return said

        return super().use(differing, **settings)

    def make(self, task):
        return SelfContrast(task)


def scripted(answers, revised=None):
    """Answer under each way (w0, w1, ...) with its answer (None: garbage), and revise each draft by a mapping."""
    revised = revised or {}

    def script(messages, **settings):
        asked, system, seen = answer_fields(messages), messages[0]["content"], messages[-1]["content"]
        if asked[0] in ("perspectives", "differences", "checklist"):
            return {"perspectives": [f"w{i}" for i in range(len(answers))], "differences": ["D1"], "checklist": ["C1"]}
        if "checklist" in seen:
            draft = next(line for line in seen.splitlines() if line.startswith("draft: ")).removeprefix("draft: ")
            said = revised.get(draft, draft)
        else:
            way = system.partition(f"{HOW}: w")[2]
            said = answers[int(way[0]) if way else 0]
        return "garbage" if said is None else {"shouted": said}

    return script


def contrasting(answers, revised=None):
    return FakeLM(scripted(answers, revised))


def contrast(lm, **settings):
    return run(SelfContrast(Shout, **{"reasoning": False, **settings}), lm)


def asked(lm, name):
    return [messages for messages in lm.requests if answer_fields(messages)[0] == name]


def revisions(lm):
    return [messages for messages in lm.requests if "checklist:" in messages[-1]["content"]]


def test_identical_candidates_are_returned_without_contrast_or_revision():
    found = contrast(lm := contrasting(["TREE", "tree", "Tree."]))
    assert (found.shouted, lm.calls) == ("TREE", 4)
    assert (found.differences, found.checklist, found.candidates_after, found.candidates_before) == ([], [], [], ["TREE"])


def test_different_candidates_are_contrasted_once_and_each_is_revised():
    found = contrast(lm := contrasting(["A", "B"], revised={"A": "C", "B": "C"}))
    assert (found.shouted, lm.calls) == ("C", 1 + 2 + 1 + 1 + 2)
    assert (found.candidates_before, found.candidates_after) == (["A", "B"], ["C", "C"])
    assert (found.differences, found.checklist, found.perspectives) == (["D1"], ["C1"], ["w0", "w1"])


@pytest.mark.parametrize(("answers", "kept", "revised"), [
    (["A", "B", "C", "D", "E"], 3, 3), (["A", "B", "C", "D", "E"], 2, 2), (["A", "B", "A", "B"], 3, 2), (["A", "B", "C"], 5, 3),
])  # fmt: skip
def test_there_is_one_revision_for_each_kept_candidate(answers, kept, revised):
    found = contrast(lm := contrasting(answers), kept=kept)
    assert len(revisions(lm)) == len(found.candidates_before) == revised


def test_revisions_see_their_own_text_the_differences_and_the_checklist():
    contrast(lm := contrasting(["A", "B"]))
    for messages, draft in zip(revisions(lm), ("A", "B"), strict=True):
        assert f"draft: {draft}" in messages[-1]["content"]
        assert "D1" in messages[-1]["content"]
        assert "C1" in messages[-1]["content"]


def test_the_checklist_step_sees_the_differences_and_no_answer():
    contrast(lm := contrasting(["ALPHA", "BETA"]))
    (condensing,) = asked(lm, "checklist")
    assert "D1" in condensing[-1]["content"]
    assert "ALPHA" not in str(condensing)
    (contrasted,) = asked(lm, "differences")
    assert "ALPHA" in contrasted[-1]["content"]
    assert "BETA" in contrasted[-1]["content"]


def test_the_majority_of_the_revisions_wins_and_the_first_on_ties():
    assert contrast(contrasting(["A", "B", "C"], revised={"A": "X", "B": "Y", "C": "y"})).shouted == "Y"
    assert contrast(contrasting(["A", "B", "C"])).shouted == "A"


def test_one_perspective_equals_plain_generation():
    found = contrast(lm := contrasting(["TREE"]), perspectives=1)
    assert (found.shouted, lm.calls, found.perspectives) == ("TREE", 1, [])
    assert HOW not in lm.requests[0][0]["content"]
    assert SelfContrast(Shout, perspectives=1).cost().at_most == 1


def test_perspectives_that_repeat_themselves_are_one():
    def script(messages, **settings):
        return {"perspectives": ["same", " same", ""]} if answer_fields(messages) == ["perspectives"] else {"shouted": "A"}

    found = contrast(lm := FakeLM(script))
    assert (found.perspectives, lm.calls) == (["same"], 2)


def test_the_request_itself_is_no_perspective():
    def script(messages, **settings):
        return {"perspectives": ["tree ", "w1"]} if answer_fields(messages) == ["perspectives"] else {"shouted": "A"}

    assert contrast(FakeLM(script)).perspectives == ["w1"]


def test_a_failed_branch_is_dropped_and_all_failed_is_an_error():
    found = contrast(lm := contrasting(["A", None, "B"], revised={"A": None}))
    assert (found.shouted, found.candidates_before, found.candidates_after) == ("B", ["A", "B"], ["B"])
    assert len({str(messages) for messages in revisions(lm)}) == 2
    with pytest.raises(CallError):
        contrast(contrasting([None, None]))
    with pytest.raises(CallError):
        contrast(contrasting(["A", "B"], revised={"A": None, "B": None}))


def test_answers_and_revisions_are_asked_for_together():
    flying, most = 0, []

    async def script(messages, **settings):
        nonlocal flying
        flying += 1
        most.append(flying)
        await asyncio.sleep(0.01)
        flying -= 1
        return scripted(["A", "B", "C"])(messages, **settings)

    contrast(FakeLM(script))
    assert most == [1, 1, 2, 3, 1, 1, 1, 2, 3]


def test_the_most_calls_are_those_of_answers_that_all_differ():
    program, ledger = SelfContrast(Shout, perspectives=4, reasoning=False), Ledger()
    with scope.scoped(ledgers=(ledger,)):
        run(program, contrasting(["A", "B", "C", "D"]))
    assert ledger.usage.calls == program.cost().at_most == 1 + 4 + 2 + 3


def test_reasoning_is_contrasted_but_does_not_make_answers_different():
    def script(messages, **settings):
        if answer_fields(messages) == ["perspectives"]:
            return {"perspectives": ["w0", "w1"]}
        return {"reasoning": messages[0]["content"].partition(f"{HOW}: ")[2][:2], "shouted": "TREE"}

    found = run(SelfContrast(Shout), lm := FakeLM(script))
    assert (lm.calls, found.reasoning, found.candidates_before) == (3, "w0", ["reasoning: w0\nshouted: TREE"])


def test_structured_answers_are_revised_field_by_field():
    def script(messages, **settings):
        name = answer_fields(messages)[0]
        if name in ("perspectives", "differences", "checklist"):
            return {name: ["one", "two"]}
        people = 9 if "checklist" in messages[-1]["content"] else 8 if f"{HOW}: two" in messages[0]["content"] else 7
        return SURVEY_ANSWER | {"place": {"town": "Ulm", "people": people}}

    found = run(SelfContrast(Survey, reasoning=False), FakeLM(script), **SURVEY_INPUT)
    assert found.place.people == 9
    assert '"people": 8' in found.candidates_before[1]


def test_medoids_are_the_texts_nearest_to_the_rest():
    texts = ["red apple pie", "red apple cake", "red apple tart", "steam engine parts", "steam engine part", "zebra"]
    chosen = medoids(texts, 3)
    assert sorted("apple" in texts[i] for i in chosen) == [False, False, True]
    assert 5 in chosen
    assert medoids(texts, 3) == chosen
    assert medoids(["a", "a", "a"], 2) == [0, 1]


def test_counts_are_checked():
    for settings in ({"perspectives": 0}, {"kept": 1}, {"perspectives": "3"}):
        with pytest.raises(SettingError, match=next(iter(settings))):
            SelfContrast(Shout, **settings)

"""The ask-answer-compose core: the contract, questions, sources, verifiers, and when it is the plain task."""

import asyncio

import dspy
import pytest

from selftaught.errors import CallError, ConnectionFailed, SettingError, TaskError
from selftaught.programs import Predict
from selftaught.programs.decompose import AskAnswer, part_of
from selftaught.programs.judge import Judge, Verify
from selftaught.signatures import Verdict
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import SURVEY_INPUT, Shout, Survey, obliging


class TestLeastToMost(ProgramContract):
    method = "least-to-most"

    def make(self, task):
        return AskAnswer(task, sees="all")


class TestAskedOneByOne(ProgramContract):
    def make(self, task):
        return AskAnswer(task, ask="next", given=["What is it?"])


class TestVerified(ProgramContract):
    def make(self, task):
        return AskAnswer(task, sees="all", verifier=Verify(part_of(task, sees="all")), samples=3)


class ScoresReply(Judge):
    """Scores a reply by the digit that it ends with; passes 5 and more."""

    async def verdict(self, inputs, outputs):
        score = int(outputs["reply"][-1]) / 10 if outputs["reply"][-1:].isdigit() else 1.0
        return Verdict(score=score, passed=score >= 0.5)

    def cost(self):
        from selftaught.programs import Calls

        return Calls(0, 0)


def model(questions=(), replies=None, follow_ups=()):
    """A model that asks these questions (or follow-ups, None for no more) and answers each from `replies`; else with its letters."""
    left = iter(follow_ups)

    def script(messages, **settings):
        asked, text = answer_fields(messages), messages[-1]["content"]
        if asked == ["questions"]:
            return {"questions": list(questions)}
        if asked == ["needed", "subquestion"]:
            question = next(left, None)
            return {"needed": "no" if question is None else "yes", "subquestion": question or "none"}
        if asked == ["reply"]:
            found = next((reply for key, reply in (replies or {}).items() if text.rstrip().endswith(key)), "it is so")
            found = found(settings) if callable(found) else found
            return found if found == "garbage" else {"reply": found}
        return {"shouted": "TREE"}

    return FakeLM(script, retries=0)


def run(program, lm, **inputs):
    with dspy.context(lm=lm):
        return program(**(inputs or {"word": "tree"}))


def asked_for(lm, field):
    """The last messages of the requests that asked for a field."""
    return [m[-1]["content"] for m in lm.requests if field in answer_fields(m)]


def test_questions_are_answered_alone_and_together():
    flying, most = 0, 0

    async def script(messages, **settings):
        nonlocal flying, most
        if answer_fields(messages) != ["reply"]:
            return {"questions": ["A?", "B?", "C?"]} if answer_fields(messages) == ["questions"] else {"shouted": "X"}
        assert "tree" not in str(messages)
        flying += 1
        most = max(most, flying)
        await asyncio.sleep(0.01)
        flying -= 1
        return {"reply": "r"}

    found = run(AskAnswer(Shout), FakeLM(script))
    assert most == 3
    assert [pair["question"] for pair in found.pairs] == ["A?", "B?", "C?"]


def test_questions_and_answers_stay_aligned_and_in_order():
    lm = model(["A?", "B?", "C?"], {"A?": "ay", "B?": "bee", "C?": "sea"})
    found = run(AskAnswer(Shout), lm)
    assert [(pair["question"], pair["answer"]) for pair in found.pairs] == [("A?", "ay"), ("B?", "bee"), ("C?", "sea")]
    composed = asked_for(lm, "shouted")[0]
    assert composed.index("A? ay") < composed.index("B? bee") < composed.index("C? sea")


def test_in_turn_an_answer_sees_the_input_and_only_the_answers_before_it():
    lm = model(["A?", "B?", "C?"], {"A?": "ay", "B?": "bee", "C?": "sea"})
    run(AskAnswer(Shout, sees="all"), lm)
    first, second, third = asked_for(lm, "reply")
    assert all("tree" in text for text in (first, second, third))
    assert "ay" not in first
    assert "A? ay" in second and "bee" not in second
    assert "A? ay" in third and "B? bee" in third and "sea" not in third


def test_answers_may_see_the_input_but_not_each_other():
    lm = model(["A?", "B?"], {"A?": "ay", "B?": "bee"})
    run(AskAnswer(Shout, sees="input"), lm)
    assert all("tree" in text and "ay" not in text for text in asked_for(lm, "reply"))


@pytest.mark.parametrize("knobs", [{"questions": 0}, {"questions": 0, "source": "questions"}, {"ask": "next"}])
def test_without_questions_it_is_the_plain_task(knobs):
    lm, plain = model(), model()
    run(AskAnswer(Shout, **knobs), lm)
    run(Predict(Shout), plain)
    assert lm.requests[-1] == plain.requests[0]
    assert lm.calls == (2 if knobs.get("ask") else 1)


def test_questions_that_repeat_or_are_blank_are_asked_once():
    found = run(AskAnswer(Shout, questions=6), model(["1. Which word?", "which word", " ", "2) How loud?"]))
    assert [pair["question"] for pair in found.pairs] == ["Which word?", "How loud?"]


def test_a_failed_answer_is_left_out_and_all_failed_is_an_error():
    found = run(AskAnswer(Shout), model(["A?", "B?"], {"A?": "garbage", "B?": "bee"}))
    assert [pair["question"] for pair in found.pairs] == ["B?"]
    with pytest.raises(CallError):
        run(AskAnswer(Shout), model(["A?", "B?"], {"A?": "garbage", "B?": "garbage"}))


@pytest.mark.parametrize("sees", ["question", "input", "all"])
def test_in_turn_a_failed_answer_is_left_out_too(sees):
    found = run(AskAnswer(Shout, ask="next", sees=sees), model(follow_ups=["A?", "B?", None], replies={"A?": "garbage"}))
    assert [pair["question"] for pair in found.pairs] == ["B?"]


def test_given_questions_come_first_and_hold_inputs():
    lm = model(["Own?"])
    found = run(AskAnswer(Shout, given=["What is {word}?"]), lm)
    assert [pair["question"] for pair in found.pairs] == ["What is tree?", "Own?"]
    assert (
        run(AskAnswer(Survey, questions=0, given=["Where is {tags}?"]), FakeLM(obliging), **SURVEY_INPUT).pairs[0]["question"]
        == 'Where is ["town", "south"]?'
    )


def test_unanswered_questions_are_shown_bare():
    lm = model(["A?", "B?"])
    found = run(AskAnswer(Shout, source="questions"), lm)
    assert lm.calls == 2
    assert [pair["answer"] for pair in found.pairs] == ["", ""]


def test_passages_are_read_by_the_model_and_none_found_is_memory():
    lm = model(["A?", "B?"], {"A?": "ay"})
    found = run(AskAnswer(Shout, source="passages", retriever=lambda question: ["a is ay"] if question == "A?" else []), lm)
    assert "a is ay" in asked_for(lm, "reply")[0]
    assert [pair["source"] for pair in found.pairs] == ["passages", "memory"]


class Finds(dspy.Module):
    async def aforward(self, question):
        return dspy.Prediction(passages=[f"about {question}"])


async def finds_async(question):
    return [f"about {question}"]


@pytest.mark.parametrize(
    "retriever",
    [
        Finds(),
        finds_async,
        lambda question: f"about {question}",
        lambda question: dspy.Prediction(passages=[f"about {question}"]),
    ],
)
def test_any_kind_of_retriever_serves(retriever):
    found = run(AskAnswer(Shout, source="search", retriever=retriever), model(["A?"]))
    assert found.pairs[0]["answer"] == "about A?"


def test_a_retriever_that_gives_something_else_is_refused():
    with pytest.raises(SettingError, match="retriever"):
        run(AskAnswer(Shout, source="search", retriever=lambda question: 7), model(["A?"]))


def drawn(*answers):
    """Answer the i-th draw with the i-th of these."""
    return lambda settings: answers[int(str(settings.get("rollout_id") or "draw0").rpartition("draw")[2])]


def verified(replies, questions=("A?", "B?"), **knobs):
    lm = model(questions, replies)
    task = part_of(Shout, sees="all")
    return run(AskAnswer(Shout, sees="all", verifier=ScoresReply(task), samples=3, **knobs), lm), lm


def test_of_several_answers_the_verifiers_best_is_kept_the_earliest_of_equals():
    found, _ = verified({"A?": drawn("a5", "b9", "c9"), "B?": drawn("x6", "x6", "x6")})
    assert [(pair["answer"], pair["score"]) for pair in found.pairs] == [("b9", 0.9), ("x6", 0.6)]


def test_an_answer_that_fails_is_left_out_of_all_that_follows_unless_all_fail():
    found, lm = verified({"A?": drawn("a1", "b2", "c3"), "B?": drawn("x6", "x6", "x6")})
    assert [pair["answer"] for pair in found.pairs] == ["x6"]
    assert "c3" not in asked_for(lm, "reply")[-1] + asked_for(lm, "shouted")[0]
    found, _ = verified({"A?": drawn("a1", "b2", "c3"), "B?": drawn("x0", "x0", "x0")})
    assert [pair["answer"] for pair in found.pairs] == ["c3", "x0"]


def test_equal_answers_are_verified_once():
    asked = []

    class Counts(ScoresReply):
        async def verdict(self, inputs, outputs):
            asked.append(outputs["reply"])
            return await super().verdict(inputs, outputs)

    lm = model(["A?"], {"A?": drawn("a7", "a7", "b8")})
    run(AskAnswer(Shout, verifier=Counts(part_of(Shout)), samples=3), lm)
    assert sorted(asked) == ["a7", "b8"]


def test_a_verifier_that_cannot_be_reached_says_nothing():
    class Gone(ScoresReply):
        async def verdict(self, inputs, outputs):
            raise ConnectionFailed("nobody is there")

    found = run(AskAnswer(Shout, verifier=Gone(part_of(Shout))), model(["A?"]))
    assert (found.pairs[0]["answer"], found.pairs[0]["passed"]) == ("it is so", None)


@pytest.mark.parametrize(
    ("task", "reply", "calls"), [("word -> n: int", "42", 3), ("word -> n: int", "many", 4), ("word -> a, b", "42", 4)]
)
def test_the_last_answer_is_the_answer_where_it_is_a_value_of_the_only_output(task, reply, calls):
    def script(messages, **settings):
        asked = answer_fields(messages)
        return (
            {"questions": ["A?", "B?"]}
            if asked == ["questions"]
            else {"reply": reply}
            if asked == ["reply"]
            else dict.fromkeys(asked, "7")
        )

    lm = FakeLM(script)
    found = run(AskAnswer(task, final="last"), lm)
    assert lm.calls == calls
    assert "n" not in found or found.n == (42 if calls == 3 else 7)


@pytest.mark.parametrize(
    ("knobs", "cost"),
    [
        ({}, (2, 6)), ({"ask": "next"}, (2, 9)), ({"questions": 0}, (1, 1)), ({"questions": 0, "given": ["A?", "B?"]}, (3, 3)),
        ({"questions": 0, "given": ["A?", "{word}?"]}, (2, 3)), ({"source": "questions"}, (2, 2)), ({"final": "last"}, (2, 6)),
        ({"source": "search", "retriever": Finds()}, (2, 6)), ({"questions": 0, "given": ["A?"], "final": "last"}, (1, 2)),
    ],
)  # fmt: skip
def test_the_cost_has_exact_bounds(knobs, cost):
    found = AskAnswer(Shout, **knobs).cost()
    assert (found.at_least, found.at_most) == cost


@pytest.mark.parametrize(
    ("knobs", "said"),
    [
        ({"ask": "some"}, "ask"), ({"source": "oracle"}, "source"), ({"sees": "much"}, "sees"), ({"final": "first"}, "final"), ({"questions": -1}, "questions"),
        ({"source": "search"}, "retriever"), ({"retriever": Finds()}, "retriever"), ({"samples": 2}, "verifier"),
        ({"given": ["What is {wrod}?"]}, "did you mean 'word'"), ({"given": [" "]}, "empty"),
    ],
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused(knobs, said):
    with pytest.raises(SettingError, match=said):
        AskAnswer(Shout, **knobs)


def test_a_task_that_uses_the_names_of_the_steps_is_refused():
    with pytest.raises(TaskError, match="answered"):
        AskAnswer("answered -> answer")


QUESTION = "Who ruled when the tower was built?"


@pytest.mark.parametrize("ask", ["all", "next"])
@pytest.mark.parametrize("copy", [QUESTION, f"{QUESTION} Washington"])
def test_a_question_that_only_repeats_the_input_is_none(ask, copy):
    lm, plain = model([copy], follow_ups=[copy, "B?"]), model()
    run(AskAnswer(Shout, ask=ask), lm, word=QUESTION)
    run(Predict(Shout), plain, word=QUESTION)
    assert lm.requests[1:] == plain.requests


def test_the_last_question_may_repeat_the_input_where_its_answer_is_the_answer():
    found = run(AskAnswer(Shout, final="last"), model(["When was it built?", QUESTION]), word=QUESTION)
    assert [pair["question"] for pair in found.pairs] == ["When was it built?", QUESTION]


@pytest.mark.parametrize("ask", ["all", "next"])
def test_asking_is_shown_where_the_task_is_one_text_and_nobody_gave_demonstrations(ask):
    def turns(task, demos=()):
        lm = FakeLM(obliging)
        program = AskAnswer(task, ask=ask)
        program.questioner.demos = list(demos)
        run(program, lm, **({"word": "tree"} if task is Shout else SURVEY_INPUT))
        return [m["content"] for m in lm.requests[0] if m["role"] == "assistant"]

    assert "How long is a blue whale?" in turns(Shout)[0]
    assert turns(Survey) == []
    own = turns(Shout, [dspy.Example(word="bush", questions=["Mine?"], needed="yes", subquestion="Mine?")])
    assert len(own) == 1 and "Mine?" in own[0]


@pytest.mark.parametrize("ask", ["all", "next"])
def test_a_question_ends_at_its_question_mark(ask):
    asked = "How long is it? It is long."
    found = run(AskAnswer(Shout, ask=ask), model([asked], follow_ups=[asked, None]))
    assert [pair["question"] for pair in found.pairs] == ["How long is it?"]

"""Odds: the probabilities of an answer's choices, however a tokenizer cut the answer, through every way a call can take."""

import asyncio
import copy
import json
import math
from itertools import pairwise
from typing import Literal

import dspy
import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from selftaught.budget import Budget
from selftaught.errors import BudgetSpent, CallError, ConnectionFailed, SettingError
from selftaught.programs.odds import MIN_MASS, choices_of, expectation, odds_of
from selftaught.programs.step import Step
from selftaught.run import Run
from selftaught.signatures import as_task
from selftaught.testing import FakeLM, logprobs_of
from selftaught.testing.samples import Survey

DIGITS = tuple("0123456789")
FORMS = {  # the tokens before the value, how its own token is written, and those after it
    "alone": (['{"', "score", '":', " "], "{}", ["}"]),
    "no space": (['{"', "score", '":'], "{}", ["}"]),
    "with its space": (['{"', "score", '":'], " {}", ["}"]),
    "with quote and colon": (['{"', "score"], '":{}', ["}"]),
    "with all before it": ([], '{{"score": {}', ["}"]),
    "with what follows": (['{"', "score", '": '], "{}}}", [""]),
    "quoted": (['{"score":', ' "'], "{}", ['"}']),
    "with its quote": (['{"score": '], '"{}', ['"}']),
    "with both quotes": (['{"score": '], '"{}"', ["}"]),
    "marked": (["[[ ##", " score", " ## ]]", "\n"], "{}", ["\n\n[[ ## completed ## ]]"]),
    "marked, with its line break": (["[[ ## score ## ]]"], "\n{}", ["\n"]),
    "after a reason": (['{"reasons": "it', " is", ' good", "score": '], "{}", ["}"]),
}


def token(text, chances=None):
    top = [{"token": said, "logprob": math.log(chance)} for said, chance in (chances or {text: 1.0}).items()]
    return {"token": text, "logprob": 0.0, "top_logprobs": top}


def written(form, chances):
    """Log-probabilities of an answer in which the first of `chances` was said."""
    before, own, after = FORMS[form]
    said = {own.format(value): chance for value, chance in chances.items()}
    return {"content": [*map(token, before), token(next(iter(said)), said), *map(token, after)]}


shares = hyp.dictionaries(hyp.sampled_from(DIGITS), hyp.floats(0.01, 1.0), min_size=1).map(
    lambda found: {digit: value / sum(found.values()) for digit, value in found.items()}
)


@pytest.mark.parametrize("form", FORMS)
@given(chances=shares)
def test_the_odds_are_the_models_however_the_answer_is_cut_into_tokens(form, chances):
    odds = odds_of(written(form, chances), "score", DIGITS)
    assert set(odds) == set(DIGITS)
    for digit in DIGITS:  # one that was no candidate counts as 0 (038)
        assert odds[digit] == pytest.approx(chances.get(digit, 0.0))


@given(chances=shares, lost=hyp.floats(0.1, 0.95))
def test_what_is_no_choice_is_left_out_and_the_rest_adds_up_to_one(chances, lost):
    shown = {digit: value * (1 - lost) for digit, value in chances.items()} | {"ten": lost / 3, "10": lost / 3, '"': lost / 3}
    odds = odds_of(written("alone", shown), "score", DIGITS)
    assert sum(odds.values()) == pytest.approx(1.0)
    assert odds == pytest.approx({digit: chances.get(digit, 0.0) for digit in DIGITS})


@pytest.mark.parametrize("digit", DIGITS)
def test_one_digit_with_all_the_mass_is_the_expectation(digit):
    assert expectation(odds_of(written("alone", {digit: 1.0}), "score", DIGITS)) == float(digit)


@given(chances=shares)
def test_the_expectation_lies_on_the_scale(chances):
    assert -1e-9 <= expectation(odds_of(written("alone", chances), "score", DIGITS)) <= 9 + 1e-9


def test_writings_of_one_choice_are_added_up():
    logprobs = {
        "content": [token('{"right":'), token(" true", {" true": 0.4, "true": 0.2, " True": 0.1, " false": 0.2, "f": 0.1})]
    }
    assert odds_of(logprobs, "right", ("true", "false")) == pytest.approx({"true": 0.7, "false": 0.3})


def test_the_first_letters_of_a_choice_are_enough_and_what_could_begin_two_counts_for_none():
    chances = {"f": 0.2, "sec": 0.2, "tie": 0.1, "third": 0.5}
    odds = odds_of(written("quoted", chances), "score", ("first", "second", "tie"))
    assert odds == pytest.approx({"first": 0.4, "second": 0.4, "tie": 0.2})
    assert odds_of(written("quoted", {"s": 0.9, "soft": 0.1}), "score", ("soft", "sour")) == {"soft": 1.0, "sour": 0.0}


@pytest.mark.parametrize("said", ["not", "nothing", "none", "10", "1st", "-1", "", " ", '"', "\n"])
def test_a_longer_word_or_nothing_is_no_choice(said):
    chances = {"yes": 0.5, said: 0.5} if said.strip() != "10" else {"2": 0.5, said: 0.5}
    odds = odds_of(written("alone", chances), "score", ("yes", "no", "1", "2"))
    assert odds[next(iter(chances))] == 1.0


TRAPS = {
    "the key in a reason, escaped": r'{"reasons": "say \"score\": 3 or { \"score\": 4", "score": 7}',
    "its name as a value": '{"reasons": "score", "score": 7}',
    "inside another value": '{"score": 7, "place": {"score": 3}}',
    "inside a list before it": '{"parts": [{"score": 3}], "score": 7}',
    "a longer name before it": '{"old_score": 3, "score": 7, "score_of_old": 3}',
    "twice; JSON takes the last": '{"score": 3, "score": 7}',
    "words before the object": 'The "score" is: {"score": 7}',
    "a marker in the text": "[[ ## reasons ## ]]\nas in [[ ## score ## ]] 3\n\n[[ ## score ## ]]\n7\n",
    "JSON in a marked answer": '[[ ## reasons ## ]]\n{"score": 3}\n\n[[ ## score ## ]]\n7\n',
}


@pytest.mark.parametrize("text", TRAPS.values(), ids=list(TRAPS))
def test_only_the_fields_own_value_is_read(text):
    odds = odds_of({"content": [token(letter) for letter in text]}, "score", DIGITS)
    assert odds is not None
    assert odds["7"] == 1.0


NOTHING = {
    "none": None,
    "a text": "no",
    "no tokens": {"content": []},
    "content that is none": {"content": None},
    "no such field": {"content": [token('{"grade": '), token("7"), token("}")]},
    "no candidates": {"content": [{"token": '{"score": 7}', "logprob": 0.0, "top_logprobs": []}]},
    "candidates that are none": {"content": [{"token": '{"score": 7}', "logprob": 0.0, "top_logprobs": None}]},
    "no candidate list": {"content": [{"token": '{"score": 7}', "logprob": 0.0}]},
    "an answer cut off before the value": {"content": [token('{"score":')]},
    "no choice among the candidates": written("alone", {"x": 0.5, "y": 0.5}),
    "next to no mass": written("alone", {"7": MIN_MASS / 10, "x": 0.9}),
    "candidates without a number": {"content": [{"token": '{"score": 7}', "top_logprobs": [{"token": '{"score": 7'}, {"token": '{"score": 7', "logprob": math.nan}]}]},
    "minus infinity": {"content": [{"token": '{"score": 7}', "top_logprobs": [{"token": '{"score": 7', "logprob": -math.inf}]}]},
}  # fmt: skip


@pytest.mark.parametrize("logprobs", NOTHING.values(), ids=list(NOTHING))
def test_where_the_log_probabilities_do_not_tell_there_are_no_odds(logprobs):
    assert odds_of(logprobs, "score", DIGITS) is None


json_values = hyp.recursive(
    hyp.one_of(hyp.none(), hyp.booleans(), hyp.floats(), hyp.text(max_size=12)), lambda inner: hyp.lists(inner, max_size=3)
)


@given(text=hyp.text(max_size=40), cuts=hyp.lists(hyp.integers(0, 40), max_size=5), logprob=json_values)
def test_whatever_a_model_says_there_are_odds_or_none(text, cuts, logprob):
    whole = text + '"score": 1' if len(cuts) % 2 else text
    places = sorted({0, *(cut for cut in cuts if cut < len(whole)), len(whole)})
    pieces = [whole[a:b] for a, b in pairwise(places)]
    content = [{"token": piece, "top_logprobs": [{"token": piece, "logprob": logprob}]} for piece in pieces]
    odds = odds_of({"content": content}, "score", DIGITS)
    assert odds is None or sum(odds.values()) == pytest.approx(1.0)


class Kinds(dspy.Signature):
    """Sort it."""

    text: str = dspy.InputField()
    mood: Literal["good", "bad"] = dspy.OutputField()
    number: Literal[1, 2, 3] = dspy.OutputField()
    sure: bool = dspy.OutputField()
    grade: int = dspy.OutputField(ge=2, le=5)
    ten: int = dspy.OutputField(ge=1, le=10)
    below: int = dspy.OutputField(ge=-1, le=3)
    free: int = dspy.OutputField()
    share: float = dspy.OutputField(ge=0, le=1)
    words: str = dspy.OutputField()


def test_only_fields_with_few_values_have_choices():
    found = {name: choices_of(Kinds, name) for name in Kinds.output_fields}
    assert {name: choices for name, choices in found.items() if choices} == {
        "mood": ("good", "bad"),
        "number": ("1", "2", "3"),
        "sure": ("true", "false"),
        "grade": ("2", "3", "4", "5"),
    }


@pytest.mark.parametrize("field", ["ten", "below", "free", "share", "words", "text", "nothing"])
def test_a_step_refuses_odds_of_any_other_field(field):
    with pytest.raises(SettingError, match=field):
        Step(Kinds, odds=field)


# --- through a call

CHANCES = {"good": 0.75, "bad": 0.25}


def said(messages, **settings):
    answer = {"mood": "good", "score": 3, "sure": True, "place": {"town": "Ulm", "people": 7}}
    return answer, {"mood": CHANCES, "sure": {"true": 0.6, "false": 0.4}}


def ask(lm=None, odds="mood", **context):
    with dspy.context(lm=lm or FakeLM(said), **context):
        return Step(Survey, odds=odds)(text="Ulm is nice.", tags=[])


@pytest.mark.parametrize("adapter", [None, dspy.ChatAdapter(), dspy.JSONAdapter()], ids=["compact", "chat", "json"])
def test_every_adapters_form_is_read(adapter):
    lm = FakeLM(lambda messages, **settings: said(messages), adapter=adapter)
    assert ask(lm).odds == pytest.approx(CHANCES)
    assert ask(lm, odds="sure").odds == pytest.approx({"true": 0.6, "false": 0.4})


def test_without_odds_no_log_probabilities_are_asked_for():
    seen = []

    def script(messages, **settings):
        seen.append(settings)
        return said(messages)

    with dspy.context(lm=FakeLM(script)):
        found = Step(Survey)(text="Ulm is nice.", tags=[])
    assert "logprobs" not in seen[0]
    assert "odds" not in found
    assert "logprobs" not in ask(FakeLM(script))  # they served their purpose
    assert (seen[1]["logprobs"], seen[1]["top_logprobs"]) == (True, 20)


def test_a_model_that_gives_none_leaves_the_odds_open():
    found = ask(FakeLM(lambda messages, **settings: said(messages)[0]))
    assert (found.mood, found.odds) == ("good", None)


def test_synchronous_and_asynchronous_callers_get_the_same():
    with dspy.context(lm=FakeLM(said)):
        step = Step(Survey, odds="mood")
        assert asyncio.run(step.acall(text="Ulm.", tags=[])).toDict() == step(text="Ulm.", tags=[]).toDict()


def test_the_trace_holds_the_prediction_that_the_caller_gets():
    trace = []
    found = ask(trace=trace)
    assert [entry[2] for entry in trace] == [found]
    assert trace[0][2] is found


def picky(messages, **settings):
    if settings.get("logprobs"):
        raise CallError("this model does not support logprobs")
    return said(messages)[0]


def test_a_model_that_refuses_log_probabilities_is_asked_without_and_not_again():
    lm = FakeLM(picky)
    with dspy.context(lm=lm):
        step = Step(Survey, odds="mood")
        found = [step(text=f"Ulm {i}.", tags=[]) for i in range(3)]
    assert [(one.mood, one.odds) for one in found] == [("good", None)] * 3
    assert lm.calls == 4  # one refusal


def test_another_model_is_asked_again():
    ask(FakeLM(picky))
    assert ask(FakeLM(said)).odds == pytest.approx(CHANCES)


@pytest.mark.parametrize("error", [CallError("the key is wrong"), ConnectionFailed("logprobs server is gone")])
def test_another_failure_is_not_taken_for_a_refusal(error):
    def script(messages, **settings):
        raise error

    lm = FakeLM(script, retries=0)
    with pytest.raises(type(error)):
        ask(lm)
    assert lm.calls == 1


def test_the_second_attempt_after_a_refusal_is_under_the_budget_too():
    lm = FakeLM(picky)
    with Budget(calls=1), pytest.raises(BudgetSpent):
        ask(lm)
    assert lm.calls == 1


def test_an_unparsable_answer_is_asked_for_again_with_odds():
    tries = []

    def script(messages, **settings):
        tries.append(settings)
        return "garbage" if len(tries) == 1 else said(messages)

    assert ask(FakeLM(script)).odds == pytest.approx(CHANCES)
    assert [settings["logprobs"] for settings in tries] == [True, True]


def test_a_resumed_run_gives_the_same_odds_without_a_call(tmp_path):
    found, calls = [], []
    for _ in range(2):
        lm = FakeLM(said)
        with Run(tmp_path / "run") as run, run.active():
            found.append(ask(lm))
        calls.append(lm.calls)
    assert found[0].odds == found[1].odds == pytest.approx(CHANCES)
    assert calls == [1, 0]


def test_a_question_with_odds_is_another_request_than_one_without(tmp_path):
    lm = FakeLM(said)
    with Run(tmp_path / "run") as run, run.active(), dspy.context(lm=lm):
        Step(Survey)(text="Ulm is nice.", tags=[])
        found = ask(lm)
    assert found.odds == pytest.approx(CHANCES)
    assert lm.calls == 2


def test_a_copy_asks_for_odds_too_and_shares_no_demonstrations():
    step = Step(Survey, odds="mood")
    twin = copy.deepcopy(step)
    twin.demos = [dspy.Example(text="a", mood="bad")]
    with dspy.context(lm=FakeLM(said)):
        assert twin(text="Ulm.", tags=[]).odds == pytest.approx(CHANCES)
    assert step.demos == []


# --- the scripted model's log-probabilities


@given(chances=shares, reason=hyp.text(max_size=20))
def test_the_scripted_model_writes_what_is_read_back(chances, reason):
    value = next(iter(chances))
    texts = [
        json.dumps({"reasons": reason, "score": int(value)}),
        json.dumps({"score": value, "reasons": reason}, ensure_ascii=False),
        f"[[ ## reasons ## ]]\nfine\n\n[[ ## score ## ]]\n{value}\n",
    ]
    for text in texts:
        logprobs = logprobs_of(text, {"score": chances})
        assert "".join(one["token"] for one in logprobs["content"]) == text
        assert odds_of(logprobs, "score", DIGITS) == pytest.approx({digit: chances.get(digit, 0.0) for digit in DIGITS})


def test_odds_for_a_field_that_was_not_answered_are_a_mistake_of_the_script():
    with pytest.raises(ValueError, match="'mood'"):
        logprobs_of('{"score": 3}', {"mood": CHANCES})


def test_a_task_as_text_has_choices_too():
    assert choices_of(as_task("text -> sure: bool"), "sure") == ("true", "false")

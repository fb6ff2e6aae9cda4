"""Each example runs exactly once, a failure is missing data, every score has its interval, and nothing is paid twice."""

import asyncio
import math
import threading
import time

import dspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as hyp

import selftaught as st
from selftaught.budget import Budget
from selftaught.errors import AnswerError, ConnectionFailed, DataError, InputError, ModelError, SettingError
from selftaught.evaluation import aevaluate, describe
from selftaught.metrics import Metric, Score
from selftaught.statistics import bootstrap, wilson
from selftaught.testing import FakeLM
from selftaught.testing.samples import Shout, exact, obliging, words


def evaluated(program, data, metric=exact, *, script=obliging, **knobs):
    """Evaluate with a scripted model; return the evaluation and the model."""
    lm = script if isinstance(script, FakeLM) else FakeLM(script, retries=0)
    with dspy.context(lm=lm):
        return st.evaluate(program, data, metric, progress=False, **knobs), lm


def number_of(messages):
    return int(str(messages[-1]["content"]).removeprefix("word"))


class Echo(dspy.Module):
    """A program that calls no model."""

    async def aforward(self, word):
        return dspy.Prediction(shouted=word.upper())


# --- each example once, in order


@settings(max_examples=15, deadline=None)
@given(count=hyp.integers(1, 25), concurrency=hyp.integers(1, 30), seed=hyp.randoms(use_true_random=False))
def test_each_example_runs_exactly_once_and_rows_come_in_order(count, concurrency, seed):
    turns = [seed.randrange(5) for _ in range(count)]

    async def uneven(messages, **_):
        for _ in range(turns[number_of(messages)]):
            await asyncio.sleep(0.0005)
        return obliging(messages)

    found, lm = evaluated(st.Predict(Shout), words(count), script=uneven, concurrency=concurrency)
    assert lm.calls == count == len({str(request) for request in lm.requests})
    assert [row.index for row in found.rows] == list(range(count))
    assert [row.answers[0]["shouted"] for row in found.rows] == [f"WORD{number}" for number in range(count)]


def test_at_most_so_many_examples_are_in_flight():
    flying, most = [0], [0]

    async def counted(messages, **_):
        flying[0] += 1
        most[0] = max(most[0], flying[0])
        await asyncio.sleep(0.005)
        flying[0] -= 1
        return obliging(messages)

    evaluated(st.Predict(Shout), words(20), script=counted, concurrency=5)
    assert most[0] == 5


class Threaded(dspy.Module):
    """A synchronous module of the user's."""

    def __init__(self):
        super().__init__()
        self.write = dspy.Predict(Shout)
        self.threads, self.words = set(), []
        self.lock, self.running, self.most = threading.Lock(), 0, 0

    def forward(self, word):
        self.words.append(word)
        self.threads.add(threading.get_ident())
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
        time.sleep(0.02)
        with self.lock:
            self.running -= 1
        return self.write(word=word)


def test_a_synchronous_module_runs_in_threads_once_for_each_example():
    program = Threaded()
    found, lm = evaluated(program, words(12), concurrency=4)
    assert sorted(program.words) == sorted(f"word{number}" for number in range(12))
    assert lm.calls == 12
    assert threading.get_ident() not in program.threads
    assert 1 < program.most <= 4
    assert (found.score, [row.index for row in found.rows]) == (1.0, list(range(12)))


async def test_it_works_from_inside_an_event_loop_in_both_ways():
    with dspy.context(lm=FakeLM(obliging)):
        one = st.evaluate(st.Predict(Shout), words(2), exact, progress=False)
        other = await aevaluate(st.Predict(Shout), words(2), exact, progress=False)
    assert one.score == other.score == 1.0


# --- what fails


def test_a_failed_call_is_missing_data_with_its_raw_answer():
    def shaky(messages, **_):
        return "%% garbage" if number_of(messages) in (2, 5) else obliging(messages)

    found, _ = evaluated(st.Predict(Shout), words(8), script=shaky)
    assert (found.score, found.n, found.failed, found.skipped) == (1.0, 6, 2, 0)
    assert found.interval == wilson(6, 6)
    failed = [row for row in found.rows if row.score is None]
    assert [row.index for row in failed] == [2, 5]
    assert {row.raw for row in failed} == {"%% garbage"}
    assert all(row.error.startswith(AnswerError.__name__) for row in failed)


def test_a_mistake_in_the_program_fails_its_row_alone():
    class Clumsy(dspy.Module):
        async def aforward(self, word):
            if word == "word1":
                raise ZeroDivisionError("a mistake")
            return dspy.Prediction(shouted=word.upper())

    found, _ = evaluated(Clumsy(), words(3))
    assert (found.n, found.failed) == (2, 1)
    assert found.rows[1].error == "ZeroDivisionError: a mistake"


def test_when_every_call_fails_there_is_no_score():
    found, _ = evaluated(st.Predict(Shout), words(4), script=lambda messages, **_: "garbage")
    assert (found.score, found.interval, found.n, found.failed) == (None, (0.0, 1.0), 0, 4)
    assert "undetermined" in str(found)


def test_a_model_that_is_not_there_ends_the_evaluation_after_a_bounded_number_of_calls():
    def gone(messages, **_):
        raise ConnectionFailed("nobody is there")

    lm = FakeLM(gone, retries=0)
    with pytest.raises(ModelError, match="nobody is there"):
        evaluated(st.Predict(Shout), words(200), script=lm, concurrency=4)
    assert lm.calls < 20


def test_a_model_that_is_gone_now_and_then_only_costs_rows():
    def moody(messages, **_):
        if number_of(messages) % 2:
            raise ConnectionFailed("not now")
        return obliging(messages)

    found, _ = evaluated(st.Predict(Shout), words(40), script=moody, concurrency=4)
    assert (found.n, found.failed) == (20, 20)


def test_a_model_that_the_user_must_mend_ends_the_evaluation_as_that():
    def missing(messages, **_):
        raise ModelError("install something")

    with pytest.raises(ModelError, match="install something"):
        evaluated(st.Predict(Shout), words(3), script=missing)


# --- metrics


RETURNS = [
    (True, 1.0), (False, 0.0), (0, 0.0), (1, 1.0), (0.25, 0.25), (dspy.Prediction(score=0.5, feedback="so so"), 0.5),
    ({"score": 0.75}, 0.75),
]  # fmt: skip


@pytest.mark.parametrize(("returned", "score"), RETURNS, ids=[str(value) for value, _ in RETURNS])
def test_what_a_metric_may_return(returned, score):
    assert evaluated(Echo(), words(2), lambda example, prediction: returned)[0].score == score


@pytest.mark.parametrize(
    "returned", [None, math.nan, -0.1, 1.1, 50, math.inf, "0.5", [], {}, pytest.param(object(), id="an object")], ids=repr
)
def test_a_metric_that_never_gives_a_score_is_refused_with_what_it_returned(returned):
    with pytest.raises(SettingError, match="metric"):
        evaluated(Echo(), words(3), lambda example, prediction: returned)


@pytest.mark.parametrize("returned", [None, math.nan, 2.0], ids=repr)
def test_a_row_that_the_metric_could_not_score_is_missing_data(returned):
    found, _ = evaluated(Echo(), words(4), lambda example, prediction: returned if example.word == "word2" else 1.0)
    assert (found.score, found.n, found.failed) == (1.0, 3, 1)
    assert found.rows[2].answers
    assert found.rows[2].error.startswith("metric:")


def test_a_metric_that_raises_is_missing_data_and_an_error_when_it_always_does():
    def fragile(example, prediction):
        if example.word == "word1":
            raise KeyError("gold")
        return 0.5

    found, _ = evaluated(Echo(), words(3), fragile)
    assert (found.score, found.failed) == (0.5, 1)
    assert "KeyError" in found.rows[1].error

    def broken(example, prediction):
        return 1 / 0

    with pytest.raises(SettingError, match="ZeroDivisionError"):
        evaluated(Echo(), words(3), broken)


def test_metrics_of_every_kind_are_called_with_what_they_take():
    async def slow(example, prediction):
        await asyncio.sleep(0)
        return 0.5

    class Callable:
        def __call__(self, example, prediction, trace="not given"):
            assert trace is None
            return 0.5

    class Own(Metric):
        async def score(self, example, predictions):
            return Score(0.5)

    for metric in (slow, Callable(), Own(), lambda *everything: len(everything) / 6):
        assert evaluated(Echo(), words(2), metric)[0].score == 0.5
    for nonsense in (None, 0.5, "exact"):
        with pytest.raises(SettingError, match="is no metric"):
            evaluated(Echo(), words(2), nonsense)


def test_a_synchronous_metric_that_calls_a_model_does_not_wait_for_itself(fresh_process):
    said = fresh_process(
        """
        import asyncio
        import dspy
        import selftaught as st
        from selftaught.testing import FakeLM
        from selftaught.testing.samples import Shout, words

        async def script(messages, **settings):
            text = str(messages[-1]["content"])
            await asyncio.sleep(0 if "word0" in text else 0.2)
            return {"shouted": text.upper()}

        program, judge = st.Predict(Shout), st.Predict(Shout)

        def metric(example, prediction):  # by the time of the first one, all that is left is reserved by calls in flight
            return float("JUDGE" in judge(word="judge " + example.word).shouted)

        with dspy.context(lm=FakeLM(script)):
            found = st.evaluate(program, words(4), metric, budget=st.Budget(calls=4), progress=False)
        print(found.n + found.skipped)
        """
    )
    assert said.strip() == "4"


def test_a_synchronous_metric_that_asks_what_is_being_asked_does_not_wait_for_itself(fresh_process):
    said = fresh_process(
        """
        import asyncio
        import dspy
        import selftaught as st
        from selftaught.testing import FakeLM
        from selftaught.testing.samples import Shout, words

        async def script(messages, **settings):
            text = str(messages[-1]["content"])
            await asyncio.sleep(0 if "word0" in text else 0.2)
            return {"shouted": text.upper()}

        program, lm = st.Predict(Shout), FakeLM(script)

        def metric(example, prediction):  # the first one asks for the second answer, which is on its way
            return float(program(word="word1").shouted == "WORD1")

        with dspy.context(lm=lm):
            print(st.evaluate(program, words(2), metric, progress=False).score)
        """
    )
    assert said.strip() == "1.0"


# --- intervals


def test_the_interval_is_wilsons_for_zeros_and_ones_and_a_bootstrap_otherwise():
    half, _ = evaluated(Echo(), words(20), lambda example, prediction: int(example.word[4:]) % 2 == 0)
    assert half.interval == wilson(10, 20)
    scores = [number / 40 for number in range(20)]
    graded, _ = evaluated(Echo(), words(20), lambda example, prediction: scores[int(example.word[4:])])
    assert graded.interval == bootstrap(scores)
    assert graded.interval[0] < graded.score < graded.interval[1]


def test_a_score_is_told_with_its_interval_and_number():
    assert describe(0.62, (0.51, 0.72), 80) == "62 % (51 to 72, n=80)"
    assert describe(None, (0.0, 1.0), 0) == "undetermined (n=0)"


# --- budgets and runs


def test_when_the_budget_ends_the_rows_so_far_are_there_and_the_rest_is_counted():
    found, lm = evaluated(st.Predict(Shout), words(20), budget=Budget(calls=7), concurrency=4)
    assert lm.calls == 7
    assert (found.n, found.failed, found.skipped) == (7, 0, 13)
    assert len(found.rows) == 7
    assert found.score == 1.0
    nothing, lm = evaluated(st.Predict(Shout), words(3), budget=spent())
    assert (nothing.score, nothing.n, nothing.skipped, lm.calls) == (None, 0, 3, 0)


def spent():
    from selftaught.budget import Spend

    budget = Budget(calls=1)
    budget.charge(Spend(1))
    return budget


def test_the_same_budget_around_and_inside_an_evaluation_counts_once(fresh_process):
    said = fresh_process(
        """
        import dspy
        import selftaught as st
        from selftaught.testing import FakeLM
        from selftaught.testing.samples import Shout, exact, obliging, words

        lm, budget = FakeLM(obliging), st.Budget(calls=3)
        with dspy.context(lm=lm), budget:
            found = st.evaluate(st.Predict(Shout), words(5), exact, budget=budget, progress=False)
        print(found.n, found.skipped, lm.calls)
        """
    )
    assert said.split() == ["3", "2", "3"]


def test_the_second_time_in_a_run_folder_costs_nothing_and_says_the_same(tmp_path):
    first, lm = evaluated(st.programs.SelfRefine(Shout), words(5), run_dir=tmp_path / "run")
    again, nobody = evaluated(st.programs.SelfRefine(Shout), words(5), run_dir=tmp_path / "run")
    assert lm.calls == first.usage.calls > 0 == nobody.calls == again.usage.calls
    assert [row.answers for row in first.rows] == [row.answers for row in again.rows]
    assert (first.score, first.interval) == (again.score, again.interval)


def test_a_budget_that_ended_is_continued_in_the_same_folder_without_paying_twice(tmp_path):
    paid = 0
    for _ in range(3):
        found, lm = evaluated(st.Predict(Shout), words(12), run_dir=tmp_path, budget=Budget(calls=5))
        paid += lm.calls
    assert (found.n, found.skipped, paid) == (12, 0, 12)


# --- data


def test_no_data_and_wrong_data_are_refused_before_any_call():
    lm = FakeLM(obliging)
    with pytest.raises(DataError, match="no examples"):
        evaluated(st.Predict(Shout), [], script=lm)
    with pytest.raises(DataError, match="Example 1 is a dict"):
        evaluated(st.Predict(Shout), [words(1)[0], {"word": "a"}], script=lm)
    with pytest.raises(InputError, match=r"with_inputs\('word'\)"):
        evaluated(st.Predict(Shout), [dspy.Example(word="a", shouted="A")], script=lm)
    with pytest.raises(InputError, match=r"lacks the input 'word' \(did you mean 'wrod'\?\)"):
        evaluated(st.Predict(Shout), [dspy.Example(wrod="a").with_inputs("wrod")], script=lm)
    with pytest.raises(SettingError, match="concurrency"):
        evaluated(st.Predict(Shout), words(2), script=lm, concurrency=0)
    assert lm.calls == 0


def test_the_demonstration_of_the_very_input_is_left_out():
    program = st.Predict(Shout)
    program.demos = words(3)
    _, lm = evaluated(program, words(4))
    for request in lm.requests:
        shown = [message["content"] for message in request[1:-1] if message["role"] == "user"]
        assert request[-1]["content"] not in shown
        assert len(shown) == (2 if number_of(request) < 3 else 3)
    outside = FakeLM(obliging)
    with dspy.context(lm=outside):
        program(word="word0")
    assert len(outside.requests[0]) == 2 + 2 * 3  # outside of evaluations every demonstration is shown


# --- the same answers under another metric


def test_rescoring_runs_no_program_and_keeps_failures():
    def shaky(messages, **_):
        return "%% garbage" if number_of(messages) == 2 else obliging(messages)

    data = words(5)
    found, lm = evaluated(st.Predict(Shout), data, script=shaky, budget=Budget(calls=1000))
    calls = lm.calls
    other = found.rescored(lambda example, prediction: float(prediction.shouted == "WORD1"), data)
    assert lm.calls == calls
    assert (other.score, other.n, other.failed) == (0.25, 4, 1)
    assert other.rows[2].raw == "%% garbage"
    assert found.score == 1.0


def test_the_figures_are_plain_data():
    import json

    found, _ = evaluated(Echo(), words(2))
    told = json.loads(json.dumps(found.to_dict()))
    assert (told["score"], told["n"], told["failed"], told["metric"]) == (1.0, 2, 0, "exact")

"""A `dspy.LM` that the user configured is metered all the same, with its own settings, and its secrets stay its own."""

import traceback

import dspy
import pytest
from dspy import lm15

import selftaught as st
from selftaught import scope
from selftaught.budget import Budget
from selftaught.engines import metered
from selftaught.errors import BudgetError, BudgetSpent, ConnectionFailed, ModelError
from selftaught.ledger import Ledger
from selftaught.run import Run
from selftaught.testing.samples import Shout, exact, words


class Engine:
    """A custom engine of DSPy, sync and async, that answers from a function."""

    supports_response_schema = True
    supported_params = frozenset({"temperature", "max_tokens"})

    def __init__(self, answer):
        self.answer = answer
        self.requests = []

    def complete(self, request):
        self.requests.append(request)
        said = self.answer(request)
        message = {"role": "assistant", "content": said}
        return lm15.response_from_openai_chat(
            {
                "id": "1", "model": "any", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
            },
            model=request.model,
        )  # fmt: skip


class AsyncEngine(Engine):
    async def complete(self, request):
        return Engine.complete(self, request)


def shout(request):
    text = "".join(part.text for part in request.messages[-1].parts)
    word = text.split("[[ ## word ## ]]")[-1].split("\n")[1].strip()
    return f"[[ ## shouted ## ]]\n{word.upper()}\n\n[[ ## completed ## ]]"


def model(answer=shout, **settings):
    engine = AsyncEngine(answer)
    lm = dspy.LM("custom/any", engine=Engine(answer), async_engine=engine, **{"cache": False, "num_retries": 0, **settings})
    return lm, engine


def test_an_evaluation_meters_a_plain_model_and_a_run_keeps_its_answers(tmp_path):
    lm, engine = model(max_tokens=50)
    with dspy.context(lm=lm):
        found = st.evaluate(dspy.Predict(Shout), words(5), exact, run_dir=tmp_path, progress=False)
        again = st.evaluate(dspy.Predict(Shout), words(5), exact, run_dir=tmp_path, progress=False)
    assert found.score == again.score == 1.0
    assert (found.usage.calls, found.usage.prompt_tokens, found.usage.completion_tokens) == (5, 35, 15)
    assert (again.usage.calls, again.usage.cached) == (0, 5)
    assert len(engine.requests) == 5


def test_a_budget_bounds_a_plain_model():
    lm, engine = model()
    with dspy.context(lm=lm):
        found = st.evaluate(dspy.Predict(Shout), words(9), exact, budget=Budget(calls=4), progress=False)
    assert (found.n, found.skipped) == (4, 5)
    assert len(engine.requests) == 4


def test_a_budget_in_dollars_without_a_known_price_is_refused():
    lm, engine = model(max_tokens=50)
    with Budget(usd=1.0), pytest.raises(BudgetError, match="price"):
        metered(lm)("hi")
    assert engine.requests == []


def test_the_same_model_is_metered_once_and_a_metered_one_is_left_alone():
    lm, _ = model()
    assert metered(lm) is metered(lm)
    assert metered(metered(lm)) is metered(lm)


@pytest.mark.parametrize("before", [True, False], ids=["metered before", "never metered"])
def test_a_copy_of_a_model_keeps_its_own_settings(before):
    lm, engine = model(lambda request: "yes", temperature=0.0, max_tokens=50)
    if before:
        metered(lm)
    hot = lm.copy(temperature=1.0)
    metered(hot)("hi")
    metered(lm)("hi")
    assert [request.config.temperature for request in engine.requests] == [1.0, 0.0]


def test_settings_changed_later_are_used():
    lm, engine = model(lambda request: "yes", temperature=0.0, max_tokens=50)
    metered(lm)("hi")
    lm.kwargs["temperature"] = 0.9
    metered(lm)("hi")
    assert [request.config.temperature for request in engine.requests] == [0.0, 0.9]


def test_each_attempt_of_a_passing_fault_is_counted_and_typed():
    def gone(request):
        raise lm15.TransportError("nobody is there")

    lm, engine = model(gone, num_retries=1)
    ledger = Ledger()
    with scope.scoped(ledgers=(ledger,)), Budget(calls=9) as budget, pytest.raises(ConnectionFailed, match="nobody"):
        metered(lm)("hi")
    assert len(engine.requests) == ledger.usage.calls == ledger.usage.failed == budget.spent["calls"] == 2


def test_a_spent_budget_reaches_the_caller_as_that():
    lm, engine = model(lambda request: "yes")
    with Budget(calls=1):
        metered(lm)("one")
        with pytest.raises(BudgetSpent):
            metered(lm)("two")
    assert len(engine.requests) == 1


KEY, PASSWORD = "k9Zx-planted-api-key-77", "planted-Passw0rd-41"


def all_bytes(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file()).decode("latin-1")


def told_by_a_failing_evaluation(folder, lm):
    ledger = Ledger()
    with Run(folder) as run, run.active(), scope.scoped(ledgers=(ledger,)), dspy.context(lm=lm):
        try:
            found = st.evaluate(dspy.Predict(Shout), words(1), exact, progress=False)
            told = repr(found.rows)
            assert found.failed == 1
        except ModelError as error:  # a server that only says that it is busy cannot be reached
            told = "".join(traceback.format_exception(error))
    return told + repr(ledger.rows) + all_bytes(folder)


@pytest.mark.parametrize("status", [400, 401, 503])
def test_the_key_of_a_plain_model_is_not_told_when_its_server_echoes_it(tmp_path, loopback, status):
    stub = loopback(lambda headers, body: (status, {"error": {"message": f"refused {headers['Authorization']}, key {KEY}"}}))
    lm = dspy.LM("openai/any", api_base=stub.url, api_key=KEY, cache=False, num_retries=0, max_tokens=5)
    told = told_by_a_failing_evaluation(tmp_path, lm)
    assert len(stub.requests) == 1
    assert KEY not in told


def test_the_password_in_the_address_of_a_plain_model_is_not_told(tmp_path, loopback):
    stub = loopback(lambda headers, body: (400, {"error": {"message": PASSWORD}}))
    address = f"http://user:{PASSWORD}@{stub.host}/v1"
    lm = dspy.LM("openai/any", api_base=address, api_key="x", cache=False, num_retries=0, max_tokens=5)
    assert PASSWORD not in told_by_a_failing_evaluation(tmp_path, lm)


class Old(dspy.BaseLM):
    """A model of the user's own, without an asynchronous side, that fails in its own way and tells its key."""

    def forward(self, prompt=None, messages=None, **settings):
        raise RuntimeError(f"an old model that fails with {self.kwargs}")


def test_no_secret_of_a_model_that_fails_in_its_own_way_is_told():
    ledger = Ledger()
    with scope.scoped(ledgers=(ledger,)), dspy.context(lm=Old("old", api_key=KEY)):
        found = st.evaluate(dspy.Predict(Shout), words(1), exact, progress=False)
    assert found.failed == 1
    assert "old model" in found.rows[0].error
    assert KEY not in repr(found.rows) + repr(ledger.rows)

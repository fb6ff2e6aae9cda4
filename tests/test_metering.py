"""Every call is stored before it is used, paid once, bounded, recorded, and tells no secret; from whatever code it comes."""

import asyncio
import contextvars
import copy
import threading
import traceback

import dspy
import pytest

import selftaught as st
from selftaught import scope
from selftaught.artifact import save
from selftaught.budget import Budget
from selftaught.engines.chat import ChatBackend
from selftaught.errors import BudgetError, BudgetSpent, CallError, ConnectionFailed, ModelError, SettingError
from selftaught.ledger import Ledger
from selftaught.metering import PROCESS_LEDGER, MeteredLM, last_reply, scrub
from selftaught.run import Run
from selftaught.testing import FakeLM
from selftaught.testing.samples import Shout, exact, obliging, words

KEY, PASSWORD = "k9Zx-planted-api-key-77", "planted-Passw0rd-41"


async def unhurried(messages, **settings):
    await asyncio.sleep(0.01)
    return f"answer to {messages[-1]['content']}"


# --- identical requests


async def test_eight_identical_calls_at_once_are_paid_once():
    lm, ledger = FakeLM(unhurried), Ledger()
    with scope.scoped(ledgers=(ledger,)):
        said = await asyncio.gather(*(lm.acall("hi") for _ in range(8)))
    assert lm.calls == 1
    assert said == [["answer to hi"]] * 8
    assert (ledger.usage.calls, ledger.usage.cached) == (1, 7)


async def test_different_rollouts_settings_and_messages_are_different_calls():
    lm = FakeLM(unhurried)
    variants = [{"rollout_id": 1}, {"rollout_id": 2}, {"temperature": 0.5}, {"max_tokens": 7}, {}]
    await asyncio.gather(*(lm.acall("hi", **variant) for variant in variants), lm.acall("ho"))
    assert lm.calls == 6


def test_threads_with_loops_of_their_own_are_joined_too():
    entered, leave = threading.Event(), threading.Event()

    async def held(messages, **settings):
        entered.set()
        while not leave.is_set():
            await asyncio.sleep(0.001)
        return "yes"

    lm, said = FakeLM(held), []

    def caller():
        said.append(asyncio.run(lm.acall("hi")))

    threads = [threading.Thread(target=caller, daemon=True) for _ in range(4)]
    threads[0].start()
    assert entered.wait(10)
    for thread in threads[1:]:
        thread.start()
    while sum(len(flight.result._done_callbacks) for flight in lm._flights._flying.values()) < 3:
        assert all(thread.is_alive() for thread in threads)
    leave.set()
    for thread in threads:
        thread.join(10)
    assert said == [["yes"]] * 4
    assert lm.calls == 1


async def test_the_failure_of_a_shared_call_reaches_everybody_as_a_typed_error():
    async def refuse(messages, **settings):
        await asyncio.sleep(0.01)
        raise CallError("no", raw="what it said")

    lm = FakeLM(refuse)
    found = await asyncio.gather(*(lm.acall("hi") for _ in range(5)), return_exceptions=True)
    assert [type(error) for error in found] == [CallError] * 5
    assert {error.raw for error in found} == {"what it said"}
    assert lm.calls == 1
    with pytest.raises(CallError):
        await lm.acall("hi")  # a failure is not kept: the next one flies again
    assert lm.calls == 2


async def test_when_the_one_who_flies_is_cancelled_another_one_flies():
    lm = FakeLM(unhurried)
    first = asyncio.ensure_future(lm.acall("hi"))
    await asyncio.sleep(0)
    others = [asyncio.ensure_future(lm.acall("hi")) for _ in range(4)]
    await asyncio.sleep(0.001)
    first.cancel()
    assert await asyncio.wait_for(asyncio.gather(*others), 10) == [["answer to hi"]] * 4
    assert lm.calls == 2
    assert first.cancelled()


async def test_a_cancelled_passenger_does_not_disturb_the_flight():
    lm = FakeLM(unhurried)
    first = asyncio.ensure_future(lm.acall("hi"))
    await asyncio.sleep(0)
    passenger = asyncio.ensure_future(lm.acall("hi"))
    await asyncio.sleep(0)
    passenger.cancel()
    assert await asyncio.wait_for(first, 10) == ["answer to hi"]
    assert lm.calls == 1


async def test_a_flight_that_the_budget_refused_does_not_ground_those_with_a_budget_of_their_own():
    lm = FakeLM(unhurried)
    small = Budget(calls=1)
    with small:
        await lm.acall("something else")

    async def poor():
        with small, pytest.raises(BudgetSpent):
            await lm.acall("hi")

    async def rich():
        with Budget(calls=1):
            return await lm.acall("hi")

    _, said = await asyncio.wait_for(asyncio.gather(poor(), rich()), 10)
    assert said == ["answer to hi"]


# --- retries


async def test_a_passing_fault_is_tried_again_a_bounded_number_of_times_and_each_attempt_counts():
    def gone(messages, **settings):
        raise ConnectionFailed("nobody is there")

    lm, ledger, budget = FakeLM(gone, retries=1), Ledger(), Budget(calls=10)
    with budget, scope.scoped(ledgers=(ledger,)), pytest.raises(ConnectionFailed, match="nobody"):
        await lm.acall("hi")
    assert lm.calls == 2
    assert (ledger.usage.calls, ledger.usage.failed) == (2, 2)
    assert budget.spent["calls"] == 2


async def test_a_retry_that_succeeds_is_an_answer():
    faults = [ConnectionFailed("rate limit")]

    def once(messages, **settings):
        if faults:
            raise faults.pop()
        return "yes"

    lm = FakeLM(once, retries=1)
    assert await lm.acall("hi") == ["yes"]
    assert lm.calls == 2


async def test_a_retry_needs_room_in_the_budget_too():
    def gone(messages, **settings):
        raise ConnectionFailed("nobody is there")

    lm = FakeLM(gone, retries=5)
    with Budget(calls=1), pytest.raises(BudgetSpent):
        await lm.acall("hi")
    assert lm.calls == 1


async def test_other_failures_are_not_tried_again():
    def refuse(messages, **settings):
        raise CallError("a bad request")

    lm = FakeLM(refuse, retries=5)
    with pytest.raises(CallError, match="bad request"):
        await lm.acall("hi")
    assert lm.calls == 1


async def test_a_model_that_the_user_must_mend_stays_that_error():
    def missing(messages, **settings):
        raise ModelError("install something")

    with pytest.raises(ModelError, match="install something"):
        await FakeLM(missing).acall("hi")


async def test_a_call_that_was_sent_is_in_the_ledger_whatever_went_wrong():
    def broken(messages, **settings):
        raise ZeroDivisionError("a mistake in the backend")

    ledger, budget = Ledger(), Budget(calls=5)
    with budget, scope.scoped(ledgers=(ledger,)), pytest.raises((ZeroDivisionError, CallError)):
        await FakeLM(broken).acall("hi")
    assert ledger.usage.calls == budget.spent["calls"] == 1
    assert ledger.usage.failed == 1


# --- several generations, samples


async def test_several_generations_are_several_calls_and_several_answers(tmp_path):
    draws = iter(range(100))
    lm = FakeLM(lambda messages, **settings: f"draw {next(draws)}")
    with Run(tmp_path) as run, run.active(), Budget(calls=3):
        said = await lm.acall("hi", n=3, temperature=1.0)
        assert len(set(said)) == 3
        assert await lm.acall("hi", n=3, temperature=1.0) == said
    assert lm.calls == 3


async def test_a_resampled_block_draws_anew_with_its_own_temperature():
    seen = []

    def note(messages, **settings):
        seen.append((settings.get("rollout_id"), settings.get("temperature")))
        return "yes"

    lm = FakeLM(note, temperature=0.0)
    await lm.acall("hi")
    for name in ("draw1", "draw2"):
        with scope.resampled(name, 0.8):
            await lm.acall("hi")
            with scope.resampled("inner", None):
                await lm.acall("hi")
    assert seen == [(None, 0.0), ("draw1", 0.8), ("draw1/inner", 0.8), ("draw2", 0.8), ("draw2/inner", 0.8)]


# --- on disk before use


async def test_a_response_is_on_disk_before_anything_is_told_of_it(tmp_path):
    with Run(tmp_path) as run:
        stored = []
        ledger = Ledger(sink=lambda call: stored.append(run.store.get(call.key)))
        with run.active(), scope.scoped(ledgers=(ledger,)):
            await FakeLM(lambda messages, **settings: "yes").acall("hi")
    assert [value["text"] for value in stored] == ["yes"]


def test_a_later_process_reuses_it_without_a_call(tmp_path, fresh_process):
    lm = FakeLM(lambda messages, **settings: "grüß Gott")
    with Run(tmp_path) as run, run.active():
        said = lm("hi")
    printed = fresh_process(
        """
        import sys
        from selftaught.run import Run
        from selftaught.testing import FakeLM

        def script(messages, **settings):
            raise AssertionError("it was asked again")

        lm = FakeLM(script)
        with Run(sys.argv[1]) as run, run.active():
            print(ascii(lm("hi")), lm.calls, run.ledger.usage.calls, run.ledger.usage.cached)
        """,
        tmp_path,
    )
    assert printed.strip() == f"{said!a} 0 1 1"


async def test_an_answer_from_the_store_costs_no_budget(tmp_path):
    lm = FakeLM(lambda messages, **settings: "yes")
    with Run(tmp_path) as run, run.active(), Budget(calls=1):
        for _ in range(5):
            assert await lm.acall("hi") == ["yes"]
    assert lm.calls == 1


# --- the ledger


def test_a_row_says_whose_purpose_which_step_and_how_many_tokens():
    lm, ledger = FakeLM(obliging, name="scripted"), Ledger()
    program = st.programs.SelfRefine(Shout)
    with dspy.context(lm=lm), scope.scoped(ledgers=(ledger,), label="trial 7"):
        program(word="tree")
        with scope.scoped(purpose="optimizer"):
            lm("propose something")
    names = {name for name, _ in program.named_predictors()}
    rows = [row for row in ledger.rows if row.purpose == "task"]
    assert {row.step for row in rows} == names
    assert {row.label for row in ledger.rows} == {"trial 7"}
    assert {row.model for row in ledger.rows} == {"scripted"}
    assert [row.purpose for row in ledger.rows if row not in rows] == ["optimizer"]
    sent = sum(len(str(message["content"]).split()) for request in lm.requests for message in request)
    assert ledger.usage.prompt_tokens == sent
    assert ledger.usage.completion_tokens > 0
    assert ledger.usage.by_purpose == {"task": len(rows), "optimizer": 1}


def test_a_judges_calls_count_as_the_judges_in_an_evaluation():
    with dspy.context(lm=FakeLM(obliging)):
        found = st.evaluate(st.Predict(Shout), words(3), st.judges.Checklist(Shout), progress=False)
    assert found.usage.by_purpose["task"] == 3
    assert found.usage.by_purpose["judge"] > 0
    assert found.usage.calls == sum(found.usage.by_purpose.values())


async def test_a_failure_has_its_row_with_the_error():
    def refuse(messages, **settings):
        raise CallError("a bad request")

    ledger = Ledger()
    with scope.scoped(ledgers=(ledger,)), pytest.raises(CallError):
        await FakeLM(refuse).acall("hi")
    assert [row.error for row in ledger.rows] == ["CallError: a bad request"]


async def test_the_process_ledger_counts_every_call_also_outside_of_runs():
    before = PROCESS_LEDGER.usage.calls
    lm = FakeLM(lambda messages, **settings: "yes")
    await lm.acall("one")
    with scope.scoped(ledgers=(PROCESS_LEDGER,)):
        await lm.acall("two")  # named twice, counted once
    assert PROCESS_LEDGER.usage.calls - before == 2


async def test_a_caller_can_listen_to_the_replies_of_its_own_calls_only():
    lm = FakeLM(unhurried)

    async def listen(prompt):
        replies = []
        last_reply.set(replies)
        await lm.acall(prompt)
        return [reply.text for reply in replies]

    tasks = [asyncio.create_task(listen(name), context=contextvars.copy_context()) for name in ("a", "b")]
    assert await asyncio.gather(*tasks) == [["answer to a"], ["answer to b"]]


# --- from whatever code it comes


async def test_it_answers_synchronous_code_inside_an_event_loop():
    assert FakeLM(unhurried)("hi") == ["answer to hi"]


def test_a_budget_reaches_the_threads_of_dspy():
    lm, budget = FakeLM(obliging), Budget(calls=3)
    with dspy.context(lm=lm), budget:
        found = dspy.Evaluate(devset=words(12), metric=exact, num_threads=4, display_progress=False, max_errors=100)(
            st.Predict(Shout)
        )
    assert lm.calls == 3 == budget.spent["calls"]
    assert found.score == pytest.approx(25.0)


def test_a_run_and_a_ledger_reach_dspys_parallel(tmp_path):
    lm, program = FakeLM(obliging), st.Predict(Shout)
    pairs = [(program, example) for example in words(6)]
    with Run(tmp_path) as run, run.active(), dspy.context(lm=lm):
        for _ in range(2):
            said = dspy.Parallel(num_threads=3, disable_progress_bar=True)(pairs)
            assert [one.shouted for one in said] == [f"WORD{number}" for number in range(6)]
        assert lm.calls == 6
        assert (run.ledger.usage.calls, run.ledger.usage.cached) == (6, 6)


def test_many_calls_at_once_stay_within_a_budget_in_tokens():
    lm, budget = FakeLM(unhurried, max_tokens=20), Budget(tokens=300)
    ledger = Ledger()

    async def one(number):
        try:
            await lm.acall(f"please answer number {number}")
        except BudgetSpent:
            return False
        return True

    async def many():
        with budget, scope.scoped(ledgers=(ledger,)):
            return await asyncio.gather(*(one(number) for number in range(100)))

    answered = sum(asyncio.run(many()))
    assert 0 < answered == lm.calls < 100
    assert ledger.usage.prompt_tokens + ledger.usage.completion_tokens == budget.spent["tokens"] <= 300


def test_the_usage_tracker_and_the_history_of_dspy_see_paid_calls(tmp_path):
    lm = FakeLM(lambda messages, **settings: "one two three", name="scripted")
    with Run(tmp_path) as run, run.active():
        with dspy.track_usage() as tracker:
            lm("hi there", temperature=0.3)
        with dspy.track_usage() as again:
            lm("hi there", temperature=0.3)  # from the store
    totals = tracker.get_total_tokens()["scripted"]
    assert (totals["prompt_tokens"], totals["completion_tokens"]) == (2, 3)
    assert not again.get_total_tokens()
    entry = lm.history[0]
    assert entry["messages"] == [{"role": "user", "content": "hi there"}]
    assert entry["outputs"] == ["one two three"]
    assert entry["kwargs"]["temperature"] == 0.3
    assert entry["usage"] == {"prompt_tokens": 2, "completion_tokens": 3}
    with dspy.context(disable_history=True):
        lm("unseen")
    assert len(lm.history) == 2


def test_a_copy_has_settings_of_its_own_and_a_deep_copy_is_the_same_model():
    seen = []

    def note(messages, **settings):
        seen.append(settings["temperature"])
        return "yes"

    lm = FakeLM(note, temperature=0.0)
    hot = lm.copy(temperature=1.0)
    hot("hi")
    lm("hi")
    assert seen == [1.0, 0.0]
    assert copy.deepcopy(lm) is lm


# --- bounds and prices


class Server:
    """A chat server that is only asked for its bound."""

    model, secrets = "any", ()

    async def chat(self, body):
        raise AssertionError("nothing may be sent")


async def test_a_budget_in_dollars_needs_a_price_before_anything_is_sent():
    lm = MeteredLM(ChatBackend(Server(), name="any", price=None), max_tokens=5)
    with Budget(usd=1.0), pytest.raises(BudgetError, match="price"):
        await lm.acall("hi")


@pytest.mark.parametrize(
    "extra",
    [
        {"response_format": {"type": "json_schema", "json_schema": {"schema": {"description": "x" * 500}}}},
        {"tools": [{"type": "function", "function": {"name": "f", "description": "x" * 500}}]},
    ],
    ids=["schema", "tools"],
)
def test_the_bound_of_a_call_covers_all_that_the_server_may_count_as_prompt(extra):
    backend, messages = ChatBackend(Server(), name="any", price=(1.0, 1.0)), [{"role": "user", "content": "hi"}]
    plain = backend.most(messages, {"max_tokens": 5})
    assert backend.most(messages, {"max_tokens": 5, **extra}).tokens >= plain.tokens + 500


# --- secrets


def echo(headers, body):
    """Refuse, and tell in the refusal everything that was sent."""
    return 400, f"bad request with {dict(headers)} {KEY} {PASSWORD} {body.decode()[:80]}".encode()


def echo_no_json(headers, body):
    return 200, f"not json, {dict(headers)} {KEY} {PASSWORD}".encode()


def echo_busy(headers, body):
    return 503, f"busy, {dict(headers)} {KEY} {PASSWORD}".encode()


ACCESS = {
    "key": lambda host: {"api_base": f"http://{host}/v1", "api_key": KEY},
    "password": lambda host: {"api_base": f"http://user:{PASSWORD}@{host}/v1"},
}


def test_two_credentials_for_one_request_are_refused_without_telling_them():
    with pytest.raises(SettingError) as caught:
        st.lm("openai/any", api_base=f"http://user:{PASSWORD}@127.0.0.1:9/v1", api_key=KEY)
    assert KEY not in str(caught.value)
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize("access", ACCESS)
@pytest.mark.parametrize("answer", [echo, echo_no_json, echo_busy])
def test_no_secret_is_written_or_told_when_a_server_echoes_it(tmp_path, loopback, caplog, answer, access):
    planted = [{"key": KEY, "password": PASSWORD}[access]]
    lm = st.lm("openai/any", num_retries=0, **ACCESS[access](loopback(answer).host))
    program, ledger = st.Predict(Shout), Ledger()
    with dspy.context(lm=lm), scope.scoped(ledgers=(ledger,)):
        try:
            found = st.evaluate(program, words(2), exact, run_dir=tmp_path / "run", progress=False)
            rows = repr(found.rows)
            assert found.failed == 2
        except ModelError as error:  # a server that only says that it is busy cannot be reached
            rows = "".join(traceback.format_exception(error))
        with pytest.raises(CallError) as caught:
            program(word="tree")
    save(program, tmp_path / "program.st")
    told = {
        "rows": rows,
        "ledger": repr(ledger.rows),
        "error": repr(caught.value) + str(caught.value.raw),
        "traceback": "".join(traceback.format_exception(caught.value)),
        "history": repr(lm.history),
        "state": repr(lm.dump_state()),
        "name": lm.model,
        "log": caplog.text,
        **{str(path): path.read_bytes().decode("latin-1") for path in tmp_path.rglob("*") if path.is_file()},
    }
    leaks = sorted(where for where, text in told.items() if any(secret in text for secret in planted))
    assert leaks == []
    assert sum(path.endswith(("journal.sqlite", "journal.sqlite-wal", "cache.db")) for path in told) >= 2


@pytest.mark.parametrize(
    "text", ["key sk-abcdef123456", "Authorization: Bearer abc.def-123456", "api_key='abcdef123456'", f"given {KEY}"]
)
def test_what_looks_like_a_secret_is_taken_out(text):
    assert "123456" not in scrub(text)
    assert KEY not in scrub(text, (KEY,))

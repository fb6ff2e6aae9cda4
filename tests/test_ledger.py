"""The ledger counts every call once, cached ones apart, and never says that a cost is known when it is not."""

import json
import threading

from hypothesis import given
from hypothesis import strategies as st

from selftaught.budget import Spend
from selftaught.ledger import Call, Ledger, to_json, total

calls = st.builds(
    Call,
    model=st.sampled_from(["a", "b"]),
    step=st.sampled_from(["", "generate", "critique"]),
    purpose=st.sampled_from(["task", "judge", "optimizer"]),
    key=st.text(max_size=5),
    prompt_tokens=st.integers(0, 1000),
    completion_tokens=st.integers(0, 1000),
    usd=st.one_of(st.none(), st.integers(0, 100).map(lambda cents: cents / 128)),
    cached=st.booleans(),
    truncated=st.booleans(),
    error=st.one_of(st.none(), st.text(max_size=5)),
    at=st.just(0.0),
)


@given(st.lists(calls, max_size=30))
def test_sums_cover_each_paid_call_once_and_split_without_a_rest(rows):
    usage, paid = total(rows), [row for row in rows if not row.cached]
    assert usage.calls == len(paid)
    assert usage.cached == len(rows) - len(paid)
    assert usage.failed == sum(row.error is not None for row in rows)
    assert usage.prompt_tokens + usage.completion_tokens == sum(row.spend.tokens for row in rows)
    for split in (usage.by_purpose, usage.by_step, usage.by_model):
        assert sum(split.values()) == usage.calls


@given(st.lists(calls, max_size=30))
def test_the_cost_is_unknown_as_soon_as_one_paid_price_is(rows):
    usage, prices = total(rows), [row.usd for row in rows if not row.cached]
    assert usage.usd == (None if None in prices else sum(prices))


@given(calls)
def test_a_row_survives_the_way_through_json(row):
    assert Call(**json.loads(to_json(row))) == row


def test_a_cached_call_counts_nothing_against_a_budget():
    assert Call("m", "s", "task", "k", 5, 5, 1.0, cached=True).spend == Spend()
    assert Call("m", "s", "task", "k", 5, 6, 1.0).spend == Spend(1, 11, 1.0)


def test_dropping_old_rows_keeps_the_sums_and_the_newest_rows():
    ledger = Ledger(keep=10)
    for number in range(95):
        ledger.add(Call("m", "s", "task", str(number)))
    assert ledger.usage.calls == 95
    assert len(ledger.rows) <= 10
    newest = [int(row.key) for row in ledger.rows]
    assert newest == list(range(95 - len(newest), 95))


def test_many_threads_lose_no_call_and_the_sink_gets_each():
    written = []
    ledger = Ledger(sink=written.append)
    threads = [
        threading.Thread(target=lambda: [ledger.add(Call("m", "s", "task", "k", 1, 1)) for _ in range(500)]) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledger.usage.calls == len(written) == 4000
    assert ledger.usage.prompt_tokens == 4000


@given(st.lists(calls, max_size=10))
def test_usage_is_plain_data(rows):
    told = json.loads(json.dumps(total(rows).to_dict()))
    assert sum(told["by_purpose"].values()) == told["calls"]

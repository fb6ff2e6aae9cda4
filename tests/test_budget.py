"""A budget is never exceeded, whatever the concurrency; it waits where waiting helps and refuses where it does not."""

import asyncio
import math
import threading
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selftaught import scope
from selftaught.budget import LIMITS, Budget, Spend, reserved
from selftaught.errors import BudgetError, BudgetSpent
from selftaught.testing import FakeLM

TINY = 1e-9


@dataclass(frozen=True)
class Job:
    """One call: the most it may cost, the share of it that it does cost, and how many turns of the loop it takes."""

    tokens: int
    cents: int
    share: float
    turns: int

    @property
    def most(self) -> Spend:
        return Spend(1, self.tokens, self.cents / 100)

    @property
    def actual(self) -> Spend:
        return Spend(1, int(self.tokens * self.share), self.cents / 100 * self.share)


jobs = st.lists(
    st.builds(Job, tokens=st.integers(0, 50), cents=st.integers(0, 30), share=st.floats(0, 1), turns=st.integers(0, 4)),
    min_size=1,
    max_size=25,
)
limits = st.fixed_dictionaries(
    {}, optional={"calls": st.integers(1, 20), "tokens": st.integers(1, 400), "usd": st.floats(0.01, 3.0)}
).filter(bool)


async def within(seconds, awaitable):
    """Await, and fail instead of hanging."""
    return await asyncio.wait_for(awaitable, seconds)


def amounts(spend):
    return {limit: float(getattr(spend, limit)) for limit in LIMITS}


@settings(max_examples=150, deadline=None)
@given(jobs, limits)
def test_no_interleaving_exceeds_a_limit_or_refuses_what_would_still_fit(work, ceilings):
    budget, admitted = Budget(**ceilings), []

    def holds():
        for limit, ceiling in ceilings.items():
            assert budget.spent[limit] + budget.reserved[limit] <= ceiling + TINY

    async def one(job):
        try:
            async with reserved((budget,), job.most) as report:
                holds()
                for _ in range(job.turns):
                    await asyncio.sleep(0)
                    holds()
                report(job.actual)
            admitted.append(job)
        except BudgetSpent:  # not even with everything in flight given back
            assert any(amounts(job.most)[limit] > ceiling - budget.spent[limit] - TINY for limit, ceiling in ceilings.items())
        holds()

    async def everything():
        await within(20, asyncio.gather(*(one(job) for job in work)))

    asyncio.run(everything())
    for limit in LIMITS:
        assert budget.reserved[limit] == pytest.approx(0, abs=TINY)
        assert budget.spent[limit] == pytest.approx(sum(amounts(job.actual)[limit] for job in admitted), abs=1e-6)


@settings(max_examples=75, deadline=None)
@given(jobs, limits, limits)
def test_nested_budgets_both_hold_and_give_back_what_they_set_aside(work, outer_ceilings, inner_ceilings):
    outer, inner, ended = Budget(**outer_ceilings), Budget(**inner_ceilings), []
    both = ((outer, outer_ceilings), (inner, inner_ceilings))

    def short_of(job):
        """True where not even everything in flight, given back, would pay for a job."""
        kept = [(budget, limit, ceiling) for budget, ceilings in both for limit, ceiling in ceilings.items()]
        return any(amounts(job.most)[limit] > ceiling - budget.spent[limit] - TINY for budget, limit, ceiling in kept)

    async def one(job):
        try:
            async with reserved((outer, inner), job.most) as report:
                for budget in (outer, inner):
                    assert all(budget.left(limit) >= -TINY for limit in LIMITS)
                for _ in range(job.turns):
                    await asyncio.sleep(0)
                report(job.actual)
            ended.append(job)
        except BudgetSpent:
            assert short_of(job)
            ended.append(job)

    async def everything():
        await within(20, asyncio.gather(*(one(job) for job in work)))

    asyncio.run(everything())
    assert len(ended) == len(work)
    assert outer.spent == pytest.approx(inner.spent)
    for budget in (outer, inner):
        assert all(budget.reserved[limit] == pytest.approx(0, abs=TINY) for limit in LIMITS)


def test_threads_with_loops_of_their_own_share_one_ceiling():
    budget, problems, done, refused = Budget(tokens=2000), [], [], []

    async def one(number):
        try:
            async with reserved((budget,), Spend(1, 40, 0.0)) as report:
                await asyncio.sleep(0)
                if budget.left("tokens") < 0:
                    problems.append(budget.left("tokens"))
                report(Spend(1, 10 + number % 7, 0.0))
                done.append(10 + number % 7)
        except BudgetSpent:
            refused.append(number)

    async def many():
        await within(20, asyncio.gather(*(one(number) for number in range(60))))

    threads = [threading.Thread(target=lambda: asyncio.run(many())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    assert problems == []
    assert len(done) + len(refused) == 4 * 60
    assert budget.spent["tokens"] == sum(done) <= 2000
    assert budget.left("tokens") < 40  # it was used up: only then are calls refused


async def test_a_call_waits_for_reservations_in_flight_that_may_free_enough():
    budget, order = Budget(tokens=100), []

    async def generous():
        async with reserved((budget,), Spend(1, 90, 0.0)) as report:
            await asyncio.sleep(0.02)
            order.append("first")
            report(Spend(1, 10, 0.0))

    async def patient():
        await asyncio.sleep(0)
        async with reserved((budget,), Spend(1, 80, 0.0)):
            order.append("second")

    await within(5, asyncio.gather(generous(), patient()))
    assert order == ["first", "second"]


async def test_a_call_that_could_never_fit_is_refused_at_once_although_others_are_in_flight():
    budget = Budget(tokens=100)
    async with reserved((budget,), Spend(1, 90, 0.0)):
        with pytest.raises(BudgetSpent, match=r"101 tokens, 10 are left"):
            await within(5, budget.reserve(Spend(1, 101, 0.0)))


async def test_a_cancelled_waiter_leaves_nothing_behind_and_the_next_one_still_gets_its_turn():
    budget = Budget(calls=1)
    await budget.reserve(Spend(1))
    impatient = asyncio.ensure_future(budget.reserve(Spend(1)))
    patient = asyncio.ensure_future(budget.reserve(Spend(1)))
    await asyncio.sleep(0)
    impatient.cancel()
    budget.settle(Spend(1), Spend())  # it was never sent
    await within(5, patient)
    assert budget.reserved["calls"] == 1
    assert budget.spent["calls"] == 0


class Racing(Budget):
    """A budget in which something settles right after a reservation failed, as a call in another thread may."""

    def __init__(self, *settling, **ceilings):
        super().__init__(**ceilings)
        self.settling = list(settling)

    def try_reserve(self, most):
        fitted = super().try_reserve(most)
        if not fitted and self.settling:
            self.settle(self.settling.pop(), Spend())
        return fitted


async def test_a_settlement_between_the_attempt_and_the_wait_is_not_missed():
    budget = Racing(Spend(1), calls=1)
    await budget.reserve(Spend(1))
    await within(5, budget.reserve(Spend(1)))
    assert budget.reserved["calls"] == 1


async def test_a_settlement_in_between_is_enough_although_another_call_stays_in_flight():
    budget = Racing(Spend(1), calls=2)
    await budget.reserve(Spend(1))
    await budget.reserve(Spend(1))  # this one never ends
    await within(5, budget.reserve(Spend(1)))
    assert budget.reserved["calls"] == 2


async def test_the_rounding_of_dollars_does_not_keep_anybody_waiting():
    amounts_in_flight = [Spend(0, 0, 0.1), Spend(0, 0, 0.2), Spend(0, 0, 0.3)]
    budget = Budget(usd=0.6)
    for spend in amounts_in_flight:
        assert budget.try_reserve(spend)
    for spend in amounts_in_flight:
        budget.settle(spend, Spend())
    racing = Racing(Spend(0, 0, 0.6), usd=0.6)
    racing.reserved["usd"] = budget.reserved["usd"]  # what rounding left over
    await racing.reserve(Spend(0, 0, 0.6))
    await within(5, racing.reserve(Spend(0, 0, 0.6)))


async def test_the_same_budget_entered_twice_counts_each_call_once():
    budget, lm = Budget(calls=1), FakeLM(lambda messages, **settings: "yes")
    with budget, budget:
        assert await within(5, lm.acall("hi")) == ["yes"]
    assert budget.spent["calls"] == 1


async def test_budgets_nested_in_opposite_orders_do_not_block_each_other():
    one, other, made, refused = Budget(calls=1), Budget(calls=1), [], []

    async def call(budgets):
        try:
            async with reserved(budgets, Spend(1)) as report:
                report(Spend(1))
                made.append(budgets)
        except BudgetSpent:
            refused.append(budgets)

    await other.reserve(Spend(1))
    calls = []
    for order in ((other, one), (one, other)):  # both come to wait for `other`, the second one holding `one`
        calls.append(asyncio.ensure_future(call(order)))
        await asyncio.sleep(0)
    other.settle(Spend(1), Spend())
    await within(5, asyncio.gather(*calls))
    assert (len(made), len(refused)) == (1, 1)


class Clock:
    """A clock that a test turns."""

    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now


async def test_no_call_starts_after_the_seconds_and_calls_in_flight_may_end(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("selftaught.budget.time", clock)
    budget = Budget(seconds=10)
    clock.now += 1000  # the time before the first call does not count
    assert not budget.over
    await budget.reserve(Spend(1, 5, 0.0))
    clock.now += 9.9
    await budget.reserve(Spend(1, 5, 0.0))
    clock.now += 0.2
    with pytest.raises(BudgetSpent, match="10 seconds"):
        await budget.reserve(Spend(1, 5, 0.0))
    budget.settle(Spend(1, 5, 0.0), Spend(1, 4, 0.0))
    budget.settle(Spend(1, 5, 0.0), Spend(1, 4, 0.0))
    assert budget.spent["calls"] == 2
    assert budget.over


@pytest.mark.parametrize("name", ["calls", "tokens", "usd", "seconds"])
@pytest.mark.parametrize("value", [0, -1, 0.0, -0.5, True, False, math.nan, "10"])
def test_a_limit_that_is_no_positive_number_is_refused_by_name(name, value):
    with pytest.raises(BudgetError, match=name):
        Budget(**{name: value})


def test_a_budget_without_any_limit_is_refused():
    with pytest.raises(BudgetError, match="at least one"):
        Budget()


async def test_a_budget_in_dollars_needs_a_price():
    with pytest.raises(BudgetError, match="price"):
        await Budget(usd=1.0).reserve(Spend(1, 10, None))
    await Budget(tokens=100).reserve(Spend(1, 10, None))  # no dollars asked, none needed


@pytest.mark.parametrize("ceiling", [{"tokens": 10_000}, {"usd": 1.0}])
async def test_a_budget_in_tokens_or_dollars_needs_a_bound_of_each_call(ceiling):
    lm = FakeLM(lambda messages, **settings: "yes", max_tokens=None)
    with Budget(**ceiling), pytest.raises(BudgetError, match="max_tokens"):
        await lm.acall("hi")
    assert lm.calls == 0


def test_spending_of_the_past_counts():
    budget = Budget(calls=10, tokens=100)
    budget.charge(Spend(3, 70, None))
    assert (budget.left("calls"), budget.left("tokens")) == (7, 30)
    assert not budget.try_reserve(Spend(1, 31, 0.0))
    assert budget.try_reserve(Spend(1, 30, 0.0))


def test_leaving_a_budget_ends_its_reach():
    budget = Budget(calls=5)
    with budget:
        assert scope.current().budgets == (budget,)
    assert scope.current().budgets == ()

"""The metered language model: every call passes here, in this order.

1. The response store of the run answers what was asked before.   2. An identical request in flight is joined, not sent.
3. The budgets in force reserve the most the call can cost.       4. The backend answers; a passing fault is retried.
5. The response is on disk.   6. The budgets settle, the ledger gets its row.   7. The caller gets the answer.
"""

from __future__ import annotations

import asyncio
import random
import re
import threading
import time
import warnings
from concurrent.futures import Future
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import dspy
from dspy.utils.callback import with_callbacks
from pydantic import BaseModel

from selftaught import scope
from selftaught.budget import LIMITS, Spend, reserved
from selftaught.errors import BudgetError, CallError, ConnectionFailed, SelftaughtError
from selftaught.ledger import Call, Ledger
from selftaught.loop import run_sync
from selftaught.store import Store, request_key

# The bridge to a user's own dspy.LM hands on the adapter's message dictionaries, DSPy 3.4's own path for them.
warnings.filterwarnings("ignore", message="Passing OpenAI-style message dictionaries", category=DeprecationWarning)

PROCESS_LEDGER = Ledger()
"""Every metered call of this process, runs or not."""

last_reply: ContextVar[list[Reply] | None] = ContextVar("selftaught_last_reply", default=None)
"""A list that a caller sets to receive the replies of its own calls (finish reason, log-probabilities)."""


@dataclass(slots=True)
class Reply:
    """What a backend answers.

    `usd`: None where the price is unknown. `logprobs`: OpenAI's shape, or None. `reused_tokens`: those of the prompt that the
    server had from an earlier request; 0 where it does not say.
    """

    text: str | None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float | None = 0.0
    finish: str = "stop"
    cached: bool = False
    logprobs: dict[str, Any] | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    reused_tokens: int = 0

    def output(self) -> Any:
        """Return DSPy's form of one output: the text, or a dict when there is more."""
        more = {**({"logprobs": self.logprobs} if self.logprobs else {}), **self.extra}
        return {"text": self.text, **more} if more else self.text


class Backend(Protocol):
    """One attempt at one completion. Retries, budgets and storage are the metered model's."""

    name: str

    @property
    def supports_response_schema(self) -> bool:
        """Whether answers can be constrained to a JSON schema."""

    async def complete(self, messages: list[dict[str, Any]], settings: dict[str, Any]) -> Reply:
        """Answer once. Raise ConnectionFailed where a retry may help, CallError otherwise."""

    def most(self, messages: list[dict[str, Any]], settings: dict[str, Any]) -> Spend:
        """Return an upper bound of the cost of one attempt."""

    def scrub(self, text: str) -> str:
        """Take this backend's secrets out of a text."""


class MeteredLM(dspy.BaseLM):
    """A DSPy language model whose every call is stored, bounded and recorded.

    Args:
        backend: answers one request.
        adapter: the DSPy adapter that suits this model, used where the user configured none.
        retries: how often a passing fault (no connection, rate limit) is tried again; each attempt is reserved anew.
        settings: DSPy's request settings (temperature, max_tokens, ...), defaults for every call.
    """

    def __init__(self, backend: Backend, *, adapter: dspy.Adapter | None = None, retries: int = 3, **settings: Any) -> None:
        super().__init__(backend.name, cache=False, **settings)
        self.backend = backend
        self.adapter = adapter
        self.retries = retries
        self._flights = Flights()

    @property
    def supports_response_schema(self) -> bool:
        """Whether answers can be constrained to a JSON schema."""
        return self.backend.supports_response_schema

    @property
    def supported_params(self) -> set[str]:
        """OpenAI-style parameter names that reach the model."""
        return {"temperature", "max_tokens", "top_p", "stop", "seed", "logprobs", "top_logprobs", "response_format"}

    @with_callbacks
    def __call__(self, prompt: str | None = None, *, messages: list[dict[str, Any]] | None = None, **settings: Any) -> Any:
        """Answer from synchronous code."""
        return run_sync(lambda: self._outputs(prompt, messages, settings))

    @with_callbacks
    async def acall(self, prompt: str | None = None, *, messages: list[dict[str, Any]] | None = None, **settings: Any) -> Any:
        """Answer from asynchronous code; returns a list with one output per generation, as DSPy's adapters expect."""
        return await self._outputs(prompt, messages, settings)

    async def _outputs(self, prompt: str | None, messages: list[dict[str, Any]] | None, settings: dict[str, Any]) -> list[Any]:
        asked = messages or [{"role": "user", "content": prompt}]
        merged = {name: value for name, value in {**self.kwargs, **settings}.items() if value is not None and name != "cache"}
        if isinstance(form := merged.get("response_format"), type) and issubclass(
            form, BaseModel
        ):  # DSPy's JSONAdapter gives a pydantic model
            merged["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": form.__name__, "schema": form.model_json_schema(), "strict": True},
            }
        _resample(merged)
        count = int(merged.pop("n", None) or merged.pop("num_generations", None) or 1)
        if count == 1:
            replies = [await self.reply(asked, merged)]
        else:  # several generations are several calls, told apart by their rollout
            base = merged.pop("rollout_id", 0)
            replies = await asyncio.gather(*(self.reply(asked, {**merged, "rollout_id": f"{base}/{i}"}) for i in range(count)))
        self._remember(asked, merged, replies)
        return [reply.output() for reply in replies]

    async def reply(self, messages: list[dict[str, Any]], settings: dict[str, Any]) -> Reply:
        """Answer one request as it stands: from the store, with one in flight, or paid."""
        here = scope.current()
        store = here.run.store if here.run is not None else None
        key = request_key(self.model, messages, settings)
        known = store.get(key) if store is not None else None
        if known is not None:  # 1
            return self._record(Reply(**{**known, "cached": True}), key, 0.0)
        flight, mine = self._flights.join((id(store), key))  # 2
        if not mine:
            shared = await flight.wait()
            if shared is not None:
                return self._record(_as_cached(shared), key, 0.0)
            return await self.reply(messages, settings)  # the one who flew gave up; fly ourselves
        try:
            reply = await self._paid(messages, settings, key, store)
        except BaseException as error:
            self._flights.land((id(store), key), error=error)
            raise
        self._flights.land((id(store), key), reply)
        return reply  # 7

    async def _paid(self, messages: list[dict[str, Any]], settings: dict[str, Any], key: str, store: Store | None) -> Reply:
        for attempt in range(self.retries + 1):
            try:
                return await self._attempt(messages, settings, key, store)
            except ConnectionFailed:
                if attempt == self.retries:
                    raise
                await asyncio.sleep(min(0.25 * 2**attempt, 20.0) * (0.75 + 0.5 * random.Random(f"{key}{attempt}").random()))
        raise AssertionError("unreachable")

    async def _attempt(self, messages: list[dict[str, Any]], settings: dict[str, Any], key: str, store: Store | None) -> Reply:
        budgets = scope.current().budgets
        bounded = any(budget.limits[limit] is not None for budget in budgets for limit in LIMITS if limit != "calls")
        most = self._bound(messages, settings) if bounded else Spend(calls=1, usd=0.0)
        async with reserved(budgets, most) as report:  # 3
            started = time.perf_counter()
            report(Spend(calls=1))  # sent: counted even when it fails
            try:
                reply = await self.backend.complete(messages, settings)  # 4
            except Exception as error:
                failed = self._failed(error, key, time.perf_counter() - started)
                if failed is error:
                    raise
                raise failed from None  # what lies beneath may hold what was scrubbed
            if store is not None:
                store.put(key, {**asdict(reply), "cached": False})  # 5
            report(Spend() if reply.cached else Spend(1, reply.prompt_tokens + reply.completion_tokens, reply.usd))
        return self._record(reply, key, time.perf_counter() - started)  # 6

    def _bound(self, messages: list[dict[str, Any]], settings: dict[str, Any]) -> Spend:
        if not settings.get("max_tokens") and not settings.get("max_completion_tokens"):
            raise BudgetError(
                f"A budget in tokens or usd can only be kept when a call is bounded: give {self.model} a max_tokens, "
                "such as st.lm(..., max_tokens=512)."
            )
        return self.backend.most(messages, settings)

    def _failed(self, error: Exception, key: str, seconds: float) -> Exception:
        """Write down a failure, and return it as what it is for the caller."""
        text = self.backend.scrub(str(error))
        here = scope.current()
        failure = f"{type(error).__name__}: {text}"
        _write(here, Call(self.model, step_name(), here.purpose, key, usd=0.0, seconds=seconds, error=failure, label=here.label))
        if isinstance(error, CallError):
            return type(error)(text, raw=None if error.raw is None else self.backend.scrub(error.raw))
        if isinstance(error, dspy.LMError):
            kind = ConnectionFailed if dspy.is_retryable_lm_error(error) else CallError
            return kind(f"{self.model}: {text}")
        if isinstance(error, SelftaughtError) or text == str(error):
            return error
        return CallError(f"{self.model}: {type(error).__name__}: {text}")

    def _record(self, reply: Reply, key: str, seconds: float) -> Reply:
        here = scope.current()
        call = Call(
            self.model, step_name(), here.purpose, key, reply.prompt_tokens, reply.completion_tokens, reply.usd, seconds,
            reply.cached, reply.finish == "length", label=here.label, reused_tokens=reply.reused_tokens,
        )  # fmt: skip
        _write(here, call)
        if (listener := last_reply.get()) is not None:
            listener.append(reply)
        return reply

    def _remember(self, messages: list[dict[str, Any]], settings: dict[str, Any], replies: list[Reply]) -> None:
        tracker = dspy.settings.usage_tracker
        for reply in replies:
            if tracker is not None and not reply.cached:
                tracker.add_usage(
                    self.model, {"prompt_tokens": reply.prompt_tokens, "completion_tokens": reply.completion_tokens}
                )
        if dspy.settings.disable_history:
            return
        shown = {name: value for name, value in settings.items() if not name.startswith("api_")}
        outputs = [reply.output() for reply in replies]
        self.update_history(
            {"prompt": None, "messages": messages, "kwargs": shown, "outputs": outputs, "response": None, "model": self.model,
             "response_model": self.model, "model_type": "chat", "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S"), "uuid": "",
             "usage": {"prompt_tokens": sum(r.prompt_tokens for r in replies), "completion_tokens": sum(r.completion_tokens for r in replies)},
             "cost": None if any(r.usd is None for r in replies) else sum(r.usd or 0.0 for r in replies)}
        )  # fmt: skip

    def copy(self, **changes: Any) -> MeteredLM:
        """Return a copy with other settings; it shares the backend and the flights of the original."""
        return super().copy(**changes)

    def __deepcopy__(self, memo: dict[int, Any]) -> MeteredLM:
        return self  # a model is shared by the copies of a program, as its connections are

    def dump_state(self) -> dict[str, Any]:
        """Return what names this model, without secrets."""
        return {**super().dump_state(), "backend": type(self.backend).__name__}


class Flights:
    """Identical requests in flight: the first one flies, the others wait for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flying: dict[Any, Flight] = {}

    def join(self, key: Any) -> tuple[Flight, bool]:
        """Return the flight for a request, and whether it is ours to fly."""
        with self._lock:
            if (flight := self._flying.get(key)) is not None:
                return flight, False
            self._flying[key] = flight = Flight()
            return flight, True

    def land(self, key: Any, reply: Reply | None = None, error: BaseException | None = None) -> None:
        """Hand the result to everybody who waited. A cancelled or unaffordable flight leaves the others to fly."""
        with self._lock:
            flight = self._flying.pop(key)
        shared = error if isinstance(error, CallError) else None
        if shared is not None:
            flight.result.set_exception(shared)
        else:
            flight.result.set_result(reply)


class Flight:
    """One request on its way."""

    def __init__(self) -> None:
        self.result: Future[Reply | None] = Future()

    async def wait(self) -> Reply | None:
        """Return the shared reply; None when the one who flew gave up."""
        return await asyncio.shield(asyncio.wrap_future(self.result))


def _write(here: scope.Scope, call: Call) -> None:
    PROCESS_LEDGER.add(call)
    for ledger in dict.fromkeys(here.ledgers):
        if ledger is not PROCESS_LEDGER:
            ledger.add(call)


def _resample(settings: dict[str, Any]) -> None:
    """Make a request another sample of itself where the scope asks for one."""
    here = scope.current()
    if here.rollout:
        settings["rollout_id"] = "/".join(part for part in (str(settings.get("rollout_id") or ""), here.rollout) if part)
        settings["temperature"] = settings.get("temperature") or here.temperature


def _as_cached(reply: Reply) -> Reply:
    return Reply(**{**asdict(reply), "cached": True})


_step_names: WeakKeyDictionary[Any, dict[int, str]] = WeakKeyDictionary()


def step_name(leaf: Any = None) -> str:
    """Return the name of the predictor that is calling (or of `leaf`), as its outermost program names it."""
    if leaf is None and (told := scope.current().step):
        return told
    callers = dspy.settings.caller_modules or []
    if not callers:
        return type(leaf).__name__ if leaf is not None else ""
    root, leaf = callers[0], leaf if leaf is not None else callers[-1]
    names = _step_names.get(root)
    if names is None or id(leaf) not in names:
        names = {id(module): name for name, module in root.named_predictors()}
        _step_names[root] = names
    return names.get(id(leaf), type(leaf).__name__)


_SECRET = re.compile(r"(?i)(sk-[a-z0-9_\-]{6,}|bearer\s+[a-z0-9._\-]{6,}|api[_-]?key[\"'=:\s]+[a-z0-9._\-]{6,})")


def scrub(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Take known secrets, and what looks like one, out of a text."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "[secret]")
    return _SECRET.sub("[secret]", text)


__all__ = ["PROCESS_LEDGER", "Backend", "Flights", "MeteredLM", "Reply", "last_reply", "scrub", "step_name"]

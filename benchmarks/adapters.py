"""Adapters: the form of the prompt that small models follow best.

Claim: with `selftaught.adapter.CompactAdapter` small local models answer at least as many rows right as with DSPy's
ChatAdapter and JSONAdapter, for fewer tokens. `selftaught.lm("local")` uses it unless the user configures another.

Method: three tasks of instruction induction (Honovich et al., 2022): the first 8 rows of the `induce` part are demonstrations,
the first 40 of the `execute` part are asked. Gold exact match after normalisation; an answer that does not parse is a
failed row, counted apart, not a wrong one. Temperature 0, no second try (`retries=0`), no cache. All three adapters run on
the same `dspy.LM` over the same local server, so that DSPy itself turns JSONAdapter's schema into a request (the model
declares `supports_response_schema`, so JSONAdapter and CompactAdapter constrain the answer; ChatAdapter does not, and asks a
second time with JSONAdapter where its own answer did not parse, as DSPy ships it; its tokens count both).

Command: `python -m benchmarks adapters --data FOLDER` (FOLDER holds instruction_induction.jsonl)
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from benchmarks.measure import Options, Skipped, result

CLAIM = "the compact adapter is right at least as often as DSPy's, for fewer tokens"
MODELS = ("smollm2-135m", "qwen-0.5b")
TASKS = {
    "singular_to_plural": ("noun -> plural", "Write the plural of the noun."),
    "first_word_letter": ("word -> letter", "Write the first letter of the word."),
    "sentiment": ("sentence -> sentiment", "Say whether the sentence is positive or negative."),
}
FILE, DEMONSTRATIONS, ROWS, MAX_TOKENS = "instruction_induction.jsonl", 8, 40, 128


def run(options: Options) -> dict[str, Any]:
    """Measure, and return the result."""
    if options.data is None or not (Path(options.data) / FILE).exists():
        raise Skipped(f"give --data FOLDER with {FILE}")
    import dspy

    from selftaught.adapter import CompactAdapter

    logging.getLogger("dspy").setLevel(logging.ERROR)
    rows = [json.loads(one) for one in (Path(options.data) / FILE).read_text(encoding="utf-8").splitlines()]
    adapters = {"CompactAdapter": CompactAdapter(), "ChatAdapter": dspy.ChatAdapter(), "JSONAdapter": dspy.JSONAdapter()}
    models: dict[str, Any] = {}
    for name in MODELS:
        try:
            lm = _model(name)
        except Skipped as reason:
            models[name] = {"skipped": str(reason)}
            continue
        each = {task: {kind: _one(lm, adapter, task, rows) for kind, adapter in adapters.items()} for task in TASKS}
        models[name] = {"tasks": each, "all": {kind: _pooled([one[kind] for one in each.values()]) for kind in adapters}}
    measured = {"demonstrations": DEMONSTRATIONS, "rows_per_task": ROWS, "max_tokens": MAX_TOKENS, "models": models}
    pooled = [model["all"] for model in models.values() if "all" in model]
    if not pooled:
        raise Skipped("no local model is here: " + "; ".join(model["skipped"] for model in models.values()))
    met = all(
        all_["CompactAdapter"]["right"] >= peer["right"] and all_["CompactAdapter"]["tokens_per_row"] < peer["tokens_per_row"]
        for all_ in pooled
        for peer in all_.values()
        if peer is not all_["CompactAdapter"]
    )
    target = "on each model: rows right >= both peers', tokens a row < both peers'"
    return result("adapters", CLAIM, measured=measured, target=target, met=met)


def line(found: dict[str, Any]) -> str:
    """Return the result for a person."""
    parts = []
    for name, model in found["measured"]["models"].items():
        if "skipped" in model:
            parts.append(f"{name}: skipped ({model['skipped']})")
            continue
        shown = ", ".join(
            f"{kind} {one['right']}/{one['rows']} ({one['failed']} failed, {one['tokens_per_row']:.0f} tokens a row)"
            for kind, one in model["all"].items()
        )
        parts.append(f"{name}: {shown}")
    return "; ".join(parts)


def _model(name: str) -> Any:
    import dspy

    import selftaught
    from selftaught.engines import AsyncChatEngine, ChatEngine
    from selftaught.errors import SelftaughtError

    try:
        server = selftaught.lm(name).backend.server
    except SelftaughtError as error:
        raise Skipped(f"{name} is not here: {type(error).__name__}") from error
    engines = {"engine": ChatEngine(server), "async_engine": AsyncChatEngine(server)}
    return dspy.LM(name, **engines, cache=False, temperature=0.0, max_tokens=MAX_TOKENS)


def _one(lm: Any, adapter: Any, task: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    import dspy

    import selftaught

    form, instruction = TASKS[task]
    given, asked = (part.strip() for part in form.split("->"))

    def examples(split: str, count: int) -> list[Any]:
        chosen = [row for row in rows if row["task"] == task and row["split"] == split][:count]
        return [dspy.Example(**{given: row["input"], asked: row["outputs"][0]}).with_inputs(given) for row in chosen]

    program = selftaught.Predict(dspy.Signature(form, instruction), retries=0)
    program.demos = examples("induce", DEMONSTRATIONS)
    with dspy.context(lm=lm, adapter=adapter):
        found = selftaught.evaluate(
            program, examples("execute", ROWS), selftaught.judges.Exact(asked), concurrency=8, progress=False
        )
    right = sum(row.score == 1.0 for row in found.rows)
    usage = found.usage
    return _figures(right, found.n, found.failed, usage.calls, usage.prompt_tokens, usage.completion_tokens)


def _pooled(each: list[dict[str, Any]]) -> dict[str, Any]:
    names = ("right", "scored", "failed", "calls", "prompt_tokens", "completion_tokens")
    return _figures(*(sum(one[name] for one in each) for name in names))


def _figures(right: int, scored: int, failed: int, calls: int, prompt: int, completion: int) -> dict[str, Any]:
    from selftaught.statistics import wilson

    rows = scored + failed
    return {
        "rows": rows,
        "right": right,
        "failed": failed,
        "scored": scored,
        "score_of_scored": round(right / scored, 3) if scored else None,
        "interval_of_scored": [round(end, 3) for end in wilson(right, scored)],
        "right_of_all": round(right / rows, 3),
        "interval_of_all": [round(end, 3) for end in wilson(right, rows)],
        "calls": calls,
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "tokens_per_call": round((prompt + completion) / calls, 1) if calls else None,
        "tokens_per_row": round((prompt + completion) / rows, 1),
    }

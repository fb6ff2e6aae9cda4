"""Reasoning as plain text: how a local model works something out before it answers in JSON.

A small model that has to reason inside a JSON string announces its steps, closes the string where it would begin a new line, and
guesses. So where an answer begins with `reasoning`, the local engine lets the model write lines of text first, then the other fields
as JSON, and hands back one JSON object with all of them: nobody outside sees a difference. A line may begin neither with a brace, which
begins the answer, nor with a backtick: instead of working something out, models for code write a program that nobody runs.
On arithmetic word problems qwen-0.5b answers about three times as many right (`benchmarks/working.py`).

Where a turn of the conversation shows the form of the answer, as demonstrations do, the model follows that, in JSON.
"""

from __future__ import annotations

import json
from typing import Any

REASONING = "reasoning"
LONGEST = 800
"""Characters of a reasoning whose schema does not say."""
LINE = 300
"""The most characters of a line."""
GUIDED = "%llguidance {}"


def worked(body: dict[str, Any]) -> dict[str, Any] | None:
    """Return a request that asks for the reasoning as text and the rest as JSON; None where the form of its answer is another."""
    schema = _schema(body)
    fields = (schema or {}).get("properties") or {}
    shown = any(message.get("role") == "assistant" for message in body.get("messages", ()))
    if schema is None or shown or len(fields) < 2 or next(iter(fields)) != REASONING or fields[REASONING].get("type") != "string":
        return None
    if (grammar := _grammar(schema)) is None:
        return None
    return {**{name: value for name, value in body.items() if name != "response_format"}, "grammar": grammar}


def rejoined(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to such a request with one JSON object as its text; one that was cut off is left as it is."""
    for choice in answer.get("choices", ()):
        message = choice["message"]
        text, line, rest = (message.get("content") or "").partition("\n{")  # no line of the reasoning begins so
        try:
            fields = json.loads(line + rest)
        except ValueError:
            continue
        reasoning = text.strip().removesuffix("```json").removesuffix("```").rstrip()
        message["content"] = json.dumps({REASONING: reasoning, **fields}, ensure_ascii=False)
    return answer


def _schema(body: dict[str, Any]) -> dict[str, Any] | None:
    form = body.get("response_format") or {}
    return (form.get("json_schema") or {}).get("schema") if form.get("type") == "json_schema" else None


def _grammar(schema: dict[str, Any]) -> str | None:
    """Return lines of text, then JSON; None where the library cannot mix the two."""
    import xllamacpp

    properties = {name: form for name, form in schema["properties"].items() if name != REASONING}
    rest = {**schema, "properties": properties, "required": [name for name in schema.get("required", ()) if name != REASONING]}
    answer = xllamacpp.json_schema_to_grammar(json.dumps(rest))
    if not answer.startswith(GUIDED):
        return None
    longest = schema["properties"][REASONING].get("maxLength", LONGEST)
    text = f"/([^{{`\\n][^\\n]{{0,{LINE}}}\\n+)+(```(json)?\\n)?/ & /(?s:.){{1,{longest}}}/"
    return f"{GUIDED}\nstart: TEXT answer\nTEXT: {text}\nanswer: {answer.partition('start:')[2].strip()}\n"

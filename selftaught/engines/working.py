"""Reasoning as plain text: how a local model works something out before it answers in JSON.

A small model that has to reason inside a JSON string announces its steps, closes the string where it would begin a new line, and
guesses. So where an answer begins with `reasoning`, the local engine lets the model write lines of text first, then the other fields
as JSON, and hands back one JSON object with all of them: nobody outside sees a difference. A line may begin neither with a brace, which
begins the answer, nor with a backtick: instead of working something out, models for code write a program that nobody runs.
On arithmetic word problems qwen-0.5b answers more than twice as many right (`python -m benchmarks working --data FOLDER`).

It stays JSON where a turn of the conversation shows the form of the answer, as demonstrations do, and where the reasoning may hold
fewer than `LEAST` characters or must fit a pattern.
"""

from __future__ import annotations

import json
from typing import Any

REASONING = "reasoning"
LEAST = 40
"""Characters in which something can be worked out."""
PLAIN = {"type", "maxLength", "description"}
"""What may be said of a reasoning that is written as text."""
GUIDED = "%llguidance {}"


def worked(body: dict[str, Any]) -> dict[str, Any] | None:
    """Return a request that asks for the reasoning as text and the rest as JSON; None where the form of its answer is another."""
    schema = _schema(body)
    fields = (schema or {}).get("properties") or {}
    shown = any(message.get("role") == "assistant" for message in body.get("messages", ()))
    if schema is None or shown or len(fields) < 2 or next(iter(fields)) != REASONING or not _open(fields[REASONING]):
        return None
    if (grammar := _grammar(schema)) is None:
        return None
    return {**{name: value for name, value in body.items() if name != "response_format"}, "grammar": grammar}


def rejoined(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to such a request with one JSON object as its text; one that was cut off is left as it is.

    Log-probabilities of the reasoning are left out: those that stay belong to a JSON object, in which a field can be found.
    """
    for choice in answer.get("choices", ()):
        message = choice["message"]
        text, line, rest = (message.get("content") or "").partition("\n{")  # no line of the reasoning begins so
        try:
            fields = json.loads(line + rest)
        except ValueError:
            continue
        reasoning = text.strip().removesuffix("```json").removesuffix("```").rstrip()
        message["content"] = json.dumps({REASONING: reasoning, **fields}, ensure_ascii=False)
        if tokens := (choice.get("logprobs") or {}).get("content"):
            choice["logprobs"]["content"] = _after(tokens, len(text))
    return answer


def _schema(body: dict[str, Any]) -> dict[str, Any] | None:
    form = body.get("response_format") or {}
    return (form.get("json_schema") or {}).get("schema") if form.get("type") == "json_schema" else None


def _open(field: dict[str, Any]) -> bool:
    return field.get("type") == "string" and field.keys() <= PLAIN and field.get("maxLength", LEAST) >= LEAST


def _grammar(schema: dict[str, Any]) -> str | None:
    """Return lines of text, then JSON; None where the library cannot mix the two."""
    import xllamacpp

    properties = {name: form for name, form in schema["properties"].items() if name != REASONING}
    rest = {**schema, "properties": properties, "required": [name for name in schema.get("required", ()) if name != REASONING]}
    answer = xllamacpp.json_schema_to_grammar(json.dumps(rest))
    if not answer.startswith(GUIDED):
        return None
    longest = schema["properties"][REASONING].get("maxLength")
    bound = "" if longest is None else f" & /(?s:.){{1,{longest}}}/"
    text = f"/([^{{`\\n][^\\n]*\\n+)+(```(json)?\\n)?/{bound}"
    return f"{GUIDED}\nstart: TEXT answer\nTEXT: {text}\nanswer: {answer.partition('start:')[2].strip()}\n"


def _after(tokens: list[dict[str, Any]], place: int) -> list[dict[str, Any]]:
    """Return the tokens from the one that reaches beyond a place of the text."""
    end = 0
    for index, token in enumerate(tokens):
        end += len(token.get("token", ""))
        if end > place:
            return tokens[index:]
    return []

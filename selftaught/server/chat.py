"""The facade in OpenAI's form: a program as a chat model, for clients that know nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from selftaught.server.problems import refused
from selftaught.server.service import Service, to_json
from selftaught.server.work import Refusal, fields_of, parsed


class Message(BaseModel):
    """One message. `content`: a text, or parts of which those of type `text` count."""

    model_config = ConfigDict(extra="allow")

    role: str
    content: str | list[dict[str, Any]] | None = None

    @property
    def text(self) -> str:
        """The text of the message."""
        if isinstance(self.content, list):
            return "".join(str(part.get("text", "")) for part in self.content if part.get("type") == "text")
        return self.content or ""


class Form(BaseModel):
    """The asked form of the answer."""

    model_config = ConfigDict(extra="allow")

    type: Literal["text", "json_object", "json_schema"] = "text"


class StreamOptions(BaseModel):
    """Of a streamed answer."""

    model_config = ConfigDict(extra="allow")

    include_usage: bool = False


class ChatRequest(BaseModel):
    """A chat completion. The program has its own model and settings: other parameters, such as a temperature, change nothing."""

    model_config = ConfigDict(extra="allow")

    messages: list[Message] = Field(min_length=1)
    model: str | None = None
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()
    response_format: Form = Form()
    n: Literal[1] | None = None


def inputs_of(service: Service, chat: ChatRequest) -> dict[str, Any]:
    """Return the program's inputs: the last user message fills a single text input, otherwise it is JSON of the inputs.

    Raises:
        Refusal: there is no user message, or it does not fit.
    """
    asked = next((message.text for message in reversed(chat.messages) if message.role == "user"), None)
    if asked is None:
        raise Refusal(refused(422, "input-error", "There is no message with the role 'user'."))
    fields = service.task.input_fields
    if len(fields) == 1 and next(iter(fields.values())).annotation is str:
        return fields_of(service, {next(iter(fields)): asked})
    given = parsed(asked)
    if not isinstance(given, dict):
        shape = ", ".join(f'"{name}": ...' for name in fields)
        raise Refusal(
            refused(422, "input-error", f"This program has several inputs: the last user message is their JSON, {{{shape}}}.")
        )
    return fields_of(service, given)


def content_of(service: Service, chat: ChatRequest, outputs: dict[str, Any]) -> str:
    """Return the answer as text where it is one text and no JSON is asked for, else as JSON."""
    values = list(outputs.values())
    if len(values) == 1 and isinstance(values[0], str) and chat.response_format.type == "text":
        return values[0]
    return to_json(outputs)


def completion(service: Service, chat: ChatRequest, answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer as a chat completion."""
    message = {"role": "assistant", "content": content_of(service, chat, answer["outputs"]), "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return {**_head(service, answer, "chat.completion"), "choices": [choice], "usage": _usage(answer)}


def chunks(service: Service, chat: ChatRequest, answer: dict[str, Any]) -> Iterator[str]:
    """Yield an answer, which is complete, as the server-sent events of a streamed one."""
    head = _head(service, answer, "chat.completion.chunk")
    said = {"role": "assistant", "content": content_of(service, chat, answer["outputs"])}
    for delta, finish in ((said, None), ({}, "stop")):
        yield f"data: {to_json({**head, 'choices': [{'index': 0, 'delta': delta, 'finish_reason': finish}]})}\n\n"
    if chat.stream_options.include_usage:
        yield f"data: {to_json({**head, 'choices': [], 'usage': _usage(answer)})}\n\n"
    yield "data: [DONE]\n\n"


def models(service: Service) -> dict[str, Any]:
    """Return the list of models: this program."""
    return {"object": "list", "data": [{"id": service.name, "object": "model", "created": 0, "owned_by": "selftaught"}]}


def _head(service: Service, answer: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{answer['id']}", "object": kind, "created": int(time.time()), "model": service.name}


def _usage(answer: dict[str, Any]) -> dict[str, int]:
    prompt, written = answer["usage"]["prompt_tokens"], answer["usage"]["completion_tokens"]
    return {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written}

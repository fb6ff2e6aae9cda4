"""The format of artifacts: what each part may hold, the limits, and the way from older versions to this one.

The models are the one description: `save` and `load` check against them, and `bundled/artifact.schema.json` is written from them
(`python -m selftaught.artifact_format` prints it; a test keeps the two the same). What is not described here is refused with its path.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    RootModel,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)

from selftaught.errors import ArtifactError
from selftaught.strict_json import LONGEST_TEXT

FORMAT = 1
LARGEST_KNOB = 10_000
"""The largest number that a constructor may be given: as many parts or calls a program can still make, and count beforehand."""
OF_REQUESTS = ("seed", "max_tokens", "max_completion_tokens", "top_k", "timeout")
"""Numbers that only a model sees; they may be larger."""
MOST_ITEMS = 10_000
"""Items of a list that a constructor is given, and demonstrations of a step."""
LARGEST_TYPE = 2000
"""Parts of a field's type, with all that it refers to written out."""
LARGEST_TYPES = 20_000
"""Parts of all types of a program, together."""
MOST_BUILT = 500
"""Programs, judges and steps that one program is built of."""

Setting = Literal[
    "temperature", "max_tokens", "max_completion_tokens", "top_p", "top_k", "min_p", "stop", "seed", "n", "num_generations", "logprobs",
    "top_logprobs", "presence_penalty", "frequency_penalty", "repeat_penalty", "repetition_penalty", "logit_bias", "response_format",
    "rollout_id", "reasoning_effort", "verbosity", "cache", "timeout",
]  # fmt: skip
"""What an artifact may say of a request: how to decode. Never where to send it, nor with which key; that is the model's."""
SETTINGS: tuple[str, ...] = Setting.__args__  # type: ignore[attr-defined]

Name = Annotated[str, Field(pattern=r"^[^\W\d_]\w*$", max_length=200)]
Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
Number = int | float


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class Manifest(_Strict):
    """Versions, and the SHA-256 of the other parts."""

    format: Annotated[int, Field(ge=1, le=FORMAT)]
    selftaught: Annotated[str, Field(max_length=100)]
    dspy: Annotated[str, Field(max_length=100)]
    sha256: dict[
        Literal["program.json", "state.json", "provenance.json", "learned.json"], Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    ]


Limit = Literal["ge", "gt", "le", "lt", "min_length", "max_length", "multiple_of", "ends_after"]


class TaskField(_Strict):
    """A field of a task: its type in words of JSON, or as a JSON schema."""

    name: Name
    role: Literal["input", "output"]
    type: Any
    description: Text = ""
    default: Any = None
    constraints: dict[Limit, Number] = {}

    @field_validator("type")
    @classmethod
    def _bounded(cls, value: Any) -> Any:
        _check_type(value)
        return value


class TaskData(_Strict):
    """A task."""

    name: Annotated[str, Field(max_length=1000)]
    instruction: Text
    fields: Annotated[list[TaskField], Field(min_length=1, max_length=200)]


class TaskValue(_Strict):
    """A task as a constructor argument."""

    task: TaskData


class DictValue(_Strict):
    """A dictionary as a constructor argument."""

    dict_: Annotated[dict[str, Value], Field(alias="dict")]


class SameValue(_Strict):
    """A part that is built once and used here too."""

    same: Annotated[int, Field(ge=0, le=MOST_BUILT)]


class Built(_Strict):
    """A program, judge or step: its class in the catalogue, and its constructor's arguments."""

    class_: Annotated[str, Field(alias="class", pattern=r"^selftaught\.(programs|optimizers)[\w.]*:[A-Za-z]\w*$", max_length=300)]
    arguments: dict[Name, Value]
    number: Annotated[int | None, Field(ge=0, le=MOST_BUILT, description="What a `same` elsewhere calls this part.")] = None

    @model_validator(mode="after")
    def _knobs(self) -> Built:
        for name, item in self.arguments.items():
            value = item.root
            if isinstance(value, int | float) and abs(value) > LARGEST_KNOB and name not in OF_REQUESTS:
                raise ValueError(f"arguments.{name} is {str(value)[:30]}; no knob is larger than {LARGEST_KNOB}")
        return self


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return next((name for name in ("task", "dict", "same") if name in value), "class")
    return "list" if isinstance(value, list) else "plain"


Plain = None | bool | int | float | Text
_Value = Annotated[
    Annotated[TaskValue, Tag("task")] | Annotated[DictValue, Tag("dict")] | Annotated[SameValue, Tag("same")] | Annotated[Built, Tag("class")]
    | Annotated["list[Value]", Field(max_length=MOST_ITEMS), Tag("list")] | Annotated[Plain, Tag("plain")],
    Discriminator(_kind),
]  # fmt: skip


class Value(RootModel[_Value]):
    """A constructor argument: plain data, a list, a dictionary, a task, or a part that is built in turn."""

    model_config = ConfigDict(strict=True)


class StepState(_Strict):
    """What was tuned of one step."""

    instruction: Text
    fields: dict[str, Literal["input", "output"]]
    demos: Annotated[list[dict[str, Any]], Field(max_length=MOST_ITEMS)]
    config: dict[Setting, Any]


class Artifact(_Strict):
    """An artifact of selftaught: a zip of these JSON files, and of the instructions once more as text, for people."""

    manifest: Annotated[Manifest, Field(alias="manifest.json")]
    program: Annotated[Built, Field(alias="program.json")]
    state: Annotated[dict[str, StepState], Field(alias="state.json")]
    provenance: Annotated[dict[str, Any], Field(alias="provenance.json")]
    learned: Annotated[dict[str, dict[str, Any]], Field(alias="learned.json")] = {}


DictValue.model_rebuild()
Built.model_rebuild()
Value.model_rebuild()


def schema() -> dict[str, Any]:
    """Return the format as a JSON Schema: an object with the parts under the names of their files."""
    made = Artifact.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"selftaught artifact, format {FORMAT}"} | {
        key: value for key, value in made.items() if key != "title"
    }


def checked(parts: dict[str, Any]) -> None:
    """Check the parts of an artifact.

    Raises:
        ValueError: a part is missing, or something in one is unknown, too large or of another kind; the message has its path.
    """
    try:
        Artifact.model_validate(parts)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        said = "this field is unknown" if first["type"] == "extra_forbidden" else first["msg"].removeprefix("Value error, ")
        raise ValueError(f"{_place(first['loc'], parts)}: {said}") from None
    _check_whole(parts["program.json"])


def _place(location: tuple[str | int, ...], data: Any) -> str:
    """Return the path of what is wrong; the tags of kinds, which pydantic puts between, are left out."""
    path = []
    for number, step in enumerate(location):
        there = (isinstance(data, dict) and step in data) or (
            isinstance(data, list) and isinstance(step, int) and step < len(data)
        )
        if there or (number == len(location) - 1 and step != "[key]"):
            path.append(str(step)[:80])
        data = data[step] if there else data
    return ".".join(path)


def _check_whole(program: Any) -> None:
    waiting, built, size = [program], 0, 0
    while waiting:
        item = waiting.pop()
        waiting += item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        if isinstance(item, dict):
            built += "class" in item
            size += _check_type(item["type"]) if {"role", "type"} <= item.keys() else 0
        if built > MOST_BUILT or size > LARGEST_TYPES:
            raise ValueError(f"program.json: more than {MOST_BUILT} parts, or types larger than {LARGEST_TYPES} together")


Parts = dict[str, Any]
MIGRATIONS: dict[int, Callable[[Parts], Parts]] = {}
"""From a format to the next: parts in, parts out. Format 1 is the first, so there is none yet."""


def migrated(parts: Parts, *, to: int = FORMAT, steps: dict[int, Callable[[Parts], Parts]] | None = None) -> Parts:
    """Return the parts of an artifact in the format of this version.

    Raises:
        ValueError: its format is no number, is newer, or is one that this version no longer reads.
    """
    manifest = parts["manifest.json"]
    found = manifest.get("format") if isinstance(manifest, dict) else None
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise ValueError("its manifest cannot be read")
    if found > to:
        raise ArtifactError(f"It has format {str(found)[:30]}; this version reads up to {to}. Update selftaught.")
    known = MIGRATIONS if steps is None else steps
    for number in range(found, to):
        if number not in known:
            raise ValueError(f"its format {found} is no longer read")
        parts = known[number](parts)
        parts = {**parts, "manifest.json": {**parts["manifest.json"], "format": number + 1}}
    return parts


def _check_type(value: Any) -> int:
    """Return the size of a type; refuse one that would grow without end when it is built, or has names that are not those of fields."""
    waiting: list[tuple[Any, Any]] = [(value, None)]  # with the definitions that hold there; None outside of a schema
    size = 0
    while waiting:
        (item, known), size = waiting.pop(), size + 1
        if size > LARGEST_TYPE:
            raise ValueError("the type is too large, or refers to itself")
        if isinstance(item, list):
            waiting += [(one, known) for one in item]
        elif isinstance(item, dict):
            if hidden := next((name for name in item if name.startswith("_")), None):
                raise ValueError(f"{hidden[:50]!r} is no name of a field")
            if known is not None and isinstance(item.get("$ref"), str):
                waiting.append((known.get(item["$ref"].rsplit("/", 1)[-1]), known))
            for name, inner in item.items():
                if known is None and name == "schema":
                    found = inner.get("$defs") if isinstance(inner, dict) else None
                    waiting.append((inner, found if isinstance(found, dict) else {}))
                elif name != "$defs":
                    waiting.append((inner, known))
    return size


if __name__ == "__main__":
    print(json.dumps(schema(), indent=1, ensure_ascii=False))

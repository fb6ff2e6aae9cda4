"""Task files: everything a tuning run needs, in TOML, without writing Python.

    task = "word -> plural"
    instruction = "Write the plural of the noun."

    [data]
    train = "train.jsonl"
    val = "val.jsonl"

    [metric]
    kind = "exact"

Unknown keys are refused with the nearest known one. Paths are relative to the file.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal, Self, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from selftaught.budget import Budget
from selftaught.errors import SettingError, nearest
from selftaught.signatures import Task, as_task

JudgeKind = Literal["checklist", "rating", "rubric", "verify", "pairwise", "panel", "confidence", "constraints"]
MetricKind = Literal["exact", "contains", "f1", "agreement", JudgeKind]
F = TypeVar("F", bound=BaseModel)


class Section(BaseModel):
    """A part of a file that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid")


class Data(Section):
    """Where the examples are (JSON Lines). `train`: labelled; `val`: to select and confirm on; `test`: for `evaluate`.

    `synthesize`: how many examples `tune` is to learn from at least; where `train` holds fewer, the rest is synthesized from them.
    0 never does.
    """

    train: Path | None = None
    val: Path | None = None
    test: Path | None = None
    synthesize: int = Field(default=0, ge=0)


class Model(Section):
    """Which model answers; see `st.lm`. The key of a provider is read from the environment, never from this file."""

    model: str = "local"
    api_base: str | None = None
    adapter: Literal["compact", "chat", "json"] | None = None
    temperature: float | None = None
    max_tokens: int | None = None


class JudgeChoice(BaseModel):
    """A judge by its kind; all other keys are settings of its class, such as `criteria` of a rubric or `judges` of a panel.

    `lm`: the model that judges, when it is not the one that answers.
    """

    model_config = ConfigDict(extra="allow")

    kind: JudgeKind
    lm: Model | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the judge's class."""
        return dict(self.model_extra or {})


class MetricChoice(BaseModel):
    """How answers are scored. `field`: the output that gold metrics compare. `samples`: of agreement.

    The kinds of judges take the settings of the judge's class too; see `JudgeChoice`.
    """

    model_config = ConfigDict(extra="allow")

    kind: MetricKind = "exact"
    field: str | None = None
    accepted: str | None = None
    samples: int = 4
    allow_untrusted: bool = False

    @property
    def judge(self) -> JudgeChoice | None:
        """The judge that scores, None for the other metrics."""
        if self.kind not in get_args(JudgeKind):
            return None
        given = {name: getattr(self, name) for name in ("field", "accepted", "samples") if name in self.model_fields_set}
        return JudgeChoice.model_validate({"kind": self.kind, **given, **(self.model_extra or {})})

    @model_validator(mode="after")
    def _settings_fit_the_kind(self) -> Self:
        if self.judge is None:
            for name in self.model_extra or {}:
                raise ValueError(f"unknown key {name!r}{nearest(name, type(self).model_fields)} for kind {self.kind!r}")
        return self


class Choice(Section):
    """A method of the catalogue by name, and its settings."""

    method: str
    settings: dict[str, Any] = Field(default_factory=dict)


class Contest(Section):
    """What `compare` compares: programs by name, and its settings; see `st.compare`."""

    programs: dict[str, Choice] = Field(
        default_factory=lambda: {
            "plain": Choice(method="predict"),
            "refine": Choice(method="self-refine"),
            "vote": Choice(method="self-consistency"),
        }
    )
    baseline: str | None = None
    controls: bool = True
    adaptive: bool = True
    delta: float = 0.05
    futility: float = 0.05
    margin: float = 0.0
    unit: Literal["calls", "tokens", "usd"] = "calls"


class Limits(Section):
    """The ceiling."""

    calls: int | None = None
    tokens: int | None = None
    usd: float | None = None
    seconds: float | None = None


class TaskFile(Section):
    """A task file. `program` defaults to one plain call, `optimizer` to APE with demonstrations, `judge` to the metric's."""

    task: str
    instruction: str | None = None
    data: Data = Field(default_factory=Data)
    lm: Model = Field(default_factory=Model)
    metric: MetricChoice = Field(default_factory=MetricChoice)
    judge: JudgeChoice | None = None
    compare: Contest = Field(default_factory=Contest)
    program: Choice = Field(default_factory=lambda: Choice(method="predict"))
    optimizer: Choice = Field(default_factory=lambda: Choice(method="ape", settings={"shots": 8}))
    budget: Limits = Field(default_factory=lambda: Limits(calls=400))
    run_dir: Path | None = None
    seed: int = 0

    def signature(self) -> Task:
        """Return the task with its instruction."""
        task = as_task(self.task)
        return task.with_instructions(self.instruction) if self.instruction else task

    def ceiling(self) -> Budget:
        """Return the budget."""
        return Budget(**self.budget.model_dump(exclude_none=True))


def read_task(path: str | Path) -> TaskFile:
    """Return a validated task file, its paths resolved.

    Raises:
        SettingError: it cannot be read; the key and the nearest known key are named.
    """
    source = Path(path)
    found = validated(source, TaskFile, "task file")
    for name in ("train", "val", "test"):
        if (relative := getattr(found.data, name)) is not None:
            setattr(found.data, name, source.parent / relative)
    if found.run_dir is None:
        found.run_dir = source.parent / "runs" / source.stem
    elif not found.run_dir.is_absolute():
        found.run_dir = source.parent / found.run_dir
    return found


def validated(source: Path, kind: type[F], name: str) -> F:
    """Return a TOML file as a model.

    Raises:
        SettingError: it cannot be read; the key and the nearest known key are named.
    """
    try:
        return kind.model_validate(tomllib.loads(source.read_text(encoding="utf-8")))
    except OSError as error:
        raise SettingError(f"The {name} {source} cannot be read: {error.strerror or error}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"The {name} {source} is no TOML: {error}.") from error
    except ValidationError as error:
        problems = "; ".join(_problem(one, kind) for one in error.errors())
        raise SettingError(f"The {name} {source} is not valid: {problems}.") from error


def _problem(error: Any, root: type[BaseModel]) -> str:
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"unknown key {where!r}{nearest(str(error['loc'][-1]), _known(error['loc'][:-1], root))}"
    return f"{where}: {error['msg']}"


def _known(location: tuple[Any, ...], root: type[BaseModel]) -> list[str]:
    section = root
    for part in location:
        field = section.model_fields.get(str(part))
        kinds = [] if field is None else [field.annotation, *get_args(field.annotation)]
        found = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
        if found is None:
            return []
        section = found
    return list(section.model_fields)

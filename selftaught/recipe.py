"""Recipes: everything a synthesis needs, in TOML, without writing Python.

    method = "self-instruct"
    count = 200
    seeds = "seeds.jsonl"

    [output]
    path = "data.jsonl"
    format = "sft"

Unknown keys are refused with the nearest known one. Paths are relative to the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from selftaught.budget import Budget
from selftaught.taskfile import JudgeChoice, Limits, Model, Section, validated


class JudgeFilter(JudgeChoice):
    """A judge as a filter. `task`: whose fields it takes from the rows; `least`: the score from which a row is kept."""

    task: str = "instruction, input -> output"
    least: float = Field(default=0.5, ge=0, le=1)


class Filters(Section):
    """What the method's rows go through at the end. `novelty`: the highest ROUGE-L F of `field` with an earlier row's."""

    novelty: float | None = Field(default=None, ge=0.1, le=1)
    field: str = "instruction"
    judge: JudgeFilter | None = None


class Output(Section):
    """Where the rows go, and as what; see `Synthesized.save`.

    `split`: part -> share; then a folder of the file's name holds a file for each part. `evaluation`: examples (JSON Lines) that no
    row should contain; what does is reported. `licence`, `title`, `about` and `limits` stand on the data card.
    """

    path: Path
    format: str = "sft"
    rename: dict[str, str] = Field(default_factory=dict)
    conversational: bool = False
    templates: Literal["several"] | list[list[str]] | None = None
    least: float | None = None
    split: dict[str, float] | None = None
    evaluation: Path | None = None
    licence: str = "unknown"
    title: str = ""
    about: str = ""
    limits: list[str] = Field(default_factory=list)


class Recipe(Section):
    """A recipe. `method`: of the catalogue, or `auto` for new examples of `task`; `settings`: its arguments; `seeds`: its first one.

    `executor`: where stages run; `ray` on the cluster of `RAY_ADDRESS`, or on this machine.
    """

    method: str
    seeds: Path | list[str | dict[str, Any]]
    settings: dict[str, Any] = Field(default_factory=dict)
    task: str | None = None
    instruction: str | None = None
    count: int | None = Field(default=None, ge=0)
    seed: int = 0
    lm: Model = Field(default_factory=Model)
    filters: Filters = Field(default_factory=Filters)
    budget: Limits = Field(default_factory=Limits)
    output: Output
    run_dir: Path | None = None
    executor: Literal["here", "ray"] = "here"

    @field_validator("seeds", mode="before")
    @classmethod
    def _a_file_or_a_list(cls, given: Any) -> Any:
        if not isinstance(given, str | Path | list):
            raise ValueError("expected the name of a file or folder, or a list of texts or tables")
        return Path(given) if isinstance(given, str) else given

    def ceiling(self, calls: int | None = None) -> Budget | None:
        """Return the budget, with another ceiling on calls where one is given; None where there is no limit."""
        limits = {**self.budget.model_dump(exclude_none=True), **({} if calls is None else {"calls": calls})}
        return Budget(**limits) if limits else None


def read_recipe(path: str | Path) -> Recipe:
    """Return a validated recipe, its paths resolved.

    Raises:
        SettingError: it cannot be read; the key and the nearest known key are named.
    """
    source = Path(path)
    found = validated(source, Recipe, "recipe")
    if isinstance(found.seeds, Path):
        found.seeds = source.parent / found.seeds
    found.output.path = source.parent / found.output.path
    if found.output.evaluation is not None:
        found.output.evaluation = source.parent / found.output.evaluation
    found.run_dir = source.parent / (found.run_dir or Path("runs") / source.stem)
    return found

"""Instruct-SkillMix (042; Kaur et al., 2024): name skills, mix some at random, write a query that needs them, and improve the answer.

For a small, varied set from a strong model without seeds. Facts go unchecked, and more rows soon add nothing.

1. Skills: those given; those that given instructions need; or topics, then skills of each topic.
2. Draw `mix` different skills for each row, and a kind of query; all kinds come about equally often.
3. Generate: write a query that needs the skills, and an answer.
4. Critique: as the one who asked, name weaknesses and strengths of the answer.
5. Refine: write both again with it. Where critique or refinement fails, what was there before stays.

Departures: (1) The kinds of queries are ours and can be exchanged; the paper asks for them too. (2) Two worked examples of ours
are shown in step 3, and each point of a critique is short: a small model else repeats what it was told, or never ends. (3) An answer
that is cut off is asked for again as another sample, not continued. (4) `shirk` is the paper's negative control: so many rows get a
lazy answer instead of steps 4 and 5. (5) A row that repeats itself without end, or its query as the answer, is dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from selftaught.errors import SettingError
from selftaught.novelty.words import unicode_words
from selftaught.programs.given import texts
from selftaught.programs.normalise import normalise
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step, step_with
from selftaught.programs.synthesis.either import Either
from selftaught.programs.synthesis.noise import repetitive
from selftaught.programs.synthesis.perhaps import Perhaps
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.sequel import Sequel
from selftaught.programs.synthesis.skill_draws import KnownTopics, SkillDraws
from selftaught.programs.synthesis.skill_steps import (
    CRITIQUE,
    EXTRACT,
    GENERATE,
    QUERY_TYPES,
    REFINE,
    SHIRK,
    SHOWN_QUERIES,
    SKILLS,
    TOPICS,
)
from selftaught.programs.synthesis.stages import Change, Distinct, Keep, Made, Rows, Source
from selftaught.programs.vote.decline import share
from selftaught.registry import method


@method(42, "instruct-skillmix", family="synthesis")
class InstructSkillMix(Sequel):
    """Mix skills into queries, and answer them.

    Rows hold `instruction`, `input` (empty), `output`, `skills` and `query_type`.

    Args:
        skills: names of skills; without any, they are found first, and kept in the folder `first` of a `run_dir`.
        instructions: from which skills are taken, where none are given; without, topics are asked for.
        wanted: skills that are found by topics.
        mix: different skills in a row.
        query_types: kinds of queries, each in a few words.
        shirk: the share of rows, from 0 to 1, that get a lazy answer, as a negative control.
        batch: rows begun a round.
        temperature: of the queries, and of topics and skills.

    Raises:
        SettingError: fewer skills than are mixed, or a setting that is none.
    """

    def __init__(
        self, skills: Sequence[str] = (), *, instructions: Sequence[str] = (), wanted: int = 64, mix: int = 2,
        query_types: Sequence[str] = QUERY_TYPES, shirk: float = 0.0, batch: int = 16, temperature: float = 0.7,
    ) -> None:  # fmt: skip
        given = [Row({"skill": one}) for one in dict.fromkeys(texts("skills", skills))]
        self.mix, self.shirk, self.batch = at_least("mix", mix, 1), share("shirk", shirk), at_least("batch", batch, 1)
        self.query_types = texts("query_types", query_types)
        if not self.query_types or (given and len(given) < self.mix):
            raise SettingError(f"skills: {len(given)} different ones, mix={mix!r}, query_types={len(self.query_types)}: expected enough to draw from.")  # fmt: skip
        read = {"query": "instruction", "response": "output"}
        careful = Perhaps(
            [Made(Step(CRITIQUE), rename=read, name="critique"), Made(Step(REFINE), rename=read, name="refine")], "improve"
        )
        lazy = {"low": Made(Step(SHIRK), rename=read, name="shirk")} if shirk else {}
        parts = [
            Made(step_with(GENERATE, SHOWN_QUERIES), temperature=temperature, name="generate"),  # 3
            Either("effort", {"high": careful, **lazy}, "improve"),  # 4, 5
            Keep(unusable, "usable"), Change(tidied, "tidy"),
        ]  # fmt: skip
        first = None if given else skills_of(instructions, temperature)  # 1
        by_topics = not given and not instructions
        super().__init__(
            first, parts, wanted=at_least("wanted", wanted, self.mix) if by_topics else None, given=given, name="skills"
        )

    def begun(self, rows: Sequence[Row]) -> tuple[Source, Sequence[Row]]:
        """Draw from the skills."""
        return SkillDraws(rows, self.query_types, self.mix, self.batch, self.shirk), []


def skills_of(instructions: Sequence[str], temperature: float) -> Pipeline:
    """Return the pipeline that finds skills: in instructions, or by topics."""
    if instructions:
        source: Source = Rows([{"instruction": one} for one in texts("instructions", instructions)], name="instructions")
        return Pipeline(source, [Made(Step(EXTRACT), split="needs", rename={"needs": "skill"}, name="extract"), *named("skill")])
    topics = [
        Made(Step(TOPICS), split="topics", rename={"topics": "topic"}, temperature=temperature, name="topics"),
        *named("topic"),
    ]
    skills = [
        Made(Step(SKILLS), split="needs", rename={"needs": "skill"}, temperature=temperature, name="skills"),
        *named("skill"),
    ]
    return Pipeline(KnownTopics(), [*topics, *skills])


def unusable(row: Row) -> str:
    """Return why a row cannot be used, or an empty text: half of it is missing, or says the same again."""
    query, answer = str(row["instruction"]), str(row["output"])
    if missing := [name for name, text in (("instruction", query), ("output", answer)) if not text.strip()]:
        return f"no {missing[0]}"
    if normalise(query) == normalise(answer):
        return "the output repeats the instruction"
    return "repeats itself" if any(repetitive(unicode_words(text)) for text in (query, answer)) else ""


def tidied(row: Row) -> Row:
    """Return a row as it comes out."""
    return row.without("effort", "weaknesses", "strengths").with_values(input="")


def named(field: str) -> list[Any]:
    return [Keep(lambda row: bool(str(row[field]).strip()), f"{field} name"), Distinct(field, name=f"new {field}")]

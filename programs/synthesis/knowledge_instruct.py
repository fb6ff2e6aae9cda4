"""Knowledge-Instruct (024; Ovadia, Brief et al., 2025), its data: a small collection as single facts, each said in several ways.

For documents that a chat model shall know by heart without forgetting how to chat. Errors of extraction are learned too, and
facts that are learned one by one hang together badly; where facts change, retrieve.

1. Name the entities of each piece that are worth knowing.
2. List all facts about each.
3. Write each fact so that it stands alone: it names its entity, keeps time and place, and does not begin with a pronoun. A
   judge drops what the piece does not say.
4. Drop repetitions of a fact about the same entity.
5. Write `paraphrases` wordings of each fact.
6. Pair each wording with an instruction that asks for it, from templates that take turns.

Departures: (1) each step is a call for one entity or fact, so that one that fails is missing alone. (2) The instructions are
templates.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import dspy
from pydantic import Field

from selftaught.errors import SettingError
from selftaught.programs.given import listed
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.verify import Verify
from selftaught.programs.sampling import at_least
from selftaught.programs.step import Step
from selftaught.programs.synthesis.documents import PIECE, Documents, Given
from selftaught.programs.synthesis.documents_rules import names, unnamed
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.stages import Change, Distinct, Judged, Keep, Made
from selftaught.registry import method
from selftaught.signatures import Task

MOST_ENTITIES, MOST_FACTS = 6, 6
LONGEST_FACT = 300


@method(24, "knowledge-instruct", family="synthesis", missing="training on the rows")
class KnowledgeInstruct(Pipeline):
    """Make instructions from the facts of documents.

    Rows hold `instruction`, `output`, `entity`, `fact` (standing alone), `fact_id`, `paraphrase` (its number), `document` and
    `piece`.

    Args:
        documents: texts, or dictionaries with a `text` and perhaps an `id`, a `title` and more.
        paraphrases: wordings of each fact.
        templates: instructions with `{entity}`; ours by default.
        support: judges whether the `text` says the `fact`; a verifier by default.
        piece: characters of a piece, at most.
        temperature: of the wordings.
        batch: pieces a round.

    Raises:
        SettingError: no document, or a setting that is none.
    """

    def __init__(
        self, documents: Given, *, paraphrases: int = 3, templates: Sequence[str] | None = None, support: Judge | None = None,
        piece: int = PIECE, temperature: float = 0.7, batch: int = 32,
    ) -> None:  # fmt: skip
        self.templates = listed("templates", TEMPLATES if templates is None else templates, str, "texts")
        if not self.templates or not all("{entity}" in one for one in self.templates):
            raise SettingError(f"templates={self.templates}: expected at least one text, each with {{entity}}.")
        wordings = Step(rewording(at_least("paraphrases", paraphrases, 1)))
        super().__init__(
            Documents(documents, piece=piece, batch=batch),
            [
                Made(Step(ENTITIES), split="entities", rename={"entities": "entity"}, name="entities"),  # 1
                Keep(lambda row: names(row["text"], row["entity"]), "not in the text"),
                Distinct("document", "piece", "entity"),
                Made(Step(FACTS), split="facts", rename={"facts": "said"}, name="facts"),  # 2
                Made(Step(STANDALONE), name="standalone"),  # 3
                Keep(lambda row: unnamed(row["fact"], row["entity"]), "stands alone"),
                Judged(support or Verify(SAYS, both_ways=False), name="support"),
                Distinct("entity", "fact", name="repeated"),  # 4
                Made(wordings, split="wordings", rename={"wordings": "output"}, temperature=temperature, name="paraphrase"),  # 5
                Change(self.instructed, "form"),  # 6
            ],
        )

    def instructed(self, row: Row) -> Row:
        """Return a row with its instruction and what it can be traced by."""
        fact = Row({"document": row["document"], "entity": row["entity"], "fact": row["fact"]}).id
        number = row.origin.place[-1]
        template = self.templates[(int(fact, 16) + number) % len(self.templates)]
        told = {"instruction": template.replace("{entity}", row["entity"]), "fact_id": fact, "paraphrase": number}
        return row.without("text", "said", "pass").with_values(**told)


def rewording(count: int) -> Task:
    """Return the signature of a paraphraser: `fact` -> so many `wordings`."""
    return dspy.make_signature(
        {
            "entity": (str, dspy.InputField(desc="what the fact is about")), "fact": (str, dspy.InputField()),
            "wordings": (list[_FACT], dspy.OutputField(desc=f"{count} different sentences", min_length=count, max_length=count)),
        },
        SAY_IT_DIFFERENTLY, "Paraphrase",
    )  # fmt: skip


_FACT = Annotated[str, Field(max_length=LONGEST_FACT)]
_TEXT: Any = dspy.InputField()
_ENTITY: Any = dspy.InputField(desc="what the facts are about")
SAY_IT_DIFFERENTLY = "Say the fact in other words. Every sentence names what it is about and says all of the fact."
ENTITIES = dspy.make_signature(
    {
        "text": (str, _TEXT),
        "entities": (list[Annotated[str, Field(max_length=80)]],
            dspy.OutputField(desc="names, as the text writes them", min_length=1, max_length=MOST_ENTITIES)),
    },
    "Name the persons, things, places and terms that somebody should know after reading the text.", "Entities",
)  # fmt: skip
FACTS = dspy.make_signature(
    {
        "text": (str, _TEXT), "entity": (str, _ENTITY),
        "facts": (list[_FACT], dspy.OutputField(desc="one short sentence each", max_length=MOST_FACTS)),
    },
    "List every single fact that the text tells about the entity.", "Facts",
)  # fmt: skip
STANDALONE = dspy.make_signature(
    {
        "text": (str, _TEXT), "entity": (str, _ENTITY), "said": (str, dspy.InputField(desc="a fact from the text")),
        "fact": (str, dspy.OutputField(desc="the same fact, with the name of the entity", max_length=LONGEST_FACT)),
    },
    "Write the fact so that somebody who does not have the text understands it: names instead of pronouns, and when and where "
    "it holds.",
    "Standalone",
)  # fmt: skip
SAYS = dspy.make_signature(
    {"text": (str, _TEXT), "entity": (str, _ENTITY), "fact": (str, dspy.OutputField(max_length=LONGEST_FACT))},
    "Tell something about the entity that the text says.", "Says",
)  # fmt: skip
TEMPLATES = (
    "What do you know about {entity}?",
    "Tell me something about {entity}.",
    "Give me a fact about {entity}.",
    "What can be said of {entity}?",
    "Share what you have learned about {entity}.",
)

"""What must hold of the catalogue's data, whatever reads it: 201 entries, closed vocabularies, and honest, short advice."""

import importlib.resources
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

ENTRIES_EXPECTED = 201

KINDS = {
    "program", "judge", "optimizer", "data", "training", "diagnostic", "whitebox", "multimodal", "embodied", "survey",
}  # fmt: skip

FAMILIES = {
    "refine", "reflect", "vote", "verify", "search", "decompose", "plan", "route", "retrieve", "dialogue", "agent",
    "judge", "synthesis", "diagnose", "instructions", "demonstrations", "self-training", "curriculum", "internals",
}  # fmt: skip

NEEDS = {
    "lm", "logprobs", "prefill", "model internals", "weights", "code sandbox", "environment", "retriever", "embeddings",
    "documents", "gold answers", "verifier", "reward model", "human labels", "images", "audio",
}  # fmt: skip

FIELDS: dict[str, Any] = {
    "number": int, "slug": str, "title": str, "paper": str, "authors": str, "year": int, "arxiv": str | None,
    "arxiv_verified": bool, "kind": str, "also": list, "family": str, "families": list, "needs": list, "use_when": str,
}  # fmt: skip

# Our own working notes and places on our machines, which no user should meet.
NOT_FOR_USERS = re.compile(r"\bcards?\b|unverified|recalled|(?:^|\s)(?:/|~/|[A-Z]:\\)\w+[/\\]", re.IGNORECASE)

Entry = dict[str, Any]


def source() -> str:
    """The file as text, found as an installed package finds it."""
    return (importlib.resources.files("selftaught.bundled") / "catalogue.json").read_text(encoding="utf-8")


ENTRIES: list[Entry] = json.loads(source())


def values(field: str) -> list[Any]:
    """The given field of every entry, in the order of the file."""
    return [entry[field] for entry in ENTRIES]


def texts(entry: Entry) -> list[str]:
    """Every string of an entry, those inside its lists too."""
    flat = [item for value in entry.values() for item in (value if isinstance(value, list) else [value])]
    return [item for item in flat if isinstance(item, str)]


def breaking(rule: Callable[[Entry], bool]) -> list[str]:
    """The entries that break the rule, by the names a reader of the failure can look up."""
    return [f"{entry['number']} {entry['slug']}" for entry in ENTRIES if not rule(entry)]


def is_of_type(value: Any, kind: Any) -> bool:
    """Whether a JSON value has the type, where true and false are not numbers."""
    return isinstance(value, kind) and not (kind is int and isinstance(value, bool))


def test_numbers_are_complete_and_in_order() -> None:
    assert values("number") == list(range(1, ENTRIES_EXPECTED + 1))


@pytest.mark.parametrize("field", ["slug", "title", "paper", "use_when"])
def test_no_two_entries_share(field: str) -> None:
    assert len(set(values(field))) == ENTRIES_EXPECTED


def test_known_arxiv_ids_are_unique() -> None:
    known = [arxiv for arxiv in values("arxiv") if arxiv is not None]
    assert len(set(known)) == len(known)


def test_one_entry_stands_on_each_line() -> None:
    """So that a change to one entry is one line of a diff."""
    first, *lines, last = source().splitlines()
    assert (first, last) == ("[", "]")
    assert [json.loads(line.removesuffix(",")) for line in lines] == ENTRIES


@pytest.mark.parametrize(("field", "vocabulary"), [("kind", KINDS), ("family", FAMILIES)])
def test_every_word_of_a_vocabulary_is_used_and_no_other(field: str, vocabulary: set[str]) -> None:
    assert set(values(field)) == vocabulary


def test_every_need_is_used_and_no_other() -> None:
    assert {need for needs in values("needs") for need in needs} == NEEDS


def test_fields_stand_in_one_order() -> None:
    assert breaking(lambda entry: list(entry) == list(FIELDS)) == []


@pytest.mark.parametrize("field", FIELDS)
def test_field_has_its_type(field: str) -> None:
    assert breaking(lambda entry: is_of_type(entry[field], FIELDS[field])) == []


@pytest.mark.parametrize("field", ["also", "families", "needs"])
def test_list_holds_distinct_words(field: str) -> None:
    assert breaking(lambda entry: all(isinstance(word, str) and word for word in entry[field])) == []
    assert breaking(lambda entry: len(set(entry[field])) == len(entry[field])) == []


def test_slugs_are_fit_for_a_command_line() -> None:
    assert breaking(lambda entry: re.fullmatch(r"[a-z0-9-]+", entry["slug"]) is not None) == []


def test_years_are_plausible() -> None:
    assert breaking(lambda entry: 2010 <= entry["year"] <= 2026) == []


def test_arxiv_ids_are_well_formed_and_fit_the_year() -> None:
    """A paper appears in the year of its preprint or in the next."""

    def rule(entry: Entry) -> bool:
        if entry["arxiv"] is None:
            return True
        match = re.fullmatch(r"(\d{2})(0[1-9]|1[0-2])\.\d{4,5}", entry["arxiv"])
        return match is not None and entry["year"] - (2000 + int(match[1])) in (0, 1)

    assert breaking(rule) == []


def test_only_a_known_arxiv_id_counts_as_verified() -> None:
    assert breaking(lambda entry: entry["arxiv"] is not None or not entry["arxiv_verified"]) == []


def test_also_names_other_kinds() -> None:
    assert breaking(lambda entry: set(entry["also"]) <= KINDS - {entry["kind"]}) == []


def test_training_needs_weights() -> None:
    assert breaking(lambda entry: entry["kind"] != "training" or "weights" in entry["needs"]) == []


def test_only_a_survey_needs_nothing() -> None:
    assert breaking(lambda entry: bool(entry["needs"]) or entry["kind"] == "survey") == []


def test_every_entry_keeps_its_own_families() -> None:
    assert breaking(lambda entry: bool(entry["families"])) == []


def test_titles_are_short() -> None:
    assert breaking(lambda entry: 0 < len(entry["title"]) <= 60) == []


def test_advice_is_one_short_sentence() -> None:
    assert breaking(lambda entry: 20 <= len(entry["use_when"]) <= 160) == []
    assert breaking(lambda entry: entry["use_when"].endswith(".")) == []
    assert breaking(lambda entry: re.search(r"[.!?]\s", entry["use_when"]) is None) == []


def test_texts_have_no_stray_space() -> None:
    assert breaking(lambda entry: all(text == " ".join(text.split()) for text in texts(entry))) == []


def test_texts_are_meant_for_users() -> None:
    assert breaking(lambda entry: not any(NOT_FOR_USERS.search(text) for text in texts(entry))) == []

"""InstructCTG: what comes out is true of its text, held-out kinds never come, wordings and demonstrations differ."""

import random

import pytest

from selftaught.errors import SettingError
from selftaught.programs.judge.constraints import compatible, constraint
from selftaught.programs.synthesis.found_constraints import GROUPS, Finder
from selftaught.programs.synthesis.instruct_ctg import WORDINGS, InstructCTG
from selftaught.testing import SynthesisContract
from tests.programs.synthesis.instruct_scripts import by_fields, made

TEXTS = [
    "The harbour was quiet this morning, and the gulls slept on the warm roofs of the market.",
    "Mix flour with water and a little salt. Knead it well. Let it rest for an hour.",
    "here everything is written small and nothing is ever written large",
    "* carry the lantern\n* carry the ladder\n* carry the rope",
    '{"river": "Danube", "length": 2850}',
    "A short one.",
    "The harbour master counted nine boats, eleven nets and one very old bicycle before breakfast.",
    "Salt the water first. Boil the noodles. Drain them well and serve them.",
]
SCRIPT = by_fields({"topic": "daily life.", "tone": "neutral"}, {"fulfilled": "yes"})


class TestInstructCTG(SynthesisContract):
    method = "instruct-ctg"
    count = None

    def make(self):
        return InstructCTG(TEXTS, batch=3)

    def script(self, messages, **settings):
        return SCRIPT(messages, **settings)


def rows(script=SCRIPT, texts=TEXTS, seed=0, **settings):
    return made(InstructCTG(texts, **settings), script, None, seed=seed)[0].rows


@pytest.mark.parametrize("seed", range(5))
def test_every_text_passes_every_constraint_of_its_row_and_they_agree(seed):
    for row in rows(seed=seed):
        chosen = [constraint(**one) for one in row["constraints"]]
        assert chosen
        assert all(one.check(row["output"]) for one in chosen)
        assert compatible(chosen)
        assert all(one.describe() in row["instruction"] for one in chosen)
        assert set(row.values) == {"instruction", "input", "output", "constraints", "requirements"}


@pytest.mark.parametrize(
    "held_out", [["length"], ["keywords:existence"], ["punctuation:no_comma", "topic"], ["forbidden", "ending", "tone"]]
)
def test_what_is_held_out_never_occurs(held_out):
    for seed in range(3):
        for row in rows(seed=seed, held_out=held_out, shown_share=1.0, most=6):
            assert not {one["kind"] for one in row["constraints"]} & set(held_out)
            assert "length" not in held_out or not any(one["kind"].endswith("number_words") for one in row["constraints"])
            assert "keywords:existence" not in held_out or "Use each of these words" not in row["instruction"]
            assert "topic" not in held_out or "Write about" not in row["instruction"]
            assert "tone" not in held_out or "tone" not in row["instruction"]


def test_bounds_of_a_length_hold_the_true_length_and_come_together():
    found = Finder(TEXTS).find(TEXTS[0], random.Random(0))["length"]
    least, most = (one.arguments["num_words"] for one in found)
    assert least < len(TEXTS[0].split()) < most
    lengths = [one for row in rows(most=6) for one in row["constraints"] if one["kind"].endswith("number_words")]
    assert len([one for one in lengths if one["relation"] == "at least"]) == len(
        [one for one in lengths if one["relation"] == "at most"]
    )


def test_groups_are_found_where_they_are():
    finder, draws = Finder(TEXTS), random.Random(1)
    found = {place: finder.find(text, draws) for place, text in enumerate(TEXTS)}
    assert set(found[0]) <= set(GROUPS)
    assert [one.kind for one in found[2]["letters"]] == ["change_case:english_lowercase", "punctuation:no_comma"]
    assert found[3]["bullets"][0].arguments["num_bullets"] == 3
    assert found[4]["format"][0].kind == "detectable_format:json_format"
    assert found[1]["sentences"][0].arguments["num_sentences"] == 3
    assert "ending" not in found[5]
    assert all(word not in TEXTS[0].lower() for word in found[0]["forbidden"][0].arguments["forbidden_words"])


def test_wordings_vary_and_demonstrations_carry_their_own_instruction():
    instructions = [row["instruction"] for seed in range(6) for row in rows(seed=seed, shown_share=0.0)]
    openings = [wording(["@"]).split("@")[0] for wording in WORDINGS]
    assert sum(any(one.startswith(opening) for one in instructions) for opening in openings if opening) >= 3
    shown = [row for row in rows(shown_share=1.0, most=1) if "---" in row["instruction"]]
    assert shown
    for row in shown:
        *demonstrations, _ = row["instruction"].split("\n\n---\n\n")
        assert 1 <= len(demonstrations) <= 2
        for one in demonstrations:
            assert any(text in one for text in TEXTS if text != row["output"])
            assert row["output"] not in one


def test_what_a_model_says_counts_only_where_it_confirms_it():
    kept = rows(texts=TEXTS[:2])
    assert all("Write about daily life." in row["instruction"] and "tone neutral" in row["instruction"] for row in kept)
    refused = rows(by_fields({"topic": "daily life", "tone": "sad"}, {"fulfilled": "no"}), TEXTS[:2])
    assert not any("daily life" in row["instruction"] or "sad" in row["instruction"] for row in refused)
    found, lm = made(InstructCTG(TEXTS, semantic=False), SCRIPT, None)
    assert (len(found), lm.calls) == (len(TEXTS), 0)


def test_texts_are_needed():
    with pytest.raises(SettingError):
        InstructCTG([" "])

"""Tasks born in several languages: pools that never mix, languages that are checked, seeds that are translated once."""

import json
import re

import pytest

from selftaught.budget import Budget
from selftaught.errors import SettingError
from selftaught.novelty import NoveltyFilter
from selftaught.programs.synthesis.multilingual import Multilingual
from selftaught.programs.synthesis.translation import translation
from selftaught.testing import SynthesisContract
from tests.programs.synthesis.instruct_scripts import by_fields, made, said

SEEDS = [{"instruction": f"Tell me about the thing {i} please", "output": f"It is the thing {i}."} for i in range(3)]
SAYS = {"German": "de", "French": "fr", "Japanese": "ja"}


def tongue(messages):
    return SAYS[re.search(r"(?:language|tongue): (\w+)", said(messages))[1]]


def identify(text):
    """Tell the language of a scripted text, in which every word ends in its code."""
    return text.split()[-1][-2:]


def spoken(messages, number, **_):
    return " ".join(f"{letter}{number}{tongue(messages)}" for letter in "pqrst")


SCRIPT = by_fields(
    {"translation": lambda messages, number, **_: spoken(messages, number)},
    {"edited": lambda messages, number, **_: "edited " + spoken(messages, number)},
    {"instruction": spoken, "input": "", "output": "so it is"},
)


def several(**settings):
    return Multilingual(SEEDS, **{"languages": ["de", "fr"], "identify": identify, "batch": 4, **settings})


class TestPolyLM(SynthesisContract):
    method = "polylm"

    def make(self):
        return several()

    def script(self, messages, **settings):
        return SCRIPT(messages, **settings)


class TestJapanese(SynthesisContract):
    method = "japanese-self-instruct"

    def make(self):
        return several(languages=["ja"], edit=True)

    def script(self, messages, **settings):
        return SCRIPT(messages, **settings)


def test_pools_never_mix_and_each_row_is_in_its_language():
    seen = []

    def script(messages, **settings):
        if "examples" in said(messages):
            seen.append(said(messages))
        return SCRIPT(messages, **settings)

    found, _ = made(several(), script, 12)
    assert {row["language"] for row in found.rows} == {"de", "fr"}
    assert all(identify(row["instruction"]) == row["language"] for row in found.rows)
    for prompt in seen:
        codes = {one[-2:] for one in re.findall(r"\bp\d+(?:de|fr)\b", prompt)}
        assert len(codes) == 1
    assert all(set(row.values) == {"instruction", "input", "output", "language"} for row in found.rows)


def test_a_task_in_another_language_never_enters_a_pool():
    def script(messages, **settings):
        answer = SCRIPT(messages, **settings)
        if "instruction" in answer and tongue(messages) == "fr":
            answer["instruction"] = answer["instruction"].replace("fr", "en")
        return answer

    found, _ = made(several(), script, 4)
    assert {row["language"] for row in found.rows} == {"de"}
    assert ("language", "not in French") in found.rejected


def test_the_same_words_are_new_in_another_language_and_no_row_is_a_translated_seed():
    def script(messages, **settings):
        if "examples" in said(messages):  # always the same words, with one of the language
            return {"instruction": f"one two three four five six {tongue(messages)}", "input": "", "output": "x"}
        return SCRIPT(messages, **settings)

    found, _ = made(several(), script, 3, patience=2)
    assert sorted(row["language"] for row in found.rows) == ["de", "fr"]

    def parrot(messages, **settings):
        text = said(messages)
        if "examples" in text:
            return {"instruction": re.search(r"instruction: (p[^\"\n\\]*)", text)[1], "input": "", "output": "x"}
        return SCRIPT(messages, **settings)

    assert not made(several(), parrot, 3, patience=2)[0].rows


def test_seeds_are_translated_once_and_can_be_read_and_mended(tmp_path):
    found, lm = made(several(), SCRIPT, 2, run_dir=tmp_path / "run")
    first = [json.loads(line)["values"] for line in (tmp_path / "run" / "first" / "rows.jsonl").read_text().splitlines()]
    assert [(one["language"], sorted(one)) for one in first] == [
        (code, ["instruction", "language", "output"]) for code in ("de", "fr") for _ in SEEDS
    ]
    assert found.usage.calls == lm.calls
    _, more = made(several(), SCRIPT, 4, run_dir=tmp_path / "run")
    assert not any("Translate the text" in str(one) for one in more.requests)
    mended, rest = made(
        Multilingual([one for one in first if one["language"] == "de"], languages=["de"], identify=identify), SCRIPT, 1
    )
    assert mended.rows
    assert not any("Translate the text" in str(one) for one in rest.requests)


def test_a_budget_that_ends_among_the_seeds_brings_nothing_yet(tmp_path):
    found, lm = made(several(), SCRIPT, 2, run_dir=tmp_path / "run", budget=Budget(calls=3))
    assert not found.rows
    assert found.ended.startswith("the budget ended")
    whole, all_calls = made(several(), SCRIPT, 2)
    rest, more = made(several(), SCRIPT, 2, run_dir=tmp_path / "run")
    assert rest.rows == whole.rows
    assert lm.calls + more.calls == all_calls.calls


def test_no_translated_seed_is_nothing_to_begin_from():
    found, _ = made(several(identify=lambda text: None), SCRIPT, 2, patience=2)
    assert not found.rows
    assert found.ended.startswith("nothing to begin from")
    assert ("seed language", "not in German") in found.rejected


def test_japanese_is_compared_by_characters():
    compared = NoveltyFilter(0.7, unicode=True)
    assert compared.add("春の短い詩を書いてください")
    assert not compared.add("春の短い詩を書いて下さい")


def test_translations_can_be_run_alone_and_languages_are_checked():
    assert len(made(translation(SEEDS, ["de"], identify=identify), SCRIPT, None)[0].rows) == 3
    with pytest.raises(SettingError, match="not known"):
        Multilingual(SEEDS, languages=["xx"])
    with pytest.raises(SettingError, match="at least one code"):
        Multilingual(SEEDS, languages=[])


def test_the_detector_knows_real_languages():
    pytest.importorskip("langdetect")
    found, _ = made(
        translation(SEEDS[:1], ["de"]), by_fields({"translation": "Schreibe bitte einen kurzen Text über den Herbst."}), None
    )
    assert len(found.rows) == 1

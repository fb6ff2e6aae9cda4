"""Curation: the scorer learns what the model likes, and exactly the worst share goes."""

import random

import pytest

from selftaught.errors import SettingError
from selftaught.programs.synthesis.curate import Curate
from selftaught.programs.synthesis.scorer import Scorer
from selftaught.testing import SynthesisContract, answer_fields
from tests.programs.synthesis.scripts import run

DRAWS = random.Random(0)
GOOD = [f"def add_{name}(first, second):\n    return first + second  # adds {name}\n" for name in "abcdefghijklmnopqrstuvwxyz"]
JUNK = [f"x = [{', '.join(str(DRAWS.randrange(10**6)) for _ in range(12))}]\n" for _ in range(14)]


def likes_functions(messages, **settings):
    text = str(messages[-1]["content"])
    return {"reasons": "Because.", "score": 9 if "return" in text else 1} if "score" in answer_fields(messages) else {}


class TestCurate(SynthesisContract):
    method, count = "seed-coder", None

    def make(self):
        return Curate([*GOOD, *JUNK], language="python", sample=6)

    def script(self, messages, **settings):
        return likes_functions(messages, **settings)


def mixed():
    texts = [*GOOD, *JUNK]
    random.Random(1).shuffle(texts)
    return texts


@pytest.mark.parametrize("drop", [0.0, 0.1, 0.35, 0.5])
def test_the_dropped_share_is_exact_and_is_the_junk(drop):
    found, lm = run(Curate(mixed(), sample=20, drop=drop), likes_functions)
    dropped = int(drop * 40 + 1e-9)
    assert len(found.rows) == 40 - dropped
    assert lm.calls == 20
    kept = {row["text"] for row in found.rows}
    assert len(kept - set(JUNK)) >= min(26, 40 - dropped) - 1
    assert sum(one in kept for one in GOOD) >= 25 if drop <= 0.35 else True


def test_the_scorer_reports_how_well_it_orders_what_it_did_not_see():
    pipeline = Curate(mixed(), sample=40)
    run(pipeline, likes_functions)
    found = pipeline.scorer.correlation
    assert found.value > 0.7
    assert found.low < found.value if hasattr(found, "low") else found.interval
    assert Scorer().correlation is None
    assert Scorer.fitted(["a", "b"], [0.1, 0.9]).correlation.value is None


def test_scores_do_not_depend_on_layout_and_little_on_names():
    scorer = Scorer.fitted([*GOOD, *JUNK], [0.9] * len(GOOD) + [0.1] * len(JUNK))
    text = GOOD[0]
    assert scorer([text.replace("    ", "\t").replace("\n", "\n\n  ")]) == pytest.approx(scorer([text]))
    assert scorer([text.replace("first", "left")])[0] == pytest.approx(scorer([text])[0], abs=0.15)


def test_the_rules_alone_are_one_switch():
    found, lm = run(
        Curate([*mixed(), "short", GOOD[0], "def broken(:\n    pass and some more"], language="python", scored=False),
        likes_functions,
    )
    assert lm.calls == 0
    assert len(found.rows) == 40
    assert found.rejected == {
        ("distinct", "repeats an earlier row"): 1,
        ("rules", "too short"): 1,
        ("rules", "does not parse"): 1,
    }


def test_scores_are_compared_within_a_kind():
    texts = [{"text": one, "language": "a"} for one in GOOD] + [{"text": one, "language": "b"} for one in JUNK]
    found, _ = run(Curate(texts, sample=40, drop=0.5, by="language"), likes_functions)
    kept = [row["language"] for row in found.rows]
    assert abs(kept.count("b") - 7) <= 1  # not all of what the model likes less


def test_a_model_that_cannot_score_keeps_nothing_and_says_so():
    found, _ = run(Curate(mixed(), sample=5), lambda messages, **settings: "garbage")
    assert not found.rows
    assert found.ended.startswith("nothing to begin from")


@pytest.mark.parametrize("settings", [{"drop": 1.0}, {"drop": -0.1}, {"language": "rust"}, {"sample": 0}])
def test_settings_that_are_none_are_refused(settings):
    with pytest.raises(SettingError):
        Curate(mixed(), **settings)

"""AbsInstruct: the vote, the filters, the balanced choice of the most plausible, and twins."""

import random
import zlib

import pytest

from selftaught.errors import SettingError
from selftaught.novelty import NoveltyFilter
from selftaught.programs.synthesis import Row
from selftaught.programs.synthesis.abs_instruct import AbsInstruct
from selftaught.programs.synthesis.explanations import MostPlausible
from selftaught.testing import SynthesisContract
from tests.programs.synthesis.scripts import answering, run

PAIRS = [
    {"instance": f"thing{number}", "concept": f"class{number}", "label": "yes" if number % 2 else "no", "kind": "noun" if number < 12 else "verb"}
    for number in range(20)
]  # fmt: skip


def value(text, name):
    return next(line for line in text.splitlines() if name in line).partition(f"{name}: ")[2]


def right(text, number):
    return "yes" if int(value(text, "Instance").removeprefix("thing")) % 2 else "no"


def words(text, number):
    return " ".join(f"v{random.Random(f'{number} {place}').randrange(10**6)}" for place in range(8))


def explaining(**more):
    fields = {
        "instance_meaning": lambda text, number: f"The {value(text, 'Instance')} means {words(text, number)}",
        "concept_meaning": lambda text, number: f"The {value(text, 'Concept')} means {words(text, number + 1)}",
        "relation": lambda text, number: f"They relate by {words(text, number + 2)}",
        "verdict": right, "correct": True,
    }  # fmt: skip
    return answering(**{**fields, **more})


class TestAbsInstruct(SynthesisContract):
    method = "absinstruct"

    def make(self):
        return AbsInstruct(PAIRS, batch=10)

    def script(self, messages, **settings):
        return explaining()(messages, **settings)


def plausible(row):
    return zlib.crc32(row["explanation"].encode()) % 1000 / 1000


def test_every_explanation_has_its_bare_twin_and_labels_are_balanced():
    found, _ = run(AbsInstruct(PAIRS, per_kind=8, plausible=plausible), explaining())
    explained, direct = found.rows[::2], found.rows[1::2]
    assert len(explained) == 8 + 8
    for one, twin in zip(explained, direct, strict=True):
        assert (one["form"], twin["form"]) == ("explained", "direct")
        assert one["input"] == twin["input"]
        assert one["output"].endswith(twin["output"])
        assert twin["output"].lower() == twin["label"]
    for kind in ("noun", "verb"):
        labels = [row["label"] for row in explained if row["kind"] == kind]
        assert labels.count("yes") == labels.count("no") == 4


def test_the_most_plausible_of_a_cell_are_taken():
    seen = {}

    def scored(row):
        seen[row["case"]] = (row["kind"], row["label"], plausible(row))
        return plausible(row)

    found, _ = run(AbsInstruct(PAIRS, per_kind=6, plausible=scored), explaining())
    taken = {row["input"] for row in found.rows}
    for cell in {one[:2] for one in seen.values()}:
        inside = [score for case, (*where, score) in seen.items() if tuple(where) == cell and case in taken]
        outside = [score for case, (*where, score) in seen.items() if tuple(where) == cell and case not in taken]
        assert len(inside) == 3
        assert min(inside) >= max(outside, default=0.0)


def test_no_two_chosen_explanations_are_alike():
    same = explaining(
        instance_meaning=lambda text, number: f"{value(text, 'Instance')} is a thing that one can see and touch every single day"
    )
    same_all = explaining(
        instance_meaning=lambda text, number: f"The {value(text, 'Instance')} is a thing that one can see",
        concept_meaning=lambda text, number: f"The {value(text, 'Concept')} is a class that one can name", relation="The one has all that makes the other.",
    )  # fmt: skip
    found, _ = run(AbsInstruct(PAIRS, plausible=plausible), same)
    texts = [row["output"].rpartition("\n")[0] for row in found.rows if row["form"] == "explained"]
    assert len(texts) > 2
    assert all(NoveltyFilter(0.7).filter(texts))
    found, _ = run(AbsInstruct(PAIRS, plausible=plausible), same_all)
    assert len(found.rows) <= 2
    assert ("most plausible", "like a more plausible one") in found.rejected


def test_candidates_with_another_label_or_a_missing_part_are_dropped():
    wrong = explaining(verdict=lambda text, number: "no")
    found, _ = run(AbsInstruct(PAIRS, plausible=plausible), wrong)
    assert found.rejected["another label", "another label"] == 10
    assert not found.rows  # nothing of the other label is left to balance
    found, _ = run(AbsInstruct(PAIRS, plausible=plausible), explaining(relation="No."))
    assert set(found.rejected) == {("parts", "a part is missing or bland")}
    found, _ = run(AbsInstruct(PAIRS, plausible=plausible), explaining(concept_meaning="It is a class of its own."))
    assert set(found.rejected) == {("parts", "does not name what it explains")}


def test_the_label_of_most_samples_counts():
    def mostly(text, number):
        mostly.calls += 1
        return right(text, number) if mostly.calls % 3 else {"yes": "no", "no": "yes"}[right(text, number)]

    mostly.calls = 0
    found, lm = run(AbsInstruct(PAIRS, plausible=plausible, samples=3), explaining(verdict=mostly), concurrency=1)
    assert ("another label", "another label") not in found.rejected
    assert lm.calls == 60


def test_a_judge_is_the_plausibility_by_default():
    found, lm = run(AbsInstruct(PAIRS, samples=1), explaining(correct=lambda text, number: number % 2 == 0))
    assert lm.calls == 40
    assert found.rows


def test_the_gate_remembers_what_it_took():
    gate = MostPlausible(1, 0.7)
    rows = [
        Row({"explanation": words("", number), "kind": "", "label": label}, scores={"plausibility": 0.5})
        for number, label in enumerate(["yes", "no", "yes", "no"])
    ]
    assert list(gate.decide(rows[:2])) == ["", ""]
    assert list(gate.decide(rows[2:])) == ["less plausible"] * 2
    assert MostPlausible(1, 0.7).admit(rows[0]) == "no match of the other label"


@pytest.mark.parametrize("pairs", [[{"instance": "a", "concept": "b"}], [{"instance": "a", "concept": "", "label": "yes"}], [{"instance": "a", "concept": "b", "label": "maybe"}], []])  # fmt: skip
def test_pairs_that_lack_something_are_refused(pairs):
    with pytest.raises(SettingError):
        AbsInstruct(pairs)

"""Evidence: which sentences a right answer rests on, tested with and without them."""

import itertools

import dspy
import pytest

from selftaught.programs.synthesis.evidence_rows import EvidenceRows
from selftaught.testing import FakeLM, SynthesisContract, answer_fields

PASSAGE = "Ulm lies on a river. The bridge is red. Its mayor is Anna. The market is on Friday."
SENTENCES = ["Ulm lies on a river", "the bridge is red", "Its mayor is Anna.", "The market is on a Friday."]
EXAMPLES = [
    {"passage": PASSAGE, "question": "What colour is the bridge?", "answer": "red"},
    {"passage": PASSAGE, "question": "Who is the mayor?", "answer": "Anna"},
]
KEYS = {"colour": "red", "mayor": "Anna"}


def reading(cites=lambda number, right: [right], knows=False):
    """Answers from the passage it is shown; cites what `cites` says of the sample's number and the right sentence."""

    def script(messages, **settings):
        text = str(messages[-1]["content"])
        key = next(word for name, word in KEYS.items() if name in text)
        turn = str(settings.get("rollout_id") or "draw0")
        number = int(turn.split("draw")[1].split("retry")[0]) if "draw" in turn else 0
        place = {"red": 2, "Anna": 3}[key]
        answer = key if knows or key in text.replace("colour", "") else "unknown"
        quoted = [SENTENCES[one - 1] if one <= 4 else "Nothing of the kind is said here" for one in cites(number, place)]
        said = {"evidence_quotes": quoted, "answer": answer if number < 3 else "guess"}
        return {name: said[name] for name in answer_fields(messages)}

    return script


def run(script, **settings):
    lm = FakeLM(script)
    with dspy.context(lm=lm):
        return EvidenceRows(EXAMPLES, **settings).run(progress=False), lm


class TestEvidenceRows(SynthesisContract):
    method = "stm-rows"
    count = 2

    def make(self):
        return EvidenceRows(EXAMPLES, samples=2)

    def script(self, messages, **settings):
        return reading()(messages, **settings)


def test_the_planted_sentence_is_found_and_tested():
    found, lm = run(reading())
    assert [row["evidence"] for row in found.rows] == [["The bridge is red."], ["Its mayor is Anna."]]
    assert [row["evidence_ids"] for row in found.rows] == [[1], [2]]
    assert lm.calls == 2 * (4 + 2)
    assert found.rows[0]["share_right"] == 0.75
    assert found.rows[0]["answer"] == "red"


def test_evidence_that_is_not_enough_or_not_needed_is_dropped():
    assert run(reading(lambda number, right: [1]))[0].rejected == {("test", "the evidence is not enough"): 2}
    assert run(reading(knows=True))[0].rejected == {("test", "the answer is right without the evidence"): 2}


def test_no_label_comes_from_a_wrong_answer_and_what_is_not_in_the_passage_is_no_evidence():
    found, _ = run(reading(lambda number, right: [4] if number == 3 else [right, 9]), least_weight=0.0)
    assert [row["evidence_ids"] for row in found.rows] == [[1], [2]]  # the fourth sample is wrong: its sentence has no weight


def labels(**settings):
    script = reading(lambda number, right: [right, 4][: 1 + (number == 0)])
    found, _ = run(script, test=False, **settings)
    return {(row["question"], number) for row in found.rows for number in row["evidence_ids"]}


@pytest.mark.parametrize("name", ["least_right", "least_weight"])
def test_a_higher_threshold_never_adds_a_label(name):
    found = [labels(**{name: at}) for at in (0.0, 0.3, 0.5, 0.8, 1.0)]
    assert all(later <= earlier for earlier, later in itertools.pairwise(found))
    assert len(found[0]) > len(found[-1])


def test_no_more_sentences_than_asked_for():
    found, _ = run(reading(lambda number, right: [1, 2, 3, 4]), most=2, test=False)
    assert all(len(row["evidence_ids"]) == 2 for row in found.rows)

"""Trust on pairs: every pair is asked in both orders, and habits of place and length are told from judgement."""

import random

import dspy
import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from selftaught import scope
from selftaught.errors import AnswerError, InputError, SettingError, UntrustedJudge
from selftaught.ledger import Ledger
from selftaught.programs.judge import Pairwise, Verify
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.trust import Trust
from selftaught.signatures import Comparison
from selftaught.testing import FakeLM
from selftaught.testing.samples import Shout


class Comparer(Judge):
    """Compares with a function `(first, second) -> first, second, tie or a chance`."""

    def __init__(self, task, script):
        super().__init__(task)
        self.script = script

    async def prefer(self, inputs, first, second):
        said = self.script(first["shouted"], second["shouted"])
        if isinstance(said, float):
            return Comparison(better="first" if said > 0.5 else "second" if said < 0.5 else "tie", chance=said)
        return Comparison(better=said)


def worth(text):
    return int(text.rstrip("!"))


def pair(number, first, second, better=None):
    found = better or ("first" if worth(first) > worth(second) else "second")
    return dspy.Example(word=f"w{number}", first=first, second=second, better=found)


def pairs(count=40, longer=False):
    """Return pairs of different worth; with `longer`, one of the two is padded, whichever it is."""
    draws, made = random.Random(0), []
    for number in range(count):
        first, second = (str(one) for one in draws.sample(range(100, 1000), 2))
        if longer:
            first, second = (first + "!!!!", second) if draws.random() < 0.5 else (first, second + "!!!!")
        made.append(pair(number, first, second))
    return made


def perfect(first, second):
    return "first" if worth(first) > worth(second) else "second"


def measured(script, rows=None):
    return Comparer(Shout, script).trust(rows or pairs())


def test_a_perfect_judge():
    trust = measured(perfect)
    assert (trust.form, trust.accuracy, trust.auroc, trust.consistency, trust.n) == ("pairs", 1.0, 1.0, 1.0, 40)
    assert trust.figure("order_changes").value == trust.figure("ties").value == 0.0
    assert trust.figure("second_place").value == 0.5
    assert trust.figure("decided_accuracy").value == 1.0
    assert trust.informative
    assert trust.gate(0.9) is trust
    assert "carries information: prefers the better answer of 40 pairs 100 %" in str(trust)


def test_an_inverted_judge():
    trust = measured(lambda first, second: perfect(second, first))
    assert (trust.accuracy, trust.informative) == (0.0, False)
    assert "prefers the worse answers" in str(trust)


@pytest.mark.parametrize("place", ["first", "second"])
def test_a_judge_that_always_names_one_place(place):
    trust = measured(lambda first, second: place)
    assert (trust.accuracy, trust.consistency, trust.constant) == (0.5, 0.0, True)
    assert trust.figure("order_changes").value == 1.0
    assert trust.figure("second_place").value == float(place == "second")
    assert f"prefers the {place} place: 100 % of its verdicts. Ask in both orders" in str(trust)
    with pytest.raises(UntrustedJudge):
        trust.gate()


def test_ties_everywhere_are_no_information():
    trust = measured(lambda first, second: "tie")
    assert (trust.constant, trust.accuracy, trust.figure("ties").value) == (True, 0.5, 1.0)
    assert trust.figure("second_place").value is None
    assert trust.figure("decided_accuracy").value is None
    assert "says the same of every pair" in str(trust)


def test_labels_that_are_all_ties_are_undetermined():
    trust = measured(perfect, [pair(i, str(i + 1), str(i + 2), "tie") for i in range(10)])
    assert trust.auroc is None
    assert "undetermined: 10 verdicts, every pair is labelled a tie" in str(trust)
    assert trust.consistency == 1.0


def test_longer_is_better_is_found_out():
    trust = measured(lambda first, second: "first" if len(first) > len(second) else "second", pairs(longer=True))
    rows = pairs(longer=True)
    deserved = sum((len(row.first) > len(row.second)) == (row.better == "first") for row in rows) / len(rows)
    assert trust.figure("length_bias").value == pytest.approx(1 - deserved)
    assert "favours longer answers" in str(trust)
    assert trust.consistency == 1.0


def test_a_just_judge_of_unequal_lengths_has_no_length_bias():
    trust = measured(perfect, pairs(longer=True))
    assert trust.figure("length_bias").value == 0.0
    assert trust.figure("length_bias").differs == 0


def test_a_pair_that_cannot_be_judged_is_missing():
    def shaky(first, second):
        if worth(first) % 2:
            raise AnswerError("no verdict", raw="garbage")
        return perfect(first, second)

    rows = pairs()
    readable = sum(worth(row.first) % 2 == worth(row.second) % 2 == 0 for row in rows)
    trust = measured(shaky, rows)
    assert (trust.n, trust.failed, trust.accuracy) == (readable, 40 - readable, 1.0)


def test_a_coin_is_called_informative_at_most_one_time_in_twenty():
    draws, called, rows = random.Random(5), 0, pairs(16)
    for _ in range(100):
        called += measured(lambda first, second: draws.choice(["first", "second", "tie"]), rows).informative
    assert called <= 100 * 0.05 + 4


@given(hyp.lists(hyp.tuples(*[hyp.sampled_from(["first", "second", "tie"])] * 3), min_size=1, max_size=12))
def test_the_figures_of_pairs_are_counts(said):
    """Each case: the label, the verdict in the given order, the verdict in the other."""
    rows = [pair(number, f"{number}1", f"{number}2", label) for number, (label, _, _) in enumerate(said)]
    known = {}
    for row, (_, given_order, swapped) in zip(rows, said, strict=True):
        known[row.first, row.second], known[row.second, row.first] = given_order, swapped
    trust = measured(lambda first, second: known[first, second], rows)
    turned = {"first": "second", "second": "first", "tie": "tie"}
    verdicts = [(label, one) for label, given_order, swapped in said for one in (given_order, turned[swapped]) if label != "tie"]
    credit = [1.0 if one == label else 0.5 if one == "tie" else 0.0 for label, one in verdicts]
    assert trust.accuracy == (pytest.approx(sum(credit) / len(credit)) if credit else None)
    assert trust.figure("order_changes").value == pytest.approx(sum(a != turned[b] for _, a, b in said) / len(said))
    assert trust.figure("ties").value == pytest.approx(sum((a, b).count("tie") for _, a, b in said) / (2 * len(said)))


def test_chances_are_checked_for_calibration():
    trust = measured(lambda first, second: 0.6 if worth(first) > worth(second) else 0.4)
    assert trust.figure("calibration_error").value == pytest.approx(0.4)
    assert sum(one.count for one in trust.bins) == 40
    assert Trust.from_dict(trust.to_dict()) == trust


def test_a_judge_that_swaps_itself_is_asked_no_more_and_its_habit_shows():
    ledger, lm = Ledger(), FakeLM(lambda messages, **settings: {"better": "second"}, latency=0.001)
    with dspy.context(lm=lm), scope.scoped(ledgers=(ledger,)):
        judge = Pairwise(Shout)
        trust = judge.trust(pairs(10))
    assert lm.calls == 20
    assert set(ledger.usage.by_purpose) == {"judge"}
    assert judge.both_orders
    assert trust.cancels_order
    assert (trust.figure("ties").value, trust.figure("second_place").value) == (1.0, 1.0)
    assert "It asks in both orders, which turns such verdicts into ties" in str(trust)


def test_a_judge_of_single_answers_compares_by_its_scores():
    def script(messages, **settings):
        draft = next(line for line in messages[-1]["content"].splitlines() if line.startswith("draft: "))
        right = int(draft.removeprefix("draft: ")) >= 500
        return {"correct": right} if '"correct"' in messages[0]["content"] else {"wrong": not right}

    rows = [row for row in pairs(60) if (worth(row.first) >= 500) != (worth(row.second) >= 500)]
    with dspy.context(lm=FakeLM(script)):
        trust = Verify(Shout).trust(rows)
    assert (trust.accuracy, trust.cancels_order) == (1.0, False)


def test_labels_may_be_numbers_and_answers_may_be_objects():
    rows = [dspy.Example(word="w", first={"shouted": str(i + 2)}, second={"shouted": "1"}, better=1) for i in range(8)]
    assert measured(perfect, rows).accuracy == 1.0


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"better": "both"}, SettingError, "better='both'"),
        ({"better": True}, SettingError, "better=True"),
        ({"first": {"shoted": "1"}}, InputError, "shouted"),
    ],
)
def test_pairs_that_make_no_sense_are_refused(changes, error, said):
    rows = pairs(3)
    rows[1] = dspy.Example(**{**rows[1].toDict(), **changes})
    with pytest.raises(error, match=said):
        measured(perfect, rows)


def test_both_forms_together_are_refused():
    with pytest.raises(SettingError, match="better"):
        measured(perfect, [*pairs(2), dspy.Example(word="w", shouted="1", good=True)])

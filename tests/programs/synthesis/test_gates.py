"""Gates, told facts, stages that may fail: what each lets through, and that a continued run decides the same."""

import numpy as np
import pytest

from selftaught.errors import CallError, SettingError
from selftaught.programs import Step
from selftaught.programs.synthesis import Made, Novel, Pipeline, Row, Rows
from selftaught.programs.synthesis.gates import AtMost, BestShare, Unlike
from selftaught.programs.synthesis.perhaps import Perhaps
from selftaught.programs.synthesis.told import Told
from selftaught.programs.vote.core import Vote
from tests.programs.synthesis.instruct_scripts import by_fields, made, said


def passed(gate, rows):
    return [not reason for reason in gate.decide([Row(values) for values in rows])]


def test_at_most_counts_each_value_on_its_own():
    assert passed(AtMost("kind", 1), [{"kind": "a"}, {"kind": "a"}, {"kind": "b"}]) == [True, False, True]


def test_novelty_within_compares_only_rows_of_the_same_kind():
    rows = [{"text": "one two three", "kind": kind} for kind in "abab"]
    assert passed(Novel("text", by="kind"), rows) == [True, True, False, False]
    assert passed(Novel("text"), rows) == [True, False, False, False]


def test_unlike_keeps_what_is_below_the_cosine_to_all_before():
    vectors = {"a": [1.0, 0.0], "near a": [1.0, 0.1], "b": [0.0, 1.0], "between": [1.0, 1.0]}
    gate = Unlike("text", 0.9, encoder=lambda texts: np.array([vectors[one] for one in texts]))
    assert passed(gate, [{"text": one} for one in vectors]) == [True, False, True, True]
    with pytest.raises(SettingError, match="cosine"):
        Unlike("text", 2)


def test_best_share_takes_the_best_of_a_round_the_earlier_of_equals():
    rows = [{"score": 0.1}, {"score": 0.9}, {"score": 0.5}, {}, {"score": 0.5}]
    assert passed(BestShare("score", 0.5), rows) == [False, True, True, False, False]
    assert passed(BestShare("score", 0.0), rows) == [False] * 5
    assert passed(BestShare("score", 1.0), rows) == [True, True, True, False, True]


@pytest.mark.parametrize("gate", [lambda: AtMost("kind", 2), lambda: Unlike("text", 0.8), lambda: Novel("text", by="kind")])
def test_gates_decide_the_same_after_an_interruption(tmp_path, gate):
    rows = [{"text": f"text {i % 4}", "kind": i % 2} for i in range(12)]
    whole = Pipeline(Rows(rows, batch=3), [gate()]).run(progress=False)
    Pipeline(Rows(rows, batch=3), [gate()]).run(1, run_dir=tmp_path / "run", progress=False)
    assert Pipeline(Rows(rows, batch=3), [gate()]).run(run_dir=tmp_path / "run", progress=False).rows == whole.rows


def test_told_writes_facts_and_rejects_what_declines():
    vote = Vote("word -> shouted", samples=3, least_share=0.6)
    script = by_fields(
        {"shouted": lambda messages, number, rollout_id="", **_: said(messages) if said(messages) == "a" else rollout_id}
    )
    found, lm = made(Pipeline(Rows([{"word": "a"}, {"word": "b"}]), [Told(vote, {"confidence": "sure", "nothing": "x"}, name="vote")]), script, None)  # fmt: skip
    assert [dict(row.values) for row in found.rows] == [{"word": "a", "shouted": "a", "sure": 1.0}]
    assert found.rejected == {("vote", "declined"): 1}
    assert lm.calls == 6


def test_what_may_fail_leaves_the_row_as_it_came():
    def script(messages, **settings):
        if said(messages) == "A2":
            raise CallError("no")
        return {"shouted": said(messages) + "1"} if "shouted" in str(messages[0]) else {"whispered": said(messages) + "2"}

    stages = [Made(Step("word -> whispered"), name="one"), Made(Step("whispered -> shouted"), name="two")]
    found, _ = made(Pipeline(Rows([{"word": "A"}, {"word": "B"}]), [Perhaps(stages, "both")]), script, None)
    assert [dict(row.values) for row in found.rows] == [{"word": "A"}, {"word": "B", "whispered": "B2", "shouted": "B21"}]

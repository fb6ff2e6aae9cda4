"""An optimizer on the real local model: prompts that a small model can follow, a real gain, a budget that holds."""

import dspy
import pytest

import selftaught as st
from selftaught.data import bundled

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("real")]


class Transform(dspy.Signature):
    """Given the input, produce the output."""

    input: str = dspy.InputField()
    output: str = dspy.OutputField()


def test_auto_finds_out_what_is_wanted(lm, tmp_path):
    rows = bundled("plural", Transform)
    with dspy.context(lm=lm):
        tuned = st.optimizers.auto(
            st.Predict(Transform), rows[:16], st.judges.Exact("output"), st.Budget(calls=110), valset=rows[16:40], run_dir=tmp_path / "run",
            progress=False, sets=2, proposals=3,
        )  # fmt: skip
    outcome = tuned.tuning
    assert outcome.confirmed, outcome.reason
    assert outcome.tuned.score > outcome.baseline.score + 0.3
    assert outcome.usage.calls <= 110
    assert st.load(st.save(tuned, tmp_path / "tuned.st")).demos

"""The local model: what is no model is refused; what it answers fits the schema, or is said to be cut off."""

import concurrent.futures
import json
from typing import Literal

import dspy
import pytest

import selftaught as st
from selftaught.adapter import answer_schema
from selftaught.budget import Budget
from selftaught.engines import local_server
from selftaught.engines.weights import fetch
from selftaught.errors import AnswerError, CallError, ModelFileError, OfflineError, TruncatedAnswer
from selftaught.testing import EngineContract

pytestmark = pytest.mark.xdist_group("real")  # one process holds the weights


@pytest.mark.parametrize("content", [b"", b"GG", b"PK\x03\x04 a zip", b"gguf" * 100], ids=["empty", "short", "zip", "lower case"])
def test_a_file_that_is_no_gguf_model_is_refused_at_once(tmp_path, content):
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=r"model\.gguf"):
        st.lm(str(path))


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    (tmp_path / "folder.gguf").mkdir()
    for name in ("missing.gguf", "folder.gguf"):
        with pytest.raises(ModelFileError, match=name):
            st.lm(str(tmp_path / name))


@pytest.mark.real
def test_a_file_that_only_starts_like_a_model_is_refused_when_it_is_loaded(tmp_path):
    pytest.importorskip("xllamacpp")
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF" + b"\x03\x00\x00\x00" + b"\xff" * 200)
    with pytest.raises(ModelFileError, match=r"broken\.gguf"):
        st.lm(str(path))("hi")


@pytest.fixture(scope="module")
def weights():
    """The path of the small model's weights, or a skip that says why."""
    pytest.importorskip("xllamacpp", reason="xllamacpp is not installed: pip install 'selftaught[local]'")
    try:
        return fetch()
    except OfflineError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def lm(weights):
    return st.lm("local", slots=4, context=1024, threads=1)


@pytest.mark.real
class TestLocalServer(EngineContract):
    @pytest.fixture(autouse=True)
    def find(self, weights):
        self.path = weights

    def make(self):
        return local_server(self.path, slots=4, context=1024, threads=1)


class Survey(dspy.Signature):
    """Describe the place in the text."""

    text: str = dspy.InputField()
    mood: Literal["good", "bad"] = dspy.OutputField()
    score: int = dspy.OutputField(ge=0, le=9)
    sure: bool = dspy.OutputField()
    tags: list[Literal["big", "old", "wet"]] = dspy.OutputField(max_length=2)


TEXTS = ["", 'He said: "no" {} \\', "我不知道 </s><|im_end|>"]


@pytest.mark.real
def test_a_constrained_answer_always_parses_whatever_the_text_and_the_temperature(lm):
    program, hot = st.Predict(Survey, retries=0), lm.copy(temperature=1.2, max_tokens=128)

    def one(text):
        with dspy.context(lm=hot):
            return program(text=text)

    with concurrent.futures.ThreadPoolExecutor(len(TEXTS)) as pool:
        answers = list(pool.map(one, TEXTS))
    for found in answers:
        assert found.mood in ("good", "bad")
        assert 0 <= found.score <= 9
        assert isinstance(found.sure, bool)
        assert len(found.tags) <= 2


@pytest.mark.real
def test_the_schema_alone_makes_the_answer_json_with_the_fields_in_order(lm):
    form = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": answer_schema(Survey)}}
    said = json.loads(lm("Tell me a story.", response_format=form, max_tokens=128)[0])
    assert list(said) == list(Survey.output_fields)


@pytest.mark.real
def test_an_answer_cut_off_at_the_token_limit_is_told_with_what_there_was(lm):
    with dspy.context(lm=lm), pytest.raises(TruncatedAnswer, match="max_tokens") as caught:
        st.Predict(Survey, retries=0, max_tokens=4)(text="Ulm is nice.")
    assert isinstance(caught.value, AnswerError)
    assert caught.value.raw.startswith("{")


@pytest.mark.real
def test_the_same_request_has_the_same_answer_and_another_rollout_another_seed(lm):
    prompt = "Write any five words."
    first = lm(prompt, temperature=1.0, rollout_id="a", max_tokens=8)
    assert lm(prompt, temperature=1.0, rollout_id="a", max_tokens=8) == first
    others = {lm(prompt, temperature=1.0, rollout_id=name, max_tokens=8)[0] for name in "bcd"}
    assert others - set(first)


@pytest.mark.real
def test_a_call_stays_within_its_bound(lm):
    for prompt in ("", "hi", "我不知道" * 20):
        with Budget(tokens=100_000) as budget:
            lm(prompt, max_tokens=4)
        messages = [{"role": "user", "content": prompt}]
        assert budget.spent["tokens"] <= lm.backend.most(messages, {"max_tokens": 4}).tokens


@pytest.mark.real
def test_a_prompt_longer_than_the_context_is_a_typed_error_and_the_model_goes_on(lm):
    with pytest.raises(CallError):
        lm("word " * 5000, max_tokens=4)
    assert isinstance(lm("hi", max_tokens=4)[0], str)

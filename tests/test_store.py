"""Responses are on disk as JSON, for other processes too; a request's key holds what can change the answer and no secret."""

import json
import resource

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selftaught.errors import RunError
from selftaught.store import SECRET_SETTINGS, DiskStore, fingerprint, request_key

json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=4)),
    max_leaves=12,
)
answers = st.dictionaries(st.text(max_size=5), json_values, max_size=4)


@settings(max_examples=20, deadline=None)
@given(value=answers)
def test_what_was_put_comes_back_also_from_another_handle(tmp_path_factory, value):
    folder = tmp_path_factory.mktemp("store")
    with_one, with_other = DiskStore(folder), DiskStore(folder)
    assert with_other.get("key") is None
    with_one.put("key", value)
    assert with_other.get("key") == value
    with_one.close()
    with_other.close()


def test_a_large_answer_is_kept_whole_and_nothing_is_pickled(tmp_path):
    store = DiskStore(tmp_path / "responses")
    value = {"text": "a word " * 100_000}
    store.put("key", value)
    store.close()
    assert DiskStore(tmp_path / "responses").get("key") == value
    for path in (tmp_path / "responses").rglob("*"):
        assert not path.is_file() or not path.read_bytes().startswith(b"\x80\x04")


def test_another_process_reads_what_this_one_wrote(tmp_path, fresh_process):
    DiskStore(tmp_path).put("key", {"text": "grüß Gott"})
    said = fresh_process(
        """
        import json, pathlib, sys
        from selftaught.store import DiskStore
        print(json.dumps(DiskStore(pathlib.Path(sys.argv[1])).get("key")))
        """,
        tmp_path,
    )
    assert json.loads(said) == {"text": "grüß Gott"}


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RunError, match="responses"):
        DiskStore(tmp_path / "file" / "responses")


def test_a_full_disk_is_a_typed_error_and_what_was_kept_stays(tmp_path):
    store = DiskStore(tmp_path)
    store.put("before", {"text": "kept"})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, hard))  # every file may grow to 64 KiB, no further
    try:
        with pytest.raises(RunError, match="cannot be written"):
            for number in range(100):
                store.put(f"key{number}", {"text": "x" * 100_000})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    store.close()
    again = DiskStore(tmp_path)
    assert again.get("before") == {"text": "kept"}
    again.put("after", {"text": "there is room again"})
    assert again.get("after") == {"text": "there is room again"}


@given(answers)
def test_a_fingerprint_does_not_depend_on_the_order_of_keys(value):
    assert fingerprint(value) == fingerprint(dict(reversed(value.items())))


@given(answers, answers)
def test_different_values_have_different_fingerprints(one, other):
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (fingerprint(one) == fingerprint(other)) is same


def test_a_fingerprint_exists_for_text_that_is_no_valid_unicode():
    assert fingerprint("\ud800") != fingerprint("\ud801")


MESSAGES = [{"role": "user", "content": "hi"}]


@pytest.mark.parametrize("name", sorted(SECRET_SETTINGS))
def test_a_secret_setting_is_no_part_of_the_key(name):
    assert request_key("m", MESSAGES, {name: "s3cret"}) == request_key("m", MESSAGES, {})


@pytest.mark.parametrize(
    "change", [{"temperature": 1.0}, {"rollout_id": 1}, {"max_tokens": 5}, {"response_format": {}}, {"stop": ["x"]}, {"seed": 1}]
)
def test_whatever_can_change_the_answer_changes_the_key(change):
    plain = request_key("m", MESSAGES, {})
    assert request_key("m", MESSAGES, change) != plain
    assert request_key("other", MESSAGES, {}) != plain
    assert request_key("m", [*MESSAGES, *MESSAGES], {}) != plain

"""A key that is given to a model, stands in the environment or in a header is in no file that any target writes, nor in an error."""

import base64
import io
import json
import zipfile

import dspy
import pytest

import selftaught as st
from selftaught.artifact import save
from selftaught.cli.exporting import inspected_text
from selftaught.errors import SelftaughtError
from selftaught.export import TARGETS, export
from selftaught.inspection import inspected
from selftaught.testing import FakeLM
from selftaught.testing.samples import Shout, obliging
from tests.export.samples import several, single

KEYS = {
    "argument": "sk-planted-in-the-argument-1",
    "environment": "planted-in-the-environment-2",
    "header": "planted-in-a-header-3",
    "url": "planted-in-the-url-4",
}


@pytest.fixture(autouse=True)
def planted(monkeypatch):
    """Plant the keys wherever a model may have one, and use the model."""
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_API_BASE", "SELFTAUGHT_KEY"):
        monkeypatch.setenv(name, KEYS["environment"])
    first = st.lm("openai/any", api_key=KEYS["argument"], extra_headers={"Authorization": KEYS["header"]})
    other = st.lm("openai/any", api_base=f"http://me:{KEYS['url']}@127.0.0.1:9/v1?key={KEYS['url']}")
    with dspy.context(lm=first):
        yield first, other


def contents(path):
    """Yield all that is written under a path, unpacked."""
    for file in [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]:
        yield file.name, file.read_bytes()
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                yield from ((name, archive.read(name)) for name in archive.namelist())


def assert_clean(name, content):
    for where, key in KEYS.items():
        for form in (key.encode(), base64.b64encode(key.encode()), json.dumps(key)[1:-1].encode(), key[::-1].encode()):
            assert form not in content, f"the key in the {where} stands in {name}"


def programs(planted):
    """Return programs that have met the keys in every way there is."""
    for make in (single, several):
        for lm in planted:
            program = make()
            program.set_lm(lm)
            with dspy.context(lm=FakeLM(obliging)):
                program.predictors()[0].traces = [{"lm": str(lm.kwargs)}]
            yield program


@pytest.mark.parametrize("target", TARGETS)
def test_no_target_writes_a_key(target, planted, tmp_path):
    for number, program in enumerate(programs(planted)):
        path = tmp_path / f"{target}{number}"
        try:
            export(program, target, path)
        except SelftaughtError as error:
            assert_clean("the error", str(error).encode())
        for name, content in contents(tmp_path):
            assert_clean(name, content)


def test_no_artifact_and_nothing_shown_of_one_has_a_key(planted, tmp_path):
    for number, program in enumerate(programs(planted)):
        path = save(program, tmp_path / f"{number}.st")
        for name, content in contents(path):
            assert_clean(name, content)
        found = inspected(path)
        assert_clean("what is shown", io.StringIO(inspected_text(found) + json.dumps(found)).getvalue().encode())


@pytest.mark.parametrize("setting", ["api_key", "extra_headers", "api_base", "azure_ad_token"])
@pytest.mark.parametrize("target", [*TARGETS, "artifact"])
def test_a_key_among_the_settings_of_a_step_is_refused_or_left_out(setting, target, tmp_path):
    value = {"Authorization": KEYS["header"]} if setting == "extra_headers" else KEYS["argument"]
    for program in (st.Predict(Shout, **{setting: value}), several()):
        program.predictors()[0].config = {setting: value}
        try:
            export(program, target, tmp_path / "out") if target != "artifact" else save(program, tmp_path / "out.st")
        except SelftaughtError as error:
            assert_clean("the error", str(error).encode())
        for name, content in contents(tmp_path):
            assert_clean(name, content)


def test_a_saved_step_with_a_key_is_an_error_that_says_where_keys_go(tmp_path):
    with pytest.raises(st.errors.ArtifactError, match=r"'api_key'.*st\.lm"):
        save(st.Predict(Shout, api_key=KEYS["argument"]), tmp_path / "x.st")
    assert list(tmp_path.iterdir()) == []

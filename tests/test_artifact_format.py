"""The published schema is the format that `save` writes and `load` takes; older files find their way to it."""

import json
from importlib.resources import files

import dspy
import jsonschema
import pytest

import selftaught as st
from selftaught.artifact import load, read, save
from selftaught.artifact_format import FORMAT, SETTINGS, checked, migrated, schema
from selftaught.errors import ArtifactError
from selftaught.testing.samples import Shout, Survey
from tests.test_artifact import forge, learned, parts_of, tuned


def flow():
    """A composition that uses one part twice."""
    part = st.Predict(Shout)
    return st.programs.Vote(Shout, generate=[part, part], samples=2)


PROGRAMS = {
    "one step": lambda: st.Predict(Survey, temperature=0.5), "several steps": tuned, "judges that learned": learned, "a part used twice": flow,
    "a panel": lambda: st.judges.Panel(Shout, [st.judges.Checklist(Shout), st.judges.SelfJ(Shout)]),
}  # fmt: skip


@pytest.fixture(scope="module")
def published():
    return json.loads(files("selftaught.bundled").joinpath("artifact.schema.json").read_text(encoding="utf-8"))


def test_the_published_schema_is_the_one_of_the_models(published):
    assert published == schema(), "write it anew: python -m selftaught.artifact_format > selftaught/bundled/artifact.schema.json"
    jsonschema.Draft202012Validator.check_schema(published)


@pytest.mark.parametrize("make", PROGRAMS.values(), ids=PROGRAMS)
def test_what_save_writes_fits_the_published_schema(make, published, tmp_path):
    parts = parts_of(save(make(), tmp_path / "x.st"))
    assert [error.message for error in jsonschema.Draft202012Validator(published).iter_errors(parts)] == []
    checked(parts)  # raises where it does not fit


WRONG = {
    "manifest.json.mode": lambda p: p["manifest.json"].update(mode="x"),
    "program.json.code": lambda p: p["program.json"].update(code="x"),
    "program.json.arguments.task.task.author": lambda p: p["program.json"]["arguments"]["task"]["task"].update(author="x"),
    "program.json.arguments.task.task.fields.1.hint": lambda p: p["program.json"]["arguments"]["task"]["task"]["fields"][1].update(hint="x"),
    "state.json.generate.tools": lambda p: p["state.json"]["generate"].update(tools=[]),
    "state.json.generate.config.api_base": lambda p: p["state.json"]["generate"]["config"].update(api_base="http://x"),
    "state.json.critic.demos.0": lambda p: p["state.json"]["critic"]["demos"].append("x"),
    "state.json.critic.instruction": lambda p: p["state.json"]["critic"].pop("instruction"),
}  # fmt: skip


@pytest.mark.parametrize("path", WRONG)
def test_what_is_not_in_the_format_is_refused_with_its_path(path, published, tmp_path):
    parts = parts_of(save(st.programs.SelfRefine(Shout), tmp_path / "x.st"))
    WRONG[path](parts)
    assert not jsonschema.Draft202012Validator(published).is_valid(parts)
    with pytest.raises(ArtifactError, match=path.replace(".", r"\.") + "[.:]"):
        load(forge(tmp_path / "forged.st", parts))


def test_a_file_without_what_came_later_is_still_read(tmp_path):
    parts = parts_of(save(st.programs.SelfRefine(Shout), tmp_path / "x.st"))
    del parts["learned.json"]
    assert load(forge(tmp_path / "old.st", parts)).predictors()


def test_an_older_format_is_led_step_by_step_to_the_newest():
    def renamed(parts):
        return {**parts, "state.json": {"new": parts["state.json"]["old"]}}

    def counted(parts):
        return {**parts, "learned.json": {"steps": len(parts["state.json"])}}

    old = {"manifest.json": {"format": 1}, "state.json": {"old": 7}}
    found = migrated(old, to=3, steps={1: renamed, 2: counted})
    assert found == {"manifest.json": {"format": 3}, "state.json": {"new": 7}, "learned.json": {"steps": 1}}
    assert old == {"manifest.json": {"format": 1}, "state.json": {"old": 7}}, "what was read is left as it was"
    with pytest.raises(ValueError, match="no longer read"):
        migrated(old, to=3, steps={2: counted})
    assert migrated({"manifest.json": {"format": FORMAT}}) == {"manifest.json": {"format": FORMAT}}


@pytest.mark.parametrize("value", [10**9, -(10**7), 1e300])
def test_a_knob_that_no_program_ends_with_is_refused_when_it_is_saved(value, tmp_path):
    program = st.programs.SelfRefine(Shout)
    program.arguments.values["rounds"] = value
    with pytest.raises(ArtifactError, match=r"arguments\.rounds"):
        save(program, tmp_path / "x.st")


def test_a_seed_may_be_large_and_settings_are_how_to_decode(tmp_path):
    program = st.Predict(Shout, temperature=0.1, seed=2**31)
    assert read(save(program, tmp_path / "x.st"))["state.json"]["self"]["config"] == {"temperature": 0.1, "seed": 2**31}
    assert not [name for name in SETTINGS if any(word in name for word in ("api", "key", "base", "header", "url", "auth"))]


@pytest.mark.parametrize("step", ["../../x", "a/b", "..", "C:\\x"])
def test_no_name_of_a_step_leads_out_of_the_archive(step, tmp_path):
    class Named(st.programs.SelfRefine):
        def named_predictors(self):
            return [(step, self.generate)]

    from selftaught.archive import instruction_file

    assert instruction_file(step).count("/") == 1
    assert ".." not in instruction_file(step)


def test_demonstrations_keep_whatever_names_they_have(tmp_path):
    program = st.Predict(Shout)
    program.demos = [dspy.Example({"word": "a", "shouted": "A", "base": "kept", "self": 1})]
    assert dict(load(save(program, tmp_path / "x.st")).demos[0]) == {"word": "a", "shouted": "A", "base": "kept", "self": 1}


def test_a_task_string_that_could_not_be_loaded_is_refused_when_it_is_saved(tmp_path):
    with pytest.raises(ArtifactError, match=r"dspy\.Signature class"):
        save(st.Predict("picture: dspy.Image -> caption"), tmp_path / "x.st")
    assert load(save(st.Predict("a: list[int] -> b: Literal['x', 'y']"), tmp_path / "y.st")).signature.output_fields["b"]
    assert [one.name for one in tmp_path.iterdir()] == ["y.st"]

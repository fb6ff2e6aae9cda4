"""An artifact is JSON and text; loading it builds catalogue classes only, and every misfit is refused with its name."""

import copy
import hashlib
import json
import resource
import zipfile

import dspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as hyp

import selftaught as st
from selftaught.artifact import FORMAT, LATER_PARTS, PARTS, load, save
from selftaught.errors import ArtifactError
from selftaught.testing import FakeLM
from selftaught.testing.samples import Shout, Survey, obliging


def tuned():
    """A program with nested parts, a changed instruction, demonstrations and settings."""
    program = st.programs.SelfRefine(Shout)
    first = program.predictors()[0]
    first.signature = first.signature.with_instructions("Shout it from the Zugspitze: grüß Gott!")
    first.demos = [dspy.Example(word="a", shouted="A")]
    first.config = {"temperature": 0.3}
    return program


def learned():
    """A program with a judge that knows something."""
    judge = st.judges.Panel(Shout, [st.judges.Checklist(Shout), st.judges.SelfJ(Shout)])
    judge.judges[0].lists = {"tree": ["Is every letter a capital?"]}
    judge.judges[1].calibration = st.judges.calibration_of([0.2, 0.8], [False, True])
    judge.calibration = st.judges.calibration_of([0.1, 0.1, 0.9, 0.9], [False, True, True, True], "isotonic")
    return st.programs.BestOf(Shout, judge=judge)


def parts_of(path):
    with zipfile.ZipFile(path) as archive:
        return {name: json.loads(archive.read(name)) for name in ("manifest.json", *PARTS, *LATER_PARTS)}


RIGHT = object()


def forge(path, parts, *, manifest=RIGHT):
    """Write an artifact of these parts with the right hashes."""
    texts = {name: json.dumps(parts[name]) for name in (*PARTS, *LATER_PARTS) if name in parts}
    hashes = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "manifest.json", json.dumps({**parts["manifest.json"], "sha256": hashes} if manifest is RIGHT else manifest)
        )
        for name, text in texts.items():
            archive.writestr(name, text)
    return path


@pytest.fixture
def saved(tmp_path):
    return save(tuned(), tmp_path / "program.st")


def test_a_program_comes_back_with_its_instructions_demonstrations_and_settings(saved):
    program = load(saved)
    before, after = tuned().predictors()[0], program.predictors()[0]
    assert after.signature.instructions == before.signature.instructions
    assert [dict(demo) for demo in after.demos] == [dict(demo) for demo in before.demos]
    assert after.config["temperature"] == 0.3
    assert type(program) is st.programs.SelfRefine


def test_saving_what_was_loaded_says_the_same(saved, tmp_path):
    again = save(load(saved), tmp_path / "again.st")
    assert parts_of(again) == parts_of(saved)


def test_a_fresh_process_gives_the_same_answers_to_the_same_requests(saved, fresh_process):
    printed = fresh_process(
        """
        import json, sys
        import dspy
        from selftaught.artifact import load
        from selftaught.testing import FakeLM
        from selftaught.testing.samples import obliging

        lm = FakeLM(obliging)
        with dspy.context(lm=lm):
            said = load(sys.argv[1])(word="tree").shouted
        print(json.dumps([said, lm.requests]))
        """,
        saved,
    )
    lm = FakeLM(obliging)
    with dspy.context(lm=lm):
        said = tuned()(word="tree").shouted
    assert json.loads(printed) == [said, lm.requests]


def test_it_holds_json_and_text_and_nothing_else(saved):
    with zipfile.ZipFile(saved) as archive:
        for name in archive.namelist():
            text = archive.read(name).decode("utf-8")
            if name.endswith(".json"):
                json.loads(text, parse_constant=lambda constant: pytest.fail(f"{constant} is no JSON"))
            else:
                assert name.startswith("instructions/")
                assert name.endswith(".txt")
        assert "grüß Gott" in archive.read("instructions/generate.txt").decode()


def test_a_task_with_structured_fields_comes_back_with_its_types(tmp_path):
    program = load(save(st.Predict(Survey), tmp_path / "survey.st"))
    with dspy.context(lm=FakeLM(obliging)):
        found = program(text="Ulm is nice.", tags=["town"])
    assert (found.mood, found.score, found.sure, found.place.town) == ("good", 3, True, "Ulm")
    with_classes = load(tmp_path / "survey.st", task=Survey)
    assert with_classes.signature.output_fields["place"].annotation is Survey.output_fields["place"].annotation


# --- broken files


def test_there_is_no_file(tmp_path):
    with pytest.raises(ArtifactError, match=r"no artifact at .*missing\.st"):
        load(tmp_path / "missing.st")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(saved, share):
    whole = saved.read_bytes()
    saved.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ArtifactError, match=r"program\.st"):
        load(saved)


@settings(max_examples=150, deadline=None)
@given(data=hyp.data())
def test_a_damaged_byte_is_refused_or_does_not_matter(data, tmp_path_factory):
    path = save(tuned(), tmp_path_factory.mktemp("damage") / "program.st")
    whole, parts = bytearray(path.read_bytes()), parts_of(path)
    whole[data.draw(hyp.integers(0, len(whole) - 1))] ^= data.draw(hyp.integers(1, 255))
    path.write_bytes(bytes(whole))
    try:
        program = load(path)
    except ArtifactError as error:
        assert "program.st" in str(error)
    else:
        assert parts_of(save(program, path))["state.json"] == parts["state.json"]


def test_a_changed_part_is_refused_by_its_hash(saved, tmp_path):
    parts = parts_of(saved)
    manifest = parts_of(forge(tmp_path / "whole.st", parts))["manifest.json"]
    load(forge(tmp_path / "unchanged.st", parts, manifest=manifest))
    parts["state.json"]["generate"]["instruction"] = "Do something else."
    with pytest.raises(ArtifactError, match=r"hash of state\.json"):
        load(forge(tmp_path / "changed.st", parts, manifest=manifest))


def test_a_newer_format_is_refused_with_what_to_do(saved, tmp_path):
    parts = parts_of(saved)
    parts["manifest.json"]["format"] = FORMAT + 1
    with pytest.raises(ArtifactError, match="Update selftaught"):
        load(forge(tmp_path / "newer.st", parts))


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path):
    path = tmp_path / "bomb.st"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", "{}")
        archive.writestr("state.json", b" " * (65 * 2**20))
    with pytest.raises(ArtifactError, match="64 MiB"):
        load(path)


# --- what judges have learned


def test_what_judges_have_learned_comes_back_wherever_they_are(tmp_path):
    path = save(learned(), tmp_path / "program.st")
    before, after = learned().judge, load(path).judge
    assert after.calibration == before.calibration
    assert [one.calibration for one in after.judges] == [one.calibration for one in before.judges]
    assert after.judges[0].lists == {"tree": ["Is every letter a capital?"]}
    assert parts_of(save(load(path), tmp_path / "again.st")) == parts_of(path)


def test_a_judge_that_was_measured_keeps_its_trust(tmp_path):
    judge = st.judges.SelfJ(Shout)
    labelled = [
        dspy.Example(word=f"w{i}", shouted=shout, good=shout == "W").with_inputs("word", "shouted")
        for i, shout in enumerate("wW" * 8)
    ]
    with dspy.context(lm=FakeLM(lambda messages, **given: {"score": 9 if messages[-1]["content"].endswith("W") else 0})):
        judge.trust(labelled)
    again = load(save(judge, tmp_path / "judge.st"))
    assert judge.trusted.informative
    assert again.trusted == judge.trusted
    assert again.as_metric().name == judge.as_metric().name


def test_a_file_without_what_was_learned_is_from_an_earlier_version_and_loads(saved, tmp_path):
    parts = parts_of(saved)
    del parts["learned.json"]
    assert load(forge(tmp_path / "earlier.st", parts)).predictors()


def test_a_file_that_lost_what_was_learned_is_refused(tmp_path):
    parts = parts_of(save(learned(), tmp_path / "program.st"))
    manifest = parts["manifest.json"]
    hashes = parts_of(forge(tmp_path / "whole.st", parts))["manifest.json"]["sha256"]
    del parts["learned.json"]
    with pytest.raises(ArtifactError, match=r"learned\.json"):
        load(forge(tmp_path / "lost.st", parts, manifest={**manifest, "sha256": hashes}))


def test_what_a_judge_that_is_gone_had_learned_is_named(tmp_path):
    parts = parts_of(save(learned(), tmp_path / "program.st"))
    parts["learned.json"]["self.jury"] = {"lists": {}}
    with pytest.raises(ArtifactError, match=r"'self\.jury' was saved and is gone"):
        load(forge(tmp_path / "forged.st", parts))


@pytest.mark.parametrize(
    "spoilt",
    [[], {"self.judge": 7}, {"self.judge": {"calibration": {}}}, {"self.judge": {"calibration": {"kind": "spline", "points": [[0, 1]], "n": 1}}},
     {"self.judge": {"calibration": {"kind": "isotonic", "points": [], "n": 1}}}, {"self.judge.judges[0]": {"lists": ["Is it loud?"]}},
     {"self.judge.judges[0]": {"lists": {"tree": 7}}}, {"self.judge": {"trust": {"accuracy": 1.0}}}],
    ids=str,
)  # fmt: skip
def test_what_is_no_knowledge_is_refused_while_loading(tmp_path, spoilt):
    parts = parts_of(save(learned(), tmp_path / "program.st"))
    parts["learned.json"] = spoilt
    with pytest.raises(ArtifactError, match=r"forged\.st"):
        load(forge(tmp_path / "forged.st", parts))


# --- classes outside of the catalogue


FOREIGN = [
    "os:system", "subprocess:Popen", "builtins:eval", "dspy:Predict", "dspy.predict.predict:Predict", "selftaught.run:Run",
    "selftaught.programs.step:AdapterParseError", "selftaught.programs.base:inspect", "selftaught.programs:SelfRefine",
    "selftaught.programs.step:Step.__init__", "selftaught.programs.step:dspy.Predict", "selftaught.programs.base:StepRecord",
    "selftaught.programs.base.os:system", "selftaught.programs.nothing:At", "selftaught.programs", "selftaught.programs:",
    ":Predict", "", "..os:system", "selftaught.programsx:A", 7, None, ["os:system"], {"class": "os:system"},
]  # fmt: skip


@pytest.mark.parametrize("path", FOREIGN, ids=repr)
def test_a_class_that_is_not_of_the_catalogue_is_refused(saved, tmp_path, path):
    parts = parts_of(saved)
    parts["program.json"]["class"] = path
    with pytest.raises(ArtifactError, match=r"forged\.st"):
        load(forge(tmp_path / "forged.st", parts))


def test_a_module_named_in_an_artifact_is_not_imported(saved, tmp_path, monkeypatch):
    (tmp_path / "planted_module.py").write_text("raise SystemExit('it was imported')")
    monkeypatch.syspath_prepend(tmp_path)
    parts = parts_of(saved)
    parts["program.json"]["class"] = "planted_module:Anything"
    with pytest.raises(ArtifactError):
        load(forge(tmp_path / "forged.st", parts))


json_values = hyp.recursive(
    hyp.one_of(hyp.none(), hyp.booleans(), hyp.integers(-3, 3), hyp.text(max_size=3)),
    lambda inner: hyp.one_of(
        hyp.lists(inner, max_size=2),
        hyp.dictionaries(hyp.sampled_from(["class", "task", "dict", "arguments"]), inner, max_size=2),
    ),
    max_leaves=4,
)


def places(value, path=()):
    """Yield the path of every place inside nested data."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def put(value, path, new):
    if not path:
        return new
    value = copy.copy(value)
    value[path[0]] = put(value[path[0]], path[1:], new)
    return value


WHOLE = {}


@settings(max_examples=300, deadline=None)
@given(data=hyp.data())
def test_whatever_the_parts_hold_the_error_is_typed(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    if not WHOLE:
        WHOLE.update(parts_of(save(learned(), folder / "whole.st")))
    name = data.draw(hyp.sampled_from(["manifest.json", "program.json", "state.json", "learned.json"]))
    where = data.draw(hyp.sampled_from(sorted(places(WHOLE[name]), key=str)))
    parts = {**WHOLE, name: put(WHOLE[name], where, data.draw(json_values))}
    whole_manifest = isinstance(parts["manifest.json"], dict) and name != "manifest.json"
    path = forge(folder / "forged.st", parts, manifest=RIGHT if whole_manifest else parts["manifest.json"])
    try:
        program = load(path)
        with dspy.context(lm=FakeLM(obliging)):  # what loads can be looked at
            assert all(isinstance(one.signature.instructions, str) for one in program.predictors())
    except ArtifactError as error:
        assert "forged.st" in str(error)


# --- what no longer fits


def test_a_step_that_is_gone_or_new_is_named(saved, tmp_path):
    parts = parts_of(saved)
    parts["state.json"]["polish"] = parts["state.json"]["generate"]
    with pytest.raises(ArtifactError, match=r"'polish' was saved and is gone"):
        load(forge(tmp_path / "gone.st", parts))
    parts = parts_of(saved)
    del parts["state.json"]["critic"]
    with pytest.raises(ArtifactError, match=r"'critic' is new"):
        load(forge(tmp_path / "new.st", parts))


def test_a_field_that_is_gone_or_new_is_named_with_its_step(saved, tmp_path):
    parts = parts_of(saved)
    parts["state.json"]["critic"]["fields"]["tone"] = "output"
    with pytest.raises(ArtifactError, match=r"'tone' of step 'critic' was saved and is gone"):
        load(forge(tmp_path / "gone.st", parts))
    parts = parts_of(saved)
    del parts["state.json"]["critic"]["fields"]["problems"]
    with pytest.raises(ArtifactError, match=r"'problems' of step 'critic' is new"):
        load(forge(tmp_path / "new.st", parts))


def test_another_task_than_the_expected_one_is_refused_with_field_and_reason(saved):
    assert load(saved, task="word -> shouted").predictors()
    with pytest.raises(ArtifactError, match=r"'volume' is new"):
        load(saved, task="word, volume: int -> shouted")
    with pytest.raises(ArtifactError, match=r"the type of 'shouted' was 'str', now 'int'"):
        load(saved, task="word -> shouted: int")
    with pytest.raises(ArtifactError, match=r"'shouted' was saved and is gone"):
        load(saved, task="word -> whispered")


def test_a_constructor_argument_that_is_gone_is_named(saved, tmp_path):
    parts = parts_of(saved)
    parts["program.json"]["arguments"]["loudness"] = 3
    with pytest.raises(ArtifactError, match="loudness"):
        load(forge(tmp_path / "forged.st", parts))


# --- saving


class Foreign(dspy.Module):
    def __init__(self):
        super().__init__()
        self.step = dspy.Predict(Shout)


@pytest.mark.parametrize(
    "program",
    [Foreign(), dspy.Predict(Shout), st.Predict(Shout, check=lambda inputs: None)],
    ids=["a class of the user", "a class of dspy", "a function as argument"],
)
def test_what_cannot_be_saved_is_refused_and_leaves_nothing(tmp_path, program):
    with pytest.raises(ArtifactError):
        save(program, tmp_path / "program.st")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_refused_and_leaves_nothing(tmp_path):
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "folder").mkdir()
    for target in (tmp_path / "file" / "program.st", tmp_path / "folder"):
        with pytest.raises(ArtifactError, match="cannot be written"):
            save(tuned(), target)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_a_full_disk_leaves_no_half_file_and_keeps_the_old_one(saved):
    before = saved.read_bytes()
    program = st.Predict(Shout)
    program.demos = [dspy.Example(word=hashlib.sha256(b"%d" % i).hexdigest(), shouted="A") for i in range(500)]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))  # no file may grow larger
    try:
        with pytest.raises(ArtifactError, match="cannot be written"):
            save(program, saved)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == ["program.st"]


@pytest.mark.parametrize("spoil", ["\ud800", float("nan")], ids=["half a character", "not a number"])
def test_a_value_without_a_json_form_is_refused_and_leaves_nothing(tmp_path, spoil):
    program = st.Predict(Shout)
    program.demos = [dspy.Example(word=spoil, shouted="A")]
    with pytest.raises(ArtifactError):
        save(program, tmp_path / "program.st")
    assert list(tmp_path.iterdir()) == []

"""A trainset from a handful of examples: no example comes out, labels are agreed on or judged, fields keep their types."""

import json
import zlib
from collections import Counter

import dspy
import pytest

from selftaught import Budget
from selftaught.data import read_examples
from selftaught.errors import InputError, RunError, SettingError, TaskError
from selftaught.novelty import NoveltyFilter
from selftaught.programs import Predict
from selftaught.programs.synthesis.auto import AutoTrainset, auto
from selftaught.programs.synthesis.labelling import comparable
from selftaught.signatures import as_task
from selftaught.testing import FakeLM, SynthesisContract, answer_fields
from selftaught.testing.samples import SURVEY_ANSWER, SURVEY_INPUT, Place, Survey

SHOUT = [{"word": "stone", "shouted": "STONE"}, {"word": "cloud", "shouted": "CLOUD"}, {"word": "lamp", "shouted": "LAMP"}]
MOOD = dspy.Signature("review: str -> mood: Literal['good', 'bad', 'mixed']".replace("Literal", "typing.Literal"))
MOODS = [
    {"review": "I loved the soup here.", "mood": "good"},
    {"review": "Cold food and rude staff.", "mood": "bad"},
    {"review": "Nice view but long waits.", "mood": "mixed"},
]


def mark(messages, **settings):
    return zlib.crc32(f"{messages} {settings.get('rollout_id')}".encode()) % 10**6


def shouting(messages, **settings):
    asked, text = answer_fields(messages), str(messages[-1]["content"])
    if asked == ["proposals"]:
        return {"proposals": [f"alpha{mark(messages, **settings)}", "stone", "Stone!", f"beta{mark(messages, **settings)}"]}
    return {"shouted": text.upper()}


def made(script=shouting, examples=SHOUT, count=6, task="word -> shouted", **settings):
    lm = FakeLM(script)
    running = {name: settings.pop(name) for name in ("run_dir", "budget", "seed") if name in settings}
    with dspy.context(lm=lm):
        return auto(task, examples, count, progress=False, **running, **settings), lm


class TestAutoTrainset(SynthesisContract):
    def make(self):
        return AutoTrainset("word -> shouted", SHOUT)

    def script(self, messages, **settings):
        return shouting(messages, **settings)


def test_three_examples_suffice_and_none_of_them_comes_out():
    found, _ = made()
    assert len(found) == 6
    assert not {one.word.lower().strip("!") for one in found} & {one["word"] for one in SHOUT}
    assert all(one.shouted == one.word.upper() for one in found)
    assert all(set(one.inputs().keys()) == {"word"} for one in found)
    assert found.made.rejected["novelty", "repeats an input"] > 0


def test_no_two_inputs_are_near_and_none_is_near_an_example():
    def wordy(messages, **settings):
        if answer_fields(messages) == ["proposals"]:
            n = mark(messages, **settings)
            return {"proposals": ["one two three four five seven", f"{n}a {n}b {n}c", f"{n}a {n}b {n}c {n}d"]}
        return {"shouted": "X"}

    found, _ = made(wordy, [{"word": "one two three four five six", "shouted": "X"}], 5)
    compare = NoveltyFilter().similarity
    texts = ["one two three four five six", *(one.word for one in found)]
    assert all(compare(a, b) <= 0.7 for i, a in enumerate(texts) for b in texts[:i])


def test_the_label_is_what_most_samples_say_and_doubtful_rows_are_dropped_with_the_votes():
    def doubtful(messages, **settings):
        if answer_fields(messages) == ["proposals"]:
            return shouting(messages, **settings)
        text, rollout = str(messages[-1]["content"]), settings.get("rollout_id", "")
        if text.startswith("alpha"):
            return {"shouted": text.upper() if zlib.crc32(rollout.encode()) % 100 < 80 else "odd"}
        return {"shouted": f"says {rollout}"}  # never the same twice

    found, _ = made(doubtful, count=3)
    assert all(one.shouted == one.word.upper() for one in found)
    assert all(row.scores["agreement"] >= 0.6 for row in found.made.rows)
    assert found.made.rejected["label", "samples agree on less than 60%"] > 0


def test_votes_only_where_answers_are_short_and_comparable():
    assert comparable(as_task("q -> n: int, sure: bool"), [])
    assert comparable(as_task("word -> shouted"), SHOUT)
    assert comparable(MOOD, [])
    assert not comparable(as_task("q -> story"), [{"q": "x", "story": "a tale of more than six words in all"}])
    assert not comparable(as_task("q -> story"), [{"q": "x"}])
    assert not comparable(Survey, [{**SURVEY_INPUT, **SURVEY_ANSWER}])
    assert not comparable(as_task("q -> parts: list[str]"), [])


STORIES = [{"topic": f"thing{i}", "story": f"Once upon a time there was a thing called number {i}."} for i in range(3)]


def judging(messages, **settings):
    asked, text = answer_fields(messages), str(messages[-1]["content"])
    if asked == ["proposals"]:
        return {"proposals": [f"good{mark(messages, **settings)}", f"weak{mark(messages, **settings)}"]}
    if asked == ["story"]:
        return {"story": f"A long story about {text} which has many words in it."}
    good = "good" in text.split("draft")[0]
    return {name: {"correct": good, "wrong": not good}[name] for name in asked}


def test_long_answers_are_written_once_and_judged():
    found, lm = made(judging, STORIES, 4, task="topic -> story")
    assert all(one.topic.startswith("good") for one in found)
    assert found.made.rejected["verify", "score below 0.6"] > 0
    assert all(row.scores["verify"] >= 0.6 for row in found.made.rows)
    labels = Counter(str(one) for one in lm.requests if answer_fields(one) == ["story"])
    assert set(labels.values()) == {1}


def test_the_examples_are_shown_to_the_program_that_labels_and_a_given_program_is_left_alone():
    seen = []

    def script(messages, **settings):
        seen.append((answer_fields(messages), sum(one["role"] == "assistant" for one in messages)))
        return shouting(messages, **settings)

    made(script, [*SHOUT, {"word": "unlabelled"}], 1)
    assert {demos for asked, demos in seen if asked == ["shouted"]} == {3}
    seen.clear()
    made(script, SHOUT, 1, program=Predict("word -> shouted"), votes=1)
    assert {demos for asked, demos in seen if asked == ["shouted"]} == {0}


def moody(messages, **settings):
    asked, text = answer_fields(messages), str(messages[-1]["content"])
    if asked == ["proposals"]:
        wanted = text.rpartition("mood: ")[2].split()[0]
        return {"proposals": [f"{wanted} {mark(messages, **settings)} {place}" for place in "abcd"]}
    return {"mood": text.split()[0] if text.split()[0] in ("good", "bad", "mixed") else "good"}


def test_inputs_are_asked_for_each_value_so_that_labels_come_out_even():
    found, _ = made(moody, MOODS, 24, task=MOOD)
    assert found.coverage.labels == {"good": 8, "bad": 8, "mixed": 8}
    assert found.coverage.balance == pytest.approx(1.0)
    assert not found.coverage.missing
    assert "balance 1.00" in str(found.coverage)


def test_a_value_that_never_comes_is_told():
    def always(messages, **settings):
        return moody(messages, **settings) if answer_fields(messages) == ["proposals"] else {"mood": "good"}

    found, _ = made(always, MOODS, 8, task=MOOD)
    assert found.coverage.balance == 0
    assert found.coverage.missing == ("bad", "mixed")
    assert "no row has: bad, mixed" in found.summary()


def test_coverage_tells_how_diverse_the_inputs_are_and_how_near_to_the_examples():
    found, _ = made(moody, MOODS, 12, task=MOOD)
    assert found.coverage.inputs.texts == 12
    assert found.coverage.examples.texts == 3
    compare = NoveltyFilter().similarity
    near = [max(compare(one.review, known["review"]) for known in MOODS) for one in found]
    assert found.coverage.nearest == pytest.approx(sum(near) / len(near))


def surveying(messages, **settings):
    asked = answer_fields(messages)
    if asked == ["proposals"]:
        n = mark(messages, **settings)
        return {"proposals": [{"text": f"Town{n}{i} is {n}{i} big.", "tags": [f"t{n}{i}"]} for i in range(2)]}
    return {name: {**SURVEY_ANSWER, "correct": True, "wrong": False}[name] for name in asked}


def test_structured_fields_keep_their_types_also_after_a_resume(tmp_path):
    example = dspy.Example(**SURVEY_INPUT, **{**SURVEY_ANSWER, "place": Place(town="Ulm", people=7)}).with_inputs("text", "tags")
    first, _ = made(surveying, [example], 5, task=Survey, run_dir=tmp_path / "run")
    again, lm = made(surveying, [example], 5, task=Survey, run_dir=tmp_path / "run")
    assert lm.calls == 0
    assert list(first) == list(again)
    assert first[0].place == Place(town="Ulm", people=7)
    assert isinstance(first[0].tags, list)
    first.save(tmp_path / "train.jsonl")
    read = read_examples(tmp_path / "train.jsonl", Survey)
    assert [one.text for one in read] == [one.text for one in first]
    assert read[0].place == {"town": "Ulm", "people": 7}


def test_a_task_whose_fields_have_the_names_that_the_steps_use():
    def script(messages, **settings):
        if answer_fields(messages) == ["proposals"]:
            n = mark(messages, **settings)
            return {"proposals": [{"examples": f"a{n}", "proposals": f"b{n}"}]}
        return {"wanted": "yes"}

    examples = [{"examples": "x", "proposals": "y", "wanted": "no"}]
    found, _ = made(script, examples, 2, task="examples, proposals -> wanted")
    assert [one.wanted for one in found] == ["yes", "yes"]
    assert set(found[0].keys()) == {"examples", "proposals", "wanted"}


def test_other_examples_in_the_same_folder_are_another_run(tmp_path):
    made(run_dir=tmp_path / "run")
    with pytest.raises(RunError, match="another run"):
        made(examples=SHOUT[:2], run_dir=tmp_path / "run")


def test_when_the_budget_ends_what_was_made_is_returned():
    found, lm = made(count=50, budget=Budget(calls=40))
    assert 0 < len(found) < 50
    assert lm.calls <= 40
    assert found.made.ended.startswith("the budget ended")


def test_garbage_and_empty_proposals_are_rejected_and_end():
    found, _ = made(
        lambda messages, **_: {"proposals": [" "]} if answer_fields(messages) == ["proposals"] else "garbage", count=2
    )
    assert list(found) == []
    assert found.made.rejected["propose", "empty"] > 0
    assert found.coverage.rows == 0
    assert "0 rows" in found.summary()


@pytest.mark.parametrize(
    ("examples", "error"),
    [([], SettingError), ([{"shouted": "X"}], InputError), (["stone"], SettingError), ("stone", SettingError)],
)
def test_examples_that_are_none_are_refused_before_a_call(examples, error):
    with pytest.raises(error):
        AutoTrainset("word -> shouted", examples)


def test_settings_that_are_none_are_refused():
    for wrong in ({"least": 2.0}, {"votes": 0}, {"proposals": 0}, {"novelty": 3}, {"program": "x"}, {"shown": 0}):
        with pytest.raises(SettingError):
            AutoTrainset("word -> shouted", SHOUT, **wrong)
    with pytest.raises(TaskError):
        AutoTrainset("word", SHOUT)


def test_the_examples_are_plain_data():
    assert json.dumps(AutoTrainset(Survey, [dspy.Example(**SURVEY_INPUT, place=Place(town="Ulm", people=7))]).examples)

"""Learning by teaching (194): what the paper says must hold."""

import asyncio
import random

import dspy
import pytest

from selftaught.errors import SettingError
from selftaught.metrics import as_metric
from selftaught.optimizers.exams import NOT_EXAMINED, Students, lessons_of, nearest
from selftaught.optimizers.strategies.teaching import LearningByTeaching
from selftaught.optimizers.strategy import Problem, Standing
from selftaught.programs import Predict
from selftaught.testing import FakeLM
from selftaught.testing.samples import Speak, exact, learner, words
from tests.optimizers.stepwise import StepwiseContract, asked, compiled, knowing, text

BLAMED, WRITTEN = ("reason", "worst"), ("word", "shouted")


def new_word(messages, settings):
    name = "".join(letter for letter in str(settings.get("rollout_id")) if letter.isalnum())
    return {"word": f"new{name}", "shouted": f"NEW{name.upper()}"}


REASON = "The examples are too much alike."
STEPS = {BLAMED: lambda messages, settings: {"reason": REASON, "worst": 2}, WRITTEN: new_word}


def shown(messages):
    """The words of the demonstrations in a prompt."""
    return [str(one["content"]) for one in messages[1:-1] if one["role"] == "user"]


def word_of(messages):
    return str(messages[-1]["content"])


def problem(data=None):
    data = data or words(8)
    return Problem(Predict(Speak), Speak, data, 20, ["self"], random.Random(0), as_metric(exact))


class TestLearningByTeaching(StepwiseContract):
    method = "learning-by-teaching"

    def make(self):
        return LearningByTeaching(shots=6, lessons=4, exam=2, rounds=2, questions=2)

    def steps(self):
        return STEPS


def taught(tmp_path, optimizer=None, steps=STEPS, script=learner, **more):
    """Tune with a student of its own, so that its requests are told from the teacher's."""
    student = FakeLM(script, name="student")
    knobs = {"shots": 3, "exam": 2, "rounds": 2, "questions": 4, **more}
    tuned, teacher = compiled(optimizer or LearningByTeaching(lm=student, **knobs), tmp_path, knowing(steps), Predict(Speak))
    return tuned, teacher, student


def demos_of(standing):
    return [one["word"] for one in standing.candidate.tunings["self"].demos]


def test_a_lesson_is_examined_alone_and_on_other_questions(tmp_path):
    _, _, student = taught(tmp_path, rounds=1)
    assert len(student.requests) == 8 * 2
    for messages in student.requests:
        assert len(shown(messages)) == 1
        assert word_of(messages) not in shown(messages)
        assert word_of(messages).upper() not in text(messages)


def test_students_take_sets_on_questions_that_the_set_does_not_show(tmp_path):
    _, _, student = taught(tmp_path)
    sets = [messages for messages in student.requests if len(shown(messages)) == 3]
    assert sets
    assert all(word_of(messages) not in shown(messages) for messages in sets)


def test_students_never_see_what_candidates_are_scored_on(tmp_path):
    _, teacher, student = taught(tmp_path)
    labelled = {f"word{number}" for number in range(8)}
    assert {word_of(messages) for messages in student.requests} <= labelled
    assert not {word_of(messages) for messages in asked(teacher, "shouted")} & labelled
    assert not asked(student, *BLAMED)
    assert not asked(student, *WRITTEN)


def copying(messages, **settings):
    """A student that does as the example does."""
    loud = any(one["role"] == "assistant" and "WORD" in str(one["content"]) for one in messages)
    return {"shouted": word_of(messages).upper() if loud else word_of(messages)}


def test_a_lesson_whose_method_is_wrong_scores_zero():
    lessons = [{"word": f"word{i}", "shouted": f"WORD{i}" if i % 2 else f"word{i}"} for i in range(8)]
    with dspy.context(lm=FakeLM(copying)):
        scores = asyncio.run(Students(problem(), [None]).scores(lessons, 3, 8))
    assert scores == [float(i % 2) for i in range(8)]


def test_failed_calls_of_an_exam_do_not_count():
    def shaky(messages, **settings):
        return "garbage" if word_of(messages) == "word1" else copying(messages)

    lessons = [dict(one) for one in words(4)]
    with dspy.context(lm=FakeLM(shaky)):
        assert asyncio.run(Students(problem(words(4)), [None]).scores(lessons, 3, 4)) == [1.0] * 4
    with dspy.context(lm=FakeLM(lambda messages, **settings: "garbage")):
        assert asyncio.run(Students(problem(words(4)), [None]).scores(lessons, 3, 4)) == [NOT_EXAMINED] * 4


def test_several_students_are_pooled():
    lms = [FakeLM(copying, name="one"), FakeLM(lambda messages, **settings: {"shouted": "?"}, name="two")]
    with dspy.context(lm=FakeLM(copying)):
        scores = asyncio.run(Students(problem(words(4)), lms).scores([dict(one) for one in words(4)], 2, 4))
    assert scores == [0.5] * 4
    assert all(lm.calls == 8 for lm in lms)


def test_the_set_of_the_best_lessons_is_raced(tmp_path):
    def prefers_even(messages, **settings):
        even = any(int(one[-1]) % 2 == 0 for one in shown(messages))
        return {"shouted": word_of(messages).upper() if even else word_of(messages)}

    tuned, _, _ = taught(tmp_path, script=prefers_even, rounds=1, shots=4)
    best = next(one for one in tuned.tuning.standings if one.candidate.origin == "best lessons")
    assert sorted(demos_of(best)) == ["word0", "word2", "word4", "word6"]
    assert tuned.tuning.reasons == ["exam scores of the best lessons: 1.00, 1.00, 1.00, 1.00"]


def test_one_demonstration_of_a_set_is_exchanged_for_a_written_one(tmp_path):
    tuned, _, _ = taught(tmp_path, script=lambda messages, **settings: {"shouted": "?"}, beam=1)
    standings = {one.candidate.origin: one for one in tuned.tuning.standings}
    before, after = demos_of(standings["best lessons"]), demos_of(standings["rewritten set, round 2"])
    assert before[0] == after[0]
    assert before[2] == after[2]
    assert after[1].startswith("new")


@pytest.mark.parametrize("said", ["no json", {"word": "", "shouted": "X"}, {"word": REASON, "shouted": "X"}])
def test_a_missed_question_takes_the_place_where_nothing_usable_is_written(tmp_path, said):
    steps = {**STEPS, WRITTEN: lambda messages, settings: said}
    tuned, _, _ = taught(tmp_path, steps=steps, script=lambda messages, **settings: {"shouted": "?"})
    rewritten = [one.candidate.tunings["self"].demos for one in tuned.tuning.standings if "rewritten" in one.candidate.origin]
    assert rewritten
    assert all(one["shouted"] == one["word"].upper() and one["word"].startswith("word") for demos in rewritten for one in demos)
    assert all(len({one["word"] for one in demos}) == 3 for demos in rewritten)


def test_a_demonstration_is_not_repeated(tmp_path):
    steps = {**STEPS, WRITTEN: lambda messages, settings: {"word": "word1", "shouted": "WORD1"}}
    tuned, _, _ = taught(tmp_path, steps=steps, script=lambda messages, **settings: {"shouted": "?"})
    sets = [demos_of(one) for one in tuned.tuning.standings if one.candidate.tunings]
    assert all(len(set(one)) == len(one) for one in sets)


def test_the_beam_keeps_the_best_sets_old_and_new():
    strategy = LearningByTeaching(beam=2).strategy(problem())

    def standing(word, score):
        return Standing(strategy.candidate(None, word, demos=({"word": word, "shouted": "X"},)), score, (0.0, 1.0), 20, 0)

    strategy.tell([standing("a", 0.6), standing("b", 0.4)])
    strategy.tell([standing("c", 0.5), standing("d", 0.3), standing("e", None)])
    assert [one.candidate.origin for one in strategy.parents] == ["a", "c"]
    strategy.tell([standing("f", 0.1)])
    assert [one.candidate.origin for one in strategy.parents] == ["a", "c"]


@pytest.mark.parametrize("steps", [{}, {BLAMED: lambda messages, settings: "no json", WRITTEN: new_word}])
def test_a_teacher_without_reasons_ends_the_search(tmp_path, steps):
    tuned, teacher, _ = taught(tmp_path, steps=steps, rounds=50)
    assert tuned.tuning.ended == "the strategy has nothing left to try"
    assert len(asked(teacher, *BLAMED)) <= 4


def test_students_without_mistakes_end_the_search(tmp_path):
    tuned, teacher, _ = taught(tmp_path, script=lambda messages, **settings: {"shouted": word_of(messages).upper()}, rounds=50)
    assert not asked(teacher, *BLAMED)
    assert tuned.tuning.ended == "the strategy has nothing left to try"


def test_without_exams_the_sets_are_random(tmp_path):
    tuned, _, student = taught(tmp_path, exam=0, rounds=1)
    assert not student.calls
    assert {one.candidate.origin for one in tuned.tuning.standings} == {"baseline", "random set 1", "random set 2"}


def test_right_answers_are_worked_out_where_the_program_says_more():
    class Reasoned(dspy.Signature):
        """Do something with the word."""

        word: str = dspy.InputField()
        reasoning: str = dspy.OutputField()
        shouted: str = dspy.OutputField()

    def half(messages, **settings):
        word = word_of(messages)
        return {"reasoning": "I raise my voice.", "shouted": word.upper() if word in ("word0", "word2") else word}

    one = problem(words(4))
    one.program = Predict(Reasoned)
    with dspy.context(lm=FakeLM(half)):
        lessons = asyncio.run(lessons_of(one))
    assert [lesson.get("reasoning") for lesson in lessons] == ["I raise my voice.", None, "I raise my voice.", None]
    assert [lesson["shouted"] for lesson in lessons] == ["WORD0", "WORD1", "WORD2", "WORD3"]


def test_the_nearest_questions_are_the_most_similar_others():
    texts = ["the red house", "the red houses", "a blue car", "blue cars", "the red house"]
    near = nearest(texts, 2)
    assert near[0][0] == 1
    assert 4 not in near[0]
    assert near[2][0] == 3
    assert all(len(found) == 2 and number not in found for number, found in enumerate(near))
    assert nearest(["", ""], 1) == [[], []]


@pytest.mark.parametrize(
    ("knobs", "said"),
    [
        ({"shots": 0}, "at least 1"),
        ({"beam": 0}, "at least 1"),
        ({"exam": -1}, "at least 0"),
        ({"lm": "gpt"}, "language model"),
        ({"lm": [3]}, "language model"),
    ],
)
def test_bad_knobs_are_refused(knobs, said):
    with pytest.raises(SettingError, match=said):
        LearningByTeaching(**knobs)

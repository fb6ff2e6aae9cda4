"""Teaching as a test: answers weigh what a student learns from their reasoning."""

import dspy
import pytest

from selftaught.errors import SettingError
from selftaught.programs.vote import TeachingVote, Vote
from selftaught.testing import FakeLM, ProgramContract
from selftaught.testing.samples import SURVEY_ANSWER, Shout, Survey

EXAMPLES = [{"word": f"tree{i}", "shouted": f"TREE{i}"} for i in range(5)]


class TestTeachingVote(ProgramContract):
    method = "learning-by-teaching-vote"

    def make(self, task):
        solved = [{"text": f"Ulm {i}", "tags": ["town"], **SURVEY_ANSWER} for i in range(4)]
        return TeachingVote(task, solved if task is Survey else EXAMPLES)


class Teacher:
    """Gives these answers with these reasonings; its student copies the method that its last example shows."""

    def __init__(self, answers, fail=()):
        self.answers, self.fail, self.asked = answers, fail, []

    def __call__(self, messages, **settings):
        word = str(messages[-1]["content"])
        shown = [str(one["content"]) for one in messages if one["role"] == "assistant"]
        if not shown:
            said, method = self.answers[int(str(settings.get("rollout_id") or "draw0").rpartition("draw")[2])]
            return {"reasoning": method, "shouted": said}
        self.asked.append((word, shown))
        if any(method in shown[-1] for method in self.fail):
            return "garbage"
        return {"reasoning": "As shown.", "shouted": word.upper() if "capitals" in shown[-1] else "?"}


def teach(answers, fail=(), examples=EXAMPLES, word="tree", **settings):
    teacher = Teacher(answers, fail)
    lm = FakeLM(teacher)
    with dspy.context(lm=lm):
        found = TeachingVote(Shout, examples, samples=len(answers), **settings)(word=word)
    return found, teacher, lm


def test_a_reasoning_that_teaches_nothing_weighs_nothing():
    found, _, _ = teach([("oak", "Keep it."), ("oak", "Keep it so."), ("elm", "Use capitals.")])
    assert (found.shouted, found.taught) == ("elm", [0.0, 0.0, 1.0])


def test_equal_scores_are_a_majority_vote():
    for method in ("Use capitals.", "Keep it."):
        found, _, _ = teach([("a", method), ("b", f"{method} "), ("b", f"{method}  ")])
        assert found.shouted == "b"


def test_sum_adds_up_and_max_takes_the_best_teacher():
    answers = [("many", "Use capitals. 1"), ("many", "Use capitals. 2"), ("few", "Use capitals. 3")]
    assert teach(answers)[0].shouted == "many"
    half = [("many", "Keep it. 1"), ("many", "Keep it. 2"), ("few", "Use capitals.")]
    assert teach(half, select="max")[0].shouted == "few"


def test_one_answer_is_returned_without_an_exam():
    found, _, lm = teach([("oak", "Keep it.")])
    assert (found.shouted, lm.calls) == ("oak", 1)


def test_the_exam_never_holds_the_problem_itself_and_its_labels_are_not_shown():
    _, teacher, lm = teach([("a", "Use capitals."), ("b", "Keep it.")], word="tree3", exam=5)
    assert {word for word, _ in teacher.asked} == {"tree0", "tree1", "tree2", "tree4"}
    assert lm.calls == 2 + 2 * 4
    assert not any("TREE" in str(request) for request in lm.requests)


def test_a_student_sees_one_reasoning_and_no_other():
    _, teacher, _ = teach([("a", "Use capitals."), ("b", "Keep it.")])
    assert all(len(shown) == 1 for _, shown in teacher.asked)
    assert {"capitals" in shown[0] for _, shown in teacher.asked} == {True, False}


def test_the_lesson_stands_after_the_students_own_demonstrations():
    teacher = Teacher([("a", "Use capitals."), ("b", "Keep it.")])
    program = TeachingVote(Shout, EXAMPLES, samples=2, exam=1)
    program.student.demos = [dspy.Example(word="own", reasoning="Own.", shouted="OWN")]
    with dspy.context(lm=FakeLM(teacher)):
        program(word="tree")
    assert all(["Own." in text for text in shown] == [True, False] for _, shown in teacher.asked)


def test_exams_that_cannot_be_read_do_not_count():
    found, _, _ = teach([("a", "Use capitals."), ("b", "Mumble."), ("b", "Keep it.")], fail=["Mumble"])
    assert found.taught == [1.0, 0.5, 0.0]  # the unreadable one weighs as much as the others on average


def test_exams_may_be_repeated():
    _, teacher, _ = teach([("a", "Use capitals."), ("b", "Keep it.")], exam=2, repeats=3)
    assert len(teacher.asked) == 2 * 2 * 3


def test_where_there_is_no_other_problem_it_is_a_plain_vote():
    found, _, lm = teach([("a", "x"), ("b", "y"), ("b", "z")], examples=[{"word": "tree", "shouted": "TREE"}])
    assert (found.shouted, lm.calls) == ("b", 3)


def test_the_cost_counts_teacher_and_students():
    cost = TeachingVote(Shout, EXAMPLES, samples=4, exam=3, repeats=2).cost()
    assert (cost.at_least, cost.at_most) == (4 + 24, 4 + 24)
    few = TeachingVote(Shout, EXAMPLES[:2], samples=4, exam=3).cost()
    assert (few.at_least, few.at_most) == (4 + 4, 4 + 8)
    assert TeachingVote(Shout, EXAMPLES, samples=1).cost() == Vote(Shout, samples=1).cost()


@pytest.mark.parametrize("settings", [{"examples": []}, {"exam": 0}, {"repeats": 0}, {"select": "mean"}, {"student": "me"}])
def test_bad_settings_are_refused(settings):
    with pytest.raises(SettingError):
        TeachingVote(Shout, **{"examples": EXAMPLES, **settings})

"""Cross-lingual consistency: one vote over the answers in all languages."""

import dspy
import pytest

from selftaught.errors import SettingError, TaskError
from selftaught.programs.vote import LanguageVote, SelfConsistency
from selftaught.programs.vote.languages import digits_of
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import SURVEY_INPUT, Shout, Survey, obliging


class TestLanguageVote(ProgramContract):
    method = "cross-lingual-consistency"

    def make(self, task):
        return LanguageVote(task)


def speaking(answers, lost=()):
    """A model with a list of answers for each language; what it translates into the languages `lost` has no digits."""

    def script(messages, **settings):
        text, system = str(messages[-1]["content"]), str(messages[0]["content"])
        if answer_fields(messages) == ["translated_word"]:
            language = text.rpartition("language: ")[2].strip()
            return {"translated_word": f"{language} word" + ("" if language in lost else " 12")}
        language = next((one for one in answers if f"Reason in {one}." in system), "own")
        if language != "own":
            assert text == f"{language} word 12"
        said = answers[language]
        turn = int(str(settings.get("rollout_id") or "draw0").rpartition("draw")[2]) // len(answers)
        found = said[turn % len(said)]
        return "garbage" if found is None else {"reasoning": "So.", "shouted": found}

    return FakeLM(script)


def vote(lm, languages, **settings):
    with dspy.context(lm=lm):
        return LanguageVote(Shout, languages=languages, **settings)(word="tree 12")


def test_every_path_has_one_vote():
    lm = speaking({"own": ["1", "2"], "French": ["2"], "German": ["2", "1"]})
    found = vote(lm, ["French", "German"])
    assert found.shouted == "2"
    assert sum(found.votes.values()) == 6
    assert lm.calls == 2 + 3 * 2
    assert {language: sum(said.values()) for language, said in found.by_language.items()} == {"own": 2, "French": 2, "German": 2}


def test_without_other_languages_it_is_plain_self_consistency():
    answers = ["a", "b", "b", "a", "c"]

    def script(messages, **settings):
        return {"reasoning": "So.", "shouted": answers[int(str(settings["rollout_id"]).rpartition("draw")[2])]}

    one, other = FakeLM(script), FakeLM(script)
    found = vote(one, [], each=5)
    with dspy.context(lm=other):
        plain = SelfConsistency(Shout, samples=5, reasoning=True)(word="tree 12")
    assert (found.shouted, found.votes) == (plain.shouted, plain.votes)
    assert one.requests == other.requests


def test_the_vote_does_not_depend_on_the_order_of_languages():
    answers = {"own": ["3"], "French": ["1"], "German": ["2"], "Italian": ["4"]}
    found = [
        vote(speaking(answers), order, each=1) for order in (["French", "German", "Italian"], ["Italian", "German", "French"])
    ]
    assert found[0].shouted == found[1].shouted
    assert found[0].votes == found[1].votes


def test_a_tie_goes_to_more_languages_and_then_to_the_own():
    two = {"own": ["1", "1"], "French": ["2", "3"], "German": ["2", "3"]}
    assert vote(speaking(two), ["French", "German"]).shouted in ("2", "3")
    assert vote(speaking({"own": ["1"], "French": ["2"]}), ["French"], each=2).shouted == "1"


def test_a_translation_that_loses_a_number_is_asked_for_again_and_then_left_out():
    lm = speaking({"own": ["1"], "French": ["2"], "German": ["2"]}, lost=["French"])
    found = vote(lm, ["French", "German"], each=1)
    assert set(found.by_language) == {"own", "German"}
    assert lm.calls == 2 + 1 + 2  # twice French, once German, two answers


def test_a_second_translation_that_keeps_the_number_is_used():
    def script(messages, **settings):
        if answer_fields(messages) == ["translated_word"]:
            return {"translated_word": "arbre 12" if "again" in str(settings.get("rollout_id")) else "arbre"}
        return {"reasoning": "So.", "shouted": "1"}

    assert set(vote(FakeLM(script), ["French"], each=1).by_language) == {"own", "French"}


def test_a_translation_in_a_wrong_form_leaves_its_language_out():
    def script(messages, **settings):
        return "garbage" if answer_fields(messages) == ["translated_word"] else {"reasoning": "So.", "shouted": "1"}

    assert set(vote(FakeLM(script), ["French"]).by_language) == {"own"}


def test_an_unreadable_path_casts_no_vote():
    found = vote(speaking({"own": ["1", None], "French": [None, None]}), ["French"])
    assert (found.votes, found.by_language) == ({"1": 1.0}, {"own": {"1": 1}})


def test_digits_survive_grouping_and_script():
    assert digits_of({"a": "1,000 and ٣"}) == digits_of({"a": "3 und 1.000"})
    assert digits_of({"a": "12"}) != digits_of({"a": "1"})


def test_lists_of_texts_are_translated_and_other_fields_kept():
    def script(messages, **settings):
        asked = answer_fields(messages)
        if "translated_text" in asked:
            assert asked == ["translated_text", "translated_tags"]
            return {"translated_text": "Ulm est jolie.", "translated_tags": ["ville", "sud"]}
        return obliging(messages, **settings)

    with dspy.context(lm=FakeLM(script)):
        found = LanguageVote(Survey, languages=["French"], each=1)(**SURVEY_INPUT)
    assert set(found.by_language) == {"own", "French"}
    assert found.place.town == "Ulm"


def test_the_cost_is_of_translations_and_answers():
    cost = LanguageVote(Shout, languages=["French", "German"], each=3).cost()
    assert (cost.at_least, cost.at_most) == (3 + 2 * 2, 3 + 2 * (2 + 3))


@pytest.mark.parametrize("languages", [["own"], [""], [3]])
def test_names_of_languages_are_checked(languages):
    with pytest.raises(SettingError):
        LanguageVote(Shout, languages=languages)


def test_a_task_with_an_input_named_language_is_refused():
    with pytest.raises(TaskError, match="language"):
        LanguageVote("language -> answer")

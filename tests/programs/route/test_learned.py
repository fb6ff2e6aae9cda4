"""Learning who is good at what: exploration, outcomes reported one by one, and that they are saved."""

import dspy
import pytest

from selftaught.artifact import load, save
from selftaught.errors import InputError, SettingError
from selftaught.programs import Predict, Vote
from selftaught.programs.route import Learned, Route, explore, learn
from selftaught.testing import FakeLM
from selftaught.testing.fake import answer_fields
from selftaught.testing.samples import Shout, exact

EXPERTS = {"fruit": "Know fruit.", "music": "Know music."}
FRUIT, MUSIC = ("red apple", "green apple", "apple pie"), ("brass trumpet", "old trumpet", "trumpet case")
DATA = [dspy.Example(word=word, shouted=word.upper()).with_inputs("word") for word in (*FRUIT, *MUSIC)]


def specialised(messages, **settings):
    """An expert is right on its own kind of words, and wrong on the other; asked for a choice, the model says fruit."""
    if answer_fields(messages) == ["choice"]:
        return {"choice": "fruit"}
    word = messages[-1]["content"]
    right = ("apple" in word) == ("Know fruit." in messages[0]["content"])
    said = {"shouted": word.upper() if right else "?", "reasoning": "so"}
    return {name: said[name] for name in answer_fields(messages)}


@pytest.fixture
def lm():
    model = FakeLM(specialised)
    with dspy.context(lm=model):
        yield model


def learner(**settings):
    return Route(Shout, EXPERTS, dispatch="learned", **settings)


def test_the_router_recovers_who_is_good_at_what(lm):
    program = learn(learner(), explore(learner(), DATA, exact))
    before = lm.calls
    chosen = {word: program(word=word).expert for word in ("yellow apple", "silver trumpet", "apple cake", "trumpet solo")}
    assert chosen == {"yellow apple": "fruit", "silver trumpet": "music", "apple cake": "fruit", "trumpet solo": "music"}
    assert lm.calls - before == 4, "one attempt each, and nobody is asked"


def test_a_forced_run_uses_only_its_expert_and_every_cell_is_there(lm):
    found = explore(learner(), DATA, exact)
    assert lm.calls == 2 * len(DATA)
    assert all(answer_fields(messages) == ["shouted"] for messages in lm.requests), "no dispatcher"
    assert {name: len(scores) for name, scores in found.scores.items()} == {"fruit": 6, "music": 6}
    assert found.scores["fruit"] == [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    assert found.oracle() >= max(found.single().values())
    assert (found.oracle(), found.single()) == (1.0, {"fruit": 0.5, "music": 0.5})


def test_only_what_passed_becomes_a_row_and_nothing_of_what_failed_is_in_it(lm):
    rows = explore(learner(), [*DATA, dspy.Example(word="apple", shouted="never").with_inputs("word")], exact).rows()
    assert len(rows) == len(DATA)
    assert [row["expert"] for row in rows] == ["fruit"] * 3 + ["music"] * 3
    assert all(row["outputs"]["shouted"] == row["inputs"]["word"].upper() for row in rows)
    assert "?" not in str(rows)


def test_with_one_expert_the_rows_are_its_right_answers(lm):
    rows = explore(Route(Shout, {"fruit": "Know fruit."}), DATA, exact).rows()
    assert [row["inputs"]["word"] for row in rows] == list(FRUIT)


def test_the_cheapest_of_the_winners_wins(lm):
    both = Route(
        Shout, {"vote": Vote(Shout.with_instructions("Know fruit."), samples=3), "plain": "Know fruit."}, dispatch="learned"
    )
    found = explore(both, DATA[:3], exact)
    assert found.winners() == ["plain"] * 3
    assert learn(both, found)(word="apple tart").expert == "plain"


def test_a_failed_cell_is_missing_and_no_failure():
    def shaky(messages, **settings):
        return "garbage" if "red" in str(messages[-1]["content"]) and "Know fruit." in str(messages) else specialised(messages)

    with dspy.context(lm=FakeLM(shaky)):
        found = explore(learner(), DATA, exact)
        program = learn(learner(), found)
    assert found.scores["fruit"][0] is None
    assert found.single()["fruit"] == pytest.approx(2 / 5)
    assert len(program.dispatch.outcomes) == 11
    assert found.winners()[0] is None


def test_as_long_as_nothing_is_known_the_model_is_asked(lm):
    program = learner()
    assert (program.cost().at_least, program(word="silver trumpet").expert, lm.calls) == (2, "fruit", 2)
    program.report("fruit", 0.0, word="silver trumpet")
    assert (program.cost().at_most, program(word="silver trumpet").expert, lm.calls) == (1, "music", 3)


def test_an_untried_expert_is_preferred_to_one_that_fails_and_not_to_one_that_succeeds(lm):
    program = learner()
    program.report("music", 1.0, word="zebra")
    assert program(word="zebra").expert == "music"
    program.report("music", 0.0, word="zebra")
    program.report("music", 0.0, word="zebra")
    assert program(word="zebra").expert == "fruit"


def test_what_was_learned_survives_copies_and_files(lm, tmp_path):
    program = learn(learner(), explore(learner(), DATA, exact))
    save(program, tmp_path / "route.st")
    words = ["green apple pie", "trumpet", "nothing alike"]
    for other in (program.deepcopy(), load(tmp_path / "route.st")):
        assert [other.dispatch.expected({"word": word}) for word in words] == [
            program.dispatch.expected({"word": word}) for word in words
        ]
    twin = program.deepcopy()
    twin.report("fruit", 1.0, word="x")
    assert len(program.dispatch.outcomes) == len(twin.dispatch.outcomes) - 1


def test_a_dispatcher_that_asks_learns_from_demonstrations_of_each_expert(lm):
    program = learn(Route(Shout, EXPERTS), explore(Route(Shout, EXPERTS), DATA, exact))
    assert [demo.choice for demo in program.dispatch.select.demos] == ["fruit", "music"] * 3
    program(word="apple")
    assert any('{"choice": "music"}' in str(message["content"]) for message in lm.requests[-2])


def test_reports_that_make_no_sense_are_refused():
    with pytest.raises(SettingError, match="learns no outcomes"):
        Route(Shout, EXPERTS).report("fruit", 1.0, word="x")
    with pytest.raises(SettingError, match="nobody"):
        learner().report("nobody", 1.0, word="x")
    with pytest.raises(SettingError, match="outcome"):
        learner().report("fruit", 2.0, word="x")
    with pytest.raises(InputError, match="word"):
        learner().report("fruit", 1.0)
    with pytest.raises(SettingError, match="does not learn"):
        learn(Route(Shout, EXPERTS, dispatch="near"), explore_nothing())
    with pytest.raises(SettingError, match="neighbours"):
        Learned(Shout, EXPERTS, neighbours=0)


def explore_nothing():
    with dspy.context(lm=FakeLM(specialised)):
        return explore(Route(Shout, {"a": Predict(Shout)}), DATA[:1], exact)

"""What must hold of every kind of constraint, checked on hand-made texts; the groups' own tests build texts at random."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selftaught.programs.judge.constraints import Constraint, compatible, conflicts, constraint, kinds
from selftaught.programs.judge.constraints.registry import kind_named
from selftaught.programs.judge.constraints.text import sentences, words
from tests.judges.constraints.examples import EXAMPLES

MADE = {kind: constraint(kind, **arguments) for kind, (arguments, _, _) in EXAMPLES.items()}
TEXTS = sorted({text for _, good, bad in EXAMPLES.values() for text in (*good, *bad)})
each_kind = pytest.mark.parametrize("kind", EXAMPLES)


def test_every_kind_has_hand_made_texts():
    assert sorted(EXAMPLES) == list(kinds())


@each_kind
def test_accepts_what_satisfies_it_and_has_nothing_to_explain(kind):
    for text in EXAMPLES[kind][1]:
        assert MADE[kind].explain(text) == "", text
        assert MADE[kind].check(text)


@each_kind
def test_rejects_what_breaks_it_and_says_why_in_a_sentence(kind):
    for text in EXAMPLES[kind][2]:
        assert not MADE[kind].check(text), text
        assert len(MADE[kind].explain(text).split()) >= 3


@each_kind
@pytest.mark.parametrize("blank", ["", " \n\t "])
def test_a_blank_text_satisfies_nothing(kind, blank):
    assert not MADE[kind].check(blank)
    assert MADE[kind].explain(blank) == "The text is empty."


@each_kind
def test_describes_itself_with_its_arguments(kind):
    said = MADE[kind].describe()
    assert len(said.split()) >= 3
    assert "{" not in said.replace("{and these}", "")
    for value in EXAMPLES[kind][0].values():
        shown = [value] if isinstance(value, str | int) else value
        assert kind in NAMED_OTHERWISE or all(str(one) in said for one in shown), said


NAMED_OTHERWISE = {"language:response_language", "custom:csv"}


@each_kind
def test_is_plain_data_and_comes_back_from_it(kind):
    data = json.loads(json.dumps(MADE[kind].to_dict()))
    assert constraint(**data) == MADE[kind]
    assert len({MADE[kind], constraint(**data)}) == 1
    assert Constraint(kind, MADE[kind].given) == MADE[kind]


@each_kind
def test_does_not_conflict_with_itself(kind):
    assert compatible([MADE[kind], MADE[kind]])


def test_conflicts_are_symmetric_and_never_deny_what_a_text_can_do():
    satisfied = {text: {kind for kind, one in MADE.items() if one.check(text)} for text in TEXTS}
    for one in MADE.values():
        for other in MADE.values():
            assert conflicts(one, other) == conflicts(other, one)
            if conflicts(one, other):
                both = [text for text, held in satisfied.items() if {one.kind, other.kind} <= held]
                assert not both, (one.kind, other.kind, both)


@each_kind
def test_what_it_claims_and_contains_is_true_of_the_texts_that_satisfy_it(kind):
    own, arguments = kind_named(kind), MADE[kind].arguments
    claims = own.claims(**arguments)
    for text in EXAMPLES[kind][1]:
        assert "words" not in claims or len(words(text)) in claims["words"]
        assert "sentences" not in claims or len(sentences(text)) in claims["sentences"]
        flat = " ".join(text.lower().split())
        assert all(phrase.lower() in flat for phrase in own.contains(**arguments))


@pytest.mark.parametrize("kind", [kind for kind, one in MADE.items() if kind_named(kind).every_part(**one.arguments)])
def test_what_it_claims_of_every_part_holds_of_the_parts(kind):
    for text in filter(MADE[kind].check, TEXTS):
        parts = text.split()
        for start in range(len(parts)):
            for end in range(start + 1, len(parts) + 1):
                assert MADE[kind].check(" ".join(parts[start:end])), (text, parts[start:end])


@each_kind
@given(text=st.text())
def test_any_text_is_either_accepted_or_explained(kind, text):
    assert MADE[kind].check(text) == (MADE[kind].explain(text) == "")


@pytest.mark.parametrize(
    "piece", [".", "*", '"', "'", "\n", " ", "(", "<", "[", "9", "_", "!?", "😀", "-", "#", "\0", "Question ", "P.S.", "a. ", "ß"]
)
def test_what_a_model_repeats_without_end_is_read_too(piece):
    text = f"It {piece * 3_000} is<<{piece * 3_000}\n{piece * 3_000}a"
    for one in MADE.values():
        assert len(one.explain(text)) <= 503, one.kind

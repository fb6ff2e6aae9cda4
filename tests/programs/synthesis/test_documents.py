"""Documents: pieces of any text, and rules for what is made from them."""

import random

import pytest

from selftaught.errors import SettingError
from selftaught.programs.synthesis.documents import Documents, pieces, title_of
from selftaught.programs.synthesis.documents_rules import leans, names, unnamed


@pytest.mark.parametrize("size", [20, 97, 1000])
@pytest.mark.parametrize("seed", range(4))
def test_pieces_are_bounded_in_order_and_lose_nothing(size, seed):
    draws = random.Random(seed)
    marks = [" ", " ", " ", ". ", "\n", "\n\n", "。", "", "\t"]
    text = "".join("x" * draws.randrange(1, 60) + draws.choice(marks) for _ in range(300))
    found = list(pieces(text, size))
    assert all(0 < len(piece) <= size for piece in found)
    assert "".join("".join(found).split()) == "".join(text.split())


def test_pieces_end_at_the_best_place():
    assert list(pieces("One two three.\n\nFour five six.", 20)) == ["One two three.", "Four five six."]
    assert list(pieces("One two. Three four five.", 15)) == ["One two.", "Three four", "five."]
    assert list(pieces("x" * 50, 20)) == ["x" * 20, "x" * 20, "x" * 10]
    assert list(pieces("   \n ", 20)) == []


def test_a_document_of_ten_megabytes_is_cut_in_one_pass():
    text = ("The river runs on. " * 20 + "\n\n") * (10 * 1024 * 1024 // 382)
    source = Documents([text], piece=2000)
    assert source.total() > 5000
    assert sum(len(one["text"]) for one in source.pieces) > 0.99 * len(text)
    assert len(source.begin(3, [], 0)) == 32


def test_rows_say_of_which_document_and_piece_they_are():
    source = Documents([{"text": "One two three. " * 5, "id": "a", "licence": "free"}, "", "Short."], piece=40, passes=2, batch=2)
    rows = []
    number = 0
    while (begun := source.begin(number, [], 0)) is not None:
        rows += begun
        number += 1
    assert len(rows) == source.total()
    assert [(row["document"], row["piece"], row["pass"]) for row in rows[: len(rows) // 2]] == [
        ("a", 0, 1),
        ("a", 1, 1),
        ("a", 2, 1),
        ("2", 0, 1),
    ]
    assert {row["pass"] for row in rows} == {1, 2}
    assert rows[0]["licence"] == "free"


@pytest.mark.parametrize("documents", [[], [""], ["  \n"], [{"title": "no text"}], "one text", [3], [{"text": 3}]])
def test_documents_that_say_nothing_are_refused(documents):
    with pytest.raises(SettingError):
        Documents(documents)


def test_titles_are_given_or_the_first_line():
    assert title_of({"title": "T", "text": "x"}) == "T"
    assert title_of({"title": "", "text": "First line\nSecond"}) == "First line"
    assert len(title_of({"text": "word " * 100})) <= 80


@pytest.mark.parametrize("question", ["What does the text say about Ulm?", "Who is he?", "It is what?", "Did he win?", "What is it?", "When was it built?", "What is mentioned above?", "Why?", "Where was she born?", "According to this passage, who won?"])  # fmt: skip
def test_questions_that_lean_on_their_text_are_told(question):
    assert leans(question)


@pytest.mark.parametrize("question", ["When was Ulm founded?", "What is it called when water freezes?", "Is there a bridge in Bern?", "Is it true that Ulm lies on a river?", "Who lived in Ulm before he moved?", "Welcher Fluss fliesst durch Ulm?", "乌尔姆在哪里？"])  # fmt: skip
def test_questions_that_stand_alone_are_kept(question):
    assert not leans(question)


def test_facts_name_what_they_are_about():
    assert unnamed("It lies on the Danube.", "Ulm") == "begins with a pronoun"
    assert unnamed("The town lies on the Danube.", "Ulm") == "does not name what it is about"
    assert unnamed(" ", "Ulm") == "says nothing"
    assert unnamed("In 854 ULM was founded.", "Ulm") == ""
    assert not names("Ulmer Muenster", "Ulm")
    assert not names("anything", "!?")

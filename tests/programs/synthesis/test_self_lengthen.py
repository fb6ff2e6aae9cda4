"""Lengthening: longer, well formed, from its own beginning; and the rows of it."""

import re
import zlib

import dspy
import pytest

from selftaught.errors import CallError
from selftaught.programs.synthesis.lengthen import Lengthen, well_formed, words_of
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.self_lengthen import Pruned, SelfLengthen
from selftaught.testing import FakeLM, ProgramContract, SynthesisContract, answer_fields

TASK = "instruction -> output"
DRAFT = "One is here.\n\nTwo is there.\n\nThree ends it."


def text(mark, sentences):
    return "\n\n".join(f"Part {mark} number {i} of many words." for i in range(sentences))


def writing(draft=DRAFT, enriched=6, followed=4, changes=None):
    """Drafts, enriches and goes on; each text has its own words."""

    def script(messages, **settings):
        asked, mark = answer_fields(messages), zlib.crc32(f"{messages}{settings.get('rollout_id')}".encode()) % 9973
        said = {"output": draft, "richer_text": text(f"rich{mark}", enriched), "what_follows": text(f"more{mark}", followed)}
        said |= {"instruction": f"Write the long story of hero {mark}.", "long": True}
        if changes:
            said |= changes(asked, mark)
        return {name: said[name] for name in asked}

    return script


def lengthened(script=None, **settings):
    lm = FakeLM(script or writing())
    with dspy.context(lm=lm):
        return Lengthen(TASK, **settings)(instruction="Tell it."), lm


class TestLengthen(ProgramContract):
    method = "lengthen"

    def make(self, task):
        return Lengthen(task)


class TestSelfLengthen(SynthesisContract):
    method = "self-lengthen"

    def make(self):
        return SelfLengthen(["Write a long tale of the sea."], batch=4)

    def script(self, messages, **settings):
        return writing()(messages, **settings)


def test_the_text_grows_and_begins_with_what_was_kept_of_the_richer_half():
    found, lm = lengthened()
    assert found.lengths == sorted(found.lengths)
    assert found.words == words_of(found.output) == found.lengths[-1] > words_of(found.draft)
    assert found.draft == DRAFT
    enriched = [message for request in lm.requests if answer_fields(request) == ["richer_text"] for message in request[-1:]]
    assert "Three" not in str(enriched[0])  # the first half alone
    beginning = next(str(one[-1]["content"]) for one in lm.requests if answer_fields(one) == ["what_follows"])
    assert re.search(r"rich\d+ number 3", beginning)
    assert not re.search(r"rich\d+ number 4", beginning)  # the last third is dropped


def test_without_passes_it_is_plain_generation():
    found, lm = lengthened(writing("malformed"), passes=0)
    assert (found.output, lm.calls) == ("malformed", 1)


def test_a_repetition_or_a_shorter_text_is_never_taken():
    same = "These are the very same ten words in one row. " * 2
    assert not well_formed(same)
    assert not well_formed("It breaks off in the")
    for change in ({"what_follows": same}, {"richer_text": "A.", "what_follows": "B."}, {"what_follows": "it breaks off"}):
        found, _ = lengthened(writing(changes=lambda asked, mark, change=change: change))
        assert found.output == DRAFT
        assert found.lengths == [words_of(DRAFT)]


def test_a_malformed_draft_is_written_again_and_the_last_one_stands_where_nothing_better_comes():
    drafts = iter(["no end", "no end still", DRAFT])
    found, _ = lengthened(writing(changes=lambda asked, mark: {"output": next(drafts)} if "output" in asked else {}), passes=1)
    assert found.draft == DRAFT
    found, lm = lengthened(writing("no end", changes=lambda asked, mark: {"what_follows": "no end"}), passes=1, tries=3)
    assert (found.output, lm.calls) == ("no end", 3 + 2)


def test_a_failed_pass_leaves_the_text():
    def failing(asked, mark):
        if "what_follows" in asked:
            raise CallError("down")
        return {}

    assert lengthened(writing(changes=failing))[0].output == DRAFT


def rows(count=4, script=None, **settings):
    with dspy.context(lm=FakeLM(script or writing())):
        return SelfLengthen(["Write a long tale of the sea."], batch=6, **settings).run(count, progress=False, patience=2)


def test_rows_are_longer_than_their_drafts_and_the_outline_comes_from_the_rows_own_draft():
    draft = text("draft", 10)
    found = rows(script=writing(draft, 12, 12))
    for row in found.rows:
        assert row["words"] > 1.2 * words_of(row["draft"])
        outline = row["outline"].split("\n")
        assert len(outline) == 8
        assert set(outline) < set(draft.split("\n\n"))
        assert row["instruction_with_length"].startswith(row["instruction"])
        assert re.search(r"Write .*\d+ .*words\.$", row["instruction_with_length"])


def test_what_hardly_grows_or_asks_for_little_is_dropped():
    assert set(rows(script=writing(text("draft", 10), 3, 9), passes=1).rejected) == {("lengthen", "hardly longer than its draft")}
    short = rows(script=writing(changes=lambda asked, mark: {"long": False}))
    assert set(short.rejected) == {("asks for a short text", "asks for a short text")}
    few = rows(script=writing(changes=lambda asked, mark: {"instruction": "Write."}))
    assert set(few.rejected) == {("not 3 to 500 words", "not 3 to 500 words")}


@pytest.mark.parametrize("count", [1, 2, 50])
def test_the_longest_text_of_a_round_stays_and_the_shortest_go(count):
    rows = [Row({"words": size, "output": f"x{size}"}) for size in range(count)]
    reasons = Pruned().decide(rows)
    assert reasons[-1] == ""
    if count > 1:
        assert reasons[0] == "short"  # twice the cube of 1 is above 1
    assert count < 10 or 0.2 < sum(map(bool, reasons)) / count < 0.6

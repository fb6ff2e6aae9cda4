"""Self-Instruct: the contract, and what must hold of it, on planted proposals."""

import zlib

import dspy

from selftaught.novelty import NoveltyFilter
from selftaught.programs.synthesis.instances import conflicting, empty
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.seed_draws import SeedDraws
from selftaught.programs.synthesis.self_instruct import SelfInstruct
from selftaught.testing import FakeLM, SynthesisContract, answer_fields

SEEDS = [
    "Write a short poem about autumn leaves.",
    "Sort these numbers from small to large.",
    "Name the capital of the country.",
    "Translate the sentence into French.",
]


def planted(messages, **settings):
    """Proposes good, short, long, blocked, repeated and near-repeated instructions; answers the other steps."""
    asked, text = answer_fields(messages), str(messages[-1]["content"])
    number = zlib.crc32(text.encode()) % 9973
    if asked == ["tasks"]:
        kinds = [
            f"alpha{number} beta{number} gamma{number} delta{number}",
            "Too short",
            "word " * 200,
            f"Draw a picture of thing {number} now",
            "Write a program that sorts",
            "¿Qué hora es en Madrid?",
            SEEDS[0],
            "Sort these numbers from small to big.",
        ]
        return {"tasks": kinds}
    return {
        "classification": number % 2 == 0,
        "choices": ["good", "bad"],
        "input": f"text {number}",
        "output": f"answer {number}",
    } | {}


def run(count=6, script=planted, patience=8, **settings):
    lm = FakeLM(
        lambda messages, **more: {
            name: value for name, value in script(messages, **more).items() if name in answer_fields(messages)
        }
    )
    with dspy.context(lm=lm):
        return SelfInstruct(SEEDS, batch=3, **settings).run(count, progress=False, patience=patience), lm


class TestSelfInstruct(SynthesisContract):
    method = "self-instruct"

    def make(self):
        return SelfInstruct(SEEDS, batch=2)

    def script(self, messages, **settings):
        return {name: value for name, value in planted(messages, **settings).items() if name in answer_fields(messages)}


def test_exactly_the_planted_good_ones_survive_and_each_reason_is_told():
    found, _ = run()
    assert all(row["instruction"].startswith("alpha") for row in found.rows)
    reasons = {reason for by, reason in found.rejected if by in ("clean", "novelty")}
    assert reasons == {
        "not 4 to 150 words",
        "asks for what text cannot hold",
        "asks for a program",
        "starts with punctuation or another script",
        "ROUGE-L above 0.7",
    }


def test_no_two_kept_instructions_are_alike_and_none_is_like_a_seed():
    found, _ = run(12)
    distinct = NoveltyFilter()
    distinct.filter(SEEDS)
    assert all(distinct.add(text) for text in dict.fromkeys(row["instruction"] for row in found.rows))


def test_classifications_are_made_label_first_and_others_input_first():
    seen = []

    def script(messages, **settings):
        seen.append(answer_fields(messages))
        return planted(messages, **settings)

    found, _ = run(8, script)
    assert {row["output"] for row in found.rows if row["classification"]} == {"good", "bad"}, "not always the label named first"
    assert ["choices"] in seen
    assert ["input"] in seen
    assert ["input", "output"] in seen


def test_every_label_gets_an_input_where_several_instances_are_asked_for():
    found, _ = run(12, instances=2)
    labels = [row["output"] for row in found.rows if row["classification"]]
    assert abs(labels.count("good") - labels.count("bad")) <= 1


def test_the_tasks_that_a_proposal_is_shown_how_with_are_no_news():
    shown = SelfInstruct(SEEDS).parts[0].program.demos[0].tasks
    found, _ = run(2, lambda messages, **settings: {**planted(messages, **settings), "tasks": shown[:4]}, patience=2)
    assert not found.rows


def test_no_rows_no_calls():
    assert run(0)[1].calls == 0


def test_a_task_with_two_outputs_for_one_input_is_dropped_whole():
    assert conflicting([("a", "x"), ("A.", "y")])
    assert not conflicting([("a", "x"), ("a", "X"), ("b", "y")])
    assert empty("Say it", "in", "") == "no output"
    assert empty("Say it", "same text", "Same text.") == "the output repeats the input"
    assert empty("Say it", "in:", "out") == empty("Say it", "in", "out:") == "ends in a colon"
    assert empty("Say it", "say it.", "out") == "the input repeats the instruction"
    assert empty("Say it", "in", "out") == empty("Say it", "", "out") == ""


def test_proposals_show_seeds_and_at_most_two_machine_written():
    source = SeedDraws([Row({"instruction": one}) for one in SEEDS], shown=4, machine=2, batch=20)
    accepted = [Row({"instruction": f"machine {i}"}) for i in range(5)]
    rows = source.begin(3, accepted, 0)
    for row in rows:
        own = [one for one in row["examples"] if one.startswith("machine")]
        assert len(own) == 2
        assert len(row["examples"]) == len(set(row["examples"])) == 4
        assert len(row.origin.parents) == 2
    assert rows == source.begin(3, accepted, 0)
    assert rows != source.begin(4, accepted, 0)
    assert all(len(row["examples"]) == 4 for row in source.begin(0, [], 0))

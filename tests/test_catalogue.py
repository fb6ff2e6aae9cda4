"""The catalogue: its status follows from registrations and contract tests, and what is written down is current."""

import json

import pytest

from selftaught.embedding import FEATURES
from selftaught.errors import SettingError
from selftaught.programs.judge import Verify, constraint
from selftaught.programs.synthesis import Pipeline
from selftaught.registry import catalogue, find, method, registered_class, registrations
from tests.collect_tested import TARGET, collect


def test_the_collected_tests_are_current():
    assert json.loads(TARGET.read_text()) == collect(), "run: python -m tests.collect_tested"


def test_every_tested_method_is_registered():
    assert set(collect()) <= set(registrations())


def test_all_201_papers_are_there_and_the_unregistered_are_open():
    entries = catalogue()
    served = {one.number for one in registrations().values()}
    assert {entry.number for entry in entries if entry.number} == set(range(1, 202))
    assert all(entry.status == "open" for entry in entries if entry.number and entry.number not in served)


def test_works_means_registered_with_contract_tests_and_nothing_missing():
    for entry in catalogue():
        assert (entry.status == "works") == bool(entry.serves and entry.tests and not entry.missing)


NEEDED = {
    "panel": lambda: {"judges": [Verify("question -> answer")]},
    "self-rewarding-lm": lambda: {"criteria": ["The answer is right."]},
    "nearest-demonstrations": lambda: {"examples": [{"question": f"q{i}", "answer": "a"} for i in range(3)]},
    "mixture-of-prompts": lambda: {"centroids": [[1.0] + [0.0] * (FEATURES - 1)]},
    "ranked-instructions": lambda: {"instructions": ["Answer the question."]},
    "leap-in-context": lambda: {"principles": ["Be brief."]},
    "learning-by-teaching-vote": lambda: {"examples": [{"question": f"q{i}", "answer": "a"} for i in range(3)]},
    **dict.fromkeys(("polylm", "japanese-self-instruct"), lambda: {"identify": lambda text: "de"}),
    "self-guide": lambda: {"task": "question -> answer"},
    **dict.fromkeys(
        ("act", "devils-advocate", "webevolver", "icpi", "lma3", "boss", "structured-reflection-agent"),
        lambda: {"environment": "rooms"},
    ),
    **dict.fromkeys(
        ("self-talk-dialogue", "self-talk-rows"),
        lambda: {
            "workflow": [
                {"name": "ask", "says": "What do you want?", "then": [["says it", "end"]]},
                {"name": "end", "says": "Done."},
            ]
        },
    ),
    "structure-search": lambda: {"knobs": {"predict.temperature": (0.1, 0.5)}},
    "mathif": lambda: {"constraints": [constraint("punctuation:no_comma")]},
}
"""What some classes cannot be built without, because only the user knows it."""


TEXTS = ["Write a short poem about autumn."]
SOLVED = [{"question": "q", "answer": "a"}]
CHOSEN = [{"question": "q", "answer": "a", "options": ["a", "b"]}]
SOURCES = {
    **dict.fromkeys(
        (
            "self-guide", "lmsi-rows", "iwsi", "gsi-socratic", "east", "east-pairs", "qwen25-math", "qwen25-math-problems", "qwen25-math-pairs",
            "system2-distillation", "self-motivated-learning", "self-motivated-pairs", "stasc-rows", "stasc-rows-all", "regenesis-rows", "re-rest",
            "scrit-rows", "self-taught-evaluator-rows", "self-rewarding-pairs", "meta-rewarding-pairs", "meta-rewarding-judgements", "scpo",
            "self-reinforcement", "self-refine-it", "self-explore-pairs", "self-explore-outcomes", "spar-pairs", "process-self-rewarding-pairs",
            "critique-pairs", "mistake-record", "mistake-tuning", "injected-errors", "unknown-questions",
        ),
        SOLVED,
    ),
    "stm-rows": [{"question": "q", "answer": "a", "passage": "It is a."}],
    "crest": CHOSEN,
    "crest-rows": CHOSEN,
    "self-improving-transformers": [{"question": "q", "answer": "a", "difficulty": 1}],
    "instruct-skillmix": [],
    "instructdial": [{"name": "t", "instructions": ["Do it."], "rows": [{"context": "x", "output": "y"}]}],
    "dermasynth": [{"name": "oak", "height": "20 m"}],
    **dict.fromkeys(("self-challenging", "self-challenging-trajectories"), "def look(place: str) -> str:\n    return ''"),
    "self-talk-rows": [{"persona": "a guest"}],
    "absinstruct": [{"instance": "violin", "concept": "instrument", "label": "yes"}],
}  # fmt: skip
"""What the pipelines begin from, which only the user has; texts for those that are not here."""


def test_serving_classes_can_be_built_from_their_arguments():
    for one in registrations().values():
        given = {**one.arguments, **NEEDED.get(one.slug, dict)()}
        first = [SOURCES.get(one.slug, TEXTS)] if issubclass(one.serves, Pipeline) else ["question -> answer"]
        built = one.serves(*(first if one.serves.__module__.split(".")[1] == "programs" else []), **given)
        assert isinstance(built, one.serves)


def test_find_names_the_nearest():
    assert find("145").slug == "self-refine"
    assert find("stick").number == 142
    with pytest.raises(SettingError, match="self-refine"):
        find("self-refin")


def test_two_classes_cannot_take_one_name():
    with pytest.raises(SettingError, match="registered twice"):
        method(None, "best-of", family="search")(type("Impostor", (), {}))


@pytest.mark.parametrize(
    "path", ["os:system", "subprocess:Popen", "selftaught.programs.refine.core:Step", "selftaught.programs.nothing:X", "x"]
)
def test_only_classes_of_the_rooms_are_found_by_name(path):
    with pytest.raises(SettingError):
        registered_class(path)

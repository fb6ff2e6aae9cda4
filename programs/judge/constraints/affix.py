"""How a text begins and ends, and what it repeats (IFEval's start and end groups, IFBench's repetitions).

Departures from the published checkers: (1) spaces count as one space, since models break lines. (2) Curly quotation marks
are quotation marks. (3) IFBench cuts its span by letters, although it asks for words; here it is words. Its rows do not say
whether the first index is 0 or 1, so both readings pass.
"""

from __future__ import annotations

from selftaught.programs.judge.constraints.arguments import Count, Phrase, Whole
from selftaught.programs.judge.constraints.claims import Edge, Range
from selftaught.programs.judge.constraints.registry import kind
from selftaught.programs.judge.constraints.text import tokens

QUOTES = ('"', "\u201c", "\u201d", "\u201e", "\u00ab", "\u00bb")


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


@kind(
    "combination:repeat_prompt",
    'First repeat this request word for word, with nothing before it, then answer it: "{prompt_to_repeat}"',
    claims=lambda prompt_to_repeat: {"beginning": Edge((prompt_to_repeat,))},
    contains=lambda prompt_to_repeat: [prompt_to_repeat],
)
def repeat_prompt(text: str, prompt_to_repeat: Phrase) -> str:
    """The text begins with the request, in any case."""
    return "" if _plain(text).startswith(_plain(prompt_to_repeat)) else "It does not begin with the request, word for word."


@kind(
    "startend:end_checker",
    'End with exactly these words and nothing after them: "{end_phrase}"',
    claims=lambda end_phrase: {"ending": Edge((end_phrase, end_phrase + '"', end_phrase + QUOTES[2]), at_end=True)},
    contains=lambda end_phrase: [end_phrase],
)
def end_checker(text: str, end_phrase: Phrase) -> str:
    """The text ends with a phrase, in any case; a quotation mark around the whole text does not count."""
    ends = _plain(text.strip().strip("".join(QUOTES))).endswith(_plain(end_phrase.strip("".join(QUOTES))))
    return "" if ends else f'It does not end with "{end_phrase}"'


@kind(
    "startend:quotation",
    "Put the whole answer in double quotation marks.",
    claims=lambda: {"beginning": Edge(QUOTES), "ending": Edge(QUOTES, at_end=True)},
)
def quotation(text: str) -> str:
    """The whole text stands in double quotation marks."""
    bare = text.strip()
    return "" if len(bare) > 2 and bare[0] in QUOTES and bare[-1] in QUOTES else "It is not wrapped in double quotation marks."


@kind(
    "repeat:repeat_change",
    'Repeat this request with another first word, and do not answer it: "{prompt_to_repeat}"',
    claims=lambda prompt_to_repeat: {"tokens": Range(len(prompt_to_repeat.split()), len(prompt_to_repeat.split()))},
)
def repeat_change(text: str, prompt_to_repeat: Phrase) -> str:
    """The text is the request, but for its first word, which is another one."""
    said, asked = text.split(), prompt_to_repeat.split()
    if said[1:] != asked[1:]:
        return "It is not the request with another first word."
    return "Its first word is the same as the request's." if said == asked else ""


@kind(
    "repeat:repeat_simple",
    'Write this sentence and nothing else: "{sentence}"',
    claims=lambda sentence: {"beginning": Edge((sentence,)), "ending": Edge((sentence,), at_end=True)},
    contains=lambda sentence: [sentence],
)
def repeat_simple(text: str, sentence: Phrase) -> str:
    """The text is one given sentence, in any case."""
    return "" if _plain(text) == _plain(sentence) else "It is not the sentence asked for, or not that alone."


@kind(
    "repeat:repeat_span",
    'Copy the words with index {n_start} to {n_end} of this request and write nothing else: "{prompt_to_repeat}"',
    claims=lambda n_start, n_end, prompt_to_repeat: {
        "index of the words": Range(n_start, min(n_end, len(prompt_to_repeat.split())))
    },
)
def repeat_span(text: str, prompt_to_repeat: Phrase, n_start: Whole, n_end: Count) -> str:
    """The text is a span of the request's words, both ends included."""
    asked, said = prompt_to_repeat.split(), _plain(text).strip("\"'")
    spans = [_plain(" ".join(asked[max(0, n_start - first) : n_end + 1 - first])).strip("\"'") for first in (0, 1)]
    return "" if said in spans else f"It is not the words {n_start} to {n_end} of the request, or not those alone."


@kind(
    "words:words_position",
    'Let the second word and the last but one both be "{keyword}".',
    contains=lambda keyword: [keyword],
)
def words_position(text: str, keyword: Phrase) -> str:
    """The second word and the last but one are a given word."""
    said = [token.lower() for token in tokens(text)]
    if len(said) < 2:
        return "It has fewer than two words."
    places = {"second": said[1], "last but one": said[-2]}
    wrong = [f'the {place} word is "{word}"' for place, word in places.items() if word != keyword.lower()]
    return f'"{keyword}" was asked, but {" and ".join(wrong)}.' if wrong else ""

"""What sentences and paragraphs are like, one after the other (IFBench's sentence group and its ratios of sentences).

Sentences are split by `text.sentences`; a word in one stands between spaces.

Departures from the published checkers: (1) where sentences are compared with each other there must be two: a single sentence
fails. (2) A ratio of kinds of sentence needs at least one of each; IFBench accepts none at all. (3) "All different words"
is checked, which IFBench asks but does not check. (4) The sequence of alliterative words is the longest run in a sentence, not
the sum of its runs.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import groupby, pairwise

from selftaught.programs.judge.constraints.arguments import Count, Phrase, listed, unless
from selftaught.programs.judge.constraints.claims import Claims, Range
from selftaught.programs.judge.constraints.registry import kind
from selftaught.programs.judge.constraints.text import EMOJI, counted, lines, mark_of, occurrences, sentences, tokens

AT_LEAST_TWO: Claims = {"sentences": Range(2)}
ENDS_IN_EMOJI = re.compile(rf"[{EMOJI}][^\w{EMOJI}]*$")


def _kinds_of_sentence(text: str) -> tuple[int, int, int]:
    marks = Counter(map(mark_of, sentences(text)))
    return marks["."], marks["?"], marks["!"]


@kind(
    "ratio:sentence_type",
    "Write two statements for every question.",
    claims=lambda: {"sentences": Range(3)},
)
def sentence_type(text: str) -> str:
    """Twice as many sentences end in a full stop as in a question mark."""
    statements, questions, _ = _kinds_of_sentence(text)
    if questions and statements == 2 * questions:
        return ""
    return f"It has {counted(statements, 'statement')} and {counted(questions, 'question')}; twice as many statements were asked."


@kind(
    "ratio:sentence_balance",
    "Write as many statements as questions and as exclamations.",
    claims=lambda: {"sentences": Range(3)},
)
def sentence_balance(text: str) -> str:
    """Equally many sentences end in a full stop, a question mark and an exclamation mark."""
    found = _kinds_of_sentence(text)
    if found[0] and len(set(found)) == 1:
        return ""
    named = zip(found, ("statement", "question", "exclamation"), strict=True)
    return f"It has {', '.join(counted(number, name) for number, name in named)}; equally many were asked."


@kind("format:emoji", "End every sentence with an emoji.")
def emoji(text: str) -> str:
    """Every sentence ends with an emoji, before or after its mark."""
    found = sentences(text)
    wrong = [sentence for sentence in found if not ENDS_IN_EMOJI.search(sentence)]
    return f"These sentences end without an emoji: {listed(wrong)}." if wrong else "" if found else "It has no sentences."


@kind(
    "ratio:sentence_words",
    "Write three sentences, all with the same number of characters, and use no word twice.",
    claims=lambda: {"sentences": Range(3, 3)},
)
def sentence_words(text: str) -> str:
    """Three sentences of equal length in characters, all words different."""
    found = sentences(text)
    if wrong := unless("exactly", 3, len(found), "sentence"):
        return wrong
    lengths = [len(sentence) for sentence in found]
    if len(set(lengths)) > 1:
        return f"Its sentences have {', '.join(map(str, lengths))} characters; equally many were asked."
    twice = [word for word, times in Counter(token.lower() for token in tokens(text)).items() if times > 1]
    return f"It uses these words twice: {listed(twice)}." if twice else ""


@kind(
    "sentence:keyword",
    'Use the word "{word}" in sentence {N}.',
    claims=lambda word, N: {"sentences": Range(N), f'times of the word "{word.lower()}"': Range(1)},
    contains=lambda word, N: [word],
)
def sentence_keyword(text: str, word: Phrase, N: Count) -> str:
    """A keyword is in the N-th sentence."""
    found = sentences(text)
    if len(found) < N:
        return f"It has {counted(len(found), 'sentence')}; sentence {N} must have a word."
    return "" if occurrences(word, found[N - 1]) else f'Sentence {N} lacks "{word}".'


@kind(
    "words:keywords_specific_position",
    'Let word {m} of sentence {n} be "{keyword}".',
    claims=lambda keyword, n, m: {"sentences": Range(n), "words": Range(n + m - 1)},
    contains=lambda keyword, n, m: [keyword],
)
def keywords_specific_position(text: str, keyword: Phrase, n: Count, m: Count) -> str:
    """The m-th word of the n-th sentence is a keyword."""
    said = [tokens(sentence) for sentence in sentences(text)]
    if len(said) < n or len(said[n - 1]) < m:
        return f"It has no sentence {n} with {counted(m, 'word')}."
    word = said[n - 1][m - 1]
    return "" if word.lower() == keyword.lower() else f'Word {m} of sentence {n} is "{word}" instead of "{keyword}".'


@kind(
    "words:last_first",
    "Let each sentence start with the last word of the sentence before it.",
    claims=lambda: AT_LEAST_TWO,
)
def last_first(text: str) -> str:
    """The last word of a sentence is the first of the next, in any case."""
    said = [found for found in ([token.lower() for token in tokens(sentence)] for sentence in sentences(text)) if found]
    wrong = [f"{one[-1]} / {two[0]}" for one, two in pairwise(said) if one[-1] != two[0]]
    return _compared(len(said), f"These neighbours do not match: {listed(wrong)}." if wrong else "")


@kind(
    "words:paragraph_last_first",
    "Let each paragraph, on a line of its own, end with the word it started with.",
)
def paragraph_last_first(text: str) -> str:
    """Each line that has words starts and ends with the same one, in any case."""
    said = [found for found in map(tokens, lines(text)) if found]
    wrong = [f"{words[0]} ... {words[-1]}" for words in said if words[0].lower() != words[-1].lower()]
    return f"These paragraphs start and end differently: {listed(wrong)}." if wrong else "" if said else "It has no words."


@kind(
    "sentence:increment",
    "Let each sentence have exactly {small_n:word} more than the sentence before it.",
    claims=lambda small_n: AT_LEAST_TWO,
)
def increment(text: str, small_n: Count) -> str:
    """The number of words grows by the same step from sentence to sentence."""
    lengths = [len(tokens(sentence)) for sentence in sentences(text)]
    grows = all(two - one == small_n for one, two in pairwise(lengths))
    shown = ", ".join(map(str, lengths))
    return _compared(
        len(lengths), "" if grows else f"Its sentences have {shown} words; each must have {small_n} more than the last."
    )


@kind(
    "sentence:alliteration_increment",
    "Let each sentence have a longer run of words with the same first letter than the sentence before it.",
    claims=lambda: AT_LEAST_TWO,
)
def alliteration_increment(text: str) -> str:
    """The longest run of neighbours with the same first letter grows from sentence to sentence."""
    firsts = [[token[0].lower() for token in tokens(sentence)] for sentence in sentences(text)]
    runs = [max((len(list(run)) for _, run in groupby(letters)), default=0) for letters in firsts]
    grows = all(one < two for one, two in pairwise(runs))
    shown = ", ".join(map(str, runs))
    return _compared(len(runs), "" if grows else f"The longest runs of its sentences are {shown} words; each must be longer.")


def _compared(number: int, wrong: str) -> str:
    return wrong if number > 1 else f"It has {counted(number, 'sentence')}; two or more are compared."

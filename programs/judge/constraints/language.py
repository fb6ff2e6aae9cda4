"""The language of a text. Needs `langdetect` (`pip install 'selftaught[constraints]'`), loaded when first used.

The detector draws random numbers; its seed is fixed here, for each text anew, so that a text always gets the same answer.

Departures from the published checkers: (1) a text without a recognisable language fails; IFEval lets it pass. (2) The text is
lowered first: capitals mislead the detector. (3) `zh` accepts both ways of writing Chinese. (4) IFBench passes an answer too
short to have an n-th word; here it fails.
"""

from __future__ import annotations

import re
from functools import cache
from threading import Lock
from typing import Annotated, Any

from pydantic import AfterValidator

from selftaught.errors import SettingError, nearest
from selftaught.programs.judge.constraints.arguments import Count, listed
from selftaught.programs.judge.constraints.claims import Claims, Range, one_of
from selftaught.programs.judge.constraints.registry import kind
from selftaught.programs.judge.constraints.vocabulary import LANGUAGES

JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
_loading = Lock()


def _known(code: str) -> str:
    if code.lower() not in LANGUAGES:
        raise ValueError(f"no language that can be detected{nearest(code, LANGUAGES)}; codes are as in ISO 639-1: en, de, hi")
    return code.lower()


Language = Annotated[str, AfterValidator(_known)]


def _languages(language: str) -> Claims:
    return {"language": one_of(*(code for code in LANGUAGES if code == language or code.startswith(language + "-")))}


@kind(
    "language:response_language",
    lambda language: f"Write the whole answer in {LANGUAGES[language]}, and in no other language.",
    claims=_languages,
)
def response_language(text: str, language: Language) -> str:
    """The whole text is in a language, by ISO 639-1 code."""
    found = detect(text)
    if found is not None and (found == language or found.startswith(language + "-")):
        return ""
    said = LANGUAGES.get(found, found) if found else "no language that can be recognised"
    return f"It is in {said}; {LANGUAGES[language]} was asked."


@kind(
    "count:words_japanese",
    "Let every word whose position is a multiple of {N} be Japanese.",
    claims=lambda N: {"tokens": Range(N)},
)
def words_japanese(text: str, N: Count) -> str:
    """Every N-th word has a Japanese letter; numbers there are let pass."""
    chosen = text.split()[N - 1 :: N]
    if not chosen:
        return f"It has fewer than {N} words."
    wrong = [word for word in chosen if not JAPANESE.search(word) and re.search(r"[^\W\d]", word)]
    return f"These words should be Japanese: {listed(wrong)}." if wrong else ""


def detect(text: str) -> str | None:
    """Return the code of a text's language, or None where none can be recognised.

    Raises:
        SettingError: the detector is not installed.
    """
    detector = profiles().create()
    from langdetect.lang_detect_exception import LangDetectException

    detector.seed = 0
    detector.append(text.lower())
    try:
        return str(detector.detect())
    except LangDetectException:
        return None


def profiles() -> Any:
    """Return the detector's language profiles, read once.

    Raises:
        SettingError: the detector is not installed.
    """
    with _loading:
        return _profiles()


@cache
def _profiles() -> Any:
    try:
        from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory
    except ImportError as error:
        raise SettingError(
            "language:response_language needs a language detector. Install it: pip install 'selftaught[constraints]'."
        ) from error
    factory = DetectorFactory()
    factory.load_profile(PROFILES_DIRECTORY)
    return factory

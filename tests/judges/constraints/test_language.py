"""The detector: sentences of several languages, the same answer every time, and a clear message where it is not installed."""

import sys

import pytest

from selftaught.errors import SettingError
from selftaught.programs.judge.constraints import Constraints, constraint
from selftaught.programs.judge.constraints.language import _profiles, detect
from selftaught.programs.judge.constraints.vocabulary import LANGUAGES
from selftaught.testing.samples import Shout

SAID = {
    "en": "The weather is fine today, and we walk along the river to the old town.",
    "de": "Das Wetter ist heute schön, und wir gehen am Fluss entlang in die alte Stadt.",
    "fr": "Il fait beau aujourd'hui et nous marchons le long de la rivière vers la vieille ville.",
    "hi": "आज मौसम अच्छा है और हम नदी के किनारे पुराने शहर की ओर चल रहे हैं।",
    "ru": "Сегодня хорошая погода, и мы идём вдоль реки в старый город.",
    "zh": "今天天气很好，我们沿着河边走到老城区去。",
}


@pytest.mark.parametrize("text", SAID)
@pytest.mark.parametrize("asked", SAID)
def test_a_text_is_in_its_own_language_only(asked, text):
    one = constraint("language:response_language", language=asked)
    assert one.check(SAID[text]) == (asked == text)
    if asked != text:
        assert LANGUAGES[asked] in one.explain(SAID[text])


def test_capitals_do_not_mislead_and_every_look_gives_the_same():
    assert detect(SAID["en"].upper()) == "en"
    short = "Hotel Taxi Bar Radio"
    assert len({detect(short) for _ in range(10)}) == 1


def test_an_unknown_language_is_refused_with_the_nearest():
    with pytest.raises(SettingError, match="language='germ'"):
        constraint("language:response_language", language="germ")


def test_without_the_detector_the_message_says_what_to_install(monkeypatch):
    _profiles.cache_clear()
    monkeypatch.setitem(sys.modules, "langdetect.detector_factory", None)
    with pytest.raises(SettingError, match=r"pip install 'selftaught\[constraints\]'"):
        constraint("language:response_language", language="de").check("Guten Tag")
    with pytest.raises(SettingError, match=r"pip install 'selftaught\[constraints\]'"):
        Constraints(Shout, [constraint("language:response_language", language="de")])

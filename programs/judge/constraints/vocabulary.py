"""Small closed classes of English words, written down from grammar, and the names of languages.

They stand in for a part-of-speech tagger: a pronoun is a word that can be one ("that" counts also where it is none).
"""

from __future__ import annotations


def _set(*groups: str) -> frozenset[str]:
    return frozenset(word for group in groups for word in group.split())


CONJUNCTIONS = _set("for and nor but or yet so")
"""The coordinating ones."""

PERSONAL = _set(
    "i me my mine myself we us our ours ourselves you your yours yourself yourselves",
    "he him his himself she her hers herself it its itself they them their theirs themselves",
)
POINTING = _set("this that these those")
ASKING = _set("who whom whose which what whoever whomever whatever whichever")
INDEFINITE = _set(
    "anybody anyone anything everybody everyone everything nobody nothing somebody someone something",
    "each either neither both all some any none",
)
PRONOUNS = PERSONAL | POINTING | ASKING | INDEFINITE

STOP_WORDS = (
    PERSONAL
    | POINTING
    | _set(
        "who whom which what when where why how",
        "a an the am is are was were be been being have has had having do does did doing can will should just now",
        "and but or nor so if because as until while of at by for with about against between into through during before after",
        "above below to from up down in out on off over under again further then once here there all any both each few more",
        "most other some such no not only own same than too very",
        "s t d ll m o re ve y don ain aren couldn didn doesn hadn hasn haven isn ma mightn mustn needn shan shouldn wasn weren",
        "won wouldn",
    )
)
"""Function words; with the halves of contractions, because an apostrophe ends a word here."""

LANGUAGES = {
    "af": "Afrikaans", "ar": "Arabic", "bg": "Bulgarian", "bn": "Bengali", "ca": "Catalan", "cs": "Czech", "cy": "Welsh",
    "da": "Danish", "de": "German", "el": "Greek", "en": "English", "es": "Spanish", "et": "Estonian", "fa": "Persian",
    "fi": "Finnish", "fr": "French", "gu": "Gujarati", "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian",
    "id": "Indonesian", "it": "Italian", "ja": "Japanese", "kn": "Kannada", "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian",
    "mk": "Macedonian", "ml": "Malayalam", "mr": "Marathi", "ne": "Nepali", "nl": "Dutch", "no": "Norwegian", "pa": "Punjabi",
    "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sk": "Slovak", "sl": "Slovenian", "so": "Somali",
    "sq": "Albanian", "sv": "Swedish", "sw": "Swahili", "ta": "Tamil", "te": "Telugu", "th": "Thai", "tl": "Tagalog",
    "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu", "vi": "Vietnamese", "zh": "Chinese", "zh-cn": "simplified Chinese",
    "zh-tw": "traditional Chinese",
}  # fmt: skip
"""What can be detected, by ISO 639-1 code."""

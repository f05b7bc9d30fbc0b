"""The engines that `detect_language` can ask. An engine is a class; its name is its name in pipelines.yaml.

An instance is called with a text of at most a few thousand characters and answers (code, confidence): an ISO 639-1
code (`und` where it cannot tell) and how sure it is, from 0 to 1. It gives the same answer every time, in any thread,
and takes any text at all. `languages`, if it has that, holds every code that it may answer: a code in `keep` that would
turn everything away is then found before the first document is read.

An engine loads its library when it is built.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from importlib.resources import files
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from copydesk.errors import did_you_mean
from copydesk_language.alphabets import alphabets
from copydesk_language.codes import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    Engine = Callable[[str], tuple[str, float]]

UNKNOWN: Final = ("und", 0.0)

_LOADING = Lock()
"""Profiles are read once in a process, even where eight threads build their stages at one moment."""

_UNSPEAKABLE = re.compile(r"[^\t\n\r -~\N{NO-BREAK SPACE}-\uD7FF\uE000-\uFDCF\uFDF0-\uFFFD\U00010000-\U0001FFFD]+")
"""Controls, lone surrogates and non-characters: CLD2 raises on them, lingua on the surrogates."""


class profiles:
    """langdetect's language profiles, with every n-gram of the text counted, in whole numbers: quick and repeatable.

    A little more accurate than langdetect itself and twenty times as quick, for 54 languages (langdetect's 55, less the
    difference between the scripts of Chinese). The confidence is about how far the best language is ahead. Letters that
    the best language does not have decide against it, and name one of some fifty others. Serbian in Cyrillic letters is
    told by Croatian's profile.
    """

    def __init__(self) -> None:
        from copydesk_language import ngrams  # noqa: PLC0415 (numpy takes 0.15 s to import, and only this engine needs it)

        with _LOADING:
            self._model = ngrams.model()
            self._alphabets = alphabets(self._model.languages)
        self._ngrams = ngrams
        self.languages = frozenset(self._model.languages) | self._alphabets.languages | {"sr"}

    def __call__(self, text: str) -> tuple[str, float]:
        code, confidence = self._alphabets.judged(text, *self._ngrams.told(text, self._model))
        return self._ngrams.told_from_serbian(text, self._model) if code == "mk" else (code, confidence)


class langdetect:
    """langdetect as it is, seeded: it draws n-grams at random until it is sure.

    Unseeded it answers one sentence in fifty differently from call to call. The seed lies in a factory of our own: on
    the class, where its manual puts it, any other library can unset it. Its `detect` also fails in threads whose first
    call comes at one time (langdetect issue 65), which a factory that is complete before it is handed out does not.
    """

    def __init__(self) -> None:
        with _LOADING:
            self._factory = _langdetect_factory()
        self._trouble: type[Exception] = import_module("langdetect").LangDetectException
        self.languages = frozenset(map(plain, self._factory.get_lang_list()))

    def __call__(self, text: str) -> tuple[str, float]:
        detector = self._factory.create()
        detector.append(text)
        try:
            found = detector.get_probabilities()
        except self._trouble:  # it finds no letter of any of its languages
            return UNKNOWN
        return _best([(language.lang, language.prob) for language in found])


class py3langid:
    """py3langid: langid.py's model of 97 languages on NumPy; quick, and a little more accurate on single sentences."""

    def __init__(self) -> None:
        library = _library("py3langid", "py3langid.langid")
        self._model = library.LanguageIdentifier.from_model_file(library.MODEL_FILE, norm_probs=True)
        self.languages = frozenset(map(plain, self._model.labels))

    def __call__(self, text: str) -> tuple[str, float]:
        code, probability = self._model.classify(_UNSPEAKABLE.sub(" ", text))
        return plain(code), float(probability)


class cld2:
    """CLD2, once Chrome's: the quickest by far, about 165 languages, weaker than the others on short text."""

    def __init__(self) -> None:
        self._library = _library("cld2", "pycld2")
        tags = dict(self._library.LANGUAGES)
        self.languages = frozenset(plain(tags[name]) for name in self._library.DETECTED_LANGUAGES if name in tags)

    def __call__(self, text: str) -> tuple[str, float]:
        _, _, found = self._library.detect(_UNSPEAKABLE.sub(" ", text), bestEffort=True)
        _, tag, percent, _ = found[0]
        return plain(tag), percent / 100


class lingua:
    """lingua: the best on single words, of 75 languages. Here in its small mode, which is as good on whole paragraphs.

    The large mode takes 960 MB and 15 s to start, the small one a tenth of that.
    """

    def __init__(self) -> None:
        library = _library("lingua", "lingua")
        self._detector = library.LanguageDetectorBuilder.from_all_languages().with_low_accuracy_mode().build()
        self.languages = frozenset(language.iso_code_639_1.name.lower() for language in library.Language.all())

    def __call__(self, text: str) -> tuple[str, float]:
        best = self._detector.compute_language_confidence_values(_UNSPEAKABLE.sub(" ", text))[0]
        return (best.language.iso_code_639_1.name.lower(), best.value) if best.value > 0 else UNKNOWN


ENGINES: Final = (profiles, langdetect, py3langid, cld2, lingua)


def built_in(name: str) -> Callable[[], Engine]:
    """The engine of this package that bears the name. Raises ValueError where none does."""
    for engine in ENGINES:
        if engine.__name__ == name:
            return engine
    names = [engine.__name__ for engine in ENGINES]
    raise ValueError(f"`engine`: there is no `{name}`, only {', '.join(names)}.{did_you_mean(name, names)}")


def _library(extra: str, module: str) -> Any:
    """The module of an engine that does not come with copydesk. Where it is missing the error says what to type."""
    try:
        return import_module(module)
    except ModuleNotFoundError as missing:
        message = f'the engine `{extra}` is not installed; install it with: pip install "copydesk[{extra}]"'
        raise ModuleNotFoundError(message, name=module) from missing


def _best(found: list[tuple[str, float]]) -> tuple[str, float]:
    """The likeliest language, the two scripts of Chinese taken together."""
    together: dict[str, float] = {}
    for tag, probability in found:
        together[plain(tag)] = together.get(plain(tag), 0.0) + probability
    return max(together.items(), key=lambda item: item[1], default=UNKNOWN)


@cache
def _langdetect_factory() -> Any:
    """A seeded factory with all profiles in it, in the order of their names: the file system's order would count."""
    library = import_module("langdetect.detector_factory")
    folder = files("langdetect").joinpath("profiles")
    factory = library.DetectorFactory()
    factory.set_seed(0)
    names = sorted(profile.name for profile in folder.iterdir() if not profile.name.startswith("."))
    factory.load_json_profile([folder.joinpath(name).read_text("utf-8") for name in names])
    return factory

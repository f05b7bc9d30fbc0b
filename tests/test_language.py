"""The language of the story: answers that must hold on every machine, and what a pipeline is told in time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import copydesk_language
from copydesk.document import Document
from copydesk_language import alphabets, build_profiles, codes, detect_language, engines, ngrams
from copydesk_language.stage import excerpt, lowered

DATA = Path(os.environ.get("COPYDESK_DATA", Path(__file__).parents[2] / "shared" / "data"))
SENTENCES = DATA / "language_sentences.jsonl"
NAMES = ["profiles", "langdetect", "py3langid", "cld2", "lingua"]
STORIES = {
    "en": "The harbour authority said on Tuesday that two of its three cranes would stand still until the spring.",
    "de": "Die Hafenbehörde teilte am Dienstag mit, dass zwei ihrer drei Kräne bis zum Frühjahr stillstehen werden.",
    "es": "La autoridad portuaria dijo el martes que dos de sus tres grúas no funcionarán hasta la primavera.",
    "ru": "Управление порта сообщило во вторник, что два из трёх кранов не будут работать до весны.",
    "ja": "港湾局は火曜日、部品が春まで届かないため、三基のクレーンのうち二基を停止すると発表した。",
    "ar": "قالت سلطة الميناء يوم الثلاثاء إن اثنتين من رافعاتها الثلاث ستتوقفان عن العمل حتى الربيع.",
}


def told(text, **options):
    doc = judged(detect_language(**options), text)
    return doc.found("language")[0]


def judged(stage, text):
    doc = Document(text)
    doc.signed_by("detect_language")
    stage(doc)
    return doc


@pytest.fixture(scope="module")
def all_sentences():
    if not SENTENCES.exists():
        pytest.skip("the sentences are not here")
    rows = [json.loads(line) for line in SENTENCES.read_text("utf-8").splitlines()]
    pairs = [(row["text"], row["gold"]["language"]) for row in rows]
    return [(text, "no" if code == "nb" else code) for text, code in pairs]


@pytest.fixture(scope="module")
def sentences(all_sentences):
    return [(text, code) for text, code in all_sentences if code in ngrams.model().languages]


def share_right(engine, sentences):
    return sum(engine(text)[0] == code for text, code in sentences) / len(sentences)


def test_sentences_of_all_languages_are_told_as_well_as_by_langdetect(sentences):
    assert len(sentences) == 2040
    assert share_right(engines.profiles(), sentences) >= 0.981


@pytest.mark.parametrize(
    ("codes_", "least"),
    [({"hy", "ka"}, 1.0), ({"be", "is", "kk"}, 0.92), ({"az", "sr"}, 0.85), ({"mn"}, 0.7), ({"eo"}, 0.55)],
    ids=["own scripts", "many letters", "some letters", "typed in many ways", "few letters"],
)
def test_languages_without_a_profile_are_told_by_their_letters(codes_, least, all_sentences):
    told = [engines.profiles()(text)[0] == code for text, code in all_sentences if code in codes_]
    assert len(told) == 40 * len(codes_)
    assert sum(told) / len(told) >= least


def test_letters_change_no_answer_of_the_profiles_that_was_right(sentences):
    engine, model = engines.profiles(), ngrams.model()
    assert not [text for text, code in sentences if ngrams.told(text, model)[0] == code != engine(text)[0]]


@pytest.mark.slow
def test_langdetect_itself_does_no_better(sentences):
    assert share_right(engines.langdetect(), sentences) <= share_right(engines.profiles(), sentences)


def test_confidence_is_higher_where_the_answer_is_right(sentences):
    engine = engines.profiles()
    answers = [(engine(text), code) for text, code in sentences]
    sure = [answer[0] == code for answer, code in answers if answer[1] >= 0.8]
    unsure = [answer[0] == code for answer, code in answers if answer[1] < 0.6]
    assert sum(sure) / len(sure) > 0.99
    assert sum(unsure) / len(unsure) < 0.85


def test_the_shipped_table_is_what_the_installed_langdetect_gives():
    shipped, fresh = ngrams.shipped(), build_profiles.table()
    assert shipped.languages == fresh.languages
    for old, new in zip(shipped[1:], fresh[1:], strict=True):
        assert old.dtype == new.dtype
        assert np.array_equal(old, new)


def test_the_table_is_small_and_nobody_can_write_to_it():
    assert Path(ngrams.__file__).with_name("profiles.npz").stat().st_size < 1_000_000
    assert not any(array.flags.writeable for array in (*ngrams.shipped()[1:], *ngrams.model()[1:]))
    assert engines.profiles()._model is engines.profiles()._model


def test_keys_are_sorted_and_the_last_is_beyond_all_others():
    grams = ngrams.shipped().grams
    assert np.all(np.diff(grams) > 0)
    assert ngrams.shipped().characters.max() < 1 << ngrams.BITS


def plainly_summed(text, table):
    """What n-grams give to each language, looked up one by one; how many are known; how many there are."""
    text = f" {text} "
    ids = [int(table.characters[min(ord(character), 0xFFFF)]) for character in text]
    rows = {key: row for key, row in zip(table.grams.tolist(), table.scores, strict=True) if row.any()}
    sums, found, counted = np.zeros(len(table.languages), int), 0, 0
    for at in range(1, len(text)):
        if text[at].isupper() and text[at - 1].isupper():
            continue
        for length in range(1, min(at + 1, 3) + 1):
            gram = ids[at - length + 1 : at + 1]
            if gram in ([ngrams.SPACE], [ngrams.SPACE] * 2) or (length == 3 and gram[1] == ngrams.SPACE):
                continue
            counted += 1
            row = rows.get(sum(number << ngrams.BITS * (3 - length + place) for place, number in enumerate(gram)))
            sums, found = (sums, found) if row is None else (sums + row, found + 1)
    return [*sums.tolist(), found, counted]


@pytest.mark.parametrize(
    "text",
    [
        *(STORIES[code] for code in ("en", "de", "es")),
        "",
        "  The  UN, the EU and lastly NATO: \N{LATIN SMALL LETTER GAMMA} or \N{LATIN CAPITAL LETTER GAMMA}Ab.  ",
        "A rare letter, as in Łódź, and the text is searched",
    ],
    ids=["English", "German", "Spanish", "nothing", "capitals and strangers", "rare letters"],
)
def test_the_quick_sums_are_those_of_one_n_gram_after_another(text):
    model, table = ngrams.model(), ngrams.shipped()
    assert ngrams._sums(ngrams._rows(text, model), model) == plainly_summed(text, table)


@given(st.text("abcDEFéßÖ .,\n0łŁƿЖж", max_size=60))
def test_frequent_letters_are_looked_up_as_all_letters_are(text):
    model = ngrams.model()
    parts = model.latin.take(ngrams._points(text), axis=1, mode="clip")
    searched = ngrams._sums(ngrams._searched(parts, model), model)
    last, before, first = model.frequent.take(ngrams._points(text), axis=1, mode="clip")
    keys = last[2:] + before[1:-1] + first[:-2]
    is_frequent = bool((keys < len(model.dense)).all())
    assert is_frequent == ("Ł" not in text)
    assert not is_frequent or ngrams._sums(model.dense.take(keys), model) == searched


def test_importing_the_plugin_loads_no_numpy_and_no_langdetect():
    code = "import copydesk_language, sys; print({'numpy', 'langdetect'} & set(sys.modules))"
    paths = os.pathsep.join(
        str(Path(module.__file__).parents[1]) for module in (copydesk_language, sys.modules["copydesk"])
    )
    env = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("engine", ["profiles", "langdetect"])
@pytest.mark.parametrize("code", STORIES)
def test_each_story_is_told(engine, code):
    language = told(STORIES[code], engine=engine)
    assert language.code == code
    assert 0.5 < language.confidence <= 1


@pytest.mark.parametrize("engine", ["profiles", "langdetect"])
def test_the_same_text_always_gets_the_same_answer(engine):
    stage = detect_language(engine=engine)
    mixed = f"{STORIES['en']} {STORIES['es'][:60]} {STORIES['de'][:40]}"
    answers = {told(mixed, engine=engine) for _ in range(3)} | {
        judged(stage, mixed).found("language")[0] for _ in range(20)
    }
    assert len(answers) == 1


def test_a_seed_unset_by_another_library_changes_nothing():
    from langdetect import DetectorFactory

    stage = detect_language(engine="langdetect")
    DetectorFactory.seed = None
    assert len({judged(stage, "Harbour cranes stand still again").found("language")[0] for _ in range(20)}) == 1


@pytest.mark.parametrize("engine", ["profiles", "langdetect"])
def test_eight_threads_may_begin_at_the_same_moment(engine):
    code = f"""
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from copydesk.document import Document
from copydesk_language import detect_language
start = Barrier(8)
def first(text):
    start.wait()
    doc = Document(text)
    detect_language(engine={engine!r})(doc)
    return doc.found("language")[0]
with ThreadPoolExecutor(8) as pool:
    print(len(set(pool.map(first, [{STORIES["es"]!r}] * 8))))
"""
    paths = os.pathsep.join(
        str(Path(module.__file__).parents[1]) for module in (copydesk_language, sys.modules["copydesk"])
    )
    env = {**os.environ, "PYTHONPATH": paths, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False)
    assert done.stdout.strip() == "1", done.stderr


@pytest.mark.parametrize("engine", ["profiles", "langdetect"])
def test_one_stage_serves_eight_threads(engine):
    stage, start = detect_language(engine=engine), Barrier(8)

    def answers(_):
        start.wait()
        return [judged(stage, text).found("language")[0] for text in STORIES.values()]

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(answers, range(8)))
    assert all(result == results[0] for result in results)
    assert [language.code for language in results[0]] == list(STORIES)


@pytest.mark.parametrize(
    "text",
    ["", "12 345 678 90 " * 9, "\N{GRINNING FACE}" * 90, "Harbour cranes.", "." * 500, "\ud800" * 500, "ᎤᎵᎮᎵᏍᏗ " * 20],
    ids=["nothing", "digits", "emoji", "two words", "dots", "surrogates", "Cherokee"],
)
def test_what_nobody_can_tell_is_und(text):
    language = told(text)
    assert (language.code, language.confidence) == ("und", 0.0)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Το λιμάνι έκλεισε.", "el"),
        ("항구가 닫혔다.", "ko"),
        ("ท่าเรือปิด", "th"),
        ("أغلق الميناء اليوم", "ar"),
        ("The port is shut now.", "en"),
        ("The port shut.", "und"),
        ("Порт сегодня закрыт", "ru"),
        ("Порт закрыт", "und"),
        ("5 μg of β, 3 μm", "und"),
    ],
)
def test_letters_count_by_how_much_they_tell(text, code):
    assert told(text).code == code


def test_a_lone_surrogate_does_no_harm():
    assert told(STORIES["en"].replace(" on", " \ud800 on")).code == "en"


def test_only_what_is_kept_counts():
    doc = Document(f"{STORIES['de']}\n{STORIES['en'][:40]}")
    doc.segments[0].mark("promo")
    detect_language()(doc)
    assert doc.found("language")[0].code == "en"


@pytest.mark.parametrize("first", STORIES)
@pytest.mark.parametrize("second", STORIES)
def test_a_story_in_two_languages_gets_one_of_them(first, second):
    assert told(f"{STORIES[first]}\n\n{STORIES[second]}").code in {first, second}


def test_a_story_in_two_languages_gets_less_confidence_than_one_of_that_length():
    both = told(f"{STORIES['en']}\n\n{STORIES['es']}").confidence
    assert both < told(f"{STORIES['en']}\n\n{STORIES['en']}").confidence


def test_more_letters_give_more_confidence():
    confidences = [lowered(0.9, letters) for letters in range(20, 400)]
    assert confidences == sorted(confidences)
    assert confidences[-1] == 0.9
    assert lowered(1.7, 500) == 1.0


@pytest.mark.parametrize("engine", ["profiles", "langdetect"])
@given(text=st.text())
def test_an_engine_takes_any_text(engine, text):
    made = engines.built_in(engine)()
    code, confidence = made(text)
    assert code in made.languages | {"und"}
    assert 0 <= confidence <= 1
    assert made(text) == (code, confidence)


def test_the_answer_does_not_hang_on_capitals():
    assert told(STORIES["de"].upper()).code == "de"
    assert told(STORIES["ru"].upper()).code == "ru"


def test_letters_that_are_composed_or_not_are_the_same():
    import unicodedata

    composed = "Thủ tướng cho biết hôm thứ ba rằng hai trong ba cần cẩu của cảng sẽ ngừng hoạt động."
    assert told(composed) == told(unicodedata.normalize("NFD", composed))
    assert told(composed).code == "vi"


def test_a_language_that_is_not_kept_is_rejected():
    doc = judged(detect_language(keep=("en", "de")), STORIES["es"])
    assert (doc.outcome, doc.reason) == ("rejected", "language is es; kept are de, en")
    assert doc.found("language")[0].code == "es"


def test_a_language_that_is_dropped_is_rejected():
    doc = judged(detect_language(drop=("es",)), STORIES["es"])
    assert (doc.outcome, doc.reason) == ("rejected", "language is es; dropped are es")


@pytest.mark.parametrize(
    ("options", "outcome"),
    [
        ({}, "clean"),
        ({"keep": ("en",)}, "rejected"),
        ({"keep": ("en", "und")}, "clean"),
        ({"drop": ("es",)}, "clean"),
        ({"drop": ("und",)}, "rejected"),
    ],
    ids=["no wish", "kept without und", "kept with und", "another dropped", "und dropped"],
)
def test_und_is_a_code_like_any_other(options, outcome):
    assert judged(detect_language(**options), "Cranes.").outcome == outcome


def test_kept_languages_pass():
    assert judged(detect_language(keep=("en", "es")), STORIES["es"]).outcome == "clean"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"keep": ("ger",)}, "`keep`: `ger` is not an ISO 639-1 code. Did you mean `de`?"),
        ({"drop": ("english",)}, "`drop`: `english` is not an ISO 639-1 code. Did you mean `en`?"),
        ({"keep": ("en", "zh-cn")}, "`keep`: `zh-cn` is not an ISO 639-1 code. Did you mean `zh`?"),
        ({"keep": ("EN",)}, "`keep`: `EN` is not an ISO 639-1 code. Did you mean `en`?"),
        ({"keep": ("Portugese",)}, "`keep`: `Portugese` is not an ISO 639-1 code. Did you mean `pt`?"),
        ({"keep": ("iw",)}, "`keep`: `iw` is not an ISO 639-1 code. Did you mean `he`?"),
        ({"keep": ("?",)}, "`keep`: `?` is not an ISO 639-1 code. It has two letters, as in `en` and `de`."),
        ({"keep": ("en",), "drop": ("en",)}, "`en` stands in `keep` and in `drop`; take it out of one of them"),
        (
            {"engine": "profile"},
            "`engine`: there is no `profile`, only " + ", ".join(NAMES) + ". Did you mean `profiles`?",
        ),
    ],
)
def test_a_wrong_option_is_found_when_the_stage_is_built(options, message):
    with pytest.raises(ValueError, match=r".") as caught:
        detect_language(**options)
    assert str(caught.value) == message


def test_a_code_that_the_engine_never_answers_is_found_too():
    with pytest.raises(ValueError, match=r"`keep`: this engine never answers `ms`, only ab, af, ak, .*, zh$"):
        detect_language(keep=("ms",))


def test_the_stages_help_names_every_language_of_the_usual_engine():
    words = " ".join(detect_language.__doc__.split())
    profiled = words.partition("has a profile of ")[2].partition(".")[0]
    by_letters = words.partition("does not have, it tells ")[2].partition(".")[0]
    assert tuple(profiled.split()) == ngrams.model().languages
    assert by_letters.split() == sorted(engines.profiles().languages - set(ngrams.model().languages))


def test_alphabets_are_sorted_small_letters_of_known_codes():
    rows = Path(alphabets.__file__).with_name("alphabets.tsv").read_text("utf-8").splitlines()
    assert rows == sorted(rows)
    assert {row.partition("\t")[0] for row in rows} <= set(codes._spellings().values())
    letters = [letter for row in alphabets._shipped() for letter in row.letters]
    assert not [letter for letter in letters if letter.isascii() or not letter.isalpha() or letter != letter.lower()]


def test_two_languages_with_the_same_letters_are_und():
    others = alphabets.Alphabets(("en",))
    others._doubts["en"] = alphabets._against(
        frozenset(), [alphabets.Alphabet("xx", frozenset("ə")), alphabets.Alphabet("yy", frozenset("ə"))]
    )
    assert others.judged("ə ə", "en", 0.9) == ("und", 0.0)


@given(st.text("abeЕіыўөәғҳѓђљçñəþðñ “”.", max_size=80), st.sampled_from(["en", "ru", "uk", "mk", "tr", "und", "zh"]))
def test_letters_give_a_language_or_leave_the_answer(text, code):
    known = ngrams.model().languages
    answer, confidence = alphabets.alphabets(known).judged(text, code, 0.5)
    assert (answer, confidence) == (code, 0.5) or answer in alphabets.alphabets(known).languages | {"und"}
    assert 0 <= confidence < 1


def test_serbian_in_latin_letters_has_as_many_letters_as_in_cyrillic_ones():
    assert "ЉУБАВ и Његош, џеп, ђак, ћуд".translate(ngrams._IN_LATIN) == "LjUBAV i Njegoš, džep, đak, ćud"


def test_codes_are_sorted_and_complete():
    rows = Path(codes.__file__).with_name("codes.tsv").read_text("utf-8").splitlines()
    assert rows == sorted(rows)
    assert len(rows) == 183
    assert engines.profiles().languages <= {row[:2] for row in rows}


class finnish:
    """An engine of a stranger, which does not say what it can answer."""

    def __call__(self, text):
        return "fi", 7.0


def test_a_strangers_engine_is_asked():
    doc = judged(detect_language(engine=finnish, keep=("ka", "fi")), STORIES["en"] * 3)
    assert doc.found("language")[0].code == "fi"
    assert doc.found("language")[0].confidence == 1.0


def test_all_engines_are_offered_by_their_names():
    offered = []
    copydesk_language.register_language_engines(offered.append)
    assert [engine.__name__ for engine in offered] == NAMES
    copydesk_language.register_stages(offered.append)
    assert offered[-1] is detect_language


@pytest.mark.parametrize(
    ("engine", "module"), [("py3langid", "py3langid.langid"), ("cld2", "pycld2"), ("lingua", "lingua")]
)
def test_an_engine_without_its_package_says_what_to_type(engine, module, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, module.partition(".")[0], None)
    with pytest.raises(ModuleNotFoundError) as caught:
        detect_language(engine=engine)
    assert (
        str(caught.value)
        == f'the engine `{engine}` is not installed; install it with: pip install "copydesk[{engine}]"'
    )


@pytest.mark.parametrize(("engine", "module"), [("py3langid", "py3langid"), ("cld2", "pycld2"), ("lingua", "lingua")])
def test_an_extra_engine_tells_the_stories_and_takes_any_text(engine, module):
    pytest.importorskip(module)
    stage = detect_language(engine=engine, keep=tuple(STORIES))
    for code, story in STORIES.items():
        assert judged(stage, story).found("language")[0].code == code
    for text in [
        "",
        "\0",
        "\x85" * 30,
        "\ud800 lone",
        "\ufdd0\ufffe",
        "\U0001fffe",
        "\N{GRINNING FACE}",
        "1234",
        "a" * 9000,
    ]:
        code, confidence = stage.engine(text)
        assert code == codes.plain(code)
        assert 0 <= confidence <= 1


def test_a_short_text_is_its_own_sample():
    assert excerpt(["One.", "Two."], 600) == "One.\nTwo."


def test_a_sample_is_from_the_middle_of_the_longest_paragraphs():
    paragraphs = ["short", "a" * 50 + "b" * 100 + "a" * 50, "short", "c" * 300, "d" * 250]
    assert excerpt(paragraphs, 300) == "\n".join(["b" * 100, "c" * 100, "d" * 100])


def test_one_paragraph_fills_the_whole_sample():
    assert excerpt(["Hm.", "e" * 5000], 600) == "Hm.\n" + "e" * 597


@given(st.lists(st.text(min_size=1, max_size=80), max_size=30), st.integers(10, 200))
def test_a_sample_is_about_as_long_as_was_asked_for(paragraphs, size):
    sample = excerpt(paragraphs, size)
    length = len(sample.replace("\n", ""))
    if sum(map(len, paragraphs)) > size:
        assert length <= size <= length + sample.count("\n")
    assert sample == excerpt(list(paragraphs), size)


def test_a_long_text_is_read_in_part(monkeypatch):
    seen = []
    stage = detect_language(engine=lambda: lambda text: (seen.append(len(text)), ("en", 1.0))[1])
    judged(stage, f"{STORIES['en']}\n" * 50_000)
    judged(stage, STORIES["en"] * 50_000)
    assert all(500 < length < 620 for length in seen)
    assert len(seen) == 2

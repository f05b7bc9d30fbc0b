"""The pipeline: order, outcomes, laziness, threads, pickling."""

from __future__ import annotations

import gc
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from conftest import ROOT, house

from copydesk import Document, InputError, Pipeline, StageError
from copydesk.pipeline import Spec, Step
from copydesk.plugins import Plugins
from copydesk.testing import TEXTS

SOURCE = '''
import time
from pathlib import Path
import copydesk
from copydesk.rules import Rules

@copydesk.hookimpl
def register_stages(register):
    for stage in (first, second, picky, broken, forgetful, sneaky, heavy, exits, spoils, ruled):
        register(stage)

def first(doc):
    """Mark a."""
    [s.mark("promo", rule="one") for s in doc.segments if s.text.startswith("a")]

def second(doc):
    """Mark ab."""
    [s.mark("advert", rule="two") for s in doc.segments if s.text.startswith("ab")]

def picky(doc, *, least: int = 5):
    """Turn short ones away."""
    if len(doc.raw) < least:
        doc.reject(f"only {len(doc.raw)} characters")

def broken(doc):
    """Fail on some."""
    if "bad" in doc.raw:
        raise KeyError("oops")

def forgetful(doc):
    """Return the wrong thing."""
    return doc.raw.upper()

def sneaky(doc):
    """Go behind the document's back."""
    doc.segments[0].text = "something else"

def exits(doc):
    """Leave."""
    raise SystemExit(1)

def spoils(doc):
    """Leave what is no text where a text belongs."""
    if "bad" in doc.raw:
        doc.segments[0].text = None

class ruled:
    """Ask rules about every block."""
    def __init__(self, *, rules: tuple[Path, ...] = ()):
        self.rules = Rules(Rules.load(*rules), everywhere=True)
    def __call__(self, doc):
        self.rules.mark(doc)

class heavy:
    """Count how often it is built."""
    built = []
    def __init__(self):
        time.sleep(0.05)
        heavy.built.append(1)
    def __call__(self, doc):
        [s.rewrite(s.text + "!") for s in doc.segments]
'''


@pytest.fixture(scope="module")
def plugins(tmp_path_factory):
    path = tmp_path_factory.mktemp("plugins") / "some_stages.py"
    path.write_text(SOURCE)
    found = Plugins.found([path])
    assert not found.faults
    return found


def pipeline(plugins, *names: str, **fields) -> Pipeline:
    return Pipeline(Spec(name="p", steps=tuple(Step(name) for name in names), **fields), plugins)


def test_stages_run_in_the_order_of_the_list(plugins):
    assert [e.rule for e in pipeline(plugins, "first", "second")("abc").ledger] == ["two"]
    assert [e.rule for e in pipeline(plugins, "second", "first")("abc").ledger] == ["one"]


def test_keep_says_which_roles_make_the_text(plugins):
    doc = pipeline(plugins, "first", keep=("body", "promo"))("abc\nxyz")
    assert doc.text == "abc\n\nxyz"


def test_a_rejected_document_stops_and_says_why(plugins):
    doc = pipeline(plugins, "picky", "broken")("bad")
    assert (doc.outcome, doc.stopped_by, doc.reason) == ("rejected", "picky", "only 3 characters")
    assert doc.record() == {
        **{"id": "", "text": "bad", "outcome": "rejected", "stage": "picky"},
        **{"reason": "only 3 characters", "flags": []},
    }


def test_a_stage_that_raises_is_named_with_its_place(plugins):
    with pytest.raises(
        StageError, match=r"^p\[2\] broken \(.*some_stages.py:\d+\) failed on document `x`: KeyError: 'oops'$"
    ):
        pipeline(plugins, "first", "broken")({"id": "x", "text": "so bad"})


def test_a_stage_that_returns_something_is_named(plugins):
    expected = r"p\[1\] forgetful returned str for document ``. A stage marks the document and returns nothing."
    with pytest.raises(StageError, match=expected):
        pipeline(plugins, "forgetful")("text")


def test_a_stage_that_sets_a_text_by_itself_is_found_out(plugins):
    with pytest.raises(StageError, match="a stage set a segment's text by itself"):
        pipeline(plugins, "sneaky")("text")


def test_a_stage_that_exits_fails_one_document_alone(plugins):
    (doc,) = pipeline(plugins, "exits").stream(["text"])
    assert doc.outcome == "failed"


def test_in_a_batch_that_is_asked_about_at_once_a_spoiled_document_fails_alone(plugins, tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text("rules:\n  - {id: a, role: promo, pattern: buy now}\n")
    steps = (Step("spoils"), Step("ruled", {"rules": (path,)}))
    docs = [Document(text) for text in ("Buy now\nstay", "bad", "stay\nBuy now")]
    Pipeline(Spec(name="p", steps=steps), plugins).batch(docs)
    assert [doc.outcome for doc in docs] == ["clean", "failed", "clean"]
    assert [doc.text for doc in (docs[0], docs[2])] == ["stay", "stay"]


def test_a_stream_is_lazy_in_order_and_loses_nothing(plugins):
    taken = []

    def items():
        for text in ("one long text", "bad news", "tiny", "another text"):
            taken.append(text)
            yield {"id": len(taken), "text": text, "url": "u"}

    stream = pipeline(plugins, "picky", "broken").stream(items())
    assert not taken
    first = next(stream)
    assert (first.text, taken) == ("one long text", ["one long text"])
    rest = list(stream)
    assert [(doc.id, doc.outcome) for doc in [first, *rest]] == [
        *[("1", "clean"), ("2", "failed"), ("3", "rejected"), ("4", "clean")]
    ]
    assert rest[0].record()["text"] == "bad news"
    assert rest[0].record()["url"] == "u"
    assert "KeyError" in rest[0].reason


def test_an_item_without_a_text_fails_alone(plugins):
    docs = list(pipeline(plugins, "first").stream([{"id": "1", "body": "x"}, {"text": None}, 5, "fine"]))
    assert [doc.outcome for doc in docs] == ["failed", "failed", "failed", "clean"]
    assert [(doc.id, doc.stopped_by) for doc in docs[:2]] == [("1", "reader"), ("", "reader")]
    assert docs[2].reason == "a document is a text, bytes or a mapping with a text in it; this is a number."
    assert docs[0].reason == "a document needs a field `text` with text in it; its fields are id, body."
    assert docs[1].reason == "a document needs a field `text` with text in it; it is null."


@pytest.mark.parametrize("one", ["text", b"text", {"text": "a"}, Document("a")], ids=lambda one: type(one).__name__)
def test_one_document_is_no_stream(plugins, one):
    with pytest.raises(InputError, match="takes many documents, and this is one"):
        next(pipeline(plugins, "first").stream(one))


def test_an_id_that_is_no_text_is_spelled_as_json_spells_it(plugins):
    ids = [None, "a", 7, True, ["x"]]
    docs = pipeline(plugins, "first").stream([{"id": id_, "text": "t"} for id_ in ids])
    assert [doc.id for doc in docs] == ["", "a", "7", "true", '["x"]']


def test_called_with_text_mapping_bytes_or_document_it_does_the_same(plugins):
    run = pipeline(plugins, "first")
    text = "abc\nzoë"
    assert {run(item).text for item in (text, {"text": text}, text.encode(), Document(text))} == {"zoë"}
    with pytest.raises(InputError):
        run({"id": 1})


def test_bytes_in_another_encoding_are_decoded_and_the_way_back_is_kept(plugins):
    doc = pipeline(plugins, "first")(
        "Die Brücke über den Fluß wurde am Montag für den Verkehr geöffnet.".encode("utf-16")
    )
    assert doc.text.startswith("Die Brücke")
    assert doc.record()["encoding"].startswith("utf-16")


def test_a_pipeline_pickles_as_its_spec(plugins):
    run = pipeline(plugins, "heavy", "first")
    run("build it")
    assert len(pickle.dumps(run)) < 500
    again = pickle.loads(pickle.dumps(house()["reprints"]))
    assert again.spec == house()["reprints"].spec
    assert again(TEXTS["an article"]).record() == house()["reprints"](TEXTS["an article"]).record()


def test_heavy_parts_are_built_once_by_eight_threads_at_once(plugins):
    heavy = plugins.stages["heavy"].make
    heavy.built.clear()
    run = pipeline(plugins, "heavy")
    barrier = Barrier(8)

    def work(number):
        barrier.wait()
        return [run(f"text {number} {n}").text for n in range(20)]

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, range(8)))
    assert results == [[f"text {number} {n}!" for n in range(20)] for number in range(8)]
    assert len(heavy.built) == 1


@pytest.mark.slow
def test_the_house_pipeline_answers_eight_threads_whose_first_call_is_simultaneous():
    fresh = pickle.loads(pickle.dumps(house()["reprints"]))
    barrier = Barrier(8)

    def work(_):
        barrier.wait()
        return [fresh(text).record() for text in TEXTS.values() if len(text) < 20_000]

    with ThreadPoolExecutor(8) as pool:
        first, *others = pool.map(work, range(8))
    assert all(result == first for result in others)


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["0", "1", "random"])
def test_another_process_gives_the_same_bytes(seed, tmp_path):
    script = (
        "import sys, copydesk, msgspec\n"
        "from copydesk.testing import TEXTS\n"
        f"run = copydesk.load({str(ROOT / 'pipelines.yaml')!r})['reprints']\n"
        "for text in TEXTS.values():\n"
        "    if len(text) < 20_000: sys.stdout.buffer.write(msgspec.json.encode(run(text).record()) + b'\\n')\n"
    )
    here = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, env={"PYTHONHASHSEED": "7"})
    there = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, env={"PYTHONHASHSEED": seed}
    )
    assert here.stdout == there.stdout
    assert here.stdout


def test_long_texts_do_not_stay_in_memory():
    """What is kept of short lines for the next stage is not kept of a line that is a whole book."""
    pipeline = house()["reprints"]
    texts = [f"{number} {'The harbour reopened on Monday after a long winter. ' * 400}".strip() for number in range(12)]
    before = [sys.getrefcount(text) for text in texts]
    for number in range(12):
        pipeline(texts[number])
    gc.collect()
    after = [sys.getrefcount(text) for text in texts]
    assert after[:8] == before[:8]  # the last four may stay: the stages ask one after another about the same text

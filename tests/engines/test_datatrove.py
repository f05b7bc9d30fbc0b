"""datatrove: its executor with two workers, what the exclusion writer gets, and its filters and formatters as stages."""

from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copydesk import ConfigError, load, restore
from copydesk import Document as Article
from copydesk.columns import COLUMNS
from copydesk.testing import check_stage
from engines.conftest import COUNTS, ROWS, STORIES, same

pytest.importorskip("datatrove")
import numpy as np
from datatrove.data import Document
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.filters.base_filter import BaseFilter
from datatrove.pipeline.formatters import FTFYFormatter, PIIFormatter, SymbolLinesFormatter
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter

from copydesk.adapters.datatrove import Clean, _parts, datatrove_filter, datatrove_formatter


class Sure(BaseFilter):
    """A filter of one's own, which notes how sure it is as models do."""

    def filter(self, doc):
        doc.metadata["sure"] = np.float32(0.5)
        return "unsure" not in doc.text


class Rejects:
    """An exclusion writer that keeps what it gets."""

    def __enter__(self):
        self.docs = []
        return self

    def __exit__(self, *_):
        pass

    def write(self, doc, rank):
        self.docs.append(doc)


@pytest.fixture
def docs():
    return [Document(row["text"], row["id"], metadata={"n": row["n"], "site": row["site"]}) for row in ROWS]


def rows(docs):
    """Documents as Parquet has their records: with what a ledger leaves out."""
    out = [{"id": doc.id, "text": doc.text, "error": None, **doc.metadata} for doc in docs]
    for row in out:
        row["ledger"] = [{"rule": "", "role": None, "now": "", **entry} for entry in row.get("ledger", [])]
    return sorted(out, key=lambda row: row["n"])


def stats(step):
    return {name: step.stats[name].total for name in ("total", "forwarded", "dropped")}


def test_the_executor_with_two_workers(desk, expected, tmp_path):
    """The first row has no text: the reader skips it, with a line in its log, and here it is put back."""
    (tmp_path / "raw").mkdir()
    for half in range(2):
        (tmp_path / f"raw/{half}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS[half::2]))
    folder = {name: str(tmp_path / name) for name in ("raw", "clean", "rejects", "logs")}
    clean = Clean(desk, JsonlWriter(folder["rejects"], compression=None, expand_metadata=True))
    steps = [JsonlReader(folder["raw"]), clean, JsonlWriter(folder["clean"], compression=None, expand_metadata=True)]
    counted = LocalPipelineExecutor(steps, tasks=2, workers=2, logging_dir=folder["logs"]).run().stats[1]
    written = [json.loads(line) for name in ("clean", "rejects") for line in _lines(tmp_path / name)]
    out = [Document(row.pop("text"), row.pop("id"), metadata=row) for row in written]
    reason = expected["a0"]["reason"].partition(": ")[2]
    lost = {"n": 0, "site": "One", "error": {"outcome": "failed", "stage": "reader", "reason": reason}}
    out.append(Document("", "a0", metadata=lost))
    same(rows(out), expected)
    assert counted.name == "🔻 - FILTER: copydesk desk"
    assert counted["dropped_rejected_picky"].total == counted["dropped_failed_picky"].total == 1
    assert counted["forwarded"].total == COUNTS["clean"]


def _lines(folder):
    return [line for file in sorted(folder.iterdir()) for line in file.read_text().splitlines()]


def test_every_document_of_a_step(desk, docs, expected):
    clean = Clean(desk, Rejects())
    out = list(clean(docs))
    same(rows([*out, *clean.exclusion_writer.docs]), expected)
    assert stats(clean) == {"total": len(ROWS), "forwarded": COUNTS["clean"], "dropped": 3}
    reasons = [doc.metadata["filter_reason"] for doc in clean.exclusion_writer.docs]
    assert reasons == ["failed_reader", "failed_picky", "rejected_picky"]


def test_order_media_and_metadata_stay(desk, docs):
    docs[5].media = picture = [object()]
    docs[5].metadata |= {"text": "another text", "language": "en"}
    out = list(Clean(desk)(docs))
    assert [doc.metadata["n"] for doc in out] == list(range(3, len(ROWS)))
    assert out[2].media is picture
    assert out[2].metadata["text"] == "another text"
    assert out[2].metadata["language"]["code"] == "en"


def test_into_one_field(desk, docs):
    clean = Clean(desk, Rejects(), into="desk")
    docs[3].metadata["language"] = "en"
    first = next(iter(clean(docs)))
    assert list(first.metadata) == ["n", "site", "language", "desk"]
    assert list(first.metadata["desk"]) == [name for name in COLUMNS if name not in {"id", "text"}]
    assert first.metadata["language"] == "en"
    assert clean.exclusion_writer.docs[2].metadata["desk"]["error"]["reason"] == "only 5 characters"


def test_no_documents(desk):
    assert list(Clean(desk)([])) == []


@pytest.fixture
def pipeline(tmp_path):
    """A pipeline of stages that are steps of datatrove."""

    def pipeline(*stages):
        (tmp_path / "trove.py").write_text("from copydesk.adapters.datatrove import register_stages\n")
        config = {"plugins": ["trove.py"], "pipelines": {"desk": {"stages": stages}}}
        (tmp_path / "pipelines.yaml").write_text(json.dumps(config))
        return pickle.loads(pickle.dumps(load(tmp_path / "pipelines.yaml")["desk"]))

    return pipeline


def test_a_filter_rejects_with_its_reason(pipeline):
    few = pipeline({"datatrove_filter": {"step": "C4ParagraphFilter"}})("One.\n\nTwo.")
    assert (few.outcome, few.stopped_by) == ("rejected", "datatrove_filter")
    assert few.reason == "C4ParagraphFilter: < 3 paragraphs"
    found = pipeline({"datatrove_filter": {"step": "RegexFilter", "options": {"regex_exp": "promo"}}})
    assert found("A promo.").reason == "RegexFilter turned it away"
    assert found("A story.").outcome == "clean"


def test_what_a_filter_drops_and_rewrites_is_in_the_ledger(pipeline):
    c4 = pipeline({"datatrove_filter": {"step": "C4QualityFilter", "options": {"min_num_sentences": -1}}})
    raw = "Menu\nThe bridge[1] reopened on Monday.\n\nWe use cookies on this page.\nThe mayor cut the ribbon.\n"
    doc = c4(raw)
    assert doc.text == "The bridge reopened on Monday.\n\nThe mayor cut the ribbon."
    assert restore(doc.text, doc.ledger) == raw
    acts = [(entry.rule, entry.role, entry.was, entry.now) for entry in doc.ledger if entry.stage != "layout"]
    assert acts == [
        ("C4QualityFilter", "other", ["Menu\n", "We use cookies on this page.\n"], ""),
        ("C4QualityFilter", None, ["[1]"], ""),
    ]


def test_a_filter_of_ones_own_and_what_it_notes(pipeline):
    stage = pipeline({"datatrove_filter": {"step": f"{__name__}.Sure"}})
    assert stage({"text": "A story.", "site": "One"}).record()["facts"] == {"Sure": [{"sure": 0.5}]}
    assert stage("We are unsure.").reason == "Sure turned it away"


@pytest.mark.parametrize("step", [FTFYFormatter, PIIFormatter, SymbolLinesFormatter])
def test_a_formatter_gives_its_own_lines(pipeline, step):
    formatter = pipeline({"datatrove_formatter": {"step": step.__name__}})
    texts = [*STORIES, "The mayorâ€™s ribbon\n----\n<b>cut</b> &amp; gone\n\nmail a@b.org or b@c.org from 8.8.8.8\n***"]
    changed = 0
    for text in texts:
        doc = formatter(text)
        plain = "\n\n".join(segment.text for segment in Article(text).segments)
        wanted = [segment.text for segment in Article(step().format(plain)).segments]
        assert [segment.text for segment in Article(doc.text).segments] == wanted
        assert restore(doc.text, doc.ledger) == text
        changed += any(entry.stage == "datatrove_formatter" for entry in doc.ledger)
    assert changed


@pytest.mark.parametrize(
    "stage",
    [
        datatrove_formatter(step="FTFYFormatter"),
        datatrove_formatter(step="PIIFormatter", options={"email_replacement": "e@x", "ip_replacement": "1.1.1.1"}),
        datatrove_formatter(step="SymbolLinesFormatter"),
        datatrove_filter(step="C4QualityFilter", options={"min_num_sentences": -1}),
        datatrove_filter(step="C4ParagraphFilter"),
    ],
    ids=["ftfy", "pii", "symbols", "c4", "paragraphs"],
)
def test_a_step_keeps_what_every_stage_must(stage):
    check_stage(stage)


LINES = st.lists(st.sampled_from(["", "One.", "One. Two.", "ONE", "--", "a b", "B"]))


@given(LINES.map(lambda lines: [line for line in lines if line]), LINES)
def test_every_line_that_a_step_writes_comes_out_once_and_in_order(was, now):
    parts = _parts(was or ["x"], "\n".join(now))
    assert [line for part in parts for line in part] == [line for line in now if line]


@pytest.mark.parametrize(
    ("stage", "reason"),
    [
        ({"step": "C4QualtyFilter"}, "there is no `C4QualtyFilter` among its filters. Did you mean `C4QualityFilter`?"),
        ({"step": "FTFYFormatter"}, "there is no `FTFYFormatter` among its filters."),
        ({"step": "elsewhere.Odd"}, "No module named 'elsewhere'"),
        ({"step": "RegexFilter"}, "RegexFilter.__init__() missing 1 required positional argument: 'regex_exp'"),
    ],
)
def test_a_step_that_is_not_there_is_told_before_anything_runs(pipeline, stage, reason):
    with pytest.raises(ConfigError) as caught:
        _ = pipeline({"datatrove_filter": stage}).stages
    told = str(caught.value)
    assert "the stage `datatrove_filter` cannot be built: " in told
    assert reason in told


def test_a_text_from_nothing_is_a_failure(pipeline):
    out = pipeline({"datatrove_formatter": {"step": f"{__name__}.Signs"}})
    (doc,) = out.stream([""])
    assert doc.reason.endswith("ValueError: Signs wrote a text where there was none, so that it has no place.")
    assert out("A story.").text == "A story.\n\nSigned."


class Signs(SymbolLinesFormatter):
    def format(self, text):
        return f"{text}\nSigned."

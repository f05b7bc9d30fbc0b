"""pipelines.yaml: each mistake with its place and what to do, all at once, before a document is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from copydesk import ConfigError, load
from copydesk.yamlfile import DEPTH, SIZE


def problems(tmp_path: Path, text: str | bytes) -> str:
    """What `load` says about a file, less its folder and the source lines."""
    path = tmp_path / "pipelines.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as caught:
        load(path)
    return "\n".join(f"{p.line}:{p.column}: {p.message}" for p in caught.value.problems)


def stages(entry: str) -> str:
    return f"pipelines:\n  p:\n    stages:\n      - {entry}\n"


BROKEN = {
    "unknown stage": (
        stages("remove_promo"),
        "4:9: there is no stage or pipeline `remove_promo`. Did you mean `remove_promos`?",
    ),
    "unknown stage, nothing near": (
        stages("xyzzy"),
        "4:9: there is no stage or pipeline `xyzzy`. `copydesk stages` lists them.",
    ),
    "a pipeline of the house": (
        stages("reprints"),
        "4:9: `reprints` is a pipeline of copydesk's own file. `copydesk init --house` writes that file, to begin with.",
    ),
    "unknown option": (
        stages("detect_language: {sampel: 300}"),
        "4:27: the stage `detect_language` has no `sampel`. Did you mean `sample`?",
    ),
    "wrong type": (
        stages("detect_language: {sample: lots}"),
        "4:35: `sample` takes a whole number; here stands the text `lots`.",
    ),
    "out of bounds": (
        stages("detect_language: {sample: 5}"),
        "4:35: `sample` is 5: expected int >= 100.",
    ),
    "a word where a list belongs": (
        stages("detect_language: {keep: en}"),
        "4:33: `keep` takes a list of text; here stands the text `en`.",
    ),
    "a number in a list of text": (
        stages("detect_language: {keep: [en, 5]}"),
        '4:38: `keep` takes text; write "5" in quotes.',
    ),
    "bare no": (
        stages("detect_language: {keep: [en, no]}"),
        '4:38: bare `no`: YAML reads it as false. Write "no" in quotes (Norwegian is "no"), or false.',
    ),
    "bare on": (
        stages("detect_language: {keep: [on]}"),
        '4:34: bare `on`: YAML reads it as true. Write "on" in quotes, or true.',
    ),
    "a clock": (
        stages("detect_language: {sample: 12:30}"),
        '4:35: bare `12:30`: YAML reads it as a number to base 60. Write "12:30" in quotes.',
    ),
    "an octal number": (
        stages("detect_language: {sample: 014}"),
        '4:35: bare `014`: YAML reads it as an octal number. Write "014" in quotes, or leave the zero away.',
    ),
    "underscores": (
        stages("detect_language: {sample: 1_000}"),
        '4:35: bare `1_000`: YAML leaves the underscores out. Write "1_000" in quotes, or the number without them.',
    ),
    "unknown engine": (
        stages("detect_language: {engine: langdetec}"),
        "4:35: no plugin offers the language engine `langdetec`. Did you mean `langdetect`?",
    ),
    "a key twice": (
        "pipelines:\n  p:\n    stages: [normalize_space]\n    stages: [normalize_space]\n",
        "4:5: `stages` stands here a second time; the first is in line 3. Keep one.",
    ),
    "an alias": (
        "pipelines:\n  p: &p\n    stages: [normalize_space]\n  q: *p\n",
        "2:6: the anchor `&p` is refused. Write the value where it is needed.\n"
        "4:6: the alias `*p` is refused. Write the value out.\n"
        "4:6: the pipeline `q` takes a mapping, `{name: value}`; here stands the text ``.",
    ),
    "a merge key": (
        "pipelines:\n  p:\n    <<: {about: x}\n    stages: [normalize_space]\n",
        "3:5: the merge key `<<` is refused. Write the keys out.\n"
        "3:5: the pipeline `p` has no `<<`. It has `about`, `stages`, `keep`, `examples`.",
    ),
    "a tag": (
        "pipelines: !!python/object:os.system {}\n",
        "1:12: the tag `tag:yaml.org,2002:python/object:os.system` is refused. Values have the types that the options have.",
    ),
    "two documents": (
        stages("normalize_space") + "---\nb\n",
        "5:1: a second document begins here. A file holds one: remove the `---`.",
    ),
    "not YAML": (
        "pipelines: [a\nb: c\n",
        "2:2: did not find expected ',' or ']'.",
    ),
    "not UTF-8": (b"pipelines: \xff\n", "1:1: is not UTF-8 at byte 11. Save it as UTF-8."),
    "empty": ("", "1:1: is empty. `copydesk init` writes one to start from."),
    "too large": ("#" * (SIZE + 1), f"1:1: has more than the {SIZE:,} bytes that are allowed. Split the file."),
    "no pipelines": ("plugins: []\n", "1:1: a pipelines.yaml lacks `pipelines`."),
    "a misspelt key": (
        "pipeline:\n  p: {stages: [normalize_space]}\n",
        "1:1: a pipelines.yaml has no `pipeline`. Did you mean `pipelines`?\n1:1: a pipelines.yaml lacks `pipelines`.",
    ),
    "no stages": (
        "pipelines:\n  p: {stages: []}\n",
        "2:15: the pipeline `p` has no stages. `copydesk stages` lists what there is.",
    ),
    "nothing where a list belongs": (
        "pipelines:\n  p:\n    stages:\n",
        "3:12: `stages` takes a list; here stands nothing.",
    ),
    "a role that is nearly the body": (
        "pipelines:\n  p: {stages: [join_lines], keep: [boddy, dek]}\n",
        "2:36: `keep` names the role `boddy`. Did you mean `body`?",
    ),
    "a role that is nearly another": (
        "pipelines:\n  p: {stages: [join_lines], keep: [body, headlin, weather]}\n",
        "2:42: `keep` names the role `headlin`. Did you mean `headline`?",
    ),
    "a tab": (
        "pipelines:\n\tp: {stages: []}\n",
        "2:1: here stands a tab. YAML indents with spaces: replace it.",
    ),
    "two names in one entry": (
        stages("{normalize_space: {}, join_lines: {}}"),
        "4:9: a stage is a name, or one name with its options: `- remove_promos: {without: [en/advert]}`.",
    ),
    "a pipeline that runs itself": (
        "pipelines:\n  a: {stages: [b]}\n  b: {stages: [a]}\n",
        "3:16: the pipeline `a` would run itself: a -> b -> a.",
    ),
    "options for a pipeline": (
        "pipelines:\n  a: {stages: [normalize_space]}\n  b: {stages: [a: {x: 1}]}\n",
        "3:16: `a` is a pipeline here, and a pipeline takes no options.",
    ),
    "a pipeline with a stage's name": (
        "pipelines:\n  normalize_space: {stages: [join_lines]}\n",
        "2:3: `normalize_space` is a stage of the plugin `typography`. Give the pipeline another name.",
    ),
    "an example without an answer": (
        stages("normalize_space") + "    examples:\n      - {label: x, in: y}\n",
        "6:9: an example says what comes out: `out`, `facts` or `rejected`.",
    ),
    "an example with no fact in its facts": (
        stages("normalize_space") + "    examples:\n      - {label: x, in: y, facts: {}}\n",
        "6:9: an example says what comes out: `out`, `facts` or `rejected`.",
    ),
    "an example of a text that is rejected and comes out": (
        stages("normalize_space") + "    examples:\n      - {label: x, in: y, out: y, rejected: too short}\n",
        "6:9: what is `rejected` has no `out` and no `facts`.",
    ),
    "an example without a label": (
        stages("normalize_space") + "    examples:\n      - {in: y, out: y}\n",
        "6:9: an example lacks `label`.",
    ),
}


@pytest.mark.parametrize(("text", "expected"), BROKEN.values(), ids=BROKEN)
def test_a_mistake_is_told_with_its_place(tmp_path, text, expected):
    assert problems(tmp_path, text) == expected


def test_all_mistakes_are_told_at_once(tmp_path):
    text = "pipelines:\n  p:\n    keep: body\n    stages:\n      - nothing_like_it\n      - detect_language: {sample: x, engin: y}\n"
    assert len(problems(tmp_path, text).splitlines()) == 4


def test_mistakes_in_rule_files_and_stages_that_cannot_be_built_come_in_the_same_go(tmp_path):
    (tmp_path / "broken.py").write_text(UNBUILT)
    (tmp_path / "r.yaml").write_text("rules:\n  - {id: a, role: prmo, pattern: '('}\n")
    text = (
        "plugins: [broken.py]\npipelines:\n"
        "  p:\n    stages:\n      - remove_promos: {rules: [r.yaml]}\n      - broken\n"
        "      - detect_language: {engin: x}\n  q: {stages: [p, remove_promos: {without: [en/advrt]}]}\n"
    )
    told = [line.partition(" (")[0] for line in problems(tmp_path, text).splitlines()]
    assert told == [
        "7:27: the stage `detect_language` has no `engin`. Did you mean `engine`?",
        "2:19: rule `r/a`: there is no role `prmo`. Did you mean `promo`?",
        "2:34: rule `r/a`: missing ).",
        "6:9: the stage `broken` cannot be built: ValueError: no model",
        "8:19: the stage `remove_promos`: `without` names `en/advrt`, which no rule has. Did you mean `en/advert`?",
    ]


UNBUILT = """
import copydesk

@copydesk.hookimpl
def register_stages(register):
    register(broken)

class broken:
    def __init__(self):
        raise ValueError("no model")
    def __call__(self, doc): ...
"""


def test_a_stage_with_a_mistake_in_its_options_is_not_built(tmp_path):
    """What it lacks would be told a second time, in Python's words."""
    (tmp_path / "picky.py").write_text(UNBUILT.replace("broken", "picky").replace("(self):", "(self, *, size: int):"))
    text = "plugins: [picky.py]\npipelines:\n  p: {stages: [picky, picky: {sise: 1}]}\n"
    assert problems(tmp_path, text).splitlines() == [
        "3:16: the stage `picky` lacks `size`.",
        "3:30: the stage `picky` lacks `size`.",
        "3:31: the stage `picky` has no `sise`. Did you mean `size`?",
    ]


def test_the_caret_stands_under_the_place(tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text("pipelines:\n  ü€😀:\n    stages: [repare]\n", "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert str(caught.value).splitlines()[1:] == ["        stages: [repare]", "                 ^"]


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(ConfigError, match=r"nowhere.yaml:1:1: cannot be read: No such file or directory."):
        load("nowhere.yaml")


MERGE_BOMB = "a: &a {k: v}\n" + "".join(
    f"{b}: &{b}\n  <<: [{', '.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefghijk", "bcdefghijkl", strict=True)
)
BOMBS = {
    "merge keys": MERGE_BOMB,
    "flow lists": "[" * 200_000,
    "flow maps": "{a: " * 100_000,
    "block lists": "- " * 300_000,
    "aliases": "a: &a [x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b]\n",
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
def test_a_file_made_to_cost_much_is_refused_at_once(tmp_path, text):
    # Each of these would take from minutes to for ever, or crash the C parser, if it were read through.
    said = problems(tmp_path, text)
    assert "is refused" in said or f"more than {DEPTH} lists and mappings deep" in said


def test_an_unknown_pipeline_gets_a_did_you_mean(tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text("pipelines:\n  reprints: {stages: [normalize_space]}\n")
    with pytest.raises(ConfigError, match=r"there is no pipeline `reprint`\. Did you mean `reprints`\?"):
        load(path)["reprint"]


def test_a_pipeline_can_stand_in_another(tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text("pipelines:\n  b: {stages: [a, join_lines, a]}\n  a: {stages: [normalize_space]}\n")
    assert [name for name, _ in load(path)["b"].stages] == ["normalize_space", "join_lines", "normalize_space"]


def test_paths_are_relative_to_the_file(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/r.yaml").write_text(
        "rules:\n  - {id: a, role: promo, pattern: fetch a pail, examples: [Fetch a pail], counter_examples: [A pail]}\n"
    )
    path = tmp_path / "p.yaml"
    path.write_text("pipelines:\n  p:\n    stages:\n      - remove_promos: {rules: [sub/r.yaml]}\n")
    doc = load(path)["p"]("The story goes on and on.\n\nFetch a pail!")
    assert doc.text == "The story goes on and on."
    assert doc.ledger[0].rule == "r/a"


def test_numbers_and_texts_in_quotes_keep_their_types(tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text('pipelines:\n  p:\n    stages:\n      - detect_language: {keep: ["no", en], sample: 300}\n')
    step = load(path)["p"].spec.steps[0]
    assert step.options == {"keep": ("no", "en"), "sample": 300}

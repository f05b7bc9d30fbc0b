"""How good clean texts and facts are, against gold answers: small sums a document, closed into measures over many.

    counts = counted(Case(gold, doc.record(segments=True), raw))   # by measure, nothing where the gold is silent
    tally.add(counts, missing=False, restored=True); tally.result()

The measures are those of the project's scorer, to the digit, so that figures can be compared; docs/scoring.md says
what each is. Texts are compared by their runs of four tokens, as the article-extraction benchmark does it: order
counts, and a sentence lost in the middle costs as much as one at the end.
"""

from __future__ import annotations

import heapq
import re
import unicodedata
from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_WORD = re.compile(r"\w+")
_LEAD = re.compile(r"^\s*(by|von|par|por|de|di|af|av|door|oleh)\s+", re.IGNORECASE)
_SHINGLE = 4  # tokens: the benchmark's own number
_BAD = 0.5  # an F1 under it is a page where the story was not found
_STORY_AROUND = ("headline", "dek", "duplicate")  # of the story, though not its body: no clutter where they are kept
_EXCERPTS = 2  # the longest stretches stand for all that was lost, or left in
_EXCERPT = 300  # characters that are kept of one


class Span(msgspec.Struct, frozen=True):
    """A stretch of a line, in its own words, that has another role than the line."""

    line: int | str
    role: str
    text: str


class Named(msgspec.Struct, frozen=True):
    """An author as a record has them; of a gold one only the name counts."""

    name: str | None = None


class Gold(msgspec.Struct, frozen=True):
    """What should come out of one document. What is not here is not measured; an empty list says that there is none.

    body_has_dek: the body begins with the dek, which is a field of its own in a record. roles: the role of each line by
    its number, from 0; spans: stretches inside lines with another role.
    """

    body: str | None = None
    body_has_dek: bool = False
    headline: str | None = None
    authors: list[str | Named] | None = None
    photo_credits: list[str] | None = None
    captions: list[str] | None = None
    dateline: dict[str, str | None] | None = None
    language: str | None = None
    roles: dict[str, str] | None = None
    spans: list[Span] | None = None


class Case(NamedTuple):
    """One document to measure: its gold, the record that came out (empty where none did), and the raw text."""

    gold: Gold
    out: Mapping[str, Any]
    raw: str


Sums = dict[Any, float]
"""What adds up over documents."""

Differences = tuple[list[str], list[str]]
"""What was lost, and what is there that should not be."""


# Texts as tokens and shingles.


def tokens(text: str | None) -> list[str]:
    return _WORD.findall(text or "")


def fold(text: str | None) -> str:
    """The words of a text, case and forms of letters folded: two that read the same are equal."""
    return " ".join(tokens(unicodedata.normalize("NFKC", text or "").casefold()))


def _windows(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Each run of four tokens; of a shorter text the whole."""
    if words:
        yield from (tuple(words[at : at + _SHINGLE]) for at in range(max(1, len(words) - _SHINGLE + 1)))


def shingles(words: Sequence[str]) -> Counter[tuple[str, ...]]:
    return Counter(_windows(words))


def overlap(gold: Sequence[str], given: Sequence[str]) -> tuple[int, int, int]:
    """How many shingles both have, how many only the given one has, and how many only the gold."""
    wanted, found = shingles(gold), shingles(given)
    both = (wanted & found).total()
    return both, found.total() - both, wanted.total() - both


def ratios(both: float, surplus: float, missed: float) -> tuple[float, float, float]:
    """Precision, recall and F1."""
    precision, recall = _share(both, both + surplus), _share(both, both + missed)
    return precision, recall, _harmonic(precision, recall)


def standing(text: str, among: Counter[tuple[str, ...]], *, once: bool = False) -> Iterator[tuple[int, int, bool]]:
    """Each token of a text with its place, and whether it is part of a shingle that stands `among` those.

    With `once`, a shingle counts as often as it stands there.
    """
    places = [match.span() for match in _WORD.finditer(text)]
    left = Counter(among) if once else among
    inside = bytearray(len(places))
    for at, window in enumerate(_windows([text[start:end] for start, end in places])):
        if left[window] > 0:
            inside[at : at + len(window)] = b"\1" * len(window)
            if once:
                left[window] -= 1
    yield from ((start, end, bool(there)) for (start, end), there in zip(places, inside, strict=True))


def beyond(text: str, other: str) -> list[str]:
    """The longest stretches of a text that the other has not, in the order of the text."""
    places = standing(text, shingles(tokens(other)), once=True)
    runs = [list(run) for there, run in groupby(places, key=lambda place: place[2]) if not there]
    return _excerpts(text, [(run[0][0], run[-1][1]) for run in runs])


def _excerpts(text: str, runs: Iterable[tuple[int, int]]) -> list[str]:
    longest = heapq.nlargest(_EXCERPTS, runs, key=lambda run: run[1] - run[0])
    return [text[start : min(end, start + _EXCERPT)] for start, end in sorted(longest)]


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _harmonic(precision: float, recall: float) -> float:
    return _share(2 * precision * recall, precision + recall)


# The measures: for each the sums of one document, what they come to, and what went wrong in it, to read.


def body_of(case: Case) -> str:
    """The clean text; with the dek in front where the gold body holds the dek too and the text does not."""
    text, dek = case.out.get("text") or "", case.out.get("dek") or ""
    return f"{dek}\n\n{text}" if case.gold.body_has_dek and dek and fold(dek) not in fold(text) else text


def _body(case: Case) -> Sums:
    if not case.gold.body:
        return {}
    gold, given = tokens(case.gold.body), tokens(body_of(case))
    precision, recall, f1 = ratios(*overlap(gold, given))
    sums: Sums = {"n": 1, "P": precision, "n P": bool(given), "R": recall, "n R": bool(gold)}
    return sums | {"exact": gold == given, "bad": f1 < _BAD}


def _body_closed(sums: Sums) -> dict[str, Any]:
    precision, recall = _share(sums["P"], sums["n P"]), _share(sums["R"], sums["n R"])
    means = {"body exact": _share(sums["exact"], sums["n"]), "bad": _share(sums["bad"], sums["n"])}
    return {
        "body F1": _harmonic(precision, recall),
        "body P": precision,
        "body R": recall,
        **means,
        "n body": sums["n"],
    }


def _body_differs(case: Case) -> Differences:
    gold, given = case.gold.body or "", body_of(case)
    return beyond(gold, given), beyond(given, gold)


def _headline(case: Case) -> Sums:
    gold = case.gold.headline
    return {"n": 1, "right": fold(gold) == fold(case.out.get("headline"))} if gold else {}


def _headline_closed(sums: Sums) -> dict[str, Any]:
    return {"headline": _share(sums["right"], sums["n"]), "n headline": sums["n"]}


def _headline_differs(case: Case) -> Differences:
    return _said(case.gold.headline), _said(case.out.get("headline"))


def _names(values: Iterable[str | None]) -> set[str]:
    """The names of people, folded, without a "by" before them."""
    return {fold(_LEAD.sub("", name or "")) for name in values} - {""}


def _gold_authors(gold: Gold) -> set[str]:
    return _names(author if isinstance(author, str) else author.name for author in gold.authors or ())


def _given_authors(case: Case) -> set[str]:
    given = case.out.get("authors") or ()
    return _names(author.get("name") for author in given if author.get("role", "author") in {"author", "contributor"})


def _authors(case: Case) -> Sums:
    if case.gold.authors is None:
        return {}
    gold, given, raw = _gold_authors(case.gold), _given_authors(case), fold(case.raw)
    sums: Sums = dict.fromkeys(("n", "exact", "both", "surplus", "missed", "none", "ghost"), 0)
    if not gold:
        return sums | {"none": 1, "ghost": bool(given)}
    if not all(name in raw for name in gold):
        return sums
    counts: Sums = {"both": len(gold & given), "surplus": len(given - gold), "missed": len(gold - given)}
    return sums | counts | {"n": 1, "exact": gold == given}


def _authors_closed(sums: Sums) -> dict[str, Any]:
    precision, recall, f1 = ratios(sums["both"], sums["surplus"], sums["missed"])
    ghost = _share(sums["ghost"], sums["none"]) if sums["none"] else None
    exact = _share(sums["exact"], sums["n"])
    measures = {"authors F1": f1, "authors P": precision, "authors R": recall, "authors exact": exact}
    return {**measures, "n authors": sums["n"], "ghost": ghost}


def _authors_differ(case: Case) -> Differences:
    gold, given = _gold_authors(case.gold), _given_authors(case)
    return sorted(gold - given), sorted(given - gold)


class _Photos(NamedTuple):
    """Photo credits, folded: those of the gold that stand in the raw text, and the given ones."""

    gold: list[str]
    given: list[str]

    @classmethod
    def of(cls, case: Case) -> _Photos:
        raw = fold(case.raw)
        gold = [folded for credit in case.gold.photo_credits or () if (folded := fold(credit)) and folded in raw]
        given = [fold(f"{c.get('name') or ''} {c.get('agency') or ''}") for c in case.out.get("credits") or ()]
        return cls(gold, [credit for credit in given if credit])

    def missed(self) -> list[str]:
        return [one for one in self.gold if not any(_alike(one, other) for other in self.given)]

    def wrong(self) -> list[str]:
        return [one for one in self.given if not any(_alike(one, g) or _alike(g, one) for g in self.gold)]


def _alike(one: str, other: str) -> bool:
    """Whether the other has at least half of the words of the one."""
    mine = set(one.split())
    return len(mine & set(other.split())) * 2 >= len(mine)


def _photo(case: Case) -> Sums:
    if not case.gold.photo_credits:
        return {}
    photos = _Photos.of(case)
    gold, given = len(photos.gold), len(photos.given)
    found, right = gold - len(photos.missed()), given - len(photos.wrong())
    return {"gold": gold, "given": given, "found": found, "right": right}


def _photo_closed(sums: Sums) -> dict[str, Any]:
    if not sums["gold"]:
        return {}
    precision, recall = _share(sums["right"], sums["given"]), _share(sums["found"], sums["gold"])
    f1 = _harmonic(precision, recall)
    return {"photo F1": f1, "photo P": precision, "photo R": recall, "n photo": sums["gold"]}


def _photo_differs(case: Case) -> Differences:
    photos = _Photos.of(case)
    return photos.missed(), photos.wrong()


def _captions(case: Case) -> tuple[list[str], list[str]]:
    """The gold captions that can be seen in the raw text and not in the story, and those of them still in the text."""
    raw, clean, story = fold(case.raw), fold(case.out.get("text")), fold(case.gold.body)
    folded = [(caption, fold(caption)) for caption in case.gold.captions or ()]
    seen = [(c, f) for c, f in folded if len(f.split()) > 3 and f in raw and f not in story]
    return [c for c, _ in seen], [c for c, f in seen if f in clean]


def _caption(case: Case) -> Sums:
    seen, kept = _captions(case) if case.gold.captions else ([], [])
    return {"n": len(seen), "out": len(seen) - len(kept)} if seen else {}


def _caption_closed(sums: Sums) -> dict[str, Any]:
    return {"caption out": _share(sums["out"], sums["n"]), "n caption": sums["n"]}


def _caption_differs(case: Case) -> Differences:
    return [], [caption[:_EXCERPT] for caption in _captions(case)[1]]


_DATELINE = ("place", "date")


def _dateline(case: Case) -> Sums:
    if not case.gold.dateline:
        return {}
    gold, given = case.gold.dateline, case.out.get("dateline") or {}
    sums: Sums = {"n": 1}
    for key in _DATELINE:
        if gold.get(key):
            sums |= {f"n {key}": 1, key: fold(gold[key]) == fold(given.get(key))}
    return sums


def _dateline_closed(sums: Sums) -> dict[str, Any]:
    shares = {f"dateline {key}": _share(sums[key], sums[f"n {key}"]) for key in _DATELINE if f"n {key}" in sums}
    return {**shares, "n dateline": sums["n"]}


def _dateline_differs(case: Case) -> Differences:
    gold, given = case.gold.dateline or {}, case.out.get("dateline") or {}
    wrong = [key for key in _DATELINE if gold.get(key) and fold(gold[key]) != fold(given.get(key))]
    return [str(gold[key]) for key in wrong], [given[key] for key in wrong if given.get(key)]


def _language(case: Case) -> Sums:
    gold = case.gold.language
    return {"n": 1, "right": gold == _given_language(case)} if gold else {}


def _given_language(case: Case) -> str | None:
    code: str | None = (case.out.get("language") or {}).get("code")
    return code


def _language_closed(sums: Sums) -> dict[str, Any]:
    return {"language": _share(sums["right"], sums["n"]), "n language": sums["n"]}


def _language_differs(case: Case) -> Differences:
    return _said(case.gold.language), _said(_given_language(case))


def _said(value: str | None) -> list[str]:
    return [value] if value else []


# Roles, over characters.


def gold_roles(gold: Gold, raw: str) -> list[str | None]:
    """The gold role of each character of the raw text; None on lines without a label."""
    roles: list[str | None] = [None] * len(raw)
    spans: dict[str, list[Span]] = {}
    for span in gold.spans or ():
        spans.setdefault(str(span.line), []).append(span)
    start = 0
    for number, line in enumerate(raw.split("\n")):
        roles[start : start + len(line)] = [(gold.roles or {}).get(str(number))] * len(line)
        for span in spans.get(str(number), ()):
            at = line.find(span.text)
            if at >= 0:
                roles[start + at : start + at + len(span.text)] = [span.role] * len(span.text)
        start += len(line) + 1
    return roles


def _given_roles(case: Case) -> list[str | None]:
    roles: list[str | None] = [None] * len(case.raw)
    for start, end, role, *_ in case.out.get("segments") or ():
        roles[start:end] = [role] * (end - start)
    return roles


def _roles(case: Case) -> Sums:
    """How many characters of each gold role were given which."""
    if case.gold.roles is None:
        return {}
    labelled = zip(case.raw, gold_roles(case.gold, case.raw), _given_roles(case), strict=False)
    return dict(Counter((a, b) for char, a, b in labelled if a is not None and not char.isspace()))


def _is_clutter(role: str | None) -> bool:
    return role not in {None, "body", *_STORY_AROUND}


def _roles_closed(sums: Sums) -> dict[str, Any]:
    story = sum(n for (gold, _), n in sums.items() if gold == "body")
    lost = story - sums.get(("body", "body"), 0)
    clutter = sum(n for (gold, _), n in sums.items() if _is_clutter(gold))
    kept = sum(n for (gold, given), n in sums.items() if _is_clutter(gold) and given == "body")
    right = sum(n for (gold, given), n in sums.items() if gold == given)
    shares = {"story lost": _share(lost, story), "clutter kept": _share(kept, clutter)}
    by_role = {f"role {row.role}": row.f1 for row in role_rows(sums)}
    return {**shares, **by_role, "roles right": _share(right, sum(sums.values()))} if sums else {}


class RoleRow(NamedTuple):
    """How one role went: its characters in the gold, F1, and what it was most often taken for with the share of it."""

    role: str
    characters: int
    precision: float
    recall: float
    f1: float
    taken_for: str
    taken: float


def role_rows(sums: Sums) -> list[RoleRow]:
    """A row a role of the gold, the most frequent first."""
    gold: Counter[str] = Counter()
    given: Counter[str] = Counter()
    for (one, other), n in sums.items():
        gold[one] += int(n)
        given[other] += int(n)
    return [_role_row(role, sums, n, given[role]) for role, n in gold.most_common()]


def _role_row(role: str, sums: Sums, gold: int, given: int) -> RoleRow:
    both = sums.get((role, role), 0)
    wrong = {other: n for (one, other), n in sums.items() if one == role and other != role}
    most = max(wrong, key=lambda other: (wrong[other], str(other)), default="")
    taken = _share(wrong.get(most, 0), gold)
    return RoleRow(role, gold, *ratios(both, given - both, gold - both), most or "", taken)


def _roles_differ(case: Case) -> Differences:
    """Story that was given another role, and clutter that was given the story's."""
    pairs = zip(gold_roles(case.gold, case.raw), _given_roles(case), strict=False)
    kinds = ["lost" if a == "body" != b else "left" if b == "body" and _is_clutter(a) else "" for a, b in pairs]
    runs: dict[str, list[tuple[int, int]]] = {"lost": [], "left": [], "": []}
    start = 0
    for kind, run in groupby(kinds):
        end = start + len(list(run))
        runs[kind].append((start, end))
        start = end
    return _excerpts(case.raw, runs["lost"]), _excerpts(case.raw, runs["left"])


class Measure(NamedTuple):
    """One measure: a document's sums, what sums come to, what differs in it, and how well it did, from 0 to 1."""

    sums: Callable[[Case], Sums]
    closed: Callable[[Sums], dict[str, Any]]
    differ: Callable[[Case], Differences]
    value: Callable[[dict[str, Any]], float]


def _authors_value(result: dict[str, Any]) -> float:
    if result["ghost"] is not None:
        return 1 - float(result["ghost"])
    return float(result["authors F1"]) if result["n authors"] else 1.0


def _dateline_value(result: dict[str, Any]) -> float:
    return min(float(result.get(f"dateline {key}", 1.0)) for key in _DATELINE)


def _valued(key: str) -> Callable[[dict[str, Any]], float]:
    """How well a document did where one figure says it; one without that figure did nothing wrong."""
    return lambda result: float(result.get(key, 1.0))


MEASURES = {
    "body": Measure(_body, _body_closed, _body_differs, _valued("body F1")),
    "headline": Measure(_headline, _headline_closed, _headline_differs, _valued("headline")),
    "authors": Measure(_authors, _authors_closed, _authors_differ, _authors_value),
    "photo": Measure(_photo, _photo_closed, _photo_differs, _valued("photo F1")),
    "caption": Measure(_caption, _caption_closed, _caption_differs, _valued("caption out")),
    "dateline": Measure(_dateline, _dateline_closed, _dateline_differs, _dateline_value),
    "language": Measure(_language, _language_closed, _language_differs, _valued("language")),
    "roles": Measure(_roles, _roles_closed, _roles_differ, _valued("roles right")),
}


def counted(case: Case) -> dict[str, Sums]:
    """The sums of one document, by measure; a measure that has nothing to say of it is left away."""
    return {name: sums for name, measure in MEASURES.items() if (sums := measure.sums(case))}


class Tally:
    """The sums over some documents. Its size does not depend on how many they are."""

    def __init__(self) -> None:
        self.documents = self.missing = self.restored = 0
        self.sums: dict[str, Sums] = {}

    def add(self, counts: Mapping[str, Sums], *, missing: bool, restored: bool) -> None:
        """Take in one document: its sums, whether no record came out, and whether its raw text could be had back."""
        self.documents += 1
        self.missing += missing
        self.restored += restored
        for name, sums in counts.items():
            total = self.sums.setdefault(name, {})
            for key, value in sums.items():
                total[key] = total.get(key, 0) + value

    def result(self) -> dict[str, Any]:
        """What all comes to, by the names of the measures."""
        restored = _share(self.restored, self.documents)
        result: dict[str, Any] = {"n": self.documents, "missing": self.missing, "restored": restored}
        for name, measure in MEASURES.items():
            if name in self.sums:
                result |= measure.closed(self.sums[name])
        return result


class Finding(msgspec.Struct, frozen=True):
    """A document that did badly by one measure: how badly, what was lost and what is there that should not be."""

    measure: str
    id: str
    value: float
    lost: list[str]
    left: list[str]


class Worst:
    """The documents that did worst by each measure; of equals the first ones. It keeps so many and no more."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._heaps: dict[str, list[tuple[float, int, Finding]]] = {}
        self._seen = 0

    def add(self, id_: str, case: Case, counts: Mapping[str, Sums]) -> None:
        self._seen += 1
        for name, sums in counts.items():
            measure = MEASURES[name]
            value = measure.value(measure.closed(sums))
            heap = self._heaps.setdefault(name, [])
            if value < 1 and (len(heap) < self.most or (heap and -value > heap[0][0])):
                finding = Finding(name, id_, value, *measure.differ(case))
                heapq.heappush(heap, (-value, -self._seen, finding))
                if len(heap) > self.most:
                    heapq.heappop(heap)

    def findings(self) -> list[Finding]:
        """By measure, the worst first."""
        return [entry[2] for name in MEASURES for entry in sorted(self._heaps.get(name, ()), reverse=True)]

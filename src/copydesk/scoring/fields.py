"""The clean text and the facts: of each the sums of one document, what they come to, and what went wrong, to read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from copydesk.scoring.case import Measure, valued
from copydesk.scoring.shingles import EXCERPT, beyond, fold, harmonic, overlap, ratios, share, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable

    from copydesk.scoring.case import Case, Differences, Gold, Sums

_LEAD = re.compile(r"^\s*(by|von|par|por|de|di|af|av|door|oleh)\s+", re.IGNORECASE)
_BAD = 0.5  # an F1 under it is a page where the story was not found


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
    precision, recall = share(sums["P"], sums["n P"]), share(sums["R"], sums["n R"])
    means = {"body exact": share(sums["exact"], sums["n"]), "bad": share(sums["bad"], sums["n"])}
    return {
        "body F1": harmonic(precision, recall),
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
    return {"headline": share(sums["right"], sums["n"]), "n headline": sums["n"]}


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
    ghost = share(sums["ghost"], sums["none"]) if sums["none"] else None
    exact = share(sums["exact"], sums["n"])
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
    precision, recall = share(sums["right"], sums["given"]), share(sums["found"], sums["gold"])
    f1 = harmonic(precision, recall)
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
    return {"caption out": share(sums["out"], sums["n"]), "n caption": sums["n"]}


def _caption_differs(case: Case) -> Differences:
    return [], [caption[:EXCERPT] for caption in _captions(case)[1]]


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
    shares = {f"dateline {key}": share(sums[key], sums[f"n {key}"]) for key in _DATELINE if f"n {key}" in sums}
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
    return {"language": share(sums["right"], sums["n"]), "n language": sums["n"]}


def _language_differs(case: Case) -> Differences:
    return _said(case.gold.language), _said(_given_language(case))


def _said(value: str | None) -> list[str]:
    return [value] if value else []


def _authors_value(result: dict[str, Any]) -> float:
    if result["ghost"] is not None:
        return 1 - float(result["ghost"])
    return float(result["authors F1"]) if result["n authors"] else 1.0


def _dateline_value(result: dict[str, Any]) -> float:
    return min(float(result.get(f"dateline {key}", 1.0)) for key in _DATELINE)


MEASURES = {
    "body": Measure(_body, _body_closed, _body_differs, valued("body F1")),
    "headline": Measure(_headline, _headline_closed, _headline_differs, valued("headline")),
    "authors": Measure(_authors, _authors_closed, _authors_differ, _authors_value),
    "photo": Measure(_photo, _photo_closed, _photo_differs, valued("photo F1")),
    "caption": Measure(_caption, _caption_closed, _caption_differs, valued("caption out")),
    "dateline": Measure(_dateline, _dateline_closed, _dateline_differs, _dateline_value),
    "language": Measure(_language, _language_closed, _language_differs, valued("language")),
}

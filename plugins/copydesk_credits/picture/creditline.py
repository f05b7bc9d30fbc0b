"""A picture's credit, read: who took it, for which agency, under which licence."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from copydesk.facts import Credit
from copydesk_credits.picture.vocabulary import either, picture_words

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST = 18
"""Words that a credit may have: three photographers and their agencies. What is longer is a sentence."""

MOST = 400
"""Characters that are read at all."""

CASELESS = 4
"""Words of a name in a script without capitals, where a sentence's words look like names."""

KEPT = 1024
"""Credits that are kept as they were read: a gallery has one photographer, and agencies come again on every page."""

_BRACKETS = "()[]（）［］"
_EDGES = " \t\N{NO-BREAK SPACE},;:|/–—-.'\"‘’“”"
_LINK = (
    r"(?:by|via|courtesy(?: of)?|provided by|used under licen[cs]e from|generated (?:by|with)|von|par|di|mit)\b\s*:?"
)
_LICENCE = re.compile(
    r"(?:\b(?:Lizenz|Licen[cs]e|Licence)\s*:\s*)?"
    r"\[?\b(CC0|CC[ -]BY(?:-(?:NC|ND|SA))*(?:[ -]\d\.\d)?(?: [a-z]{2}\b)?|[Pp]ublic [Dd]omain"
    r"|Creative Commons(?: [\w-]+){0,3} \d\.\d)\b\]?"
)
_RIGHTS = re.compile(
    r"©|ⓒ|Ｃ|\bCopyright\b(?: \d{4})?|\b[Aa]ll [Rr]ights [Rr]eserved\.?|\bTous droits réservés\b",
)
_PARTS = re.compile(
    r"\s*[/|•]\s*|\s*,?\s+(?:via|by|on)\s+|\s+for\s+(?=(?:the\s+)?[A-Z])"
    r"|\s+(?:für|pour|para|per|voor|för)\s+(?=[A-ZÀ-Þ]{3}|(?:[Dd]ie|[Dd]as|[Dd]en|L[ae]s?|El|De)\s)"
    r"|(?<!\b[A-Z])[,.]\s+(?=\w)"
    r"|\s+[–—-]+\s+|\s*[()\[\]（）]\s*|[:：]\s+|\b(?:[Cc]ourtesy of|[Cc]ort[eé]s[ií]a d[aeo]l?)\s+"
)
_PERSON = re.compile(
    r"[^\W\d_a-zß-ÿ][\w.’'-]*(?:\s+(?:de|da|del|van|von|der|di|al|el|la|bin)\b)*(?:\s+[^\W\d_][\w.’'-]*){1,3}"
)
_HOUSE = re.compile(
    r"(?:The|Die|Der|Das|University|Universit|Ministry|Museum|Agentur|Presse|ABC|BBC|CBC|CNN|SBS)\b|.*\b(?:News|Images|Media|Press)\b"
)
_HOUSED = re.compile(
    r"(?P<name>[A-ZÀ-Þ][a-zß-ÿ][\w.’'-]*(?: [\w.’'-]+){0,2} [A-ZÀ-Þ][\w.’'-]*[a-zß-ÿ]) (?P<house>(?![IVX]+$)[A-Z]{2,4})"
)
_LABEL_BEHIND = re.compile(r"\s+nuotr(?:auka)?$")
_WEB = re.compile(r"\bhttps?://\S+")
_TAKEN = re.compile(
    r"(?P<agency>新华社|新華社|中新社|中新网|中國新聞社)?(?:记者|記者|发|發)?\s*(?P<name>.+?)\s*(?:摄|攝|撮影)"
)
_CLAIM = re.compile(r"©|ⓒ|（Ｃ）|\(C\)|\bCopyright\b")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_FIRM = re.compile(
    r"\b(?:GmbH|Inc|LLC|Ltd|Limited|AG|AS|SLU|S\.L|S\.A|KG|PLC|Corp|Corporation|Group|Verlag|Foundation|Newspapers|subsidiary"
    r"|Licensing|Terms|Privacy|Policy|vorbehalten|[Rr]eserved|RISERVATA|Sitemap)\b"
)
_PROMPT = re.compile(r"\s*\([\"„“”«»‘][^()]*\)$")
"""What the program was told that made a picture, behind its name: `Midjourney ("harbour, oil painting")`."""

_MANY = frozenset(["bilder", "fotos", "images", "imágenes", "photos", "pictures", "pics", "videos"])
_ALONE = frozenset(["cc", "courtesy", "dr", "handout", "pr", "privat", "private", "privé", "zvg"])


class _Part(NamedTuple):
    """One name among several, and where it stands."""

    text: str
    start: int
    end: int


class _Labelled(NamedTuple):
    """What a label tells, and the names behind it. `wary`: mostly a title stands behind such a label, `Photos: …`."""

    kind: Literal["photo", "video", "graphic"]
    names: str
    desk: str | None = None
    wary: bool = False


class CreditLine:
    """Reads credits, with the words of picture_words.yaml."""

    def __init__(self) -> None:
        self._kept = lru_cache(maxsize=KEPT)(self._read)
        self.is_text_agency = lru_cache(maxsize=KEPT)(self._is_text_agency)
        words = picture_words()
        self._photo_agencies = frozenset(word.casefold() for word in words["photo_agency"])
        self._wires = frozenset(words["wire"])
        self._small = frozenset(words["small"])
        self._nobody = frozenset(words["nobody"])
        self._notes = frozenset(words["note"])
        self._pollsters = frozenset(words["pollster"])
        photo = [*words["photo_label"], *words["source_label"]]
        kinds = {"photo": photo, "video": words["video_label"], "graphic": words["graphic_label"]}
        self._kinds = {label: kind for kind, labels in kinds.items() for label in labels}
        labels = either(self._kinds)
        self._label = re.compile(
            rf"(?:[^\W\d_]+\s+)??(?P<label>{labels})(?:\s*[:：=|]+|\.\.\.|…|\s+[–—-]\s|\s+{_LINK}|\s*(?=[©@])|(?<=source|yright|credit),"
            r"|(?<=foto|hoto|eeld|fot\.)\s+(?=(?-i:[A-ZÀ-Þ]))"
            r"|(?<=redit)\s+(?=(?-i:(?:[A-ZÀ-Þ][\w.'’-]+ ){1,2}[A-ZÀ-Þ][\w.'’-]+\s?/)))\s*",
            re.IGNORECASE,
        )
        self._may_label = re.compile(
            rf"[:：=|©@,…]|\.\.\.|\s[–—-]\s|foto|hoto|eeld|redit|fot\.|\b{_LINK}", re.IGNORECASE
        )
        self._desk = re.compile(
            rf"(?P<agency>{either(self._wires)})[ -](?P<label>{labels}|pool)(?:\s*[/:,]\s*|\s+by\s+|\s+|$)",
            re.IGNORECASE,
        )
        self._next = re.compile(
            rf"\s*\+\+\+\s*|\s*[|;,]\s*(?=(?:\w+\s+)?(?:{labels})\s*[:：])|\s*;\s*|,\s*(?=©)", re.IGNORECASE
        )
        self._trailing = re.compile(rf"(?:{either([note for note in self._notes if ' ' in note])})\W*$", re.IGNORECASE)
        self._titles = re.compile(
            rf"(?:{either(words['invitation'])})\s+(?:\w+\s+)?(?:{labels})\s*[:：]"
            rf"|(?:{labels})\s*[:：]\s*(?:{either(words['portrait'])})\s",
            re.IGNORECASE,
        )
        self._late_label = re.compile(rf".{{1,40}}?(?=\b(?:{labels})\s*[:：])", re.IGNORECASE)

    def read(self, text: str) -> list[Credit]:
        """The credits that a text holds, none where it reads as something else."""
        return list(self._kept(text))

    def _read(self, text: str) -> tuple[Credit, ...]:
        if len(text) > MOST:
            return ()
        text = _PROMPT.sub("", " ".join(text.split()).strip(_EDGES))
        if text[:1] in _BRACKETS:
            text = text.strip(_EDGES + _BRACKETS)
        if self._titles.match(text) or (_CLAIM.search(text) and not self._is_photographers(text)):
            return ()
        read = [self._credit(piece) for piece in self._next.split(text) if piece.strip(_EDGES)]
        return () if None in read else tuple(credit for credit in read if credit)

    def is_agency(self, text: str) -> bool:
        """Whether a name is one of an agency that sends pictures."""
        return self.is_wire(text) or text.casefold() in self._photo_agencies or text in self._nobody

    def _is_text_agency(self, text: str) -> bool:
        """Whether these are agencies that send text too, and nothing else: `AFP`, `sid/dpa`."""
        return all(map(self.is_wire, re.split(r"/| via ", text))) and text.casefold() not in self._photo_agencies

    def is_wire(self, text: str) -> bool:
        """Whether a name is one of an agency that sends text too."""
        return text.removeprefix("The ") in self._wires

    def _is_photographers(self, text: str) -> bool:
        """Whether a © claims a picture: an agency or a photographer and no year or firm as on a page's foot."""
        parts = self._parts(_RIGHTS.sub(" ", self._unlabelled(text).names))
        if any(self.is_agency(part.text) for part in parts) and ("/" in text or not _YEAR.search(text)):
            return True
        if _FIRM.search(text) or _YEAR.search(text):
            return False
        return "|" in text or any(_PERSON.fullmatch(part.text) and not _HOUSE.match(part.text) for part in parts)

    def _credit(self, piece: str) -> Credit | None:
        label = self._unlabelled(_LABEL_BEHIND.sub("", _WEB.sub(" ", self._trailing.sub("", piece)).strip(_EDGES)))
        names = label.names
        if taken := _TAKEN.fullmatch(names):
            return Credit(label.kind, taken["name"], taken["agency"])
        licence = _LICENCE.search(names)
        if licence:
            names = f"{names[: licence.start()]} {names[licence.end() :]}"
        names = _RIGHTS.sub(" ", names)
        parts = self._parts(names)
        if not self._reads(names, parts) or (label.wary and not self._is_short(names, parts)):
            return None
        name, agency = self._named(names, parts) if parts else (None, None)
        agency = "/".join(filter(None, (label.desk, agency))) or None
        if not (name or agency or licence):
            return None
        return Credit(label.kind, name, agency, licence[1] if licence else None)

    def _unlabelled(self, piece: str) -> _Labelled:
        """What stands behind all labels, and whose desk `AP Photo/` names."""
        if desk := self._desk.match(piece):
            kind: Any = self._kinds.get(desk["label"].casefold(), "photo")
            return _Labelled(kind, piece[desk.end() :], desk["agency"])
        if piece.startswith("©") and (late := self._late_label.match(piece)):
            piece = piece[late.end() :]
        labels = []
        while self._may_label.search(piece) and (match := self._label.match(piece)):
            labels.append(match["label"].casefold())
            piece = piece[match.end() :]
        kind = self._kinds[labels[0]] if labels else "photo"
        return _Labelled(kind, piece, wary=kind != "photo" or not _MANY.isdisjoint(labels))

    def _parts(self, names: str) -> list[_Part]:
        parts, start = [], 0
        for end, after in [*((m.start(), m.end()) for m in _PARTS.finditer(names)), (len(names), len(names))]:
            text = names[start:end].strip(_EDGES + _BRACKETS)
            folded = text.casefold()
            if folded not in self._notes and folded not in self._kinds and any(map(str.isalpha, text)):
                parts.append(_Part(text, start, end))
            start = after
        return parts

    def _reads(self, names: str, parts: Sequence[_Part]) -> bool:
        """Whether these are names: each word has a capital, is small in names, or belongs to an agency."""
        if len(names.split()) > LONGEST or names.rstrip()[-1:] in ("?", "!"):
            return False
        if any(part.text in self._pollsters for part in parts):  # `(Reuters/Ipsos)`
            return False
        company = any(self._vouches(part.text) for part in parts)  # beside it `filmfoto` and `hr` are names too
        return all(self.is_agency(part.text) or self._is_name(part.text, alone=company) for part in parts)

    def _is_short(self, names: str, parts: Sequence[_Part]) -> bool:
        """Whether these are names even behind `Photos:` and `Video:`, where a title or a camera's data may stand."""
        if any(self.is_agency(part.text) for part in parts):
            return True
        longest = max(len(part.text.split()) for part in parts) if "/" in names else len(names.split())
        return longest <= 4 and not any(part.text[:1].islower() or any(map(str.isdigit, part.text)) for part in parts)

    def _is_name(self, text: str, *, alone: bool) -> bool:
        words = text.split()
        if len(words) > CASELESS and text.lower() == text.upper():
            return False
        capital = not words[0][:1].islower()
        if alone and (len(words) == 1 or (len(words) == 2 and capital)):  # `filmfoto`, `PNW production`
            return True
        small = [w for w in words if w[:1].islower() and not set(w) & {".", "@"} and w not in self._small]
        if not small:
            return capital or any(not w[:1].islower() or "." in w for w in words)
        if len(words) == 1:
            return text.casefold() in _ALONE
        return len(words) == 2 and not capital and len(small) == 1  # `abc News`, `eigene Aufnahme`

    def _vouches(self, text: str) -> bool:
        return text.casefold() in self._photo_agencies or _PERSON.fullmatch(text) is not None

    def _named(self, names: str, parts: list[_Part]) -> tuple[str | None, str | None]:
        others = [part for part in parts if not self.is_agency(part.text)]
        people = [part for part in others if _PERSON.fullmatch(part.text) and not _HOUSE.match(part.text)]
        named = next(iter([*people, *others]), None)
        if named is None:
            return None, _together(names, parts)
        name, house = _housed(named.text)
        agencies = _together(names, [part for part in parts if part.text != named.text])
        return name, "/".join(filter(None, (house, agencies))) or None


def _housed(text: str) -> tuple[str, str | None]:
    """A name, and the letters of a house right behind it: `Ada Quill HS`."""
    match = _HOUSED.fullmatch(text)
    return (match["name"], match["house"]) if match else (text, None)


def _together(names: str, parts: list[_Part]) -> str:
    """Several names as they are printed: `AFP via Getty Images`, and with a stroke where another name stood between."""
    printed = ""
    for before, part in zip([None, *parts], parts, strict=False):
        link = " via " if before and names[before.end : part.start].strip() == "via" else "/"
        printed += f"{link}{part.text}" if printed else part.text
    return printed

"""The rule packs: a file a language (`de.yaml`), more than one where it grows (`en_chrome.yaml`), and `any.yaml` for
all.

A pack holds rules of every clutter role; each stage takes the roles that are its own, so a new language is one new
file.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from copydesk.errors import ConfigError, did_you_mean
from copydesk.rules import Rule, Rules, left_of, read_rules

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from copydesk.document import Document

EVERY_LANGUAGE = "any"


def roles_of(
    roles: Collection[str],
    *,
    also: tuple[str, ...] = (),
    languages: Sequence[str] = (),
    rules: Sequence[Path] = (),
    without: Sequence[str] = (),
) -> Rules:
    """The house rules of these roles in these languages (none named: in all), and the user's own, less `without`.

    `also`: the ends of the ids of rules that are wanted whatever their role.

    Raises ConfigError for a language that has no pack, for a mistake in a user's file, for an unknown id in `without`.
    """
    own = Rules.load(*rules)
    house = _house(tuple(languages))
    chosen = [rule for rule in house if rule.role in roles or rule.id.endswith(also)] + list(own)
    return Rules(left_of(chosen, without), everywhere=True)


def mark_all(rules: Rules, doc: Document) -> None:
    """Mark what the rules take. They are asked again until they find nothing: what a cut sentence leaves behind may be
    a rule's whole block.
    """
    decided = _decided(doc)
    while rules.mark(doc) and decided != (decided := _decided(doc)):
        pass


def _decided(doc: Document) -> int:
    return len([segment for segment in doc.segments if segment.by])


def labels(rules: Rules, doc: Document) -> dict[int, Rule]:
    """By segment, which of the rules took a block of its own."""
    blocks = rules.blocks
    return {id(s): blocks[s.by.rule] for s in doc.segments if s.by and s.by.rule in blocks}


@cache  # three stages ask for the same files, and to read them all takes longer than to clean a hundred articles
def _house(languages: tuple[str, ...]) -> tuple[Rule, ...]:
    packs = {file.name.removesuffix(".yaml"): file for file in (files(__package__) / "rules").iterdir()}
    codes = {name.partition("_")[0] for name in packs}
    for code in languages:
        if code not in codes:
            raise ConfigError(f"`languages` names `{code}`, which has no rules.{did_you_mean(code, codes)}")
    wanted = {EVERY_LANGUAGE, *languages} if languages else codes
    chosen = [packs[name] for name in sorted(packs) if name.partition("_")[0] in wanted]
    return tuple(rule for file in chosen for rule in read_rules(file, tested=True))

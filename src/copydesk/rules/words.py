"""The house's own words: every rule may name them, and a plugin's code may read them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from copydesk.yamlfile import YamlFile


@cache
def house_words() -> dict[str, str]:
    """The words of words.yaml by their names, each as a pattern that says the same to a rule and to Python's `re`."""
    file = YamlFile.open(files(__package__) / "words.yaml")
    node = file.root and file.root.get("words")
    words = file.plain(node) if node else {}
    file.close()
    return {name: one if isinstance(one, str) else "|".join(one) for name, one in words.items()}

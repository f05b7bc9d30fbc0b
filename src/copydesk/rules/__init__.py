"""Rules as data: what leaves a text, written in YAML, with examples that are tests.

rules = Rules.load(folder / "en.yaml")
for hit in rules.hits(doc): ...      # where each rule stands, guards kept
rules.mark(doc)                      # mark what each rule takes
"""

from copydesk.rules.book import Hit, Rules, Zones, asked_together, example_faults, left_of
from copydesk.rules.file import read_rules
from copydesk.rules.rule import Rule
from copydesk.rules.words import house_words

__all__ = ["Hit", "Rule", "Rules", "Zones", "asked_together", "example_faults", "house_words", "left_of", "read_rules"]

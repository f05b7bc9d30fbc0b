"""How good clean texts and facts are, against gold answers: small sums a document, closed into measures over many.

    counts = counted(Case(gold, doc.record(segments=True), raw))   # by measure, nothing where the gold is silent
    tally.add(counts, missing=False, restored=True); tally.result()

The measures are those of the project's scorer, to the digit, so that figures can be compared; docs/scoring.md says
what each is. Texts are compared by their runs of four tokens, as the article-extraction benchmark does it: order
counts, and a sentence lost in the middle costs as much as one at the end.
"""

from copydesk.scoring.case import Case, Gold, Named, Span, Sums
from copydesk.scoring.fields import body_of
from copydesk.scoring.roles import RoleRow, gold_roles, role_rows
from copydesk.scoring.shingles import beyond, fold, overlap, ratios, shingles, standing, tokens
from copydesk.scoring.tally import MEASURES, Finding, Tally, Worst, counted

__all__ = [
    "MEASURES",
    "Case",
    "Finding",
    "Gold",
    "Named",
    "RoleRow",
    "Span",
    "Sums",
    "Tally",
    "Worst",
    "beyond",
    "body_of",
    "counted",
    "fold",
    "gold_roles",
    "overlap",
    "ratios",
    "role_rows",
    "shingles",
    "standing",
    "tokens",
]

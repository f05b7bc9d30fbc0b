"""Make model.npz and docs/model.md anew: python -m copydesk_blocks.train (`make train`).

Reads the sets of ../shared/data beside the checkout, or in the folder that COPYDESK_DATA names. Takes some minutes.
Training needs CatBoost (dependency group `train`); the stage itself needs NumPy alone. With the same data, rules and
version of CatBoost, the same bytes come out.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from copydesk_blocks.model import write_model
from copydesk_blocks.stage import MOST, THRESHOLD
from copydesk_blocks.training.articles import Article, articles, scorer
from copydesk_blocks.training.fit import FOLDS, Lesson, fitted, fold_of, lessons, short_copies, veiled
from copydesk_blocks.training.report import Scores, Verdict, report, verdict

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"


def cross_validated(known: list[Article], taught: list[Lesson], boxes: list[Lesson]) -> list[Verdict]:
    """Each article judged by a model that has seen nothing of its publisher."""
    found: dict[int, Verdict] = {}
    for fold in range(FOLDS):
        model = fitted(*([one for one in kind if one.fold != fold] for kind in (taught, boxes)))
        mine = [number for number, article in enumerate(known) if fold_of(article.publisher) == fold]
        found |= {number: verdict(known[number], model) for number in mine}
        say(f"fold {fold + 1} of {FOLDS}: {len(mine)} articles judged")
    return [found[number] for number in sorted(found)]


def say(message: str) -> None:
    sys.stderr.write(f"{message}\n")


def main() -> int:
    data = Path(os.environ.get("COPYDESK_DATA", SHARED / "data"))
    if not data.is_dir():
        say(f"{data}: there are no articles to learn from; name their folder in COPYDESK_DATA")
        return 1
    known = list(articles(data, ROOT / "pipelines.yaml"))
    say(f"{len(known)} articles behind the rules")
    taught, boxes = lessons(known), veiled(known)
    write_model(fitted(taught, boxes), Path(__file__).with_name("model.npz"))
    copies, shares = zip(*short_copies(known, "judged"), strict=True)
    verdicts = cross_validated([*known, *copies], taught, boxes)
    whole, short = verdicts[: len(known)], zip(verdicts[len(known) :], shares, strict=True)
    scores = Scores(scorer(data.parent / "tools" / "score.py"), MOST)
    (ROOT / "docs" / "model.md").write_text(report(whole, list(short), scores, THRESHOLD), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The stage `remove_clutter`: asks the model, keeps to the rails, marks."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path  # noqa: TC003 (an option's type is read at run time)
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from copydesk_blocks.rails import is_for_model, taken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from copydesk.document import Document, Segment

BANDS = (0.99, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2)
"""How sure the model was is told in steps: the ledger groups what was taken out for the same reason."""


THRESHOLD = 0.45
"""From 0.4 to 0.6 the F1 on unseen publishers is the same within 0.004; of those that keep less than a fifth of the
clutter it loses the least of the story, half a hundredth (docs/model.md)."""

MOST = 0.6
"""Where more of the paragraphs would go, the model is wrong as often as right."""


class remove_clutter:
    """Mark what is not the story where no rule has a formula for it: menus of unknown words, teasers, boxes, comments.

    A small model, trained on pages of 769 publishers, looks at how a block is made, how its words stand to the page,
    what stands beside it and what the rules took out near it. It knows no language and no publisher, but for the
    weights of some thousand words, most of them English and German. Belongs behind the rules, whose marks are its
    evidence, and never changes what they decided. What it takes out is signed with how sure it was (`model-0.95`), and
    has the role `other` where it cannot tell which clutter it is.

    `threshold` is how sure it must be: more keeps more clutter and loses less of the story. Of a sentence beside the
    story it must be sure to 0.8, and surer of one in letters that it hardly knows (Arabic, Chinese): to leave a promo
    is better than to take the story's last sentence. Of a line between two blocks that stay (a cross-head), of an item
    of a list and of a row of a table it must be sure to 0.6. In the tail of the page, behind the story's last two
    sentences and below two blocks that rules know to stand there (share buttons, tags, comments), 0.6 will do for a
    sentence beside the story, and less for a line. Copy in which the rules found no sign of a page (a menu, a promo, a
    teaser) is left alone, as is what is plain prose. It takes no paragraph between two of the story's, no turn of an
    interview, and nothing of a text without paragraphs. Where it would take more than the share `most` of the
    paragraphs' words it takes none of these, and flags `much-clutter`: the page is no article, or several.
    """

    def __init__(
        self,
        *,
        threshold: Annotated[float, Meta(ge=0.2, le=0.99)] = THRESHOLD,
        most: Annotated[float, Meta(ge=0, le=1)] = MOST,
        model: Path | None = None,
    ) -> None:
        self._engine: Any = import_module("copydesk_blocks.model")  # NumPy loads when the stage is built
        self._model = self._engine.load(model)
        self._needed = self._engine.bars(threshold)
        self._bands = [(self._engine.odds(band), f"model-{band}") for band in BANDS]
        self._most = most

    def __call__(self, doc: Document) -> None:
        segments = doc.segments
        if not is_for_model(segments):
            return
        judgement = self._engine.judged(segments, self._model)
        odds = dict(zip(judgement.at.tolist(), judgement.odds.tolist(), strict=True))
        out, many = taken(segments, odds, self._needed, self._most)
        if many:
            doc.flag("much-clutter")
        if out:
            self._mark(segments, odds, out, judgement)

    def _mark(self, segments: Sequence[Segment], odds: dict[int, int], out: set[int], judgement: Any) -> None:
        columns = [column for column, place in enumerate(odds) if place in out]
        roles = self._engine.roles(judgement.rows[:, columns], self._model)
        for place, role in zip(sorted(out), roles, strict=True):
            rule = next((rule for least, rule in self._bands if odds[place] >= least), "model")
            segments[place].mark(role, rule=rule)

"""copydesk in other people's tools: one contract, rows in and the same rows out, and a thin adapter for each engine.

An adapter is named as its engine, and imports it; this package imports none of them.
"""

from __future__ import annotations

from copydesk.adapters.transform import Transform

__all__ = ["Transform"]

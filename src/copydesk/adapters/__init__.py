"""copydesk in other people's tools: one contract, rows in and the same rows out, and a thin adapter for each engine.

Each module is named as its engine and imports it; this package imports none of them.
"""

from copydesk.adapters.transform import Transform, arrow, arrow_schema, records

__all__ = ["Transform", "arrow", "arrow_schema", "records"]

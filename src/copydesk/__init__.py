"""copydesk: raw reprinted news articles in, clean text and the facts printed around it out.

import copydesk
doc = copydesk.load("pipelines.yaml")["reprints"](raw)
doc.text, doc.record()
"""

from copydesk.config import Pipelines, load
from copydesk.document import Document, Segment
from copydesk.errors import ConfigError, CopydeskError, InputError, PluginError, StageError
from copydesk.hooks import Offered, hookimpl
from copydesk.ledger import Entry, restore
from copydesk.pipeline import Pipeline

__all__ = [
    "ConfigError",
    "CopydeskError",
    "Document",
    "Entry",
    "InputError",
    "Offered",
    "Pipeline",
    "Pipelines",
    "PluginError",
    "Segment",
    "StageError",
    "hookimpl",
    "load",
    "restore",
]

"""Runs a pipeline over many documents."""

from copydesk.run.runner import Summary, process

__all__ = ["Summary", "process"]

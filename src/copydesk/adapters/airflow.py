"""Airflow 3: `CleanOperator`, a task for each shard of files; addresses and counts go through XCom, documents never do.

    clean = CleanOperator.partial(task_id="clean", folder="/data/clean/{shard}").expand(inputs=shards())

A retry goes on where the attempt before it ended, however it ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from copydesk.adapters.shard import MAX_BAD, PERMANENT, Shard, name_of, share, too_bad

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context


class CleanOperator(BaseOperator):
    """Files in, a folder of clean records out. The task's result is the folder's address, and counts.

    `inputs` are files, folders or patterns. `folder` is this shard's own: `{shard}` in it is the name of the first
    input, less its endings. `max_bad` is the share of documents that may be rejected or fail; above it the task fails.
    `options` are further ones of `copydesk run`: `["--text-field", "body"]`. Raises AirflowFailException, which is not
    retried, where another attempt would end the same.
    """

    template_fields: Sequence[str] = ("inputs", "folder", "pipeline", "config", "options")

    def __init__(
        self,
        *,
        inputs: str | list[str],
        folder: str,
        pipeline: str = "reprints",
        config: str | None = None,
        workers: int | None = None,
        max_bad: float = MAX_BAD,
        options: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.inputs = inputs
        self.folder = folder
        self.pipeline = pipeline
        self.config = config
        self.workers = workers
        self.max_bad = share(max_bad)
        self.options = options or []
        self._shard: Shard | None = None

    def execute(self, context: Context) -> dict[str, Any]:  # noqa: ARG002 (the templates have had it)
        """Run the shard, and give the figures."""
        inputs = [self.inputs] if isinstance(self.inputs, str) else list(self.inputs)
        self._shard = Shard(
            inputs=inputs,
            folder=self.folder.replace("{shard}", next(map(name_of, inputs), "")),
            pipeline=self.pipeline,
            config=self.config,
            workers=self.workers,
            options=self.options,
        )
        try:
            figures = self._shard.run(self.log.info)
        except PERMANENT as error:
            raise AirflowFailException(str(error)) from error
        if reason := too_bad(figures, self.max_bad):
            raise AirflowFailException(reason)
        return figures

    def on_kill(self) -> None:
        """End the run as an interrupt does: what is done is kept."""
        if self._shard:
            self._shard.stop()

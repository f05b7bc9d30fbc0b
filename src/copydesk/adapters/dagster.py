"""Dagster: `Cleaned`, a component. An asset of clean records, one of the rejects, and a check on their share.

    type: copydesk.adapters.dagster.Cleaned
    attributes:
      asset:
        key: articles
        partitions_def: {type: static, partition_keys: [monday, tuesday]}
      inputs: ["/data/raw/{shard}.jsonl"]
      folder: /data/clean/{shard}

A shard is a partition. A retry goes on where the attempt before it ended, however it ended.
"""

# Dagster compares annotations as they stand, so they are no strings here: no `from __future__ import annotations`.
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from copydesk.adapters.shard import MAX_BAD, PERMANENT, Shard, share, too_bad

CHECK = "few_bad"
SHARD = "{shard}"
DELAY = 10
"""Seconds between two attempts: what passes by itself, such as another run's hold on the folder, has some time to."""


@dataclass(kw_only=True)
class Cleaned(dg.Component, dg.Resolvable):
    """Files in, a folder of clean records out, and the rejected and failed documents as a second asset.

    `inputs` are files, folders or patterns, `folder` is where the records go; `{shard}` in them is the partition.
    `max_bad` is the share of documents that may be rejected or fail; above it the check fails, and what depends on the
    asset does not run. `options` are further ones of `copydesk run`, `retries` the attempts after the first.
    """

    asset: dg.ResolvedAssetSpec
    inputs: list[str]
    folder: str
    pipeline: str = "reprints"
    config: str | None = None
    workers: int | None = None
    max_bad: float = MAX_BAD
    options: list[str] = field(default_factory=list)
    retries: int = 2

    def __post_init__(self) -> None:
        share(self.max_bad)

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:  # noqa: ARG002 (nothing is looked up)
        return dg.Definitions(assets=[self.assets()])

    def assets(self) -> dg.AssetsDefinition:
        """The two assets and their check, for definitions in Python."""
        clean = self.asset
        rejects = clean.replace_attributes(
            key=dg.AssetKey([*clean.key.path[:-1], f"{clean.key.path[-1]}_rejects"]),
            description=f"What was rejected or failed on the way to {clean.key.to_user_string()}, with reasons.",
        )

        @dg.multi_asset(
            name=clean.key.to_python_identifier(),
            specs=[clean, rejects],
            check_specs=[dg.AssetCheckSpec(CHECK, asset=clean.key, blocking=True)],
            retry_policy=dg.RetryPolicy(max_retries=self.retries, delay=DELAY),
        )
        def cleaned(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
            figures = self._run(context)
            yield dg.MaterializeResult(
                asset_key=clean.key, metadata=_clean(figures), check_results=[self._check(figures)]
            )
            yield dg.MaterializeResult(asset_key=rejects.key, metadata=_rejects(figures))

        return cleaned

    def _run(self, context: dg.AssetExecutionContext) -> dict[str, Any]:
        shard = context.partition_key if context.has_partition_key else ""
        work = Shard(
            inputs=[name.replace(SHARD, shard) for name in self.inputs],
            folder=self.folder.replace(SHARD, shard),
            pipeline=self.pipeline,
            config=self.config,
            workers=self.workers,
            options=self.options,
        )
        try:
            return work.run(context.log.info)
        except PERMANENT as error:
            raise dg.Failure(str(error), allow_retries=False) from error

    def _check(self, figures: dict[str, Any]) -> dg.AssetCheckResult:
        reason = too_bad(figures, self.max_bad)
        metadata = {"bad": figures["bad"], "max_bad": self.max_bad}
        return dg.AssetCheckResult(passed=not reason, check_name=CHECK, description=reason or None, metadata=metadata)


def _clean(figures: dict[str, Any]) -> dict[str, Any]:
    removed = {f"removed/{role}": characters for role, characters in figures["removed"].items()}
    counts = {name: figures[name] for name in ("documents", "clean", "rejected", "failed", "seconds")}
    return {"path": dg.MetadataValue.path(figures["folder"]), **counts, **removed}


def _rejects(figures: dict[str, Any]) -> dict[str, Any]:
    """Without any, there is no file."""
    place = {"path": dg.MetadataValue.path(figures["rejects"])} if figures["rejects"] else {}
    return {**place, "rejected": figures["rejected"], "failed": figures["failed"]}

"""What a flow over shards of files is tested with: two shards, and a pipeline that can be told whom to kill."""

from __future__ import annotations

import json
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from copydesk.cli.run import Run
from engines.conftest import ROWS

TOTAL = 1_500
"""Documents of the shard that is disturbed: more than a run reads ahead, 16 batches of 32."""

PLUGIN = '''
import os, time
from pathlib import Path

import copydesk

FOLDER = Path(os.environ["STUMBLE"])

@copydesk.hookimpl
def register_stages(register):
    register(stumble)

def stumble(doc):
    """Leave a mark for each document. At the one that says so, send a signal, once: to a process, or for 0 to the run."""
    if doc.raw.startswith("Story"):  # and is not the sample that a worker starts with
        with (FOLDER / "seen").open("a") as seen:
            seen.write("x")
    order = FOLDER / "order"
    if "stumble" in doc.raw and order.exists():
        process, signal = map(int, order.read_text().split())
        order.unlink()
        os.kill(process or os.getppid(), signal)
        time.sleep(0.5)
'''

CONFIG = """
  stumbling:
    stages: [stumble, normalize_space]
"""


@dataclass(frozen=True)
class Field:
    """A folder with `raw/monday.jsonl`, three of whose documents are bad, `raw/tuesday.jsonl` and `raw/long.jsonl`."""

    folder: Path

    @property
    def config(self) -> str:
        return str(self.folder / "pipelines.yaml")

    def raw(self, shard: str) -> str:
        return str(self.folder / f"raw/{shard}.jsonl")

    def order(self, process: int, number: signal.Signals) -> None:
        (self.folder / "seen").unlink(missing_ok=True)
        (self.folder / "order").write_text(f"{process} {number:d}")

    def seen(self) -> int:
        return (self.folder / "seen").stat().st_size

    def plain(self, shard: str, pipeline: str = "desk") -> dict[str, bytes]:
        """What `copydesk run` makes of a shard, by the file's name."""
        folder = self.folder / "plain" / shard
        if not folder.exists():
            Run(
                inputs=[self.raw(shard)],
                pipeline=pipeline,
                config=Path(self.config),
                output=folder,
                part_size=64,
                quiet=True,
            )()
        return written(folder)


def written(folder: Path | str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.name != "manifest.json"}


@pytest.fixture(scope="module")
def field(tmp_path_factory, project):
    folder = tmp_path_factory.mktemp("field")
    (folder / "raw").mkdir()
    shutil.copytree(project / "plugins", folder / "plugins")
    (folder / "plugins/stumble.py").write_text(PLUGIN)
    (folder / "pipelines.yaml").write_text((project / "pipelines.yaml").read_text() + CONFIG)
    long = [{"id": str(n), "text": f"Story {n}" + " that lets it stumble" * (n == TOTAL // 2)} for n in range(TOTAL)]
    for name, rows in {"monday": ROWS, "tuesday": ROWS[3:-1], "long": long}.items():
        (folder / f"raw/{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STUMBLE", str(folder))
        yield Field(folder)

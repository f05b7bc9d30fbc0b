"""Where a command writes: what is asked before the work, and the file that `--json` names."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from copydesk.errors import ConfigError
from copydesk.io.writers import check_place, naming

if TYPE_CHECKING:
    from collections.abc import Iterable


def refuse_own_input(inputs: Iterable[object], output: Path) -> None:
    """Writing over what is being read would lose it, and what is written would be read. Raises ConfigError."""
    target = Path(os.path.realpath(output))
    for name in map(str, inputs):
        source = Path(os.path.realpath(name))
        pattern = glob.has_magic(name) and not os.path.lexists(name)
        if any(place.match(str(source)) if pattern else place == source for place in (target, *target.parents)):
            raise ConfigError(f"the output {output} lies in the input {name}. Name another place for it.")


def check_figures(path: Path | None, inputs: Iterable[object]) -> None:
    """Raises ConfigError where the figures cannot go to this file."""
    if path:
        check_place("--json", path)
        refuse_own_input(inputs, path)


def write_figures(path: Path | None, figures: dict[str, Any]) -> None:
    """Write all figures of a command as JSON, if they are wanted. Raises OutputError."""
    if path:
        with naming(path):
            path.write_bytes(msgspec.json.format(msgspec.json.encode(figures), indent=1) + b"\n")

"""Writes docs/stages.md from what the stages say of themselves: `python docs/make_stages.py`. A test checks it."""

from __future__ import annotations

from pathlib import Path

from copydesk.cli.stages import default_of, type_of
from copydesk.plugins import Plugins

HEAD = """# Stages

What `copydesk stages <name>` shows, for every stage that comes with copydesk. This page is written by
`python docs/make_stages.py`.
"""


def page(plugins: Plugins) -> str:
    """The page, with the stages in the order of their plugins."""
    parts = [HEAD]
    for kind in plugins.stages.values():
        parts += [f"## {kind.name}\n", kind.help.replace("\n    ", "\n") + "\n"]
        parts += [
            f"- `{option.name}`: {type_of(option, plugins)}{default_of(option)}" for option in kind.options.values()
        ]
        parts.append("")
    return "\n".join(parts)


if __name__ == "__main__":
    (Path(__file__).parent / "stages.md").write_text(page(Plugins.found()), "utf-8")

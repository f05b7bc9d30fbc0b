"""copydesk init and copydesk new-plugin: files to start from, which pass as they are written."""

from __future__ import annotations

from importlib.resources import files
from keyword import iskeyword
from pathlib import Path
from typing import TYPE_CHECKING

from copydesk.cli.show import console, safe
from copydesk.config import FILE, house_file
from copydesk.errors import ConfigError
from copydesk.io.writers import naming
from copydesk.plugins import Plugins

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEMPLATES = files("copydesk.cli") / "templates"
_PROJECT = {
    "pipelines.yaml": "pipelines.yaml",
    "plugins/drop_ad_lines.py": "plugin.py",
    "rules/partners.yaml": "partners.yaml",
    "articles/bridge.txt": "bridge.txt",
    "tests/test_drop_ad_lines.py": "test_plugin.py",
}
_EXAMPLE_PLUGIN = "drop_ad_lines"


def init_project(folder: Path) -> None:
    """Write a project into a folder. Raises ConfigError where a file of it is there already."""
    _write({folder / name: _template(source, _EXAMPLE_PLUGIN) for name, source in _PROJECT.items()})
    inside = f"cd {folder} && " if folder != Path() else ""
    console().print(safe(f"Next: {inside}copydesk test && copydesk explain articles/bridge.txt"), style="bold")


def init_house(folder: Path) -> None:
    """Write copydesk's own pipelines.yaml into a folder. Raises ConfigError where one is there already."""
    _write({folder / FILE: house_file().read_text("utf-8")})


def write_plugin(name: str, folder: Path) -> None:
    """Write a plugin and its test. Raises ConfigError for a name that is no Python word, or is taken."""
    if not name.isidentifier() or not name.islower() or iskeyword(name):
        raise ConfigError(f"`{name}` cannot be a plugin's name. Use small letters, digits and _: drop_ad_lines.")
    if taken := Plugins.found().stages.get(name):
        raise ConfigError(f"the plugin `{taken.plugin}` offers a stage `{name}` already. Give yours another name.")
    _write(
        {
            folder / f"{name}.py": _template("plugin.py", name),
            folder / f"test_{name}.py": _template("test_plugin.py", name),
        }
    )
    where = f"plugins: [{folder.as_posix()}/]"
    console().print(
        safe(f"Next: name it in pipelines.yaml ({where}), and run pytest {folder / f'test_{name}.py'}"), style="bold"
    )


def _template(source: str, name: str) -> str:
    return (_TEMPLATES / f"{source}.template").read_text(encoding="utf-8").replace(_EXAMPLE_PLUGIN, name)


def _write(texts: Mapping[Path, str]) -> None:
    """Write all files, or none: an existing one is never written over."""
    for path in texts:
        with naming(path):
            there = path.exists()
        if there:
            raise ConfigError(f"{path} is there already, and is left alone. Nothing was written.")
    for path, text in texts.items():
        with naming(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        console().print(f"wrote {safe(str(path))}")

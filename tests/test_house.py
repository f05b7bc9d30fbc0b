"""The house rules of the code: imports point down, importing is quick, functions are small."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

# A module may import from its own floor and the floors below.
FLOORS = [
    {"errors"},
    {"hooks", "yamlfile", "prose", "decoding", "facts", "scoring"},
    {"typed", "document"},
    {"ledger", "rules", "options", "intake"},
    {"plugins", "evidence", "columns"},
    {"parcel", "rows"},
    {"pipeline", "comparison"},
    {"config"},
    {"io", "testing"},
    {"run", "adapters"},
    {"server"},
    {"cli"},
    {"__main__"},
]
FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}
# What a plugin may import of ours is what a stranger's may: the ground.
GROUND = {name for names in FLOORS[:4] for name in names} - {"options", "scoring", "intake"}
SOURCES = sorted((ROOT / "src/copydesk").rglob("*.py"))
PLUGINS = sorted((ROOT / "plugins").rglob("*.py"))


def run_time_nodes(tree: ast.AST):
    """The nodes of a module less what stands under `if TYPE_CHECKING:`."""
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"):
            yield node
            yield from run_time_nodes(node)


def imported(path: Path) -> set[str]:
    """The modules of copydesk that a file imports, by their first name below the package."""
    names = set()
    for node in run_time_nodes(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name.split(".")[1] for name in names if name.startswith("copydesk.")}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down(path):
    own = path.relative_to(ROOT / "src/copydesk").parts[0].removesuffix(".py")
    if own == "__init__":
        return
    for name in imported(path) & FLOOR.keys():
        assert FLOOR[name] < FLOOR[own] or name == own, f"{own} imports {name}"


@pytest.mark.parametrize("path", PLUGINS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_built_in_plugins_use_what_a_stranger_may(path):
    assert imported(path) & FLOOR.keys() <= GROUND
    assert not [line for line in path.read_text("utf-8").splitlines() if "copydesk.document import _" in line]


def test_the_core_imports_no_plugin():
    assert not [path for path in SOURCES if "import copydesk_" in path.read_text("utf-8")]


def test_importing_copydesk_loads_nothing_heavy():
    script = "import copydesk, sys; print([m for m in ('numpy', 'ftfy', 'langdetect', 'chardet', 'rich', 'typer', 're2') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_loads_no_engine():
    script = (
        "import sys\nsys.argv = ['copydesk', '--help']\n"
        "try:\n    from copydesk.cli import main; main()\nexcept SystemExit: pass\n"
        "print([m for m in ('numpy', 'ftfy', 'rich', 'chardet', 're2', 'langdetect') if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def functions():
    for path in SOURCES + PLUGINS:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                documented = ast.get_docstring(node) is not None
                first = node.body[min(documented, len(node.body) - 1)]
                yield node.end_lineno - first.lineno + 1, f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"


def test_functions_are_small():
    sizes = sorted(functions())
    lengths = [length for length, _ in sizes]
    assert lengths[len(lengths) // 2] <= 8
    assert lengths[len(lengths) * 9 // 10] <= 25
    assert sizes[-1][0] <= 50, sizes[-1]

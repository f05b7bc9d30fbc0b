"""The wheel: built, installed into an empty environment, and run from another folder."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import venv
import zipfile

import pytest
from conftest import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_has_every_file_of_both_roots(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    expected = {str(p.relative_to(ROOT / "src")) for p in (ROOT / "src").rglob("*") if p.is_file()}
    expected |= {str(p.relative_to(ROOT / "plugins")) for p in (ROOT / "plugins").rglob("*") if p.is_file()}
    missing = {name for name in expected - names if not re.search(r"(?:^|/)(?:__pycache__|\.)", name)}
    assert not missing
    assert "copydesk/pipelines.yaml" in names


def test_every_package_tells_checkers_that_it_has_types():
    packages = [file.parent for root in ("src", "plugins") for file in (ROOT / root).glob("*/__init__.py")]
    assert [package.name for package in packages if not (package / "py.typed").exists()] == []


def test_installed_elsewhere_it_cleans_the_samples(wheel, tmp_path):
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv/bin/python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel], check=True)
    copydesk = tmp_path / "venv/bin/copydesk"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    listed = subprocess.run([copydesk, "stages"], cwd=elsewhere, capture_output=True, text=True, check=True)
    assert not listed.stderr
    for stage in ("repair_encoding", "join_lines", "remove_promos", "extract_byline", "detect_language"):
        assert stage in listed.stdout
    subprocess.run([copydesk, "run", ROOT / "samples", "-o", "out.jsonl", "-q"], cwd=elsewhere, check=True)
    records = [json.loads(line) for line in (elsewhere / "out.jsonl").read_text("utf-8").splitlines()]
    assert {record["language"]["code"] for record in records} >= {"en", "de", "fr", "es", "ru", "zh", "ar"}
    subprocess.run([copydesk, "test"], cwd=elsewhere, check=True, stdout=subprocess.DEVNULL)

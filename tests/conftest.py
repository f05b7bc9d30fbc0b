"""What several tests need."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

from copydesk.config import Pipelines, load
from copydesk.plugins import Plugins

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"


@cache
def plugins() -> Plugins:
    return Plugins.found()


@cache
def house() -> Pipelines:
    return load(ROOT / "pipelines.yaml")


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.exists():
        pytest.skip("../shared is not here")
    return SHARED


# Timings never decide a test: these machines are shared. In CI the same examples come each time, so that a change is
# judged by what it changed; on a developer's machine new ones are tried.
settings.register_profile("shared machine", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("shared machine")

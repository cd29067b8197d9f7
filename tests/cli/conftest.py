from __future__ import annotations

import sys

import pytest

from tests.cli.terminal import Terminal, installed, sold


@pytest.fixture(scope="session")
def plugins(tmp_path_factory):
    """Return a folder with an installed plugin."""
    return installed(tmp_path_factory.mktemp("site") / "packages")


@pytest.fixture
def terminal(tmp_path, plugins, monkeypatch) -> Terminal:
    """Return a terminal at a shop with one order."""
    monkeypatch.setattr(sys, "path", [str(plugins), *sys.path])
    terminal = Terminal(tmp_path, plugins)
    terminal.sell(sold(1))
    return terminal

"""docs/how-to/command-line.md: its configuration is read, and every command on it runs."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import attrs
import pytest

from refundkit import Delivery
from tests.cli.terminal import sold

TEXT = (Path(__file__).parents[2] / "docs/how-to/command-line.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ refundkit (.*)$", TEXT, re.MULTILINE)


def block(kind: str) -> str:
    """Return the first block of a kind on the page."""
    return re.search(rf"^```{kind}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)[1]


def of_the_page(number: int):
    """Return an order as the page has them, paid in cash."""
    order = sold(number, deliveries=(Delivery(id="d-1", line_id="tin", kind="file_download", target="jo"),))
    return attrs.evolve(order, payments=tuple(attrs.evolve(paid, gateway="cash") for paid in order.payments))


@pytest.mark.slow
def test_every_command_of_the_page_runs(terminal, monkeypatch):
    """One after the other, on the page's own configuration and batch, as its reader would type them."""
    terminal.config.write_text(block("toml"))
    terminal.sell(*map(of_the_page, range(1001, 1006)))
    monkeypatch.chdir(terminal.folder)
    # syspath_prepend would leave the plugins of this test behind.
    monkeypatch.setattr(sys, "path", [str(terminal.folder), *sys.path])
    Path("recall.csv").write_text(block("csv"))
    Path("notes").mkdir()
    Path("tea_shop").mkdir()
    Path("tea_shop/mail.py").write_text("def send_link(call, link): pass\n")
    secrets = {
        "STRIPE_API_KEY": "sk_test_1",
        "STRIPE_WEBHOOK_SECRET": "whsec_1",
        "DOWNLOAD_SECRET": "a long random text",
    }

    typed = {
        words: terminal.type(*shlex.split(words), answer="y\n", **secrets).exit_code for words in COMMANDS
    }

    # A transfer has no end before somebody confirms it.
    assert {words.split()[0]: code for words, code in typed.items() if code} == {"refund": 3}
    assert len(typed) > 20


def test_the_page_names_every_command(terminal):
    """What can be typed stands on the page, and nothing else does."""
    listed = terminal.type("--help").stdout.partition("Commands:\n")[2].partition("\n\n")[0]
    commands = {line.split()[0] for line in listed.splitlines()}

    assert commands <= set(re.findall(r"`(?:refundkit )?([a-z-]+)", TEXT)) | {
        words.split()[0] for words in COMMANDS
    }
    assert {words.split()[0] for words in COMMANDS} <= commands

"""The operator's command line: ``refundkit``.

::

    app              the commands, and what an error means for whoever typed one
    configuration    one TOML file (sections), with secrets from the environment only (secrets, filling)
    words, wish      what people type, read into values
    question         what is asked before anything is done
    screen, streams  what people see; nothing that came from outside reaches the terminal as it is
    order_page, order_list, plan_page, news    pages and parts of pages
    orders, customers, refunding, batching, settling, sweeping, asking, goods, papers, figures, disputes, installed
                     a file for each group of commands

It decides nothing: every command is a few calls of the desk, and a page that shows what came of them.
"""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line; needs the extra ``cli``."""
    try:
        import rich  # noqa: F401 - asked for here, where its absence can be explained
        import typer  # noqa: F401
    except ModuleNotFoundError:
        sys.exit("The command line needs typer and rich: pip install 'refundkit[cli]'.")
    from refundkit.cli.app import app
    from refundkit.cli.streams import finish, prepare

    prepare()
    try:
        app(prog_name="refundkit")
    finally:
        finish()

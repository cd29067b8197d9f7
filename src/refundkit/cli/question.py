"""The question before anything is done: who is asked, what is no answer, and what a script says instead."""

from __future__ import annotations

import typer

from refundkit.cli.screen import plain, say_aside
from refundkit.errors import InvalidValueError

__all__ = ["asks", "require_yes"]

NOTHING = "Nothing was changed, and nothing was sent."


def asks(*, yes: bool, as_json: bool) -> bool:
    """Say whether somebody is to be asked.

    Raises:
        InvalidValueError: for a script that has not said yes: on its page there is no place for what is asked about.
    """
    if as_json and not yes:
        raise InvalidValueError("With --json nobody is asked: add --yes.", field="yes")
    return not yes


def require_yes(question: str, *, script: str) -> None:
    """Ask beside the page, and go on only after a yes; *script* is what a script types in place of it.

    Raises:
        InvalidValueError: if there was nobody to answer.
    """
    try:
        said_yes = typer.confirm(plain(question), err=True)
    except (typer.Abort, EOFError) as abort:
        # The question still stands in its line.
        say_aside("")
        if not isinstance(abort.__context__, KeyboardInterrupt):
            raise InvalidValueError(
                f"Nobody answered. {NOTHING} In a script: {script}.", field="yes"
            ) from None
        said_yes = False
    if not said_yes:
        say_aside(NOTHING)
        raise typer.Exit(1)

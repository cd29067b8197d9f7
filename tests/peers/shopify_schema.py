"""Shopify's own Admin schema, as its npm package @shopify/dev-mcp brings it: taken when asked for, never kept.

Each version is one file of introspection; its sha256 is written down here, so that what the proof rests on
cannot change unnoticed.
"""

import gzip
import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.peers import PeerMissingError

PACKAGE = "@shopify/dev-mcp@1.16.0"
SHA256 = {
    "2026-01": "28804b33e23becb5296f168545781daa8747a4574ac2089515f3c572d82670b1",
    "2026-04": "f14a1d924a2ce4a5824dcaa832a90a9fe8d20d0ad16f71240b854401c08b5769",
    "2026-07": "5bcde995c89c59acdb2ee494378d96f45ce7378a16ec829a74b71d696a08ef19",
    "2026-10": "f3b522f264556925eada700e795e4a002a9cba83444ebcc6c0d724254a0c6593",
}
SECONDS = 300


@contextmanager
def introspections() -> Iterator[dict[str, dict[str, Any]]]:
    """Take the package from npm and yield the introspection of each version; leave nothing behind."""
    with tempfile.TemporaryDirectory(prefix="refundkit-shopify-") as folder:
        archive = _packed(Path(folder))
        with tarfile.open(archive) as package:
            yield {version: _introspection(package, version) for version in SHA256}


def _packed(folder: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise PeerMissingError(f"There is no npm here to take {PACKAGE} with (install Node.js).")
    command = [npm, "pack", PACKAGE, "--silent", "--ignore-scripts"]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        raise PeerMissingError(f"npm did not bring {PACKAGE} within {SECONDS} seconds.") from None
    archives = list(folder.glob("*.tgz"))
    if done.returncode or not archives:
        raise PeerMissingError(f"npm could not bring {PACKAGE}: {done.stderr.strip()[-500:]}")
    return archives[0]


def _introspection(package: tarfile.TarFile, version: str) -> dict[str, Any]:
    member = package.extractfile(f"package/dist/data/admin_{version}.json.gz")
    if member is None:
        raise RuntimeError(f"{PACKAGE} has no schema of {version}.")
    content = member.read()
    if hashlib.sha256(content).hexdigest() != SHA256[version]:
        raise RuntimeError(f"{PACKAGE} has another schema of {version} than the one that was looked at.")
    found = json.loads(gzip.decompress(content))
    return found.get("data", found)

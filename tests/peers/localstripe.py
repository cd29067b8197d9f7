"""localstripe: a stateful server that speaks Stripe's API, for the real SDK to talk to.

Run as a script it is the server; `running()` starts that script in a process of its own. (localstripe's own
command listens on all interfaces and writes its state to one fixed file, so parallel runs would collide.)
"""

import importlib.util
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

API_KEY = "sk_test_123456"


@contextmanager
def running() -> Iterator[str]:
    """Run a fresh localstripe and yield its base URL."""
    from tests.peers import PeerMissingError  # not at the top: the server process knows no tests package

    if importlib.util.find_spec("localstripe") is None:
        raise PeerMissingError("localstripe is not installed (pip install localstripe==1.15.10).")
    # -P: this file has the name of the package that it imports, and must not find itself.
    command = [sys.executable, "-P", __file__]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            # The line comes once the server listens; until then this blocks, or ends with the process.
            port = process.stdout.readline().strip()
            if not port:
                raise RuntimeError(f"localstripe ended with code {process.wait()} before it listened.")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def serve() -> None:
    """Be the server: on a free loopback port, which is announced on stdout, and without a file."""
    from aiohttp import web
    from localstripe import resources, server

    resources.Store.dump_to_disk = lambda _: None
    # Bound and listening before the port is told: nobody can take it, and no client comes too early.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sys.stdout.write(f"{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        web.run_app(server.app, sock=listener, print=None, access_log=None)


if __name__ == "__main__":
    serve()

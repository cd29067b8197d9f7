"""A server that speaks Stripe's API on this machine, in the place of an account at Stripe.

Started by with_localstripe.py as a process of its own. It tells its port on stdout once it listens, and ends when
its stdin is closed: also when the process that started it was killed.
"""

from __future__ import annotations

import os
import socket
import sys
import threading

from localstripe import resources, server


def serve() -> None:
    """Be the server: on a free loopback port, and without a file."""
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    resources.Store.dump_to_disk = lambda _: None
    # Bound and listening before the port is told: nobody can take it, and no client comes too early.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        server.web.run_app(server.app, sock=listener, print=None, access_log=None)


def _end_with_stdin() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    serve()

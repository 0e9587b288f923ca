"""The rehearsal's AWS: moto 5.2.5 in this process, its answers and refusals made AWS's.

In one process because the corrections change moto's own models, and because moto's state is this process's memory: it
lives from `up` to `down`. Loopback only: it takes any credentials.

    python emulator.py --host 127.10.0.1 --port 4566 --epoch ID --request-log FILE [--env NAME] [--parent PID]
    python emulator.py --rules
"""

from __future__ import annotations

import argparse
import ctypes
import ipaddress
import json
import os
import signal
import socket
import sys
import threading
from typing import Any, NoReturn

EXIT_USAGE = 2
EXIT_PORT_IN_USE = 3


def fail(code: int, message: str) -> NoReturn:
    print(f"emulator: {message}", file=sys.stderr)
    sys.exit(code)


def loopback(host: str) -> str:
    try:
        if ipaddress.ip_address(host).is_loopback:
            return host
    except ValueError:
        pass
    fail(EXIT_USAGE, f"--host {host} is not a loopback address; use one in 127.0.0.0/8, or ::1")


def listen(host: str, port: int) -> socket.socket:
    """Binds here rather than in the server, whose own failure is a paragraph and exit code 1."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    # Only lingering connections are overridden by this: a live listener still refuses.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        fail(EXIT_PORT_IN_USE, f"cannot listen on {host} port {port}: {reason}")
    return listener


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="emulator", description="The rehearsal's AWS on loopback.")
    parser.add_argument("--rules", action="store_true", help="print the table of refusals as JSON and exit")
    parser.add_argument("--host", type=loopback, help="loopback address to listen on")
    parser.add_argument("--port", type=int)
    parser.add_argument("--epoch", help="names this life of the world; GET /moonback/world answers it")
    parser.add_argument("--request-log", help="file that gets one NDJSON line a request")
    parser.add_argument("--env", default="rehearsal", help="environment this world belongs to")
    parser.add_argument("--parent", type=int, help="the process that starts this one and takes it along when it ends")
    given = parser.parse_args()
    missing = [f"--{n.replace('_', '-')}" for n in ("host", "port", "epoch", "request_log") if getattr(given, n) is None]
    if missing and not given.rules:
        parser.error(f"missing {', '.join(missing)}")
    return given


def print_rules() -> None:
    from rules import RULES

    print(json.dumps([rule.row() for rule in RULES.values()], indent=1))


def make_app(given: argparse.Namespace, log_file: Any) -> Any:
    from moto.moto_server import werkzeug_app

    import dispatch
    import models
    from compute.images import use_catalogue
    from serving import RequestLog, World

    use_catalogue()
    dispatch.install()
    patched = threading.Lock()
    done: list[bool] = []

    def patch_models() -> None:
        with patched:
            if not done:
                models.install()
                done.append(True)

    def create_app(service: Any) -> Any:
        if service is None:
            raise NotImplementedError("no such service")
        patch_models()
        return werkzeug_app.create_backend_app(service)

    # The models take longer to import than everything else together: the port answers while they load.
    threading.Thread(target=patch_models, daemon=True).start()
    # A service moto lacks is answered with a typed error; moto's advice to its own developers is noise.
    werkzeug_app.print = lambda *_: None  # type: ignore[attr-defined]
    moto_app = werkzeug_app.DomainDispatcherApplication(create_app)
    return World(moto_app, {"env": given.env, "epoch": given.epoch}, RequestLog(log_file))


def stop(*_: Any) -> NoReturn:
    # Nothing is left to write: the log is flushed a line at a time, and taking moto's state apart lasts a second.
    os._exit(0)


def end_with(parent: int) -> None:
    """However the parent ends, even killed."""
    death_signal = 1  # PR_SET_PDEATHSIG, linux/prctl.h
    ctypes.CDLL(None).prctl(death_signal, signal.SIGTERM)
    if os.getppid() != parent:
        stop()


def serve(given: argparse.Namespace) -> None:
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if given.parent is not None:
        end_with(given.parent)
    listener = listen(given.host, given.port)
    os.environ.setdefault("MOTO_PORT", str(given.port))

    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug.serving import make_server

    class QuietHandler(MotoRequestHandler):
        def log_request(self, *_: Any) -> None:
            """The request log says it already."""

    with open(given.request_log, "a", encoding="utf-8") as log_file:
        app = make_app(given, log_file)
        server = make_server(
            given.host, given.port, app, threaded=True, request_handler=QuietHandler, fd=listener.fileno()
        )
        server.serve_forever()


if __name__ == "__main__":
    options = arguments()
    if options.rules:
        print_rules()
    else:
        serve(options)

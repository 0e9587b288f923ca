"""The WSGI layer around moto's app: who this world is, the request log, and typed errors for what never reached moto."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from http import HTTPStatus
from typing import Any, TextIO
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from botocore.model import OperationNotFoundError

import dispatch
from call import mutates
from changes import Changes
from compute.consoles import CONSOLES
from faults import FAULTS

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Headers = list[tuple[str, str]]

MOTO_VERSION = "5.2.5"
_READS = re.compile(r"(Describe|Get|List|Head|Lookup|Search|Filter|Simulate|Validate|BatchGet|Assume)")
_SCOPE = re.compile(r"Credential=[^/,\s]*/\d{8}/[^/]*/([^/]+)/aws4_request")


class RequestLog:
    """NDJSON, one line a request; holds what was asked for and how it ended, never credentials or bodies."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._lock = threading.Lock()

    def write(self, service: str, action: str, status: int) -> None:
        line = {
            "at": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
            "service": service,
            "action": action,
            "write": _READS.match(action) is None,
            "status": status,
        }
        # The call is done by now: who asked must hear so, though the disk be full. Told otherwise, they would do it again.
        with self._lock, contextlib.suppress(OSError):
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()


def call_of(environ: Environ) -> tuple[str, str]:
    """Service and action as the request's own head and form tell them, for requests moto may not recognise."""
    scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    service = scope.group(1) if scope else target.split("_")[0].split(".")[0].lower() or "unknown"
    if target:
        return service, target.rsplit(".", 1)[-1]
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        action = parse_qs(body.decode("utf-8", "replace")).get("Action")
        if action:
            return service, action[0]
    action = parse_qs(environ.get("QUERY_STRING", "")).get("Action")
    return service, action[0] if action else f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '/')}"


def error_body(environ: Environ, service: str, code: str, message: str) -> tuple[str, str]:
    """Content type and body of an error in the protocol the request was written in."""
    content_type = environ.get("CONTENT_TYPE", "")
    if content_type.startswith("application/x-www-form-urlencoded"):
        error = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        if service == "ec2":
            return "text/xml", f"<Response><Errors>{error}</Errors><RequestID>moonback</RequestID></Response>"
        return "text/xml", f"<ErrorResponse>{error}<RequestId>moonback</RequestId></ErrorResponse>"
    json_type = content_type if content_type.startswith("application/x-amz-json") else "application/json"
    return json_type, json.dumps({"__type": code, "message": message})


def _error(environ: Environ, service: str, status: str, code: str, message: str) -> tuple[str, Headers, bytes]:
    content_type, text = error_body(environ, service, code, message)
    body = text.encode()
    return status, [("Content-Type", content_type), ("Content-Length", str(len(body))), ("x-amzn-ErrorType", code)], body


def _json(start_response: StartResponse, status: int, answer: dict[str, Any]) -> Iterable[bytes]:
    body = json.dumps(answer).encode()
    start_response(f"{status} {HTTPStatus(status).phrase}", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


class World:
    """Wraps moto's app. `identity` is what GET /moonback/world answers, so that a supervisor knows its own process."""

    def __init__(self, app: Callable[..., Iterable[bytes]], identity: dict[str, Any], log: RequestLog) -> None:
        self._app = app
        self._identity = {**identity, "moto": MOTO_VERSION, "pid": os.getpid()}
        self._log = log
        self._changes = Changes()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") == "/moonback/world":
            return _json(start_response, 200, self._identity)
        if environ.get("PATH_INFO") == "/moonback/changes":
            return _json(start_response, *self._changes.answer(environ.get("QUERY_STRING", "")))
        if environ.get("PATH_INFO") == "/moonback/faults":
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            return _json(start_response, *FAULTS.answer(environ["REQUEST_METHOD"], environ.get("QUERY_STRING", ""), body))
        if environ.get("PATH_INFO") == "/moonback/console":
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            return _json(start_response, *CONSOLES.answer(environ["REQUEST_METHOD"], environ.get("QUERY_STRING", ""), body))
        service, action = call_of(environ)
        started: list[tuple[str, Headers]] = []
        try:
            chunks = self._app(environ, lambda status, headers, exc_info=None: started.append((status, headers)))
            body = b"".join(chunks)
            status, headers = started[-1]
            service, action = environ.get("moonback.call", (service, action))
            if status[:3] in ("404", "405") and "moonback.call" not in environ and b"<!doctype html>" in body[:64].lower():
                raise NotImplementedError(status)  # Flask's page for a path no operation of the service has
        except (NotImplementedError, OperationNotFoundError):
            # A service moto lacks, or an operation newer than its models: it never came to a call.
            message = dispatch.not_implemented(service, action)
            status, headers, body = _error(environ, service, "501 Not Implemented", dispatch.NOT_IMPLEMENTED, message)
        except Exception as error:
            message = dispatch.fault(service, action, error)
            status, headers, body = _error(environ, service, "500 Internal Server Error", dispatch.FAULT, message)
        self._log.write(service, action, int(status.split(" ", 1)[0]))
        if "moonback.call" in environ and (mutates(action) or "moonback.changed" in environ):
            self._changes.add()
        if "moonback.held" in environ:
            FAULTS.hold(environ["moonback.held"])  # all is done and written down: only the answer is missing
        start_response(status, headers)
        return [body]

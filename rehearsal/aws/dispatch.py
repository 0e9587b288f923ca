"""Puts AWS's refusals and corrections in front of every call moto dispatches, and types what moto cannot do.

All of it hangs on one seam, `BaseResponse.call_action`, which moto enters with a parsed request and leaves with a
serialised answer, so errors leave in the service's own wire format (EC2 XML, query XML or JSON).
"""

from __future__ import annotations

import contextlib
import threading
import warnings
from typing import Any

import compute
import corrections  # noqa: F401  (fills the tables of steps)
import rules
import steps
from call import Call
from faults import FAULTS

# moto's state is plain dictionaries: without this, two calls at once both pass a check that AWS would let only one pass.
_ONE_AT_A_TIME = threading.RLock()
_LOCKED_SERVICES = frozenset({"autoscaling", "ec2", "iam", "logs", "ssm"})

NOT_IMPLEMENTED = "MoonbackNotImplemented"
FAULT = "MoonbackEmulatorFault"
# Names the rule that refused: many share a code, and a test must not pass for another rule's sake.
RULE_HEADER = "x-moonback-rule"


def not_implemented(service: str, action: str, detail: str = "") -> str:
    return f"The rehearsal's AWS does not implement {service}:{action}{f' ({detail})' if detail else ''}."


def fault(service: str, action: str, error: BaseException) -> str:
    return f"The rehearsal's AWS failed inside {service}:{action}: {type(error).__name__}: {str(error)[:300]}"


class Refused(Exception):
    """What moto serialises as an error. Not a subclass of moto's own, whose module it takes for a service's name."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def _wire_error(response: Any, code: str, message: str, status: int, rule: str = "") -> tuple[int, Any, Any]:
    from moto.core.responses import ActionResult

    _, headers, body = response.serialized(ActionResult(Refused(code, message)))
    headers["status"] = status
    if rule:
        headers[RULE_HEADER] = rule
    headers, body = response._enrich_response(headers, body)
    return status, headers, body


def install() -> None:
    """Patches moto once for the life of the process."""
    from flask import request
    from moto.core.responses import BaseResponse

    # moto warns of every error code that botocore's model of the service leaves out, and the models leave out many.
    warnings.filterwarnings("ignore", message=".* does not match an error shape")
    moto_call_action = BaseResponse.call_action

    def call_action(self: Any) -> Any:
        call = Call.of(self)
        request.environ["moonback.call"] = (call.service, call.action)
        with _ONE_AT_A_TIME if call.service in _LOCKED_SERVICES else contextlib.nullcontext():
            try:
                steps.prepare(call)
                injected = FAULTS.meet(call)
                if injected is not None and injected.refuses:
                    return _wire_error(self, *injected.words(call), f"fault-{injected.id}")
                if injected is not None:
                    request.environ["moonback.held"] = injected  # by the server, where it holds up nobody else
                if compute.resume(call):
                    request.environ["moonback.changed"] = True
                refusal = rules.refusal_of(call)
                if refusal is not None:
                    return _wire_error(self, refusal.code, refusal.message, 400, refusal.rule)
                answer = moto_call_action(self)
                if int(answer[0]) < 300:
                    steps.settle(call)
                    compute.follow(call)
                return answer
            except NotImplementedError as gap:
                return _wire_error(self, NOT_IMPLEMENTED, not_implemented(call.service, call.action, str(gap)), 501)
            except Exception as error:  # a bug of moto's or ours: typed, so that no SDK shows it as an unknown error
                return _wire_error(self, FAULT, fault(call.service, call.action, error), 500)

    BaseResponse.call_action = call_action  # type: ignore[method-assign]

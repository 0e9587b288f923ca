"""Faults on demand, at `/moonback/faults`: calls refused as AWS refuses in bad times, or performed with their answer held back.

For tests of what our program makes of it, and of what is left when it is killed at that moment. The typed client is
`rehearsal/faults.ts`.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Container
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from call import Call
from changes import LONGEST_WAIT_SECONDS
from rules.instances import default_subnet
from rules.interfaces import specifications

Answer = tuple[int, dict[str, object]]

_CALL = re.compile(r"\*|[a-z0-9-]+:(\*|[A-Za-z0-9]+)")
_CODE = re.compile(r"[A-Za-z0-9.]+")
_EFFECTS = {"refuse": {"kind", "code", "message", "status"}, "hold": {"kind"}}

# AWS's status and words, for who gives a code only. Capacity: EC2 Auto Scaling user guide, Troubleshoot: launch failures.
_WORDS: dict[str, tuple[int, str]] = {
    "InsufficientInstanceCapacity": (500, (
        "We currently do not have sufficient {type} capacity in the Availability Zone you requested ({zone}). Our system will be "
        "working on provisioning additional capacity. You can currently get {type} capacity by not specifying an Availability Zone "
        "in your request or choosing {others}."
    )),
    "InternalError": (500, "An internal error has occurred"),
    "RequestLimitExceeded": (503, "Request limit exceeded."),
    "Throttling": (400, "Rate exceeded"),
    "ThrottlingException": (400, "Rate exceeded"),
    "Unavailable": (503, "Service unavailable"),
}  # fmt: skip


@dataclass
class Fault:
    id: int
    call: str
    effect: dict[str, Any]
    times: int | None
    """How many more calls it meets; None is every one."""
    skip: int
    """How many matching calls it lets pass first."""
    met: int = 0
    holding: int = 0
    lifted: bool = False

    @property
    def refuses(self) -> bool:
        return self.effect["kind"] == "refuse"

    def matches(self, name: str) -> bool:
        return self.call in ("*", name, f"{name.split(':')[0]}:*")

    def row(self) -> dict[str, object]:
        return {"id": self.id, "call": self.call, "effect": self.effect, "met": self.met, "holding": self.holding}

    def words(self, call: Call) -> tuple[str, str, int]:
        """Code, message and status of its refusal."""
        code = self.effect["code"]
        status, known = _WORDS.get(code, (400, f"An injected fault refuses {call.name}."))
        message = self.effect.get("message") or known.format(**_placement(call) if "{zone}" in known else {})
        return code, message, self.effect.get("status") or status


def _placement(call: Call) -> dict[str, str]:
    zones = [zone.name for zone in call.ec2.describe_availability_zones()]
    zone = (call.get("Placement") or {}).get("AvailabilityZone")
    if not zone:
        subnet = call.subnet(next((given for given, _ in specifications(call)), None)) or default_subnet(call)
        zone = subnet.availability_zone if subnet else zones[0]
    others = ", ".join(other for other in zones if other != zone)
    return {"type": call.get("InstanceType") or "m1.small", "zone": zone, "others": others}


class Faults:
    def __init__(self) -> None:
        self._faults: dict[int, Fault] = {}
        self._made = 0
        self._changed = threading.Condition()

    def meet(self, call: Call, kinds: Container[str] = frozenset(_EFFECTS)) -> Fault | None:
        """The fault that a call which just arrived has to bear: the oldest of these kinds that matches and has any left."""
        with self._changed:
            for fault in self._faults.values():
                if fault.effect["kind"] not in kinds or not fault.matches(call.name) or fault.times == 0:
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                if fault.refuses:
                    fault.met += 1
                    self._changed.notify_all()
                return fault
        return None

    def hold(self, fault: Fault) -> None:
        """Counts the call as met, now that it is done, and returns once the fault is lifted. Blocks this request's thread only."""
        with self._changed:
            fault.met += 1
            fault.holding += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: fault.lifted)
            fault.holding -= 1

    def answer(self, method: str, query: str, body: bytes) -> Answer:
        """Status and JSON of a request to `/moonback/faults`."""
        try:
            if method == "POST":
                return 200, {"id": self._add(body)}
            asked = {key: values[-1] for key, values in parse_qs(query, keep_blank_values=True).items()}
            allowed = {"GET": {"id", "met", "wait"}, "DELETE": {"id"}}.get(method)
            if allowed is None:
                return 405, {"error": "faults are made with POST, listed with GET and lifted with DELETE"}
            _refuse_unknown(asked, allowed, f"a {method} of faults")
            only = None if "id" not in asked else _number(asked["id"], "id")
            if method == "DELETE":
                return 200, {"lifted": self._lift(only)}
            return self._list(only, _number(asked.get("met", "1"), "met"), _seconds(asked.get("wait", "0")))
        except ValueError as error:
            return 400, {"error": str(error)}

    def _add(self, body: bytes) -> int:
        given = _parsed(body)
        with self._changed:
            self._made += 1
            self._faults[self._made] = Fault(self._made, **given)
            return self._made

    def _lift(self, only: int | None) -> list[int]:
        with self._changed:
            gone = [fault for fault in self._faults.values() if only in (None, fault.id)]
            for fault in gone:
                fault.lifted = True
                del self._faults[fault.id]
            self._changed.notify_all()
            return [fault.id for fault in gone]

    def _list(self, only: int | None, met: int, seconds: float) -> Answer:
        if only is None and seconds:
            raise ValueError("who waits says for which fault, as in ?id=1&met=1&wait=20")
        with self._changed:
            if only is None:
                return 200, {"faults": [fault.row() for fault in self._faults.values()]}
            fault = self._faults.get(only)
            if fault is not None:
                self._changed.wait_for(lambda: fault.met >= met or fault.lifted, min(seconds, LONGEST_WAIT_SECONDS))
            if fault is None or fault.lifted:
                return 404, {"error": f"there is no fault {only}: it was lifted, or never made"}
            return 200, {"faults": [fault.row()]}


def _refuse_unknown(given: dict[str, Any], allowed: set[str], what: str) -> None:
    if unknown := sorted(set(given) - allowed):
        raise ValueError(f"{what} has no {', '.join(unknown)}; it has {', '.join(sorted(allowed))}")


def _number(text: str, name: str) -> int:
    if not text.isdecimal():
        raise ValueError(f"{name} is a whole number, not '{text}'")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
        if seconds >= 0:
            return seconds
    except ValueError:
        pass
    raise ValueError(f"wait is a number of seconds, not '{text}'")


def _is_count(value: object, low: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= low


def _parsed(body: bytes) -> dict[str, Any]:
    """The fields of a new fault; a ValueError says in a sentence what is wrong."""
    try:
        given = json.loads(body)
    except ValueError:  # of UTF-8, too
        raise ValueError("a fault is an object in JSON") from None
    if not isinstance(given, dict):
        raise ValueError("a fault is an object in JSON")
    _refuse_unknown(given, {"call", "effect", "times", "skip"}, "a fault")
    call, times, skip = given.get("call"), given.get("times", 1), given.get("skip", 0)
    if not isinstance(call, str) or _CALL.fullmatch(call) is None:
        raise ValueError("call is 'service:Action', as in ec2:CreateVpc, 'service:*' or '*'")
    if times is not None and not _is_count(times, 1):
        raise ValueError("times is how many calls it meets, at least 1, or null for every one")
    if not _is_count(skip, 0):
        raise ValueError("skip is how many calls it lets pass first, 0 or more")
    return {"call": call, "effect": _effect(given.get("effect")), "times": times, "skip": skip}


def _effect(given: Any) -> dict[str, Any]:
    kind = given.get("kind") if isinstance(given, dict) else None
    if not isinstance(kind, str) or kind not in _EFFECTS:
        raise ValueError(f"effect is an object whose kind is one of {', '.join(_EFFECTS)}")
    _refuse_unknown(given, _EFFECTS[kind], f"the effect {kind}")
    if kind == "refuse":
        code, message, status = given.get("code"), given.get("message", ""), given.get("status", 400)
        if not isinstance(code, str) or _CODE.fullmatch(code) is None:
            raise ValueError("code is AWS's error code, as in RequestLimitExceeded")
        if not isinstance(message, str):
            raise ValueError("message is a text; without it AWS's own is used where it is known")
        if not _is_count(status, 400) or status > 599:
            raise ValueError("status is an HTTP status from 400 to 599")
    return dict(given)


# One world a process.
FAULTS = Faults()

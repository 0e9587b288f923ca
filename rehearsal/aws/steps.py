"""The two tables of corrections, looked up by call name like the rules.

`before` rewrites parameters, `after` settles the state behind a call that succeeded. The steps are in `corrections.py`
and, one module an area, in `compute/`.
"""

from __future__ import annotations

from collections.abc import Callable

from call import Call

Step = Callable[[Call], None]
_BEFORE: dict[str, list[Step]] = {}
_AFTER: dict[str, list[Step]] = {}


# Actions are EC2's where no service is named.
def _register(table: dict[str, list[Step]], actions: tuple[str, ...]) -> Callable[[Step], Step]:
    def declare(step: Step) -> Step:
        for action in actions:
            table.setdefault(action if ":" in action else f"ec2:{action}", []).append(step)
        return step

    return declare


def before(*actions: str) -> Callable[[Step], Step]:
    return _register(_BEFORE, actions)


def after(*actions: str) -> Callable[[Step], Step]:
    return _register(_AFTER, actions)


def prepare(call: Call) -> None:
    for step in _BEFORE.get(call.name, []):
        step(call)


def settle(call: Call) -> None:
    for step in _AFTER.get(call.name, []):
        step(call)

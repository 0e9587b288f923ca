"""The table of AWS's refusals: call → rule → (in tests/emulator) the test that provokes it.

A rehearsal is worth what it refuses. moto accepts much that AWS does not, so each refusal is written down once, with
AWS's code and where AWS says so; where moto already refuses as AWS does, the rule is listed all the same, so that the
table stays complete when moto's version changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from call import Call

# Answers AWS's message when the call is to be refused, None when this rule has nothing against it.
Predicate = Callable[[Call], str | None]


@dataclass(frozen=True)
class Rule:
    """`call` as IAM writes it, `code` as it is on the wire, `says` is AWS's rule and its source."""

    id: str
    call: str
    code: str
    says: str
    by: Literal["moonback", "moto"]
    predicate: Predicate | None = None

    def row(self) -> dict[str, str]:
        return {"id": self.id, "call": self.call, "code": self.code, "says": self.says, "by": self.by}


@dataclass(frozen=True)
class Refusal:
    rule: str
    code: str
    message: str


RULES: dict[str, Rule] = {}
_BY_CALL: dict[str, list[Rule]] = {}


def _add(rule: Rule) -> None:
    if rule.id in RULES:
        raise ValueError(f"two rules are called {rule.id}")
    RULES[rule.id] = rule
    _BY_CALL.setdefault(rule.call, []).append(rule)


def refuses(id: str, call: str, code: str, says: str) -> Callable[[Predicate], Predicate]:
    """Declares a rule of ours; stack the decorator where AWS applies one rule to several calls."""

    def declare(predicate: Predicate) -> Predicate:
        _add(Rule(id, call, code, says, "moonback", predicate))
        return predicate

    return declare


def moto_refuses(id: str, call: str, code: str, says: str) -> None:
    """Declares a rule that moto enforces with AWS's code."""
    _add(Rule(id, call, code, says, "moto"))


def refusal_of(call: Call, but: tuple[str, ...] = ()) -> Refusal | None:
    """The first refusal of this call, in the order in which the rules are declared; `but` names rules to leave out."""
    for rule in _BY_CALL.get(call.name, []):
        message = rule.predicate(call) if rule.predicate and rule.id not in but else None
        if message is not None:
            return Refusal(rule.id, rule.code, message)
    return None

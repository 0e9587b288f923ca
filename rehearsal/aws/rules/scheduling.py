"""Refusals of scheduled actions: a bastion that never stops, or never starts, begins with a schedule AWS would not take."""

from __future__ import annotations

import re
import zoneinfo
from datetime import datetime, timezone

from call import Call

from .table import refuses

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
# Minute, hour, day of month, month, day of week: range, and names with the value of the first.
_FIELDS = ((0, 59, (), 0), (0, 23, (), 0), (1, 31, (), 0), (1, 12, _MONTHS, 1), (0, 7, _DAYS, 0))
_CALL = "autoscaling:PutScheduledUpdateGroupAction"


def _number(text: str, names: tuple[str, ...], first: int) -> int | None:
    if text.lower() in names:
        return names.index(text.lower()) + first
    return int(text) if re.fullmatch(r"\d{1,2}", text) else None


def _field_is_valid(field: str, low: int, high: int, names: tuple[str, ...], first: int) -> bool:
    for part in field.split(","):
        span, slash, step = part.partition("/")
        if slash and not re.fullmatch(r"[1-9]\d?", step):
            return False
        if span == "*":
            continue
        ends = [_number(text, names, first) for text in span.split("-")]
        known = [end for end in ends if end is not None and low <= end <= high]
        if len(known) != len(ends) or len(ends) > 2 or known != sorted(known):
            return False
    return True


def is_cron(text: str) -> bool:
    """Five fields as Auto Scaling takes them (user guide, Recurring schedules)."""
    fields = text.split()
    return len(fields) == 5 and all(_field_is_valid(f, *limits) for f, limits in zip(fields, _FIELDS, strict=True))


@refuses("schedule-recurrence", _CALL, "ValidationError", "A recurrence is a five-field cron expression (API PutScheduledUpdateGroupAction, Recurrence).")
def recurrence(call: Call) -> str | None:
    given = call.get("Recurrence")
    return None if given is None or is_cron(str(given)) else f"Given recurrence string: {given} is invalid"


@refuses("schedule-time-zone", _CALL, "ValidationError", "A time zone is one of IANA's names (API PutScheduledUpdateGroupAction, TimeZone).")
def time_zone(call: Call) -> str | None:
    given = call.get("TimeZone")
    if given is None:
        return None
    known = zoneinfo.available_timezones()
    # A machine without a time zone database can tell the form only.
    valid = given in known if known else re.fullmatch(r"UTC|GMT|[A-Z][A-Za-z_]+(/[A-Za-z0-9_+\-]+)+", str(given)) is not None
    return None if valid else f"Given time zone: {given} is invalid"


@refuses("schedule-without-size", _CALL, "ValidationError", "An action sets a size (API PutScheduledUpdateGroupAction: MaxSize, MinSize or DesiredCapacity).")
def without_size(call: Call) -> str | None:
    sizes = ("MinSize", "MaxSize", "DesiredCapacity")
    return "At least one of DesiredCapacity, MinSize, or MaxSize must be specified" if all(call.get(s) is None for s in sizes) else None


@refuses("schedule-without-time", _CALL, "ValidationError", "An action has a start time or a recurrence (API PutScheduledUpdateGroupAction).")
def without_time(call: Call) -> str | None:
    times = ("StartTime", "Time", "Recurrence")
    return "Either a start time or a recurrence must be specified" if all(call.get(t) is None for t in times) else None


@refuses("schedule-bounds", _CALL, "ValidationError", "The sizes agree (API PutScheduledUpdateGroupAction: MinSize, MaxSize, DesiredCapacity).")
def bounds(call: Call) -> str | None:
    low, high, desired = (call.get(name) for name in ("MinSize", "MaxSize", "DesiredCapacity"))
    given = [int(size) for size in (low, desired, high) if size is not None]
    return "The minimum, the desired and the maximum size must be in this order" if given != sorted(given) else None


@refuses("schedule-in-the-past", _CALL, "ValidationError", "A start time lies ahead (API PutScheduledUpdateGroupAction, StartTime).")
def in_the_past(call: Call) -> str | None:
    start = call.get("StartTime")
    if not isinstance(start, datetime):
        return None
    start = start if start.tzinfo else start.replace(tzinfo=timezone.utc)
    return "Given start time is in the past" if start < datetime.now(timezone.utc) else None


@refuses("unschedule-unknown-action", "autoscaling:DeleteScheduledAction", "ValidationError", "The action must exist (API DeleteScheduledAction).")
def unknown_action(call: Call) -> str | None:
    key = f"{call.get('AutoScalingGroupName')}/{call.get('ScheduledActionName')}"
    return None if key in call.autoscaling.scheduled_actions else "Scheduled action name not found"

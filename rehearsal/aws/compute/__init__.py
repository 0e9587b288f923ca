"""Instances and what belongs to them, made AWS's: one module an area, each with its steps and, as `install`, its models."""

from __future__ import annotations

from call import Call

from . import consoles, images, instances, interfaces, launching, scaling, scheduling, tags, templates, volumes


def install() -> None:
    """Corrects moto's models; imports them, so it runs once and late."""
    for area in (tags, images, interfaces, instances, volumes, launching, templates, scaling, scheduling, consoles):
        area.install()


def resume(call: Call) -> bool:
    """What AWS has tried again by itself since the last call, for who only looks; whether that changed anything."""
    return call.service in ("ec2", "autoscaling") and not call.writes and scaling.retry(call)


def follow(call: Call) -> None:
    """What AWS does by itself once a call has changed something: groups catch up, and tags go with what they were on."""
    if call.service in ("ec2", "autoscaling") and call.writes:
        scaling.catch_up(call)
        tags.forget(call)

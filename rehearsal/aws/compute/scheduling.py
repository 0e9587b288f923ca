"""Scheduled actions: kept by group and name, and gone with their group. They never fire: the rehearsal has no clock of AWS's."""

from __future__ import annotations

from typing import Any


def install() -> None:
    from moto.autoscaling.models import AutoScalingBackend

    moto_put = AutoScalingBackend.put_scheduled_update_group_action

    def key(group: str, action: str) -> str:
        return f"{group}/{action}"

    def put(self: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        """moto keeps one action of a name, whatever its group, so that a second group's `stop` would replace the first's."""
        others = dict(self.scheduled_actions)
        action = moto_put(self, name, *args, **kwargs)
        self.scheduled_actions = {**others, key(name, action.scheduled_action_name): action}
        return action

    def delete(self: Any, auto_scaling_group_name: str, scheduled_action_name: str) -> None:
        del self.scheduled_actions[key(auto_scaling_group_name, scheduled_action_name)]

    AutoScalingBackend.put_scheduled_update_group_action = put  # type: ignore[method-assign]
    AutoScalingBackend.delete_scheduled_action = delete  # type: ignore[method-assign]

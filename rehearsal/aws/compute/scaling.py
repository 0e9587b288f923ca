"""Auto Scaling groups: a call only says what a group shall be; `catch_up` then makes it so, as AWS's service does.

AWS takes seconds to minutes for that; here it is done before the call is answered. Only that an instance was stopped takes a
group its time to see, as in AWS: whoever stops one finds it stopped.
"""

from __future__ import annotations

import math
import time
from datetime import datetime, timezone
from typing import Any

import rules
import steps
from call import Call
from faults import FAULTS
from steps import after, before

from .launching import launch

# AWS promises no time: status checks run every minute, and a group acts on what they found some minutes later.
HEALTH_CHECK_SECONDS = 120
# AWS tries again after some minutes, and less and less often; nobody here learns anything from waiting for it.
RETRY_SECONDS = 1

GROUP_TAG = "aws:autoscaling:groupName"


@before("autoscaling:CreateAutoScalingGroup", "autoscaling:UpdateAutoScalingGroup")
def templates_only(call: Call) -> None:
    """Groups launch from templates here; the older and the mixed ways are nobody's in this project."""
    for other in ("LaunchConfigurationName", "InstanceId", "MixedInstancesPolicy"):
        if call.get(other):
            raise NotImplementedError(other)


@before("autoscaling:UpdateAutoScalingGroup")
def desired_follows_bounds(call: Call) -> None:
    """New bounds move the desired capacity when the call does not name it (API UpdateAutoScalingGroup, MinSize and MaxSize)."""
    group = call.scaling_group()
    if group is None or call.get("DesiredCapacity") is not None:
        return
    low = group.min_size if call.get("MinSize") is None else call.get("MinSize")
    high = group.max_size if call.get("MaxSize") is None else call.get("MaxSize")
    call.params["DesiredCapacity"] = max(int(low), min(int(high), group.desired_capacity))


@after("autoscaling:CreateAutoScalingGroup")
def grace_period_as_given(call: Call) -> None:
    """0 is a value, and the default (API CreateAutoScalingGroup, HealthCheckGracePeriod); moto makes 300 of it."""
    call.scaling_group().health_check_grace_period = int(call.get("HealthCheckGracePeriod", 0))


@after("autoscaling:UpdateAutoScalingGroup")
def settings_moto_passes_over(call: Call) -> None:
    group = call.scaling_group()
    for parameter, attribute in (
        ("DefaultCooldown", "default_cooldown"), ("TerminationPolicies", "termination_policies"),
        ("PlacementGroup", "placement_group"), ("CapacityRebalance", "capacity_rebalance"),
    ):  # fmt: skip
        if parameter in call.params:
            setattr(group, attribute, call.params[parameter])


def launch_call(account: str, region: str, partition: str, template: dict[str, Any], zone: str | None, tags: dict[str, str]) -> Call:
    """The call by which a group launches one instance, prepared as if it had come over the wire."""
    params: dict[str, Any] = {"MinCount": 1, "MaxCount": 1, "LaunchTemplate": template}
    if zone:
        params["Placement"] = {"AvailabilityZone": zone}
    if tags:
        params["TagSpecifications"] = [{"ResourceType": "instance", "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}]
    call = Call("ec2", "RunInstances", account, region, partition, params)
    steps.prepare(call)
    return call


def _launch_call(call: Call, group: Any) -> Call:
    template = {"LaunchTemplateId": group.ec2_launch_template.id, "Version": group.launch_template_version}
    subnets = (group.vpc_zone_identifier or "").split(",")[0]
    zone = None if subnets else group.availability_zones[0]
    # The group's own tags win over the template's (EC2 Auto Scaling user guide, Tag Auto Scaling groups).
    made = launch_call(call.account, call.region, call.partition, template, zone, group.get_propagated_tags())
    if subnets:
        if made.get("NetworkInterfaces"):
            made.params["NetworkInterfaces"][0]["SubnetId"] = subnets
        else:
            made.params["SubnetId"] = subnets
    return made


def _record(group: Any, description: str, cause: str, status: str, message: str | None = None) -> None:
    from moto.autoscaling.models import Activity

    now = datetime.now(timezone.utc)
    activity = Activity(description, f"At {now:%Y-%m-%dT%H:%M:%SZ} {cause}", group, start_time=now, end_time=now, status_code=status)
    activity.status_message, activity.progress = message, 100
    activity.auto_scaling_group_arn = group.arn
    group.activities.insert(0, activity)


def _suspended(group: Any, process: str) -> bool:
    return any(one["ProcessName"] == process for one in group.suspended_processes)


def catch_up(call: Call) -> None:
    for group in list(call.autoscaling.autoscaling_groups.values()):
        group.retry_at = None
        _drop_ended(call, group)
        surplus = len(group.instance_states) - group.desired_capacity
        if surplus > 0 and not _suspended(group, "Terminate"):
            for state in [s for s in group.instance_states if not s.protected_from_scale_in][:surplus]:
                _terminate(call, group, state, "an instance was taken out of service in response to a difference between desired and actual capacity.")
        for _ in range(group.desired_capacity - len(group.instance_states)):
            if _suspended(group, "Launch") or not _launch(call, group):
                break


def retry(call: Call) -> bool:
    """Catches up once a failed launch is long enough ago; whether a group that could not launch is through with that."""
    due = [g for g in call.autoscaling.autoscaling_groups.values() if (getattr(g, "retry_at", None) or math.inf) <= time.monotonic()]
    if due:
        catch_up(call)
    return any(group.retry_at is None for group in due)


def _drop_ended(call: Call, group: Any) -> None:
    """The health check: what does not run is ended and leaves the group, which then lacks an instance."""
    for state in list(group.instance_states):
        instance = state.instance
        ended = instance.state == "terminated"
        if not ended and (state.lifecycle_state != "InService" or (state.health_status == "Healthy" and not _noticed(state))):
            continue
        state.health_status = "Unhealthy"
        if ended or not _suspended(group, "ReplaceUnhealthy"):
            _terminate(call, group, state, "an instance was taken out of service in response to an EC2 health check.")


def _noticed(state: Any) -> bool:
    """Whether a group has had the time to see that an instance does not run; AWS's health checks take minutes."""
    if state.instance.is_running():
        state.stopped_since = None
        return False
    if getattr(state, "stopped_since", None) is None:
        state.stopped_since = time.monotonic()
    return time.monotonic() - state.stopped_since >= HEALTH_CHECK_SECONDS


def _terminate(call: Call, group: Any, state: Any, cause: str) -> None:
    call.ec2.terminate_instances([state.instance.id])
    group.instance_states.remove(state)
    _record(group, f"Terminating EC2 instance: {state.instance.id}", cause, "Successful")


def _launch(call: Call, group: Any) -> bool:
    from moto.autoscaling.models import InstanceState

    wanted = _launch_call(call, group)
    reason = _refusal_of(wanted)
    if reason is not None:
        group.retry_at = time.monotonic() + RETRY_SECONDS
        message = f"{reason.rstrip('.')}. Launching EC2 instance failed."
        # AWS tries again and again; the same failure is worth one activity.
        if not group.activities or group.activities[0].status_message != message:
            _record(group, f"Launching a new EC2 instance.  Status Reason: {message}", _started(group), "Failed", message)
        return False
    instance = launch(wanted).instances[0]
    instance.autoscaling_group = group
    instance.add_tags({GROUP_TAG: group.name})
    cause = _started(group)
    group.instance_states.append(InstanceState(instance, protected_from_scale_in=group.new_instances_protected_from_scale_in))
    _record(group, f"Launching a new EC2 instance: {instance.id}", cause, "Successful")
    return True


def _refusal_of(launching: Call) -> str | None:
    # Nobody waits for the answer of a group's own launch, so there is none to hold.
    fault = FAULTS.meet(launching, kinds=("refuse",))
    if fault is not None:
        return fault.words(launching)[1]
    refusal = rules.refusal_of(launching)
    return None if refusal is None else refusal.message


def _started(group: Any) -> str:
    present = len(group.instance_states)
    return (
        "an instance was started in response to a difference between desired and actual capacity, "
        f"increasing the capacity from {present} to {present + 1}."
    )


def install() -> None:
    _groups()
    _answers()


def _groups() -> None:
    from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup, InstanceState, TerminateInstanceActivity

    def set_capacity(self: Any, wanted: int | None) -> None:
        if not hasattr(self, "activities"):
            self.activities = []
        self.desired_capacity = self.min_size if wanted is None else wanted

    def delete(self: Any, group_name: str) -> None:
        """Only a forced deletion comes here with instances, and takes them along."""
        group = self.autoscaling_groups.pop(group_name)
        if group.instance_states:
            self.ec2_backend.terminate_instances([state.instance.id for state in group.instance_states])
        for key in [key for key, action in self.scheduled_actions.items() if action.auto_scaling_group_name == group_name]:
            del self.scheduled_actions[key]

    def terminate(self: Any, instance_id: str, should_decrement: bool) -> Any:
        state = next(s for g in self.autoscaling_groups.values() for s in g.instance_states if s.instance.id == instance_id)
        group = state.auto_scaling_group
        before = group.desired_capacity
        if should_decrement:
            group.desired_capacity -= 1
        self.ec2_backend.terminate_instances([instance_id])
        group.instance_states.remove(state)
        _record(group, f"Terminating EC2 instance: {instance_id}", "an instance was taken out of service in response to a user request.", "Successful")
        return TerminateInstanceActivity(state.instance, before)

    def template(self: Any) -> dict[str, Any] | None:
        """The version it was launched from; moto shows the template's default one."""
        version = getattr(self.instance, "launched_from", None)
        if version is None:
            return None
        return {"LaunchTemplateId": version.template.id, "LaunchTemplateName": version.template.name, "Version": str(version.number)}

    FakeAutoScalingGroup.set_desired_capacity = set_capacity  # type: ignore[method-assign]
    AutoScalingBackend.delete_auto_scaling_group = delete  # type: ignore[method-assign]
    AutoScalingBackend.terminate_instance = terminate  # type: ignore[method-assign]
    # EC2's TerminateInstances tells the groups; they find out by themselves.
    AutoScalingBackend.notify_terminate_instances = lambda *_: None  # type: ignore[method-assign]
    InstanceState.launch_template = property(template)  # type: ignore[method-assign,assignment]


def _answers() -> None:
    from moto.autoscaling.responses import AutoScalingResponse
    from moto.core.responses import ActionResult

    def activities(self: Any) -> ActionResult:
        """Newest first; moto has none."""
        name, ids = self._get_param("AutoScalingGroupName"), self._get_param("ActivityIds", [])
        groups = [g for g in self.autoscaling_backend.autoscaling_groups.values() if name in (None, g.name)]
        found = [a for g in groups for a in g.activities if not ids or a.activity_id in ids]
        return ActionResult({"Activities": sorted(found, key=lambda a: a.start_time, reverse=True)[: self._get_int_param("MaxRecords", 100)]})

    AutoScalingResponse.describe_scaling_activities = activities  # type: ignore[method-assign]

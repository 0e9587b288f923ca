"""Refusals of the flow log calls."""

from __future__ import annotations

from call import Call

from .table import moto_refuses, refuses

moto_refuses("flow-log-unknown-vpc", "ec2:CreateFlowLogs", "InvalidVpcID.NotFound", "The VPC must exist (API error codes).")
moto_refuses("flow-log-unknown-subnet", "ec2:CreateFlowLogs", "InvalidSubnetID.NotFound", "The subnet must exist (API error codes).")
moto_refuses("flow-log-unknown-interface", "ec2:CreateFlowLogs", "InvalidNetworkInterfaceID.NotFound", "The interface must exist (API error codes).")
moto_refuses("flow-log-aggregation", "ec2:CreateFlowLogs", "InvalidParameter", "The aggregation interval is 60 or 600 seconds (API CreateFlowLogs).")
moto_refuses(
    "flow-log-needs-role", "ec2:CreateFlowLogs", "InvalidParameter",
    "Delivery to CloudWatch Logs needs a role (API CreateFlowLogs, DeliverLogsPermissionArn).",
)
moto_refuses("flow-log-needs-destination", "ec2:CreateFlowLogs", "InvalidParameter", "A flow log goes somewhere (API CreateFlowLogs).")
moto_refuses("delete-unknown-flow-log", "ec2:DeleteFlowLogs", "InvalidFlowLogId.NotFound", "The flow log must exist (API error codes).")


@refuses(
    "flow-log-exists", "ec2:CreateFlowLogs", "FlowLogAlreadyExists",
    "A resource has one flow log of a destination (API error codes; moto tells a group's name and its ARN apart).",
)
def exists(call: Call) -> str | None:
    wanted = (call.get("LogGroupName"), call.get("LogDestination") if call.get("LogDestinationType") == "s3" else None)
    for log in call.ec2.flow_logs.values():
        present = (log.log_group_name, log.log_destination if log.log_destination_type == "s3" else None)
        if log.resource_id in call.get("ResourceIds", []) and present == wanted:
            return "Error. There is an existing Flow Log with the same configuration and log destination."
    return None

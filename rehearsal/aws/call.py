"""One AWS API call as the rules and corrections see it.

moto parses parameters differently from service to service; this gives them one shape, the names and nesting of the AWS
API reference, so that a rule reads like the sentence it enforces.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

_READS = re.compile(r"Describe|Get|List|Lookup")


def mutates(action: str) -> bool:
    """Whether an action may change something, told by its name as AWS names its actions."""
    return _READS.match(action) is None


@dataclass(frozen=True)
class Call:
    """A parsed call. `params` is the live parameter tree: a correction may rewrite it before moto reads it."""

    service: str
    action: str
    account: str
    region: str
    partition: str
    params: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, response: Any) -> Call:
        """Reads the call from moto's response object, which is set up with the request before it is dispatched."""
        params: Any = getattr(response, "params", None)
        if not response.automated_parameter_parsing:
            try:
                params = json.loads(response.body or "{}")
            except (TypeError, ValueError):
                params = {}
        return cls(
            service=response.service_name or "",
            action=response._get_action() or "",
            account=response.current_account,
            region=response.region,
            partition=response.partition,
            params=params if isinstance(params, dict) else {},
        )

    @property
    def name(self) -> str:
        """`ec2:DeleteSubnet`, as IAM writes it."""
        return f"{self.service}:{self.action}"

    @property
    def writes(self) -> bool:
        return mutates(self.action)

    def get(self, key: str, default: Any = None) -> Any:
        """A top-level parameter by its API name; a missing and an empty list read the same."""
        value = self.params.get(key)
        return default if value is None else value

    @property
    def ec2(self) -> Any:
        from moto.ec2.models import ec2_backends

        return ec2_backends[self.account][self.region]

    @property
    def iam(self) -> Any:
        from moto.iam.models import iam_backends

        return iam_backends[self.account][self.partition]

    @property
    def logs(self) -> Any:
        from moto.logs.models import logs_backends

        return logs_backends[self.account][self.region]

    @property
    def ssm(self) -> Any:
        from moto.ssm.models import ssm_backends

        return ssm_backends[self.account][self.region]

    @property
    def autoscaling(self) -> Any:
        from moto.autoscaling.models import autoscaling_backends

        return autoscaling_backends[self.account][self.region]

    # Look-ups that answer None for an unknown id: saying so with the right code is another rule's business.

    def vpc(self, vpc_id: str | None) -> Any:
        return self.ec2.vpcs.get(vpc_id)

    def subnet(self, subnet_id: str | None) -> Any:
        return next((s for s in self.subnets() if s.id == subnet_id), None)

    def subnets(self, vpc_id: str | None = None) -> list[Any]:
        return [s for zone in self.ec2.subnets.values() for s in zone.values() if vpc_id in (None, s.vpc_id)]

    def route_table(self, table_id: str | None) -> Any:
        return self.ec2.route_tables.get(table_id)

    def security_groups(self, vpc_id: str | None = None) -> list[Any]:
        return [g for groups in self.ec2.groups.values() for g in groups.values() if vpc_id in (None, g.vpc_id)]

    def security_group(self) -> Any:
        """The group an Authorize, Revoke or Delete call is about."""
        if self.get("GroupId"):
            return next((g for g in self.security_groups() if g.id == self.get("GroupId")), None)
        name, default_vpc = self.get("GroupName"), self.ec2.default_vpc.id
        return next((g for g in self.security_groups(default_vpc) if g.name == name), None)

    def interface(self, interface_id: str | None) -> Any:
        return self.ec2.enis.get(interface_id)

    def instance(self, instance_id: str | None) -> Any:
        return self.ec2.get_instance_by_id(instance_id)

    def scaling_group(self) -> Any:
        """The Auto Scaling group the call names."""
        return self.autoscaling.autoscaling_groups.get(self.get("AutoScalingGroupName"))

    def template_version(self, given: dict[str, Any] | None) -> Any:
        """What a LaunchTemplateSpecification means at this moment."""
        template = self.template(given or {})
        version = str((given or {}).get("Version") or "$Default")
        if template is None:
            return None
        number = {"$Latest": template.latest_version_number, "$Default": template.default_version_number}.get(version, version)
        return next((v for v in template.versions if str(v.number) == str(number)), None)

    def template(self, given: dict[str, Any]) -> Any:
        template_id = given.get("LaunchTemplateId") or self.ec2.launch_template_name_to_ids.get(given.get("LaunchTemplateName"))
        return self.ec2.launch_templates.get(template_id)

    def interfaces(self, vpc_id: str | None = None) -> list[Any]:
        return [n for n in self.ec2.enis.values() if vpc_id in (None, n.vpc_id)]

"""Importing this package fills the rule table; a new area is one module and one name in the list below.

Tags come first because EC2 checks a request's tags before it looks at the resource.
"""

from . import ec2_tags, vpcs, subnets, gateways, routes, security_groups, interfaces, flow_logs  # noqa: F401
from . import instances, volumes, launch_templates, scaling, scheduling, iam, profiles, logs, parameters  # noqa: F401
from .table import RULES, Refusal, Rule, refusal_of

__all__ = ["RULES", "Refusal", "Rule", "refusal_of"]

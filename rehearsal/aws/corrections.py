"""Where moto 5.2.5 answers a successful call differently from AWS, and the answer is made AWS's.

What concerns networks is here, each with the reason beside it (`steps.py` says when they run); instances and what
belongs to them are in `compute/`. What moto computes while it answers is in `models.py`.
"""

from __future__ import annotations

from typing import Any

from call import Call
from rules.addresses import network
from rules.security_groups import existing_keys, permissions
from steps import after, before


def canonical(holder: dict[str, Any], *keys: str) -> None:
    for key in keys:
        block = network(holder.get(key))
        if block is not None:
            holder[key] = str(block)


@before("CreateVpc", "CreateSubnet", "AssociateSubnetCidrBlock", "CreateRoute", "ReplaceRoute", "DeleteRoute")
def canonical_blocks(call: Call) -> None:
    """EC2 stores the canonical form of a block (API CreateVpc: 100.68.0.18/18 becomes 100.68.0.0/18); moto the text."""
    canonical(call.params, "CidrBlock", "Ipv6CidrBlock", "DestinationCidrBlock", "DestinationIpv6CidrBlock")


_RULE_CALLS = tuple(f"{verb}SecurityGroup{way}" for verb in ("Authorize", "Revoke") for way in ("Ingress", "Egress"))


@before(*_RULE_CALLS)
def canonical_ranges(call: Call) -> None:
    for permission in permissions(call):
        for holder in (permission, *(permission.get("IpRanges") or []), *(permission.get("Ipv6Ranges") or [])):
            canonical(holder, "CidrIp", "CidrIpv6")


@before("CreateFlowLogs")
def log_group_of_arn(call: Call) -> None:
    """A CloudWatch destination may be given as the log group's ARN; moto then looks for a group without a name."""
    arn = str(call.get("LogDestination", ""))
    if ":log-group:" in arn and not call.get("LogGroupName"):
        call.params["LogGroupName"] = arn.split(":log-group:", 1)[1].removesuffix(":*")


@before("DescribeEgressOnlyInternetGateways")
def filtered_egress_only_gateways(call: Call) -> None:
    """moto passes over the filters, so a list by tag would hold everybody's gateways."""
    filters = {f["Name"]: f.get("Values", []) for f in call.get("Filters", [])}
    if not filters:
        return
    from moto.ec2.utils import is_tag_filter, tag_filter_matches

    if unknown := [name for name in filters if not is_tag_filter(name)]:
        raise NotImplementedError(f"filter {unknown[0]}")
    found = [
        gateway.id for gateway in call.ec2.egress_only_internet_gateways.values()
        if all(tag_filter_matches(gateway, name, values) for name, values in filters.items())
    ]  # fmt: skip
    call.params["EgressOnlyInternetGatewayIds"] = found or ["none"]


@after("DeleteSubnet")
def forget_subnet(call: Call) -> None:
    """A subnet's associations go with it; moto keeps them, and then the route table cannot be deleted."""
    subnet_id = call.get("SubnetId")
    for table in call.ec2.route_tables.values():
        table._associations = {key: target for key, target in table._associations.items() if target != subnet_id}
    for acl in call.ec2.network_acls.values():
        acl._associations = {key: a for key, a in acl._associations.items() if a.subnet_id != subnet_id}


@after("DeleteVpc")
def forget_default_acl(call: Call) -> None:
    for acl_id in [acl.id for acl in call.ec2.network_acls.values() if acl.vpc_id == call.get("VpcId")]:
        del call.ec2.network_acls[acl_id]


@after("DeleteNatGateway")
def forget_nat_interface(call: Call) -> None:
    """A deleted NAT gateway gives up its interface and lets go of its address."""
    gateway = call.ec2.nat_gateways[call.get("NatGatewayId")]
    call.ec2.enis.pop(gateway._eni.id, None)
    for elastic in call.ec2.addresses:
        if elastic.eni is gateway._eni:
            elastic.eni = elastic.association_id = None


@after("DisassociateSubnetCidrBlock")
def forget_subnet_block(call: Call) -> None:
    """moto would go on handing out addresses of the block."""
    for subnet in call.subnets():
        subnet.ipv6_cidr_block_associations.pop(call.get("AssociationId"), None)


@after("DisassociateVpcCidrBlock")
def forget_vpc_block(call: Call) -> None:
    """The block's local route goes with it, from present and future tables."""
    for vpc in call.ec2.vpcs.values():
        association = vpc._cidr_block_association_set.pop(call.get("AssociationId"), None)
        for table in call.ec2.route_tables.values() if association else []:
            block = association["cidr_block"]
            gone = [
                key for key, route in table._routes.items()
                if table.vpc_id == vpc.id and route.local
                and block in (route.destination_cidr_block, route.destination_ipv6_cidr_block)
            ]  # fmt: skip
            for key in gone:
                del table._routes[key]


@after("AssociateVpcCidrBlock")
def egress_of_new_family(call: Call) -> None:
    """A group whose egress nobody changed gets ::/0 when its VPC gets an IPv6 block (VPC user guide, Security group rules)."""
    from moto.ec2.models.security_groups import SecurityGroupRule

    for group in call.security_groups(call.get("VpcId")) if call.get("AmazonProvidedIpv6CidrBlock") else []:
        if existing_keys(group.egress_rules) == {("-1", None, None, "0.0.0.0/0")}:
            group.egress_rules.append(SecurityGroupRule(call.ec2, "-1", group.id, None, None, {"CidrIpv6": "::/0"}))


@after("logs:DeleteLogGroup")
def forget_log_group_tags(call: Call) -> None:
    """A log group of the same name starts without the tags of the last one."""
    tagger = call.logs.tagger
    for arn in [arn for arn in tagger.tags if arn.endswith(f":log-group:{call.get('logGroupName')}")]:
        tagger.delete_all_tags_for_resource(arn)

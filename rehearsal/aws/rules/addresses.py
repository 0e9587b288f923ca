"""Parsing of CIDR blocks and addresses as EC2 does it: host bits are allowed, nonsense is None."""

from __future__ import annotations

import ipaddress

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def network(text: object) -> Network | None:
    """A CIDR block; None without a prefix length, since EC2 never supplies one."""
    if not isinstance(text, str) or "/" not in text:
        return None
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def address(text: object) -> Address | None:
    try:
        return ipaddress.ip_address(str(text))
    except ValueError:
        return None


def inside(inner: Network, outer: Network) -> bool:
    if isinstance(inner, ipaddress.IPv4Network) and isinstance(outer, ipaddress.IPv4Network):
        return inner.subnet_of(outer)
    if isinstance(inner, ipaddress.IPv6Network) and isinstance(outer, ipaddress.IPv6Network):
        return inner.subnet_of(outer)
    return False


def reserved(subnet: Network) -> set[Address]:
    """The first four addresses and the last one of every subnet (VPC user guide, Subnet sizing)."""
    return {subnet[0], subnet[1], subnet[2], subnet[3], subnet[-1]}

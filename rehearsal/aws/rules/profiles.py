"""Refusals of the instance profile calls."""

from __future__ import annotations

import re

from call import Call

from .service_tags import bad_key, bad_value, too_long
from .table import moto_refuses, refuses

NAME = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)
PATTERN = "Values match [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*, so $ is refused"

moto_refuses("profile-exists", "iam:CreateInstanceProfile", "EntityAlreadyExists", "Names are unique in an account (API CreateInstanceProfile).")
moto_refuses("profile-second-role", "iam:AddRoleToInstanceProfile", "LimitExceeded", "A profile holds one role (API AddRoleToInstanceProfile).")
moto_refuses("profile-unknown-role", "iam:AddRoleToInstanceProfile", "NoSuchEntity", "The role must exist (API AddRoleToInstanceProfile).")
moto_refuses("profile-holds-role", "iam:DeleteInstanceProfile", "DeleteConflict", "The role leaves before the profile goes (API DeleteInstanceProfile).")
for _action in ("AddRoleToInstanceProfile", "RemoveRoleFromInstanceProfile", "GetInstanceProfile", "DeleteInstanceProfile", "TagInstanceProfile", "UntagInstanceProfile"):
    _id = re.sub(r"(?<!^)(?=[A-Z])", "-", _action).lower()
    moto_refuses(f"{_id}-unknown-profile", f"iam:{_action}", "NoSuchEntity", f"The profile must exist (API {_action}).")


@refuses("profile-name", "iam:CreateInstanceProfile", "ValidationError", "A name is 1 to 128 of a-z, A-Z, 0-9 and _+=,.@- (API CreateInstanceProfile).")
def name(call: Call) -> str | None:
    given = str(call.get("InstanceProfileName", ""))
    return None if NAME.fullmatch(given) else "The specified value for instanceProfileName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"


@refuses("profile-without-that-role", "iam:RemoveRoleFromInstanceProfile", "NoSuchEntity", "The profile holds the role (API RemoveRoleFromInstanceProfile).")
def without_that_role(call: Call) -> str | None:
    profile, role = call.iam.instance_profiles.get(call.get("InstanceProfileName")), call.get("RoleName")
    if profile is None or any(held.name == role for held in profile.roles):
        return None
    return f"Role {role} not found in instance profile {profile.name}."


@refuses("profile-tag-value", "iam:CreateInstanceProfile", "ValidationError", f"{PATTERN} (API Tag).")
@refuses("tag-profile-value", "iam:TagInstanceProfile", "ValidationError", f"{PATTERN} (API Tag).")
def tag_value(call: Call) -> str | None:
    values = [str(tag.get("Value") or "") for tag in call.get("Tags", [])]
    return bad_value(values) or too_long(values, 256)


@refuses("profile-tag-key", "iam:CreateInstanceProfile", "ValidationError", "Keys match the same pattern and are not empty (API Tag).")
@refuses("tag-profile-key", "iam:TagInstanceProfile", "ValidationError", "Keys match the same pattern and are not empty (API Tag).")
def tag_key(call: Call) -> str | None:
    keys = [str(tag.get("Key") or "") for tag in call.get("Tags", [])]
    return bad_key(keys) or too_long(keys, 128)

"""Refusals of the IAM role calls; STS GetCallerIdentity has none here, since the rehearsal takes any credentials."""

from __future__ import annotations

import re

from call import Call

from .service_tags import bad_key, bad_value
from .table import moto_refuses, refuses

NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
SESSION_SECONDS = range(3600, 43201)
PATTERN = "Values match [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*, so $ is refused"

moto_refuses("role-exists", "iam:CreateRole", "EntityAlreadyExists", "Role names are unique in an account (API CreateRole).")
moto_refuses("role-tag-value-length", "iam:CreateRole", "ValidationError", "A value has at most 256 characters (API Tag).")
moto_refuses("role-tag-key-length", "iam:CreateRole", "ValidationError", "A key has at most 128 characters (API Tag).")
moto_refuses("role-too-many-tags", "iam:CreateRole", "ValidationError", "At most 50 tags (API CreateRole, Tags).")
moto_refuses("role-repeated-tag-key", "iam:CreateRole", "InvalidInput", "Keys differ by more than their case (API CreateRole, Tags).")
for _action in ("UpdateAssumeRolePolicy", "UpdateRole", "DeleteRole", "TagRole", "UntagRole", "PutRolePolicy", "DeleteRolePolicy"):
    _id = re.sub(r"(?<!^)(?=[A-Z])", "-", _action).lower()
    moto_refuses(f"{_id}-unknown-role", f"iam:{_action}", "NoSuchEntity", f"The role must exist (API {_action}).")
moto_refuses("update-trust-malformed", "iam:UpdateAssumeRolePolicy", "MalformedPolicyDocument", "The document must be a trust policy (API UpdateAssumeRolePolicy).")
moto_refuses("role-policy-malformed", "iam:PutRolePolicy", "MalformedPolicyDocument", "The document must be a policy (API PutRolePolicy).")
moto_refuses("delete-unknown-role-policy", "iam:DeleteRolePolicy", "NoSuchEntity", "The inline policy must exist (API DeleteRolePolicy).")
moto_refuses("role-has-inline-policies", "iam:DeleteRole", "DeleteConflict", "Inline policies go before their role (API DeleteRole).")
moto_refuses("role-has-attached-policies", "iam:DeleteRole", "DeleteConflict", "Managed policies are detached before the role goes (API DeleteRole).")
moto_refuses("role-in-instance-profile", "iam:DeleteRole", "DeleteConflict", "A role leaves its instance profiles before it goes (API DeleteRole).")


@refuses("role-name", "iam:CreateRole", "ValidationError", "A name is 1 to 64 of a-z, A-Z, 0-9 and _+=,.@- (API CreateRole).")
def name(call: Call) -> str | None:
    given = str(call.get("RoleName", ""))
    return None if NAME.fullmatch(given) else "The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"


@refuses("role-trust-malformed", "iam:CreateRole", "MalformedPolicyDocument", "The document must be a trust policy (API CreateRole; moto does not look).")
def trust_malformed(call: Call) -> str | None:
    from moto.iam.exceptions import MalformedPolicyDocument
    from moto.iam.policy_validation import IAMTrustPolicyDocumentValidator

    try:
        IAMTrustPolicyDocumentValidator(str(call.get("AssumeRolePolicyDocument", ""))).validate()
    except MalformedPolicyDocument as malformed:
        return str(malformed.message)
    return None


@refuses("role-session-seconds", "iam:CreateRole", "ValidationError", "A session lasts 3600 to 43200 seconds (API CreateRole, MaxSessionDuration).")
@refuses("update-role-session-seconds", "iam:UpdateRole", "ValidationError", "A session lasts 3600 to 43200 seconds (API UpdateRole, MaxSessionDuration).")
def session_seconds(call: Call) -> str | None:
    seconds = call.get("MaxSessionDuration")
    if seconds is None or int(seconds) in SESSION_SECONDS:
        return None
    return f"1 validation error detected: Value '{seconds}' at 'maxSessionDuration' failed to satisfy constraint: Member must have value between 3600 and 43200"


@refuses("role-tag-value", "iam:CreateRole", "ValidationError", f"{PATTERN} (API Tag).")
@refuses("tag-role-value", "iam:TagRole", "ValidationError", f"{PATTERN} (API Tag).")
def tag_value(call: Call) -> str | None:
    return bad_value(str(tag.get("Value") or "") for tag in call.get("Tags", []))


@refuses("role-tag-key", "iam:CreateRole", "ValidationError", "Keys match the same pattern and are not empty (API Tag).")
@refuses("tag-role-key", "iam:TagRole", "ValidationError", "Keys match the same pattern and are not empty (API Tag).")
def tag_key(call: Call) -> str | None:
    return bad_key(str(tag.get("Key") or "") for tag in call.get("Tags", []))

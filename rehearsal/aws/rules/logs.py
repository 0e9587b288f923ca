"""Refusals of the CloudWatch Logs calls."""

from __future__ import annotations

import re

from call import Call

from .service_tags import bad_key, bad_value, too_long
from .table import moto_refuses, refuses

NAME = re.compile(r"[\.\-_/#A-Za-z0-9]{1,512}")
# API PutRetentionPolicy, retentionInDays.
RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
PATTERN = "Values match [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*, so $ is refused"

moto_refuses("log-group-exists", "logs:CreateLogGroup", "ResourceAlreadyExistsException", "Names are unique in a region (API CreateLogGroup).")
moto_refuses("retention-unknown-group", "logs:PutRetentionPolicy", "ResourceNotFoundException", "The log group must exist (API PutRetentionPolicy).")
moto_refuses("delete-retention-unknown-group", "logs:DeleteRetentionPolicy", "ResourceNotFoundException", "The log group must exist (API DeleteRetentionPolicy).")
moto_refuses("delete-unknown-log-group", "logs:DeleteLogGroup", "ResourceNotFoundException", "The log group must exist (API DeleteLogGroup).")


@refuses("log-group-name", "logs:CreateLogGroup", "InvalidParameterException", "A name is 1 to 512 of a-z, A-Z, 0-9 and _-/.# (API CreateLogGroup).")
def name(call: Call) -> str | None:
    given = str(call.get("logGroupName", ""))
    if NAME.fullmatch(given):
        return None
    return f"1 validation error detected: Value '{given}' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+"


@refuses("retention-days", "logs:PutRetentionPolicy", "InvalidParameterException", "Days are one of AWS's list (API PutRetentionPolicy).")
def retention_days(call: Call) -> str | None:
    days = call.get("retentionInDays")
    if days in RETENTION_DAYS:
        return None
    return f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: {list(RETENTION_DAYS)}"


@refuses("log-group-tag-value", "logs:CreateLogGroup", "InvalidParameterException", f"{PATTERN} (API CreateLogGroup, tags).")
@refuses("log-tag-value", "logs:TagResource", "InvalidParameterException", f"{PATTERN} (API TagResource, tags).")
def tag_value(call: Call) -> str | None:
    return bad_value(call.get("tags", {}).values())


@refuses("log-group-tag-value-length", "logs:CreateLogGroup", "InvalidParameterException", "A value has at most 256 characters (API CreateLogGroup, tags).")
@refuses("log-tag-value-length", "logs:TagResource", "InvalidParameterException", "A value has at most 256 characters (API TagResource, tags).")
def tag_value_length(call: Call) -> str | None:
    return too_long(call.get("tags", {}).values(), 256)


@refuses("log-group-tag-key", "logs:CreateLogGroup", "InvalidParameterException", "Keys match the same pattern and are not empty (API CreateLogGroup, tags).")
@refuses("log-tag-key", "logs:TagResource", "InvalidParameterException", "Keys match the same pattern and are not empty (API TagResource, tags).")
def tag_key(call: Call) -> str | None:
    return bad_key(call.get("tags", {}))


@refuses("log-group-tag-key-length", "logs:CreateLogGroup", "InvalidParameterException", "A key has at most 128 characters (API CreateLogGroup, tags).")
@refuses("log-tag-key-length", "logs:TagResource", "InvalidParameterException", "A key has at most 128 characters (API TagResource, tags).")
def tag_key_length(call: Call) -> str | None:
    return too_long(call.get("tags", {}), 128)


@refuses("log-group-reserved-tag-key", "logs:CreateLogGroup", "InvalidParameterException", "Keys starting with aws: are AWS's (Logs user guide, Tag restrictions).")
@refuses("log-reserved-tag-key", "logs:TagResource", "InvalidParameterException", "Keys starting with aws: are AWS's (Logs user guide, Tag restrictions).")
def reserved_tag_key(call: Call) -> str | None:
    if any(key.lower().startswith("aws:") for key in call.get("tags", {})):
        return "aws: prefixed tag key names are not allowed for external use."
    return None


@refuses("log-group-too-many-tags", "logs:CreateLogGroup", "InvalidParameterException", "At most 50 tags (API CreateLogGroup, tags).")
def too_many_tags_at_creation(call: Call) -> str | None:
    return "Member must have length less than or equal to 50" if len(call.get("tags", {})) > 50 else None


def _tags_of(call: Call) -> dict[str, str] | None:
    arn = call.get("resourceArn")
    group = next((g for g in call.logs.groups.values() if g.arn == arn), None)
    return call.logs.list_tags_for_resource(arn) if group else None


@refuses("log-too-many-tags", "logs:TagResource", "TooManyTagsException", "At most 50 tags a resource (API TagResource).")
def too_many_tags(call: Call) -> str | None:
    total = {**(_tags_of(call) or {}), **call.get("tags", {})}
    return "A resource can have no more than 50 tags." if len(total) > 50 else None


def _is_log_group(call: Call) -> bool:
    return ":log-group:" in str(call.get("resourceArn", ""))


@refuses("log-tag-unknown-group", "logs:TagResource", "ResourceNotFoundException", "The log group must exist (API TagResource; moto does not look).")
@refuses("log-untag-unknown-group", "logs:UntagResource", "ResourceNotFoundException", "The log group must exist (API UntagResource; moto does not look).")
def tag_unknown_group(call: Call) -> str | None:
    return "The specified resource does not exist." if _is_log_group(call) and _tags_of(call) is None else None

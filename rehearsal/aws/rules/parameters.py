"""Refusals of the SSM parameter calls."""

from __future__ import annotations

import re

from call import Call

from .service_tags import bad_key, bad_value, too_long
from .table import moto_refuses, refuses

PATTERN = "Values match [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*, so $ is refused"
LIMITS = {"Standard": 4096, "Advanced": 8192}
LEVELS = 15
NAME_LENGTH = 1011

moto_refuses("parameter-exists", "ssm:PutParameter", "ParameterAlreadyExists", "A parameter is written over only when told to (API PutParameter, Overwrite).")
moto_refuses("parameter-overwrite-with-tags", "ssm:PutParameter", "ValidationException", "Tags are given at creation only (API PutParameter, Tags).")
moto_refuses("parameter-without-type", "ssm:PutParameter", "ValidationException", "A new parameter has a type (API PutParameter, Type).")
moto_refuses("parameter-empty", "ssm:PutParameter", "ValidationException", "A value has at least one character (API PutParameter, Value).")
moto_refuses("parameter-name-reserved", "ssm:PutParameter", "ValidationException", "Names do not begin with aws or ssm (API PutParameter, Name).")
moto_refuses("get-unknown-parameter", "ssm:GetParameter", "ParameterNotFound", "The parameter must exist (API GetParameter).")
moto_refuses("delete-unknown-parameter", "ssm:DeleteParameter", "ParameterNotFound", "The parameter must exist (API DeleteParameter).")
for _action in ("AddTagsToResource", "RemoveTagsFromResource", "ListTagsForResource"):
    _id = re.sub(r"(?<!^)(?=[A-Z])", "-", _action).lower()
    moto_refuses(f"{_id}-unknown-parameter", f"ssm:{_action}", "InvalidResourceId", f"The parameter must exist (API {_action}).")


@refuses("parameter-name-characters", "ssm:PutParameter", "ValidationException", "Names are of a-z, A-Z, 0-9 and _.-/ (API PutParameter, Name).")
def name_characters(call: Call) -> str | None:
    if re.fullmatch(r"[a-zA-Z0-9_.\-/]+", str(call.get("Name", ""))):
        return None
    return "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_"


@refuses("parameter-name-relative", "ssm:PutParameter", "ValidationException", "A name with levels begins with a slash (API PutParameter, Name).")
def name_relative(call: Call) -> str | None:
    name = str(call.get("Name", ""))
    return "Parameter name must be a fully qualified name." if "/" in name and not name.startswith("/") else None


@refuses("parameter-name-ends-with-slash", "ssm:PutParameter", "ValidationException", "A name does not end with a slash (API PutParameter, Name).")
def name_ends_with_slash(call: Call) -> str | None:
    name = str(call.get("Name", ""))
    return "Parameter name must not end with slash." if name.endswith("/") or "//" in name else None


@refuses("parameter-name-levels", "ssm:PutParameter", "HierarchyLevelLimitExceededException", "A name has at most 15 levels (API PutParameter, Name).")
def name_levels(call: Call) -> str | None:
    too_deep = str(call.get("Name", "")).count("/") > LEVELS
    return f"Parameter name has more than {LEVELS} levels." if too_deep else None


@refuses("parameter-name-length", "ssm:PutParameter", "ValidationException", "A name has at most 1011 characters (API PutParameter, Name).")
def name_length(call: Call) -> str | None:
    return f"Parameter name must have at most {NAME_LENGTH} characters." if len(str(call.get("Name", ""))) > NAME_LENGTH else None


@refuses("parameter-value-size", "ssm:PutParameter", "ValidationException", "A standard value has at most 4 KB, an advanced one 8 (SSM user guide, Parameter tiers).")
def value_size(call: Call) -> str | None:
    tier = call.get("Tier") or "Standard"
    limit = LIMITS.get(tier, LIMITS["Advanced"])
    if len(str(call.get("Value", "")).encode()) <= limit:
        return None
    return f"{tier} tier parameters support a maximum parameter value of {limit} characters."


@refuses("parameter-tag-value", "ssm:PutParameter", "ValidationException", f"{PATTERN} (API Tag, of SSM).")
@refuses("add-tags-value", "ssm:AddTagsToResource", "ValidationException", f"{PATTERN} (API Tag, of SSM).")
def tag_value(call: Call) -> str | None:
    values = [str(tag.get("Value") or "") for tag in call.get("Tags", [])]
    return bad_value(values) or too_long(values, 256)


@refuses("parameter-tag-key", "ssm:PutParameter", "ValidationException", "Keys match the same pattern and are not empty (API Tag, of SSM).")
@refuses("add-tags-key", "ssm:AddTagsToResource", "ValidationException", "Keys match the same pattern and are not empty (API Tag, of SSM).")
def tag_key(call: Call) -> str | None:
    keys = [str(tag.get("Key") or "") for tag in call.get("Tags", [])]
    return bad_key(keys) or too_long(keys, 128)


@refuses("parameter-too-many-tags", "ssm:PutParameter", "ValidationException", "At most 50 tags (API Tag, of SSM).")
def too_many_tags(call: Call) -> str | None:
    return "A resource can have at most 50 tags" if len(call.get("Tags", [])) > 50 else None

"""Refusals of the launch template calls. What a template says is checked when it is launched from, as by EC2."""

from __future__ import annotations

import re

from call import Call

from .instances import USER_DATA_BYTES, missing_template, user_data_bytes
from .table import moto_refuses, refuses

NAME = re.compile(r"[a-zA-Z0-9().\-/_]{3,128}")

moto_refuses("template-exists", "ec2:CreateLaunchTemplate", "InvalidLaunchTemplateName.AlreadyExistsException", "Names are unique in a region (API error codes).")
moto_refuses("template-versions-of-unknown", "ec2:DescribeLaunchTemplateVersions", "InvalidLaunchTemplateId.NotFound", "The launch template must exist (API error codes).")
moto_refuses("default-unknown-version", "ec2:ModifyLaunchTemplate", "InvalidLaunchTemplateId.VersionNotFound", "The version must exist (API error codes).")
moto_refuses("template-name-unknown", "ec2:DescribeLaunchTemplates", "InvalidLaunchTemplateName.NotFoundException", "A launch template named must exist (API error codes).")


@refuses("template-name", "ec2:CreateLaunchTemplate", "InvalidLaunchTemplateName.MalformedException", "A name has 3 to 128 of a-z, A-Z, 0-9 and ().-/_ (API CreateLaunchTemplate).")
def name(call: Call) -> str | None:
    given = str(call.get("LaunchTemplateName", ""))
    return None if NAME.fullmatch(given) else f"The launch template name '{given}' is malformed. A name has 3 to 128 of a-z, A-Z, 0-9 and ().-/_"


@refuses("template-user-data-size", "ec2:CreateLaunchTemplate", "InvalidUserData.Malformed", "User data has at most 16384 bytes before base64 (seen in terraform-provider-aws#49234).")
@refuses("template-version-user-data-size", "ec2:CreateLaunchTemplateVersion", "InvalidUserData.Malformed", "User data has at most 16384 bytes before base64 (seen in terraform-provider-aws#49234).")
def user_data_size(call: Call) -> str | None:
    size = user_data_bytes((call.get("LaunchTemplateData") or {}).get("UserData"))
    return f"User data is limited to {USER_DATA_BYTES} bytes." if size is not None and size > USER_DATA_BYTES else None


@refuses("template-user-data-malformed", "ec2:CreateLaunchTemplate", "InvalidUserData.Malformed", "User data is base64 (API RequestLaunchTemplateData, UserData).")
@refuses("template-version-user-data-malformed", "ec2:CreateLaunchTemplateVersion", "InvalidUserData.Malformed", "User data is base64 (API RequestLaunchTemplateData, UserData).")
def user_data_malformed(call: Call) -> str | None:
    given = (call.get("LaunchTemplateData") or {}).get("UserData")
    return "Invalid BASE64 encoding of user data." if user_data_bytes(given) is None else None


@refuses("template-version-of-unknown", "ec2:CreateLaunchTemplateVersion", "InvalidLaunchTemplateId.NotFound", "The launch template must exist (API error codes).")
@refuses("modify-unknown-template", "ec2:ModifyLaunchTemplate", "InvalidLaunchTemplateId.NotFound", "The launch template must exist (API error codes; moto's code is the name's).")
@refuses("delete-unknown-template", "ec2:DeleteLaunchTemplate", "InvalidLaunchTemplateId.NotFound", "The launch template must exist (API error codes; moto's code is the name's).")
def unknown(call: Call) -> str | None:
    return missing_template(call, call.params) if call.get("LaunchTemplateId") else None


@refuses("template-unknown", "ec2:DescribeLaunchTemplates", "InvalidLaunchTemplateId.NotFound", "A launch template named by id must exist (API error codes; moto leaves it out).")
def unknown_ids(call: Call) -> str | None:
    for template_id in call.get("LaunchTemplateIds", []):
        if template_id not in call.ec2.launch_templates:
            return f"One or more of the specified launch templates do not exist: {template_id}."
    return None


@refuses("template-unknown-source-version", "ec2:CreateLaunchTemplateVersion", "InvalidLaunchTemplateId.VersionNotFound", "The source version must exist (API CreateLaunchTemplateVersion).")
def unknown_source(call: Call) -> str | None:
    wanted = call.get("SourceVersion")
    if not wanted or call.template_version({**call.params, "Version": wanted}) is not None:
        return None
    return f"Could not find launch template version {wanted}."


@refuses("template-unknown-version", "ec2:DescribeLaunchTemplateVersions", "InvalidLaunchTemplateId.VersionNotFound", "A version named must exist (API error codes).")
def unknown_versions(call: Call) -> str | None:
    for version in call.get("Versions", []) if call.template(call.params) else []:
        if call.template_version({**call.params, "Version": version}) is None:
            return f"Could not find launch template version {version}."
    return None

"""Launch templates: a version's data as it was given, whichever call gave it."""

from __future__ import annotations

import copy
from typing import Any

from call import Call
from steps import before


@before("DescribeLaunchTemplates", "DescribeLaunchTemplateVersions")
def every_one(call: Call) -> None:
    """moto shows the first fifteen and gives no token for the rest."""
    call.params.setdefault("MaxResults", 10_000)


def install() -> None:
    from moto.core.responses import ActionResult
    from moto.ec2.models.launch_templates import LaunchTemplate
    from moto.ec2.responses.launch_templates import LaunchTemplates
    from moto.ec2.utils import convert_tag_spec

    # moto shows the tags the template was made with.
    LaunchTemplate.tags = property(lambda self: self.get_tags(), lambda self, _: None)

    def create(self: Any) -> ActionResult:
        """moto writes the template's own tags into its data."""
        self.error_on_dryrun()
        tags = convert_tag_spec(self._get_param("TagSpecifications", []))
        data = copy.deepcopy(self._get_param("LaunchTemplateData", {}))
        template = self.ec2_backend.create_launch_template(
            self._get_param("LaunchTemplateName"), self._get_param("VersionDescription"), data, tags
        )
        return ActionResult({"LaunchTemplate": {
            "CreateTime": template.create_time,
            "CreatedBy": created_by(self),
            "DefaultVersionNumber": template.default_version_number,
            "LatestVersionNumber": template.latest_version_number,
            "LaunchTemplateId": template.id,
            "LaunchTemplateName": template.name,
            "Tags": template.tags,
        }})  # fmt: skip

    def create_version(self: Any) -> ActionResult:
        """A version made from another takes over what it does not name (API CreateLaunchTemplateVersion, SourceVersion)."""
        self.error_on_dryrun()
        call = Call.of(self)
        template = call.template(call.params)
        given = {"LaunchTemplateId": template.id, "Version": call.get("SourceVersion")}
        source = call.template_version(given) if call.get("SourceVersion") else None
        data = {**(source.data if source else {}), **call.get("LaunchTemplateData", {})}
        version = template.create_version(copy.deepcopy(data), call.get("VersionDescription"))
        return ActionResult({"LaunchTemplateVersion": {
            "CreateTime": version.create_time,
            "CreatedBy": created_by(self),
            "DefaultVersion": template.is_default(version),
            "LaunchTemplateData": version.data,
            "LaunchTemplateId": template.id,
            "LaunchTemplateName": template.name,
            "VersionDescription": version.description,
            "VersionNumber": version.number,
        }})  # fmt: skip

    def created_by(response: Any) -> str:
        return f"arn:{response.partition}:iam::{response.current_account}:root"

    LaunchTemplates.create_launch_template = create  # type: ignore[method-assign]
    LaunchTemplates.create_launch_template_version = create_version  # type: ignore[method-assign]

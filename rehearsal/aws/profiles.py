"""IAM's lists of instance profiles: without tags, which only GetInstanceProfile and ListInstanceProfileTags answer."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any


def install() -> None:
    from moto.core.responses import ActionResult
    from moto.iam.responses import IamResponse

    def untagged(respond: Callable[[Any], ActionResult]) -> Callable[[Any], ActionResult]:
        def answer(self: Any) -> ActionResult:
            answered = respond(self)
            profiles = [copy.copy(profile) for profile in answered.result["InstanceProfiles"]]
            for profile in profiles:
                profile.tags = []
            return ActionResult({**answered.result, "InstanceProfiles": profiles})

        return answer

    def list_tags(self: Any) -> ActionResult:
        profile = self.backend.get_instance_profile(self._get_param("InstanceProfileName"))
        return ActionResult({"Tags": profile.tags, "IsTruncated": False})

    IamResponse.list_instance_profiles = untagged(IamResponse.list_instance_profiles)  # type: ignore[method-assign]
    IamResponse.list_instance_profiles_for_role = untagged(IamResponse.list_instance_profiles_for_role)  # type: ignore[method-assign]
    IamResponse.list_instance_profile_tags = list_tags  # type: ignore[attr-defined]

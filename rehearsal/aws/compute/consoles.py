"""What machines have printed: the machine room hands it in, GetConsoleOutput answers it. Without it there is none yet."""

from __future__ import annotations

import base64
import threading
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qs

# EC2 keeps the last 64 KiB (API GetConsoleOutput).
KEPT_BYTES = 64 * 1024


class Consoles:
    def __init__(self) -> None:
        self._texts: dict[str, tuple[bytes, datetime]] = {}
        self._lock = threading.Lock()

    def answer(self, method: str, query: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """Status and JSON for `PUT ?instance=<id>` with all that is kept of it."""
        instance = parse_qs(query).get("instance", [""])[0]
        if method != "PUT" or not instance.startswith("i-"):
            return 400, {"error": "PUT the text to ?instance=i-…"}
        with self._lock:
            self._texts[instance] = (body[-KEPT_BYTES:], datetime.now(timezone.utc))
        return 200, {}

    def of(self, instance: str) -> dict[str, Any]:
        """Output and time as the API has them; nothing for a machine that has not printed anything."""
        with self._lock:
            found = self._texts.get(instance)
        if found is None:
            return {}
        text, at = found
        return {"Output": base64.b64encode(text).decode(), "Timestamp": at}


CONSOLES = Consoles()


def install() -> None:
    from moto.core.responses import ActionResult
    from moto.ec2.responses.general import General

    def get_console_output(self: Any) -> ActionResult:
        """moto's answer is one of 2006, whatever the instance."""
        instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
        return ActionResult({"InstanceId": instance.id, **CONSOLES.of(instance.id)})

    General.get_console_output = get_console_output  # type: ignore[method-assign]

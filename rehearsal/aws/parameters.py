"""SSM parameters: a SecureString is not readable where it is not decrypted."""

from __future__ import annotations

import base64
import hashlib
from typing import Any


def install() -> None:
    from moto.ssm.models import Parameter

    def encrypt(self: Any, value: str) -> str:
        """Stands for KMS's ciphertext; moto's contains the value in clear."""
        self.clear = value
        return base64.b64encode(b"\x01\x02\x02\x00" + hashlib.sha512(f"{id(self)}".encode()).digest()).decode()

    def decrypt(self: Any, value: str) -> str:
        return self.clear if self.parameter_type == "SecureString" else value

    Parameter.encrypt, Parameter.decrypt = encrypt, decrypt  # type: ignore[method-assign]

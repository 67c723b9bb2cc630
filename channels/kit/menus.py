"""Whether a command menu has changed since it was last published."""

from __future__ import annotations

import json
from hashlib import sha256


def fingerprint(*menu: object) -> str:
    """Return 16 hexadecimal digits that differ where the JSON of `menu` does."""
    return sha256(json.dumps(menu, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:16]

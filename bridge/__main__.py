"""Where `cherry-bridge` and `python -m bridge` begin."""

from __future__ import annotations

import sys
from typing import Any


def main() -> int:
    """Run the command line; its exit status."""
    if sys.argv[1:2] == ["run"]:
        # structlog and httpx load rich where they find it, for terminals that `run` does not have: 7 MB that a
        # small machine can use better. None here is how Python is told that a module is not to be had.
        modules: dict[str, Any] = sys.modules
        modules["rich"] = None
    from bridge import cli

    return cli.main()


if __name__ == "__main__":
    raise SystemExit(main())

"""Where `cherry-bridge` and `python -m bridge` begin."""

from __future__ import annotations

import sys
from typing import Any


def main() -> int:
    """Run the command line; return its exit status."""
    # httpx loads a command line of its own, with click, pygments and rich, where it finds click; structlog loads rich
    # where it finds that. We use neither: 0.1 s and 7 MB that a small machine can use better. None here is how Python
    # is told that a module cannot be imported. The commands that draw in the terminal do so with rich.
    modules: dict[str, Any] = sys.modules
    modules["click"] = None
    if sys.argv[1:2] not in (["chat"], ["demo"]):
        modules["rich"] = None
    from bridge import cli

    return cli.main()


if __name__ == "__main__":
    raise SystemExit(main())

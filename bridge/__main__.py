"""`python -m bridge` is `cherry-bridge`."""

from bridge.cli import main

raise SystemExit(main())

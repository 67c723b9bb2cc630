"""`cherry-bridge init`, with a gateway's usual port named by the test: somebody may use the real one here."""

from __future__ import annotations

import os

from bridge import cli
from bridge.admin.doctor import gateway
from bridge.settings import Settings

if __name__ == "__main__":
    port = int(os.environ["USUAL_PORT"])
    gateway.USUAL_PORTS = range(port, port + 1)
    Settings.model_fields["gateway_url"].default = f"http://127.0.0.1:{port}"
    Settings.model_rebuild(force=True)
    raise SystemExit(cli.main(["init"]))

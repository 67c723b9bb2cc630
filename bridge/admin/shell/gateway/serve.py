"""`cherry-bridge gateway`: answer until told to stop."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from bridge.errors import SettingsError
from bridge.server import GatewayServer


async def serve(config: Path, host: str, port: int | None) -> int:
    """Raises SettingsError where the file or the address cannot be used."""
    stopped = asyncio.Event()
    if sys.platform != "win32":  # there Ctrl-C cancels this very task
        for stop in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(stop) is not signal.SIG_IGN:  # which `nohup` asks for
                asyncio.get_running_loop().add_signal_handler(stop, stopped.set)
    try:
        async with GatewayServer(config, host=host, port=port) as server:
            providers = ", ".join(server.registry.providers) or "no provider yet"
            print(f"The gateway answers on {server.url}: {providers}.", flush=True)
            await stopped.wait()
    except OSError as error:
        raise SettingsError([f"The address cannot be used: {error.strerror or error}"]) from None
    print("stopped", flush=True)
    return 0

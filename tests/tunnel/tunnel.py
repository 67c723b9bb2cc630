"""A tunnel set up by the note's own commands, and kept up as its unit does."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from tests.harness import PATIENCE_SECONDS, until
from tests.tunnel.machine import Machine
from tests.tunnel.note import DEPLOY, KEY, block, blocks, unit

PORT = 23333


class Tunnel:
    """`calls` runs ssh, by `command`; the other one runs sshd."""

    def __init__(self, computer: Machine, server: Machine, calls: Machine, command: str, folder: Path) -> None:
        self.computer = computer
        self.server = server
        self.log = folder / "ssh.log"
        self.ssh: subprocess.Popen[bytes] | None = None
        """The ssh that runs now."""
        self._calls = calls
        self._command = command.strip()

    @asynccontextmanager
    async def kept_up(self) -> AsyncIterator[None]:
        """As systemd does: start it, and start it again whenever it ends."""
        service = unit()["Service"]
        assert service["Restart"] == "always"
        keeping = asyncio.create_task(self._keep(float(service["RestartSec"])))
        try:
            await self.through()
            yield
        finally:
            keeping.cancel()
            await asyncio.wait([keeping])
            if self.ssh is not None:
                self.ssh.kill()
                self.ssh.wait()

    async def through(self) -> None:
        """Wait until the port is open on the server."""
        await until(self.is_open, f"the tunnel; {self.said()}")

    def cut(self) -> None:
        assert self.ssh is not None
        self.ssh.kill()

    def said(self) -> str:
        """What ssh printed."""
        return self.log.read_text() if self.log.exists() else ""

    def is_open(self) -> bool:
        return self.server.listens(PORT)

    async def _keep(self, pause: float) -> None:
        while True:
            self.ssh = self._calls.start(self._command, self.log)
            while self.ssh.poll() is None:
                await asyncio.sleep(0.05)
            await asyncio.sleep(pause)


@contextmanager
def from_computer(computer: Machine, server: Machine, folder: Path, slip: str = "") -> Iterator[Tunnel]:
    """`slip`: what somebody did on the server after they had followed the note."""
    generate, meet = blocks("computer")[0], blocks("computer")[2]
    shown = computer.run(generate).splitlines()[-1]
    account = server.run(KEY.sub(shown, block("server")))
    server.run(slip)
    (computer.home / ".ssh" / "config").write_text(blocks("computer")[1])
    with _sshd(server, folder):
        met = computer.run(meet)
        assert met.split()[-1] == account.split()[1], "both sides show the same fingerprint"
        yield Tunnel(computer, server, computer, block("tunnel"), folder)


@contextmanager
def from_server(computer: Machine, server: Machine, folder: Path) -> Iterator[Tunnel]:
    generate, config, meet = blocks("server-l")
    shown = server.run(generate).splitlines()[-1]
    (computer.home / ".ssh" / "authorized_keys").write_text(KEY.sub(shown, block("computer-l")))
    (server.home / ".ssh" / "config").write_text(config)
    with _sshd(computer, folder):
        server.run(meet)
        yield Tunnel(computer, server, server, block("tunnel-l"), folder)


@contextmanager
def from_compose(computer: Machine, server: Machine, folder: Path) -> Iterator[None]:
    """The server's side as docker-compose.yml has it: an sshd without root, by the image's own two files."""
    shown = computer.run(blocks("computer")[0]).splitlines()[-1]
    files = DEPLOY / "sshd"
    server.run(
        f"cp {files}/sshd_config /etc/ssh/tunnel.conf; cp {files}/start /run/start; "
        "useradd -M -u 10002 -s /usr/sbin/nologin -p '*' cherry-tunnel; install -d -m 700 -o cherry-tunnel /run/tunnel"
    )
    start = f"env TUNNEL_KEY='{shown}' setpriv --reuid=10002 --clear-groups --bounding-set=-all sh /run/start"
    with _sshd(server, folder, start, 2222):
        computer.run("ssh-keyscan -p 2222 -t ed25519 bridge.example.com >> ~/.ssh/known_hosts")
        yield


@contextmanager
def _sshd(machine: Machine, folder: Path, command: str = "$(command -v sshd) -D -e", port: int = 22) -> Iterator[None]:
    running = machine.start(command, log := folder / "sshd.log")
    try:
        give_up = time.monotonic() + PATIENCE_SECONDS
        while not machine.listens(port):
            assert running.poll() is None and time.monotonic() < give_up, log.read_text()
            time.sleep(0.02)
        yield
    finally:
        running.kill()
        running.wait()

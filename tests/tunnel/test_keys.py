"""What the note's keys open, which is one port, and what they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.gateway import Gateway
from tests.tunnel.machine import Machine
from tests.tunnel.test_tunnel import cherry_studio
from tests.tunnel.tunnel import Tunnel, from_compose, from_computer

SHUT = "administratively prohibited"


def ssh(machine: Machine, arguments: str, key: str, to: str, limit: float = 20) -> str:
    """What ssh says with this key and nothing of the note's settings; it ends by itself."""
    options = f"-F /dev/null -i ~/.ssh/{key} -o BatchMode=yes -o ExitOnForwardFailure=yes -o ConnectTimeout=10"
    before, _, after = arguments.partition(" -- ")
    return machine.run(f"timeout {limit:g} ssh {options} {before} {to} {after} 2>&1 || echo status $?")


RULES = "/etc/ssh/sshd_config.d/cherry-tunnel.conf"
LINE = "/etc/ssh/cherry-tunnel.keys"


@pytest.mark.parametrize(
    "slip",
    [
        "",
        f"sed -i '/^Match/b; /AuthorizedKeysFile/b; d' {RULES}",
        f"sed -i 's/^.* ssh-ed25519/ssh-ed25519/' {LINE}",
    ],
    ids=["as it is noted", "the key's line alone", "the account's rules alone"],
)
def test_the_desks_key_opens_one_port_on_the_server_only(
    machines: tuple[Machine, Machine], tmp_path: Path, slip: str
) -> None:
    with from_computer(*machines, tmp_path, slip):
        assert_one_port(machines[0])


def test_so_does_the_key_of_the_compose_file(machines: tuple[Machine, Machine], tmp_path: Path) -> None:
    with from_compose(*machines, tmp_path):
        assert_one_port(machines[0], "-p 2222")


def assert_one_port(computer: Machine, more: str = "") -> None:
    def tried(arguments: str, limit: float = 20) -> str:
        return ssh(computer, f"{more} {arguments}", "cherry-tunnel", "cherry-tunnel@bridge.example.com", limit)

    for listen in ("127.0.0.1:8080", "0.0.0.0:23333", "192.0.2.2:23333"):
        said = tried(f"-N -R {listen}:127.0.0.1:23333")
        assert "remote port forwarding failed" in said, listen
        assert "status 255" in said, listen
    assert SHUT in tried("-W 127.0.0.1:22"), "no way to other ports of the server"
    assert "uid=" not in tried("-T -- id")
    assert "uid=" not in tried("-tt -- id")
    assert "status 124" in tried("-N -R 127.0.0.1:23333:127.0.0.1:23333", limit=2), "that one was there till the end"


def test_the_servers_key_opens_one_port_on_the_desk_only(called: Tunnel) -> None:
    def tried(arguments: str) -> str:
        return ssh(called.server, arguments, "cherry-computer", "you@computer.example.com")

    assert SHUT in tried("-W 127.0.0.1:22")
    assert "remote port forwarding failed" in tried("-N -R 127.0.0.1:8080:127.0.0.1:22")
    assert "uid=" not in tried("-T -- id")
    assert "uid=" not in tried("-tt -- id")


async def test_a_tunnel_leads_to_the_gateway_and_survives_a_cut(called: Tunnel) -> None:
    with called.server.inside():
        async with cherry_studio(called.computer) as studio, called.kept_up():
            async with Gateway(studio.url, studio.key) as gateway:
                assert await gateway.models()
                called.cut()
                assert called.ssh is not None
                called.ssh.wait()
                await called.through()
                assert await gateway.models(fresh=True)
    assert studio.lists == 2

"""A machine beside this one: a network, an /etc, a /run and a home of its own; all else is shared.

Linux namespaces without names, held by one process: they are gone when the last process in them is, however the
tests end. Needs root.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

TOOLS = ("unshare", "nsenter", "setpriv", "ip", "ssh", "ssh-keygen", "ssh-keyscan", "sshd", "useradd", "curl")
PATH = f"{os.environ['PATH']}:/usr/local/sbin:/usr/sbin:/sbin"
SEPARATE = ("--net", "--mount", "--propagation=private")
_CLONE_NEWNET = 0x40000000
_HOLD = """
mount -t tmpfs tmpfs "$1"
cp -a /etc/. "$1"
mount --bind "$1" /etc
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -m 755 /run/sshd
# Nothing that this machine has set up for ssh counts on that one. "you" is an administrator there.
rm -f /etc/ssh/ssh_host_* /etc/ssh/ssh_config.d/* /etc/ssh/sshd_config.d/*
ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key
sed -i "s|^root:x:0:0:root:[^:]*:|root:x:0:0:root:$2:|" /etc/passwd
echo "you:x:0:0::$2:/bin/sh" >> /etc/passwd
echo "you:*:20000:0:99999:7:::" >> /etc/shadow
ip link set lo up
echo ready
exec cat
"""


def lacking() -> str:
    """Why no machine can be made here; empty where it can."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "the tunnel's tests make network namespaces and run sshd, so they need Linux and root"
    missing = [tool for tool in TOOLS if shutil.which(tool, path=PATH) is None]
    if missing:
        return f"the tunnel's tests need {', '.join(missing)}: apt install openssh-server iproute2 curl"
    tried = subprocess.run(
        ["unshare", *SEPARATE, "mount", "-t", "tmpfs", "tmpfs", "/run"], capture_output=True, text=True, check=False
    )
    return f"no namespaces can be made here: {tried.stderr.strip()}" if tried.returncode else ""


class Machine:
    """Used with ``with``. Whatever still runs in it at the end is ended."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.home = folder / "home"
        self._etc = folder / "etc"

    def __enter__(self) -> Self:
        (self.home / ".ssh").mkdir(mode=0o700, parents=True)
        self._etc.mkdir()
        self._holder = subprocess.Popen(
            ["unshare", *SEPARATE, "sh", "-euc", _HOLD, "sh", str(self._etc), str(self.home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PATH": PATH},
            text=True,
        )
        assert self._holder.stdout is not None
        if self._holder.stdout.readline() != "ready\n":
            self._holder.communicate()
            raise AssertionError(f"{self.name} did not come up; why, stands in what was printed")
        self._network = f"/proc/{self._holder.pid}/ns/net"
        return self

    def __exit__(self, *_exc: object) -> None:
        for pid in self._occupants():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._holder.communicate()

    def host(self, address: str, name: str) -> None:
        """Where this machine finds another."""
        self.run(f"echo {address} {name} >> /etc/hosts")

    def join(self, other: Machine) -> None:
        """A wire between the two: this one is 192.0.2.1 on it, the other 192.0.2.2 (addresses kept for examples)."""
        self.run(f"ip link add wire type veth peer name wire netns {other._network}")
        for machine, address in ((self, "192.0.2.1"), (other, "192.0.2.2")):
            machine.run(f"ip address add {address}/24 dev wire && ip link set wire up")

    def freeze(self) -> None:
        """From now on no packet gets through the wire, and nobody is told."""
        self.run("ip link set wire down")

    def heal(self) -> None:
        self.run("ip link set wire up")

    def listens(self, port: int) -> bool:
        """Whether some program there listens on this TCP port of IPv4."""
        lines = Path(f"/proc/{self._holder.pid}/net/tcp").read_text().splitlines()[1:]
        return any(at.endswith(f":{port:04X}") and state == "0A" for _, at, _, state, *_ in map(str.split, lines))

    def run(self, script: str) -> str:
        """Run shell lines there, as root; what they printed. Fails where one of them fails."""
        ran = subprocess.run(
            self._there("sh", "-euc", script), env=self._environment(), capture_output=True, text=True, timeout=60
        )
        assert ran.returncode == 0, f"on {self.name}: {script}\n{ran.stdout}{ran.stderr}"
        return ran.stdout

    def start(self, command: str, log: Path) -> subprocess.Popen[bytes]:
        """Start one program there; it ends with us at the latest. Its id is the program's own."""
        with log.open("ab") as out:
            return subprocess.Popen(
                self._there("setpriv", "--pdeathsig=KILL", "sh", "-c", f"exec {command}"),
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )

    @contextmanager
    def inside(self) -> Iterator[None]:
        """This thread's sockets, and the network of the programs it starts, are that machine's meanwhile."""
        with open("/proc/thread-self/ns/net") as ours, open(self._network) as theirs:
            _enter(theirs.fileno())
            try:
                yield
            finally:
                _enter(ours.fileno())

    def _there(self, *command: str) -> list[str]:
        here = f"/proc/{self._holder.pid}/ns"
        return ["nsenter", f"--net={here}/net", f"--mount={here}/mnt", f"--wd={self.home}", "--", *command]

    def _environment(self) -> dict[str, str]:
        return {"PATH": PATH, "HOME": str(self.home), "LANG": "C.UTF-8"}

    def _occupants(self) -> list[int]:
        """The processes whose network is this machine's, but for ourselves."""
        ours, found = os.readlink(self._network), []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if os.readlink(process / "ns" / "net") == ours and int(process.name) != os.getpid():
                    found.append(int(process.name))
        return found


def _enter(network: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(network, _CLONE_NEWNET):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))

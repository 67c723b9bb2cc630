"""`cherry-bridge service`: have `cherry-bridge run` started with the machine, as a service of the user's own.

A user unit of systemd, or an agent of launchd on a Mac. It runs in the folder where it is installed and reads the
`.env` there: variables of the shell do not reach it.
"""

from __future__ import annotations

import getpass
import os
import plistlib
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from dotenv import dotenv_values
from pydantic_settings import BaseSettings

from bridge.admin.shell.configuration import read_configuration
from bridge.channel_settings import ChannelSettings
from bridge.errors import SettingsError
from bridge.settings import Settings, variable

NAME = "cherry-bridge"
LOG_LINES = "100"
STOP_SECONDS = 45
"""Answers under way may end, and the embedded store is written."""


@dataclass(frozen=True, slots=True)
class Systemd:
    """https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html"""

    home: Path

    @property
    def file(self) -> Path:
        return self.home / ".config" / "systemd" / "user" / f"{NAME}.service"

    def definition(self, program: Sequence[str], folder: Path) -> bytes:
        """Return the unit that runs `program` in `folder`."""
        lines = [
            "[Unit]",
            "Description=cherry-bridge: chat with the models of Cherry Studio",
            "StartLimitIntervalSec=0",
            "",
            "[Service]",
            "Type=exec",
            f"ExecStart={' '.join(map(_quoted, program))}",
            f"WorkingDirectory={str(folder).replace('%', '%%')}",
            "Restart=always",
            "RestartSec=5",
            "# Settings that cannot be used: no restart mends them.",
            "RestartPreventExitStatus=2",
            "KillMode=mixed",
            f"TimeoutStopSec={STOP_SECONDS}",
            "UMask=0077",
            "",
            "[Install]",
            "WantedBy=default.target",
            "",
        ]
        return "\n".join(lines).encode()

    def start(self) -> list[list[str]]:
        return [
            ["systemctl", "--user", "daemon-reload"],
            ["systemctl", "--user", "enable", NAME],
            ["systemctl", "--user", "restart", NAME],
        ]

    def stop(self) -> list[list[str]]:
        return [["systemctl", "--user", "disable", "--now", NAME]]

    def forget(self) -> list[list[str]]:
        return [["systemctl", "--user", "daemon-reload"]]

    def status(self) -> list[str]:
        return ["systemctl", "--user", "--no-pager", "status", NAME]

    def logs(self, *, follow: bool) -> list[str]:
        return ["journalctl", "--user", "--unit", NAME, "--lines", LOG_LINES, *(["--follow"] if follow else [])]

    def advice(self) -> str:
        """What else is needed; empty where nothing is."""
        user = getpass.getuser()
        if Path("/var/lib/systemd/linger", user).exists():
            return ""
        return f"It stops when you log out. To keep it running: loginctl enable-linger {user}"


@dataclass(frozen=True, slots=True)
class Launchd:
    """https://developer.apple.com/library/archive/documentation/MacOSX/Conceptual/BPSystemStartup/"""

    home: Path
    user_id: int

    @property
    def file(self) -> Path:
        return self.home / "Library" / "LaunchAgents" / f"{NAME}.plist"

    @property
    def log(self) -> Path:
        return self.home / "Library" / "Logs" / f"{NAME}.log"

    def definition(self, program: Sequence[str], folder: Path) -> bytes:
        """Return the agent that runs `program` in `folder`."""
        return plistlib.dumps(
            {
                "Label": NAME,
                "ProgramArguments": list(program),
                "WorkingDirectory": str(folder),
                "RunAtLoad": True,
                "KeepAlive": True,
                "ThrottleInterval": 10,
                "ExitTimeOut": STOP_SECONDS,
                "Umask": 0o077,
                "StandardOutPath": str(self.log),
                "StandardErrorPath": str(self.log),
            }
        )

    def start(self) -> list[list[str]]:
        return [["launchctl", "bootstrap", f"gui/{self.user_id}", str(self.file)]]

    def stop(self) -> list[list[str]]:
        return [["launchctl", "bootout", f"gui/{self.user_id}/{NAME}"]]

    def forget(self) -> list[list[str]]:
        return []

    def status(self) -> list[str]:
        return ["launchctl", "print", f"gui/{self.user_id}/{NAME}"]

    def logs(self, *, follow: bool) -> list[str]:
        return ["tail", "-n", LOG_LINES, *(["-f"] if follow else []), str(self.log)]

    def advice(self) -> str:
        return ""


Manager = Systemd | Launchd


def service(action: str, channels: Mapping[str, type[ChannelSettings]], *, follow: bool = False) -> int:
    """Do `action`; return an exit status. Raises SettingsError with what is missing."""
    manager = _manager()
    if action == "install":
        return _install(manager, channels)
    if not manager.file.exists():
        raise SettingsError(["The service is not installed; `cherry-bridge service install` installs it."])
    match action:
        case "status":
            return _shown(manager.status())
        case "logs":
            return _shown(manager.logs(follow=follow))
    return _uninstall(manager)


def _manager() -> Manager:
    if sys.platform == "darwin":
        return Launchd(Path.home(), os.getuid())
    if sys.platform.startswith("linux"):
        return Systemd(Path.home())
    raise SettingsError(["`service` works on Linux and macOS only; docs/operations.md describes other ways."])


def _install(manager: Manager, channels: Mapping[str, type[ChannelSettings]]) -> int:
    folder = Path.cwd()
    if not (folder / ".env").is_file():
        raise SettingsError(
            ["There is no .env in this folder, and a service reads nothing else; `cherry-bridge init` writes one."]
        )
    if _is_passing(Path(sys.executable)):
        raise SettingsError(["This program is in a temporary cache. Install it first: uv tool install cherry-bridge"])
    _check(channels, folder / ".env")
    manager.file.parent.mkdir(parents=True, exist_ok=True)
    if was_there := manager.file.exists():
        _quietly(manager.stop())
    manager.file.write_bytes(manager.definition([sys.executable, "-m", "bridge", "run"], folder))
    if why := _done(manager.start()):
        print(f"cherry-bridge: {manager.file} is written, but could not be started: {why}", file=sys.stderr)
        return 1
    print(f"{'Updated' if was_there else 'Installed'} {manager.file}; it runs with the settings in {folder / '.env'}.")
    if advice := manager.advice():
        print(advice)
    print("cherry-bridge service status and cherry-bridge service logs show how it is.")
    return 0


def _check(channels: Mapping[str, type[ChannelSettings]], env_file: Path) -> None:
    """Raise SettingsError where a run could not begin, or would begin here and not as a service."""
    read_configuration(channels).channels_in_use()
    kinds: list[type[BaseSettings]] = [Settings, *channels.values()]
    known = {variable(kind, field) for kind in kinds for field in kind.model_fields}
    written = {name.upper() for name in dotenv_values(env_file)}
    if stray := sorted(name for name in known & os.environ.keys() if name not in written):
        raise SettingsError([f"{name} is set in this shell only; write it into .env, or unset it" for name in stray])


def _uninstall(manager: Manager) -> int:
    _quietly(manager.stop())
    manager.file.unlink()
    _quietly(manager.forget())
    print(f"Removed {manager.file}. Your .env and all data are still there.")
    return 0


def _is_passing(executable: Path) -> bool:
    """Whether the environment of `executable` is one that uvx or `pipx run` made for once."""
    parts = executable.parts
    return any(first == ".cache" and then in ("uv", "pipx") for first, then in pairwise(parts))


def _done(commands: Sequence[Sequence[str]]) -> str:
    """Run each until one fails; return why, or nothing."""
    for command in commands:
        try:
            ran = subprocess.run(command, capture_output=True, text=True)  # noqa: S603 - fixed words and our own paths
        except FileNotFoundError:
            return f"there is no {command[0]} here"
        if ran.returncode:
            return (ran.stderr or ran.stdout).strip() or f"{command[0]} ended with {ran.returncode}"
    return ""


def _quietly(commands: Sequence[Sequence[str]]) -> None:
    """Run them; what is not running or not known cannot be stopped, which is fine."""
    for command in commands:
        _done([command])


def _shown(command: Sequence[str]) -> int:
    """Run it as if the person had."""
    try:
        return subprocess.run(command).returncode  # noqa: S603 - fixed words and our own paths
    except FileNotFoundError:
        print(f"cherry-bridge: there is no {command[0]} here", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _quoted(word: str) -> str:
    """Return `word` as one of a command line in a unit."""
    plain = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{plain}"' if plain != word or " " in word else word

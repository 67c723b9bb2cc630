"""The command line: reads the settings, joins the parts, and is the only module that names channels."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from pydantic import SecretStr
from pydantic_settings import BaseSettings

import channels
from bridge import __version__, log
from bridge.errors import BridgeError, SettingsError
from bridge.settings import Settings, read, unknown, variable
from bridge.types import ModelId
from channels import ChannelModule, ChannelSettings

if TYPE_CHECKING:
    from bridge.admin.shell.platforms import Platform, Try
    from bridge.app import Open

DESCRIPTION = "Chat in Telegram, Discord and Feishu with every model your Cherry Studio can reach."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    options = _parser().parse_args(arguments)
    try:
        if options.command in (_init, _doctor):  # they read the settings themselves, whatever is wrong with them
            status: int = options.command(options)
            return status
        own = _read_all(_modules() if options.command is _serve else {})
        settings = cast(Settings, own.pop(""))
        if options.command is _serve:
            options.openers = _openers(settings, own)
        command: Callable[[Settings, argparse.Namespace], Coroutine[Any, Any, int]] = options.command
        return _run(command(settings, options))
    except SettingsError as error:
        print(*(f"cherry-bridge: {fault}" for fault in error.faults), sep="\n", file=sys.stderr)
        return 2
    except BridgeError as error:
        print(f"cherry-bridge: {log.redact(str(error))}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read our output has heard enough, as `head` does. Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130


def _run(command: Coroutine[Any, Any, int]) -> int:
    if sys.platform == "win32":
        return asyncio.run(command)
    import uvloop

    return uvloop.run(command)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cherry-bridge", description=DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"cherry-bridge {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="listen and answer on every configured channel until stopped")
    run.set_defaults(command=_serve)

    chat = commands.add_parser("chat", help="talk in the terminal; with TEXT, print one answer")
    chat.add_argument("--model", type=_model, metavar="M", help="provider:model")
    chat.add_argument("text", nargs="*", metavar="TEXT", help="a question; '-' reads it from standard input")
    chat.set_defaults(command=_chat)

    demo = commands.add_parser("demo", help="talk in the terminal with a gateway that needs nothing")
    demo.add_argument("--model", type=_model, metavar="M", help="provider:model")
    demo.add_argument("text", nargs="*", metavar="TEXT", help="a question; '-' reads it from standard input")
    demo.set_defaults(command=_demo)

    gateway = commands.add_parser("demo-gateway", help="the demo gateway alone, OpenAI-compatible")
    gateway.add_argument("--port", type=int, default=23333, help="default: %(default)s")
    gateway.add_argument("--key", default="", help="ask for this key; none is needed without it")
    gateway.set_defaults(command=_demo_gateway)

    init = commands.add_parser("init", help="set up: ask for what is needed, try each answer, write .env")
    init.set_defaults(command=_init)

    doctor = commands.add_parser("doctor", help="check everything a run needs, and say how to mend what is wrong")
    doctor.add_argument("--json", action="store_true")
    doctor.set_defaults(command=_doctor)

    models = commands.add_parser("models", help="what the gateway offers")
    models.add_argument("--json", action="store_true")
    models.set_defaults(command=_models)

    access = commands.add_parser("access", help="who may talk, from a shell")
    _add_access(access.add_subparsers(required=True, metavar="list|allow|deny|remove|admin|invite|audit"))
    return parser


def _add_access(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The actions of `access`; each can answer in JSON."""
    about = {
        "list": "who may talk, and who may not",
        "allow": "let in",
        "deny": "shut out, whatever else would let them in",
        "remove": "neither let in nor shut out",
        "admin": "make or remove an admin",
        "invite": "make a code that lets somebody in",
        "audit": "the last changes",
    }
    added = {name: actions.add_parser(name, help=text) for name, text in about.items()}
    for name, action in added.items():
        action.add_argument("--json", action="store_true")
        action.set_defaults(command=_access, action=name)
    for name in ("allow", "deny", "remove"):
        kind = added[name].add_mutually_exclusive_group()
        kind.add_argument("--chat", action="store_true", help="the id is a chat's, not a person's")
        kind.add_argument("--group", action="store_true", help="the id is a server's, a role's or a department's")
    for name in ("allow", "deny"):
        added[name].add_argument("--for", dest="duration", default="", metavar="7d", help="only for so long")
    added["admin"].add_argument("change", choices=["add", "remove"])
    for name in ("allow", "deny", "remove", "admin"):
        added[name].add_argument("id", metavar="CHANNEL:ID", help="for example telegram:4711, as /whoami shows it")
    added["invite"].add_argument("--uses", type=int, default=1, metavar="N", help="default: %(default)s")
    added["invite"].add_argument("--for", dest="duration", default="1d", metavar="7d", help="default: %(default)s")
    added["audit"].add_argument("--most", type=int, default=50, metavar="N", help="default: %(default)s")


def _model(text: str) -> ModelId:
    try:
        return ModelId.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


async def _serve(settings: Settings, options: argparse.Namespace) -> int:
    from bridge.admin.shell.serve import serve

    log.configure(settings.log)
    return await serve(settings, options.openers)


async def _chat(settings: Settings, options: argparse.Namespace) -> int:
    from bridge.admin.shell.ask import ask, question

    if text := question(options.text):
        log.configure("error")
        return await ask(settings, text, options.model)
    from bridge.admin.shell.chat import chat
    from channels.console import Console

    return await chat(settings, options.model, Console)


async def _demo(settings: Settings, options: argparse.Namespace) -> int:
    from bridge.demo import DemoGateway

    async with DemoGateway() as gateway:
        there = Settings(gateway_url=gateway.url, data_dir=settings.data_dir / "demo", language=settings.language)
        return await _chat(there, options)


async def _demo_gateway(_settings: Settings, options: argparse.Namespace) -> int:
    from bridge.demo import DemoGateway

    async with DemoGateway(port=options.port, key=options.key) as gateway:
        print(f"The demo gateway answers on {gateway.url} until you press Ctrl-C.", flush=True)
        await asyncio.Event().wait()
    return 0


def _init(_options: argparse.Namespace) -> int:
    from bridge.admin.shell.init import init

    log.configure("error")
    return init(_platforms(), lambda: main(["run"]))


def _doctor(options: argparse.Namespace) -> int:
    from bridge.admin.shell.doctor import doctor

    log.configure("error")
    return _run(doctor(_platforms(), as_json=options.json))


async def _models(settings: Settings, options: argparse.Namespace) -> int:
    from bridge.admin.shell.lists import models

    log.configure("error")
    return await models(settings, options)


async def _access(settings: Settings, options: argparse.Namespace) -> int:
    from bridge.admin.shell.lists import access

    log.configure("error")
    return await access(settings, options)


def _platforms() -> list[Platform]:
    """Every channel, as those see it who set it up."""
    from bridge.admin.shell.platforms import Platform

    platforms = []
    for name, module in _modules().items():
        checks = channels.checks(name)
        required = [variable(module.Settings, field) for field in module.Settings.required]
        platforms.append(
            Platform(name, module.Settings, checks.questions, cast("Try", checks.check), _missing, required)
        )
    return platforms


def _missing(settings: BaseSettings) -> list[str]:
    return [variable(settings, field) for field in cast(ChannelSettings, settings).missing]


def _modules() -> dict[str, ChannelModule]:
    return {name: channels.load(name) for name in channels.names()}


def _read_all(modules: Mapping[str, ChannelModule]) -> dict[str, BaseSettings]:
    """The bridge's settings, under no name, and those of each channel. Raises SettingsError with every fault."""
    kinds: dict[str, type[BaseSettings]] = {"": Settings, **{name: each.Settings for name, each in modules.items()}}
    found: dict[str, BaseSettings] = {}
    faults: list[str] = []
    for name, kind in kinds.items():
        try:
            found[name] = read(kind)
        except SettingsError as error:
            faults += error.faults
    slips = unknown([Settings, *(module.Settings for module in _modules().values())])
    if faults:
        raise SettingsError([*faults, *slips])
    print(*(f"cherry-bridge: {slip}\n" for slip in slips), sep="", end="", file=sys.stderr)
    log.hide(secret for settings in found.values() for secret in _secrets(settings))
    return found


def _openers(settings: Settings, own: Mapping[str, BaseSettings]) -> dict[str, Open]:
    """How to open each channel that is in use. Raises SettingsError where one of them cannot be, or none is."""
    faults = [
        f"BRIDGE_CHANNELS: there is no channel {name!r}; there are {', '.join(own)}"
        for name in settings.channels or ()
        if name not in own
    ]
    opening: dict[str, Open] = {}
    for name, module in _modules().items():
        theirs = cast(ChannelSettings, own[name])
        if name in settings.channels if settings.channels is not None else theirs.configured:
            unset = [variable(theirs, field) for field in theirs.missing]
            faults += [f"{each}: not set, though BRIDGE_CHANNELS names {name}" for each in unset]
            opening[name] = partial(module.open_channel, theirs)
    if not opening and not faults:
        needed = [variable(each, cast(ChannelSettings, each).required[0]) for each in own.values()]
        faults.append(
            f"No channel is configured. `cherry-bridge init` asks for what is needed, or set {' or '.join(needed)}; "
            "`cherry-bridge chat` talks right here."
        )
    if faults:
        raise SettingsError(faults)
    return opening


def _secrets(settings: BaseSettings) -> Iterable[str]:
    values = (getattr(settings, name) for name in type(settings).model_fields)
    return [value.get_secret_value() for value in values if isinstance(value, SecretStr)]

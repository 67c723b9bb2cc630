"""The command line: reads the settings, joins the parts, and is the only module that names channels."""

from __future__ import annotations

import argparse
import asyncio
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
    from bridge.app import Open

DESCRIPTION = "Chat in Telegram, Discord and Feishu with every model your Cherry Studio can reach."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    options = _parser().parse_args(arguments)
    try:
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

    models = commands.add_parser("models", help="what the gateway offers")
    models.add_argument("--json", action="store_true")
    models.set_defaults(command=_models)

    access = commands.add_parser("access", help="the allowlist, from a shell")
    actions = access.add_subparsers(required=True, metavar="list|allow|deny")
    for name, about in (("list", "who may talk"), ("allow", "let in"), ("deny", "let in no longer")):
        action = actions.add_parser(name, help=about)
        if name == "list":
            action.add_argument("--json", action="store_true")
        else:
            action.add_argument("--chat", action="store_true", help="the id is a chat's, not a person's")
            action.add_argument("id", metavar="CHANNEL:ID", help="for example telegram:4711, as /whoami shows it")
        action.set_defaults(command=_access, action=name)
    return parser


def _model(text: str) -> ModelId:
    try:
        return ModelId.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


async def _serve(settings: Settings, options: argparse.Namespace) -> int:
    from bridge.shell.serve import serve

    log.configure(settings.log)
    return await serve(settings, options.openers)


async def _chat(settings: Settings, options: argparse.Namespace) -> int:
    from bridge.shell.ask import ask, question

    if text := question(options.text):
        log.configure("error")
        return await ask(settings, text, options.model)
    from bridge.shell.chat import chat
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


async def _models(settings: Settings, options: argparse.Namespace) -> int:
    from bridge.shell.lists import models

    log.configure("error")
    return await models(settings, options)


async def _access(settings: Settings, options: argparse.Namespace) -> int:
    from bridge.shell.lists import access

    log.configure("error")
    return await access(settings, options)


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
        faults.append(f"No channel is configured. Set {' or '.join(needed)}; or try `cherry-bridge chat` right here.")
    if faults:
        raise SettingsError(faults)
    return opening


def _secrets(settings: BaseSettings) -> Iterable[str]:
    values = (getattr(settings, name) for name in type(settings).model_fields)
    return [value.get_secret_value() for value in values if isinstance(value, SecretStr)]

"""What each command does: read the settings, import what it needs, and run it. Each returns the exit status."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from bridge.channel_settings import ChannelSettings
    from bridge.settings import Settings


def run_bridge(options: argparse.Namespace) -> int:
    from bridge import log
    from bridge.admin.shell.configuration import read_configuration

    configuration = read_configuration(channel_settings(), quiet=options.number > 0)
    in_use = configuration.channels_in_use()
    log.configure(configuration.bridge.log, process=options.number)
    if options.processes > 1:
        from bridge.admin.shell.processes import supervise

        return _run(supervise(configuration.bridge, options.processes))
    from bridge.admin.shell.serve import serve

    openers = {name: settings.open_channel for name, settings in in_use.items()}
    return _run(serve(configuration.bridge, openers, channel_settings(), number=options.number))


def run_chat(options: argparse.Namespace) -> int:
    from bridge.admin.shell.configuration import read_settings

    return _talk(read_settings(), options, nullcontext)


def run_demo(options: argparse.Namespace) -> int:
    from bridge.admin.shell.configuration import read_settings

    settings = read_settings()
    return _talk(settings.model_copy(update={"data_dir": settings.data_dir / "demo"}), options, _with_demo_gateway)


def _talk(
    settings: Settings,
    options: argparse.Namespace,
    with_gateway: Callable[[Settings], AbstractAsyncContextManager[Settings]],
) -> int:
    """Answer one question, or talk until the person leaves; `with_gateway` opens the gateway to talk with."""
    text = "" if options.file and not options.text else _question(options.text)
    if text or options.file:
        return _run(_ask(with_gateway(settings), text, options))
    from bridge.admin.shell.chat import chat
    from channels.console import Settings as ConsoleSettings

    console = ConsoleSettings(user=_user_name(), data_dir=settings.data_dir)
    return _run(chat(settings, options.model, console.open_channel(), with_gateway))


def _question(words: Sequence[str]) -> str:
    """Join the words; for ``-`` alone, or for none where standard input is no terminal, read standard input."""
    if list(words) == ["-"] or (not words and not sys.stdin.isatty()):
        return sys.stdin.read().strip()
    return " ".join(words).strip()


async def _ask(gateway: AbstractAsyncContextManager[Settings], text: str, options: argparse.Namespace) -> int:
    from pathlib import Path

    from bridge import log
    from bridge.admin.shell.ask import ask
    from channels.console import attachments, files

    log.configure("error")
    try:
        named = [attachments.attachment(Path(path)) for path in options.file]
    except attachments.NoSuchFile as missing:
        print(f"cherry-bridge: there is no file {missing.path}", file=sys.stderr)
        return 2
    async with gateway as settings:
        return await ask(settings, text, options.model, named, files.LocalFiles(settings.data_dir / "files"))


@asynccontextmanager
async def _with_demo_gateway(settings: Settings) -> AsyncIterator[Settings]:
    from bridge.demo import DemoGateway, DemoSpeech
    from bridge.settings import Settings

    async with DemoGateway() as gateway, DemoSpeech() as speech:
        yield Settings(
            gateway_url=gateway.url,
            speech_url=speech.url,
            speech_voice_model=DemoSpeech.model,
            data_dir=settings.data_dir,
            language=settings.language,
        )


def run_demo_gateway(options: argparse.Namespace) -> int:
    return _run(_serve_demo_gateway(options.port, options.key))


async def _serve_demo_gateway(port: int, key: str) -> int:
    import asyncio

    from bridge.demo import DemoGateway

    async with DemoGateway(port=port, key=key) as gateway:
        print(f"The demo gateway answers on {gateway.url} until you press Ctrl-C.", flush=True)
        await asyncio.Event().wait()
    return 0


def run_gateway(options: argparse.Namespace) -> int:
    from bridge import log

    config = _gateway_config(options)
    log.configure("info" if options.action == "serve" else "error")
    if options.action == "serve":
        from bridge.admin.shell.gateway.serve import serve

        return _run(serve(config, options.host, options.port))
    if options.action == "usage":
        from bridge.admin.shell.gateway.keys import usage

        return usage(config, options)
    from bridge.admin.shell.gateway import providers

    match options.action:
        case "add":
            return _run(providers.add(config, options))
        case "test":
            return _run(providers.test(config, options))
        case "list":
            return providers.show(config, options)
        case "remove":
            return providers.remove(config, options)
    return providers.take_over(config, options)


def run_gateway_key(options: argparse.Namespace) -> int:
    from bridge.admin.shell.gateway.keys import keys

    return keys(_gateway_config(options), options)


def _gateway_config(options: argparse.Namespace) -> Path:
    from pathlib import Path

    from bridge.admin.shell.configuration import read_settings

    return Path(options.config) if options.config else read_settings().gateway_file


def run_init(_options: argparse.Namespace) -> int:
    from bridge import log
    from bridge.admin.shell.init import init
    from bridge.cli import main

    log.configure("error")
    return init(channel_settings(), lambda: main(["run"]))


def run_doctor(options: argparse.Namespace) -> int:
    from bridge import log
    from bridge.admin.shell.doctor import doctor

    log.configure("error")
    return _run(doctor(channel_settings(), as_json=options.json))


def run_models(options: argparse.Namespace) -> int:
    from bridge import log
    from bridge.admin.shell.configuration import read_settings
    from bridge.admin.shell.models import models

    log.configure("error")
    return _run(models(read_settings(), as_json=options.json))


def run_bench(options: argparse.Namespace) -> int:
    from bridge import log
    from bridge.admin.shell.bench import bench
    from bridge.admin.shell.configuration import read_settings

    log.configure("error")
    return _run(bench(read_settings(), options))


def run_access(options: argparse.Namespace) -> int:
    from bridge import log
    from bridge.admin.shell.configuration import read_settings
    from bridge.admin.shell.lists import access

    log.configure("error")
    return _run(access(read_settings(), options))


def run_inbox(options: argparse.Namespace) -> int:
    from bridge import log
    from bridge.admin.shell.configuration import read_settings
    from bridge.admin.shell.inbox import inbox

    log.configure("error")
    return _run(inbox(read_settings(), options))


def run_usage(options: argparse.Namespace) -> int:
    from bridge import log
    from bridge.admin.shell.configuration import read_settings
    from bridge.admin.shell.usage import usage

    log.configure("error")
    return _run(usage(read_settings(), options))


def run_web(options: argparse.Namespace) -> int:
    from bridge import log
    from bridge.admin.shell.configuration import read_configuration
    from bridge.admin.shell.web import web

    configuration = read_configuration(channel_settings())
    log.configure("warning")
    return _run(web(configuration.bridge, channel_settings(), options.port))


def run_completion(options: argparse.Namespace) -> int:
    import shtab

    from bridge.cli.arguments import parser

    print(shtab.complete(parser(), options.shell))
    return 0


def run_service(options: argparse.Namespace) -> int:
    from bridge.admin.shell.service import service

    return service(options.action, channel_settings(), follow=options.follow)


def channel_settings() -> dict[str, type[ChannelSettings]]:
    """The settings of every channel there is, by its name."""
    import channels

    return {name: channels.load(name) for name in channels.names()}


def _user_name() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name, as in some containers
        return "you"


def _run(command: Coroutine[Any, Any, int]) -> int:
    import asyncio

    if sys.platform == "win32":
        return asyncio.run(command)
    import uvloop

    return uvloop.run(command)

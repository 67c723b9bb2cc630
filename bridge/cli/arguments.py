"""The arguments of each command, and which handler runs it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from bridge import __version__
from bridge.cli import handlers

if TYPE_CHECKING:
    from bridge.types import ModelId

DESCRIPTION = "Chat in Telegram, Discord and Feishu with every model your Cherry Studio can reach."

MAX_PROCESSES = 64
"""More than machines have cores for; each takes some 75 MB."""

MAX_USAGE_DAYS = 40
"""As `DETAIL_DAYS` in `bridge/usage/ledger.py`, which is not loaded for `--help`."""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="cherry-bridge", description=DESCRIPTION)
    top.add_argument("--version", action="version", version=f"cherry-bridge {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="listen and answer on every configured channel until stopped")
    about = "how many processes share the work; default: %(default)s"
    run.add_argument("--processes", type=_process_count, default=1, metavar="N", help=about)
    run.add_argument("--number", type=int, default=0, help=argparse.SUPPRESS)  # which of several processes this is
    run.set_defaults(command=handlers.run_bridge)

    chat = commands.add_parser("chat", help="chat in the terminal; with TEXT, print one answer")
    chat.add_argument("--model", type=_model, metavar="M", help="provider:model")
    chat.add_argument("--file", action="append", default=[], metavar="PATH", help="a file for TEXT; may be repeated")
    chat.add_argument("text", nargs="*", metavar="TEXT", help="a question; '-' reads it from standard input")
    chat.set_defaults(command=handlers.run_chat)

    demo = commands.add_parser("demo", help="chat in the terminal with demo models; needs no key and no Cherry Studio")
    demo.add_argument("--model", type=_model, metavar="M", help="provider:model")
    demo.add_argument("--file", action="append", default=[], metavar="PATH", help="a file for TEXT; may be repeated")
    demo.add_argument("text", nargs="*", metavar="TEXT", help="a question; '-' reads it from standard input")
    demo.set_defaults(command=handlers.run_demo)

    demo_gateway = commands.add_parser("demo-gateway", help="our own gateway with the demo's models alone")
    demo_gateway.add_argument("--port", type=int, default=23333, help="default: %(default)s")
    demo_gateway.add_argument("--key", default="", help="ask for this key; none is needed without it")
    demo_gateway.set_defaults(command=handlers.run_demo_gateway)

    gateway = commands.add_parser("gateway", help="a gateway of your own: any provider, for any program")
    _add_gateway(gateway)

    init = commands.add_parser("init", help="set up: ask for what is needed, try each answer, write .env")
    init.set_defaults(command=handlers.run_init)

    doctor = commands.add_parser("doctor", help="check everything a run needs, and say how to fix what is wrong")
    doctor.add_argument("--json", action="store_true")
    doctor.set_defaults(command=handlers.run_doctor)

    models = commands.add_parser("models", help="list the models of the gateway")
    models.add_argument("--json", action="store_true")
    models.set_defaults(command=handlers.run_models)

    bench = commands.add_parser("bench", help="how fast models answer: first token, whole answer, tokens a second")
    bench.add_argument("--models", type=_model_list, metavar="M,M", help="provider:model, with commas between several")
    bench.add_argument("--runs", type=_positive, default=30, metavar="N", help="of each model; default: %(default)s")
    bench.add_argument("--concurrency", type=_positive, default=1, metavar="N", help="at once; default: %(default)s")
    bench.add_argument("--prompt", default="", metavar="TEXT", help="what is asked, in place of the usual question")
    bench.add_argument("--max-tokens", type=_count, metavar="N", help="of one answer; default: 512, 0: no limit")
    bench.add_argument("--json", action="store_true")
    bench.set_defaults(command=handlers.run_bench)

    web = commands.add_parser("web", help="the page for the person who runs the bot, on this machine, until stopped")
    web.add_argument("--port", type=_port, metavar="N", help="default: BRIDGE_WEB_PORT, or else a free one")
    web.set_defaults(command=handlers.run_web)

    access = commands.add_parser("access", help="see and change who may talk")
    _add_access(access.add_subparsers(required=True, metavar="list|allow|deny|remove|admin|invite|audit"))

    inbox = commands.add_parser("inbox", help="messages that could not be answered, and how many wait")
    _add_inbox(inbox.add_subparsers(required=True, metavar="list|retry|drop"))

    usage = commands.add_parser("usage", help="what was used, by day, person, chat and model")
    about = f"up to {MAX_USAGE_DAYS}; default: %(default)s"
    usage.add_argument("--days", type=_usage_days, default=30, metavar="N", help=about)
    kind = usage.add_mutually_exclusive_group()
    kind.add_argument("--json", action="store_true")
    kind.add_argument("--csv", action="store_true", help="for a spreadsheet")
    usage.set_defaults(command=handlers.run_usage)

    service = commands.add_parser("service", help="run it in the background and start it with the machine")
    actions = service.add_subparsers(required=True, metavar="install|status|logs|uninstall")
    for name, about in (
        ("install", "install and start it, with the .env of this folder"),
        ("status", "whether it runs"),
        ("logs", "its last log lines"),
        ("uninstall", "stop and remove it; settings and data stay"),
    ):
        action = actions.add_parser(name, help=about)
        action.set_defaults(command=handlers.run_service, action=name, follow=False)
    actions.choices["logs"].add_argument("--follow", action="store_true", help="and new lines as they come")

    completion = commands.add_parser("completion", help="print a script that completes commands with Tab")
    completion.add_argument("shell", choices=["bash", "zsh", "fish"])
    completion.set_defaults(command=handlers.run_completion)
    return top


def _add_access(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The actions of `access`; each can answer in JSON."""
    about = {
        "list": "who may talk, and who may not",
        "allow": "let in",
        "deny": "shut out, whatever else would let them in",
        "remove": "remove a rule",
        "admin": "make or remove an admin",
        "invite": "make a code that lets somebody in",
        "audit": "the last changes",
    }
    added = {name: actions.add_parser(name, help=text) for name, text in about.items()}
    for name, action in added.items():
        action.add_argument("--json", action="store_true")
        action.set_defaults(command=handlers.run_access, action=name)
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


def _add_inbox(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The actions of `inbox`; each can answer in JSON."""
    shown = actions.add_parser("list", help="when, where, who, why; and how much waits in queues")
    shown.add_argument("--show", action="store_true", help="also what was said")
    retry = actions.add_parser("retry", help="try one again, or all")
    drop = actions.add_parser("drop", help="delete one for good, or all")
    drop.add_argument("--yes", action="store_true", help="do not ask before all are dropped")
    for action in (retry, drop):
        action.add_argument("id", metavar="ID|all", help="as `cherry-bridge inbox list` shows it")
    for name, action in (("list", shown), ("retry", retry), ("drop", drop)):
        action.add_argument("--json", action="store_true")
        action.set_defaults(command=handlers.run_inbox, action=name)


def _add_gateway(gateway: argparse.ArgumentParser) -> None:
    """`gateway` alone serves; its actions look after providers and keys."""
    gateway.add_argument("--config", metavar="FILE", help="default: gateway.toml in the data folder")
    gateway.add_argument("--host", default="", help="default: what the file says, else 127.0.0.1")
    gateway.add_argument("--port", type=int, help="default: what the file says, else 23333")
    gateway.set_defaults(command=handlers.run_gateway, action="serve")
    actions = gateway.add_subparsers(metavar="add|list|test|remove|import|key|usage")

    add = actions.add_parser("add", help="add a provider, once it has answered")
    add.add_argument("provider", metavar="NAME", help="openai, anthropic, ollama, ... or any name, with --url")
    add.add_argument("--id", default="", help="its id, if it is not the first of its kind")
    add.add_argument("--url", default="", help="its address, such as https://api.example.com/v1")
    add.add_argument("--type", default="", choices=["openai", "openai-responses", "anthropic", "azure"])
    add.add_argument("--name", default="", help="the name that people see")
    add.add_argument("--key", action="append", metavar="env:NAME|file:PATH", help="default: it is asked for")
    add.add_argument("--models", action="append", metavar="PATTERN", help="offer only these, such as 'gpt-5*'")
    add.add_argument("--limit", default="", metavar="60/min", help="how often it may be asked")
    add.add_argument("--force", action="store_true", help="even if it does not answer")

    listed = actions.add_parser("list", help="the providers and MCP servers")
    test = actions.add_parser("test", help="try a provider, a model, an MCP server, or all")
    test.add_argument("provider", nargs="?", default="", metavar="PROVIDER[:MODEL]|mcp:ID")
    actions.add_parser("remove", help="remove a provider").add_argument("provider")
    actions.add_parser("import", help="import a Cherry Studio backup").add_argument("backup", metavar="FILE.zip")
    usage = actions.add_parser("usage", help="what was asked, by day, key and model")
    usage.add_argument("--days", type=int, default=30, metavar="N", help="default: %(default)s")
    key = actions.add_parser("key", help="the keys of programs and people")
    keys = key.add_subparsers(required=True, metavar="new|list|revoke")
    new = keys.add_parser("new", help="make a key; it is shown once")
    new.add_argument("name")
    new.add_argument("--models", action="append", metavar="PATTERN", help="only these, such as 'openai:*'")
    new.add_argument("--limit", default="", metavar="20/min", help="how often it may ask")
    new.add_argument("--budget", default="", metavar="5/month", help="in the currency of the prices")
    key_list = keys.add_parser("list", help="the keys, and what they may")
    keys.add_parser("revoke", help="refuse a key from now on").add_argument("name")
    for action in (listed, usage, key_list):
        action.add_argument("--json", action="store_true")
    for name, action in actions.choices.items():
        action.set_defaults(command=handlers.run_gateway, action=name)
    for name, action in keys.choices.items():
        action.set_defaults(command=handlers.run_gateway_key, action=name)


def _model(text: str) -> ModelId:
    from bridge.types import ModelId

    try:
        return ModelId.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _model_list(text: str) -> list[ModelId]:
    return list(dict.fromkeys(_model(part) for part in text.split(",") if part.strip()))


def _positive(text: str) -> int:
    if not (number := _count(text)):
        raise argparse.ArgumentTypeError("a number from 1 on")
    return number


def _count(text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise argparse.ArgumentTypeError(f"{text!r} is no number")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or len(text) > 5 or not 1 <= int(text) <= 65_535:
        raise argparse.ArgumentTypeError("a number from 1 to 65535")
    return int(text)


def _process_count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MAX_PROCESSES:
        raise argparse.ArgumentTypeError(f"a number from 1 to {MAX_PROCESSES}")
    return int(text)


def _usage_days(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MAX_USAGE_DAYS:
        raise argparse.ArgumentTypeError(f"a number from 1 to {MAX_USAGE_DAYS}")
    return int(text)

"""`cherry-bridge init`: ask, try each answer at once, and keep it in `.env` before the next question.

Nothing but `.env` is remembered, so that it can be left at any question and taken up again.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings

from bridge import log
from bridge.admin.doctor import Check, examine
from bridge.admin.doctor.answer import answer, impatient, key_diagnostic
from bridge.admin.doctor.gateway import absent, entries_of, failed, found, gateway, listed, name_at, usual
from bridge.admin.doctor.settings import read_leniently
from bridge.admin.shell.asking import agrees, ask, at_terminal, say, waited_for
from bridge.admin.shell.doctor import line
from bridge.admin.shell.envfile import put
from bridge.admin.shell.language import terminal_language, terminal_tag
from bridge.channel_settings import ChannelSettings
from bridge.diagnostics import Diagnostic, SettingPrompt, gateway_variable
from bridge.errors import (
    CHERRY_STUDIO,
    OWN_GATEWAY,
    WITH_PROVIDERS,
    GatewayError,
    KeyRefused,
    NoModelList,
    SettingsError,
)
from bridge.gateway import Gateway, Model, base_url, labelled, nearest, usable_models
from bridge.settings import Settings, secrets, variable
from bridge.types import ModelId
from bridge.words import IN, LANGUAGES, Language, models_count
from bridge.words.shell import DOCTOR, INIT

EXIT_STOPPED = 130
EXIT_NO_TERMINAL = 2
MAX_SHOWN = 5


def init(
    platforms: Mapping[str, type[ChannelSettings]], start: Callable[[], int], env_file: Path = Path(".env")
) -> int:
    """Set the bridge up, and call `start` where it is to run at once. Return the exit status."""
    settings, _ = read_leniently(Settings, env_file)
    language = terminal_language(settings)
    if not at_terminal():
        print(INIT[language].no_terminal, file=sys.stderr)
        return EXIT_NO_TERMINAL
    try:
        language = _language(settings)
        wanted = Setup(platforms, env_file, language).run()
    except (KeyboardInterrupt, EOFError):
        say(f"\n{INIT[language].kept_answers.format(path=env_file)}")
        return EXIT_STOPPED
    except OSError as error:
        say(INIT[language].not_written.format(path=env_file, why=error.strerror))
        return 1
    return start() if wanted else 0


def _language(settings: Settings) -> Language:
    """Ask for the language where neither a setting nor the locale tells it."""
    if settings.language or terminal_tag().lower() not in ("", "c", "posix"):
        return terminal_language(settings)
    names = {"en": "English", "zh-CN": "简体中文", "zh-TW": "繁體中文"}
    say("   ".join(f"{number} {names[language]}" for number, language in enumerate(LANGUAGES, 1)))
    typed = ask("Language / 语言 / 語言 [1]")
    return LANGUAGES[int(typed) - 1] if typed in map(str, range(1, len(LANGUAGES) + 1)) else LANGUAGES[0]


class Setup:
    """One run of `init`: the questions that are still open, in order."""

    def __init__(self, platforms: Mapping[str, type[ChannelSettings]], env_file: Path, language: Language) -> None:
        # What asks for least comes first, and is what Enter takes; of those, the last by name.
        names = sorted(platforms, reverse=True)
        names.sort(key=lambda name: len(platforms[name].required))
        self._platforms = {name: platforms[name] for name in names}
        self._file = env_file
        self._language = language
        self._words, self._findings = INIT[language], DOCTOR[language]
        self._server = CHERRY_STUDIO
        """What people call the gateway; empty where it is one whose name is not known."""
        self._listless = False
        """The gateway has no list of models."""

    def run(self) -> bool:
        """Ask everything; return whether the bot is to be started now."""
        words = self._words
        if self._file.exists():
            say(words.kept_file.format(path=self._file))
        say(words.hello.format(path=self._file))
        self._gateway()
        say(f"\n== {words.channels}")
        for name in self._chosen():
            self._platform(name)
        say()
        if self._file.exists():
            say(words.done.format(path=self._file))
        if not any(map(self._complete, self._platforms)):
            say(words.nothing)
            return False
        if agrees(words.start, otherwise=True):
            return True
        say(words.later)
        return False

    # Cherry Studio

    def _gateway(self) -> None:
        say(f"\n== {self._words.gateway}")
        if self._settings().runs_own_gateway:
            self._own_gateway()
            return
        if len(gateways := self._settings().gateway_settings()) > 1:
            for id in gateways:
                self._gateway_among(id)
            return
        url = self._settings().gateway_url
        there = waited_for(found([url, *usual()]))
        if not there and self._chooses_providers():
            if self._provider():
                self._own_gateway()
            return
        url = self._address(url, there)
        self._server = waited_for(name_at(url)) if url else CHERRY_STUDIO
        entries = self._key(url)
        self._choose_model(
            entries, lambda: impatient(url, self._settings().gateway_key.get_secret_value(), self._server)
        )

    def _gateway_among(self, id: str) -> None:
        """Check one of several gateways; ask for its address or its key, where that is wrong, until all is well."""
        words = self._words
        while True:
            say(words.trying)
            settings = self._settings()
            check = partial(gateway, settings, self._findings, IN[self._language], id)
            diagnostics = self._diagnose("gateway", check)
            wrong = {each.area for each in diagnostics if each.severity == "wrong"}
            at = settings.gateway_settings()[id]
            if "key" in wrong:
                variable, shown = gateway_variable(id, "key"), at.key.get_secret_value()
                typed = self._ask(variable, words.key_ask, hidden=True, shown=shown)
            elif "gateway" in wrong:
                variable = gateway_variable(id, "url")
                typed = self._address_typed(self._ask(variable, words.gateway_ask, shown=at.url))
            else:
                return
            if not typed:
                say(words.skipped)
                return
            self._keep(variable, typed)

    def _address_typed(self, typed: str) -> str:
        """The address in what was typed; nothing where there is none, after a word about its form."""
        try:
            return base_url(typed) if typed else ""
        except ValueError:
            say(self._words.again_or_skip.format(format_hint=self._words.gateway_shape))
            return ""

    def _own_gateway(self) -> None:
        self._server = OWN_GATEWAY
        try:
            entries = waited_for(entries_of(self._own_client()))
        except (GatewayError, SettingsError) as error:
            self._show([self._findings.own_fault.found("wrong", "gateway", why=error)])
            return
        self._choose_model(entries, self._own_client)

    def _own_client(self) -> Gateway:
        [client] = self._settings().open_gateways().all
        return client

    def _choose_model(self, entries: Sequence[dict[str, object]], client: Callable[[], Gateway]) -> None:
        """Say which models there are, and ask for that of new chats; `client` makes one of the gateway."""
        direct = self._server not in WITH_PROVIDERS
        if models := labelled(usable_models(entries, direct=direct), server=self._server if direct else ""):
            count, findings = models_count(len(models), self._findings), self._findings
            self._show([findings.models_fine.found("ok", "models", models=count, providers=_names(models))])
            self._model(models, client)
        elif self._listless:
            self._model([], client)

    def _chooses_providers(self) -> bool:
        """Ask which gateway it is to be; return whether it is our own, with keys of providers."""
        words = self._words
        say(words.gateway_not_found)
        say(words.choice)
        while (typed := ask(words.choice_ask)) not in {"", "1", "2", "3", "4"}:
            pass
        said = {"2": words.choice_tunnel, "3": words.gateway_any, "4": ""}.get(typed, words.gateway_where)
        if said:
            say(said)
        return typed == "4"

    def _provider(self) -> bool:
        """Ask for a provider and its key until it answers; return whether one is written."""
        from bridge.admin.shell.gateway.providers import provider_id, tried
        from bridge.server import PRESETS

        words, path = self._words, self._settings().gateway_file
        say(words.provider_known.format(names=", ".join(PRESETS)))
        while typed := ask(words.provider_ask):
            id, values = provider_id(typed)
            if not id:
                say(words.again_or_skip.format(format_hint=words.provider_shape))
                continue
            if key := ask(words.hidden.format(ask=words.provider_key), hidden=True):
                values["keys"] = [key]
                log.hide([key])
            say(words.trying)
            if why := waited_for(tried(path, id, values)):
                self._show([self._findings.own_provider.found("wrong", "gateway", provider=id, why=why)])
                continue
            say(words.provider_kept.format(provider=id, path=path))
            return True
        say(words.skipped)
        return False

    def _address(self, url: str, there: str) -> str:
        """Ask for the gateway's address where it was not found at `there`; return it, or nothing where none answers."""
        words = self._words
        while not there:
            typed = self._ask("BRIDGE_GATEWAY_URL", words.gateway_ask, shown=url)
            if typed:
                try:
                    url = base_url(typed)
                except ValueError:
                    say(words.again_or_skip.format(format_hint=words.gateway_shape))
                    continue
                self._keep("BRIDGE_GATEWAY_URL", url)
            there = waited_for(found([url, *usual()]))
            if not there:
                self._show([waited_for(absent(url, self._findings))])
                if not typed:
                    say(words.skipped)
                    return ""
        say(words.gateway_found.format(url=there))
        if there != url:
            self._keep("BRIDGE_GATEWAY_URL", there)
        return there

    def _key(self, url: str) -> list[dict[str, object]]:
        """Ask for the key until the gateway accepts it; return its models, or none without a gateway or a key."""
        words = self._words
        told = False
        while True:
            key = self._settings().gateway_key.get_secret_value()
            if url and (entries := self._try_key(url, key)) is not None:
                return entries
            if not url and key:
                return []
            if not told:
                cherry = self._server == CHERRY_STUDIO
                other = words.key_where_other.format(gateway=self._server or self._findings.that_server)
                say(words.key_where if cherry else other)
                told = True
            if not self._ask_key(key):
                return []

    def _ask_key(self, shown: str) -> str:
        """Ask for the key and keep it; return it, or nothing where there is no answer."""
        typed = self._ask("BRIDGE_GATEWAY_KEY", self._words.key_ask, hidden=True, shown=shown)
        if not typed:
            say(self._words.skipped)
            return ""
        key = self._shaped(Settings, "BRIDGE_GATEWAY_KEY", typed) or typed
        self._keep("BRIDGE_GATEWAY_KEY", key)
        return key

    def _try_key(self, url: str, key: str) -> list[dict[str, object]] | None:
        """Return the gateway's models; None where another key is needed."""
        diagnostics = self._findings
        try:
            entries = waited_for(listed(url, key, self._server))
        except KeyRefused as error:
            if key:
                self._show([key_diagnostic(error, diagnostics)])
            return None
        except NoModelList:
            self._show([diagnostics.models_no_list.found("note", "models", url=url)])
            self._listless = True
            return []
        except GatewayError as error:
            self._show([failed(url, error, diagnostics, IN[self._language])])
            # LiteLLM fails, where a key is missing, in a way that does not say so.
            return None if not key and self._server != CHERRY_STUDIO else []
        self._show([(diagnostics.key_fine if key else diagnostics.key_none).found("ok", "key")])
        return entries

    def _model(self, models: Sequence[Model], client: Callable[[], Gateway]) -> None:
        """Ask for the model of new chats, and try it; where there is no list of models, any name will do."""
        words = self._words
        names = [str(model.id) for model in models]
        model = self._settings().model or (models[0].id if models else None)
        while typed := self._ask("BRIDGE_MODEL", words.model_ask.format(model=model or "-")):
            fitting = [name for name in names if name == typed] or [
                name for name in names if typed.casefold() in name.casefold()
            ]
            if not models and not any(map(str.isspace, typed)):
                fitting = [typed]
            if len(fitting) != 1:
                like = ", ".join(fitting[:MAX_SHOWN] or map(str, nearest(typed, models, MAX_SHOWN)))
                say(words.model_shape.format(nearest=like))
                continue
            model = ModelId.parse(fitting[0])
            self._keep("BRIDGE_MODEL", str(model))
            if self._try_model(client, model):
                return
        if model is not None:
            self._try_model(client, model)

    def _try_model(self, client: Callable[[], Gateway], model: ModelId) -> bool:
        say(self._words.trying)
        diagnostic = waited_for(answer(client(), model, self._findings, IN[self._language]))
        self._show([diagnostic])
        if diagnostic.area == "key" and self._ask_key(self._settings().gateway_key.get_secret_value()):
            return self._try_model(client, model)  # its list is open to everybody
        return diagnostic.severity == "ok"

    # platforms

    def _chosen(self) -> list[str]:
        """Check those that are set up already; ask which to set up now, and return their names."""
        words = self._words
        known = [name for name in self._platforms if self._complete(name)]
        for name in known:
            self._try(name)
        names = list(self._platforms)
        shown = [words.channel_known.format(name=name.title()) if name in known else name.title() for name in names]
        say("   ".join(f"{number} {name}" for number, name in enumerate(shown, 1)))
        while typed := ask(words.channels_more if known else words.channels_first.format(name=names[0].title())):
            numbers = typed.replace(",", " ").replace("，", " ").replace("、", " ").split()
            if all(number.isdecimal() and int(number) <= len(names) for number in numbers):
                return [names[int(number) - 1] for number in dict.fromkeys(numbers) if int(number)]
            say(words.channels_shape.format(most=len(names)))
        return [] if known else names[:1]

    def _platform(self, name: str) -> None:
        say(f"\n-- {name.title()}")
        while self._answer_all(self._platforms[name]) and not self._try(name):
            if not agrees(self._words.retry, otherwise=True):
                say(self._words.skipped)
                return

    def _answer_all(self, platform: type[ChannelSettings]) -> bool:
        """Ask all that the platform needs; return False where it is skipped."""
        for question in platform.questions(self._language):
            say(question.where)
            if not self._answer(platform, question):
                say(self._words.skipped)
                return False
        return True

    def _answer(self, platform: type[ChannelSettings], question: SettingPrompt) -> bool:
        read, _ = read_leniently(platform, self._file)
        field = _field(platform, question.variable)
        kept, usual = _text(getattr(read, field)), _text(platform.model_fields[field].default)
        shown = kept if kept != usual else ""
        while typed := self._ask(question.variable, question.ask, hidden=question.secret, shown=shown):
            if (value := self._shaped(platform, question.variable, typed)) is not None:
                self._keep(question.variable, value)
                return True
            say(self._words.again_or_skip.format(format_hint=question.format_hint))
        return bool(kept) or question.optional

    def _try(self, name: str) -> bool:
        """Check the platform and show the results; return whether nothing is wrong."""
        say(self._words.trying)
        read, _ = read_leniently(self._platforms[name], self._file)
        check = partial(read.check, self._language, thorough=False)

        diagnostics = self._diagnose(name, check)
        return not any(diagnostic.severity == "wrong" for diagnostic in diagnostics)

    def _diagnose(self, area: str, check: Check) -> list[Diagnostic]:
        """Run a check and show its results; return them."""

        async def look() -> list[Diagnostic]:
            return [diagnostic async for diagnostic in examine({area: check}, self._findings)]

        diagnostics = waited_for(look())
        self._show(diagnostics)
        return diagnostics

    def _complete(self, name: str) -> bool:
        read, errors = read_leniently(self._platforms[name], self._file)
        return not errors and read.configured

    # asking and keeping

    def _ask(self, name: str, what: str, *, hidden: bool = False, shown: str = "") -> str:
        """Ask for the value of the variable `name`; return nothing where there is none, or the environment sets it."""
        words = self._words
        if name in os.environ:
            say(words.from_environment.format(variable=name))
            return ""
        if hidden:
            return ask(words.keep_hidden.format(ask=what) if shown else words.hidden.format(ask=what), hidden=True)
        return ask(words.keep.format(ask=what, value=log.redact(shown)) if shown else what)

    def _shaped(self, kind: type[BaseSettings], name: str, typed: str) -> str | None:
        """Return the answer as the settings read it; None where they reject it."""
        field = _field(kind, name)
        try:
            read = kind(_env_file=None, **{field: typed})  # type: ignore[arg-type]
        except ValidationError as error:
            refused = any(each["loc"][:1] == (field,) for each in error.errors(include_input=False))
            return None if refused else typed
        return _text(getattr(read, field))

    def _keep(self, name: str, value: str) -> None:
        put(self._file, {name: value})

    def _settings(self) -> Settings:
        read, _ = read_leniently(Settings, self._file)
        log.hide(secrets(read))
        return read

    def _show(self, diagnostics: Sequence[Diagnostic]) -> None:
        for diagnostic in diagnostics:
            say(line(diagnostic))


def _field(kind: type[BaseSettings], name: str) -> str:
    return next(field for field in kind.model_fields if variable(kind, field) == name)


def _text(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value or "")


def _names(models: Sequence[Model]) -> str:
    return ", ".join(list(dict.fromkeys(model.provider_name for model in models))[:MAX_SHOWN])

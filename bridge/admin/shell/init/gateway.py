"""The gateway: which one it is, its key, and the model of new chats."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial

from bridge import log
from bridge.admin.doctor.answer import answer, impatient, key_diagnostic
from bridge.admin.doctor.gateway import absent, entries_of, failed, found, gateway, listed, name_at, usual
from bridge.admin.shell.asking import ask, say, waited_for
from bridge.admin.shell.init.answers import Answers
from bridge.diagnostics import gateway_variable
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
from bridge.settings import Settings
from bridge.types import ModelId
from bridge.words import IN, models_count

MAX_SHOWN = 5
CHOICES = {"", "1", "2", "3", "4"}
"""Where the models are: `4` is our own gateway with keys of providers, empty means that nothing was asked."""


class GatewayQuestions:
    """What is asked about the gateway, each answer tried at once."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._words, self._findings, self._sentences = answers.words, answers.findings, IN[answers.language]
        self._server = CHERRY_STUDIO
        """What people call the gateway; empty where it is one whose name is not known."""
        self._listless = False
        """The gateway has no list of models."""

    def run(self) -> None:
        """Find the gateway, or ask for it, its key and the model of new chats."""
        say(f"\n== {self._words.gateway}")
        if self._answers.settings().runs_own_gateway:
            self._own_gateway()
            return
        if len(gateways := self._answers.settings().gateway_settings()) > 1:
            for id in gateways:
                self._gateway_among(id)
            return
        url = self._answers.settings().gateway_url
        there = waited_for(found([url, *usual()]))
        choice = "" if there else self._ask_where()
        if choice == "4":
            if self._provider():
                self._own_gateway()
            return
        url = self._address(url, there, "" if choice in CHOICES else choice)
        self._server = waited_for(name_at(url)) if url else CHERRY_STUDIO
        entries = self._key(url)
        self._choose_model(
            entries, lambda: impatient(url, self._answers.settings().gateway_key.get_secret_value(), self._server)
        )

    def _gateway_among(self, id: str) -> None:
        """Check one of several gateways; ask for its address or its key, where that is wrong, until all is well.

        Our own has neither: it is asked for a provider.
        """
        words = self._words
        while True:
            say(words.trying)
            settings = self._answers.settings()
            check = partial(gateway, settings, self._findings, self._sentences, id)
            diagnostics = self._answers.diagnose("gateway", check)
            wrong = {each.area for each in diagnostics if each.severity == "wrong"}
            at = settings.gateway_settings()[id]
            if at.is_inside:
                if wrong and self._provider():
                    continue
                return
            if "key" in wrong:
                variable, shown = gateway_variable(id, "key"), at.key.get_secret_value()
                typed = self._answers.ask(variable, words.key_ask, hidden=True, shown=shown)
            elif "gateway" in wrong:
                variable, typed = gateway_variable(id, "url"), ""
                while not typed and (said := self._answers.ask(variable, words.gateway_ask, shown=at.url)):
                    typed = self._address_typed(said)
            else:
                return
            if not typed:
                say(words.skipped)
                return
            self._answers.keep(variable, typed)

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
            self._answers.show([self._findings.own_fault.found("wrong", "gateway", why=error)])
            return
        self._choose_model(entries, self._own_client)

    def _own_client(self) -> Gateway:
        [client] = self._answers.settings().open_gateways().all
        return client

    def _choose_model(self, entries: Sequence[dict[str, object]], client: Callable[[], Gateway]) -> None:
        """Say which models there are, and ask for that of new chats; `client` makes one of the gateway."""
        direct = self._server not in WITH_PROVIDERS
        if models := labelled(usable_models(entries, direct=direct), server=self._server if direct else ""):
            count, findings = models_count(len(models), self._findings), self._findings
            self._answers.show([findings.models_fine.found("ok", "models", models=count, providers=_names(models))])
            self._model(models, client)
        elif self._listless:
            self._model([], client)

    def _ask_where(self) -> str:
        """Ask where the models are; return one of CHOICES, or the address that was typed in place of it."""
        words = self._words
        say(words.gateway_not_found)
        say(words.choice)
        while (typed := ask(words.choice_ask) or "1") not in CHOICES:
            if not re.search(r"[.:]", typed):
                say(words.choice_shape)
            elif address := self._address_typed(typed):
                return address
        if said := {"1": words.gateway_where, "2": words.choice_tunnel, "3": words.gateway_any}.get(typed):
            say(said)
        return typed

    def _provider(self) -> bool:
        """Ask for a provider and its key until it answers; return whether one is written."""
        from bridge.admin.shell.gateway.providers import provider_id, tried
        from bridge.server import PRESETS

        words, path = self._words, self._answers.settings().gateway_file
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
                self._answers.show(
                    [self._findings.own_provider_untaken.found("wrong", "gateway", provider=id, why=why)]
                )
                continue
            say(words.provider_kept.format(provider=id, path=path))
            return True
        say(words.skipped)
        return False

    def _address(self, url: str, there: str, first: str) -> str:
        """Return the gateway's address `there`, or ask for one until it answers; nothing where none does.

        `first` is an address that was typed before this question.
        """
        words = self._words
        while not there:
            typed = first or self._answers.ask("BRIDGE_GATEWAY_URL", words.gateway_ask, shown=url)
            first = ""
            if typed:
                if not (address := self._address_typed(typed)):
                    continue
                url = address
                self._answers.keep("BRIDGE_GATEWAY_URL", url)
            there = waited_for(found([url, *usual()]))
            if not there:
                self._answers.show([waited_for(absent(url, self._findings))])
                if not typed:
                    say(words.skipped)
                    return ""
        say(words.gateway_found.format(url=there))
        if there != url:
            self._answers.keep("BRIDGE_GATEWAY_URL", there)
        return there

    def _key(self, url: str) -> list[dict[str, object]]:
        """Ask for the key until the gateway accepts it; return its models, or none without a gateway or a key."""
        words = self._words
        told = False
        while True:
            key = self._answers.settings().gateway_key.get_secret_value()
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
        typed = self._answers.ask("BRIDGE_GATEWAY_KEY", self._words.key_ask, hidden=True, shown=shown)
        if not typed:
            say(self._words.skipped)
            return ""
        key = self._answers.shaped(Settings, "BRIDGE_GATEWAY_KEY", typed) or typed
        self._answers.keep("BRIDGE_GATEWAY_KEY", key)
        return key

    def _try_key(self, url: str, key: str) -> list[dict[str, object]] | None:
        """Return the gateway's models; None where another key is needed."""
        diagnostics = self._findings
        try:
            entries = waited_for(listed(url, key, self._server))
        except KeyRefused as error:
            if key:
                self._answers.show([key_diagnostic(error, diagnostics)])
            return None
        except NoModelList:
            self._answers.show([diagnostics.models_no_list.found("note", "models", url=url)])
            self._listless = True
            return []
        except GatewayError as error:
            self._answers.show([failed(url, error, diagnostics, self._sentences)])
            # LiteLLM fails, where a key is missing, in a way that does not say so.
            return None if not key and self._server != CHERRY_STUDIO else []
        self._answers.show([(diagnostics.key_fine if key else diagnostics.key_none).found("ok", "key")])
        return entries

    def _model(self, models: Sequence[Model], client: Callable[[], Gateway]) -> None:
        """Ask for the model of new chats, and try it; where there is no list of models, any name will do."""
        words = self._words
        names = [str(model.id) for model in models]
        model = self._answers.settings().model or (models[0].id if models else None)
        while typed := self._answers.ask("BRIDGE_MODEL", words.model_ask.format(model=model or "-")):
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
            self._answers.keep("BRIDGE_MODEL", str(model))
            if self._try_model(client, model):
                return
        if model is not None:
            self._try_model(client, model)

    def _try_model(self, client: Callable[[], Gateway], model: ModelId) -> bool:
        say(self._words.trying)
        diagnostic = waited_for(answer(client(), model, self._findings, self._sentences))
        self._answers.show([diagnostic])
        if diagnostic.area == "key" and self._ask_key(self._answers.settings().gateway_key.get_secret_value()):
            return self._try_model(client, model)  # its list is open to everybody
        return diagnostic.severity == "ok"


def _names(models: Sequence[Model]) -> str:
    return ", ".join(list(dict.fromkeys(model.provider_name for model in models))[:MAX_SHOWN])

"""The platforms: which of them to set up, and what each needs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from bridge.admin.shell.asking import agrees, ask, say
from bridge.admin.shell.init.answers import Answers, field_of, text_of
from bridge.channel_settings import ChannelSettings
from bridge.diagnostics import SettingPrompt


class PlatformQuestions:
    """What is asked about platforms; each is checked once all of its answers are there."""

    def __init__(self, answers: Answers, platforms: Mapping[str, type[ChannelSettings]]) -> None:
        # What asks for least comes first, and is what Enter takes; of those, the last by name.
        names = sorted(platforms, reverse=True)
        names.sort(key=lambda name: len(platforms[name].required))
        self._platforms = {name: platforms[name] for name in names}
        self._answers, self._words = answers, answers.words

    def any_complete(self) -> bool:
        """Whether there is a platform that the bot can be started with."""
        return any(map(self._complete, self._platforms))

    def chosen(self) -> list[str]:
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

    def set_up(self, name: str) -> None:
        """Ask for what the platform needs until its checks are well, or it is skipped."""
        say(f"\n-- {name.title()}")
        while self._answer_all(self._platforms[name]) and not self._try(name):
            if not agrees(self._words.retry, otherwise=True):
                say(self._words.skipped)
                return

    def _answer_all(self, platform: type[ChannelSettings]) -> bool:
        """Ask all that the platform needs; return False where it is skipped."""
        for question in platform.questions(self._answers.language):
            say(question.where)
            if not self._answer(platform, question):
                say(self._words.skipped)
                return False
        return True

    def _answer(self, platform: type[ChannelSettings], question: SettingPrompt) -> bool:
        read, _ = self._answers.read(platform)
        field = field_of(platform, question.variable)
        kept, usual = text_of(getattr(read, field)), text_of(platform.model_fields[field].default)
        shown = kept if kept != usual else ""
        while typed := self._answers.ask(question.variable, question.ask, hidden=question.secret, shown=shown):
            if (value := self._answers.shaped(platform, question.variable, typed)) is not None:
                self._answers.keep(question.variable, value)
                return True
            say(self._words.again_or_skip.format(format_hint=question.format_hint))
        return bool(kept) or question.optional

    def _try(self, name: str) -> bool:
        """Check the platform and show the results; return whether nothing is wrong."""
        say(self._words.trying)
        read, _ = self._answers.read(self._platforms[name])
        check = partial(read.check, self._answers.language, thorough=False)
        diagnostics = self._answers.diagnose(name, check)
        return not any(diagnostic.severity == "wrong" for diagnostic in diagnostics)

    def _complete(self, name: str) -> bool:
        read, errors = self._answers.read(self._platforms[name])
        return not errors and read.configured

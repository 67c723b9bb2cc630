"""`cherry-bridge init`: ask, try each answer at once, and keep it in `.env` before the next question.

Nothing but `.env` is remembered, so that it can be left at any question and taken up again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from bridge.admin.doctor.settings import read_leniently
from bridge.admin.shell.asking import agrees, ask, at_terminal, program, say
from bridge.admin.shell.init.answers import Answers
from bridge.admin.shell.init.gateway import GatewayQuestions
from bridge.admin.shell.init.platforms import PlatformQuestions
from bridge.admin.shell.language import terminal_language, terminal_tag
from bridge.channel_settings import ChannelSettings
from bridge.settings import Settings
from bridge.words import LANGUAGES, Language
from bridge.words.shell import INIT

__all__ = ["init"]

EXIT_STOPPED = 130
EXIT_NO_TERMINAL = 2


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
        language = _ask_language(settings)
        wanted = _ask_everything(Answers(env_file, language), platforms)
    except (KeyboardInterrupt, EOFError):
        say(f"\n{INIT[language].kept_answers.format(path=env_file)}")
        return EXIT_STOPPED
    except OSError as error:
        say(INIT[language].not_written.format(path=env_file, why=error.strerror))
        return 1
    return start() if wanted else 0


def _ask_language(settings: Settings) -> Language:
    """Ask for the language where neither a setting nor the locale tells it."""
    if settings.language or terminal_tag().lower() not in ("", "c", "posix"):
        return terminal_language(settings)
    names = {"en": "English", "zh-CN": "简体中文", "zh-TW": "繁體中文"}
    say("   ".join(f"{number} {names[language]}" for number, language in enumerate(LANGUAGES, 1)))
    typed = ask("Language / 语言 / 語言 [1]")
    return LANGUAGES[int(typed) - 1] if typed in map(str, range(1, len(LANGUAGES) + 1)) else LANGUAGES[0]


def _ask_everything(answers: Answers, platforms: Mapping[str, type[ChannelSettings]]) -> bool:
    """Ask everything; return whether the bot is to be started now."""
    words = answers.words
    if answers.file.exists():
        say(words.kept_file.format(path=answers.file))
    say(words.hello.format(path=answers.file))
    GatewayQuestions(answers).run()
    say(f"\n== {words.channels}")
    questions = PlatformQuestions(answers, platforms)
    for name in questions.chosen():
        questions.set_up(name)
    say()
    if answers.file.exists():
        say(words.done.format(path=answers.file))
    if not questions.any_complete():
        say(words.nothing.format(program=program()))
        return False
    if agrees(words.start, otherwise=True):
        return True
    say(words.later.format(program=program()))
    return False

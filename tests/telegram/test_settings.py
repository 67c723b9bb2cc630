"""What an operator may write, and the sentence they get for anything else."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError

from channels import load
from channels.telegram import Settings

TOKEN = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"


def read(**said: str) -> Settings:
    return Settings.model_validate(said)


def test_a_token_is_all_it_takes() -> None:
    assert not read().configured
    settings = read(telegram_token=f" '{TOKEN}' ")
    assert settings.configured
    assert settings.telegram_token.get_secret_value() == TOKEN
    assert TOKEN not in repr(settings)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("telegram_token", "AAbbCC-secret"),
        ("telegram_token", f"https://api.telegram.org/bot{TOKEN}/getMe"),
        ("telegram_api_url", "ftp://example.com"),
        ("telegram_api_url", "127.0.0.1:8081"),
        ("bridge_proxy", "socks5://user:secret@127.0.0.1:1080"),
        ("bridge_proxy", "127.0.0.1:secret"),
    ],
)
def test_an_error_names_its_variable_and_tells_no_secret(variable: str, value: str) -> None:
    with pytest.raises(ValidationError) as fault:
        read(**{variable: value})
    assert variable.upper() in str(fault.value)
    assert "secret" not in str(fault.value)
    assert TOKEN not in str(fault.value)


def test_addresses_as_people_paste_them() -> None:
    assert read(telegram_api_url="http://localhost:8081/bot/").telegram_api_url == "http://localhost:8081"
    proxy = "http://user:secret@proxy.example:3128"
    assert read(bridge_proxy=proxy).proxy == proxy
    assert read(bridge_proxy=proxy, telegram_api_url="http://127.0.0.1:8081").proxy == "", "not for this machine"


def test_the_channel_costs_nothing_until_it_is_opened() -> None:
    assert load("telegram") is Settings
    heavy = "{'telegram', 'aiohttp', 'pyromark'} & set(sys.modules)"
    code = f"import sys, channels.telegram; print({heavy} or 'light')"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "light"


def test_an_open_channel_holds_nothing_that_it_does_not_use() -> None:
    """7 MB for Telegram Passport, wherever another package has brought `cryptography` along."""
    code = (
        "import sys; from channels.telegram import Settings; from tests.telegram.kept import Kept; "
        f"Settings(telegram_token={TOKEN!r}).open_channel(Kept()); "
        "print([name for name in sys.modules if name.startswith('cryptography.hazmat')]); import cryptography"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr

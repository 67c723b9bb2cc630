"""Settings: what people paste is understood, and what cannot be is said, all of it at once."""

from __future__ import annotations

from pathlib import Path

import pytest

import channels
from bridge.admin.doctor.settings import read_leniently
from bridge.admin.shell.configuration import read_configuration
from bridge.errors import SettingsError
from bridge.settings import Settings, read, secrets, unknown
from bridge.types import ModelId, Price, User


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_everything_has_a_default() -> None:
    settings = read(Settings)
    assert settings.gateway_url == "http://127.0.0.1:23333"
    assert settings.admins == ()
    assert settings.channels is None
    assert settings.data_dir.name == "cherry-bridge"


def test_every_problem_is_told_at_once_and_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "BRIDGE_ADMINS": "telegram:1,mia",
        "BRIDGE_MODEL": "openai:",
        "BRIDGE_GATEWAY_URL": "ftp://x",
        "BRIDGE_LANGUAGE": "fr",
        "BRIDGE_IDLE_SECONDS": "soon",
        "BRIDGE_HISTORY_TOKENS": "-1",
        "BRIDGE_LOG": "loud",
    }.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        read(Settings)
    assert [problem.partition(":")[0] for problem in sorted(caught.value.problems)] == [
        "BRIDGE_ADMINS",
        "BRIDGE_GATEWAY_URL",
        "BRIDGE_HISTORY_TOKENS",
        "BRIDGE_IDLE_SECONDS",
        "BRIDGE_LANGUAGE",
        "BRIDGE_LOG",
        "BRIDGE_MODEL",
    ]
    assert "'mia' is not a person; write for example telegram:123" in str(caught.value)
    assert "write provider:model" in str(caught.value)


def test_an_error_never_shows_what_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGE_REDIS_URL", "redis://:hunter2secret@x")
    monkeypatch.setenv("BRIDGE_GATEWAY_KEY", "cs-sk-canary-canary-canary")
    monkeypatch.setenv("BRIDGE_LOG", "loud")
    with pytest.raises(SettingsError) as caught:
        read(Settings)
    monkeypatch.delenv("BRIDGE_LOG")
    for text in (str(caught.value), repr(read(Settings)), str(read(Settings).model_dump())):
        assert "canary" not in text
        assert "hunter2secret" not in text


def test_the_environment_goes_before_the_file_and_empty_is_unset(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(
        "BRIDGE_ADMINS=telegram:1, discord:2\nBRIDGE_MODEL=\nBRIDGE_LANGUAGE=zh-Hans\nBRIDGE_IDLE_SECONDS=5\n"
    )
    monkeypatch.setenv("BRIDGE_IDLE_SECONDS", "7")
    settings = read(Settings)
    assert settings.admins == (User("telegram", "1"), User("discord", "2"))
    assert settings.model is None
    assert settings.language == "zh-CN"
    assert settings.idle_seconds == 7


@pytest.mark.parametrize("pasted", ["cs-sk-1", "Bearer cs-sk-1", "  cs-sk-1\n"])
def test_a_key_may_be_pasted_with_what_stood_around_it(pasted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGE_GATEWAY_KEY", pasted)
    assert read(Settings).gateway_key.get_secret_value() == "cs-sk-1"


def test_a_models_name_may_hold_colons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGE_MODEL", "openrouter:tencent/hunyuan-a13b-instruct:free")
    assert read(Settings).model == ModelId("openrouter", "tencent/hunyuan-a13b-instruct:free")


def test_a_slip_of_the_pen_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("BRIDGE_GATEWAY_KEYS=x\n# BRIDGE_OFF=1\n")
    monkeypatch.setenv("BRIDGE_MODLE", "a:b")
    assert unknown([Settings]) == [
        "BRIDGE_GATEWAY_KEYS is not a setting; did you mean BRIDGE_GATEWAY_KEY?",
        "BRIDGE_MODLE is not a setting; did you mean BRIDGE_MODEL?",
    ]


def test_a_prefix_too_many_is_noticed_at_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BRIDGE_TELEGRAM_TOKEN", "123456789:AA")
    read_configuration({"telegram": channels.load("telegram")})
    assert "BRIDGE_TELEGRAM_TOKEN is not a setting; did you mean TELEGRAM_TOKEN?" in capsys.readouterr().err


def test_prices_name_models_by_patterns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGE_PRICES", "openai:gpt-5 = 1.25/10, deepseek:*=¥2/¥3,x:y=CNY 1 / CNY 2, ollama:*=0/0")
    assert read(Settings).prices == (
        ("openai:gpt-5", Price(1.25, 10.0)),
        ("deepseek:*", Price(2.0, 3.0, "¥")),
        ("x:y", Price(1.0, 2.0, "CNY")),
        ("ollama:*", Price(0.0, 0.0)),
    )
    monkeypatch.setenv("BRIDGE_PRICES", "openai:gpt-5")
    with pytest.raises(SettingsError, match="BRIDGE_PRICES: 'openai:gpt-5' is no price; write for example"):
        read(Settings)


def test_several_gateways(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BRIDGE_GATEWAYS", "home, Work-2")
    monkeypatch.setenv("BRIDGE_GATEWAY_HOME_URL", "127.0.0.1")
    (tmp_path / ".env").write_text(
        "BRIDGE_GATEWAY_HOME_URL=http://nowhere\nBRIDGE_GATEWAY_HOME_KEY=Bearer cs-sk-home-key\n"
        "BRIDGE_GATEWAY_WORK_2_URL=http://firm.example/v1\nBRIDGE_GATEWAY_WORK_2_NAME=The *firm*\n"
    )
    settings = read(Settings)
    home, work = settings.gateway_settings().values()
    assert list(settings.gateway_settings()) == ["home", "work-2"]
    assert (home.url, home.key.get_secret_value()) == ("http://127.0.0.1:23333", "cs-sk-home-key")
    assert (work.url, work.name) == ("http://firm.example", "The firm")
    assert "cs-sk-home-key" in secrets(settings)
    assert "cs-sk-home-key" not in repr(settings) + str(settings.model_dump())
    assert unknown([Settings]) == []
    assert not settings.runs_own_gateway


def test_our_own_among_several_needs_no_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BRIDGE_GATEWAYS", "home,inside")
    monkeypatch.setenv("BRIDGE_GATEWAY_HOME_URL", "http://127.0.0.1:1")
    settings = read(Settings)
    assert [each.is_inside for each in settings.gateway_settings().values()] == [False, True]
    assert not settings.runs_own_gateway
    monkeypatch.setenv("BRIDGE_GATEWAYS", "inside")
    assert read(Settings).runs_own_gateway
    monkeypatch.setenv("BRIDGE_GATEWAY_INSIDE_URL", "http://inside.example")
    assert not read(Settings).runs_own_gateway, "a gateway that happens to be called so"


def test_a_gateway_alone_has_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGE_GATEWAYS", "home")
    monkeypatch.setenv("BRIDGE_GATEWAY_HOME_URL", "http://127.0.0.1:1")
    [(id, gateway)] = read(Settings).gateway_settings().items()
    assert (id, gateway.url) == ("", "http://127.0.0.1:1")


def test_slips_in_several_gateways_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "BRIDGE_GATEWAYS": "home,work,lab",
        "BRIDGE_GATEWAY_HOME_URL": "ftp://x",
        "BRIDGE_GATEWAY_WORK_URL": "http://127.0.0.1:1",
        "BRIDGE_GATEWAY_WORK_NAME": "x" * 50,
        "BRIDGE_GATEWAY_OFFICE_URL": "http://127.0.0.1:2",
        "BRIDGE_FALLBACK": "a:b,c:d,e:f,g:h,i:j",
        "BRIDGE_FALLBACK_SECONDS": "0",
    }.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        read(Settings)
    assert [problem.partition(":")[0] for problem in sorted(caught.value.problems)] == [
        "BRIDGE_FALLBACK",
        "BRIDGE_FALLBACK_SECONDS",
        "BRIDGE_GATEWAY_HOME_URL",
        "BRIDGE_GATEWAY_LAB_URL",
        "BRIDGE_GATEWAY_WORK_NAME",
    ]
    assert "BRIDGE_GATEWAY_LAB_URL: not set, though BRIDGE_GATEWAYS names lab" in caught.value.problems
    assert unknown([Settings]) == ["BRIDGE_GATEWAY_OFFICE_URL is not used: BRIDGE_GATEWAYS does not name office."]
    read_leniently(Settings, Path("none"))  # comes to an end


@pytest.mark.parametrize("names", ["home,home", "ho me,work", "a-b,a_b", "@home,work", ",".join(map(str, range(21)))])
def test_names_that_cannot_be_told_apart(names: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGE_GATEWAYS", names)
    with pytest.raises(SettingsError, match="BRIDGE_GATEWAYS: "):
        read(Settings)

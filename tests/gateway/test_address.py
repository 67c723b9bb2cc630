"""People paste addresses in every form; all of them lead to the gateway, or to a sentence."""

from __future__ import annotations

import pytest

from bridge.gateway import Gateway, base_url


@pytest.mark.parametrize(
    ("pasted", "url"),
    [
        ("http://127.0.0.1:23333", "http://127.0.0.1:23333"),
        ("http://127.0.0.1:23333/", "http://127.0.0.1:23333"),
        ("  http://127.0.0.1:23333/v1 \n", "http://127.0.0.1:23333"),
        ("http://127.0.0.1:23333/v1/", "http://127.0.0.1:23333"),
        ("http://127.0.0.1:23333/v1/chat/completions", "http://127.0.0.1:23333"),
        ("http://127.0.0.1:23333/v1/models?limit=1", "http://127.0.0.1:23333"),
        ("http://127.0.0.1:23333/api-docs/", "http://127.0.0.1:23333"),
        ("127.0.0.1:23333", "http://127.0.0.1:23333"),
        ("127.0.0.1:23333/v1", "http://127.0.0.1:23333"),
        ("localhost", "http://localhost:23333"),
        ("localhost:8080/v1/", "http://localhost:8080"),
        ("HTTP://LocalHost:23333", "http://localhost:23333"),
        ("http://127.0.0.1：23333", "http://127.0.0.1:23333"),
        ('"http://127.0.0.1:23333/v1"', "http://127.0.0.1:23333"),
        ("https://ai.example.com/v1", "https://ai.example.com"),
        ("https://example.com/cherry/v1/messages", "https://example.com/cherry"),
        ("http://[::1]:23333/v1", "http://[::1]:23333"),
    ],
)
def test_whatever_people_paste(pasted: str, url: str) -> None:
    assert base_url(pasted) == url
    assert base_url(url) == url


@pytest.mark.parametrize(
    "pasted",
    ["", "   ", "http://", "ftp://127.0.0.1", "http://127.0.0.1:99999", "http://a b", "127.0.0.1:port", "://x", ":1"],
)
def test_what_is_no_address_gets_a_sentence(pasted: str) -> None:
    with pytest.raises(ValueError, match=r"write for example http://127\.0\.0\.1:23333"):
        base_url(pasted)


def test_no_password_in_an_address_and_none_in_its_error() -> None:
    with pytest.raises(ValueError, match="must hold no user name or password") as fault:
        base_url("http://mia:secret-word@127.0.0.1:23333")
    assert "secret-word" not in str(fault.value)


def test_a_gateway_shows_its_address_and_never_its_key() -> None:
    gateway = Gateway("127.0.0.1:23333/v1", "cs-sk-11111111")
    assert repr(gateway) == "Gateway('http://127.0.0.1:23333')"
    assert gateway.url == "http://127.0.0.1:23333"

"""One program for all the tests that do not end it: starting one takes longer than most of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.console.session import TerminalSession


@pytest.fixture(scope="package")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TerminalSession]:
    with TerminalSession(tmp_path_factory.mktemp("session")) as session:
        yield session


@pytest.fixture
def session(shared: TerminalSession) -> TerminalSession:
    """At the prompt, with nothing on the screen but that."""
    try:
        shared.clear()
    except AssertionError:  # the last test has failed and left it in the middle of something
        shared.close()
        shared.start()
        shared.until_prompt()
    return shared

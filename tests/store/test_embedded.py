"""The server of our own: shared, kept, and gone with the last of those who use it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import stat
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bridge.errors import StoreError
from bridge.store import open_store
from bridge.store.embedded import embedded
from tests.store.parts import PATIENCE, until

USER = """
import asyncio, signal, sys
from pathlib import Path
from bridge.store import open_store

async def main():
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, lambda: print("interrupted", flush=True))
    async with open_store("", Path(sys.argv[1])) as store:
        await store.memory("test").put("name", "kept")
        print("up", flush=True)
        while command := (await asyncio.to_thread(sys.stdin.readline)).strip():
            print(await store.memory("test").get(command), flush=True)

asyncio.run(main())
"""


class User:
    """Another process that has the store of a data directory open."""

    def __init__(self, data: Path) -> None:
        self._data = data

    async def __aenter__(self) -> User:
        here = Path(__file__).parents[2]
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", USER, str(self._data)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=here,
            start_new_session=True,
        )
        assert await self.line() == "up"
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    async def ask(self, name: str) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{name}\n".encode())
        return await self.line()

    async def line(self) -> str:
        assert self.process.stdout is not None
        return (await asyncio.wait_for(self.process.stdout.readline(), PATIENCE)).decode().strip()

    async def leave(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert await asyncio.wait_for(self.process.wait(), PATIENCE) == 0


def running(data: Path) -> bool:
    """Whether a server runs for `data`: it holds a lock for as long as it lives."""
    file = os.open(data / "valkey" / "server.lock", os.O_RDWR)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(file)


async def test_it_keeps_what_it_was_given_and_goes_with_the_last(tmp_path: Path) -> None:
    data = tmp_path / "not" / "there yet"
    async with open_store("", data) as store:
        assert await store.ping() < PATIENCE
        await store.memory("a").put("name", "kept")
        assert running(data)
    assert not running(data)
    async with open_store("", data) as store:
        assert await store.memory("a").get("name") == "kept"


async def test_nobody_else_may_look_in(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with embedded(data) as socket:
        home = data / "valkey"
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        assert stat.S_IMODE(socket.stat().st_mode) & 0o077 == 0
        for file in home.rglob("*"):
            assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file


async def test_several_share_one_and_only_the_last_shuts_it_down(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        sockets = await asyncio.gather(*(stack.enter_async_context(embedded(tmp_path)) for _ in range(5)))
        assert len(set(sockets)) == 1
    assert not running(tmp_path)
    async with User(tmp_path) as other:
        async with open_store("", tmp_path) as store:
            assert await store.memory("test").get("name") == "kept"
        assert running(tmp_path)
        assert await other.ask("name") == "kept"
        await other.leave()
    assert not running(tmp_path)


async def test_coming_and_going_at_the_same_moment(tmp_path: Path) -> None:
    async def visit(number: int) -> None:
        for _ in range(3):
            async with open_store("", tmp_path) as store:
                assert await store.memory("a").add("visits") > 0
                await asyncio.sleep(0.01 * number)

    await asyncio.gather(*(visit(number) for number in range(4)))
    assert not running(tmp_path)
    async with open_store("", tmp_path) as store:
        assert await store.memory("a").get("visits") == "12"


async def test_what_a_killed_process_leaves_is_used_and_then_ended(tmp_path: Path) -> None:
    async with User(tmp_path) as user:
        user.process.kill()
        await user.process.wait()
    assert running(tmp_path)
    async with open_store("", tmp_path) as store:
        assert await store.memory("test").get("name") == "kept"
    assert not running(tmp_path)


async def test_ctrl_c_in_the_terminal_does_not_reach_the_server(tmp_path: Path) -> None:
    async with User(tmp_path) as user:
        os.killpg(user.process.pid, signal.SIGINT)
        assert await user.line() == "interrupted"
        assert await user.ask("name") == "kept"
        await user.leave()
    assert not running(tmp_path)


async def test_a_killed_server_is_started_again_with_all_its_data(tmp_path: Path) -> None:
    async with open_store("", tmp_path) as store:
        await store.memory("a").put("name", "kept")
        os.kill((await store.redis.info("server"))["process_id"], signal.SIGKILL)

        async def back() -> bool:
            try:
                return await store.memory("a").get("name") == "kept"
            except StoreError:
                return False

        await until(back)
    assert not running(tmp_path)


async def test_a_stale_socket_is_no_server(tmp_path: Path) -> None:
    (tmp_path / "valkey").mkdir()
    (tmp_path / "valkey" / "socket").write_text("stale")
    async with open_store("", tmp_path) as store:
        await store.ping()


async def test_a_long_path_gets_a_short_socket_that_everybody_finds(tmp_path: Path) -> None:
    data = tmp_path / ("long" * 30)
    async with embedded(data) as socket, embedded(data) as again:
        assert socket == again and len(os.fsencode(socket)) < 100
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    assert not socket.exists()


async def test_a_file_in_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(StoreError, match="BRIDGE_DATA_DIR"):
        async with open_store("", tmp_path / "data"):
            pass


async def test_why_it_does_not_start_is_said(tmp_path: Path) -> None:
    async with open_store("", tmp_path) as store:
        await store.memory("a").put("name", "kept")
    for file in (tmp_path / "valkey" / "appendonlydir").glob("*.manifest"):
        file.write_text("nonsense\n")
    with pytest.raises(StoreError, match=r"did not start.*valkey\.log.*BRIDGE_REDIS_URL"):
        async with open_store("", tmp_path):
            pass


async def test_a_locale_that_is_not_there_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "xx_XX.UTF-8")
    async with open_store("", tmp_path) as store:
        await store.ping()


async def test_without_the_binary_the_way_out_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.store.embedded.find_spec", lambda name: None)
    with pytest.raises(StoreError, match="BRIDGE_REDIS_URL"):
        async with open_store("", tmp_path):
            pass


async def test_on_windows_the_way_out_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(StoreError, match=r"Windows.*BRIDGE_REDIS_URL"):
        async with open_store("", tmp_path):
            pass

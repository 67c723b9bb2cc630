"""Any Redis by its URL: read right, refused clearly, never with the password in what is said."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from redis import Redis as BlockingRedis

from bridge.errors import StoreError
from bridge.inbox import Inbox
from bridge.store import Store, keys, open_store, translate_redis_errors
from bridge.store.connect import RedisUrl
from bridge.types import Chat, ModelId
from tests.store.parts import ACCOUNT, PATIENCE, chat, exchange, first, message, question, taking, until, work
from tests.store.servers import valkey
from tests.store.worker import answer

SECRET = "p4ss-w0rd"  # nothing is behind it
SENTINEL = f"redis+sentinel://{{}}/mymaster?sentinel_password={SECRET}"


@pytest.mark.parametrize(
    ("url", "hosts", "more"),
    [
        ("redis://localhost", (("localhost", 6379),), {}),
        ("rediss://u:p%40ss@[::1]:7000/3", (("::1", 7000),), {"tls": True, "username": "u", "database": 3}),
        ("redis://:p%40ss@h", (("h", 6379),), {"username": None, "password": "p@ss"}),
        (
            "redis+sentinel://u:p@a:1,b/my%2Fmaster/2?sentinel_password=q",
            (("a", 1), ("b", 26379)),
            {"service": "my/master", "database": 2, "sentinel": {"password": "q"}, "kind": "sentinel"},
        ),
        ("rediss+cluster://:p@a:1,[::1]:2", (("a", 1), ("::1", 2)), {"tls": True, "kind": "cluster"}),
        (" unix:///run/redis.sock?db=2 ", (), {"kind": "single"}),
    ],
)
def test_urls_are_taken_apart(url: str, hosts: tuple[tuple[str, int], ...], more: dict[str, object]) -> None:
    read = RedisUrl.parse(url)
    assert read.hosts == hosts
    assert {name: getattr(read, name) for name in more} == more
    assert "p@ss" not in repr(read) and "p%40ss" not in repr(read) + read.shown and "=q" not in read.shown


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (f"localhost:6379?password={SECRET}", "begins with"),
        (f"http://:{SECRET}@localhost", "begins with"),
        (f"redis+magic://:{SECRET}@localhost", "begins with"),
        (f"unix+cluster://:{SECRET}@/x", "begins with"),
        (f"redis://:{SECRET}@", "no host"),
        ("unix://", "path of a socket"),
        (f"redis://:{SECRET}@h:port", "read as a URL"),
        (f"redis://:{SECRET}@h:99999", "read as a URL"),
        (f"redis://:{SECRET}@[::1", "read as a URL"),
        (f"redis://:{SECRET}@:6379", "host is missing"),
        (f"redis://:{SECRET}@h/x", "number of a database"),
        (f"redis+sentinel://:{SECRET}@h", "service is missing"),
        (f"redis+sentinel://:{SECRET}@h/m/1/2", "number of a database"),
        (f"redis+cluster://:{SECRET}@h/1", "only database 0"),
        (f"redis://:{SECRET}@localhost?socket_timeout=soon", "question mark"),
        (f"redis://:{SECRET}@localhost?no_such_thing=1", "question mark"),
    ],
)
async def test_a_url_that_cannot_be_used_is_refused_with_the_reason(url: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=why) as caught:
        async with open_store(url, tmp_path):
            pass
    assert SECRET not in str(caught.value) and SECRET not in repr(caught.value.__cause__)


@pytest.mark.parametrize("scheme", ["redis://{}", "redis+cluster://{}", SENTINEL])
async def test_nobody_there_is_said_soon_and_without_the_password(scheme: str, tmp_path: Path) -> None:
    with valkey(tmp_path) as port:
        pass  # and is gone again
    url = scheme.format(f"user:{SECRET}@127.0.0.1:{port}")
    with pytest.raises(StoreError, match=r"127\.0\.0\.1") as caught:
        async with asyncio.timeout(PATIENCE), open_store(url, tmp_path):
            pass
    assert SECRET not in str(caught.value)


async def test_a_password_that_is_missing_is_said_at_once(tmp_path: Path) -> None:
    with valkey(tmp_path, "--requirepass", SECRET, password=SECRET) as port:
        with pytest.raises(StoreError, match="password"):
            async with asyncio.timeout(30), open_store(f"redis://127.0.0.1:{port}", tmp_path):
                raise AssertionError("let in without a password")


async def test_passwords(tmp_path: Path) -> None:
    with valkey(tmp_path, "--requirepass", SECRET, password=SECRET) as port:
        async with open_store(f"redis://:{SECRET}@127.0.0.1:{port}/1", tmp_path) as store:
            await store.memory("a").put("name", "kept")
        for wrong in ("", ":wrong-one@"):
            with pytest.raises(StoreError, match="does not accept") as caught:
                async with open_store(f"redis://{wrong}127.0.0.1:{port}", tmp_path):
                    pass
            assert "wrong-one" not in str(caught.value)


async def test_a_master_found_by_its_sentinel(tmp_path: Path) -> None:
    with valkey(tmp_path, "--requirepass", SECRET, password=SECRET) as master:
        watched = f"sentinel monitor mymaster 127.0.0.1 {master} 1\nsentinel auth-pass mymaster {SECRET}"
        with valkey(tmp_path, "--sentinel", config=watched) as sentinel:
            url = f"redis+sentinel://:{SECRET}@127.0.0.1:1,127.0.0.1:{sentinel}/mymaster/1"
            async with open_store(url, tmp_path) as store:
                await store.preferences.set_model(chat(), ModelId("a", "b"))
                assert await store.preferences.model(chat()) == ModelId("a", "b")
        with BlockingRedis(port=master, db=1, password=SECRET) as redis:
            assert redis.exists(keys.ChatKeys(chat()).preferences)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One node that has all the slots: it refuses what a cluster refuses."""
    home = tmp_path_factory.mktemp("cluster")
    options = ("--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1", "--cluster-config-file", "nodes")
    with valkey(home, *options) as port:
        with BlockingRedis(port=port) as redis:
            redis.execute_command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
            while "cluster_state:ok" not in str(redis.execute_command("CLUSTER", "INFO")):
                time.sleep(0.02)
        yield f"redis+cluster://127.0.0.1:{port}"


async def test_a_cluster_keeps_everything(cluster: str, tmp_path: Path) -> None:
    other = Chat("telegram", "-1001")
    async with open_store(cluster, tmp_path) as store:
        inbox = Inbox(store, ttl=1.2)
        for number in range(5):
            for one in range(10):
                await inbox.put(ACCOUNT, question(f"{one}-{number}", chat(str(one))))
        await _die_with_a_claim(store)
        working = asyncio.create_task(work(inbox, partial(answer, store), 20))

        async def answered() -> bool:
            rows = [await store.redis.llen(keys.ChatKeys(chat(str(one))).history) for one in range(10)]
            return sum(rows) >= 50

        await until(answered)
        working.cancel()
        await asyncio.wait([working])
        for one in range(10):
            assert [each.id for each in await store.history.read(chat(str(one)))] == [f"{one}-{n}" for n in range(5)]

        await store.preferences.set_model(chat("1"), ModelId("a", "b"))
        await store.preferences.set_last(chat("1"), message("1", chat("1")))
        await inbox.put(ACCOUNT, question("9", chat("1")))
        await inbox.move(chat("1"), other)
        assert len(await store.history.read(other)) == 5 and await store.preferences.model(other) == ModelId("a", "b")
        await store.conversations.delete(other, "all")
        assert await store.history.read(other) == []
        async with taking(inbox) as take:
            turn = await first(await take())
            assert turn.job.chat == other
            await turn.set_aside("enough")
        assert len([each async for each in inbox.kept_aside()]) == 1

        async with store.leases.hold("a") as lease:
            assert not lease.lost.is_set()
        assert await store.heartbeats.beat() == 1
        await store.preferences.learn(ModelId("a", "b"), 1000, 2000)
        assert await store.preferences.ratio(ModelId("a", "b")) == 2.0
        heard = asyncio.create_task(anext(store.signals.listen()))
        await asyncio.sleep(0.3)
        await store.signals.stop(chat("stop"))
        assert (await asyncio.wait_for(heard, PATIENCE)).chat.id == "stop"
        assert await store.ping() > 0
        await inbox.close()


async def _die_with_a_claim(store: Store) -> None:
    dead = Inbox(store, ttl=1.2)
    async with taking(dead) as take:
        turn = await first(await take())
        await turn.reply().begin()
        await turn.reply().posted(f"ref-{turn.job.id}")
    await dead.close()


async def test_a_redis_that_goes_away_and_comes_back(tmp_path: Path) -> None:
    """It is started anew without its data, as the worst case: the group, the scripts, everything is gone."""
    async with open_store("", tmp_path / "data") as store:
        inbox = Inbox(store, ttl=1.0)
        async with taking(inbox) as take:
            await inbox.put(ACCOUNT, question("1"))
            claim = await take()
            turn = await first(claim)
            await store.redis.flushall()
            await store.redis.script_flush()
            await store.redis.client_kill_filter(_type="normal", skipme=True)
            await inbox.put(ACCOUNT, question("2", chat("2")))
            later = await take()
            assert later.chat == chat("2")
            await (await first(later)).done(exchange("2"))
            with pytest.raises(StoreError):
                await turn.done(exchange("1"))
            assert await later.next() is None
        await inbox.close()


async def test_errors_of_redis_leave_as_store_errors(store: Store) -> None:
    await store.redis.set("a", "text")
    with pytest.raises(StoreError, match="WRONGTYPE"):
        async with translate_redis_errors():
            await store.redis.lpush("a", "x")
    async with store.redis.pipeline() as pipe:
        pipe.lpush("a", "words of a person")
        with pytest.raises(StoreError) as caught:
            async with translate_redis_errors():
                await pipe.execute()
    assert caught.value.__cause__ is None
    with pytest.raises(KeyError):
        async with translate_redis_errors():
            raise KeyError("ours")


async def test_a_cancellation_is_heeded_at_any_moment(store: Store) -> None:
    """Up to Python 3.11 one that comes while redis-py sends can get lost."""

    async def ask() -> None:
        while True:
            async with translate_redis_errors():
                await store.redis.ping()

    for turns in range(60):
        task = asyncio.create_task(ask())
        for _ in range(10 + turns):
            await asyncio.sleep(0)
        task.cancel()
        _, pending = await asyncio.wait([task], timeout=PATIENCE / 10)
        assert not pending


async def test_a_connection_that_was_closed_meanwhile_is_a_store_error() -> None:
    """redis-py's cluster closes a failed node's connections under the hands of those who are about to send."""
    writer: asyncio.StreamWriter | None = None
    with pytest.raises(StoreError, match="closed"):
        async with translate_redis_errors():
            writer.writelines([])  # type: ignore[union-attr]  # as redis-py does
    uvloops = "unable to perform operation on <TCPTransport closed=True reading=False 0x1>; the handler is closed"
    with pytest.raises(StoreError, match="closed"):
        async with translate_redis_errors():
            raise RuntimeError(uvloops)
    with pytest.raises(RuntimeError, match="ours"):
        async with translate_redis_errors():
            raise RuntimeError("ours")

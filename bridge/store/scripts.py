"""Runs the Lua scripts: each is one step on one chat's keys that nobody can come between.

A reply can be lost and the call then repeated by redis-py, so every script may run twice with the same arguments
and come to the same result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import NoScriptError

from bridge.store.errors import translate_redis_errors


class Script:
    """A script that Redis keeps by its hash and is sent whole only where it does not have it yet."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._hash = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()

    async def __call__(self, redis: Redis, keys: Sequence[str], *args: str | bytes | int | float) -> Any:
        """Run it. Raises StoreError."""
        call: Any = redis.execute_command
        async with translate_redis_errors():
            try:
                return await call("EVALSHA", self._hash, len(keys), *keys, *args)
            except NoScriptError:
                return await call("EVAL", self.source, len(keys), *keys, *args)

    async def many(self, redis: Redis, calls: Sequence[tuple[Sequence[str], Sequence[str | int | float]]]) -> list[Any]:
        """Run it for each of `calls`, which are keys and arguments, in one round trip; return their answers.

        What one call was refused is its answer, as redis-py's exception. Raises StoreError where Redis is away.
        """
        async with translate_redis_errors():
            pipe = redis.pipeline(transaction=False)
            for keys, args in calls:
                self.add_to(pipe, keys, *args)
            answers = await pipe.execute(raise_on_error=False)
        return [
            await self(redis, keys, *args) if isinstance(answer, NoScriptError) else answer
            for (keys, args), answer in zip(calls, answers, strict=True)
        ]

    def add_to(self, pipe: Pipeline, keys: Sequence[str], *args: str | int | float) -> None:
        """Have `pipe` run it by its hash; the answer is a NoScriptError where Redis does not have it yet."""
        pipe.execute_command("EVALSHA", self._hash, len(keys), *keys, *args)

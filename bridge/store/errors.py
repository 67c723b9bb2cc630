"""Where redis-py's errors end: what leaves the store is a `StoreError` that names no secret and repeats no words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from redis.asyncio.sentinel import MasterNotFoundError
from redis.exceptions import (
    AuthenticationError,
    ConnectionError,
    NoPermissionError,
    RedisClusterException,
    RedisError,
    TimeoutError,
)

from bridge.errors import StoreError


@asynccontextmanager
async def translate_redis_errors() -> AsyncIterator[None]:
    """Raise StoreError for whatever goes wrong with Redis inside.

    The error that it stands for is not chained: redis-py repeats a command's arguments in some, and those hold
    what people wrote.
    """
    task = asyncio.current_task()
    asked = task.cancelling() if task else 0
    try:
        yield
    except (RedisError, RedisClusterException, OSError) as error:
        reraise_cancelled(task, asked)
        raise StoreError(said(error)) from None
    except (AttributeError, RuntimeError) as error:
        if not _closed_meanwhile(error):
            raise
        reraise_cancelled(task, asked)
        raise StoreError("Redis cannot be reached: the connection was closed") from None
    reraise_cancelled(task, asked)


async def raise_refusals(answers: Iterable[object]) -> None:
    """Raise StoreError for the first of a pipeline's answers that is an error."""
    async with translate_redis_errors():
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer


def _closed_meanwhile(error: AttributeError | RuntimeError) -> bool:
    """Whether redis-py wrote to a connection that another task had closed, as a cluster's client does when a node
    fails: by then its writer is None, or uvloop's transport is closed."""
    if isinstance(error, AttributeError):
        return error.obj is None and error.name in ("write", "writelines", "drain")
    return "the handler is closed" in str(error)


def reraise_cancelled(task: asyncio.Task[object] | None, asked: int) -> None:
    """Be cancelled after all: redis-py sends by `asyncio.wait_for`, which up to Python 3.11 can swallow it."""
    if task and task.cancelling() > asked:
        raise asyncio.CancelledError from None


def said(error: Exception) -> str:
    """What went wrong, for an operator."""
    match error:
        case MasterNotFoundError():
            return "no sentinel that can be reached knows a master of that name"
        case AuthenticationError() | NoPermissionError():
            return "Redis does not accept the user or the password, or does not let that user do this"
        case ConnectionError() if "Authentication required" in str(error):  # redis-py gives it no class of its own
            return "Redis wants a password, and the address holds none"
        case TimeoutError():
            return "Redis does not answer in time"
        case ConnectionError() | OSError():
            return f"Redis cannot be reached: {_short(error)}"
        case RedisClusterException():
            return "no node of the Redis cluster can be reached, or slots are missing"
        case _:
            # A server's complaint begins with its code: READONLY, OOM, MISCONF, CLUSTERDOWN, WRONGTYPE.
            return f"Redis refused: {_short(error)}"


def _short(error: Exception) -> str:
    # An error in a pipeline repeats the command before its reason.
    text = str(error).rpartition("of pipeline caused error: ")[2]
    return text.splitlines()[0][:200] if text else type(error).__name__

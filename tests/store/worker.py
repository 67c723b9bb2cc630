"""A process that answers: ``python -m tests.store.worker URL TTL``. To be killed."""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from pathlib import Path

from bridge.inbox import Claim, ClaimLost, Inbox
from bridge.store import Store, open_store
from tests.store.parts import exchange, work


async def answer(store: Store, claim: Claim, pause: float = 0.01) -> None:
    """Answer everything in a chat, writing down each page on the way; the process may end at any point."""
    try:
        while (turn := await claim.next()) is not None:
            if not turn.reply().refs:
                await turn.reply().begin()
                await turn.reply().posted(f"ref-{turn.job.id}")
            await asyncio.sleep(pause)
            await turn.done(exchange(turn.job.id, f"{turn.reply().refs[0]}"))
    except ClaimLost:
        await claim.release()


async def main() -> None:
    async with open_store(sys.argv[1], Path(".")) as store:
        await work(Inbox(store, ttl=float(sys.argv[2])), partial(answer, store), 20)


if __name__ == "__main__":
    asyncio.run(main())

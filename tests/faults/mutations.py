"""`python -m tests.faults.mutations`: break essential lines one by one in a copy; does the short form notice?

Each runs the test of the short form that is to notice it, with `--whole` all of them until one does. Words after it
choose the mutations whose names hold one of them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PARTS = ("bridge", "channels", "tests", "pyproject.toml")
WORKERS = "3"
FOUND = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Mutation:
    name: str
    file: str
    old: str
    new: str
    noticed_by: str
    """A test of the short form."""


MUTATIONS = (
    Mutation(
        "a message that comes again is not recognised",
        "bridge/inbox/queue.py",
        "if redis.call('ZSCORE', KEYS[1], key) then",
        "if false then",
        "comes_again",
    ),
    Mutation(
        "what was put is not announced",
        "bridge/inbox/queue.py",
        "        for chat, lane, _ in batches:\n            pipe.xadd",
        "        for chat, lane, _ in batches[:0]:\n            pipe.xadd",
        "comes_again",
    ),
    Mutation(
        "two workers may claim one chat",
        "bridge/inbox/claim.py",
        "if holder then return holder == ARGV[1] and 'won' or 'held:' .. holder end",
        "",
        "nothing_goes_wrong",
    ),
    Mutation(
        "what a dead worker had is not looked at again",
        "bridge/inbox/inbox.py",
        "found = await ready.left(self._redis, account, lane, room, self._ttl * 1.05)",
        "found: list[ReadyMarker] = []",
        "second_message",
    ),
    Mutation(
        "an overtaken worker may end the turn",
        "bridge/inbox/endings.py",
        "if redis.call('HGET', head, 'by') ~= fencing_token then\n    return",
        "if false then\n    return",
        "slept_on",
    ),
    Mutation(
        "the answer does not enter the history",
        "bridge/inbox/endings.py",
        "redis.call('RPUSH', list, ARGV[2])",
        "",
        "comes_again",
    ),
    Mutation(
        "claims and leases are not renewed",
        "bridge/store/keeper.py",
        "return redis.call('PEXPIRE', KEYS[1], ARGV[2])",
        "return 1",
        "nothing_goes_wrong",
    ),
    Mutation(
        "two processes may hold one lease",
        "bridge/store/leases.py",
        "if holder and holder ~= ARGV[1] then return 0 end",
        "",
        "nothing_goes_wrong",
    ),
    Mutation(
        "a post is not written down before it is made",
        "bridge/reply/deliver.py",
        "        if not anew:\n            await self._record.begin(fingerprint)",
        "        if False:\n            await self._record.begin(fingerprint)",
        "killed_between",
    ),
    Mutation(
        "a message that was posted is not written down",
        "bridge/reply/deliver.py",
        "            await self._record.posted(ref)",
        "            pass",
        "second_message",
    ),
    Mutation(
        "each attempt posts under another key",
        "bridge/reply/deliver.py",
        'else f"{self._to.key}.{number}"',
        'else f"{id(self)}.{number}"[-25:]',
        "killed_between",
    ),
    Mutation(
        "a process that slept writes on",
        "bridge/reply/deliver.py",
        "        self._record.ensure_ours()\n",
        "",
        "slept_writes",
    ),
    Mutation(
        "a rate limit is not kept for the next process",
        "bridge/reply/deliver.py",
        "if error.retry_after >= KEPT_WAIT_SECONDS:",
        "if False:",
        "waits_as",
    ),
)


def main() -> int:
    wanted = [word for word in sys.argv[1:] if word != "--whole"]
    chosen = [each for each in MUTATIONS if not wanted or any(word in each.name for word in wanted)]
    unnoticed = 0
    for mutation in chosen:
        began = time.monotonic()
        failed = _try(mutation, whole="--whole" in sys.argv)
        unnoticed += not failed
        print(f"{mutation.name:<50} {time.monotonic() - began:4.0f} s  {failed or 'NOT NOTICED'}", flush=True)
    return 1 if unnoticed else 0


def _try(mutation: Mutation, *, whole: bool) -> str:
    """The test that notices the mutation first; empty where none does."""
    with tempfile.TemporaryDirectory(prefix="mutation", ignore_cleanup_errors=True) as folder:
        copy = Path(folder)
        for part in PARTS:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy)
        file = copy / mutation.file
        text = file.read_text()
        if text.count(mutation.old) != 1:
            raise SystemExit(f"{mutation.file} holds {text.count(mutation.old)} times: {mutation.old!r}")
        file.write_text(text.replace(mutation.old, mutation.new))
        chosen = ["-n", WORKERS] if whole else ["-k", mutation.noticed_by]
        command = [sys.executable, "-m", "pytest", "tests/faults", "-x", "-p", "no:cacheprovider", *chosen]
        environment = {**os.environ, "PYTHONPATH": str(copy)}
        ran = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
        if ran.returncode not in (0, 1, 2):
            raise SystemExit(ran.stdout[-3000:] + ran.stderr[-3000:])
        found = FOUND.search(ran.stdout)
        return found[1].rpartition("/")[2] if found else ""


if __name__ == "__main__":
    sys.exit(main())

"""Several messages that are one thought: which of those that wait are one question, and what that question says.

People send a thought in pieces, and a forward and its comment are two messages, in either order. What follows a
question while that waits, or while its answer has no words yet, joins it, so one answer is to all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from bridge.inbound import Said
from bridge.inbox.entry import Entry
from bridge.inbox.job import Job, Question
from bridge.store import Script

MAX_JOINED = 10
"""The most messages of one question."""
MAX_JOINED_CHARACTERS = 100_000
"""The most characters that they have together."""
MAX_GAP_SECONDS = 600.0
"""Between two of them, where the platform says when they were sent: in an outage, what waits may be hours apart."""

JOIN = Script("""
-- KEYS queue, head, seen; ARGV fencing token, then the rows behind the first that are to be part of its turn, in order.
-- Returns how many are: up to one that is no longer there as it was read, or before which something else came in, such
-- as a command. -1 where the turn is another's.
if redis.call('HGET', KEYS[2], 'by') ~= ARGV[1] then return -1 end
local joined = ''
local before = redis.call('ZSCORE', KEYS[3], redis.call('HGET', KEYS[2], 'key'))
for at = 2, #ARGV do
  if redis.call('LINDEX', KEYS[1], at - 1) ~= ARGV[at] then break end
  local key = string.sub(ARGV[at], 1, 16)
  local came = redis.call('ZSCORE', KEYS[3], key)
  if before and came and redis.call('ZCOUNT', KEYS[3], '(' .. before, '(' .. came) > 0 then break end
  joined, before = joined .. key, came or before
end
redis.call('HSET', KEYS[2], 'joined', joined)
return #joined / 16
""")


def following(question: Question, rows: Iterable[str], account: str) -> list[Question]:
    """Return the questions at the beginning of `rows`, the queue's next ones, that belong to `question`."""
    questions = [question]
    for row in rows:
        try:
            entry = Entry.from_row(row)
        except ValueError:
            break
        if entry.account != account or not _belongs(entry.job, questions):
            break
        assert isinstance(entry.job, Question)
        questions.append(entry.job)
    return questions[1:]


def join(questions: Sequence[Question]) -> Question:
    """Return one question that says what all of them say; known by the first, answered under the last."""
    if len(questions) == 1:
        return questions[0]
    messages = [question.message for question in questions]
    forwards = [message.quoted for message in messages if message.forwarded]
    quoted = "\n\n".join(filter(None, forwards)) or messages[0].quoted
    last = messages[-1]
    return replace(
        questions[0],
        message=replace(
            last,
            text="\n\n".join(filter(None, (_words(message, quoted) for message in messages))),
            quoted=quoted,
            replied_to=next((each.replied_to for each in reversed(messages) if each.replied_to), None),
            attachments=tuple(each for message in messages for each in message.attachments),
            ack=messages[0].ack,
            sent_at=messages[0].sent_at,
            addressed=any(message.addressed for message in messages),
            forwarded=all(message.forwarded for message in messages),
        ),
    )


def _words(message: Said, quoted: str) -> str:
    """Return what a person wrote, below what they replied to unless `quoted` holds that."""
    if message.forwarded or message.quoted in ("", quoted):
        return message.text
    quote = "\n".join(f"> {line}" for line in message.quoted.splitlines())
    return f"{quote}\n{message.text}"


def _belongs(job: Job, questions: Sequence[Question]) -> bool:
    """Whether `job` goes on with what the sender of these began. What has a message of its own to fill does not."""
    before = questions[-1].message
    if not (isinstance(job, Question) and _is_first_hand(job) and _is_first_hand(questions[0])):
        return False
    message = job.message
    soon = not (before.sent_at and message.sent_at) or message.sent_at - before.sent_at <= MAX_GAP_SECONDS
    size = sum(len(each.message.text) + len(each.message.quoted) for each in (*questions, job))
    return (
        message.sender == before.sender
        and message.chat == before.chat
        and not message.ack
        and soon
        and len(questions) < MAX_JOINED
        and size <= MAX_JOINED_CHARACTERS
    )


def _is_first_hand(question: Question) -> bool:
    """Whether it is a message as it was sent; `/retry` and the like ask by the id of a command."""
    return question.id == question.message.id and not (question.again or question.action or question.models)

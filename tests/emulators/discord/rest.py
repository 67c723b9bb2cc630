"""The REST API on loopback: what a bot may do, how fast, and what goes wrong on the way."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tests.emulators.discord import faults
from tests.emulators.discord.checks import FILE_BYTES, REQUEST_BYTES, check_commands, check_message
from tests.emulators.discord.faults import Fault, Window, answer, too_many
from tests.emulators.discord.gateway import Gateway
from tests.emulators.discord.interactions import Interactions
from tests.emulators.discord.world import Payload, Said, World, iso

_Endpoint = Callable[[web.Request], Awaitable[web.StreamResponse]]
OLD = 3600.0
"""Seconds after which edits of a message are limited once more."""


class Rest:
    """`edits` and `posts` are the limits of one channel: so many in so many seconds."""

    def __init__(
        self,
        world: World,
        gateway: Gateway,
        interactions: Interactions,
        token: str,
        *,
        edits: tuple[int, float],
        posts: tuple[int, float],
        old_edits: tuple[int, float],
    ) -> None:
        self._world, self._gateway, self._interactions, self._token = world, gateway, interactions, token
        self._sizes = {"edit": edits, "post": posts, "old": old_edits}
        self._windows: dict[tuple[str, str], Window] = {}
        self._nonces: dict[str, Said] = {}
        self.commands: list[Payload] = []
        self.calls: Counter[str] = Counter()
        """How often each route was asked for, refused or not: ``PUT commands``."""
        self.login_at = 0.0
        """The loop's time when a bot last asked who it is."""
        self.typing: Counter[str] = Counter()
        self.refused: list[str] = []
        """Every call that was answered with 429, by route."""
        self.parked: list[float] = []
        """Seconds left each time an edit used up its channel's limit: for so long discord.py holds that call."""
        self.forbidden: dict[str, int] = {}
        """Channels where the bot may do nothing, and the code that says so."""
        self.floods: list[float] = []
        self.lost_answers = 0
        self.dropped_requests = 0
        self.dropped_deletions = 0
        """So many of the next attempts to take back an interaction's response are cut off."""
        self.failures = 0
        """So many of the next writes are answered with 502."""
        self.file_bytes = FILE_BYTES
        """The largest file that a message may hold."""
        self.delay = 0.0
        """Seconds that every write takes."""
        self.overlaps: list[str] = []
        """Channels in which one edit began before another had ended."""
        self._editing: defaultdict[str, int] = defaultdict(int)

    def routes(self, app: web.Application) -> None:
        api, channel = "/api/v10", "/api/v10/channels/{channel}"
        add = app.router.add_route
        add("GET", f"{api}/users/@me", self._me)
        add("GET", f"{api}/oauth2/applications/@me", self._application)
        add("GET", f"{api}/applications/@me", self._application)
        add("POST", f"{api}/users/@me/channels", self._open_dm)
        add("GET", f"{api}/applications/{{application}}/commands", self._get_commands)
        add("PUT", f"{api}/applications/{{application}}/commands", self._put_commands)
        add("GET", f"{api}/guilds/{{guild}}/members/{{person}}", self._get_member)
        add("GET", channel, self._get_channel)
        add("GET", f"{channel}/messages", self._history)
        add("POST", f"{channel}/messages", self._post)
        add("GET", f"{channel}/messages/{{message}}", self._get_message)
        add("PATCH", f"{channel}/messages/{{message}}", self._edit)
        add("DELETE", f"{channel}/messages/{{message}}", self._delete)
        add("POST", f"{channel}/typing", self._typing)
        add("POST", f"{channel}/threads", self._open_thread)
        add("POST", f"{api}/interactions/{{interaction}}/{{secret}}/callback", self._interactions.callback)
        original = f"{api}/webhooks/{{application}}/{{secret}}/messages/@original"
        add("PATCH", original, self._interactions.edit_original)
        add("DELETE", original, self._interactions.delete_original)
        add("GET", "/stickers/{file}", self._world.cdn.serve_sticker)
        add("GET", "/attachments/{channel}/{attachment}/{name}", self._world.cdn.serve)

    @web.middleware
    async def middleware(self, request: web.Request, handler: _Endpoint) -> web.StreamResponse:
        if not request.path.startswith("/api/"):
            return await handler(request)
        resource = request.match_info.route.resource
        name = f"{request.method} {resource.canonical.rsplit('}/', 1)[-1]}" if resource else "unknown"
        self.calls[name] += 1
        try:
            interaction = "secret" in request.match_info  # answered by its secret, not by the bot's token
            if not interaction and request.headers.get("Authorization") != f"Bot {self._token}":
                raise Fault(401, 0, "401: Unauthorized")
            if code := self.forbidden.get(request.match_info.get("channel", "")):
                raise Fault(403, code, "Missing Permissions")
            if name in ("POST messages", "PATCH messages/{message}"):
                return await self._write(request, handler, name)
            if name == "DELETE messages/@original" and self.dropped_deletions > 0:
                self.dropped_deletions -= 1
                return _cut(request)
            return await handler(request)
        except Fault as fault:
            return answer(fault.body, fault.status)
        except web.HTTPException as missing:
            return answer({"message": f"{missing.status}: {missing.reason}", "code": 0}, missing.status)

    async def _write(self, request: web.Request, endpoint: _Endpoint, name: str) -> web.StreamResponse:
        if self.floods:
            self.refused.append(name)
            return too_many(self.floods.pop(0), {})
        if self.dropped_requests > 0:
            self.dropped_requests -= 1
            return _cut(request)
        if self.failures > 0:
            self.failures -= 1
            return answer({"message": "502: Bad Gateway", "code": 0}, 502)
        if self.delay:
            await asyncio.sleep(self.delay)
        response = await endpoint(request)
        if self.lost_answers > 0:
            self.lost_answers -= 1
            return _cut(request)
        return response

    def _take(self, kind: str, channel: str) -> tuple[dict[str, str], web.Response | None]:
        window = self._windows.setdefault((kind, channel), Window(*self._sizes[kind]))
        if window.take():
            if kind == "edit" and window.spent:
                self.parked.append(window.reset_after)
            return window.headers(kind), None
        self.refused.append(kind)
        return {}, too_many(window.reset_after, window.headers(kind))

    async def _me(self, request: web.Request) -> web.Response:
        self.login_at = asyncio.get_running_loop().time()
        return answer(self._world.bot)

    async def _application(self, request: web.Request) -> web.Response:
        return answer(self._world.application())

    async def _open_dm(self, request: web.Request) -> web.Response:
        recipient = str((await request.json())["recipient_id"])
        if recipient not in {user["id"] for user in self._world.people.values()}:
            raise Fault(400, faults.CANNOT_DM, "Cannot send messages to this user")
        return answer(self._world.channel(self._world.dm(recipient)))

    async def _get_commands(self, request: web.Request) -> web.Response:
        return answer(self.commands)

    async def _put_commands(self, request: web.Request) -> web.Response:
        wanted = await request.json()
        check_commands(wanted)
        own = {"application_id": self._world.bot["id"], "version": "1"}
        self.commands = [{**each, **own, "id": self._world.snowflake()} for each in wanted]
        return answer(self.commands)

    async def _get_channel(self, request: web.Request) -> web.Response:
        return answer(self._channel(request))

    async def _get_member(self, request: web.Request) -> web.Response:
        if request.match_info["guild"] != self._world.guild:
            raise Fault(404, faults.UNKNOWN_GUILD, "Unknown Guild")
        for user in self._world.people.values():
            if user["id"] == request.match_info["person"]:
                return answer(self._world.member(user))
        raise Fault(404, faults.UNKNOWN_MEMBER, "Unknown Member")

    def _channel(self, request: web.Request) -> Payload:
        found = self._world.channel(request.match_info["channel"])
        if found is None:
            raise Fault(404, faults.UNKNOWN_CHANNEL, "Unknown Channel")
        return found

    def _message(self, request: web.Request) -> Said:
        self._channel(request)
        said = self._world.messages.get(request.match_info["message"])
        if said is None or said.channel != request.match_info["channel"]:
            raise Fault(404, faults.UNKNOWN_MESSAGE, "Unknown Message")
        return said

    async def _history(self, request: web.Request) -> web.Response:
        channel = self._channel(request)
        if not 1 <= int(request.query.get("limit", "50")) <= 100:
            raise faults.form_fault("limit", "NUMBER_TYPE_MAX", "int value should be less than or equal to 100.")
        return answer(self._world.history(channel["id"], request.query))

    async def _get_message(self, request: web.Request) -> web.Response:
        return answer(self._world.seen_by_bot(self._message(request).payload))

    async def _open_thread(self, request: web.Request) -> web.Response:
        self._channel(request)
        if not 1 <= len(name := str((await request.json())["name"])) <= 100:
            raise faults.form_fault("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
        thread = self._world.snowflake()
        self._world.threads[thread] = name
        created = self._world.channel(thread)
        await self._gateway.dispatch("THREAD_CREATE", {**(created or {}), "newly_created": True})
        return answer(created, 201)

    async def _typing(self, request: web.Request) -> web.Response:
        self.typing[self._channel(request)["id"]] += 1
        return web.Response(status=204)

    async def _post(self, request: web.Request) -> web.Response:
        channel = self._channel(request)["id"]
        headers, refused = self._take("post", channel)
        if refused is not None:
            return refused
        body, files = await self._body(request)
        nonce = f"{channel} {body['nonce']}" if body.get("enforce_nonce") else ""
        if nonce and nonce in self._nonces:
            return answer(self._world.seen_by_bot(self._nonces[nonce].payload), headers=headers)
        check_message(body)
        if len(str(body.get("nonce", ""))) > 25:
            raise faults.form_fault("nonce", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
        kept = [self._keep(files[int(each["id"])], each) for each in body.get("attachments") or []]
        said = self.publish(channel, body, attachments=kept, **self._reference(channel, body))
        if nonce:
            self._nonces[nonce] = said
        await self._gateway.message_create(said.payload)
        return answer(self._world.seen_by_bot(said.payload), headers=headers)

    def _keep(self, file: tuple[str, bytes], attachment: Payload) -> Payload:
        name, content = file
        description = attachment.get("description") or ""
        return self._world.cdn.keep(attachment.get("filename") or name, content, description=description)

    def _reference(self, channel: str, body: Payload) -> Payload:
        """The part of a reply that names what it replies to. discord.py sends its ids as numbers."""
        reference = body.get("message_reference")
        if not reference:
            return {}
        target = self._world.messages.get(str(reference["message_id"]))
        if target is not None and target.payload["type"] not in (0, 19, 20):
            raise faults.form_fault(
                "message_reference", "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE", "Cannot reply to a system message"
            )
        if target is not None and target.channel == channel:
            return {
                "type": 19,
                "message_reference": {"message_id": target.id, "channel_id": channel},
                "referenced_message": target.payload,
            }
        if reference.get("fail_if_not_exists", True):
            raise faults.form_fault("message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
        return {}

    def publish(self, channel: str, body: Payload, **more: Any) -> Said:
        """Put a message of the bot's into a channel."""
        said = self._world.say(
            channel,
            self._world.bot,
            body.get("content") or "",
            asyncio.get_running_loop().time(),
            flags=int(body.get("flags") or 0),
            components=body.get("components") or [],
            **more,
        )
        self._ping(said, body)
        return said

    def _ping(self, said: Said, body: Payload) -> None:
        """Notify whom the content mentions, as far as the call allows it."""
        allowed = body.get("allowed_mentions", {"parse": ["everyone", "users", "roles"]})
        if "users" in allowed.get("parse", ()):
            said.pinged += [user["id"] for user in said.payload["mentions"]]
        if "everyone" in allowed.get("parse", ()) and ("@everyone" in said.content or "@here" in said.content):
            said.pinged.append("everyone")

    async def _edit(self, request: web.Request) -> web.Response:
        said = self._message(request)
        channel = said.channel
        headers, refused = self._take("edit", channel)
        if refused is None and time.time() - said.born > OLD:
            window = self._windows.setdefault(("old", channel), Window(*self._sizes["old"]))
            if not window.take():
                self.refused.append("old")
                refused = too_many(window.reset_after, headers, faults.OLD_MESSAGE_EDITS)
        if refused is not None:
            return refused
        if said.payload["author"] is not self._world.bot:
            raise Fault(403, faults.NOT_YOURS, "Cannot edit a message authored by another user")
        body, _ = await self._body(request)
        check_message(body, before=said.payload)
        self._editing[channel] += 1
        if self._editing[channel] > 1:
            self.overlaps.append(channel)
        try:
            await asyncio.sleep(0)
            self.rewrite(said, body)
        finally:
            self._editing[channel] -= 1
        await self._gateway.message_update(said.payload)
        return answer(self._world.seen_by_bot(said.payload), headers=headers)

    def rewrite(self, said: Said, body: Payload) -> None:
        changes = {key: body[key] for key in ("content", "components", "flags") if body.get(key) is not None}
        said.payload.update(changes)
        if body.get("attachments") is not None:  # those that are not named again go
            named = {str(each["id"]) for each in body["attachments"]}
            said.payload["attachments"] = [each for each in said.payload["attachments"] if each["id"] in named]
        said.payload["edited_timestamp"] = iso(time.time())
        if "content" in body:
            said.payload["content"] = body["content"] or ""
        if "content" in changes:
            said.payload["content"] = said.content.strip()
            self._ping(said, body)
        said.writes.append((asyncio.get_running_loop().time(), said.content))

    async def _delete(self, request: web.Request) -> web.Response:
        said = self._message(request)
        self._world.delete(said)
        await self._gateway.message_delete(said.channel, [said.id])
        return web.Response(status=204)

    async def _body(self, request: web.Request) -> tuple[Payload, dict[int, tuple[str, bytes]]]:
        """What a call says, and the files that it brings: name and content by number."""
        if request.content_type == "application/json":
            return await request.json(), {}
        if (request.content_length or 0) > REQUEST_BYTES:
            raise Fault(413, faults.TOO_LARGE, "Request entity too large")
        form = await request.post()
        files: dict[int, tuple[str, bytes]] = {}
        for name, field in form.items():
            if isinstance(field, web.FileField) and (found := re.fullmatch(r"files\[(\d+)\]", name)):
                files[int(found[1])] = field.filename, field.file.read()
        if any(len(content) > self.file_bytes for _, content in files.values()):
            raise Fault(413, faults.TOO_LARGE, "Request entity too large")
        body: Payload = json.loads(str(form["payload_json"]))
        if {int(each["id"]) for each in body.get("attachments") or []} != set(files):
            raise faults.form_fault("attachments", "INVALID_ATTACHMENT_ID", "Each file needs its attachment")
        return body, files


def _cut(request: web.Request) -> web.Response:
    """Break the connection before an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()

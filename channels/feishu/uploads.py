"""Files that go out: uploaded first, then sent as a message that names them by their keys.

People do not see an upload, so doing it twice is harmless; a post's key keeps the message from standing twice.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

import structlog
from cachetools import LRUCache

from bridge.errors import ChannelError, Unsure
from bridge.types import BodyFile, FileKind
from channels.feishu import cards
from channels.feishu.errors import NOT_A_PICTURE, Rejected
from channels.feishu.rest import Rest

log = structlog.get_logger(__name__)

MEGABYTE = 1_000_000
"""The pages say MB; the smaller of the two that this may mean."""
MAX_BYTES: Mapping[FileKind, int] = {"image": 10 * MEGABYTE, "audio": 30 * MEGABYTE, "file": 30 * MEGABYTE}
"""im-v1/image/create: 10 MB; im-v1/file/create: 30 MB."""
MAX_FILES = 10
"""In one post. The platform has no albums, but a rich text may hold pictures; its page sets no number. Other files
are a message each, and a chat takes five messages a second."""
MAX_CAPTION = 500
"""Characters. Ten captions of that length fit into the 30 KB of a rich text, of any characters."""
MAX_REMEMBERED_KEYS = 256
_FILE_TYPES = {
    ".pdf": "pdf",
    ".doc": "doc",
    ".docx": "doc",
    ".xls": "xls",
    ".xlsx": "xls",
    ".ppt": "ppt",
    ".pptx": "ppt",
}
"""All others are called a stream (im-v1/file/create)."""
_PICTURES = frozenset(
    f"image/{name}" for name in ("jpeg", "png", "webp", "gif", "bmp", "x-icon", "vnd.microsoft.icon", "tiff", "heic")
)
"""What im-v1/image/create takes."""
_OPUS_RATE = 48_000
"""Of the positions in an Ogg file that holds Opus (RFC 7845, section 4)."""


class Uploads:
    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._keys: LRUCache[tuple[str, str, str], str] = LRUCache(MAX_REMEMBERED_KEYS)
        """By form field, digest and name. A post that is tried again need not upload again."""

    async def compose(self, files: Sequence[BodyFile]) -> list[tuple[str, str]]:
        """Upload `files`; return the type and the content of each message that shows them.

        All pictures stand in one message; every other file needs one of its own. Raises ChannelError, but never
        Unsure: an upload posts nothing.
        """
        pictures: list[tuple[str, str]] = []
        messages: list[tuple[str, str]] = []
        for file in files:
            if key := await self._picture(file):
                pictures.append((key, file.alt[:MAX_CAPTION].strip()))
            else:
                messages.append(await self._message(file))
        return [*([_show(pictures)] if pictures else []), *messages]

    async def _picture(self, file: BodyFile) -> str:
        """The key of an uploaded picture; empty where the platform does not know it for one."""
        if file.kind != "image" or file.mime not in _PICTURES:
            return ""
        try:
            return await self._upload("image", file, "/im/v1/images", {"image_type": "message"})
        except Rejected as error:
            if error.code not in NOT_A_PICTURE:
                raise
            log.info("a picture is sent as a file", code=error.code)
            return ""

    async def _message(self, file: BodyFile) -> tuple[str, str]:
        """The type and the content of the message for a file that is no picture."""
        fields = {"file_type": "opus"}
        if voice := file.kind == "audio" and is_opus(file.content):
            fields["duration"] = str(opus_milliseconds(file.content))
        else:
            fields["file_type"] = _FILE_TYPES.get(PurePosixPath(file.name.lower()).suffix, "stream")
        key = await self._upload("file", file, "/im/v1/files", {**fields, "file_name": name_of(file)})
        return "audio" if voice else "file", cards.dumps({"file_key": key})

    async def _upload(self, field: str, file: BodyFile, path: str, fields: Mapping[str, str]) -> str:
        name = name_of(file)
        about = field, file.digest, name
        if (key := self._keys.get(about)) is None:
            try:
                key = await self._rest.upload(path, fields, field, name, file.content)
            except Unsure as error:
                raise ChannelError(str(error)) from error
            self._keys[about] = key
        return key


def name_of(file: BodyFile) -> str:
    """The file's name; one is made up where it has none, for the platform asks for one with a suffix."""
    return file.name or f"{file.kind}{mimetypes.guess_extension(file.mime) or '.bin'}"


def is_opus(content: bytes) -> bool:
    """Whether it is Opus in Ogg, the only sound that the platform plays."""
    return content.startswith(b"OggS") and b"OpusHead" in content[:64]


def opus_milliseconds(content: bytes) -> int:
    """How long it lasts: the position at the end of the last page, less what is skipped at the start; at least 1."""
    head, page = content.find(b"OpusHead"), content.rfind(b"OggS")
    skipped = int.from_bytes(content[head + 10 : head + 12], "little")
    end = int.from_bytes(content[page + 6 : page + 14], "little", signed=True)
    return max(1, (end - skipped) * 1000 // _OPUS_RATE)


def _show(pictures: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """The type and the content of the message that shows pictures, given their keys and captions."""
    if len(pictures) == 1 and not pictures[0][1]:
        return "image", cards.dumps({"image_key": pictures[0][0]})
    paragraphs: list[list[dict[str, str]]] = []
    for key, caption in pictures:
        paragraphs.append([{"tag": "img", "image_key": key}])  # a picture is a paragraph of its own
        if caption:
            paragraphs.append([{"tag": "text", "text": caption}])
    return "post", cards.post(*paragraphs)

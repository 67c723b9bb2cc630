"""What came with a message becomes parts that a model can read; pictures of a model become files.

No library that opens files is imported before it is used, and what others made is opened in child processes with limits
of their own: a file that is meant to harm costs one child.
"""

from bridge.media.download import as_file
from bridge.media.errors import Unreadable
from bridge.media.limits import MAX_ATTACHMENTS, MediaLimits
from bridge.media.links import PictureLinks, linked_pictures
from bridge.media.memory import MediaInMemory
from bridge.media.pictures import MAX_PICTURE_BYTES, shrunk
from bridge.media.public_web import PublicWeb
from bridge.media.reader import AttachmentReader, FileSource, MediaKeeper
from bridge.media.speech import NotSpoken, SpeechServer
from bridge.media.spoken import spoken_text
from bridge.media.web_page import WebPages

__all__ = [
    "MAX_ATTACHMENTS",
    "MAX_PICTURE_BYTES",
    "AttachmentReader",
    "FileSource",
    "MediaInMemory",
    "MediaKeeper",
    "MediaLimits",
    "NotSpoken",
    "PictureLinks",
    "PublicWeb",
    "SpeechServer",
    "Unreadable",
    "WebPages",
    "as_file",
    "linked_pictures",
    "shrunk",
    "spoken_text",
]

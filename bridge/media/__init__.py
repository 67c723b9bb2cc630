"""What came with a message becomes parts that a model can read; pictures of a model become files.

Nothing here is imported before it is used, and what others made is opened in child processes with limits of their own:
a file that is meant to harm costs one child.
"""

from bridge.media.errors import Unreadable
from bridge.media.limits import MAX_ATTACHMENTS, MediaLimits
from bridge.media.memory import MediaInMemory
from bridge.media.reader import AttachmentReader, FileSource, MediaKeeper
from bridge.media.speech import SpeechServer

__all__ = [
    "MAX_ATTACHMENTS",
    "AttachmentReader",
    "FileSource",
    "MediaInMemory",
    "MediaKeeper",
    "MediaLimits",
    "SpeechServer",
    "Unreadable",
]

"""The text of documents that people send, read in a child process with limits of its own.

`extract` is run by the bridge; `child.py` and `readers/` are run by the child alone, which imports nothing else of the
bridge. So a hostile file costs one short-lived process, and the bridge holds no more than the text that comes of it.
"""

from bridge.media.documents.extraction import extract
from bridge.media.documents.types import (
    DocumentKind,
    Extracted,
    ExtractError,
    ExtractErrorKind,
    ExtractLimits,
    Unit,
)

__all__ = ["DocumentKind", "ExtractError", "ExtractErrorKind", "ExtractLimits", "Extracted", "Unit", "extract"]

"""A Feishu tenant on loopback: token, long connection, messages, CardKit and slash commands, with their limits.

What is enforced comes from Feishu's pages and from public reports; where a code is a guess, a comment says so.
"""

from tests.emulators.feishu.platform import FeishuPlatform
from tests.emulators.feishu.rules import Rules

__all__ = ["FeishuPlatform", "Rules"]

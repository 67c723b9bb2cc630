"""Let the kernel take from a process what a parser written in C could be made to do (Linux 5.13 and newer, Landlock).

https://docs.kernel.org/userspace-api/landlock.html: a process gives up rights for good, without any privilege. What is
newer than the kernel is left out of the request. The system calls have the same numbers on all usual processors.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable
from contextlib import suppress

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG = 1  # LANDLOCK_CREATE_RULESET_VERSION
_PATH_BENEATH = 1  # LANDLOCK_RULE_PATH_BENEATH
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_FILE_RIGHTS_SINCE = ((1, 13), (2, 14), (3, 15), (5, 16))
"""From this version on there are so many rights: to execute, read, write, remove and make files."""
_TCP, _TCP_SINCE = 0b11, 4  # to bind and to connect
_SCOPES, _SCOPES_SINCE = 0b11, 6  # to abstract sockets and by signals to other processes
_NO_NEW_PRIVILEGES = 38  # PR_SET_NO_NEW_PRIVS


def confine(readable: Iterable[str]) -> bool:
    """Leave this process nothing but to read below these folders, and what it has open. Return False where it cannot.

    Nothing can be executed or written any more, and no TCP connection be opened.
    """
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION_FLAG)
    except (OSError, AttributeError, TypeError):  # not Linux
        return False
    if version < 1:
        return False
    rights = max(count for since, count in _FILE_RIGHTS_SINCE if version >= since)
    request = struct.pack("=Q", (1 << rights) - 1)
    if version >= _TCP_SINCE:
        request += struct.pack("=Q", _TCP)
    if version >= _SCOPES_SINCE:
        request += struct.pack("=Q", _SCOPES)
    ruleset = libc.syscall(_CREATE_RULESET, request, ctypes.c_size_t(len(request)), 0)
    if ruleset < 0:
        return False
    for folder in readable:
        with suppress(OSError):  # it need not be there
            opened = os.open(folder, getattr(os, "O_PATH", 0))
            rule = struct.pack("=Qi", _READ_FILE | _READ_DIR, opened)
            libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0)
            os.close(opened)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    done: int = libc.syscall(_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)
    return done == 0

"""Run as a script: start a command with limits of its own, such that it ends with the bridge.

It takes the id of the process that started it, the command and its arguments. Memory is bounded by what the child
writes to (`RLIMIT_DATA`): Node and Java reserve far more addresses than they use.
"""

import os
import signal
import sys
from contextlib import suppress

MEMORY_BYTES = 2 << 30
OPEN_FILES = 1024
PR_SET_PDEATHSIG = 1


def main() -> None:
    if sys.platform != "win32":
        import resource

        for kind, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_NOFILE, OPEN_FILES)):
            hard = resource.getrlimit(kind)[1]
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(kind, (most, hard))
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != int(sys.argv[1]):
            sys.exit(1)  # the bridge has ended meanwhile
    try:
        os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606  # the operator named the command
    except OSError as error:
        sys.exit(f"{sys.argv[2]}: {error.strerror}")


if __name__ == "__main__":
    main()

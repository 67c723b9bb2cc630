"""An MCP server on standard input and output, in one file, as people write them; what it does follows from its mode."""

from __future__ import annotations

import json
import os
import sys
from typing import Any


def main(mode: str) -> None:
    for line in sys.stdin:
        message = json.loads(line)
        if "id" not in message:
            continue
        match message["method"]:
            case "initialize":
                if mode == "silent":
                    continue
                version = message["params"]["protocolVersion"]
                info = {"name": "stdio", "version": "1"}
                answer(message, {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": info})
            case "tools/list":
                names = ["echo", "pid", "environment"]
                answer(message, {"tools": [{"name": name, "inputSchema": {"type": "object"}} for name in names]})
            case "tools/call" if mode == "dies":
                os._exit(3)
            case "tools/call" if mode == "endless":
                while True:
                    sys.stdout.write("x" * 65536)
            case "tools/call":
                name = message["params"]["name"]
                said = {
                    "echo": json.dumps(message["params"].get("arguments")),
                    "pid": str(os.getpid()),
                    "environment": json.dumps(dict(os.environ)),
                }
                answer(message, {"content": [{"type": "text", "text": said[name]}]})
            case _:
                answer(message, {})


def answer(message: dict[str, Any], result: dict[str, Any]) -> None:
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")

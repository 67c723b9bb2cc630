"""A real MCP server, by the official package: `python -m tests.server.mcp_server stdio`, or `http PORT`."""

from __future__ import annotations

import os
import sys

from mcp.server.mcpserver import Context, MCPServer

server = MCPServer("letters", instructions="Ask it about words.")


@server.tool()
def count(word: str, letter: str) -> str:
    """Count a letter in a word."""
    return f"{word.count(letter)} of process {os.getpid()}"


@server.tool()
async def climb(steps: int, ctx: Context) -> str:
    """Report each step."""
    for step in range(steps):
        await ctx.report_progress(step + 1, steps, f"step {step + 1}")
    return "on top"


@server.tool()
def secret() -> str:
    """Tell what the variable holds."""
    return os.environ.get("LETTERS_TOKEN", "nothing")


@server.tool()
def leave() -> str:
    """End the process, in the middle of a call."""
    os._exit(3)


@server.resource("letters://alphabet")
def alphabet() -> str:
    """All of them."""
    return "abc"


@server.prompt()
def spell(word: str) -> str:
    """Ask for a word to be spelt."""
    return f"Spell {word}."


if __name__ == "__main__":
    if sys.argv[1] == "stdio":
        print("letters: ready", file=sys.stderr)
        server.run("stdio")
    else:
        server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[2]), json_response=False)

"""Drives the MCP server over stdio or HTTP with the official Python SDK and prints what came back.

    session.py --command 'nocobase-release --sandbox --home DIR mcp'
    session.py --url http://127.0.0.1:8790/mcp --token TOKEN

Each lifecycle of the protocol gets a server process of its own and the same steps: list the tools, ask an unclear
sentence, plan a restore from a sentence, confirm it wrongly, with another plan's phrase, rightly and twice more, follow the run to its end, plan
the undo, and go through the confirmation of a protected target with a person who first declines and then types the
phrase. One JSON document goes to stdout; judging it is left to the caller. The SDK itself refuses results that do
not fit the output schema of their tool.
"""

import argparse
import asyncio
import json
import os
import re
import shlex
import sys
import time

from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client
from mcp_types import ElicitResult

# Both end in a session on 2026-07-28 or before, as the server answers: "legacy" initializes, "auto" discovers first.
LIFECYCLES = ("legacy", "auto")


class Person:
    """Whoever sits at the client: answers questions by a script, and remembers them."""

    def __init__(self):
        self.types_the_phrase = False
        self.asked = []

    async def answer(self, _context, question):
        self.asked.append(question.message)
        phrase = re.search(r"type exactly: (.+)", question.message)
        if not self.types_the_phrase or phrase is None:
            return ElicitResult(action="decline")
        return ElicitResult(action="accept", content={"phrase": phrase.group(1).strip()})


class Session:
    """One connection, whose results are kept by the name of their step."""

    def __init__(self, client, patience):
        self.client = client
        self.patience = patience
        self.steps = {}
        self.progress = []

    async def call(self, step, tool, **arguments):
        began = time.monotonic()
        result = await self.client.call_tool(tool, arguments, progress_callback=self.on_progress)
        kept = {
            "tool": tool,
            "is_error": bool(result.is_error),
            "text": "".join(block.text for block in result.content if block.type == "text"),
            "data": result.structured_content,
            "seconds": round(time.monotonic() - began, 3),
        }
        self.steps[step] = kept
        return kept

    async def on_progress(self, progress, total, message):
        self.progress.append({"progress": progress, "total": total, "message": message})

    async def until_ended(self, step, run):
        deadline = time.monotonic() + self.patience
        while True:
            looked = await self.call(step, "run_status", run=run, wait_seconds=20)
            status = (looked["data"] or {}).get("status")
            if status != "running" or time.monotonic() > deadline:
                return looked


def run_of(result):
    return ((result["data"] or {}).get("run") or {}).get("run")


async def restore_test(session, source, target):
    planned = await session.call("plan", "release", sentence=f"Restore {source} to {target}")
    plan = (planned["data"] or {}).get("plan")
    if plan is None:
        return
    await session.call("confirm_wrongly", "confirm", plan=plan["plan"], phrase="yes, go on")
    other = await session.call("plan_other", "restore", source=source, target=target)
    foreign = other["data"]["plan"]["phrase"]
    await session.call("confirm_foreign", "confirm", plan=plan["plan"], phrase=foreign)
    confirmed = await session.call("confirm", "confirm", plan=plan["plan"], phrase=plan["phrase"], wait_seconds=0)
    await session.call("confirm_while_running", "confirm", plan=plan["plan"], phrase=plan["phrase"])
    if run := run_of(confirmed):
        await session.until_ended("ended", run)
        await session.call("confirm_again", "confirm", plan=plan["plan"], phrase=plan["phrase"])
        await session.call("undo", "undo", target=target)


async def confirm_late(session, source, target):
    planned = await session.call("plan", "release", sentence=f"Restore {source} to {target}")
    plan = planned["data"]["plan"]
    await session.call("confirm", "confirm", plan=plan["plan"], phrase=plan["phrase"])


async def restore_protected(session, person, source, target):
    planned = await session.call("plan_protected", "release", sentence=f"Restore {source} to {target}")
    plan = (planned["data"] or {}).get("plan")
    if plan is None:
        return
    await session.call("declined", "confirm", plan=plan["plan"])
    person.types_the_phrase = True
    confirmed = await session.call("typed", "confirm", plan=plan["plan"], wait_seconds=0)
    if run := run_of(confirmed):
        await session.until_ended("ended_protected", run)


def connection(options):
    if options.url:
        headers = {"Authorization": f"Bearer {options.token}"} if options.token else {}
        return streamable_http_client(options.url, http_client=create_mcp_http_client(headers=headers))
    command, *arguments = shlex.split(options.command)
    return stdio_client(StdioServerParameters(command=command, args=arguments, env=dict(os.environ)))


async def drive(options, lifecycle):
    person = Person()
    client = Client(connection(options), mode=lifecycle, elicitation_callback=person.answer)
    began = time.monotonic()
    async with client:
        session = Session(client, options.patience)
        tools = (await client.list_tools()).tools
        connected = round(time.monotonic() - began, 3)
        await session.call("environments", "list_environments")
        await session.call("packages", "list_packages", environment=options.source)
        await session.call("question", "release", sentence="restore")
        await session.call("unknown_environment", "restore", source=options.source, target="tset")
        if options.late:
            await confirm_late(session, options.source, options.target)
        else:
            await restore_test(session, options.source, options.target)
        if options.protected and not options.late:
            await restore_protected(session, person, options.source, options.protected)
        result = {
            "lifecycle": lifecycle,
            "protocol_version": client.protocol_version,
            "instructions": client.instructions,
            "seconds_to_tools": connected,
            "tools": [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools],
            "steps": session.steps,
            "progress": session.progress,
            "asked": person.asked,
        }
        leaving = time.monotonic()
    result["seconds_to_leave"] = round(time.monotonic() - leaving, 3)
    return result


async def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    server = parser.add_mutually_exclusive_group(required=True)
    server.add_argument("--command", help="the command that serves MCP on stdin and stdout")
    server.add_argument("--url", help="where MCP is served over HTTP")
    parser.add_argument("--token", help="the bearer token for --url")
    parser.add_argument("--lifecycle", action="append", choices=LIFECYCLES, help="only this one; may be repeated")
    parser.add_argument("--source", default="dev")
    parser.add_argument("--target", default="test")
    parser.add_argument("--protected", default="prod", help="a protected target; empty to leave it out")
    parser.add_argument("--late", action="store_true", help="only plan and confirm, for plans that expire at once")
    parser.add_argument("--patience", type=float, default=180, help="seconds to wait for a run's end")
    options = parser.parse_args()
    sessions = [await drive(options, lifecycle) for lifecycle in options.lifecycle or LIFECYCLES]
    json.dump({"sessions": sessions}, sys.stdout, ensure_ascii=False, indent=2)
    print()


if __name__ == "__main__":
    asyncio.run(main())

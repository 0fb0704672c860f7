#!/usr/bin/env python3
"""Prove that a running JupyterLab starts a kernel in which torch can be imported: log in, start one, run, end it.

The password comes on standard input, so that no process list shows it. Run it with the interpreter of the environment,
whose kernel has to be that same interpreter. Prints one line of JSON: {"works": bool, "said": text}.

    PREFIX/bin/python scripts/prove_kernel.py --url http://127.0.0.1:8888 < password

exit codes: 0 it works · 1 it does not · 2 usage
"""

from __future__ import annotations

import argparse
import asyncio
import http.cookiejar
import json
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request
import uuid
from typing import Any

CODE = "import sys, torch; print(sys.executable, torch.__version__)"
REQUEST_SECONDS = 60
LAST = 1500  # characters of an error that are passed on


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", required=True, help="of the server, without a path")
    parser.add_argument("--certificate", help="the file of the certificate that it has to show")
    parser.add_argument("--kernel", default="python3", help="the kernel's name (default: python3)")
    parser.add_argument("--code", default=CODE, help="what is run (default: import torch)")
    parser.add_argument("--seconds", type=float, default=240, help="deadline (default: 240)")
    asked = parser.parse_args()
    try:
        said = asyncio.run(asyncio.wait_for(prove(asked, sys.stdin.read().rstrip("\n")), asked.seconds))
        works = asked.code != CODE or said.startswith(f"{sys.executable} ")
    except asyncio.TimeoutError:
        works, said = False, f"no answer within {asked.seconds:.0f} s"
    except Failed as error:
        works, said = False, str(error)
    print(json.dumps({"works": works, "said": said[-LAST:]}), flush=True)
    return 0 if works else 1


class Failed(Exception):
    """What did not work, in the server's or the kernel's own words."""


async def prove(asked: argparse.Namespace, password: str) -> str:
    """What the code printed in a kernel that was started for it, and is ended whatever comes."""
    server = Server(asked.url, pinned(asked.certificate) if asked.certificate else None)
    server.log_in(password)
    kernel = server.post("/api/kernels", {"name": asked.kernel})["id"]
    try:
        return await run(server, kernel, asked.code)
    finally:
        server.ask("DELETE", f"/api/kernels/{kernel}")


def pinned(certificate: str) -> ssl.SSLContext:
    """Trust this very certificate and no other, whatever names are in it: the password goes to who holds its key."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(certificate)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


class Server:
    """A session with the server: its cookies, and requests as the page makes them."""

    def __init__(self, url: str, context: ssl.SSLContext | None) -> None:
        self.url, self.context = url, context
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),  # it is this machine, whatever the proxies are
            urllib.request.HTTPCookieProcessor(self.jar),
            urllib.request.HTTPSHandler(context=context),
        )

    def log_in(self, password: str) -> None:
        self.ask("GET", "/login")
        fields = {"password": password, "_xsrf": self.cookies()["_xsrf"]}
        self.ask("POST", "/login", urllib.parse.urlencode(fields).encode())

    def cookies(self) -> dict[str, str]:
        return {cookie.name: cookie.value or "" for cookie in self.jar}

    def ask(self, method: str, path: str, data: bytes | None = None) -> bytes:
        request = urllib.request.Request(self.url + path, data, method=method)
        request.add_header("X-XSRFToken", self.cookies().get("_xsrf", ""))
        try:
            with self.opener.open(request, timeout=REQUEST_SECONDS) as answer:
                body: bytes = answer.read()
                return body
        except urllib.error.HTTPError as error:
            raise Failed(f"{method} {path}: {error.code} {message_of(error.read())}") from error
        except OSError as error:
            raise Failed(f"{method} {path}: {error}") from error

    def post(self, path: str, data: object) -> dict[str, str]:
        answer: dict[str, str] = json.loads(self.ask("POST", path, json.dumps(data).encode()))
        return answer


def message_of(body: bytes) -> str:
    try:
        return str(json.loads(body).get("message") or "")
    except (ValueError, AttributeError):
        return ""


async def run(server: Server, kernel: str, code: str) -> str:
    """Run code through the server's websocket. Raises Failed with the traceback."""
    from tornado.httpclient import HTTPRequest
    from tornado.websocket import websocket_connect

    session = uuid.uuid4().hex
    url = f"{server.url.replace('http', 'ws', 1)}/api/kernels/{kernel}/channels?session_id={session}"
    cookies = "; ".join(f"{name}={value}" for name, value in server.cookies().items())
    request = HTTPRequest(url, headers={"Cookie": cookies}, ssl_options=server.context)
    channel = await websocket_connect(request)
    try:
        await channel.write_message(json.dumps(execute_request(session, code)))
        return await answer_of(channel, session)
    finally:
        channel.close()


def execute_request(session: str, code: str) -> dict[str, object]:
    header = {
        "msg_id": session,
        "msg_type": "execute_request",
        "username": "",
        "session": session,
        "version": "5.3",
    }
    content = {
        "code": code,
        "silent": False,
        "store_history": False,
        "allow_stdin": False,
        "stop_on_error": True,
    }
    return {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}


async def answer_of(channel: Any, session: str) -> str:
    """What was printed, once the kernel has both replied and become idle: either may come first."""
    printed, reply, idle = "", None, False
    while not (reply and idle):
        text = await channel.read_message()
        if text is None:
            raise Failed("the connection to the kernel ended")
        message = json.loads(text)
        kind, content = message["header"]["msg_type"], message["content"]
        if kind == "status" and content["execution_state"] in ("dead", "restarting"):
            raise Failed("the kernel died")
        if message["parent_header"].get("msg_id") != session:
            continue
        printed += content["text"] if kind == "stream" and content["name"] == "stdout" else ""
        reply = content if kind == "execute_reply" else reply
        idle = idle or (kind == "status" and content["execution_state"] == "idle")
    if reply["status"] != "ok":
        raise Failed(f"{reply.get('ename')}: {reply.get('evalue')}")
    return printed.strip()


if __name__ == "__main__":
    sys.exit(main())

"""Transfers that break off for real: what the programs print then is explained."""

from __future__ import annotations

import contextlib
import gzip
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from doctor.texts.search import by_text
from tests.conftest import missing
from tests.faults.unrehearsed.test_pip import DEMO
from tests.faults.unrehearsed.test_pip import pip as pip
from tests.faults.unrehearsed.test_pip import wheels as wheels
from tests.faults.web import Page, serve_web

HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\nContent-Type: text/html\r\n\r\n" + b"x" * 1000


@contextlib.contextmanager
def ending_early(answer: bytes) -> Iterator[str]:
    """A server that sends that much, and closes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            with contextlib.suppress(OSError):  # closed at the end
                while True:
                    client, _ = server.accept()
                    with client:
                        client.recv(65536)
                        client.sendall(answer)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def printed(argv: Sequence[str | Path], **environ: str) -> str:
    path = {"PATH": os.environ["PATH"], "LANG": "C", "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(
            list(map(str, argv)),
            env={**path, **environ},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    except FileNotFoundError:
        missing("target", f"no {argv[0]}")
    assert done.returncode != 0
    return done.stdout + done.stderr


def explained(text: str) -> str:
    return next((match.id for match in by_text(text)), text)


@pytest.mark.parametrize(
    "code",
    ["import urllib.request as u; u.urlopen('{url}').read()", "import requests; requests.get('{url}')",
     "import httpx; httpx.get('{url}')", "import urllib3; urllib3.request('GET', '{url}', retries=False)"],
    ids=["urllib", "requests", "httpx", "urllib3"],
)  # fmt: skip
def test_python(code: str) -> None:
    with ending_early(HALF) as url:
        assert explained(printed([sys.executable, "-c", code.format(url=url)])) == "transfer-cut-off"


def test_curl_and_git(tmp_path: Path) -> None:
    with ending_early(HALF) as url:
        assert explained(printed(["curl", "-sS", url])) == "transfer-cut-off"
        assert explained(printed(["git", "clone", f"{url}/x.git", tmp_path / "x"])) == "git-transfer-cut-off"


HALVING = """#!{python}
import os, subprocess, sys
pack = subprocess.Popen(["git-upload-pack", *sys.argv[1:]], stdout=subprocess.PIPE)
left = 200_000
while left > 0 and (part := os.read(pack.stdout.fileno(), left)):
    os.write(1, part)
    left -= len(part)
pack.kill()
"""


def test_a_git_that_is_given_half_a_pack(tmp_path: Path) -> None:
    """Over a pipe: the other side ends in the middle of the pack."""
    repo, half = tmp_path / "repo", tmp_path / "half"
    repo.mkdir()
    (repo / "data").write_bytes(os.urandom(400_000))
    who = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
    for line in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "x"]):
        environ = {**os.environ, "HOME": str(tmp_path)}
        subprocess.run(["git", *line], cwd=repo, check=True, capture_output=True, env=environ)
    half.write_text(HALVING.format(python=sys.executable))
    half.chmod(0o755)
    argv = ("git", "clone", "--no-local", "-u", str(half), f"file://{repo}", str(tmp_path / "x"))
    text = printed(argv, HOME=str(tmp_path))
    assert "early EOF" in text and explained(text) == "git-transfer-cut-off"


def test_tar(tmp_path: Path) -> None:
    whole, page = gzip.compress(os.urandom(200_000)), b"<html>502 Bad Gateway</html>" * 20
    for content, said in ((whole[:100_000], "unexpected end of file"), (page, "not in gzip format")):
        (tmp_path / "x.tgz").write_bytes(content)
        text = printed(["tar", "xzf", tmp_path / "x.tgz", "-C", tmp_path])
        assert said in text and explained(text) == "archive-cut-off"


def test_a_wheel_that_stops_coming(home: Path, pip: str, uv: str, wheels: Path, empty_env: Path) -> None:
    content = (wheels / DEMO).read_bytes()

    def answer(path: str) -> Page:
        if path.endswith(".whl"):
            return Page(200, {"Content-Length": str(len(content) + 5000)}, content[:200])
        return Page(200, {"Content-Type": "text/html"}, f'<a href="/{DEMO}">{DEMO}</a>'.encode())

    with serve_web(answer) as web:
        index = ("--index-url", f"{web.url}/simple", "demo")
        argv = [pip, "-m", "pip", "install", "--retries", "0", "--timeout", "1", *index]
        assert explained(printed(argv, HOME=str(home))) == "read-timed-out"
        more = {"UV_HTTP_TIMEOUT": "1", "UV_HTTP_RETRIES": "0", "VIRTUAL_ENV": str(empty_env)}
        argv = [uv, "pip", "install", "--no-cache", *index]
        assert explained(printed(argv, HOME=str(home), **more)) == "read-timed-out"


def test_a_host_that_ends_the_handshake(home: Path, uv: str, empty_env: Path) -> None:
    with ending_early(b"") as url:
        address = url.replace("http:", "https:")
        asking = f"import urllib.request as u; u.urlopen('{address}').read()"
        assert explained(printed([sys.executable, "-c", asking])) == "tls-cut-off"
        assert explained(printed(["curl", "-sS", address])) == "tls-cut-off"
        more = {"UV_HTTP_RETRIES": "0", "VIRTUAL_ENV": str(empty_env), "HOME": str(home)}
        text = printed([uv, "pip", "install", "--index-url", address, "demo"], **more)
        assert "tls-cut-off" in [match.id for match in by_text(text)]

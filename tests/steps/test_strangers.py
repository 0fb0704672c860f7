"""A stranger at the door: every route, websockets, foreign pages and hosts, paths out of the folder, guessed passwords."""

from __future__ import annotations

import base64
import http.client
import json
import os
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psutil
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bootstrap.lab import server as lab
from bootstrap.steps import server
from doctor.goal import Goal
from doctor.lab.files import hash_of
from doctor.lab.wanted import config_path
from tests.conftest import ROOT
from tests.lab_env import (
    a_machine,
    client,
    findings,
    look,
    make_environment,
    make_goal,
    make_work,
    set_up,
)
from tests.wait import until

pytestmark = pytest.mark.target
PASSWORD = "four-unrelated-words-in-a-row"
SECRET = "what the student wrote"
# What anybody may see, as jupyter_server documents it: the login page and what it is drawn with, and its version.
PUBLIC = ("/login$", "/logout$", "/api$", "/static/(.*)$", "(robots", "(favicon")
# Its refusal fails in its own finish(), and it says nothing at all (jupyterlab_server 2.28).
SILENT = ("LicensesHandler",)
SHUT = (302, 403)  # to the login page, or nowhere
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": base64.b64encode(b"0123456789abcdef").decode(),
}


@pytest.fixture(scope="module")
def goal(target_python: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Goal]:
    """A server as the lecture starts it, on every address, with a file of the student's in its folder."""
    folder = tmp_path_factory.mktemp("strangers")
    with a_machine(folder, target_python):
        made = make_goal(folder, IP="0.0.0.0")
        set_up(made, PASSWORD)
        (Path(made.root_dir) / "secret.txt").write_text(SECRET)
        server.run(make_work(made))
        assert findings(made) == {}
        yield made


@pytest.fixture(scope="module")
def routes(goal: Goal) -> list[dict[str, Any]]:
    """Asked of the very server and extensions, so that a route of a later release is tried as well."""
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_CONFIG_PATH")
    env = {**os.environ, **dict.fromkeys(names, goal.jupyter_dir), "JUPYTER_RUNTIME_DIR": goal.home}
    argv = [goal.interpreter, "-I", str(ROOT / "tests" / "lab_routes.py")]
    said = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=100, check=True)
    found: list[dict[str, Any]] = json.loads(said.stdout)
    assert len(found) > 50 and any("terminals" in route["pattern"] for route in found)
    return found


@contextmanager
def stranger(goal: Goal) -> Iterator[httpx.Client]:
    """One who has read the login page, and so has its token against forged requests."""
    with client(goal) as http_:
        http_.get("/login", timeout=120)
        http_.headers["X-XSRFToken"] = http_.cookies["_xsrf"]
        yield http_


def raw(goal: Goal, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, bytes]:
    """A request whose path no client has tidied up."""
    connection = http.client.HTTPConnection("127.0.0.1", goal.port, timeout=30)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, b"" if answer.status == 101 else answer.read()
    finally:
        connection.close()


def cookies_of(http_: httpx.Client) -> dict[str, str]:
    pairs = (f"{cookie.name}={cookie.value}" for cookie in http_.cookies.jar)
    return {"Cookie": "; ".join(pairs), "X-XSRFToken": http_.cookies["_xsrf"]}


ASCII = st.characters(min_codepoint=33, max_codepoint=126)


@settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_no_route_opens_without_the_password(
    goal: Goal, routes: list[dict[str, Any]], data: st.DataObject
) -> None:
    with stranger(goal) as http_:
        for route in routes:
            if any(public in route["pattern"] for public in PUBLIC):
                continue
            path = data.draw(st.from_regex(route["pattern"], fullmatch=True, alphabet=ASCII))
            for method in route["methods"]:
                if route["handler"] in SILENT:
                    with pytest.raises(httpx.ReadTimeout):
                        http_.request(method, quote(path, safe="/"), timeout=1)
                    continue
                try:
                    said = http_.request(method, quote(path, safe="/"), follow_redirects=True)
                except httpx.TooManyRedirects:  # sent in a circle, with nothing in it
                    continue
                told = f"{method} {path} of {route['handler']}: {said.status_code}"
                shut = said.status_code in (401, 403, 404, 405) or said.url.path == "/login"
                assert shut or (method == "OPTIONS" and not said.content), told
                assert SECRET not in said.text and "access-control-allow-origin" not in said.headers, told
    assert look(goal).server is not None


def test_no_websocket_opens_without_the_password(goal: Goal, routes: list[dict[str, Any]]) -> None:
    sockets = [route for route in routes if route["websocket"]]
    assert len(sockets) >= 3
    with client(goal, PASSWORD) as owner:
        owner.headers["X-XSRFToken"] = owner.cookies["_xsrf"]
        terminal = owner.post("/api/terminals").json()["name"]
        kernel = owner.post("/api/kernels", json={}).json()["id"]
        mine = cookies_of(owner)
        for path in (
            f"/terminals/websocket/{terminal}",
            f"/api/kernels/{kernel}/channels",
            "/api/events/subscribe",
        ):
            home = {"Origin": f"http://localhost:{goal.port}", "Host": f"localhost:{goal.port}"}
            assert raw(goal, "GET", path, {**UPGRADE, **home})[0] in SHUT, path
            evil = {**home, "Origin": "http://evil.example"}
            assert raw(goal, "GET", path, {**UPGRADE, **evil, **mine})[0] == 403, path
            forged = {"Cookie": f"username-localhost-{goal.port}=2|1:0|10:1|8:username|4:eA==|00"}
            assert raw(goal, "GET", path, {**UPGRADE, **home, **forged})[0] in SHUT, path
            assert raw(goal, "GET", f"{path}?token=x", {**UPGRADE, **home})[0] in SHUT, path
            assert raw(goal, "GET", path, {**UPGRADE, **home, **mine})[0] == 101, "the owner's own page"
        owner.delete(f"/api/terminals/{terminal}")
        owner.delete(f"/api/kernels/{kernel}")


def test_a_foreign_page_gets_nothing_with_the_owners_cookies(goal: Goal) -> None:
    evil = {"Origin": "http://evil.example", "Referer": "http://evil.example/page"}
    with client(goal, PASSWORD) as owner:
        before = owner.get("/api/kernels").json(), owner.get("/api/terminals").json()
        mine = cookies_of(owner)
        del mine["X-XSRFToken"]
        for method, path in (
            ("GET", "/api/contents"),
            ("GET", "/files/secret.txt"),
            ("POST", "/api/kernels"),
            ("POST", "/api/terminals"),
            ("PUT", "/api/contents/new.txt"),
            ("DELETE", "/api/contents/secret.txt"),
            ("POST", "/api/shutdown"),
        ):
            code, body = raw(goal, method, path, {**mine, **evil})
            assert code in (302, 403, 404) and SECRET.encode() not in body, f"{method} {path}: {code}"
        assert (Path(goal.root_dir) / "secret.txt").exists() and not (
            Path(goal.root_dir) / "new.txt"
        ).exists()
        assert (owner.get("/api/kernels").json(), owner.get("/api/terminals").json()) == before
        owner.headers["X-XSRFToken"] = owner.cookies["_xsrf"]
        assert owner.get("/files/secret.txt").text == SECRET
        frame = owner.get("/lab").headers["content-security-policy"]
        assert "frame-ancestors 'self'" in frame, "no foreign page may show it in a frame"


def test_a_foreign_name_of_this_machine_is_refused(goal: Goal, target_python: str, tmp_path: Path) -> None:
    """DNS rebinding: a page of a name that suddenly leads to 127.0.0.1. Where only this machine is meant to come in."""
    local = make_goal(tmp_path)
    make_environment(Path(target_python), Path(local.prefix))
    set_up(local, PASSWORD)
    server.run(make_work(local))
    try:
        with client(local, PASSWORD) as owner:
            mine = cookies_of(owner)
            for host in (
                "evil.example",
                f"evil.example:{local.port}",
                "127.0.0.1.evil.example",
                "169.254.169.254",
            ):
                assert raw(local, "GET", "/api/contents", {**mine, "Host": host})[0] == 403, host
                assert raw(local, "GET", "/api/events/subscribe", {**mine, **UPGRADE, "Host": host})[0] == 403
    finally:
        lab.stop(local)


OUT = (
    "../home/outside.txt",
    "..%2Fhome%2Foutside.txt",
    "%2e%2e/home/outside.txt",
    "%2e%2e%2fhome%2foutside.txt",
    "..%5Chome%5Coutside.txt",
    "....//home/outside.txt",
    "a/../../home/outside.txt",
    "a/%2e%2e/%2e%2e/home/outside.txt",
    "%252e%252e/home/outside.txt",
    "..;/home/outside.txt",
    "%c0%ae%c0%ae/home/outside.txt",
)


def test_no_path_leads_out_of_the_folder(goal: Goal) -> None:
    outside = Path(goal.root_dir).parent / "home" / "outside.txt"
    outside.write_text(SECRET)
    absolute = [f"/{outside}", quote(f"/{outside}", safe="")]
    body = json.dumps({"type": "file", "format": "text", "content": "changed"}).encode()
    (Path(goal.root_dir) / "a").mkdir(exist_ok=True)
    with client(goal, PASSWORD) as owner:
        mine = {**cookies_of(owner), "Host": f"localhost:{goal.port}"}
        assert raw(goal, "GET", "/files/secret.txt", mine)[0] == 200, "the owner is in"
        for path in (*OUT, *absolute):
            for place in ("/files/", "/api/contents/", "/view/", "/nbconvert/html/", "/static/", "/kernelspecs/python3/",
                          "/lab/extensions/", "/lab/api/listings/", "/lab/api/themes/", "/static/lab/"):  # fmt: skip
                code, said = raw(goal, "GET", place + path, mine)
                assert SECRET.encode() not in said, f"{place}{path}: {code}"
            for method in ("PUT", "DELETE", "PATCH"):
                raw(goal, method, f"/api/contents/{path}", {**mine, "Content-Type": "application/json"}, body)
                assert outside.read_text() == SECRET, f"{method} {path}"
        move = json.dumps({"path": "../home/moved.txt"}).encode()
        raw(goal, "PATCH", "/api/contents/secret.txt", {**mine, "Content-Type": "application/json"}, move)
        assert not (outside.parent / "moved.txt").exists()
    assert (Path(goal.root_dir) / "secret.txt").read_text() == SECRET


def test_two_hundred_wrong_passwords(goal: Goal) -> None:
    """None gets in, the owner does not notice, and what was tried stands in no log: it may be one of theirs elsewhere."""
    seen = look(goal).server
    assert seen is not None
    tried = [
        *(f"{PASSWORD}{number}" for number in range(190)),
        "",
        " ",
        "x" * 100_000,
        "\0",
        "密码",
        *(["'--"] * 5),
    ]

    def attempt(password: str) -> int:
        with stranger(goal) as http_:
            form = {"password": password, "_xsrf": http_.cookies["_xsrf"]}
            code = http_.post("/login", data=form, timeout=120).status_code
            assert http_.get("/api/contents", timeout=120).status_code == 403
            return code

    with ThreadPoolExecutor(8) as pool, client(goal, PASSWORD) as owner:
        waiting = [pool.submit(attempt, password) for password in tried]
        slowest = 0.0
        while not all(one.done() for one in waiting):
            began = time.monotonic()
            assert owner.get("/api/status", timeout=120).status_code == 200
            slowest = max(slowest, time.monotonic() - began)
        assert {one.result() for one in waiting} <= {401, 400, 413}
    assert slowest < 30, f"the owner waited {slowest:.1f} s"
    after = look(goal).server
    assert after is not None and after.pid == seen.pid and after.answers
    with client(goal, PASSWORD) as owner:
        assert owner.get("/api/contents").status_code == 200
    log = (Path(goal.jupyter_dir) / "jupyter.log").read_text(errors="replace")
    assert PASSWORD not in log
    assert psutil.Process(seen.pid).memory_info().rss < 600e6


def test_no_secret_is_where_others_look(goal: Goal) -> None:
    hashed = hash_of(Path(config_path(goal)))
    assert hashed is not None
    hidden = (PASSWORD, hashed, hashed.rpartition("$")[2])
    with client(goal, PASSWORD) as owner:
        owner.headers["X-XSRFToken"] = owner.cookies["_xsrf"]
        kernel = owner.post("/api/kernels", json={}).json()["id"]
        owner.post("/api/terminals")
        seen = look(goal).server
        assert seen is not None
        assert until(lambda: len(psutil.Process(seen.pid).children()) >= 2)
        family = [psutil.Process(seen.pid), *psutil.Process(seen.pid).children(recursive=True)]
        shown = [" ".join(process.cmdline()) for process in family]
        shown += [Path(f"/proc/{process.pid}/environ").read_bytes().decode() for process in family]
        shown += [json.dumps(owner.get(path).json()) for path in ("/api/status", "/api/me", "/api/kernels")]
        shown.append(owner.get("/lab").text)
        owner.delete(f"/api/kernels/{kernel}")
    runtime = Path(goal.jupyter_dir) / "runtime"
    env = {**os.environ, "JUPYTER_RUNTIME_DIR": str(runtime)}
    argv = [goal.interpreter, "-I", "-m", "jupyter_server", "list", "--json"]
    listed = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60, check=True).stdout
    assert json.loads(listed.splitlines()[0])["pid"] == seen.pid
    shown += [listed, (Path(goal.jupyter_dir) / "jupyter.log").read_text(errors="replace")]
    for text in shown:
        assert not [secret for secret in hidden if secret in text], text[:300]
    assert Path(goal.jupyter_dir).stat().st_mode & 0o077 == 0
    for path in runtime.iterdir():
        assert path.suffix != ".json" or path.stat().st_mode & 0o077 == 0
        assert not [secret for secret in hidden if secret in path.read_text(errors="replace")]

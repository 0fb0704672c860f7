"""Redirects that never end, and those that do."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path

import pytest

from tests.faults.network.outside import conda, links, sources
from tests.faults.patient import diagnose
from tests.faults.unrehearsed.test_pip import pip as pip
from tests.faults.unrehearsed.test_proxies import ask
from tests.faults.unrehearsed.test_uv import uv_with
from tests.faults.web import HUB, Answer, Page, serve_web

WHEEL = "certifi-2026.10.18-py3-none-any.whl"


def to(place: str, **more: str) -> Page:
    return Page(302, {"Location": place, **more})


def slash(path: str) -> Page:
    """One slash more each time."""
    return to(f"{path}/")


def two(path: str) -> Page:
    return to("/a/" if path == "/b/" else "/b/")


@pytest.mark.parametrize("answer", [to, slash, two], ids=["itself", "slashes", "two"])
@pytest.mark.parametrize("variable", ["PIP_INDEX_URL", "UV_DEFAULT_INDEX"])
def test_an_index_that_sends_round_in_a_circle(
    person: dict[str, str], tmp_path: Path, answer: Answer, variable: str
) -> None:
    with serve_web(answer) as web:
        said = ask(person, tmp_path, **{variable: f"{web.url}/simple"})
    assert said.complaints == ["pip-index-redirects-in-a-circle"] == said.failed


def test_pip_and_uv_give_it_up(home: Path, pip: str, uv: str, empty_env: Path) -> None:
    with serve_web(to) as web:
        environ = {"HOME": str(home), "PIP_INDEX_URL": f"{web.url}/simple", "PIP_RETRIES": "0"}
        argv = [pip, "-m", "pip", "install", "--dry-run", "demo"]
        done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode and "redirects" in done.stderr + done.stdout
        asked = len(web.asked)
        more = {
            "UV_DEFAULT_INDEX": f"{web.url}/simple",
            "UV_HTTP_RETRIES": "0",
            "VIRTUAL_ENV": str(empty_env),
        }
        assert uv_with(uv, home, "pip", "install", "--dry-run", "demo", **more).returncode == 1
        assert len(web.asked) - asked == 11  # uv takes the last redirect for the answer


def test_an_extra_index_that_sends_round_in_a_circle(person: dict[str, str], tmp_path: Path) -> None:
    with serve_web(to) as web:
        said = ask(person, tmp_path, PIP_EXTRA_INDEX_URL=f"{web.url}/simple")
    assert said.complaints == ["pip-index-redirects-in-a-circle"] and said.failed == []


def test_no_login_is_told(person: dict[str, str], tmp_path: Path) -> None:
    with serve_web(to) as web:
        address = web.url.replace("http://", "http://me:hidden@")
        said = ask(person, tmp_path, PIP_INDEX_URL=f"{address}/simple")
        assert {secret for _, _, secret in web.asked} == {"Basic bWU6aGlkZGVu"}
    assert said.complaints == ["pip-index-redirects-in-a-circle"] and "hidden" not in str(said.findings)


def test_an_index_that_moved(person: dict[str, str], tmp_path: Path) -> None:
    """pip follows, and so does the doctor: what it finds at the end counts."""
    with serve_web(lambda path: links(WHEEL) if path.startswith("/new") else to(f"/new{path}")) as web:
        assert "circle" not in str(ask(person, tmp_path, PIP_INDEX_URL=f"{web.url}/simple").complaints)
    with serve_web(lambda path: Page(404) if path.startswith("/new") else to(f"/new{path}")) as web:
        assert ask(person, tmp_path, PIP_INDEX_URL=f"{web.url}/simple").complaints == ["pip-mirror-dead"]


def test_a_cookie_that_is_wanted_back(person: dict[str, str], tmp_path: Path) -> None:
    with serve_web(lambda path: to(path, **{"Set-Cookie": "seen=1"})) as web:
        assert ask(person, tmp_path, PIP_INDEX_URL=f"{web.url}/simple").complaints == []


@pytest.mark.parametrize("answer", [to, slash, two], ids=["itself", "slashes", "two"])
def test_an_endpoint_that_sends_round_in_a_circle(
    person: dict[str, str], tmp_path: Path, answer: Answer
) -> None:
    with serve_web(answer) as web:
        said = ask(person, tmp_path, HF_ENDPOINT=web.url)
    assert said.complaints == ["hub-redirects-in-a-circle"] == said.failed
    assert said.of("hub-redirects-in-a-circle")["remedy"]["commands"] == [["unset", "HF_ENDPOINT"]]


def test_an_endpoint_with_a_model_that_moved(person: dict[str, str], tmp_path: Path) -> None:
    with serve_web(lambda path: HUB if path.startswith("/new") else to(f"/new{path}")) as web:
        assert ask(person, tmp_path, HF_ENDPOINT=web.url).complaints == []


def test_a_channel_that_sends_round_in_a_circle(person: dict[str, str], tmp_path: Path) -> None:
    numbers = itertools.count()
    with serve_web(lambda path: to(f"/{next(numbers)}")) as web, serve_web(HUB) as hub:
        conda(person, f"channels: [x]\nchannel_alias: {web.url}\n")
        said = diagnose({**person, **sources(tmp_path, hub.url)}, "--area", "network,conda", offline=False)
    assert said.complaints == ["conda-channel-unreachable"]

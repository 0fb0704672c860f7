"""What pip and conda are told of their sources, and cannot follow."""

from __future__ import annotations

from pathlib import Path

from tests.faults.network.outside import CHANNELS, conda, links, look, pip_conf, sources
from tests.faults.web import Page, Web, serve_web
from tests.hub.server import dead_url


def test_a_dead_index(person: dict[str, str], hub: Web, tmp_path: Path) -> None:
    path = pip_conf(person, f"[global]\nindex-url = {dead_url()}/simple\n")
    said = look(person, **sources(tmp_path, hub.url))
    assert said.failed == ["pip-mirror-dead"] == said.complaints
    assert str(path) in said.of("pip-mirror-dead")["evidence"]


def test_a_wrong_path_on_an_index(person: dict[str, str], hub: Web, tmp_path: Path) -> None:
    with serve_web(Page(404)) as web:
        said = look(person, PIP_INDEX_URL=f"{web.url}/pypi/web", **sources(tmp_path, hub.url))
    assert said.failed == ["pip-mirror-dead"]


def test_an_index_that_is_years_behind(person: dict[str, str], hub: Web, tmp_path: Path) -> None:
    with serve_web(links("certifi-2020.4.5-py3-none-any.whl")) as web:
        said = look(person, PIP_INDEX_URL=f"{web.url}/simple", **sources(tmp_path, hub.url))
    assert said.complaints == ["pip-mirror-stale-or-hash-mismatch"]


def test_an_index_whose_bytes_are_others(person: dict[str, str], hub: Web, tmp_path: Path) -> None:
    page = links("certifi-2026.10.18-py3-none-any.whl")
    with serve_web(lambda path: page if path.endswith("/") else Page(200, {}, b"not a wheel")) as web:
        said = look(person, PIP_INDEX_URL=f"{web.url}/simple", **sources(tmp_path, hub.url))
    assert said.failed == ["pip-mirror-stale-or-hash-mismatch"]


def test_a_login_in_an_index_is_never_told(person: dict[str, str], hub: Web, tmp_path: Path) -> None:
    url = dead_url().replace("http://", "http://someone:pa55word@")
    said = look(person, PIP_INDEX_URL=f"{url}/simple", **sources(tmp_path, hub.url))
    assert said.failed == ["pip-mirror-dead"] and "pa55word" not in str(said)


# A conda as its files show it, so that its settings count.
def test_a_channel_that_is_gone(person: dict[str, str], hub: Web, tmp_path: Path) -> None:
    with serve_web(lambda path: Page(404) if path.startswith("/old/") else Page(200)) as web:
        rc = conda(person, CHANNELS.format(alias=web.url))
        said = look(person, **sources(tmp_path, hub.url))
    assert said.complaints == ["conda-channel-404"]
    assert f"{web.url}/old" in said.of("conda-channel-404")["title"]
    assert ("HEAD", "/cloud/conda-forge/noarch/repodata.json", "") in web.asked
    assert said.of("conda-channel-404")["remedy"]["commands"][0][3:] == [
        str(rc),
        "--remove",
        "channels",
        "old",
    ]


def test_channels_that_answer(person: dict[str, str], hub: Web, tmp_path: Path) -> None:
    with serve_web(Page(200)) as web:
        conda(person, CHANNELS.format(alias=web.url))
        assert look(person, **sources(tmp_path, hub.url)).complaints == []


def test_a_channel_that_is_silent(person: dict[str, str], hub: Web, tmp_path: Path) -> None:
    conda(person, CHANNELS.format(alias=dead_url()))
    assert look(person, **sources(tmp_path, hub.url)).complaints == ["conda-channel-unreachable"]


def test_channels_without_a_conda_are_nobodys_trouble(
    person: dict[str, str], hub: Web, tmp_path: Path
) -> None:
    (Path(person["HOME"]) / ".condarc").write_text(CHANNELS.format(alias=dead_url()))
    assert look(person, **sources(tmp_path, hub.url)).complaints == []

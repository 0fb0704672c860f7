"""Hubs and tokens that are really wrong, and what that leaves of the models."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from doctor.report.snapshot import Snapshot
from tests.faults.island import Island
from tests.faults.network.outside import ENDPOINT, look, on_island, sources
from tests.faults.patient import diagnose
from tests.faults.web import HUB, PORTAL, Page, Web, serve_web
from tests.hub.server import dead_url

# --- healthy -----------------------------------------------------------------------------------------


def test_nothing_is_said_of_a_hub_that_answers(person: dict[str, str], hub: Web, tmp_path: Path) -> None:
    said = look(person, **sources(tmp_path, hub.url))
    assert said.complaints == []


def test_a_trailing_slash_is_no_fault(person: dict[str, str], hub: Web) -> None:
    assert look(person, HF_ENDPOINT=f"{hub.url}/").complaints == []


def test_an_offline_machine_by_choice_is_healthy(person: dict[str, str]) -> None:
    said = on_island(Island(), person, HF_HUB_OFFLINE="1", **ENDPOINT)
    assert said.complaints == [] and said.of("network-none")["severity"] == "info"


# --- endpoints ---------------------------------------------------------------------------------------


def test_a_hub_that_nothing_leads_to(person: dict[str, str]) -> None:
    said = look(person)
    assert "hub-unreachable" in said.complaints and said.failed == []


def test_a_dead_mirror(person: dict[str, str], hub: Web, tmp_path: Path) -> None:
    said = look(person, HF_ENDPOINT=dead_url(), **sources(tmp_path, hub.url))
    assert said.failed == ["hub-mirror-dead"] == said.complaints
    assert said.of("hub-mirror-dead")["remedy"]["commands"] == [["unset", "HF_ENDPOINT"]]


def test_a_mirror_that_takes_requests_and_says_nothing(person: dict[str, str]) -> None:
    with serve_web(Page(stall=True)) as web:
        assert look(person, HF_ENDPOINT=web.url).failed == ["hub-mirror-dead"]


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_mirror_with_server_errors(person: dict[str, str], status: int) -> None:
    with serve_web(Page(status)) as web:
        assert look(person, HF_ENDPOINT=web.url).complaints == ["hub-mirror-5xx"]


def test_one_server_error_passes(person: dict[str, str]) -> None:
    pages = iter([Page(502), HUB, HUB, HUB, HUB, HUB])
    with serve_web(lambda path: next(pages, HUB) if path.endswith("config.json") else HUB) as web:
        assert look(person, HF_ENDPOINT=web.url).complaints == []


def test_a_mirror_that_sends_back_to_the_hub(person: dict[str, str], hub: Web) -> None:
    back = Page(308, {"Location": "https://huggingface.co/openai-community/gpt2/resolve/main/config.json"})
    with serve_web(back) as web:
        said = look(person, HF_ENDPOINT=web.url)
    assert said.failed == ["hf-mirror-308-redirects-to-hub"] == said.complaints


def test_a_renamed_model_is_no_fault(person: dict[str, str]) -> None:
    moved = Page(307, {"Location": "/other/name/resolve/main/config.json"})
    with serve_web(lambda path: HUB if path.startswith("/other") else moved) as web:
        assert look(person, HF_ENDPOINT=web.url).complaints == []


def test_too_many_requests(person: dict[str, str]) -> None:
    with serve_web(Page(429, {"Retry-After": "120"})) as web:
        said = look(person, HF_ENDPOINT=web.url)
    assert said.failed == ["hf-rate-limited"] == said.complaints
    assert "120" in said.of("hf-rate-limited")["evidence"]


@pytest.mark.parametrize(
    "page",
    [PORTAL, Page(302, {"Location": "http://login.campus.example/"}), Page(511)],
    ids=["200", "302", "511"],
)
def test_a_captive_portal(person: dict[str, str], page: Page) -> None:
    with serve_web(page) as web:
        assert look(person, HF_ENDPOINT=web.url).failed == ["captive-portal-html"]


def test_one_mirror_that_shows_a_page_is_no_portal(person: dict[str, str], hub: Web, tmp_path: Path) -> None:
    with serve_web(PORTAL) as web:
        said = look(person, HF_ENDPOINT=web.url, **sources(tmp_path, hub.url))
    assert said.failed == ["hub-mirror-dead"]


# --- the token ---------------------------------------------------------------------------------------


def refusing(path: str) -> Page:
    return (
        Page(401, {}, b'{"error": "Invalid credentials in Authorization header"}')
        if "whoami" in path
        else HUB
    )


def test_a_token_that_the_hub_refuses(person: dict[str, str], tmp_path: Path) -> None:
    with serve_web(refusing) as web:
        said = look(person, HF_TOKEN="hf_expiredexpired", **sources(tmp_path, web.url))
    assert said.failed == ["hf-token-invalid"] == said.complaints
    assert "hf_expired" not in str(said.findings)


def test_a_token_in_its_file(person: dict[str, str], tmp_path: Path) -> None:
    kept = Path(person["HOME"]) / ".cache/huggingface/token"
    kept.parent.mkdir(parents=True)
    kept.write_text("hf_expiredexpired\n")
    with serve_web(refusing) as web:
        said = look(person, **sources(tmp_path, web.url))
    assert said.failed == ["hf-token-invalid"] and str(kept) in said.of("hf-token-invalid")["evidence"]


def test_a_mirror_and_a_proxy_never_see_the_token(person: dict[str, str], tmp_path: Path) -> None:
    """Loopback stands for the official Hub; asked through a proxy it is not loopback any more."""
    with serve_web(HUB) as mirror, serve_web(HUB) as proxy, serve_web(HUB) as official:
        where = sources(tmp_path, official.url)
        look(person, HF_TOKEN="hf_secretsecret", http_proxy=proxy.url, HF_ENDPOINT=mirror.url, **where)
        seen = [*mirror.asked, *proxy.asked, *official.asked]
    assert seen and not [one for one in seen if one[2]]


# --- models ------------------------------------------------------------------------------------------


def test_a_gated_model(person: dict[str, str], tmp_path: Path) -> None:
    """Of the profile's own models, where setup makes the environment; the token goes to loopback, the official Hub here."""
    closed = Page(403, {"X-Error-Code": "GatedRepo"})
    with serve_web(lambda path: closed if "/gpt2/" in path else HUB) as web:
        own_environment = {name: value for name, value in person.items() if name != "TARGET"}
        model = {"MODELS": "gpt2", "HF_TOKEN": "hf_goodgood", "ENV_MANAGER": "venv"}
        said = diagnose(
            {**own_environment, **model, **sources(tmp_path, web.url)}, "--area", "network", offline=False
        )
    assert said.failed == ["hf-gated-repo"] == said.complaints


def test_a_model_that_the_hub_does_not_have_at_that_commit(person: dict[str, str], tmp_path: Path) -> None:
    gone = Page(404, {"X-Error-Code": "RevisionNotFound"})
    with serve_web(lambda path: gone if "/gpt2/" in path else HUB) as web:
        own_environment = {name: value for name, value in person.items() if name != "TARGET"}
        asked = {**own_environment, "MODELS": "gpt2,bert-base-chinese", "ENV_MANAGER": "venv"}
        said = diagnose({**asked, **sources(tmp_path, web.url)}, "--area", "network", offline=False)
    assert said.failed == ["hf-model-gone"] == said.complaints
    assert "openai-community/gpt2 (RevisionNotFound)" in said.of("hf-model-gone")["evidence"]


def test_the_hosts_of_xet_are_asked_for_and_their_key_is_not_kept(
    person: dict[str, str], tmp_path: Path
) -> None:
    dead, saved = dead_url(), tmp_path / "facts.json"
    auth = '<https://huggingface.co/api/models/openai-community/gpt2/xet-read-token/main>; rel="xet-auth"'
    large = Page(
        302, {**HUB.headers, "X-Xet-Hash": "f" * 64, "Link": auth, "Location": "https://cdn.example/x"}
    )
    key = Page(200, {}, b'{"casUrl": "%s", "accessToken": "xet-secret-key", "exp": 1}' % dead.encode())

    def answer(path: str) -> Page:
        return key if "xet-read-token" in path else large if path.endswith(".safetensors") else HUB

    with serve_web(answer) as web:
        diagnose({**person, "HF_ENDPOINT": web.url}, "--area", "network", "--save", str(saved), offline=False)
    network = msgspec.json.decode(saved.read_bytes(), type=Snapshot).facts.network
    assert (
        getattr(network, "xet_reachable", None) is False and getattr(network, "xet_host", "") == "127.0.0.1"
    )
    assert b"xet-secret-key" not in saved.read_bytes()

"""Variables of the Hub's client that do not do what they seem to, beside the client itself."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from doctor.checks.hub.settings import TRUE
from doctor.shell import typed
from tests.faults.network.outside import sources
from tests.faults.patient import diagnose
from tests.faults.unrehearsed.look import look
from tests.faults.web import HUB, serve_web
from tests.hub.server import dead_url

MIRROR = "https://hf-mirror.com"


def constant(name: str, **environ: str) -> str:
    """What huggingface_hub makes of it."""
    ask = f"from huggingface_hub import constants; print(constants.{name})"
    argv = [sys.executable, "-c", ask]
    return subprocess.run(argv, env=environ, capture_output=True, text=True, check=True).stdout.strip()


def test_what_the_client_takes_for_yes() -> None:
    assert ast.literal_eval(constant("ENV_VARS_TRUE_VALUES")) == set(TRUE)


@pytest.mark.parametrize("name", ["HF_HUB_OFFLINE", "HF_HUB_DISABLE_XET", "HF_HUB_DISABLE_IMPLICIT_TOKEN"])
@pytest.mark.parametrize("value", ["y", "t", "enabled", "1 ", '"1"', "2"])
def test_a_switch_that_is_not_on(person: dict[str, str], name: str, value: str) -> None:
    assert constant(name, **{name: value}) == "False"
    assert look(person, **{name: value}).complaints == ["hf-switch-without-effect"]


@pytest.mark.parametrize(
    ("value", "on"),
    [("1", "True"), ("On", "True"), ("yes", "True"), ("0", "False"), ("False", "False"), ("", "False")],
)
def test_a_switch_that_says_what_it_does(person: dict[str, str], value: str, on: str) -> None:
    assert constant("HF_HUB_DISABLE_XET", HF_HUB_DISABLE_XET=value) == on
    assert look(person, HF_HUB_DISABLE_XET=value).complaints == []


def test_a_switch_that_matters_little(person: dict[str, str]) -> None:
    said = look(person, HF_HUB_DISABLE_TELEMETRY="y")
    assert said.complaints == [] and said.of("hf-switch-without-effect")["severity"] == "info"


# --- names -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("HF_HOM", "HF_HOME"),
        ("HF_HUB_OFLINE", "HF_HUB_OFFLINE"),
        ("HF_HUB_DISABLE_XETT", "HF_HUB_DISABLE_XET"),
        ("hf_home", "HF_HOME"),
        ("TRANSFORMER_OFFLINE", "TRANSFORMERS_OFFLINE"),
        ("HF_HUB_CAHCE", "HF_HUB_CACHE"),
    ],
)
def test_a_name_that_nobody_reads(person: dict[str, str], tmp_path: Path, name: str, meant: str) -> None:
    said = look(person, **{name: str(tmp_path)})
    assert said.complaints == ["hf-variable-misspelt"]
    assert meant in said.of("hf-variable-misspelt")["title"]
    (command,) = said.of("hf-variable-misspelt")["remedy"]["commands"]
    line = f'{typed(command)}; printf %s "${meant}"'
    done = subprocess.run(["sh", "-c", line], env={name: "/a b"}, capture_output=True, text=True, check=True)
    assert done.stdout == "/a b"


@pytest.mark.parametrize(
    ("name", "meant"), [("HF_API_TOKEN", "HF_TOKEN"), ("HF_CACHE", "HF_HUB_CACHE"), ("HF_TOKENS", "HF_TOKEN")]
)
def test_a_name_of_another_program(person: dict[str, str], name: str, meant: str) -> None:
    secret = f"hf_{'q' * 34}"
    said = look(person, **{name: secret})
    assert said.complaints == [] and meant in said.of("hf-variable-misspelt")["title"]
    assert secret not in str(said.findings)


def test_names_that_are_right(person: dict[str, str], hub: Path) -> None:
    right = {"HF_HUB_CACHE": str(hub), "HF_XET_HIGH_PERFORMANCE": "1", "HF_DATASETS_TRUST_REMOTE_CODE": "0"}
    said = look(person, **right, HF_CACHE=str(hub), HF_INFERENCE_ENDPOINT="https://x.example", HF_DEBUG="1")
    assert said.complaints == [] and "hf-variable-misspelt" not in [one["id"] for one in said.findings]


# --- a host ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "right"),
    [
        ("https://hf-miror.com", MIRROR),
        ("https://hf-mirrors.com/", MIRROR),
        ("https://hf_mirror.com", MIRROR),
        ("https://hf-mirror.con", MIRROR),
        ("https://hugingface.co", "https://huggingface.co"),
        ("https://huggingface.com", "https://huggingface.co"),
    ],
)
def test_a_host_with_a_slip_offline(person: dict[str, str], value: str, right: str) -> None:
    said = look(person, HF_ENDPOINT=value)
    assert said.complaints == ["hf-endpoint-host-misspelt"] and said.failed == []
    assert said.of("hf-endpoint-host-misspelt")["remedy"]["commands"] == [["export", f"HF_ENDPOINT={right}"]]


@pytest.mark.parametrize(
    "value", [MIRROR, f"{MIRROR}/", "https://hub.example", "https://HF-Mirror.com", "https://hf.co"]
)
def test_hosts_that_are_what_they_are(person: dict[str, str], value: str) -> None:
    assert look(person, HF_ENDPOINT=value).complaints == []


def test_a_host_with_a_slip_that_does_not_answer(person: dict[str, str], tmp_path: Path) -> None:
    """The proxy is there, and finds nobody of that name. Then it is the cause of all that does not come."""
    with serve_web(HUB) as web, serve_web(lambda path: HUB) as proxy:
        environ = {**person, **sources(tmp_path, web.url), "no_proxy": "127.0.0.1", "https_proxy": proxy.url}
        said = diagnose(
            {**environ, "HF_ENDPOINT": "https://hf-miror.com"}, "--area", "hub,network", offline=False
        )
    assert "hf-endpoint-host-misspelt" in said.failed and "hub-mirror-dead" not in said.failed


def test_a_dead_mirror_that_is_written_right(person: dict[str, str]) -> None:
    said = look(person, HF_ENDPOINT=dead_url())
    assert said.complaints == []

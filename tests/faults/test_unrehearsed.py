"""Faults that nobody had in mind when the checks were written: found by trying what people do to caches and settings."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.faults.cache import fill_cache
from tests.faults.patient import Diagnosis, bare_environ, diagnose
from tests.hub.models import WEIGHTS, safetensors


@pytest.fixture
def hub(home: Path) -> Path:
    return home / ".cache/huggingface/hub"


@pytest.fixture
def person(home: Path, empty_env: Path, hub: Path) -> dict[str, str]:
    """Somebody with an environment of their own and a whole cache in the usual place."""
    fill_cache(hub)
    return bare_environ(home, TARGET=str(empty_env))


def look(environ: dict[str, str], **more: str) -> Diagnosis:
    return diagnose({**environ, **more}, "--area", "host,disk,hub,network")


def overwrite(name: str, content: str) -> Callable[[Path], None]:
    def change(snapshot: Path) -> None:
        (snapshot / name).unlink()
        (snapshot / name).write_text(content)

    return change


def lose_a_shard(snapshot: Path) -> None:
    parts = [f"model-0000{n}-of-00002.safetensors" for n in (1, 2)]
    (snapshot / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": dict(zip("ab", parts, strict=True))})
    )
    (snapshot / parts[0]).write_bytes(safetensors(b"x"))


def flatten_links(snapshot: Path) -> None:
    for path in list(snapshot.iterdir()):
        overwrite(path.name, str(path.readlink()))(snapshot)


def cut_off(snapshot: Path) -> None:
    """A large tokenizer: judged by its end."""
    (snapshot / "tokenizer.json").write_text('{"model": [' + "1, " * 40_000)


@pytest.mark.parametrize(
    ("spoil", "name"),
    [
        (overwrite("config.json", ""), "model-file-damaged"),
        (overwrite("config.json", "<html>please log in</html>"), "model-file-damaged"),
        (cut_off, "model-file-damaged"),
        (lose_a_shard, "weights-shard-missing"),
        (flatten_links, "cache-links-became-text"),
    ],
)
def test_a_spoilt_snapshot(
    person: dict[str, str], hub: Path, spoil: Callable[[Path], None], name: str
) -> None:
    assert look(person).complaints == []
    spoil(next(hub.glob("models--*/snapshots/*")))
    assert look(person).complaints == [name]


def test_a_ref_that_was_written_with_echo(person: dict[str, str], hub: Path) -> None:
    ref = next(hub.glob("models--*/refs/main"))
    ref.write_text(ref.read_text() + "\n")
    assert look(person).complaints == ["cache-ref-with-line-end"]
    assert look(person, HF_HUB_OFFLINE="1").failed == ["cache-ref-with-line-end"]


def test_a_snapshot_without_a_name(person: dict[str, str], hub: Path) -> None:
    next(hub.glob("models--*/refs/main")).unlink()
    assert look(person).of("cache-without-refs")["severity"] == "info"
    assert look(person, HF_HUB_OFFLINE="1").complaints == ["cache-without-refs"]


def test_a_model_that_was_cloned_into_the_cache(person: dict[str, str], hub: Path) -> None:
    (hub / "bert").mkdir()
    (hub / "bert/config.json").write_text("{}")
    assert look(person).complaints == ["model-outside-cache-layout"]


def test_places_that_are_one_level_off(person: dict[str, str], hub: Path) -> None:
    assert look(person, HF_HOME=str(hub)).complaints == ["cache-one-level-off"]


def test_paths_that_no_shell_has_read(person: dict[str, str], hub: Path) -> None:
    assert look(person, HF_HOME=f'"{hub.parent}"').complaints == ["hf-home-quoted"]
    assert look(person, HF_HOME="hf").complaints == ["hf-home-relative"]


@pytest.mark.parametrize("value", ["https:/hf-mirror.com", "https：//hf-mirror.com", "htps://hf-mirror.com"])
def test_the_advice_for_a_misspelt_endpoint_is_an_address(person: dict[str, str], value: str) -> None:
    said = look(person, HF_ENDPOINT=value)
    assert said.failed == ["hf-endpoint-no-scheme"]
    right = "HF_ENDPOINT=https://hf-mirror.com"
    assert said.of("hf-endpoint-no-scheme")["remedy"]["commands"] == [["export", right]]


# --- settings of the network that need no request ----------------------------------------------------


@pytest.mark.parametrize(
    "value",
    ["http://127.0.0.1:7890 ", "http:/127.0.0.1:7890", "socks://127.0.0.1:7890", "http://127.0.0.1:78900"],
)
def test_a_malformed_proxy_is_told_offline(person: dict[str, str], value: str) -> None:
    assert look(person, https_proxy="http://127.0.0.1:7890").complaints == []  # not asked whether it answers
    assert look(person, https_proxy=value).failed == ["proxy-malformed"]


def test_certificates_that_are_not_there_are_told_offline(person: dict[str, str]) -> None:
    assert look(person, PIP_CERT="/etc/ssl/none.pem").failed == ["ca-bundle-missing"]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"index-url = https://pypi.example/simple\n", "pip-config-unreadable"),
        (b"[global]\n# \xc7\xe5\xbb\xaa\nindex-url = https://pypi.example/simple\n", "pip-config-unreadable"),
        (b'[global]\nindex-url = "https://pypi.example/simple"\n', "pip-index-not-an-address"),
        (b"[global]\nindex-url = http://pypi.example/simple\n", "pip-index-not-trusted"),
        (b"[global]\nconstraint = /nowhere/c.txt\n", "pip-constraint-missing"),
        (b"[global]\nno-index = true\n", "pip-no-index-left-on"),
        (b"[install]\ntarget = /opt/site\n", "pip-installs-elsewhere"),
    ],
)
def test_settings_with_which_pip_cannot_work(
    person: dict[str, str], home: Path, content: bytes, name: str
) -> None:
    path = home / ".config/pip/pip.conf"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert look(person).complaints == [name]


@pytest.mark.parametrize(
    "content",
    [
        "[global]\nindex-url = https://pypi.example/simple\n",
        "[global]\nindex-url = http://pypi.example/simple\ntrusted-host = pypi.example\n",
        "[global]\nno-index = true\nfind-links = /srv/wheels\n",
        "",
    ],
)
def test_settings_of_pip_in_good_health(person: dict[str, str], home: Path, content: str) -> None:
    path = home / ".config/pip/pip.conf"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    assert look(person).complaints == []


def test_settings_of_uv_written_as_pip_would(person: dict[str, str], home: Path) -> None:
    path = home / ".config/uv/uv.toml"
    path.parent.mkdir(parents=True)
    path.write_text("index-url = https://pypi.example/simple\n")
    assert look(person).failed == ["uv-config-unreadable"]


def test_a_cache_whose_weights_are_settled_is_left_in_peace(person: dict[str, str], hub: Path) -> None:
    """NaN and an index whose parts were never wanted are no faults."""
    snapshot = next(hub.glob("models--*/snapshots/*"))
    (snapshot / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": "other.bin"}}))
    (snapshot / "generation_config.json").write_text('{"x": NaN}')
    assert (snapshot / WEIGHTS).exists() and look(person).complaints == []


# --- the machine -------------------------------------------------------------------------------------


def test_a_text_encoding_that_a_variable_forces(person: dict[str, str]) -> None:
    assert look(person, PYTHONIOENCODING="utf_8:replace").complaints == []
    assert look(person, PYTHONIOENCODING="ascii").complaints == ["locale-not-utf8"]


def test_a_machine_that_cannot_reach_itself(person: dict[str, str]) -> None:
    if os.geteuid() != 0:
        missing("root", "a network namespace needs root")
    assert diagnose(person, "--area", "host", prefix=["unshare", "-n"]).failed == ["loopback-down"]


def test_a_file_in_the_place_of_the_null_device(person: dict[str, str], tmp_path: Path) -> None:
    if os.geteuid() != 0:
        missing("root", "a mount namespace needs root")
    (tmp_path / "null").write_text("")
    cover = ["unshare", "-m", "sh", "-c", f'mount --bind {tmp_path}/null /dev/null && exec "$@"', "-"]
    assert diagnose(person, "--area", "host", prefix=cover).failed == ["dev-null-not-a-device"]

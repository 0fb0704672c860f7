"""What .condarc and variables tell it."""

from __future__ import annotations

import json
import platform
import socket
from pathlib import Path

import pytest

from tests.conda_host import prefixes
from tests.conda_host.prefixes import write
from tests.faults.conda.patient import Patient
from tests.faults.patient import diagnose


def test_a_tab_in_condarc(patient: Patient) -> None:
    write(patient.home / ".condarc", "channels:\n\t- https://user:hunter2@mirror.example/conda\n")
    said = patient.said()
    assert said.failed == said.complaints == ["conda-condarc-unreadable"]
    assert "line 2" in said.of("conda-condarc-unreadable")["evidence"]
    assert "hunter2" not in json.dumps(said.findings)


def test_no_channel_is_left(patient: Patient) -> None:
    write(patient.root / ".condarc", "channels: []\n")
    assert patient.said().failed == ["conda-no-channels"]
    write(patient.root / ".condarc", "channels: [nodefaults]\n")
    assert patient.said().failed == ["conda-no-channels"]


def test_channels_by_a_variable_are_channels(patient: Patient) -> None:
    write(patient.root / ".condarc", "channels: []\n")
    assert patient.said(CONDA_CHANNELS="conda-forge").findings == ()


def miniconda(patient: Patient) -> None:
    """As Miniconda comes: Anaconda's channels, and the plugin that asks for their terms."""
    write(patient.root / ".condarc", "channels: [defaults]\n")
    prefixes.record(patient.root, "conda-anaconda-tos", "0.2.2", "py312_0", [])


def decide(patient: Patient, accepted: bool) -> None:
    """What `conda tos accept|reject` records."""
    for number, name in enumerate(("main", "r")):
        said = {"version": "2025-07-15T00:00:00Z", "base_url": f"https://repo.anaconda.com/pkgs/{name}"}
        record = {**said, "tos_accepted": accepted, "acceptance_timestamp": "2026-11-01T00:00:00Z"}
        write(patient.home / ".conda/tos" / f"{number}abc" / "1752537600.0.json", json.dumps(record))


def test_terms_of_service_not_accepted(patient: Patient) -> None:
    miniconda(patient)
    said = patient.said()
    assert (said.failed, said.complaints) == ([], ["conda-tos-not-accepted"])
    assert "pkgs/main" in said.of("conda-tos-not-accepted")["evidence"]


@pytest.mark.parametrize("way", ["by hand", "by variable", "by condarc", "conda-forge", "no plugin"])
def test_terms_that_need_no_decision(patient: Patient, way: str) -> None:
    miniconda(patient)
    decide(patient, True) if way == "by hand" else None
    if way == "by condarc":
        write(patient.home / ".condarc", "plugins:\n  auto_accept_tos: true\n")
    if way == "conda-forge":
        write(patient.root / ".condarc", "channels: [conda-forge]\n")
    if way == "no plugin":
        next(patient.root.glob("conda-meta/conda-anaconda-tos-*.json")).unlink()
    more = {"CONDA_PLUGINS_AUTO_ACCEPT_TOS": "yes"} if way == "by variable" else {}
    assert patient.said(**more).complaints == []


def test_terms_of_service_rejected(patient: Patient) -> None:
    miniconda(patient)
    decide(patient, False)
    assert patient.said().failed == ["conda-tos-rejected"]


def test_a_dead_proxy_in_condarc_and_a_living_one(patient: Patient) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        write(patient.home / ".condarc", f"proxy_servers:\n  https: http://me:hunter2@127.0.0.1:{port}\n")
        said = patient.said()
        assert said.failed == said.complaints == ["conda-proxy-dead"]
        assert f"127.0.0.1:{port}" in said.of("conda-proxy-dead")["title"]
        assert "hunter2" not in json.dumps(said.findings)
        listening.listen()
        assert patient.said().findings == ()


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        ("ssl_verify", "ssl_verify: /etc/ssl/company-ca-that-is-gone.pem"),
        ("channels", "channels: conda-forge"),
        ("channel_priority", "channel_priority: stict"),
        ("always_yes", "always_yes: maybe"),
    ],
)
def test_a_value_that_conda_refuses(patient: Patient, setting: str, line: str) -> None:
    write(patient.home / ".condarc", f"{line}\n")
    said = patient.said()
    assert said.failed == said.complaints == ["conda-condarc-invalid"]
    assert setting in said.of("conda-condarc-invalid")["title"]


def test_values_that_look_odd_but_are_right(patient: Patient) -> None:
    odd = "ssl_verify: truststore\nalways_yes: 'yes'\nchannel_priority: false\nproxy_servers:\npinned_packages: []\n"
    write(
        patient.home / ".condarc",
        odd + "channels:\n  - conda-forge # mine\nssl_verify: /etc/ssl/certs\nunknown: x\n",
    )
    assert patient.said().findings == ()


def test_offline_was_left_on(patient: Patient) -> None:
    write(patient.home / ".condarc", "offline: true\n")
    assert patient.said().complaints == ["conda-offline-left-on"]


def test_no_secret_of_condarc_is_saved(patient: Patient, tmp_path: Path) -> None:
    secrets = "channels: ['https://me:hunter2@h.example/t/tk-5ecret/forge', defaults]\nproxy_servers: {http: 'http://me:hunter2@h.example:1'}\n"
    write(patient.home / ".condarc", secrets)
    diagnose(patient.environ, "--area", "conda", "--save", str(tmp_path / "facts.json"))
    saved = (tmp_path / "facts.json").read_text()
    assert "h.example" in saved and "hunter2" not in saved and "5ecret" not in saved


@pytest.mark.parametrize("name", ["conda-frge", "condaforge", "pytroch", "nvdia", "bioconda-"])
def test_a_misspelt_channel_while_offline(patient: Patient, name: str) -> None:
    write(patient.home / ".condarc", f"channels: [{name}, conda-forge]\n")
    said = patient.said()
    assert said.failed == said.complaints == ["conda-channel-misspelt"]
    assert name in said.of("conda-channel-misspelt")["title"]


@pytest.mark.parametrize(
    "text",
    [
        "channels: [pytorch3d, nvidia, huggingface, my-lab]",
        "channels: [conda-forge/label/rust_dev, https://mirror.example/conda-frge]",
        "channels: [pytorh]\ncustom_channels:\n  pytorh: https://mirror.example",
        "channels: [conda-forg]\ncustom_multichannels:\n  conda-forg: [conda-forge]",
    ],
)
def test_channels_that_may_be_there(patient: Patient, text: str) -> None:
    write(patient.home / ".condarc", f"{text}\n")
    assert patient.said().complaints == []


@pytest.mark.parametrize("subdir", ["osx-arm64", "win-64", "linux-amd64"])
def test_packages_for_another_platform(patient: Patient, subdir: str) -> None:
    assert patient.said(CONDA_SUBDIR=subdir).complaints == ["conda-platform-foreign"]
    write(patient.env / ".condarc", f"subdir: {subdir}\n")
    active = {"CONDA_PREFIX": str(patient.env), "PATH": f"{patient.env}/bin:/usr/bin:/bin"}
    assert patient.said(**active).complaints == ["conda-platform-foreign"]


def test_packages_for_this_platform(patient: Patient) -> None:
    own = {"x86_64": "linux-64"}.get(platform.machine(), f"linux-{platform.machine()}")
    assert patient.said(CONDA_SUBDIR=own).complaints == []

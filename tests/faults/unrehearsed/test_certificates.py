"""Certificates of other programs that are gone, and a company's own list where public hosts are asked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.faults.dists import install
from tests.faults.network.outside import conda
from tests.faults.patient import Diagnosis, diagnose
from tests.faults.unrehearsed.look import look
from tests.faults.unrehearsed.test_proxies import ask
from tests.faults.unrehearsed.test_uv import uv_with
from tests.faults.web import HUB, Authority, make_authority, serve_web

SYSTEM = "/etc/ssl/certs/ca-certificates.crt"
GONE = "/etc/removed/ca.pem"


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("company") / "ca")


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """What the machine's own list knows, in these tests."""
    return make_authority(tmp_path_factory.mktemp("public") / "ca")


# --- what is gone ------------------------------------------------------------------------------------


def test_node_goes_on_without(person: dict[str, str]) -> None:
    said = look(person, NODE_EXTRA_CA_CERTS=GONE)
    assert said.complaints == [] and said.of("ca-bundle-missing")["severity"] == "info"


def test_amazons_programs_do_not(person: dict[str, str], empty_env: Path) -> None:
    gone, area = {**person, "AWS_CA_BUNDLE": GONE}, ("--area", "network,packages")
    assert "ca-bundle-missing" not in diagnose(gone, *area).complaints
    install(empty_env, "botocore", "1.40.1")
    said = diagnose(gone, *area)
    assert "ca-bundle-missing" in said.complaints and "ca-bundle-missing" not in said.failed


def test_uv_trusts_nobody_then(person: dict[str, str], home: Path, uv: str, empty_env: Path) -> None:
    write = {
        "VIRTUAL_ENV": str(empty_env),
        "UV_HTTP_RETRIES": "0",
        "UV_INDEX_URL": "https://127.0.0.1:1/simple",
    }
    done = uv_with(uv, home, "pip", "install", "--dry-run", "demo", SSL_CERT_DIR="/etc/removed", **write)
    assert "No default certificates will be trusted" in done.stderr
    assert look(person, SSL_CERT_DIR="/etc/removed").complaints == ["ca-bundle-missing"]
    assert look(person, SSL_CERT_DIR="/etc/removed:/etc").complaints == []


@pytest.mark.parametrize(
    ("value", "fine"), [(GONE, False), ("false", True), ("truststore", True), (SYSTEM, True)]
)
def test_condas_own_variable(person: dict[str, str], value: str, fine: bool) -> None:
    conda(person, "channels: [conda-forge]\n")
    said = diagnose({**person, "CONDA_SSL_VERIFY": value}, "--area", "network,conda")
    told = [one for one in said.findings if one["id"] == "conda-condarc-invalid"]
    assert bool(told) is not fine
    assert fine or told[0]["remedy"]["commands"] == [["unset", "CONDA_SSL_VERIFY"]]


@pytest.mark.parametrize("name", ["NODE_EXTRA_CA_CERTS", "AWS_CA_BUNDLE", "GIT_SSL_CAINFO", "SSL_CERT_FILE"])
def test_certificates_that_are_there(person: dict[str, str], company: Authority, name: str) -> None:
    assert look(person, **{name: str(company.bundle)}).complaints == []


# --- a list that is too short ------------------------------------------------------------------------


def known_to_the_machine(public: Authority, person: dict[str, str], tmp_path: Path, **more: str) -> Diagnosis:
    if os.geteuid() != 0 or not Path(SYSTEM).is_file():
        missing("root", "another list in the place of the machine's needs root")
    mount = f'mount --bind {public.bundle} {SYSTEM} && exec "$@"'
    return ask(person, tmp_path, prefix=("unshare", "-m", "sh", "-c", mount, "-"), **more)


@pytest.mark.parametrize(
    ("variable", "setting"), [("HF_ENDPOINT", "REQUESTS_CA_BUNDLE"), ("PIP_INDEX_URL", "PIP_CERT")]
)
def test_the_companys_list_and_a_public_host(
    person: dict[str, str], tmp_path: Path, company: Authority, public: Authority, variable: str, setting: str
) -> None:
    with serve_web(HUB, public.context()) as web:
        more = {variable: web.url, setting: str(company.bundle)}
        said = known_to_the_machine(public, person, tmp_path, **more)
    assert said.complaints == ["ca-bundle-lacks-public"] == said.failed
    commands = said.of("ca-bundle-lacks-public")["remedy"]["commands"]
    assert commands == [["unset", setting]]


def test_the_companys_list_and_its_own_host(
    person: dict[str, str], tmp_path: Path, company: Authority, public: Authority
) -> None:
    with serve_web(HUB, company.context()) as web:
        more = {"HF_ENDPOINT": web.url, "REQUESTS_CA_BUNDLE": str(company.bundle)}
        assert known_to_the_machine(public, person, tmp_path, **more).complaints == []


def test_a_list_that_nobody_asks_for(person: dict[str, str], company: Authority) -> None:
    """Offline nobody knows whether a proxy signs everything anew."""
    assert look(person, REQUESTS_CA_BUNDLE=str(company.bundle)).complaints == []

"""Settings of pip and of the Hub's client, as people have reported them; each named at first sight."""

from __future__ import annotations

from pathlib import Path

from tests.conda_host import prefixes
from tests.faults.patient import diagnose
from tests.faults.unrehearsed.look import look


def test_an_index_of_ones_own_without_encryption(person: dict[str, str]) -> None:
    """https://github.com/scrapinghub/docker-devpi/issues/6: "is not a trusted or secure host and is being ignored"."""
    path = Path(person["HOME"]) / ".pip/pip.conf"
    path.parent.mkdir()
    path.write_text("[global]\nindex-url = http://192.168.99.100:3141/root/pypi/+simple/\n")
    said = look(person)
    assert said.complaints == ["pip-index-not-trusted"]
    assert str(path) in said.of("pip-index-not-trusted")["evidence"]
    path.write_text(path.read_text() + "trusted-host = 192.168.99.100\n")
    assert look(person).complaints == []


def test_an_image_that_has_pip_install_for_the_user(person: dict[str, str], empty_env: Path) -> None:
    """https://github.com/gitpod-io/gitpod/issues/1997: "User site-packages are not visible in this virtualenv"."""
    active = {"VIRTUAL_ENV": str(empty_env), "PATH": f"{empty_env}/bin:{person['PATH']}"}
    assert look(person, **active).complaints == []
    said = look(person, **active, PIP_USER="yes")
    assert said.complaints == ["pip-setting-stops-installs"]
    assert said.of("pip-setting-stops-installs")["remedy"]["commands"] == [["unset", "PIP_USER"]]


def test_a_conda_environment_is_no_virtual_one(home: Path, environ: dict[str, str]) -> None:
    """https://github.com/conda/conda/issues/10787: "Could not find an activated virtualenv (required)"."""
    root = prefixes.install(home / "miniconda3")
    env = prefixes.create(root)
    prefixes.initialise(home, root)
    (home / ".bash_aliases").write_text("export PIP_REQUIRE_VIRTUALENV=1\n")
    plain = {**environ, "PATH": "/usr/bin:/bin", "SHELL": "/bin/bash", "TARGET": str(env)}
    active = prefixes.activated(plain, root, env)
    area = ("--area", "host,network,conda,python")
    assert diagnose(active, *area).complaints == []
    said = diagnose({**active, "PIP_REQUIRE_VIRTUALENV": "1"}, *area)
    assert said.complaints == ["pip-setting-stops-installs"]
    assert "PIP_REQUIRE_VIRTUALENV" in said.of("pip-setting-stops-installs")["evidence"]

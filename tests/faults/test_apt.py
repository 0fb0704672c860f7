"""What apt is told to fetch from, in its own files, mounted over the machine's; what apt itself says of it beside it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.faults.patient import Diagnosis, bare_environ, diagnose

CODENAME = next(
    (line.partition("=")[2].strip() for line in Path("/etc/os-release").read_text().splitlines() if line.startswith("VERSION_CODENAME=")),
    "",
)  # fmt: skip
MAIN = f"deb http://deb.debian.org/debian {CODENAME} main\n"
OURS = (
    "apt-source-unreadable", "apt-key-missing", "apt-sources-at-odds", "apt-release-ended",
    "apt-sources-of-another-release", "apt-source-not-fetched",
)  # fmt: skip


class Sources:
    """An /etc/apt of its own, and the lists that apt has fetched."""

    def __init__(self, folder: Path, home: Path, env: Path) -> None:
        self.etc, self.lists = folder / "apt", folder / "lists"
        self.environ = bare_environ(home, TARGET=str(env))
        for name in ("sources.list.d", "apt.conf.d", "preferences.d"):
            (self.etc / name).mkdir(parents=True)
        self.lists.mkdir()
        self.write("sources.list", MAIN)

    def write(self, name: str, text: str) -> Path:
        path = self.etc / name
        path.write_text(text)
        return path

    @property
    def inside(self) -> list[str]:
        mounts = f"mount --bind {self.etc} /etc/apt; mount --bind {self.lists} /var/lib/apt/lists"
        return ["unshare", "-m", "sh", "-ec", f'{mounts}\nexec "$@"', "sh"]

    def look(self) -> Diagnosis:
        return diagnose(self.environ, "--area", "host", prefix=self.inside)

    def said(self) -> list[str]:
        return [finding["id"] for finding in self.look().findings if finding["id"] in (*OURS, "host-unknown")]

    def apt(self) -> str:
        """What apt says when it reads them."""
        argv = [*self.inside, "apt-get", "indextargets"]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
        return done.stderr


@pytest.fixture
def apt(tmp_path: Path, home: Path, empty_env: Path) -> Sources:
    if os.geteuid() != 0:
        missing("root", "mounting needs root")
    if not shutil.which("apt-get") or not CODENAME:
        pytest.skip("this machine has no apt")
    return Sources(tmp_path, home, empty_env)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("nvidia.list", '<!doctype html>\n<html lang="en"><title>404</title>\n'),
        ("half.list", "deb https://nvidia.github.io\n"),
        ("half.sources", "Types: deb\nURIs: https://nvidia.github.io/libnvidia-container\n"),
    ],
)
def test_a_page_or_a_half_line_in_place_of_a_source(apt: Sources, name: str, text: str) -> None:
    apt.write(f"sources.list.d/{name}", text)
    assert "The list of sources could not be read" in apt.apt()
    assert apt.said() == ["apt-source-unreadable"]
    (file, kept), _ = (
        command[1:] for command in apt.look().of("apt-source-unreadable")["remedy"]["commands"]
    )
    assert file.endswith(name)
    Path(f"{apt.etc}{file.removeprefix('/etc/apt')}").rename(f"{apt.etc}{kept.removeprefix('/etc/apt')}")
    assert (apt.said(), apt.apt()) == ([], "")


@pytest.mark.parametrize(
    "text",
    [
        MAIN,
        f"# a note\n\n{MAIN}deb-src http://deb.debian.org/debian {CODENAME} main # why\n",
        f"deb [arch=amd64 signed-by=/etc/hostname] https://nvidia.github.io/libnvidia-container/stable/deb/amd64 /\n{MAIN}",
        f"{MAIN}deb http://deb.debian.org/debian sid main\ndeb http://deb.debian.org/debian buster main\n".replace("buster", "trixie"),
    ],
)  # fmt: skip
def test_sources_that_are_sound(apt: Sources, text: str) -> None:
    apt.write("sources.list", text)
    apt.write("sources.list.d/off.sources", "Enabled: no\nTypes: deb\nURIs: x\nSuites: buster\n")
    apt.write("sources.list.d/kept.list.save", "<html>")
    assert (apt.said(), apt.apt()) == ([], "")


def test_two_keys_for_one_archive(apt: Sources) -> None:
    archive = "https://nvidia.github.io/libnvidia-container/stable/deb/amd64 /\n"
    apt.write("sources.list.d/a.list", f"deb [signed-by=/etc/hostname] {archive}")
    apt.write("sources.list.d/b.list", f"deb [signed-by=/etc/hosts] {archive}")
    assert "Conflicting values set for option Signed-By" in apt.apt()
    assert apt.said() == ["apt-sources-at-odds"]


def test_a_key_that_is_gone(apt: Sources) -> None:
    apt.write(
        "sources.list.d/a.list",
        f"deb [signed-by=/usr/share/keyrings/gone.gpg] https://nvidia.github.io/x {CODENAME} main\n",
    )
    assert apt.said() == ["apt-key-missing"]
    assert "gone.gpg" in apt.look().of("apt-key-missing")["title"]


def test_a_release_that_has_ended(apt: Sources) -> None:
    file = apt.write(
        "sources.list",
        "deb http://deb.debian.org/debian buster main\ndeb http://security.debian.org/debian-security buster/updates main\n",
    )
    assert "apt-release-ended" in apt.said()
    for command in apt.look().of("apt-release-ended")["remedy"]["commands"]:
        if command[0] == "sed":
            subprocess.run([*command[:-1], str(file)], check=True, timeout=60)
    assert file.read_text().count("http://archive.debian.org/debian") == 2
    assert "apt-release-ended" not in apt.said()


def test_sources_of_another_release(apt: Sources) -> None:
    apt.write("sources.list", "deb https://mirrors.tuna.tsinghua.edu.cn/ubuntu/ jammy main\n")
    assert apt.said() == ["apt-sources-of-another-release"]
    apt.write("sources.list", f"{MAIN}deb http://deb.debian.org/debian trixie main\n")  # by intent, pinned
    assert apt.said() == []


@pytest.mark.parametrize(
    ("host", "severity"),
    [
        ("ppa.launchpad.net/old/ppa/ubuntu", "info"),
        ("developer.download.nvidia.com/compute/cuda/repos/debian12/x86_64", "warn"),
    ],
)
def test_an_archive_that_apt_could_not_read(apt: Sources, host: str, severity: str) -> None:
    suite = "x" if host.startswith("ppa") else "/"
    apt.write("sources.list.d/third.list", f"deb https://{host} {suite}{' main' if suite == 'x' else ''}\n")
    assert apt.said() == []  # nothing was fetched: an image, perhaps
    (apt.lists / f"deb.debian.org_debian_dists_{CODENAME}_InRelease").touch()
    assert apt.said() == ["apt-source-not-fetched"]
    assert apt.look().of("apt-source-not-fetched")["severity"] == severity
    name = f"{host.replace('_', '%5f').replace('/', '_')}_" + (
        "dists_x_InRelease" if suite == "x" else "InRelease"
    )
    (apt.lists / name).touch()
    assert apt.said() == []

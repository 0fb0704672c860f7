"""Channels of conda that have nothing for the processor of this machine."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from doctor.texts.search import by_text
from tests.conftest import missing
from tests.faults.network.outside import conda, sources
from tests.faults.patient import diagnose
from tests.faults.web import HUB, Page, serve_web

UNAME = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
#include <sys/utsname.h>
int uname(struct utsname *said) {
    int (*real)(struct utsname *) = dlsym(RTLD_NEXT, "uname");
    int code = real(said);
    strcpy(said->machine, MACHINE);
    return code;
}
"""
FULL = {f"numpy-{n}.0-py312_0.tar.bz2": {"name": "numpy", "version": f"{n}.0"} for n in range(40)}


@pytest.mark.parametrize(
    ("machine", "packages", "status", "told"),
    [
        ("aarch64", {}, 200, True),
        ("aarch64", {}, 404, True),
        ("aarch64", FULL, 200, False),
        ("x86_64", {}, 200, False),
    ],
    ids=["empty", "not there", "full", "the usual processor"],
)
def test_a_channel_for_another_processor(
    person: dict[str, str],
    tmp_path: Path,
    machine: str,
    packages: dict[str, object],
    status: int,
    told: bool,
) -> None:
    """https://github.com/conda/conda/issues/11980: bowtie2 is "not available from current channels" on aarch64."""
    if not shutil.which("cc"):
        missing("cc", "a compiler makes what stands for the machine")
    code, made = tmp_path / "uname.c", tmp_path / "uname.so"
    code.write_text(UNAME)
    line = ["cc", "-shared", "-fPIC", f'-DMACHINE="{machine}"', "-o", str(made), str(code), "-ldl"]
    subprocess.run(line, check=True, timeout=60)

    def answer(path: str) -> Page:
        if "/bio/linux-aarch64/" in path:
            listed = {"info": {}, "packages": packages, "packages.conda": {}}
            return Page(status, {"Content-Type": "application/json"}, json.dumps(listed).encode())
        return Page(200, {"Content-Type": "application/json"}, b"{}") if "/bio/" in path else HUB

    with serve_web(answer) as web:
        conda(person, f"channel_alias: {web.url}\nchannels: [bio]\n")
        prefix = ["env", f"LD_PRELOAD={made}"]
        areas = ("--area", "host,network,conda")
        said = diagnose({**person, **sources(tmp_path, web.url)}, *areas, offline=False, prefix=prefix)
    found = [one for one in said.findings if one["id"] == "conda-channel-lacks-platform"]
    assert [one["severity"] for one in found] == (["info"] if told else [])


def test_an_error_that_names_the_processor() -> None:
    said = "PackagesNotFoundError: The following packages are not available from current channels:\n\n  - bowtie2\n\nCurrent channels:\n\n  - https://conda.anaconda.org/bioconda/{}"
    assert by_text(said.format("linux-aarch64"))[0].id == "conda-channel-lacks-platform"
    assert by_text(said.format("linux-64"))[0].id == "conda-finds-no-set"

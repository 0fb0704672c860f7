"""What interrupted work and odd disks leave behind, as people have reported it: of conda, of the Hub's cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from doctor.texts.search import by_text
from tests.conda_host import prefixes
from tests.conftest import missing
from tests.faults.cache import blob_of, fill_cache
from tests.faults.dists import install
from tests.faults.native import library, module
from tests.faults.patient import diagnose


@pytest.mark.parametrize("state", ["kept in pkgs", "kept nowhere", "there"])
def test_a_conda_without_openssl(home: Path, environ: dict[str, str], tmp_path: Path, state: str) -> None:
    """https://github.com/conda/conda/issues/11795: "OpenSSL appears to be unavailable on this machine"."""
    if not shutil.which("cc"):
        missing("cc", "a compiler makes the libraries")
    root = prefixes.install(home / "miniconda3")
    prefixes.initialise(home, root)
    names = ("libssl.so.1.0.9", "libcrypto.so.1.0.9")  # no system has these
    libs = [library(tmp_path / name, "int one(void) { return 1; }", soname=name) for name in names]
    loaded = next(root.glob("lib/python3*")) / "lib-dynload"
    loaded.mkdir(exist_ok=True)
    module(
        loaded / "_ssl.cpython-312-x86_64-linux-gnu.so", "_ssl", needs=tuple(libs), runpath="$ORIGIN/../.."
    )
    kept = prefixes.package(root / "pkgs", "openssl", "1.1.1q", "h7f8727e_0", [f"lib/{n}" for n in names])
    for one in libs:
        shutil.copy(one, kept / "lib")
        if state == "there":
            shutil.copy(one, root / "lib")
    if state == "kept nowhere":
        shutil.rmtree(kept)
    path = f"{root}/bin:{root}/condabin:/usr/bin:/bin"
    said = diagnose({**environ, "SHELL": "/bin/bash", "PATH": path}, "--area", "conda,python")
    found = [one for one in said.findings if one["id"] == "conda-without-openssl"]
    assert len(found) == (state != "there")
    if state == "kept in pkgs":
        copying = found[0]["remedy"]["commands"][0]
        subprocess.run(copying, check=True, timeout=20)
        again = diagnose({**environ, "SHELL": "/bin/bash", "PATH": path}, "--area", "conda,python")
        assert "conda-without-openssl" not in [one["id"] for one in again.findings]
    assert (
        by_text("CondaSSLError: OpenSSL appears to be unavailable on this machine.")[0].id
        == "conda-without-openssl"
    )


@pytest.mark.parametrize(
    ("release", "cut", "age", "told"),
    [
        ("0.22.2", False, 7200, True),
        ("0.22.2", True, 7200, False),
        ("0.22.2", False, 0, False),
        ("0.36.0", False, 7200, False),
    ],
    ids=["whole", "cut off", "just now", "a later client"],
)
@pytest.mark.parametrize("deep", [False, True])
def test_a_whole_file_that_is_called_unfinished(
    empty_env: Path,
    person: dict[str, str],
    hub: Path,
    release: str,
    cut: bool,
    age: int,
    told: bool,
    deep: bool,
) -> None:
    """https://github.com/huggingface/huggingface_hub/issues/2197: 416 Client Error: Range Not Satisfiable."""
    install(empty_env, "huggingface-hub", release)
    snapshot = fill_cache(hub, "X/Y")
    blob = blob_of(snapshot)
    link = next(one for one in snapshot.iterdir() if one.resolve() == blob)
    link.unlink()
    partial = blob.rename(f"{blob}.incomplete")
    if cut:
        partial.write_bytes(partial.read_bytes()[:-10])
    os.utime(partial, (time.time() - age,) * 2)
    said = diagnose(person, "--area", "hub,packages", *(["--deep"] if deep else []))
    found = [one for one in said.findings if one["id"] == "cache-partial-already-whole"]
    assert [one["remedy"]["commands"] for one in found] == ([[["rm", str(partial)]]] if told else [])


SHORT_NAMES = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
#include <sys/statvfs.h>
int statvfs(const char *path, struct statvfs *about) {
    int (*real)(const char *, struct statvfs *) = dlsym(RTLD_NEXT, "statvfs");
    int code = real(path, about);
    if (!code && !strncmp(path, PLACE, strlen(PLACE))) about->f_namemax = LENGTH;
    return code;
}
int statvfs64(const char *path, struct statvfs64 *about) { return statvfs(path, (struct statvfs *)about); }
"""


@pytest.mark.parametrize(
    ("length", "release", "severity"),
    [(143, "1.12.0", "warn"), (143, "3.6.0", "info"), (143, None, "info"), (255, "1.12.0", None)],
)
def test_an_encrypted_home_with_short_names(
    empty_env: Path,
    person: dict[str, str],
    home: Path,
    tmp_path: Path,
    length: int,
    release: str | None,
    severity: str | None,
) -> None:
    """https://github.com/huggingface/datasets/issues/2924: "[Errno 36] File name too long" in an eCryptfs home."""
    if not shutil.which("cc"):
        missing("cc", "a compiler makes what stands for the file system")
    if release:
        install(empty_env, "datasets", release)
    code, made = tmp_path / "names.c", tmp_path / "names.so"
    code.write_text(SHORT_NAMES)
    defined = [f'-DPLACE="{home}"', f"-DLENGTH={length}"]
    subprocess.run(["cc", "-shared", "-fPIC", *defined, "-o", made, code, "-ldl"], check=True, timeout=60)
    prefix = ["env", f"LD_PRELOAD={made}"]
    said = diagnose(person, "--area", "disk,packages", prefix=prefix)
    found = [one["severity"] for one in said.findings if one["id"] == "cache-file-names-short"]
    assert found == ([severity] if severity else [])


def test_a_client_of_the_hub_that_is_too_old_for_accelerate(
    course_like: Path, environ: dict[str, str]
) -> None:
    """https://github.com/moment-timeseries-foundation-model/moment/issues/41: split_torch_state_dict_into_shards."""
    shutil.rmtree(next(course_like.glob("lib/python3*/site-packages/huggingface_hub-*.dist-info")))
    shutil.rmtree(next(course_like.glob("lib/python3*/site-packages/transformers-*.dist-info")))
    install(
        course_like,
        "huggingface-hub",
        "0.19.4",
        {"huggingface_hub/__init__.py": "def snapshot_download(): pass\n"},
    )
    install(course_like, "transformers", "4.33.3", requires=("huggingface-hub<1.0,>=0.15.1",))
    asks = "from .modeling import load\n"
    names = "from huggingface_hub import split_torch_state_dict_into_shards\ndef load(): pass\n"
    files = {"accelerate/__init__.py": asks, "accelerate/modeling.py": names}
    install(course_like, "accelerate", "0.32.1", files, ("huggingface-hub",))
    said = diagnose({**environ, "TARGET": str(course_like)}, "--area", "packages")
    told = said.of("name-not-in-library")
    assert "huggingface-hub 0.19.4 is too old" in told["cause"]
    assert [line[-1] for line in told["remedy"]["commands"]] == ["huggingface-hub>=0.23,<1.0"]

"""Environments with torch in them, and what tests break of them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.faults.native import distribution, library, module
from tests.faults.patient import Diagnosis, diagnose, replace

ROOM = "host,gpu,torch,ffmpeg"


def site_of(env: Path) -> Path:
    return next(env.glob("lib/python3*/site-packages"))


def tag_of(env: Path) -> str:
    return next(site_of(env).glob("torch/_C.cpython-*.so")).name.removeprefix("_C.").removesuffix(".so")


def own(path: Path) -> Path:
    """Make a linked folder one of our own, what is in it linked."""
    if path.is_symlink():
        theirs = path.resolve()
        path.unlink()
        path.mkdir()
        for entry in theirs.iterdir():
            (path / entry.name).symlink_to(entry)
    return path


def look(env: Path, environ: dict[str, str], *args: str, **more: str) -> Diagnosis:
    """The doctor on what concerns native libraries; the other areas have their own tests."""
    return diagnose({**environ, "TARGET": str(env), **more}, *("--area", ROOM), *args)


def run_python(env: Path, code: str, **more: str) -> subprocess.CompletedProcess[str]:
    """What the person would see."""
    clean = {"PATH": os.environ["PATH"], **more}
    argv = [str(env / "bin/python"), "-c", code]
    return subprocess.run(argv, env=clean, capture_output=True, text=True, timeout=60, check=False)


def with_torchvision(env: Path, *needs: Path, requires: str = "torch==2.13.0") -> Path:
    site = site_of(env)
    distribution(
        site, "torchvision", "0.28.0", requires, files=("torchvision/__init__.py", "torchvision/_C.so")
    )
    replace(site / "torchvision/__init__.py", "")
    return library(site / "torchvision/_C.so", needs=(site / "torch/lib/libc10.so", *needs))


def cuda_torch(env: Path, cuda: str = "13.0") -> None:
    """torch/version.py of a CUDA build."""
    replace(
        own(site_of(env) / "torch") / "version.py",
        f"__version__ = '2.13.0'\ncuda: Optional[str] = '{cuda}'\nhip = None\n",
    )


def nvidia_libraries(env: Path, tmp_path: Path) -> Path:
    """cuSPARSE and nvJitLink 12.8 as wheels have them, and an nvJitLink 12.1 elsewhere; returns that folder."""
    nvidia = site_of(env) / "nvidia"
    old, new = (
        "int __nvJitLinkCreate_12_1(void) { return 1; }",
        "int __nvJitLinkCreate_12_8(void) { return 8; }",
    )
    named = "libnvJitLink.so.12 { global: *; };"
    link = library(
        nvidia / "nvjitlink/lib/libnvJitLink.so.12", old + new, soname="libnvJitLink.so.12", versions=named
    )
    use = "int __nvJitLinkCreate_12_8(void); int sparse(void) { return __nvJitLinkCreate_12_8(); }"
    library(
        nvidia / "cusparse/lib/libcusparse.so.12",
        use,
        soname="libcusparse.so.12",
        needs=(link,),
        runpath="$ORIGIN/../../nvjitlink/lib",
        more=("-Wl,-z,now",),
    )
    distribution(site_of(env), "nvidia-nvjitlink-cu12", "12.8.93")
    library(tmp_path / "cuda/libnvJitLink.so.12.1.105", old, soname="libnvJitLink.so.12", versions=named)
    (tmp_path / "cuda/libnvJitLink.so.12").symlink_to("libnvJitLink.so.12.1.105")
    return tmp_path / "cuda"


def cpp_module(env: Path, tmp_path: Path, version: str) -> Path:
    """A module of pandas that asks libstdc++ for `version`."""
    fake = library(
        tmp_path / "libstdc++.so.6",
        "int of_the_future(void) { return 1; }",
        soname="libstdc++.so.6",
        versions=f"{version} {{ global: *; }};",
    )
    use = "int of_the_future(void); int call(void) { return of_the_future(); }"
    return module(
        own(site_of(env) / "pandas") / f"_future.{tag_of(env)}.so", "_future", source=use, needs=(fake,)
    )


def fake_torch(env: Path, code: str) -> None:
    """An environment with a torch that is nothing but `code`."""
    distribution(site_of(env), "torch", "2.13.0")
    replace(site_of(env) / "torch/version.py", "cuda = None\n")
    replace(site_of(env) / "torch/__init__.py", code)

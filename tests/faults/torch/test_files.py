"""Compiled modules that are cut off, gone, for another machine, or lack what they need; and those that tempt to a false alarm."""

from __future__ import annotations

import os
import re
from pathlib import Path

from tests.conftest import missing
from tests.faults.native import distribution, for_machine, library, module
from tests.faults.patient import diagnose, replace
from tests.faults.torch.env import ROOM, look, own, run_python, site_of, tag_of


def test_a_library_of_torch_is_cut_off(light_env: Path, environ: dict[str, str]) -> None:
    own(site_of(light_env) / "torch")
    path = own(site_of(light_env) / "torch/lib") / "libtorch_python.so"
    replace(path, path.read_bytes()[:1_000_000])
    assert run_python(light_env, "import torch").returncode != 0, "a bus error, or a word of the linker"
    said = look(light_env, environ)
    assert len(said.failed) == 1 and said.failed[0] in ("native-file-damaged", "wheel-files-missing")
    assert "1000000 bytes" in said.of("native-file-damaged")["evidence"]


def test_a_library_of_torch_is_gone(light_env: Path, environ: dict[str, str]) -> None:
    own(site_of(light_env) / "torch")
    (own(site_of(light_env) / "torch/lib") / "libgomp.so.1").unlink()
    held = run_python(light_env, "import torch")
    said = look(light_env, environ)
    if held.returncode:  # the system has none either
        assert len(said.failed) == 1 and said.failed[0] in ("native-library-missing", "wheel-files-missing")
    else:
        assert "native-library-missing" not in said.failed


def test_torchcodec_without_any_ffmpeg_library(
    light_env: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    site = site_of(light_env)
    distribution(site, "torchcodec", "0.13.0", files=("torchcodec/__init__.py",))
    replace(site / "torchcodec/__init__.py", "")
    for major in (991, 992):
        av = library(tmp_path / f"libavutil.so.{major}", soname=f"libavutil.so.{major}")
        library(site / f"torchcodec/libtorchcodec_core{major}.so", needs=(av, site / "torch/lib/libc10.so"))
    said = look(light_env, environ)
    assert said.failed == ["torchcodec-no-ffmpeg-libs"]
    assert "libavutil.so.991" in said.of("torchcodec-no-ffmpeg-libs")["evidence"]
    assert look(light_env, environ, LD_LIBRARY_PATH=str(tmp_path)).complaints == []


def test_opencv_lacks_a_library_two_steps_away(
    light_env: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    """cv2 itself does not ask for libGL; the Qt that it bundles does."""
    site = site_of(light_env)
    gl = library(tmp_path / "libGL-of-a-desktop.so.1", soname="libGL-of-a-desktop.so.1")
    bundled = site / "opencv_python.libs/libQt5Gui-0.so.5"
    qt = library(bundled, soname="libQt5Gui-0.so.5", needs=(gl,))
    replace(site / "cv2/__init__.py", "from .cv2 import *")
    distribution(site, "opencv-python", "5.0.0.93", "numpy", files=("cv2/__init__.py", "cv2/cv2.abi3.so"))
    module(site / "cv2/cv2.abi3.so", "cv2", needs=(qt,), runpath="$ORIGIN/../opencv_python.libs")
    assert "libGL-of-a-desktop.so.1: cannot open" in run_python(light_env, "import cv2").stderr
    assert look(light_env, environ).failed == ["libgl-missing-for-opencv"]


def test_a_compiled_module_needs_what_is_not_there(
    light_env: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    absent = library(tmp_path / "libabsent.so.4", soname="libabsent.so.4")
    module(own(site_of(light_env) / "scipy") / f"_own.{tag_of(light_env)}.so", "_own", needs=(absent,))
    said = look(light_env, environ)
    assert said.failed == ["native-library-missing"]
    assert "libabsent.so.4" in said.of("native-library-missing")["title"]


def test_a_module_for_another_python_is_not_looked_at(
    light_env: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    absent = library(tmp_path / "libabsent.so.4", soname="libabsent.so.4")
    module(own(site_of(light_env) / "scipy") / "_own.cpython-38-x86_64-linux-gnu.so", "_own", needs=(absent,))
    assert look(light_env, environ).complaints == []


def test_packages_that_were_copied_from_another_python(light_env: Path, environ: dict[str, str]) -> None:
    """Of numpy only modules for Python 3.8 are there, on disk and in RECORD."""
    site = site_of(light_env)
    folder, info = site / "numpy", own(next(site.glob("numpy-*.dist-info")))
    for place in (folder, folder / "_core", folder / "linalg", folder / "fft", folder / "random"):
        own(place)
    for path in folder.rglob("*.cpython-*.so"):
        path.rename(path.with_name(re.sub("cpython-[0-9]+", "cpython-38", path.name)))
    record = re.sub("cpython-[0-9]+-", "cpython-38-", (info / "RECORD").read_text())
    replace(info / "RECORD", record)
    assert "_multiarray_umath" in run_python(light_env, "import numpy").stderr
    said = look(light_env, environ)
    assert said.failed == ["native-module-for-another-python"]
    assert "cpython-38" in said.of(said.failed[0])["evidence"]


def test_a_module_for_another_machine(light_env: Path, environ: dict[str, str]) -> None:
    path = next(own(site_of(light_env) / "tokenizers").glob("*.so"))
    copy = path.read_bytes()
    replace(path, copy)
    for_machine(path)
    assert run_python(light_env, "import tokenizers").returncode != 0
    assert look(light_env, environ).failed == ["native-file-wrong-architecture"]


def test_an_environment_on_a_mount_that_runs_nothing(light_env: Path, environ: dict[str, str]) -> None:
    if os.geteuid() != 0:
        missing("root", "mounting needs root")
    mounted = 'mount --bind "$0" "$0" && mount -o remount,bind,noexec "$0" && exec "$@"'
    prefix = ["unshare", "-m", "sh", "-c", mounted, str(light_env)]
    said = diagnose({**environ, "TARGET": str(light_env)}, "--area", ROOM, prefix=prefix)
    assert said.failed == ["site-mounted-noexec"]


def test_a_library_that_the_package_loads_by_itself_is_not_missed(
    light_env: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    """As tensorrt does: its __init__ loads the libraries of another wheel before its own module."""
    site = site_of(light_env)
    brought = library(site / "tensorrt_libs/libnvinfer.so.10", soname="libnvinfer.so.10")
    distribution(site, "tensorrt-cu12-libs", "10.0", files=("tensorrt_libs/libnvinfer.so.10",))
    module(site / f"tensorrt/tensorrt.{tag_of(light_env)}.so", "tensorrt", needs=(brought,))
    assert look(light_env, environ).complaints == []


def test_without_a_driver_its_libraries_are_not_missed(
    light_env: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    driver = library(tmp_path / "libcuda.so.1", soname="libcuda.so.1")
    module(site_of(light_env) / f"pycuda/_driver.{tag_of(light_env)}.so", "_driver", needs=(driver,))
    assert look(light_env, environ).complaints == []


HIDE_SNDFILE = """
set -e
mount --make-rprivate /
for file in /usr/lib/*/libsndfile.so* /usr/lib64/libsndfile.so* /usr/lib/libsndfile.so*; do
    test -e "$file" || continue
    folder=$(dirname "$file")
    test -d "$0$folder" && continue
    mkdir -p "$0$folder/up" "$0$folder/work"
    mount -t tmpfs none "$0$folder"
    mkdir -p "$0$folder/up" "$0$folder/work"
    for hidden in "$folder"/libsndfile.so*; do mknod "$0$folder/up/$(basename "$hidden")" c 0 0; done
    mount -t overlay overlay -o lowerdir="$folder",upperdir="$0$folder/up",workdir="$0$folder/work" "$folder"
done
exec "$@"
"""


def test_soundfile_without_any_libsndfile(empty_env: Path, environ: dict[str, str], tmp_path: Path) -> None:
    """Where the system has one, it is hidden for the doctor alone."""
    if os.geteuid() != 0:
        missing("root", "hiding the system's library needs root")
    distribution(site_of(empty_env), "soundfile", "0.14.0", files=("soundfile.py",))
    replace(site_of(empty_env) / "soundfile.py", "")
    prefix = ["unshare", "-m", "sh", "-c", HIDE_SNDFILE, str(tmp_path / "over")]
    said = diagnose({**environ, "TARGET": str(empty_env)}, "--area", "host,gpu,torch", prefix=prefix)
    assert said.failed == ["soundfile-no-libsndfile"]

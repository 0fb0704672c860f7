"""Libraries that LD_LIBRARY_PATH, or an older system, puts before the right ones; each with its healthy twin."""

from __future__ import annotations

from pathlib import Path

from tests.faults.native import distribution, library, module
from tests.faults.torch.env import (
    cpp_module,
    look,
    nvidia_libraries,
    own,
    run_python,
    site_of,
    tag_of,
    with_torchvision,
)


def test_ld_library_path_puts_an_old_cuda_library_first(
    light_env: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    cuda = nvidia_libraries(light_env, tmp_path)
    load = f"import ctypes; ctypes.CDLL('{site_of(light_env)}/nvidia/cusparse/lib/libcusparse.so.12')"
    assert (
        "undefined symbol: __nvJitLinkCreate_12_8"
        in run_python(light_env, load, LD_LIBRARY_PATH=str(cuda)).stderr
    )
    assert run_python(light_env, load).returncode == 0
    assert look(light_env, environ).complaints == []
    said = look(light_env, environ, LD_LIBRARY_PATH=str(cuda))
    assert said.failed == ["ld-library-path-shadows-cuda-libs"]
    evidence = said.of(said.failed[0])["evidence"]
    assert "12.1.105" in evidence and "12.8.93" in evidence and "__nvJitLinkCreate_12_8" in evidence


def test_a_newer_cuda_library_first_does_no_harm(
    light_env: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    cuda = nvidia_libraries(light_env, tmp_path)
    newer = cuda / "libnvJitLink.so.12.9.86"
    newer.write_bytes((site_of(light_env) / "nvidia/nvjitlink/lib/libnvJitLink.so.12").read_bytes())
    (cuda / "libnvJitLink.so.12").unlink()
    (cuda / "libnvJitLink.so.12").symlink_to(newer.name)
    assert look(light_env, environ, LD_LIBRARY_PATH=str(cuda)).complaints == []


def test_an_old_cudnn_in_ld_library_path(light_env: Path, environ: dict[str, str], tmp_path: Path) -> None:
    library(site_of(light_env) / "nvidia/cudnn/lib/libcudnn.so.9", soname="libcudnn.so.9")
    distribution(site_of(light_env), "nvidia-cudnn-cu12", "9.10.2.21")
    library(tmp_path / "cuda/libcudnn.so.9.1.0", soname="libcudnn.so.9")
    (tmp_path / "cuda/libcudnn.so.9").symlink_to("libcudnn.so.9.1.0")
    assert look(light_env, environ, LD_LIBRARY_PATH=str(tmp_path / "cuda")).failed == ["cudnn-shadowed"]
    assert look(light_env, environ).complaints == []


def test_a_c_plus_plus_library_that_is_too_old(
    light_env: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    cpp_module(light_env, tmp_path, "GLIBCXX_3.4.99")
    assert "version `GLIBCXX_3.4.99' not found" in run_python(light_env, "import pandas._future").stderr
    said = look(light_env, environ)
    assert said.failed == ["libstdcxx-too-old"]
    assert "GLIBCXX_3.4.99" in said.of("libstdcxx-too-old")["evidence"]


def test_an_old_c_plus_plus_library_that_is_not_the_one_taken(
    light_env: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    cpp_module(light_env, tmp_path / "elsewhere", "GLIBCXX_3.4")  # lies there, and nobody looks there
    assert look(light_env, environ).failed == []


def test_libtorch_of_another_release_in_ld_library_path(
    light_env: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    with_torchvision(light_env)
    library(tmp_path / "libtorch/lib/libc10.so", soname="libc10.so")
    there = {"LD_LIBRARY_PATH": str(tmp_path / "libtorch/lib")}
    assert "undefined symbol" in run_python(light_env, "import torch", **there).stderr
    assert look(light_env, environ, **there).failed == ["ld-library-path-shadows-cuda-libs"]
    assert look(light_env, environ).complaints == []


def test_ld_library_path_puts_a_library_without_the_version_first(
    light_env: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    source, name = "int of_it(void) { return 1; }", "libparts.so.3"
    good = library(tmp_path / "good" / name, source, soname=name, versions="PARTS_3.0 { global: *; };")
    library(tmp_path / "old" / name, source, soname=name, versions="PARTS_2.9 { global: *; };")
    use = "int of_it(void); int call(void) { return of_it(); }"
    path = own(site_of(light_env) / "pandas") / f"_own.{tag_of(light_env)}.so"
    module(path, "_own", source=use, needs=(good,), runpath=str(tmp_path / "good"))
    there = {"LD_LIBRARY_PATH": str(tmp_path / "old")}
    assert "version `PARTS_3.0' not found" in run_python(light_env, "import pandas._own", **there).stderr
    said = look(light_env, environ, **there)
    assert said.failed == ["native-library-too-old"]
    assert said.of("native-library-too-old")["remedy"]["commands"] == [["unset", "LD_LIBRARY_PATH"]]
    assert look(light_env, environ).complaints == []

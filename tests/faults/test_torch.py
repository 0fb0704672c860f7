"""torch and the compiled parts of the stack, really broken; each with its healthy twin where one tempts to a false alarm."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.faults.native import distribution, for_machine, library, module
from tests.faults.patient import Diagnosis, diagnose, replace

ROOM = "host,gpu,torch,ffmpeg"


def site_of(env: Path) -> Path:
    return next(env.glob("lib/python3*/site-packages"))


def tag_of(env: Path) -> str:
    return next(site_of(env).glob("torch/_C.cpython-*.so")).name.removeprefix("_C.").removesuffix(".so")


@pytest.fixture
def light_env(target_python: str, tmp_path: Path) -> Path:
    """An environment with all that is in the course's, by links: made in a blink. To change a file in it, `own` its folder."""
    theirs = Path(target_python).parent.parent
    site = tmp_path / "env" / next(theirs.glob("lib/python3*/site-packages")).relative_to(theirs)
    site.mkdir(parents=True)
    (tmp_path / "env/bin").mkdir()
    (tmp_path / "env/bin/python").symlink_to(Path(target_python).resolve())
    (tmp_path / "env/pyvenv.cfg").write_bytes((theirs / "pyvenv.cfg").read_bytes())
    for entry in (theirs / site.relative_to(tmp_path / "env")).iterdir():
        (site / entry.name).symlink_to(entry)
    return tmp_path / "env"


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


def test_a_cuda_torchvision_beside_a_cpu_torch(
    light_env: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    cuda = library(tmp_path / "libtorch_cuda.so", soname="libtorch_cuda.so")
    made = with_torchvision(light_env, cuda)
    loaded = run_python(light_env, f"import torch; torch.ops.load_library({str(made)!r})")
    assert "libtorch_cuda.so: cannot open shared object file" in loaded.stderr
    said = look(light_env, environ)
    assert said.failed == ["torchvision-cuda-wheel-next-to-cpu-torch"]
    finding = said.of("torchvision-cuda-wheel-next-to-cpu-torch")
    assert "libtorch_cuda.so" in finding["evidence"]
    (line,) = finding["remedy"]["commands"]
    assert line[0] == str(light_env / "bin/python") and "torchvision==0.28.0" in line
    assert line[-1].endswith("/whl/cpu"), "the index of the torch that is there"


def test_a_torchvision_whose_tag_differs_but_that_loads_is_fine(
    light_env: Path, environ: dict[str, str]
) -> None:
    with_torchvision(light_env)  # metadata says 0.28.0, torch's says 2.13.0+cpu
    assert look(light_env, environ).complaints == []


def test_a_torchvision_of_another_release(light_env: Path, environ: dict[str, str]) -> None:
    with_torchvision(light_env, requires="torch==2.12.0")
    said = look(light_env, environ)
    assert said.failed == ["torchvision-or-torchaudio-version-skew"]
    assert "torch==2.12.0" in said.of(said.failed[0])["evidence"]


def test_torch_was_changed_under_xformers(light_env: Path, environ: dict[str, str]) -> None:
    distribution(site_of(light_env), "xformers", "0.0.33", "torch==2.9.0", "numpy")
    assert look(light_env, environ).failed == ["another-package-replaced-torch"]


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


def test_flash_attn_of_another_abi(light_env: Path, environ: dict[str, str]) -> None:
    site = site_of(light_env)
    symbol = "_ZN3c105ErrorC2ENS_14SourceLocationENSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEEX"
    use = f"int {symbol}(void); int call(void) {{ return {symbol}(); }}"
    path = site / "flash_attn_2_cuda.so"
    module(path, "flash_attn_2_cuda", source=use, needs=(site / "torch/lib/libc10.so",), more=("-Wl,-z,now",))
    assert (
        "undefined symbol: _ZN3c105Error" in run_python(light_env, "import torch, flash_attn_2_cuda").stderr
    )
    said = look(light_env, environ)
    assert said.failed == ["flash-attn-abi-mismatch"]
    assert symbol in said.of("flash-attn-abi-mismatch")["evidence"]


def test_an_extension_whose_symbols_torch_has(light_env: Path, environ: dict[str, str]) -> None:
    site = site_of(light_env)
    symbol = "_ZN3c1012WarningUtils12get_warnAlwaysEv"
    known = subprocess.run(
        ["nm", "-D", str(site / "torch/lib/libc10.so")], capture_output=True, text=True, check=True
    )
    symbol = next(
        word for line in known.stdout.splitlines() if " T _ZN3c10" in line for word in line.split()[2:]
    )
    use = f"int {symbol}(void); int call(void) {{ return {symbol}(); }}"
    module(
        site / "flash_attn_2_cuda.so", "flash_attn_2_cuda", source=use, needs=(site / "torch/lib/libc10.so",)
    )
    assert look(light_env, environ).complaints == []


def test_bitsandbytes_without_a_library_for_this_cuda(light_env: Path, environ: dict[str, str]) -> None:
    site = site_of(light_env)
    cuda_torch(light_env)
    names = ("bitsandbytes/__init__.py", "bitsandbytes/libbitsandbytes_cuda121.so")
    distribution(site, "bitsandbytes", "0.42.0", "torch", files=names)
    replace(site / names[0], "")
    library(site / names[1])
    assert look(light_env, environ).failed == ["bitsandbytes-cuda-lib-missing"]
    assert look(light_env, environ, BNB_CUDA_VERSION="121").failed == []


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


def test_triton_of_another_release(light_env: Path, environ: dict[str, str]) -> None:
    site = site_of(light_env)
    cuda_torch(light_env)
    info = own(next(site.glob("torch-2*.dist-info")))
    replace(
        info / "METADATA",
        (info / "METADATA").read_text().replace("\n\n", "\nRequires-Dist: triton==3.7.0\n\n", 1),
    )
    distribution(site, "triton", "3.2.0")
    said = look(light_env, environ)
    assert said.complaints == ["triton-missing-or-other"]


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


def test_conda_and_pip_torch_in_one_environment(light_env: Path, environ: dict[str, str]) -> None:
    for name in ("pytorch-2.5.1-py3.11_cpu_0.json", "mkl-2024.0.0-ha957f24_49657.json", "history"):
        replace(light_env / "conda-meta" / name, "{}" if name.endswith("json") else "")
    said = look(light_env, environ)
    assert said.failed == ["mixed-conda-pip-torch"]
    info = own(next(site_of(light_env).glob("torch-2*.dist-info")))
    replace(info / "INSTALLER", "conda\n")
    assert look(light_env, environ).failed == [], "conda writes metadata too"


def test_an_environment_on_a_mount_that_runs_nothing(light_env: Path, environ: dict[str, str]) -> None:
    if os.geteuid() != 0:
        missing("root", "mounting needs root")
    mounted = 'mount --bind "$0" "$0" && mount -o remount,bind,noexec "$0" && exec "$@"'
    prefix = ["unshare", "-m", "sh", "-c", mounted, str(light_env)]
    said = diagnose({**environ, "TARGET": str(light_env)}, "--area", ROOM, prefix=prefix)
    assert said.failed == ["site-mounted-noexec"]


def fake_torch(env: Path, code: str) -> None:
    """An environment with a torch that is nothing but `code`."""
    distribution(site_of(env), "torch", "2.13.0")
    replace(site_of(env) / "torch/version.py", "cuda = None\n")
    replace(site_of(env) / "torch/__init__.py", code)


HIDES = """
try:
    open('/of/torch/libmissing.so')
except OSError as cause:
    raise RuntimeError("Could not import module 'torch'. Are its requirements defined correctly?") from cause
"""


def test_deep_tells_the_cause_that_the_import_error_hides(empty_env: Path, environ: dict[str, str]) -> None:
    fake_torch(empty_env, HIDES)
    assert look(empty_env, environ).failed == []
    said = look(empty_env, environ, "--deep")
    assert said.failed == ["torch-import-fails"]
    finding = said.of("torch-import-fails")
    assert "libmissing.so" in finding["title"] and "Are its requirements" in finding["evidence"]


@pytest.mark.parametrize("death", ["import os; os.kill(os.getpid(), 4)", "import os; os._exit(3)"])
def test_deep_outlives_a_torch_that_dies(empty_env: Path, environ: dict[str, str], death: str) -> None:
    fake_torch(empty_env, death)
    assert look(empty_env, environ, "--deep").failed == ["torch-import-fails"]


def test_deep_is_content_with_a_torch_that_computes(light_env: Path, environ: dict[str, str]) -> None:
    assert look(light_env, environ, "--deep").complaints == []


@pytest.mark.parametrize("version", ["2.8.0a0+34c6371d24.nv25.08", "2.14.0.dev20261101+cu130"])
def test_a_vendors_build_is_left_alone(empty_env: Path, environ: dict[str, str], version: str) -> None:
    site = site_of(empty_env)
    distribution(site, "torch", version)
    distribution(site, "torchvision", "0.23.0a0", "torch==2.7.1")
    replace(site / "torch/version.py", "cuda = '13.0'\n")
    said = look(empty_env, environ)
    assert said.complaints == [] and said.of("torch-vendor-build")


def test_deep_tells_a_crash_in_an_operation_from_one_at_import(
    empty_env: Path, environ: dict[str, str]
) -> None:
    dies = "class cuda:\n    is_available = staticmethod(lambda: True)\n\n\ndef ones(*a, **k):\n    import os\n    os.abort()\n"
    fake_torch(empty_env, dies)
    said = look(empty_env, environ, "--deep")
    assert said.failed == ["torch-operation-fails"]
    assert "signal 6" in said.of("torch-operation-fails")["title"]


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

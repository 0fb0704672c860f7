"""torch beside packages that were made for another torch."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.faults.native import distribution, library, module
from tests.faults.patient import replace
from tests.faults.torch.env import cuda_torch, look, own, run_python, site_of, with_torchvision


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


def test_conda_and_pip_torch_in_one_environment(light_env: Path, environ: dict[str, str]) -> None:
    for name in ("pytorch-2.5.1-py3.11_cpu_0.json", "mkl-2024.0.0-ha957f24_49657.json", "history"):
        replace(light_env / "conda-meta" / name, "{}" if name.endswith("json") else "")
    said = look(light_env, environ)
    assert said.failed == ["mixed-conda-pip-torch"]
    info = own(next(site_of(light_env).glob("torch-2*.dist-info")))
    replace(info / "INSTALLER", "conda\n")
    assert look(light_env, environ).failed == [], "conda writes metadata too"


@pytest.mark.parametrize("version", ["2.8.0a0+34c6371d24.nv25.08", "2.14.0.dev20261101+cu130"])
def test_a_vendors_build_is_left_alone(empty_env: Path, environ: dict[str, str], version: str) -> None:
    site = site_of(empty_env)
    distribution(site, "torch", version)
    distribution(site, "torchvision", "0.23.0a0", "torch==2.7.1")
    replace(site / "torch/version.py", "cuda = '13.0'\n")
    said = look(empty_env, environ)
    assert said.complaints == [] and said.of("torch-vendor-build")

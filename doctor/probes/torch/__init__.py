"""The torch build and the native libraries of the stack, read from files: importing torch takes seconds and may crash."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

from doctor.elf import read
from doctor.elf.linker import Linker
from doctor.elf.seen import Reader, reader
from doctor.facts import Torch
from doctor.facts.torch import Toolchain
from doctor.goal import Goal
from doctor.goal.target import site_packages
from doctor.probes.once import distributions
from doctor.probes.torch import late, toolchain, toolkit
from doctor.probes.torch.deep import really_import
from doctor.probes.torch.modules import Site
from doctor.probes.torch.native import codec_cores, native_faults, needs_cuda, sound_library
from doctor.probes.torch.pins import pins
from doctor.probes.torch.shadows import shadows
from doctor.probes.torch.system import audio_backends, system_needs
from doctor.probes.torch.without_cuda import without_cuda
from doctor.reading.peek import peek_text

FAMILY = re.compile(
    r"(torch|triton|nvidia-|cuda-|xformers|flash-attn|bitsandbytes|vllm|deepspeed|opencv-|soundfile|intel-extension"
    r"|sglang|unsloth|colbert-ai|ragatouille|exllamav2|flashinfer|gsplat|nerfacc|tinycudann|ctranslate2|onnxruntime-gpu|ninja)"
)
CONDA = ("pytorch", "libtorch", "mkl", "cpuonly", "pytorch-cuda")


def probe(goal: Goal) -> Torch:
    return look(goal, read if goal.deep else reader(seen_in(goal)))


def seen_in(goal: Goal) -> Path:
    """Where setup keeps what it read of the native libraries."""
    return Path(goal.home) / "smoke" / f"{goal.env_name}.elf.json"


def look(goal: Goal, read_elf: Reader) -> Torch:
    folder = site_packages(goal)
    dists = [dist for dist in distributions(folder)[0] if dist.folder.endswith(".dist-info")]
    installed = {dist.name: dist.version for dist in dists if dist.whole}
    built = version_file(folder)
    site = Site(folder, dists, Path(goal.interpreter))
    path = tuple(word for word in os.environ.get("LD_LIBRARY_PATH", "").split(":") if word)
    linker = Linker(platform.machine(), path, os.path.realpath(goal.interpreter), read=read_elf)
    nvcc = toolkit.nvcc()
    sndfile = sound_library(site, linker)
    family = {name: version for name, version in installed.items() if FAMILY.match(name)}
    return Torch(
        version=installed.get("torch"),
        cuda=built.get("cuda"),
        torchvision=installed.get("torchvision"),
        hip=built.get("hip"),
        xpu=built.get("xpu"),
        installer=installer(folder, installed.get("torch")),
        conda=conda_packages(Path(goal.prefix)),
        family=family,
        pins=pins(dists, installed, goal.python),
        native=native_faults(site, linker),
        shadows=shadows(site, linker, installed),
        torchvision_for_cuda=needs_cuda(site, linker),
        codec_cores=codec_cores(site, linker),
        bitsandbytes=tuple(p.name for p in sorted(folder.glob("bitsandbytes/libbitsandbytes*.so"))),
        bitsandbytes_override=os.environ.get("BNB_CUDA_VERSION") or None,
        sndfile=sndfile,
        audio_backends=audio_backends(installed, sndfile, linker, goal),
        system_needs=system_needs(installed, linker, goal),
        nvcc=nvcc,
        nvcc_version=toolkit.nvcc_version(nvcc) if nvcc else None,
        cuda_home=os.environ.get("CUDA_HOME") or None,
        no_compiler="cuda" in built and toolkit.c_compiler() is None,
        cpu_flags=toolkit.cpu_flags(),
        noexec=toolkit.noexec(folder),
        has_pip="pip" in installed,
        toolchain=toolchain.toolchain(goal, folder, family, nvcc, linker) if "cuda" in built else Toolchain(),
        late=late.libraries(site, linker, family),
        overlaps=late.overlaps(site, built.get("cuda")),
        without_cuda=without_cuda(site, linker, installed),
        stale_locks=toolchain.stale_locks() if "torch" in installed else (),
        deep=really_import(goal) if goal.deep and "torch" in installed else None,
    )


def version_file(site: Path) -> dict[str, str]:
    """What torch/version.py says the build was made for: `cuda`, `hip`, `xpu`. Absent: not for that, or no torch."""
    text = peek_text(site / "torch" / "version.py", 65536)
    return dict(re.findall(r"^(cuda|hip|xpu)\b[^=]*=\s*'([^']+)'", text, re.MULTILINE))


def installer(site: Path, version: str | None) -> str | None:
    return peek_text(site / f"torch-{version}.dist-info" / "INSTALLER", 20).strip() or None


def conda_packages(prefix: Path) -> dict[str, str]:
    """Versions of the conda packages that torch may come from, by their records' file names."""
    records = (
        path.stem.rsplit("-", 2) for name in CONDA for path in prefix.glob(f"conda-meta/{name}-*.json")
    )
    return {parts[0]: parts[1] for parts in records if len(parts) == 3 and parts[0] in CONDA}

"""Error texts as people paste them, and the lines that mend an environment of a person's own."""

from __future__ import annotations

import msgspec
import pytest

from doctor.checks import judge
from doctor.report.snapshot import Snapshot
from doctor.texts.search import by_text
from tests.checks.test_machines import judged, recorded

TEXTS = {
    "AssertionError: Torch not compiled with CUDA enabled": "cpu-torch-on-gpu-box",
    "RuntimeError: CUDA error: no kernel image is available for execution on the device": "gpu-arch-not-in-torch-build",
    "UserWarning: NVIDIA B200 with CUDA capability sm_100 is not compatible with the current PyTorch installation.": (
        "gpu-arch-not-in-torch-build"
    ),
    "RuntimeError: operator torchvision::nms does not exist": "torchvision-cuda-wheel-next-to-cpu-torch",
    "RuntimeError: Couldn't load custom C++ ops. This can happen if your PyTorch and torchvision versions are incompatible": (
        "torchvision-or-torchaudio-version-skew"
    ),
    "ImportError: /e/nvidia/cusparse/lib/libcusparse.so.12: undefined symbol: __nvJitLinkAddData_12_1, version libnvJitLink.so.12": (
        "ld-library-path-shadows-cuda-libs"
    ),
    "OSError: /e/lib/libcublas.so.11: undefined symbol: cublasLtHSHMatmulAlgoInit, version libcublasLt.so.11": (
        "ld-library-path-shadows-cuda-libs"
    ),
    "RuntimeError: cuDNN version incompatibility: PyTorch was compiled  against (8, 7, 0) but found runtime version (8, 2, 4)": (
        "cudnn-shadowed"
    ),
    "Could not load library libcudnn_cnn_infer.so.8. Error: libcuda.so: cannot open": "libcuda-link-missing",
    "Unable to load any of {libcudnn_ops.so.9.1.0, libcudnn_ops.so.9.1, libcudnn_ops.so.9}": "cuda-library-of-another-major",
    "ImportError: /e/torch/lib/libtorch_cpu.so: undefined symbol: iJIT_NotifyEvent": "mixed-conda-pip-torch",
    "OMP: Error #15: Initializing libiomp5.so, but found libiomp5.so already initialized.": "mixed-conda-pip-torch",
    "ImportError: /lib/x86_64-linux-gnu/libstdc++.so.6: version `GLIBCXX_3.4.29' not found (required by /e/scipy/x.so)": (
        "libstdcxx-too-old"
    ),
    "ImportError: /e/flash_attn_2_cuda.cpython-310-x86_64-linux-gnu.so: undefined symbol: _ZN3c105ErrorC2ENS_14SourceLocation": (
        "flash-attn-abi-mismatch"
    ),
    "RuntimeError: CUDA Setup failed despite GPU being available.": "bitsandbytes-cuda-lib-missing",
    "libbitsandbytes_cuda130.so: cannot open shared object file: No such file or directory": (
        "bitsandbytes-cuda-lib-missing"
    ),
    "AttributeError: 'NoneType' object has no attribute 'cquantize_blockwise_fp16_nested'": "bitsandbytes-cuda-lib-missing",
    "OSError: CUDA_HOME environment variable is not set. Please set it to your CUDA install root.": (
        "nvcc-missing-or-other-cuda"
    ),
    "RuntimeError: The detected CUDA version (11.8) mismatches the version that was used to compile PyTorch (12.8).": (
        "nvcc-missing-or-other-cuda"
    ),
    "xFormers can't load C++/CUDA extensions. xFormers was built for: PyTorch 2.5.0 with CUDA 1206 (you have 2.5.1)": (
        "xformers-built-for-other-torch"
    ),
    "RuntimeError: Could not load libtorchcodec. Likely causes: 1. FFmpeg is not properly installed": (
        "torchcodec-no-ffmpeg-libs"
    ),
    "OSError: libavutil.so.60: cannot open shared object file: No such file or directory": "torchcodec-no-ffmpeg-libs",
    "ImportError: libGL.so.1: cannot open shared object file: No such file or directory": "libgl-missing-for-opencv",
    "OSError: sndfile library not found using ctypes.util.find_library": "soundfile-no-libsndfile",
    "OSError: libgomp.so.1: cannot open shared object file: No such file or directory": "native-library-missing",
    "ImportError: /e/torch/lib/libtorch_cpu.so: file too short": "native-file-damaged",
    "ImportError: libx.so: cannot enable executable stack as shared object requires: Invalid argument": (
        "library-needs-executable-stack"
    ),
    "ImportError: /data/e/_C.so: failed to map segment from shared object": "site-mounted-noexec",
    "Illegal instruction (core dumped)": "cpu-too-old-for-wheels",
    "ValueError: ffmpeg was not found but is required to load audio files from filename": "ffmpeg-missing",
    "ffmpeg: error while loading shared libraries: libopenh264.so.5: cannot open shared object file": (
        "ffmpeg-library-missing"
    ),
    "RuntimeError: The NVIDIA driver on your system is too old (found version 11040).": "driver-too-old-for-torch-cuda",
    "ImportError: /e/selective_scan_cuda.so: undefined symbol: _ZN3c104cuda9SetDeviceEi": "extension-built-for-other-torch",
}


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:50])
def test_a_pasted_error_text_names_its_finding_first(text: str) -> None:
    assert by_text(f"Traceback (most recent call last):\n{text}\n")[0].id == TEXTS[text]


def test_a_person_s_own_environment_is_mended_by_its_own_pip() -> None:
    (finding,) = (f for f in judged("torch/foreign-cpu-torch-on-gpu") if f.id == "cpu-torch-on-gpu-box")
    (line,) = finding.remedy.commands
    assert line[:4] == ("/root/hf/bin/python", "-m", "pip", "install")
    assert line[-2:] == ("--index-url", "https://download.pytorch.org/whl/cu130")
    assert any(word.startswith("torch==") for word in line) is False and "torchvision" in line


def test_where_it_has_no_pip_uv_does_it_and_in_china_from_a_mirror_there() -> None:
    snapshot = msgspec.convert(recorded("torch/foreign-cpu-torch-on-gpu"), Snapshot)
    torch = msgspec.structs.replace(snapshot.facts.torch, has_pip=False)
    facts = msgspec.structs.replace(snapshot.facts, torch=torch)
    goal = msgspec.structs.replace(snapshot.goal, mirrors="cn")
    (finding,) = (f for f in judge(facts, goal) if f.id == "cpu-torch-on-gpu-box")
    (line,) = finding.remedy.commands
    assert line[:5] == ("uv", "pip", "install", "--python", "/root/hf/bin/python")
    assert line[-1] == "https://mirror.nju.edu.cn/pytorch/whl/cu130"


def test_in_an_environment_of_ours_the_step_mends_it() -> None:
    for machine in ("cpu-torch-on-gpu", "torchvision-cuda-wheel-next-to-cpu-torch", "native-file-damaged"):
        (finding,) = (f for f in judged(f"torch/{machine}") if f.severity == "fail")
        assert finding.remedy.step == "torch", machine

"""What programs print when a GPU cannot be used, word for word, and the finding that it belongs to."""

from __future__ import annotations

import pytest

from doctor.texts.search import by_text

TEXTS = {
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.": "driver-not-reached",
    "RuntimeError: Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU": "driver-not-installed",
    "modprobe: FATAL: Module nvidia not found in directory /lib/modules/6.8.0-90-generic": "driver-module-missing-for-running-kernel",
    "NVRM: The NVIDIA probe routine was not called for 1 device(s).": "nouveau-owns-gpu",
    "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 535.261": "driver-library-version-mismatch",
    "pynvml.NVMLError_LibRmVersionMismatch: RM has detected an NVML/RM version mismatch.": "driver-library-version-mismatch",
    "Error 804: forward compatibility was attempted on non supported HW": "cuda-compat-libs-shadow-driver",
    "Error 803: system has unsupported display driver / cuda driver combination": "cuda-compat-libs-shadow-driver",
    "RuntimeError: CUDA error: uncorrectable ECC error encountered": "gpu-ecc-or-row-remap",
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB": "gpu-memory-held",
    'docker: Error response from daemon: could not select device driver "" with capabilities: [[gpu]].': "container-toolkit-missing-on-host",
    "nvidia-container-cli: initialization error: load library failed: libnvidia-ml.so.1": "container-tool-finds-no-driver-library",
    "docker: Error response from daemon: Unknown runtime specified nvidia.": "container-toolkit-missing-on-host",
    "Failed to initialize NVML: Unknown Error": "container-lost-gpu-after-daemon-reload",
    "ImportError: libcuda.so.1: cannot open shared object file: No such file or directory": "container-driver-capabilities-lack-compute",
    "RuntimeError: CUDA unknown error - this may be due to an incorrectly set up environment, e.g. changing env variable CUDA_VISIBLE_DEVICES after program start.": "nvidia-uvm-node-missing",
    "RuntimeError: No CUDA GPUs are available": "cuda-visible-devices-wrong",
    "Failed to initialize NVML: GPU access blocked by the operating system": "wsl-gpu-access-blocked",
    "Unexpected error from cudaGetDeviceCount(). Error 802: system not yet initialized": "fabric-manager-not-running",
    "fabric manager NVIDIA GPU driver interface version 590.48.01 don't match with driver version 580.126.09.": "fabric-manager-version-mismatch",
    "modprobe: ERROR: could not insert 'nvidia': Key was rejected by service": "secure-boot-rejects-module",
    "CUDA error: CUDA-capable device(s) is/are busy or unavailable": "compute-mode-exclusive",
    "Unable to determine the device handle for GPU0000:04:00.0: GPU is lost.  Reboot the system to recover this GPU": "gpu-lost",
    "NVRM: GPU 0000:01:00.0: RmInitAdapter failed! (0x62:0xffff:2477)": "gpu-does-not-start",
    "NVRM: Xid (PCI:0000:01:00): 119, pid=1, Timeout after 6s of waiting for RPC response from GPU0 GSP!": "gpu-xid",
    "NVRM: installed in this system requires use of the NVIDIA open kernel modules.": "gpu-needs-open-module",
}


@pytest.mark.parametrize("text", TEXTS)
def test_an_error_text_leads_to_its_finding(text: str) -> None:
    assert [match.id for match in by_text(text) if match.area == "gpu"][:1] == [TEXTS[text]]

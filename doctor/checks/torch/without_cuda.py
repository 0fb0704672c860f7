"""Packages that were compiled without CUDA, on a machine with a card that they are to use."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.gpu.see import devices
from doctor.checks.torch.mend import Line, install
from doctor.facts import Facts, Gpu, Torch
from doctor.finding import Finding
from doctor.goal import Goal

LLAMA = "llama-cpp-python"


def check(facts: Facts, torch: Torch, goal: Goal) -> Iterator[Finding]:
    """One line for all: they are mended in the same way."""
    if torch.without_cuda and isinstance(facts.gpu, Gpu) and (cards := devices(facts.gpu)):
        names = [one.partition(" ")[0] for one in torch.without_cuda]
        yield found(
            "torch",
            "package-built-without-cuda",
            packages=torch.without_cuda,
            gpu=cards[0].name,
            commands=tuple(_again(name, torch, goal) for name in names),
        )


def _again(name: str, torch: Torch, goal: Goal) -> Line:
    """Compiled here, with nvcc; what pip kept of an earlier build is passed over."""
    switch = "CMAKE_ARGS=-DGGML_CUDA=on" if name == LLAMA else "FORCE_CUDA=1"
    kept = ("--no-cache-dir", "--force-reinstall") if torch.has_pip else ("--no-cache", "--reinstall")
    apart = () if name == LLAMA else ("--no-build-isolation",)
    return ("env", switch, *install(torch, goal, *kept, "--no-deps", *apart, name))

"""The choice: the best build of torch that serves every GPU of a machine, and why each other one was not taken."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import msgspec

from doctor.facts import Facts, Gpu, Host
from doctor.goal.profile import TorchWant
from doctor.text import Text
from doctor.wheels.rules import (
    Build,
    Device,
    Index,
    Machine,
    notes,
    why_not,
    why_not_driver,
    why_not_gpu,
    why_not_host,
)
from doctor.wheels.tables import Numbers, Release, cuda_of, gpus, leading, numbers, other_of, release_of


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A build to install. `companions` are the releases that belong to it, in the same variant."""

    torch: str
    variant: str
    index: Index
    companions: dict[str, str]
    notes: tuple[Text, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.torch}+{self.variant}"

    def wanted_companions(self, want: TorchWant) -> dict[str, str]:
        """The companions that a profile asks for, in the releases that belong to this torch."""
        return {name: self.companions[name] for name in want.companions if name in self.companions}


class Rejected(msgspec.Struct, frozen=True):
    torch: str
    variant: str
    reason: Text


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """`choice` serves every GPU. Where none does, `reason` says why; `hidden` are the positions of the GPUs without
    which `if_hidden` would serve the others; `also` are the builds that would run here too, best first."""

    choice: Choice | None
    rejected: tuple[Rejected, ...]
    reason: Text | None = None
    hidden: tuple[int, ...] = ()
    if_hidden: Choice | None = None
    also: tuple[str, ...] = ()

    @property
    def best(self) -> Choice | None:
        """What to install: what serves all, else what serves most."""
        return self.choice or self.if_hidden


def machine_of(facts: Facts, python: str) -> Machine:
    """The machine as its facts say; what they do not say is not known."""
    gpu, host = facts.gpu, facts.host
    devices = gpu.devices if isinstance(gpu, Gpu) and isinstance(gpu.devices, tuple) else ()
    driver = gpu.driver if isinstance(gpu, Gpu) and isinstance(gpu.driver, str) else ""
    glibc = host.glibc if isinstance(host, Host) and isinstance(host.glibc, str) else ""
    return Machine(
        gpus=tuple(Device(device.compute_capability, device.name) for device in devices),
        driver=leading(driver),
        python=python,
        glibc=leading(glibc),
        machine=host.machine if isinstance(host, Host) else "x86_64",
        others=gpu.others if isinstance(gpu, Gpu) else (),
    )


def of_others(machine: Machine) -> Iterator[Text]:
    """The honest answer about each GPU of another maker."""
    for name in machine.others:
        other = other_of(name)
        if other:
            card = other.maker if name == other.vendor else name
            yield Text(f"GPU {card} {other.said.en}", f"GPU {card} {other.said.zh}")


def decide(machine: Machine, want: TorchWant, unoffered: Collection[str] = ()) -> Decision:
    """The best build for this machine among the wanted release and its fallbacks.

    `unoffered` are builds by name that no source was found to offer.
    """
    builds = list(candidates(machine, want))
    judged = [(b, _unoffered(b) if b.name in unoffered else why_not(b, machine)) for b in builds]
    able = [build for build, why in judged if why is None]
    fitting = able[0] if able else None
    rejected = tuple(
        Rejected(build.release.version, build.variant, why or _second_best(fitting))
        for build, why in judged
        if build is not fitting
    )
    if fitting:
        also = tuple(build.name for build in able[1:])
        return Decision(choice=_choice(fitting, machine, want), rejected=rejected, also=also)
    if not judged:
        return Decision(choice=None, rejected=(), reason=_unlisted(want))
    hidden = _to_hide(machine, [build for build, _ in judged])
    left = decide(without(machine, hidden), want, unoffered).choice if hidden else None
    reason = _mixed(machine, hidden, left) if left else _nothing(machine, want, rejected)
    return Decision(choice=None, rejected=rejected, reason=reason, hidden=hidden, if_hidden=left)


def candidates(machine: Machine, want: TorchWant) -> Iterator[Build]:
    """Best first: the wanted release before its fallbacks; what the package index offers, then the newest CUDA."""
    first = release_of(want.version)
    names = (first.version, *first.fallbacks) if first else ()
    for release in filter(None, map(release_of, names)):
        if not machine.gpus:
            yield Build(release, "cpu", "torch-index")
            continue
        for variant in sorted((*release.variants, *release.unsure), key=lambda name: _rank(release, name)):
            yield _build(release, variant, machine)


def _rank(release: Release, variant: str) -> tuple[bool, bool, int]:
    return variant in release.experimental, variant != release.default, -int(variant.removeprefix("cu"))


def default_of(release: Release, machine: str) -> str:
    """The variant that a plain `torch==VERSION` from the package index is."""
    return release.default if machine == "x86_64" else release.default_aarch64


def _build(release: Release, variant: str, machine: Machine) -> Build:
    """The package index's own wheels where they serve (their hashes are locked), else those of a torch index."""
    default = Build(release, variant, "package-index")
    has_default = variant == default_of(release, machine.machine)
    return (
        default if has_default and not why_not(default, machine) else Build(release, variant, "torch-index")
    )


def _choice(build: Build, machine: Machine, want: TorchWant) -> Choice:
    release = build.release
    late = release.companions_until and numbers(machine.python)[:2] > numbers(release.companions_until)
    listed = {} if late else release.companions
    own = want.companions if release.version == want.version else {}
    return Choice(
        torch=release.version,
        variant=build.variant,
        index=build.index,
        companions={**listed, **own},
        notes=tuple(dict.fromkeys(notes(build, machine))),
    )


def _to_hide(machine: Machine, builds: list[Build]) -> tuple[int, ...]:
    """The GPUs to hide so that the others are served: as few as can be, then the oldest; of equals the better build decides.

    Empty where hiding does not help.
    """
    able = [b for b in builds if not why_not_host(b, machine) and not why_not_driver(b.variant, machine)]
    unserved = [
        tuple(n for n, gpu in enumerate(machine.gpus) if why_not_gpu(build, gpu, machine)) for build in able
    ]

    def worth(hidden: tuple[int, ...]) -> tuple[int, list[Numbers]]:
        return len(hidden), sorted(numbers(machine.gpus[n].capability) for n in hidden)

    fewest = min(unserved, key=worth, default=())
    return fewest if len(fewest) < len(machine.gpus) else ()


def without(machine: Machine, hidden: tuple[int, ...]) -> Machine:
    """The machine as programs see it when these GPUs are hidden."""
    left = tuple(gpu for n, gpu in enumerate(machine.gpus) if n not in hidden)
    return msgspec.structs.replace(machine, gpus=left)


def visible_devices(machine: Machine, hidden: tuple[int, ...]) -> str:
    """The value of CUDA_VISIBLE_DEVICES that hides them (with CUDA_DEVICE_ORDER=PCI_BUS_ID, which is NVML's order)."""
    return ",".join(str(n) for n in range(len(machine.gpus)) if n not in hidden)


def _mixed(machine: Machine, hidden: tuple[int, ...], left: Choice) -> Text:
    gone = ", ".join(f"{n}: {machine.gpus[n]}" for n in hidden)
    setting = f"CUDA_DEVICE_ORDER=PCI_BUS_ID CUDA_VISIBLE_DEVICES={visible_devices(machine, hidden)}"
    return Text(
        f"no build of torch serves all GPUs; with GPU {gone} hidden ({setting}), torch {left.name} serves the others",
        f"没有一个 torch 版本能同时支持所有 GPU；隐藏 GPU {gone} 后（{setting}），其余可用 torch {left.name}",
    )


def _nothing(machine: Machine, want: TorchWant, rejected: tuple[Rejected, ...]) -> Text:
    """The driver, where a newer one would do: the oldest that does is named. Else what the first build lacks."""
    updated = msgspec.structs.replace(machine, driver=None)
    able = [cuda_of(build.variant) for build in candidates(updated, want) if not why_not(build, updated)]
    if able:
        oldest = min((cuda.floor for cuda in able if cuda), key=numbers)
        return Text(
            f"driver {machine.driver} is too old for every build of torch here: {oldest} or newer is needed",
            f"驱动 {machine.driver} 过旧，这里没有能用的 torch 版本：需要 {oldest} 或更新",
        )
    first, more = rejected[0], _own_code_said(machine)
    return Text(
        f"no build of torch serves this machine: {first.torch}+{first.variant} {first.reason.en}{more.en}",
        f"没有能在这台机器上使用的 torch 版本：{first.torch}+{first.variant} {first.reason.zh}{more.zh}",
    )


def _own_code_said(machine: Machine) -> Text:
    said = gpus().own_code_said
    own = any(gpu.capability in gpus().own_code_only for gpu in machine.gpus)
    return Text(f"; {said.en}", f"；{said.zh}") if own else Text("", "")


def by_reason(rejected: tuple[Rejected, ...]) -> Iterator[tuple[str, Text]]:
    """The rejected builds in their order, those that share a reason together: names and reason."""
    reasons = dict.fromkeys(entry.reason for entry in rejected)
    for reason in reasons:
        names = [f"{entry.torch}+{entry.variant}" for entry in rejected if entry.reason == reason]
        yield ", ".join(names), reason


def _unoffered(build: Build) -> Text:
    return Text("no source that answers offers it", "能访问的来源都不提供它")


def _second_best(taken: Build | None) -> Text:
    name = taken.name if taken else ""
    return Text(f"would run too, but {name} comes first", f"也能运行，但优先选 {name}")


def _unlisted(want: TorchWant) -> Text:
    return Text(
        f"torch {want.version} is not listed in configs/torch.toml",
        f"configs/torch.toml 中没有 torch {want.version}",
    )

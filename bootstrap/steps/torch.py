"""torch: the build that doctor/wheels chooses for the GPUs and the driver; the CPU build where no GPU can be used.

What the package index offers by default is installed as locked, with hashes. Any other build comes from a torch index:
torch, its companions and the CUDA libraries that only it needs. What it shares with the profile is left to the
profile's lock. torchvision is installed only in the very build that belongs to the torch that was chosen: another
one would break at import.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from bootstrap.env.bytecode import compile_modules, compiling_what_is_there
from bootstrap.env.uv import can_install, configured, install_locked, pip_install, reinstall
from bootstrap.mirrors import measure, through, why_silent
from bootstrap.safety.files import write_atomically
from bootstrap.step import Cost, Work
from doctor.checks.disk import CUDA_ENVIRONMENT_BYTES
from doctor.errors import Exit, Trouble
from doctor.facts import Disk, Facts, Place, Torch
from doctor.goal import Goal
from doctor.goal.lockfile import lock_path, pins, torch_lock_path
from doctor.measure.offers import Offered, choose, lacks
from doctor.mirrors.samples import Build
from doctor.text import Text, human_bytes
from doctor.wheels.solve import Choice, Decision, by_reason, decide, machine_of

NAME = "torch"
TITLE = Text("PyTorch", "PyTorch")
AFTER = ("environment",)
WAITS = ("packages",)  # of which there are many, to be compiled while the largest file of all comes
AREAS = ("packages", "torch")

CPU_BYTES = 200_000_000
DEFAULT_BYTES = 2_900_000_000  # torch and the CUDA libraries that belong to it
AGAIN = Text(
    "try again later, or name a source: UV_FIND_LINKS=/folder/with/wheels make setup",
    "稍后再试，或指定来源：UV_FIND_LINKS=/存放安装包的目录 make setup",
)


class Offer(msgspec.Struct, frozen=True):
    """One way to get a build: what to hand to uv, and what that is in plain words."""

    arguments: tuple[str, ...]
    what: str
    brisk: bool = False  # a measured source: if it is slow, there are others


def cost(facts: Facts, goal: Goal) -> Cost:
    size = DEFAULT_BYTES if for_gpu(facts, goal) else CPU_BYTES
    return Cost(bytes=size, seconds=size / 12_500_000 + 20)


def changes(facts: Facts, goal: Goal) -> tuple[Text, ...]:
    decision, version = decision_for(facts, goal), goal.profile.torch.version
    if not for_gpu(facts, goal):
        line = Text(f"install torch {version}, CPU build", f"安装 torch {version}，CPU 版")
    elif decision.best is None:
        line = Text(f"install torch {version}, CUDA build", f"安装 torch {version}，CUDA 版")
    else:
        name = decision.best.name
        line = Text(f"install torch {name}, CUDA build", f"安装 torch {name}，CUDA 版")
    return line, *why(facts, goal)


def why(facts: Facts, goal: Goal) -> Iterator[Text]:
    """What to know of the build that was chosen, and why each other one was not. Nothing without a GPU."""
    machine, decision = machine_of(facts, goal.python), decision_for(facts, goal)
    if not machine.gpus:
        return
    if decision.reason:
        yield decision.reason
    yield from decision.best.notes if decision.best else ()
    for names, reason in by_reason(decision.rejected):
        yield Text(f"not {names}: {reason.en}", f"不用 {names}：{reason.zh}")


def look_for(facts: Facts, goal: Goal) -> tuple[tuple[Text, ...], tuple[Offered, ...]]:
    """Who has the build, for the plan: in words, and as it was said. Asks over the network, five seconds a build."""
    decision, offered = choose(machine_of(facts, goal.python), goal.profile.torch, goal)
    lines = tuple(one.line() for one in offered)
    first, best = decision_for(facts, goal).best, decision.best
    if first and best and best.name != first.name:
        lines += (
            Text(
                f"nobody has torch {first.name}: it will be torch {best.name}",
                f"没有来源提供 torch {first.name}：将改用 torch {best.name}",
            ),
        )
    return lines, offered


def decision_for(facts: Facts, goal: Goal) -> Decision:
    return decide(machine_of(facts, goal.python), goal.profile.torch)


def for_gpu(facts: Facts, goal: Goal) -> bool:
    """Whether a CUDA build is to be installed: there is a GPU, and not every build was found unfit for it."""
    decision = decision_for(facts, goal)
    return bool(machine_of(facts, goal.python).gpus) and (decision.best is not None or not decision.rejected)


def run(work: Work) -> None:
    """Raises Trouble (exit 5) when no source offers any build that these GPUs can use: what was said of the best one."""
    with compiling_what_is_there(work):
        install(work)
        work.fetched()
    compile_modules(work)


def install(work: Work) -> None:
    if not for_gpu(work.facts, work.goal):
        run_cpu(work)
        return
    machine, want = machine_of(work.facts, work.goal.python), work.goal.profile.torch
    missing: dict[str, Trouble] = {}
    while best := decide(machine, want, missing).best:
        if missing:
            say_next(work, next(reversed(missing)), best.name)
        try:
            run_cuda(work, best)
            return
        except Trouble as trouble:
            if trouble.code != Exit.NETWORK:
                raise
            missing[best.name] = trouble
    if missing:
        raise next(iter(missing.values()))
    install_default(work)


def say_next(work: Work, gone: str, taken: str) -> None:
    work.say(
        Text(
            f"no source delivered torch {gone}: taking torch {taken}, which these GPUs can use too",
            f"没有来源提供 torch {gone}：改用 torch {taken}，同样可用于这些 GPU",
        )
    )


def run_cpu(work: Work) -> None:
    want = work.goal.profile.torch
    if any(took(work, offer) for offer in offers(work, Build(want.version, "cpu"), want.companions)):
        return
    warn_of_the_default(work, Build(want.version, "cpu"))
    install_default(work)


def run_cuda(work: Work, best: Choice) -> None:
    """One build: as locked where it is the index's default, else from a torch index. Raises Trouble (exit 5)."""
    refused: Trouble | None = None
    if best.index == "package-index" and best.torch == work.goal.profile.torch.version:
        try:
            install_default(work)
            return
        except Trouble as trouble:
            if trouble.code != Exit.NETWORK:
                raise
            refused = trouble
    companions = best.wanted_companions(work.goal.profile.torch)
    shared = leave_shared_to_the_lock(work)
    for offer in offers(work, Build(best.torch, best.variant), companions):
        if took(work, Offer((*offer.arguments, *shared), offer.what, offer.brisk)):
            return
    if best.index == "package-index" and refused is None:
        plain = [f"{name}=={version}" for name, version in {"torch": best.torch, **companions}.items()]
        if took(work, Offer((*plain, *shared), f"torch {best.name}: the package index's default")):
            return
    raise refused or nobody_offers(best)


def nobody_offers(best: Choice) -> Trouble:
    return Trouble(
        Text(f"no source offers torch {best.name}", f"没有来源提供 torch {best.name}"), Exit.NETWORK, AGAIN
    )


def took(work: Work, offer: Offer) -> bool:
    """Install it if it is offered. A source that breaks off, or is too slow, is left for the next."""
    work.tell(offer.what)
    arguments = (*offer.arguments, *reinstall(work.facts))
    # Briskly even where nobody else is to be asked: of one that is gone uv would say so after minutes.
    if not can_install(work, arguments, brisk=True):
        return False
    return pip_install(work, arguments, check=False, brisk=offer.brisk).code == 0


def leave_shared_to_the_lock(work: Work) -> tuple[str, ...]:
    """Arguments that keep uv from what the profile's lock pins: the packages step brings it, checked by hash.

    All sources are looked at for the rest, since a torch index need not have all of it; torch's metadata pins it exactly.
    """
    names = pins(lock_path(work.goal.profile.name, work.goal.python), work.goal.python)
    path = Path(work.goal.logs) / "torch-excludes.txt"
    write_atomically(path, "".join(f"{name}\n" for name in names).encode())
    return ("--excludes", str(path), "--index-strategy", "unsafe-best-match")


def install_default(work: Work) -> None:
    """What the package index offers by default, as locked. `==2.13.0` is content with an installed 2.13.0+cpu."""
    torch = work.facts.torch
    other = isinstance(torch, Torch) and "+" in f"{torch.version}{torch.torchvision}"
    family = ("torch", *work.goal.profile.torch.companions) if other else ()
    again = [argument for name in family for argument in ("--reinstall-package", name)]
    install_locked(
        work, torch_lock_path(work.goal.profile.name, work.goal.python), [*again, *reinstall(work.facts)]
    )


def warn_of_the_default(work: Work, build: Build) -> None:
    """The last resort without a GPU is large: say so before a byte moves, and refuse where it has no room."""
    size = human_bytes(DEFAULT_BYTES)
    usable, silent = measure("torch_index", work.goal, build)
    said = f" ({why_silent(silent)})" if silent else ""
    nobody = Text(
        f"no source has the CPU build for Python {work.goal.python}{said}",
        f"没有来源提供适用于 Python {work.goal.python} 的 CPU 版{said}",
    )
    work.say(
        Text(
            f"{nobody.en}: taking the index default, {size}, which works too",
            f"{nobody.zh}：改用软件源的默认版本（{size}），同样可用",
        )
    )
    # A source that failed may deliver the small build at the next run; one that lists no such build never will.
    failed = bool(usable) or not all(map(lacks, silent))
    places = work.facts.disk.places if isinstance(work.facts.disk, Disk) else ()
    for place in places:
        if place.role == "environment" and place.free_bytes < CUDA_ENVIRONMENT_BYTES:
            raise no_room(place, nobody if failed else None)


def no_room(place: Place, failed: Text | None) -> Trouble:
    """The default has no room. Where sources of the small build `failed`, that is the cause and comes first."""
    free, wanted = human_bytes(place.free_bytes), human_bytes(CUDA_ENVIRONMENT_BYTES)
    short = Text(
        f"{free} free on {place.mount}, {wanted} needed", f"{place.mount} 只剩 {free}，需要 {wanted}"
    )
    if failed:
        return Trouble(
            Text(
                f"{failed.en}, and the index default has no room: {short.en}",
                f"{failed.zh}，而软件源的默认版本放不下：{short.zh}",
            ),
            Exit.NETWORK,
            AGAIN,
        )
    return Trouble(
        Text(f"{short.en} for the index default", f"{short.zh}，才能安装软件源的默认版本"),
        Exit.PERSON,
        Text(
            "a Python that has a CPU build: make setup PYTHON=3.11",
            "换用有 CPU 版的 Python：make setup PYTHON=3.11",
        ),
    )


def offers(work: Work, build: Build, companions: dict[str, str]) -> Iterator[Offer]:
    """Ways to get one build: with its companions from any source, the person's first; alone only where none has them.

    uv's own default index has no build with a local version, and costs minutes where nobody answers there.
    """
    for wanted in (companions, {}) if companions else ({},):
        if configured(work):
            yield source_offer(build, wanted, ())
        for answer in through("torch_index", work, build):
            form = "--find-links" if answer.flat else "--index"
            yield source_offer(build, wanted, (form, answer.url.format(variant=build.variant)))


def source_offer(build: Build, companions: dict[str, str], source: tuple[str, ...]) -> Offer:
    named = [f"{name}=={release}+{build.variant}" for name, release in companions.items()]
    beside = f" with {', '.join(companions)}" if companions else ""
    where = source[-1] if source else "configured index"
    arguments = (*named, f"torch=={build.name}", *source)
    return Offer(arguments, f"torch {build.name}{beside}: {where}", brisk=bool(source))

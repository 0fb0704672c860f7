"""Distributions in the environment, read from their metadata folders; nothing is imported."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from doctor.facts import MissingName, Packages, Sources
from doctor.facts.packages import Tried
from doctor.goal import Goal
from doctor.goal.lockfile import digest, inputs_digest, lock_path, pins, recorded_inputs
from doctor.goal.target import site_packages
from doctor.probes.once import distributions
from doctor.probes.packages import metadata
from doctor.probes.packages.places import beside, python_of
from doctor.probes.patience import within
from doctor.reading.peek import fails, is_there

if TYPE_CHECKING:
    from doctor.probes.packages.files import Recorded


# Chosen for the machine's GPUs and driver, and proven with the rest by the smoke test: the lock has none of them.
OF_TORCH = ("torch", "torchvision", "torchaudio", "torchcodec", "triton")


def probe(goal: Goal) -> Packages:
    return begin(goal)()


def begin(goal: Goal) -> Callable[[], Packages]:
    """Read the metadata; files are looked at from now on, and the rest when what is returned is called."""
    from doctor.probes.packages import files  # other areas want the metadata alone

    site = site_packages(goal)
    dists, leftovers = distributions(site)
    looking = files.begin([d for d in dists if not d.by_system], site, deep=goal.deep)
    return partial(_rest, goal, site, dists, leftovers, looking)


def _rest(
    goal: Goal,
    site: Path,
    dists: Sequence[metadata.Dist],
    leftovers: tuple[str, ...],
    looking: Callable[[], Recorded],
) -> Packages:
    from doctor.probes.packages import abi, bytecode, origin, rivals, uses
    from doctor.probes.packages.killed import installers_killed
    from doctor.probes.sources import scan

    lock = lock_path(goal.profile.name, goal.python)
    current = recorded_inputs(lock) == inputs_digest(goal.profile, goal.python)
    installed = {dist.name: dist.version for dist in dists if dist.name}
    elsewhere = {d.name: d.version for place in beside(goal) for d in metadata.read_all(place)[0]}
    recorded = looking()
    there = {**elsewhere, **installed}
    bare, remains = origin.without_metadata(site, there)
    # A lock of other requirements says nothing.
    wanted = pins(lock, goal.python) if current and not goal.foreign else {}
    ours = not goal.foreign and goal.system is None  # of others nobody knows what installed them
    half = tuple(d.name for d in dists if not d.whole or (ours and d.unsigned))
    code = within(scan, goal, installed)  # the notebook folder may be on a network disk that is dead
    return Packages(
        site=str(site),
        wanted=wanted,
        lock=digest(lock),
        installed=installed,
        half_installed=half,
        **metadata.doubles(dists),
        elsewhere=elsewhere,
        requires=metadata.requires(dists, python_of(goal)),
        by_system=tuple(d.name for d in dists if d.by_system),
        leftovers=leftovers,
        unreadable=tuple(d.folder for d in dists if d.unreadable),
        damaged=recorded.damaged,
        edited=recorded.edited,
        unchecked=recorded.unchecked,
        sources_gone={d.name: d.editable for d in dists if d.editable and not is_there(Path(d.editable))},
        root_owned=recorded.root_owned,
        closed=recorded.closed,
        **abi.numpy_builds(dists, installed, site),
        imports=uses.removed_from_hub(dists, installed, site),
        missing_names=_missing_names(dists, site, beside(goal), wanted, goal),
        **uses.pkg_resources(dists, site, beside(goal), wanted),
        rivals=rivals.rivals(dists, site),
        old_torch=uses.gone_from_setuptools(there, site),
        ffmpeg_owners=recorded.ffmpeg_owners,
        use_tf=uses.wants_tensorflow(os.environ),
        killed=installers_killed() if half or recorded.damaged else (),
        elsewhere_made=origin.for_another_system(dists, site),
        no_metadata=bare,
        remains=remains,
        mixed=recorded.mixed,
        bytecode=bytecode.damaged(goal.interpreter, site) if goal.deep else (),
        optional=metadata.optional_unmet(dists, there),
        failing=(*recorded.failing, *(path for path in _written_of(dists) if fails(site / path))),
        torch_off=uses.torch_switched_off(os.environ),
        sources=code if isinstance(code, Sources) else Sources(),
        tried=_tried(dists, site, goal),
    )


def _tried(dists: Sequence[metadata.Dist], site: Path, goal: Goal) -> tuple[Tried, ...]:
    if not goal.deep:
        return ()
    from doctor.probes.packages.tried import tried

    return tried(dists, site, goal)


def _missing_names(
    dists: Sequence[metadata.Dist],
    site: Path,
    others: Sequence[Path],
    wanted: Mapping[str, str],
    goal: Goal,
) -> tuple[MissingName, ...]:
    """Only where something is not as the lock has it: what reads Python need not be loaded elsewhere."""
    chosen = {dist.name: dist.version for dist in dists if wanted and dist.name in OF_TORCH}
    proven = {**wanted, **chosen}
    if all(proven.get(dist.name) == dist.version for dist in dists):
        return ()
    from doctor.probes.packages.imports import missing_names

    return missing_names(dists, site, others, proven, goal.deep)


def _written_of(dists: Sequence[metadata.Dist]) -> Iterator[str]:
    """What would say of a distribution what it is, where it does not."""
    for dist in dists:
        if dist.unreadable or not dist.whole:
            yield f"{dist.folder}/METADATA"

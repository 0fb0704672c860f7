"""What must hold for every machine, and that the tables agree with themselves, the profiles and the locks."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from doctor.goal.lockfile import pins, torch_lock_path
from doctor.goal.profile import TorchWant, load_profile, profile_names
from doctor.wheels.rules import Device, Machine
from doctor.wheels.solve import Choice, Decision, candidates, decide, visible_devices, without
from doctor.wheels.tables import card_of, cards, cuda_of, gpus, kernels_of, numbers, release_of, torches

CAPABILITIES = (
    *("3.5", "3.7", "5.0", "5.2", "5.3", "6.0", "6.1", "6.2", "7.0", "7.2", "7.5", "8.0", "8.6", "8.7"),
    *("8.9", "9.0", "10.0", "10.1", "10.3", "11.0", "12.0", "12.1", "13.0"),
)
devices = st.builds(Device, st.sampled_from(CAPABILITIES), st.sampled_from(("", "V100", "RTX 4090", "H100")))
drivers = st.tuples(st.integers(440, 640), st.integers(0, 130), st.integers(0, 20)).map(
    lambda parts: f"{parts[0]}.{parts[1]:02}.{parts[2]:02}"
)
wants = st.sampled_from([TorchWant(release.version) for release in torches().release])
machines = st.builds(
    Machine,
    gpus=st.lists(devices, min_size=1, max_size=4).map(tuple),
    driver=drivers | st.none(),
    python=st.sampled_from(("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15")),
    glibc=st.sampled_from(("2.17", "2.27", "2.28", "2.31", "2.39")) | st.none(),
    machine=st.sampled_from(("x86_64", "aarch64")),
)


def runs(choice: Choice, gpu: Device, machine: Machine) -> bool:
    """The matching rule once more, in its plain form: same major and not newer, or PTX and a driver that reads it."""
    row, cuda = kernels_of(choice.torch, choice.variant, machine.machine), cuda_of(choice.variant)
    assert row and cuda
    if gpu.capability in row.sm:
        return True
    major, minor = gpu.capability.split(".")
    below = [f"{major}.{n}" for n in range(int(minor))]
    odd = gpu.capability in ("5.3", "6.2", "7.2", "8.7", "10.1")
    if any(code in row.sm for code in below) and not odd:
        return True
    has_ptx = row.ptx and (row.ptx_in_default or choice.index == "torch-index")
    reads = machine.driver is None or numbers(machine.driver) >= numbers(cuda.toolkit)
    return bool(has_ptx and reads and numbers(gpu.capability) >= numbers(row.ptx or ""))


def check_runs(choice: Choice, machine: Machine) -> None:
    release, cuda = release_of(choice.torch), cuda_of(choice.variant)
    assert release and cuda and choice.variant in release.variants
    assert all(runs(choice, gpu, machine) for gpu in machine.gpus)
    assert machine.driver is None or numbers(machine.driver) >= numbers(cuda.floor)
    assert numbers(release.python[0]) <= numbers(machine.python) <= numbers(release.python[1])
    floor = (machine.machine == "aarch64" and release.glibc_aarch64) or release.glibc
    assert machine.glibc is None or numbers(machine.glibc) >= numbers(floor)


def place(decision: Decision, machine: Machine, want: TorchWant) -> int:
    """How far down the list of candidates the choice is; behind all of them when there is none."""
    names = [build.name for build in candidates(machine, want)]
    return names.index(decision.choice.name) if decision.choice else len(names)


@given(machines, wants)
def test_every_choice_runs_and_every_other_build_has_its_reason(machine: Machine, want: TorchWant) -> None:
    decision = decide(machine, want)
    if decision.choice:
        check_runs(decision.choice, machine)
    taken = {decision.choice.name} if decision.choice else set()
    named = [f"{entry.torch}+{entry.variant}" for entry in decision.rejected]
    assert sorted([*named, *taken]) == sorted(build.name for build in candidates(machine, want))
    assert all(entry.reason.en and entry.reason.zh for entry in decision.rejected)


@given(machines, wants, drivers)
def test_a_newer_driver_never_gives_a_worse_choice(machine: Machine, want: TorchWant, other: str) -> None:
    older, newer = sorted([machine.driver or other, other], key=numbers)
    before = msgspec.structs.replace(machine, driver=older)
    after = msgspec.structs.replace(machine, driver=newer)
    assert place(decide(after, want), after, want) <= place(decide(before, want), before, want)


@given(machines, wants)
def test_where_nothing_serves_all_it_is_said_and_what_is_hidden_helps(
    machine: Machine, want: TorchWant
) -> None:
    decision = decide(machine, want)
    assert (decision.choice is None) == (decision.reason is not None)
    assert bool(decision.hidden) <= (decision.choice is None)
    if decision.if_hidden:
        assert 0 < len(decision.hidden) < len(machine.gpus)
        check_runs(decision.if_hidden, without(machine, decision.hidden))
        assert decision.reason and visible_devices(machine, decision.hidden) in decision.reason.en
        assert all(f"{n}: {machine.gpus[n]}" in decision.reason.zh for n in decision.hidden)


@given(machines, wants, st.sampled_from(("3.5", "3.7")))
def test_a_card_that_no_build_knows_is_never_chosen_for(
    machine: Machine, want: TorchWant, kepler: str
) -> None:
    gpu = Device(kepler, "Tesla K80")
    decision = decide(msgspec.structs.replace(machine, gpus=(*machine.gpus, gpu)), want)
    assert decision.choice is None and decision.reason


def test_the_tables_name_only_what_they_hold() -> None:
    for release in torches().release:
        assert release.default in release.variants
        assert set(release.experimental) <= set(release.variants) and not set(release.unsure) & set(
            release.variants
        )
        assert all(release_of(name) for name in release.fallbacks)
        assert all(cuda_of(variant) for variant in (*release.variants, *release.unsure))
        assert kernels_of(release.version, release.default, "x86_64")
    assert all(numbers(cuda.floor) <= numbers(cuda.toolkit) for cuda in gpus().cuda)
    assert all(len(numbers(kind.capability)) == 2 for kind in gpus().gpu)
    names = [card.name for card in cards()]
    assert len(set(names)) == len(names) and all(card_of(card.name) is card for card in cards())


def test_profiles_and_locks_agree_with_the_tables() -> None:
    for name in profile_names():
        profile = load_profile(name)
        release = release_of(profile.torch.version)
        assert release and profile.torch.companions.items() <= release.companions.items()
        for python in profile.pythons:
            locked = pins(torch_lock_path(name, python), python)
            assert "cu" + "".join(locked["nvidia-cuda-runtime"].split(".")[:2]) == release.default
            assert locked["triton"] == release.companions["triton"]

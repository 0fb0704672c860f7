"""20 GPUs x 12 drivers x 4 Pythons x 3 profiles against expectations that are worked out here from plain lists,
not from the tables of configs/ nor with the rules of doctor/wheels."""

from __future__ import annotations

import pytest

from doctor.goal.profile import TorchWant, load_profile
from doctor.wheels.rules import Device, Machine
from doctor.wheels.solve import Decision, decide

GPUS = {
    "Tesla K80": "3.7",
    "Tesla M60": "5.2",
    "Tesla P100": "6.0",
    "Tesla P40": "6.1",
    "GeForce GTX 1080 Ti": "6.1",
    "Tesla V100": "7.0",
    "Tesla T4": "7.5",
    "GeForce RTX 2080 Ti": "7.5",
    "A100": "8.0",
    "A800": "8.0",
    "A10G": "8.6",
    "GeForce RTX 3090": "8.6",
    "L4": "8.9",
    "GeForce RTX 4090": "8.9",
    "H100": "9.0",
    "H20": "9.0",
    "B200": "10.0",
    "B300": "10.3",
    "GeForce RTX 5090": "12.0",
    "GB10": "12.1",
}
# Each driver with the newest CUDA major that it runs by the floors, 0 where it runs none of those here.
DRIVERS = {
    "440.33.01": 0,
    "450.80.02": 11,
    "470.256.02": 11,
    "525.60.11": 11,
    "525.60.13": 12,
    "535.129.03": 12,
    "550.54.14": 12,
    "560.35.05": 12,
    "570.124.06": 12,
    "575.57.08": 12,
    "580.65.06": 13,
    "610.43.02": 13,
}
PYTHONS = ("3.8", "3.10", "3.12", "3.14")
WANTS = {
    "llm-quickstart": load_profile("llm-quickstart").torch,
    "latest": load_profile("latest").torch,
    "the course's own pins": TorchWant("2.3.1", {"torchvision": "0.18.1"}),
}

TO_HOPPER = {"5.2", "6.0", "6.1", "7.0", "7.5", "8.0", "8.6", "8.9", "9.0"}
FROM_TURING = {"7.5", "8.0", "8.6", "8.9", "9.0", "10.0", "10.3", "12.0", "12.1"}
FROM_VOLTA = FROM_TURING | {"7.0"}
NEW = ("3.10", "3.12", "3.14")
OLD = ("3.8", "3.10", "3.12")
# torch, variant, CUDA major, what it runs on, Pythons: best first.
CURRENT = [
    ("2.13.0", "cu130", 13, FROM_TURING, NEW),
    ("2.13.0", "cu126", 12, TO_HOPPER, NEW),
    ("2.13.0", "cu132", 13, FROM_TURING, NEW),
    ("2.12.1", "cu130", 13, FROM_TURING, NEW),
    ("2.12.1", "cu126", 12, TO_HOPPER, NEW),
    ("2.12.1", "cu132", 13, FROM_TURING, NEW),
    ("2.11.0", "cu130", 13, FROM_TURING, NEW),
    ("2.11.0", "cu128", 12, FROM_TURING, NEW),
    ("2.11.0", "cu126", 12, TO_HOPPER, NEW),
    ("2.10.0", "cu128", 12, FROM_VOLTA, NEW),
    ("2.10.0", "cu126", 12, TO_HOPPER, NEW),
    ("2.10.0", "cu130", 13, FROM_TURING, NEW),
]
COURSE = [("2.3.1", "cu121", 12, TO_HOPPER, OLD), ("2.3.1", "cu118", 11, TO_HOPPER, OLD)]


def expected(want: str, capability: str, driver: str, python: str) -> tuple[str, str] | None:
    builds = CURRENT if WANTS[want].version == "2.13.0" else COURSE
    for torch, variant, major, runs_on, pythons in builds:
        if capability in runs_on and python in pythons and DRIVERS[driver] >= major:
            return torch, variant
    return None


def asked(want: TorchWant, driver: str | None, *gpus: Device, python: str = "3.11") -> Decision:
    return decide(Machine(gpus=gpus, driver=driver, python=python, glibc="2.35"), want)


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("want", WANTS)
def test_table(want: str, python: str) -> None:
    wrong = []
    for name, capability in GPUS.items():
        for driver in DRIVERS:
            decision = asked(WANTS[want], driver, Device(capability, name), python=python)
            got = (decision.choice.torch, decision.choice.variant) if decision.choice else None
            if got != expected(want, capability, driver, python):
                wrong.append((name, driver, got))
    assert wrong == []


def test_the_table_is_as_large_as_it_says() -> None:
    assert (len(GPUS), len(DRIVERS), len(PYTHONS), len(WANTS)) == (20, 12, 4, 3)


@pytest.mark.parametrize(
    ("capability", "driver", "name", "index"),
    [
        ("7.5", "580.95.05", "2.13.0+cu130", "package-index"),
        ("7.0", "580.95.05", "2.13.0+cu126", "torch-index"),
        ("6.0", "580.95.05", "2.13.0+cu126", "torch-index"),
        ("10.0", "580.95.05", "2.13.0+cu130", "package-index"),
        ("12.0", "580.95.05", "2.13.0+cu130", "package-index"),
        ("8.9", "535.129.03", "2.13.0+cu126", "torch-index"),
        ("12.0", "570.124.06", "2.11.0+cu128", "torch-index"),
        ("13.0", "610.43.02", "2.13.0+cu130", "torch-index"),  # only the torch index's build carries PTX
    ],
)
def test_known_machines(capability: str, driver: str, name: str, index: str) -> None:
    choice = asked(WANTS["llm-quickstart"], driver, Device(capability)).choice
    assert choice and (choice.name, choice.index) == (name, index)


def test_the_driver_alone_would_choose_wrongly() -> None:
    """What a rule of the driver alone takes, cu130 from 580 on, has no code for these."""
    for capability in ("6.0", "6.1", "7.0"):
        choice = asked(WANTS["llm-quickstart"], "580.95.05", Device(capability)).choice
        assert choice and choice.variant == "cu126"


def test_a_floor_is_named_and_a_toolkit_driver_is_warned_of() -> None:
    decision = asked(WANTS["llm-quickstart"], "535.129.03", Device("8.9"))
    assert decision.rejected[0].reason.en == "needs driver 580 or newer, here is 535.129.03"
    assert decision.choice and "560.28.03" in decision.choice.notes[0].en


def test_the_compat_package_is_for_data_centre_cards_only() -> None:
    for name, helps in (("NVIDIA H100 80GB HBM3", True), ("NVIDIA GeForce RTX 4090", False), ("", False)):
        reason = asked(WANTS["llm-quickstart"], "535.129.03", Device("9.0", name)).rejected[0].reason
        assert ("cuda-compat" in reason.en) is helps


def test_one_build_for_all_gpus_else_the_one_to_hide() -> None:
    volta, blackwell, pascal = Device("7.0", "V100"), Device("12.0", "RTX 5090"), Device("6.0", "P100")
    both = asked(WANTS["llm-quickstart"], "580.95.05", volta, blackwell)
    assert both.choice and both.choice.name == "2.10.0+cu128"
    mixed = asked(WANTS["llm-quickstart"], "580.95.05", blackwell, pascal, blackwell)
    assert mixed.choice is None and mixed.hidden == (1,)
    assert mixed.if_hidden and mixed.if_hidden.name == "2.13.0+cu130"
    assert mixed.reason and "CUDA_VISIBLE_DEVICES=0,2" in mixed.reason.en and "P100" in mixed.reason.zh


def test_of_two_that_exclude_each_other_the_older_is_hidden() -> None:
    """On driver 570 the older card's build would be the newer release; the newer card is worth more than that."""
    pascal, blackwell = Device("6.1", "GTX 1080 Ti"), Device("12.0", "RTX 5090")
    for order, hidden in (((pascal, blackwell), (0,)), ((blackwell, pascal), (1,))):
        decision = asked(WANTS["llm-quickstart"], "570.124.06", *order)
        assert decision.hidden == hidden
        assert decision.if_hidden and decision.if_hidden.name == "2.11.0+cu128"


@pytest.mark.parametrize(
    ("capability", "driver", "branch"),
    [
        ("12.0", "550.54.14", "570 is the first"),
        ("7.0", "595.58.03", "580 is the last"),
        ("8.9", "595.58.03", ""),
    ],
)
def test_a_driver_that_does_not_know_the_card_is_said(capability: str, driver: str, branch: str) -> None:
    choice = asked(WANTS["llm-quickstart"], driver, Device(capability)).choice
    assert choice and ("does not know" in " ".join(note.en for note in choice.notes)) is bool(branch)
    assert branch in " ".join(note.en for note in choice.notes)


def test_a_driver_that_could_be_newer_is_named_as_the_cause() -> None:
    decision = asked(WANTS["llm-quickstart"], "470.256.02", Device("7.5"))
    assert decision.choice is None and decision.reason
    assert "525.60.13 or newer" in decision.reason.en
    kepler = asked(WANTS["llm-quickstart"], "470.256.02", Device("3.7"))
    assert kepler.reason and "has no code for 3.7" in kepler.reason.en


def test_ptx_needs_the_toolkits_driver() -> None:
    """2.13+cu130 comes with PTX for a future GPU, which a driver below 580.65.06 would refuse to compile."""
    assert asked(WANTS["llm-quickstart"], "580.65.05", Device("13.0")).choice is None
    assert asked(WANTS["llm-quickstart"], "580.65.06", Device("13.0")).choice


@pytest.mark.parametrize(("glibc", "fits"), [("2.17", False), ("2.27", False), ("2.28", True), (None, True)])
def test_glibc(glibc: str | None, fits: bool) -> None:
    machine = Machine(gpus=(Device("7.5"),), driver="580.95.05", python="3.11", glibc=glibc)
    assert bool(decide(machine, WANTS["llm-quickstart"]).choice) is fits
    assert bool(decide(machine, WANTS["the course's own pins"]).choice) is True


def test_one_release_asks_more_of_glibc_on_arm() -> None:
    gpus = (Device("9.0"),)
    for machine, fits in (("x86_64", True), ("aarch64", False)):
        asks = Machine(gpus=gpus, driver="560.35.05", python="3.11", glibc="2.17", machine=machine)
        assert bool(decide(asks, TorchWant("2.6.0")).choice) is fits


def test_arm_has_code_for_fewer_gpus() -> None:
    arm = Machine(gpus=(Device("9.0"),), driver="580.95.05", python="3.11", glibc="2.35", machine="aarch64")
    choice = decide(arm, WANTS["llm-quickstart"]).choice
    assert choice and (choice.name, choice.index) == ("2.13.0+cu130", "package-index")
    turing = decide(
        Machine(gpus=(Device("7.5"),), driver="580.95.05", python="3.11", glibc="2.35", machine="aarch64"),
        WANTS["llm-quickstart"],
    )
    assert turing.choice is None


def test_what_sources_disagree_on_is_not_chosen() -> None:
    decision = asked(TorchWant("2.15.0"), "580.95.05", Device("7.0"))
    assert decision.choice and decision.choice.name == "2.14.1+cu126"
    said = {f"{entry.torch}+{entry.variant}": entry.reason.en for entry in decision.rejected}
    assert "disagree" in said["2.15.0+cu126"]


def test_an_unlisted_release_is_said() -> None:
    decision = asked(TorchWant("9.9.9"), "580.95.05", Device("7.5"))
    assert decision.choice is None and decision.reason and "9.9.9" in decision.reason.en


def test_companions_end_earlier_than_some_releases() -> None:
    gpu = Device("8.0")
    early = asked(TorchWant("2.5.1"), "550.54.14", gpu, python="3.12").choice
    late = asked(TorchWant("2.5.1"), "550.54.14", gpu, python="3.13").choice
    assert early and early.companions["torchvision"] == "0.20.1"
    assert late and late.companions == {}


def test_what_the_package_index_offers_comes_before_newer_cuda() -> None:
    choice = asked(TorchWant("2.7.1"), "580.95.05", Device("7.5")).choice
    assert choice and (choice.name, choice.index) == ("2.7.1+cu126", "package-index")


@pytest.mark.parametrize("capability", ["5.3", "6.2", "7.2", "8.7", "10.1"])
def test_gpus_that_run_only_their_own_code(capability: str) -> None:
    assert asked(WANTS["llm-quickstart"], "610.43.02", Device(capability)).choice is None

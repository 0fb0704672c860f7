"""The word `wheels`, as a person or a script calls it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from doctor.wheels.tables import card_of, cards, other_of
from tests.conftest import ROOT

MACHINES = ROOT / "tests" / "machines"


@pytest.fixture
def env(environ: dict[str, str]) -> dict[str, str]:
    return {**environ, "PYTHONPATH": str(ROOT), "GROUNDWORK_LANG": "en"}


def call(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "bootstrap", "wheels", *arguments]
    return subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60)


def answer(env: dict[str, str], *arguments: str) -> tuple[int, dict[str, Any]]:
    done = call(env, *arguments, "--json")
    return done.returncode, json.loads(done.stdout)


RENTED = ("--gpu", "7.0", "--gpu", "8.9", "--driver", "550.54.14", "--python", "3.11", "--glibc", "2.31")


def test_a_machine_that_one_is_about_to_rent(env: dict[str, str]) -> None:
    code, said = answer(env, *RENTED)
    assert code == 0 and (said["torch"], said["variant"], said["index"]) == ("2.13.0", "cu126", "torch-index")
    assert said["companions"]["torchvision"] == "0.28.0"
    assert said["index_url"].endswith("/whl/cu126")
    assert {"torch": "2.13.0", "variant": "cu130"}.items() <= said["rejected"][0].items()
    assert "7.0" in said["rejected"][0]["reason"]


def test_nothing_fits(env: dict[str, str]) -> None:
    code, said = answer(env, "--gpu", "3.7", "--driver", "470.256.02")
    assert code == 1 and said["exit_code"] == 1
    assert said["torch"] is said["variant"] is said["index"] is None and said["companions"] == {}
    assert "has no code for 3.7" in said["reason"]
    assert {entry["torch"] for entry in said["rejected"]} >= {"2.13.0", "2.10.0"}


def test_a_mixed_box_says_what_to_hide(env: dict[str, str]) -> None:
    code, said = answer(env, "--gpu", "P100", "--gpu", "rtx 5090", "--driver", "580.95.05")
    assert code == 1 and said["torch"] is None and said["hide"] == [0]
    assert (said["if_hidden"]["torch"], said["if_hidden"]["variant"]) == ("2.13.0", "cu130")
    assert "CUDA_VISIBLE_DEVICES=1" in said["reason"]


def test_a_saved_machine_and_one_with_another_driver(env: dict[str, str], tmp_path: Path) -> None:
    saved = json.loads((MACHINES / "healthy/cpu.json").read_text())
    saved["facts"]["gpu"] = json.loads((MACHINES / "healthy/t4.json").read_text())["facts"]["gpu"] | {
        "type": "gpu"
    }
    path = tmp_path / "machine.json"
    path.write_text(json.dumps(saved))
    code, said = answer(env, "--facts", str(path))
    assert code == 0 and (said["variant"], said["index"], said["index_url"]) == (
        "cu130",
        "package-index",
        None,
    )
    code, said = answer(env, "--facts", str(path), "--driver", "550.54.14")
    assert code == 0 and said["variant"] == "cu126"


def test_text_in_both_languages(env: dict[str, str]) -> None:
    english = call(env, *RENTED).stdout
    assert "✓ torch 2.13.0+cu126" in english and "2.13.0+cu130: has no code for 7.0" in english
    assert "--index-url" in english
    chinese = call(env | {"GROUNDWORK_LANG": "zh"}, *RENTED).stdout
    assert "没有适用于 7.0 的代码" in chinese


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--gpu", "V10"), "Did you mean V100?"),
        (("--gpu", "7.0", "--driver", "new"), "--driver 'new' is not a version"),
        (("--profile", "lastest"), "Did you mean latest?"),
        (("--facts", "/nowhere.json"), "cannot read /nowhere.json"),
    ],
)
def test_bad_input(env: dict[str, str], arguments: tuple[str, ...], said: str) -> None:
    done = call(env, *arguments)
    assert done.returncode == 2 and said in done.stderr and done.stdout == ""


def test_explain_torch_choice_is_the_decision_for_this_machine(env: dict[str, str]) -> None:
    argv = [sys.executable, "-m", "bootstrap", "explain", "torch-choice"]
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60)
    assert done.stdout == call(env, "--offline").stdout and "torch 2." in done.stdout


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("MI300X", "ROCm"),
        ("Radeon RX 7900 XTX", "ROCm"),
        ("Arc A770", "XPU"),
        ("M3 Max", "MPS"),
        ("Ascend 910B", "torch_npu"),
        ("MTT S4000", "torch_musa"),
        ("Hygon DCU", "DCU"),
    ],
)
def test_gpus_of_other_makers_get_an_honest_answer(env: dict[str, str], name: str, word: str) -> None:
    code, said = answer(env, "--gpu", name)
    assert code == 1 and said["variant"] == "cpu"
    assert name in said["others"][0] and word in said["others"][0]
    assert said["reason"] == said["others"][0]


def test_a_card_of_nvidia_is_nobody_elses() -> None:
    assert not [card.name for card in cards() if other_of(card.name)]
    assert card_of("MI300X") is None


@pytest.mark.parametrize(
    ("called", "card", "capability"),
    [
        ("NVIDIA GeForce RTX 3060 Ti", "RTX 3060 Ti", "8.6"),
        ("4090", "RTX 4090", "8.9"),
        ("rtx2080ti", "RTX 2080 Ti", "7.5"),
        ("NVIDIA RTX 6000 Ada Generation", "RTX 6000 Ada", "8.9"),
        ("Quadro RTX 6000", "Quadro RTX 6000", "7.5"),
        ("NVIDIA RTX PRO 6000 Blackwell Server Edition", "RTX PRO 6000", "12.0"),
        ("NVIDIA GH200 480GB", "GH200", "9.0"),
        ("Orin (nvgpu)", "Orin", "8.7"),
        ("Tesla V100S-PCIE-32GB", "V100S", "7.0"),
    ],
)
def test_cards_as_they_call_themselves_and_as_people_do(called: str, card: str, capability: str) -> None:
    found = card_of(called)
    assert found and (found.name, found.kind.capability) == (card, capability)


def test_what_is_no_card_is_none() -> None:
    assert [name for name in ("", "none", "RTX 6000", "V10", "GeForce") if card_of(name)] == []


def test_a_card_that_comes_with_an_arm_processor_gets_its_wheels(env: dict[str, str]) -> None:
    code, said = answer(env, "--gpu", "GH200", "--driver", "550.54.14")
    assert code == 0 and said["machine"]["machine"] == "aarch64" and said["variant"] == "cu126"
    reason = next(e["reason"] for e in answer(env, "--gpu", "GB200", "--driver", "570")[1]["rejected"])
    assert "driver 580" in reason
    told = answer(env, "--gpu", "8.0", "--driver", "550.54.14", "--machine", "aarch64")[1]
    assert told["machine"]["machine"] == "aarch64"


def test_a_jetson_is_told_whose_builds_it_needs(env: dict[str, str]) -> None:
    code, said = answer(env, "--gpu", "Orin", "--driver", "540.4.0")
    assert code == 1 and said["torch"] is None and "Jetson" in said["reason"]

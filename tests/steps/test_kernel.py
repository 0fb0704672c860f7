"""The kernel that notebooks get is the environment's own, whatever PATH says."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootstrap.hub import choice as hub_env
from bootstrap.steps import kernel
from doctor.goal import Goal
from doctor.lab.wanted import kernel_folder
from tests.lab_env import a_person, findings, look, make_environment, make_goal, make_work

pytestmark = pytest.mark.target
MIRROR = "https://hf-mirror.com"
RUN_IN_PYTHON3 = """
import json, sys
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name="python3")
said = []
client.execute_interactive(
    "import json, os, sys; print(json.dumps([sys.executable, dict(os.environ)]))",
    timeout=60, output_hook=lambda message: said.append(message["content"].get("text", "")),
)
client.stop_channels()
manager.shutdown_kernel(now=True)
print("".join(said))
"""


@pytest.fixture
def goal(target_python: str, tmp_path: Path) -> Iterator[Goal]:
    with a_person(tmp_path):
        made = make_goal(tmp_path)
        make_environment(Path(target_python), Path(made.prefix))
        yield made


def spec_of(goal: Goal) -> dict[str, dict[str, str]]:
    said: dict[str, dict[str, str]] = json.loads((Path(kernel_folder(goal)) / "kernel.json").read_text())
    return said


def test_a_bare_python_is_found_and_replaced(goal: Goal) -> None:
    before = look(goal).kernelspec
    assert before is not None and before.interpreter == "python"
    assert findings(goal)["kernel-differs"].remedy.step == "kernel"
    kernel.run(make_work(goal))
    assert not [name for name in findings(goal) if name.startswith("kernel-")]


def test_a_notebook_that_asks_for_python3_runs_in_the_environment(goal: Goal) -> None:
    kernel.run(make_work(goal))
    # A python of another environment comes first on PATH, as in a shell with conda's base active.
    env = {**os.environ, "PATH": "/usr/bin:/bin", "JUPYTER_PREFER_ENV_PATH": "1"}
    argv = [goal.interpreter, "-I", "-c", RUN_IN_PYTHON3]
    said = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=120, check=True)
    executable, environ = json.loads(said.stdout)
    assert executable == goal.interpreter
    assert environ["PATH"] == f"{goal.prefix}/bin:/usr/bin:/bin"
    assert environ["HF_HOME"] == goal.cache
    assert "HF_ENDPOINT" not in environ and "HF_HUB_DISABLE_XET" not in environ


def test_a_new_kernelspec_is_noted_for_undo(goal: Goal) -> None:
    folder = Path(kernel_folder(goal))
    folder.rename(folder.with_name("elsewhere"))
    assert "kernel-missing" in findings(goal)
    notes: list[str] = []
    kernel.run(make_work(goal, notes=notes))
    assert f"created {folder}" in notes


def test_half_a_kernelspec_is_mended(goal: Goal) -> None:
    kernel.run(make_work(goal))
    spec = Path(kernel_folder(goal)) / "kernel.json"
    spec.write_bytes(spec.read_bytes()[:40])
    assert "kernel-missing" in findings(goal)
    kernel.run(make_work(goal))
    assert not [name for name in findings(goal) if name.startswith("kernel-")]


def test_a_moved_environment_is_found(goal: Goal) -> None:
    kernel.run(make_work(goal))
    spec = Path(kernel_folder(goal)) / "kernel.json"
    spec.write_text(spec.read_text().replace(goal.interpreter, "/gone/bin/python"))
    assert "/gone/bin/python" in findings(goal)["jupyter-stale-kernelspec"].evidence.en


def test_the_persons_endpoint_reaches_the_kernel_without_xet(target_python: str, tmp_path: Path) -> None:
    with a_person(tmp_path):
        goal = make_goal(tmp_path, HF_ENDPOINT=MIRROR)
        make_environment(Path(target_python), Path(goal.prefix))
        kernel.run(make_work(goal))
        env = spec_of(goal)["env"]
        assert env["HF_ENDPOINT"] == MIRROR and env["HF_HUB_DISABLE_XET"] == "1"
        assert "HF_HUB_DISABLE_IMPLICIT_TOKEN" not in env, "who names a mirror may give it their token"


def test_the_kernel_follows_the_endpoint_that_was_chosen(goal: Goal) -> None:
    kernel.run(make_work(goal))
    hub_env.record(goal, MIRROR)
    assert spec_of(goal)["env"]["HF_ENDPOINT"] == MIRROR
    assert spec_of(goal)["env"]["HF_HUB_DISABLE_IMPLICIT_TOKEN"] == "1", (
        "a mirror that we chose gets no token unasked"
    )
    assert hub_env.hub_environment(goal)["HF_HUB_DISABLE_XET"] == "1"
    assert not [name for name in findings(goal) if name.startswith("kernel-")]
    hub_env.record(goal, "https://huggingface.co")
    assert set(spec_of(goal)["env"]) == {"PATH", "HF_HOME"}
    assert not [name for name in findings(goal) if name.startswith("kernel-")]

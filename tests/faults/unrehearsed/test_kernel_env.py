"""A kernel.json whose `env` misleads its notebooks alone: in a terminal of the same environment all is well."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.faults.cache import fill_cache
from tests.faults.dists import site_of
from tests.faults.patient import diagnose
from tests.faults.torch.env import nvidia_libraries
from tests.faults.unrehearsed.jupyter_like import Person, person_with_jupyter

FOUND = "jupyter-kernel-env-misleads"


@pytest.fixture
def person(home: Path, course_like: Path) -> Person:
    return person_with_jupyter(home, course_like)


def told(person: Person) -> list[str]:
    return [name for name in person.look().complaints if name != "torch-missing"]


def old_release(folder: Path) -> Path:
    """As `pip install --target` leaves it."""
    (folder / "transformers").mkdir(parents=True)
    (folder / "transformers/__init__.py").write_text("__version__ = '4.30.0'\n")
    (folder / "transformers-4.30.0.dist-info").mkdir()
    return folder


def test_packages_of_pythonpath_come_first(person: Person, tmp_path: Path) -> None:
    old = old_release(tmp_path / "old")
    code = "import transformers; print(transformers.__version__)"
    for more, version in (({}, "4.57.6"), ({"PYTHONPATH": str(old)}, "4.30.0")):
        argv = [str(person.env / "bin/python"), "-c", code]
        assert subprocess.run(argv, env=more, capture_output=True, text=True).stdout.strip() == version
    person.kernel(env={"PYTHONPATH": f"{old}:${{PYTHONPATH}}"})
    said = person.look()
    assert said.failed == [FOUND]
    assert "transformers 4.30.0" in said.of(FOUND)["evidence"]


def test_a_folder_of_the_persons_own_modules_does_no_harm(person: Person, tmp_path: Path) -> None:
    (tmp_path / "lecture").mkdir()
    (tmp_path / "lecture/helpers.py").write_text("")
    person.kernel(env={"PYTHONPATH": f"{tmp_path / 'lecture'}:{site_of(person.env)}"})
    assert told(person) == []


def test_what_the_shell_says_too_is_told_of_the_shell(person: Person, tmp_path: Path) -> None:
    old = str(old_release(tmp_path / "old"))
    person.kernel(env={"PYTHONPATH": old})
    environ = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(person.home),
        "PYTHONPATH": old,
        "TARGET": str(person.env),
    }
    assert diagnose(environ, "--area", "python,packages,jupyter").failed == ["pythonpath-shadow"]


def test_a_pythonhome_of_another_python(person: Person, tmp_path: Path) -> None:
    (tmp_path / "old/lib/python3.6/encodings").mkdir(parents=True)
    home = {"PYTHONHOME": str(tmp_path / "old")}
    argv = [str(person.env / "bin/python"), "-c", ""]
    assert subprocess.run(argv, env=home, capture_output=True).returncode != 0
    person.kernel(env=home)
    assert told(person) == ["jupyter-kernel-pythonhome"]


def test_older_cuda_libraries_of_ld_library_path(person: Person, tmp_path: Path) -> None:
    cuda = nvidia_libraries(person.env, tmp_path)
    person.kernel(env={"LD_LIBRARY_PATH": f"{cuda}:/usr/lib"})
    said = person.look()
    assert said.failed == [FOUND]
    assert "libnvJitLink.so.12" in said.of(FOUND)["evidence"]
    person.kernel(env={"LD_LIBRARY_PATH": "/usr/lib"})
    assert told(person) == []


@pytest.mark.parametrize(
    ("env", "severity"),
    [
        ({"HF_ENDPOINT": "hf-mirror.com"}, "fail"),
        ({"HF_ENDPOINT": "https://hf-mirror.com/models"}, "fail"),
        ({"HF_HOME": "'/data/hf'"}, "fail"),
        ({"HF_HUB_CACHE": "cache/hub"}, "fail"),
        ({"HF_HOME": "/nowhere/hf"}, "warn"),
        ({"HF_HOME": "/nowhere/hf", "HF_HUB_OFFLINE": "1"}, "fail"),
    ],
)
def test_variables_of_the_hub(person: Person, env: dict[str, str], severity: str) -> None:
    fill_cache(person.home / ".cache/huggingface/hub")
    person.kernel(env=env)
    said = person.look()
    assert (told(person), said.of(FOUND)["severity"]) == ([FOUND], severity)


@pytest.mark.parametrize("name", ["HF_HOME", "TRANSFORMERS_OFFLINE", "HF_ENDPOINT", "CUDA_VISIBLE_DEVICES"])
def test_variables_that_lead_where_models_are(person: Person, name: str, tmp_path: Path) -> None:
    fill_cache(person.home / ".cache/huggingface/hub")
    fill_cache(tmp_path / "data/hub")
    values = {"HF_HOME": str(tmp_path / "data"), "HF_ENDPOINT": "https://hf-mirror.com/"}
    person.kernel(env={name: values.get(name, "1")})
    assert told(person) == []

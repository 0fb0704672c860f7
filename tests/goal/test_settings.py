"""Settings: precedence, and bad input that is refused before anything is touched."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bootstrap.remember import remember
from doctor.errors import Exit, Trouble
from doctor.goal import Goal
from doctor.goal.profile import load_profile
from doctor.goal.settings import check_make_variables, resolve

Environ = dict[str, str]


def trouble(flags: dict[str, str | None], environ: Environ) -> Trouble:
    with pytest.raises(Trouble) as caught:
        resolve(flags, environ)
    assert caught.value.code == Exit.USAGE
    assert caught.value.message.zh != caught.value.message.en
    return caught.value


def test_defaults(environ: Environ) -> None:
    goal = resolve({}, environ)
    assert (goal.profile.name, goal.manager, goal.python) == ("llm-quickstart", "auto", "3.11")
    assert (goal.ip, goal.port) == ("localhost", 8888)
    assert goal.cache == f"{environ['HOME']}/.cache/huggingface" or goal.cache.endswith(".cache/huggingface")


def test_a_flag_wins_over_the_environment_and_that_over_the_profile(environ: Environ) -> None:
    assert resolve({}, {**environ, "PORT": "9001"}).port == 9001
    assert resolve({"PORT": "9002"}, {**environ, "PORT": "9001"}).port == 9002


def test_hf_home_is_respected_and_cache_wins(environ: Environ, tmp_path: Path) -> None:
    hf_home = {**environ, "HF_HOME": str(tmp_path / "hf")}
    assert resolve({}, hf_home).cache == str(tmp_path / "hf")
    assert resolve({"CACHE": str(tmp_path / "big")}, hf_home).cache == str(tmp_path / "big")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("HF_ENDPOINT", "https://me:hunter2@mirror.example", "HF_TOKEN"),
        ("PROFILE", "llm-quikstart", "Did you mean llm-quickstart?"),
        ("ENV_MANAGER", "cnda", "Did you mean conda?"),
        ("PYTHON", "3.9", "3.10, 3.11, 3.12"),
        ("PORT", "http", "1 to 65535"),
        ("PORT", "70000", "1 to 65535"),
        ("IP", "every", "not an address"),
        ("MIRRORS", "china", "auto, cn, global, off"),
        ("MODELS", "gtp2", "gpt2"),
        ("HF_ENDPOINT", "hf-mirror.com", "https://"),
        ("ENV_NAME", "../x", "not a name"),
        ("PREFIX", "/opt/mini conda", "No space"),
        ("ROOT_DIR", "/nowhere/at/all", "not a folder"),
    ],
)
def test_bad_values_are_named_with_what_is_right(environ: Environ, name: str, value: str, says: str) -> None:
    said = trouble({}, {**environ, name: value}).message.en
    assert name in said or name == "PROFILE"
    assert says in said


def test_an_unwritable_cache_is_refused(environ: Environ) -> None:
    assert "CACHE=/proc/models" in trouble({"CACHE": "/proc/models"}, environ).message.en


def test_a_file_as_cache_is_refused(environ: Environ, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert "not a folder" in trouble({"CACHE": str(file)}, environ).message.en


def test_a_misspelt_make_variable_is_told(environ: Environ) -> None:
    with pytest.raises(Trouble, match=r"PROT.*Did you mean PORT"):
        check_make_variables({"MAKEFLAGS": " -- PROT=9000"})
    check_make_variables({"MAKEFLAGS": " -- PORT=9000 ARGS=--plan"})
    check_make_variables({"MAKEFLAGS": "k"})


def test_models_by_alias_id_and_none(environ: Environ) -> None:
    assert [m.id for m in resolve({"MODELS": "gpt2"}, environ).models] == ["openai-community/gpt2"]
    assert resolve({"MODELS": "none"}, environ).models == ()
    assert len(resolve({}, environ).models) >= 11


def profile_file(tmp_path: Path, change: tuple[str, str]) -> Path:
    text = (Path(__file__).parents[2] / "configs/profiles/llm-quickstart.toml").read_text("utf-8")
    assert change[0] in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(*change), "utf-8")
    return path


def test_a_typo_in_a_profile_names_the_line_and_the_nearest_key(tmp_path: Path) -> None:
    path = profile_file(tmp_path, ("requirements = [", "requirments = ["))
    line = path.read_text("utf-8").splitlines().index("requirments = [") + 1
    with pytest.raises(Trouble) as caught:
        load_profile(str(path))
    assert f"mine.toml:{line}: unknown key `requirments`" in caught.value.message.en
    assert "did you mean `requirements`?" in caught.value.message.en


def test_a_wrong_type_in_a_profile_names_the_line(tmp_path: Path) -> None:
    path = profile_file(tmp_path, ('python = "3.11"', "python = 3.11"))
    with pytest.raises(Trouble, match=r"mine\.toml:\d+: .*str"):
        load_profile(str(path))


def test_broken_toml_names_the_line(tmp_path: Path) -> None:
    path = profile_file(tmp_path, ('python = "3.11"', 'python = "3.11'))
    with pytest.raises(Trouble, match=r"not valid TOML.*line \d+"):
        load_profile(str(path))


def test_the_goal_holds_no_secret(environ: Environ) -> None:
    goal: Goal = resolve({}, {**environ, "PASSWORD": "hunter2hunter2"})
    assert "hunter2" not in repr(goal)


def test_the_system_python_is_what_it_says_of_itself(environ: Environ, tmp_path: Path) -> None:
    """A shim on PATH is not the interpreter; one that does not run is passed over."""
    for name, text in (
        ("broken", "#!/bin/sh\nexit 1\n"),
        ("shim", f'#!/bin/sh\nexec {sys.executable} "$@"\n'),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "python3").write_text(text)
        (tmp_path / name / "python3").chmod(0o755)
    path = f"{tmp_path}/broken:{tmp_path}/shim"
    goal = resolve({"ENV_MANAGER": "system"}, {**environ, "PATH": path})
    assert (goal.interpreter, goal.prefix) == (sys.executable, sys.prefix)
    assert (
        "no python3 on PATH runs"
        in trouble({"ENV_MANAGER": "system"}, {**environ, "PATH": "/nowhere"}).message.en
    )


def test_only_a_remembered_setting_is_blamed_on_the_last_setup(environ: Environ, tmp_path: Path) -> None:
    folder = tmp_path / "notebooks"
    folder.mkdir()
    remember(resolve({"ROOT_DIR": str(folder)}, environ), {"ROOT_DIR": str(folder)}, environ)
    assert trouble({"PORT": "none"}, environ).hint is None
    folder.rmdir()
    said = trouble({}, environ)
    assert "ROOT_DIR=" in said.message.en and said.hint is not None and "settings.json" in said.hint.en


@pytest.mark.parametrize(
    "endpoint", ["hf-mirror.com", '"https://hf-mirror.com"', "https://me:hunter2@mirror.example"]
)
def test_what_is_wrong_with_the_machine_is_no_bad_input_for_a_word_that_only_looks(
    environ: Environ, endpoint: str
) -> None:
    """The doctor is asked what is wrong: it does not turn away the person who has it."""
    broken = {**environ, "HF_ENDPOINT": endpoint, "HF_HOME": "/proc/nowhere", "ROOT_DIR": "/nowhere"}
    goal = resolve({}, broken, changes=False)
    assert (goal.endpoint, goal.cache, goal.root_dir) == (None, "/proc/nowhere", "/nowhere")
    with pytest.raises(Trouble):
        resolve({}, broken)

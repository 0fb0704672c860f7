"""A pasted error text on the machine that it comes from: the cause that the doctor sees there, not only what the words say."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from doctor.texts.search import by_text
from tests.conftest import ROOT
from tests.faults.dists import install
from tests.faults.patient import diagnose


def traceback(env: Path, last: str, package: str = "datasets") -> str:
    site = next(env.glob("lib/python3*/site-packages"), env / "lib/python3.11/site-packages")
    return (
        "Traceback (most recent call last):\n"
        '  File "/root/work/train.py", line 3, in <module>\n'
        f"    import {package}\n"
        f'  File "{site}/{package}/__init__.py", line 20, in <module>\n'
        f"    from .features import Features\n{last}\n"
    )


def explain(environ: Mapping[str, str], text: str, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bootstrap.cli", "explain", *args],
        cwd=ROOT,
        env=dict(environ),
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def explained(environ: Mapping[str, str], text: str, *args: str) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = json.loads(explain(environ, text, "--json", *args).stdout)["explained"]
    return said


def test_the_environment_of_the_text_is_looked_at(empty_env: Path, environ: dict[str, str]) -> None:
    """The words are those of a pair; the releases, the evidence and the Python to mend come from the machine."""
    install(empty_env, "pip", "25.0")
    install(empty_env, "datasets", "2.14.4")
    install(empty_env, "pyarrow", "21.0.0")
    text = traceback(empty_env, "AttributeError: module 'pyarrow' has no attribute 'PyExtensionType'")
    first, *_ = explained(environ, text)
    assert first["id"] == "releases-do-not-fit"
    assert "datasets 2.14.4" in first["title"] and "pyarrow 21.0.0" in first["title"]
    assert "PyExtensionType" in first["here"]
    assert str(empty_env) in " ".join(first["commands"][0])
    page = explain(environ, text).stdout
    assert "On this machine:" in page and "make doctor" not in page


def test_a_consequence_in_the_text_is_led_back_to_its_cause(empty_env: Path, environ: dict[str, str]) -> None:
    """That torch is not installed, say the words; that this Python does not run any more, says the machine."""
    install(empty_env, "transformers", "4.57.6")
    for python in empty_env.glob("bin/python*"):
        python.unlink()
    (empty_env / "bin/python").symlink_to("/nowhere/bin/python3.11")
    text = traceback(empty_env, "ModuleNotFoundError: No module named 'torch'", "transformers")
    first, *_ = explained(environ, text)
    roots = diagnose({**environ, "TARGET": str(empty_env)}).failed
    assert [first["id"]] == roots and first["here"]
    assert by_text(text)[0].id == "torch-missing"


def test_a_text_from_another_machine_is_told_by_its_words_alone(environ: dict[str, str]) -> None:
    text = traceback(
        Path("/opt/nobody/env"), "AttributeError: module 'pyarrow' has no attribute 'PyExtensionType'"
    )
    for place in (
        "/opt/nobody/env",
        "/usr/local",
    ):  # a folder that every machine has, and that code is not in it here
        page = explain(environ, text.replace("/opt/nobody/env", place)).stdout
        assert "datasets does not go with pyarrow" in page
        assert "On this machine" not in page and "not on this machine" in page


def test_what_nobody_knows_is_told_with_what_is_broken_here(empty_env: Path, environ: dict[str, str]) -> None:
    install(empty_env, "pip", "25.0")
    install(empty_env, "torch", "2.13.0", files={"torch/__init__.py": "", "torch/version.py": "x"})
    install(empty_env, "transformers", "4.57.6", requires=["tokenizers>=0.22,<0.24"])
    done = explain({**environ}, "it went wrong somehow\n", "--target", str(empty_env))
    assert done.returncode == 1
    assert "No finding knows this text" in done.stdout and "the doctor finds" in done.stdout, done.stdout
    assert "make doctor" in done.stdout


def test_a_saved_machine_is_asked_in_place_of_this_one(
    empty_env: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    install(empty_env, "pip", "25.0")
    install(empty_env, "datasets", "2.14.4")
    install(empty_env, "pyarrow", "21.0.0")
    facts = tmp_path / "facts.json"
    diagnose({**environ, "TARGET": str(empty_env)}, "--save", str(facts))
    text = "AttributeError: module 'pyarrow' has no attribute 'PyExtensionType'\n"
    first, *_ = explained(environ, text, "--facts", str(facts))
    assert "pyarrow 21.0.0" in first["title"] and first["here"]


def test_the_path_that_a_text_names_is_looked_at(environ: dict[str, str], tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir(mode=0o500)
    first, *_ = explained(environ, f"cp: cannot create '{kept}/a/b': Input/output error\n")
    assert first["id"] == "path-refused"
    assert f"{kept}/a/b is not there" in first["here"] and "dr-x------" in first["here"]
    assert "free on" in first["here"]


def test_a_command_that_lies_outside_of_path_is_found(environ: dict[str, str], tmp_path: Path) -> None:
    place = Path(environ["HOME"]) / ".local/bin/pandoc"
    place.parent.mkdir(parents=True)
    place.write_text("#!/bin/sh\n")
    text = "bash: line 1: pandoc: command not found\n"
    bare = {**environ, "PATH": str(tmp_path)}
    assert "does not name" in explained(bare, text)[0]["here"]
    assert "has another one" in explained({**bare, "PATH": str(place.parent)}, text)[0]["here"]
    place.unlink()
    assert "no pandoc" in explained(bare, text)[0]["here"]


def test_hosts_are_asked_where_the_text_is_about_them(environ: dict[str, str]) -> None:
    """A proxy that nobody answers at is the cause here; by the words it might be any of three things."""
    text = "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='huggingface.co', port=443): Max retries exceeded with url: /a\n"
    dead = {**environ, "HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    asked = explain(dead, text, "--json").stdout
    first = json.loads(asked)["explained"][0]
    assert first["id"] == "proxy-dead" and "refused" in first["here"] and "127.0.0.1:9" in first["title"]
    offline = json.loads(explain(dead, text, "--json", "--offline").stdout)["explained"]
    assert not any(one["id"] == "proxy-dead" and one["here"] for one in offline)


def test_a_module_that_another_environment_has(empty_env: Path, environ: dict[str, str]) -> None:
    other = Path(environ["HOME"]) / "miniconda3/envs/other"
    (other / "lib/python3.11/site-packages/folium_of_mine").mkdir(parents=True)
    install(empty_env, "peft", "0.18.0")
    text = traceback(empty_env, "ModuleNotFoundError: No module named 'folium_of_mine'", "peft")
    first, *_ = explained(environ, text)
    assert first["id"] == "module-not-installed" and f"installed in {other}" in first["here"]


def test_that_setup_was_never_run_explains_nothing(environ: dict[str, str]) -> None:
    """On a machine without an environment of ours a text is that of another Python."""
    text = "ImportError: cannot import name 'EncoderDecoderCache' from 'transformers'\n"
    first, *_ = explained(environ, text)
    assert first["id"] == "name-not-in-library" and not first["here"]
    assert "environment-missing" not in explain(environ, "nobody knows this\n").stdout

"""Condas that are really broken, each: break it, and the doctor names exactly that; its healthy twin, and nothing is said."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from tests.conda_host import prefixes
from tests.conda_host.prefixes import PYTHON, write
from tests.conftest import missing
from tests.faults.patient import Diagnosis, diagnose, linked_copy

AREAS = (
    "host,disk,conda,python"  # the other areas speak of the course's packages, which these environments lack
)


class Patient(msgspec.Struct):
    """A person with a conda of their own, an environment in it, and a shell that knows it."""

    home: Path
    root: Path
    env: Path
    environ: dict[str, str]

    def said(self, *prefix: str, **more: str) -> Diagnosis:
        return diagnose({**self.environ, **more}, "--area", AREAS, prefix=prefix)


@pytest.fixture
def patient(home: Path, environ: dict[str, str]) -> Patient:
    root = prefixes.install(home / "miniforge3")
    env = prefixes.create(root)
    prefixes.initialise(home, root)
    return Patient(
        home, root, env, {**environ, "PATH": "/usr/bin:/bin", "SHELL": "/bin/bash", "TARGET": str(env)}
    )


def test_nothing_is_said_of_a_whole_one(patient: Patient) -> None:
    assert patient.said().findings == ()


def test_nothing_is_said_of_one_that_is_activated(patient: Patient) -> None:
    active = prefixes.activated(patient.environ, patient.root, patient.env)
    del active["TARGET"]
    assert patient.said(**active).findings == ()


def test_nothing_is_held_against_a_whole_course_in_a_conda_environment(
    patient: Patient, target_python: str
) -> None:
    course = linked_copy(Path(target_python).parent.parent, patient.root / "envs" / "lecture")
    (course / "pyvenv.cfg").unlink()
    prefixes.record(course, "python", f"{PYTHON}.0", "h_0_cpython", ["bin/python"])
    write(course / "conda-meta" / "history", "==> now <==\n")
    said = diagnose({**patient.environ, "TARGET": str(course)}, "--area", "conda,colab")
    assert said.findings == ()


# --- the install


def test_the_python_of_base_was_replaced(patient: Patient) -> None:
    write(patient.root / "bin" / "python3.99", "#!/bin/sh\n", 0o755)
    (patient.root / "bin" / "python").unlink()
    (patient.root / "bin" / "python").symlink_to("python3.99")
    said = patient.said()
    assert said.failed == said.complaints == ["conda-base-broken"]
    assert "3.99" in said.of("conda-base-broken")["evidence"]


def test_conda_itself_was_removed_from_base(patient: Patient) -> None:
    (patient.root / f"lib/python{PYTHON}/site-packages/conda/__init__.py").unlink()
    assert patient.said().failed == ["conda-base-broken"]


def test_the_whole_folder_was_moved(patient: Patient) -> None:
    moved = patient.root.rename(patient.home / "data")
    said = patient.said(TARGET=str(moved / "envs" / "course"))
    assert said.failed == ["conda-moved"]
    assert "/bin/python, which is not there" in said.of("conda-moved")["evidence"]


def test_a_folder_that_was_moved_and_linked_back_is_fine(patient: Patient) -> None:
    patient.root.rename(patient.home / "data")
    patient.root.symlink_to(patient.home / "data")
    assert patient.said().complaints == []


def test_an_old_conda_with_the_slow_solver(patient: Patient) -> None:
    for record in patient.root.glob("conda-meta/conda*.json"):
        record.unlink()
    prefixes.record(patient.root, "conda", "22.9.0", "py_0", [])
    said = patient.said()
    assert (said.failed, said.complaints) == ([], ["conda-too-old"])


def test_a_solver_whose_library_is_missing(patient: Patient) -> None:
    """Real libraries: libmamba asks for libarchive.so.19, and base has .so.13 only."""
    if not shutil.which("cc"):
        missing("cc", "no C compiler; as root: apt-get install gcc libc6-dev")
    lib = patient.root / "lib"
    needs: list[str] = []
    for soname in ("libarchive.so.19", "libmamba.so.4"):
        link = ["-shared", f"-Wl,-soname,{soname}", "-Wl,--no-as-needed", f"-L{lib}", *needs]
        subprocess.run(["cc", "-xc", "/dev/null", "-o", str(lib / soname), *link], check=True, timeout=30)
        needs = [f"-l:{soname}"]
    assert patient.said().findings == ()
    (lib / "libarchive.so.19").rename(lib / "libarchive.so.13")
    said = patient.said()
    assert said.failed == said.complaints == ["conda-libmamba-libarchive"]
    assert "libarchive.so.19" in said.of("conda-libmamba-libarchive")["evidence"]
    write(patient.home / ".condarc", "solver: classic\n")
    assert patient.said().findings == ()


# --- its settings


def test_a_tab_in_condarc(patient: Patient) -> None:
    write(patient.home / ".condarc", "channels:\n\t- https://user:hunter2@mirror.example/conda\n")
    said = patient.said()
    assert said.failed == said.complaints == ["conda-condarc-unreadable"]
    assert "line 2" in said.of("conda-condarc-unreadable")["evidence"]
    assert "hunter2" not in json.dumps(said.findings)


def test_no_channel_is_left(patient: Patient) -> None:
    write(patient.root / ".condarc", "channels: []\n")
    assert patient.said().failed == ["conda-no-channels"]
    write(patient.root / ".condarc", "channels: [nodefaults]\n")
    assert patient.said().failed == ["conda-no-channels"]


def test_channels_by_a_variable_are_channels(patient: Patient) -> None:
    write(patient.root / ".condarc", "channels: []\n")
    assert patient.said(CONDA_CHANNELS="conda-forge").findings == ()


def miniconda(patient: Patient) -> None:
    """As Miniconda comes: Anaconda's channels, and the plugin that asks for their terms."""
    write(patient.root / ".condarc", "channels: [defaults]\n")
    prefixes.record(patient.root, "conda-anaconda-tos", "0.2.2", "py312_0", [])


def decide(patient: Patient, accepted: bool) -> None:
    """What `conda tos accept|reject` records."""
    for number, name in enumerate(("main", "r")):
        said = {"version": "2025-07-15T00:00:00Z", "base_url": f"https://repo.anaconda.com/pkgs/{name}"}
        record = {**said, "tos_accepted": accepted, "acceptance_timestamp": "2026-11-01T00:00:00Z"}
        write(patient.home / ".conda/tos" / f"{number}abc" / "1752537600.0.json", json.dumps(record))


def test_terms_of_service_not_accepted(patient: Patient) -> None:
    miniconda(patient)
    said = patient.said()
    assert (said.failed, said.complaints) == ([], ["conda-tos-not-accepted"])
    assert "pkgs/main" in said.of("conda-tos-not-accepted")["evidence"]


@pytest.mark.parametrize("way", ["by hand", "by variable", "by condarc", "conda-forge", "no plugin"])
def test_terms_that_need_no_decision(patient: Patient, way: str) -> None:
    miniconda(patient)
    decide(patient, True) if way == "by hand" else None
    if way == "by condarc":
        write(patient.home / ".condarc", "plugins:\n  auto_accept_tos: true\n")
    if way == "conda-forge":
        write(patient.root / ".condarc", "channels: [conda-forge]\n")
    if way == "no plugin":
        next(patient.root.glob("conda-meta/conda-anaconda-tos-*.json")).unlink()
    more = {"CONDA_PLUGINS_AUTO_ACCEPT_TOS": "yes"} if way == "by variable" else {}
    assert patient.said(**more).complaints == []


def test_terms_of_service_rejected(patient: Patient) -> None:
    miniconda(patient)
    decide(patient, False)
    assert patient.said().failed == ["conda-tos-rejected"]


def test_a_dead_proxy_in_condarc_and_a_living_one(patient: Patient) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        write(patient.home / ".condarc", f"proxy_servers:\n  https: http://me:hunter2@127.0.0.1:{port}\n")
        said = patient.said()
        assert said.failed == said.complaints == ["conda-proxy-dead"]
        assert f"127.0.0.1:{port}" in said.of("conda-proxy-dead")["title"]
        assert "hunter2" not in json.dumps(said.findings)
        listening.listen()
        assert patient.said().findings == ()


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        ("ssl_verify", "ssl_verify: /etc/ssl/company-ca-that-is-gone.pem"),
        ("channels", "channels: conda-forge"),
        ("channel_priority", "channel_priority: stict"),
        ("always_yes", "always_yes: maybe"),
    ],
)
def test_a_value_that_conda_refuses(patient: Patient, setting: str, line: str) -> None:
    write(patient.home / ".condarc", f"{line}\n")
    said = patient.said()
    assert said.failed == said.complaints == ["conda-condarc-invalid"]
    assert setting in said.of("conda-condarc-invalid")["title"]


def test_values_that_look_odd_but_are_right(patient: Patient) -> None:
    odd = "ssl_verify: truststore\nalways_yes: 'yes'\nchannel_priority: false\nproxy_servers:\npinned_packages: []\n"
    write(
        patient.home / ".condarc",
        odd + "channels:\n  - conda-forge # mine\nssl_verify: /etc/ssl/certs\nunknown: x\n",
    )
    assert patient.said().findings == ()


def test_offline_was_left_on(patient: Patient) -> None:
    write(patient.home / ".condarc", "offline: true\n")
    assert patient.said().complaints == ["conda-offline-left-on"]


def test_no_secret_of_condarc_is_saved(patient: Patient, tmp_path: Path) -> None:
    secrets = "channels: ['https://me:hunter2@h.example/t/tk-5ecret/forge', defaults]\nproxy_servers: {http: 'http://me:hunter2@h.example:1'}\n"
    write(patient.home / ".condarc", secrets)
    diagnose(patient.environ, "--area", "conda", "--save", str(tmp_path / "facts.json"))
    saved = (tmp_path / "facts.json").read_text()
    assert "h.example" in saved and "hunter2" not in saved and "5ecret" not in saved


# --- the shell


def test_a_shell_that_was_never_initialised(patient: Patient) -> None:
    (patient.home / ".bashrc").unlink()
    assert patient.said().complaints == ["conda-not-initialised"]


def test_a_shell_that_loads_conda_by_hand(patient: Patient) -> None:
    write(patient.home / ".bashrc", f". {patient.root}/etc/profile.d/conda.sh\n")
    assert patient.said().complaints == []


def test_a_block_of_a_conda_that_was_removed(patient: Patient) -> None:
    prefixes.initialise(patient.home, patient.home / "anaconda3")
    said = patient.said()
    assert (said.failed, said.complaints) == ([], ["conda-init-removed-install"])
    assert "conda init" in said.of("conda-init-removed-install")["evidence"]


def test_a_shell_whose_environment_was_removed(patient: Patient) -> None:
    active = prefixes.activated(patient.environ, patient.root, patient.root / "envs" / "gone")
    assert patient.said(**active).complaints == ["conda-variables-stale"]


def test_another_conda_first_on_path(patient: Patient) -> None:
    other = prefixes.install(patient.home / "miniconda3")
    said = patient.said(PATH=f"{other}/condabin:{patient.root}/condabin:/usr/bin:/bin")
    assert said.complaints == ["conda-other-first"]


def test_two_condas_are_no_fault(patient: Patient) -> None:
    prefixes.install(patient.home / "miniconda3")
    said = patient.said(PATH=f"{patient.root}/condabin:/usr/bin:/bin")
    assert said.complaints == [] and said.of("conda-several-installs")["severity"] == "info"


def test_an_active_environment_without_python(patient: Patient) -> None:
    empty = patient.root / "envs" / "empty"
    write(empty / "conda-meta" / "history", "==> now <==\n")
    active = prefixes.activated(patient.environ, patient.root, empty)
    assert patient.said(**active).complaints == ["conda-env-without-python"]


def test_conda_activated_over_a_virtual_environment(patient: Patient, empty_env: Path) -> None:
    active = prefixes.activated({**patient.environ, "VIRTUAL_ENV": str(empty_env)}, patient.root, patient.env)
    assert patient.said(**active).complaints == ["conda-and-venv-active"]
    over = {
        **active,
        "PATH": f"{empty_env}/bin:{active['PATH']}",
    }  # as most people have it: base below, venv above
    assert patient.said(**over).complaints == []


def test_a_pip_of_another_python(patient: Patient) -> None:
    write(patient.home / ".local/bin/pip", "#!/usr/bin/python3\n", 0o755)
    active = prefixes.activated(patient.environ, patient.root, patient.env)
    active["PATH"] = f"{patient.home}/.local/bin:{active['PATH']}"
    said = patient.said(**active)
    assert said.complaints == ["conda-pip-of-another-python"]
    assert "/bin/pip;" in said.of("conda-pip-of-another-python")["evidence"]


# --- the environment


def test_a_record_that_was_cut_short(patient: Patient) -> None:
    (record,) = patient.env.glob("conda-meta/libopus-*.json")
    record.write_text(record.read_text()[:20])
    said = patient.said()
    assert said.failed == said.complaints == ["conda-record-unreadable"]
    assert "libopus" in said.of("conda-record-unreadable")["title"]


def test_a_library_that_was_deleted(patient: Patient) -> None:
    (patient.env / "lib/libopus.so.0").unlink()
    said = patient.said()
    assert said.failed == said.complaints == ["conda-package-files-missing"]
    assert "libopus.so.0" in said.of("conda-package-files-missing")["evidence"]


def test_what_pip_replaced_and_images_clean_up_is_not_missed(patient: Patient) -> None:
    site = f"lib/python{PYTHON}/site-packages"
    replaced = [f"{site}/numpy/old_module.py", f"{site}/numpy-1.26.4.dist-info/RECORD", "bin/f2py"]
    prefixes.record(patient.env, "numpy", "1.26.4", "py312_0", replaced)
    prefixes.record(
        patient.env, "xz", "5.8.1", "h_0", ["lib/liblzma.a", f"lib/python{PYTHON}/test/x.py", "share/x"]
    )
    assert patient.said().findings == ()


def test_no_history(patient: Patient) -> None:
    (patient.env / "conda-meta" / "history").unlink()
    assert patient.said().complaints == ["conda-history-missing"]
    (patient.env / "conda-meta" / "history").touch()
    assert patient.said().complaints == []


def test_a_frozen_environment(patient: Patient) -> None:
    write(patient.env / "conda-meta" / "frozen", "")
    assert patient.said().complaints == ["conda-env-frozen"]


def test_an_environment_on_a_read_only_mount(patient: Patient) -> None:
    meta = patient.env / "conda-meta"
    read_only = f"mount --bind {meta} {meta} && mount -o remount,ro,bind {meta}"
    assert patient.said(*in_namespace(read_only)).complaints == ["conda-env-not-writable"]


def test_pip_set_to_the_home(patient: Patient) -> None:
    write(patient.home / ".config/pip/pip.conf", "[install]\nuser = true\n")
    assert patient.said().complaints == ["conda-pip-user"]
    assert patient.said(PIP_USER="0").complaints == []
    (patient.home / ".config/pip/pip.conf").unlink()
    assert patient.said(PIP_USER="1").complaints == ["conda-pip-user"]


def test_pins_that_forbid_what_is_there(patient: Patient) -> None:
    write(patient.env / "conda-meta" / "pinned", f"# mine\npython ={PYTHON}\nnumpy <3\n")
    assert patient.said().complaints == []
    write(patient.env / "conda-meta" / "pinned", "python 3.8.*\n")
    said = patient.said()
    assert said.complaints == ["conda-pins-other-versions"]
    assert "3.8" in said.of("conda-pins-other-versions")["evidence"]


# --- the caches


def in_namespace(*lines: str) -> tuple[str, ...]:
    """A start in a mount namespace of its own, after those commands."""
    return ("unshare", "-m", "sh", "-c", " && ".join((*lines, 'exec "$@"')), "sh")


def test_a_full_disk_for_packages(patient: Patient) -> None:
    pkgs = patient.home / "data" / "pkgs"
    pkgs.mkdir(parents=True)
    write(patient.home / ".condarc", f"pkgs_dirs: [{pkgs}]\n")
    small = in_namespace(f"mount -t tmpfs -o size=20m tmpfs {pkgs}")
    said = patient.said(*small)
    assert said.failed == said.complaints == ["conda-pkgs-no-space"]
    few = in_namespace(f"mount -t tmpfs -o size=900m,nr_inodes=50 tmpfs {pkgs}")
    assert patient.said(*few).failed == ["conda-pkgs-no-space"]
    assert patient.said().findings == ()


def test_a_package_that_lost_files_in_the_cache(patient: Patient) -> None:
    next(patient.root.glob("pkgs/zlib-*/lib/libz.so.1")).unlink()
    said = patient.said()
    assert (said.failed, said.complaints) == ([], ["conda-pkgs-corrupt"])
    assert "libz.so.1" in said.of("conda-pkgs-corrupt")["evidence"]


def test_an_archive_that_was_cut_short(patient: Patient) -> None:
    (patient.root / "pkgs" / "numpy-2.4.6-py312_0.conda").write_bytes(b"PK\x03\x04" + b"\0" * 5000)
    assert patient.said().complaints == ["conda-pkgs-corrupt"]


def test_a_half_unpacked_package_is_unpacked_again_by_conda(patient: Patient) -> None:
    write(patient.root / "pkgs" / "numpy-2.4.6-py312_0" / "lib" / "x", "")
    write(patient.root / "pkgs" / "torch-2.conda.partial", "PK")
    assert patient.said().findings == ()


HOLD = """
import fcntl, sys, time
file = open(sys.argv[1], "r+")
fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 21)
print("held", flush=True)
time.sleep(60)
"""


@contextmanager
def holding(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock that conda takes, as conda takes it."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_conda_that_was_stopped_holds_the_cache(patient: Patient) -> None:
    cached = patient.root / "pkgs" / "cache" / "497deca9.json"
    write(cached, "{}")
    with holding(cached) as process:
        said = patient.said()
        assert said.complaints == [] and said.of("conda-lock-held")["severity"] == "info"
        os.kill(process.pid, signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)
        said = patient.said()
        assert said.complaints == ["conda-lock-held"]
        assert str(process.pid) in said.of("conda-lock-held")["title"]


def test_a_lock_file_that_nobody_holds_is_nothing(patient: Patient) -> None:
    write(patient.root / "pkgs" / "cache" / "497deca9.json.lock", "4242")
    with (patient.root / "pkgs" / "cache" / "497deca9.json.lock").open("r+") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
    assert patient.said().findings == ()


# --- where another manager is used


def test_a_broken_conda_of_somebody_else_does_not_fail(patient: Patient, empty_env: Path) -> None:
    (patient.root / f"lib/python{PYTHON}/site-packages/conda/__init__.py").unlink()
    write(patient.home / ".condarc", "channels:\n\t- x\n")
    said = patient.said(TARGET=str(empty_env))
    assert [f for f in said.failed if f.startswith("conda")] == []
    assert said.of("conda-base-broken")["severity"] == "warn"  # the shell starts it
    assert said.of("conda-condarc-unreadable")["severity"] == "info"


def test_a_broken_conda_is_the_cause_where_there_is_no_environment_at_all(patient: Patient) -> None:
    (patient.root / f"lib/python{PYTHON}/site-packages/conda/__init__.py").unlink()
    del patient.environ["TARGET"]
    assert "conda-base-broken" in patient.said().complaints


def test_micromamba_alone_is_healthy(patient: Patient) -> None:
    mamba = patient.home / "micromamba" / "envs" / "course"
    mamba.parent.mkdir(parents=True)
    shutil.rmtree(patient.root / "pkgs")
    (patient.root / "envs").rename(patient.home / "away")
    shutil.rmtree(patient.root)
    prefixes.create(patient.home / "micromamba")
    write(patient.home / ".local/bin/micromamba", "#!/bin/sh\n", 0o755)
    hook = f'eval "$({patient.home}/.local/bin/micromamba shell hook --shell bash)"\n'
    write(patient.home / ".bashrc", hook)
    said = patient.said(TARGET=str(mamba), CONDA_PREFIX=str(mamba), PATH=f"{mamba}/bin:/usr/bin:/bin")
    assert [(f["id"], f["severity"]) for f in said.findings] == [("conda-only-mamba", "info")]


def test_a_pipe_in_place_of_each_file_costs_nothing(patient: Patient) -> None:
    for name in (".condarc", ".config/pip/pip.conf", ".conda/tos/a/1.json"):
        (patient.home / name).parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(patient.home / name)
    os.mkfifo(patient.env / "conda-meta" / "pinned")
    prefixes.record(patient.root, "conda-anaconda-tos", "0.2.2", "py312_0", [])
    assert patient.said().findings == ()

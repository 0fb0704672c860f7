"""Cards that a driver has left behind, libraries that an image kept, and limits of a container, as people have reported them."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.faults.gpu.world import LIBRARIES, World, windows, working
from tests.faults.native import library
from tests.faults.patient import Diagnosis, bare_environ, diagnose
from tests.faults.reported.test_gpu import as_a_student
from tests.faults.reported.test_machine import UNAME
from tests.faults.test_colab import COLAB, NEW_ROOT

AREAS = "gpu,host,disk"
KERNEL = platform.release()
# As the kernel keeps it: one record, its inner line ends written out.
LEGACY = (
    r"NVRM: The NVIDIA {card} GPU installed in this system is\x0aNVRM:  supported through the NVIDIA {last}.xx Legacy drivers. Please"
    r"\x0aNVRM:  visit http://www.nvidia.com/object/unix.html for more\x0aNVRM:  information.  The {driver} NVIDIA driver will ignore"
    r"\x0aNVRM:  this GPU.  Continuing probe..."
)


def with_module(world: World, device: int, driver: str, name: str = "nvidia-driver-{}") -> World:
    """A driver that is installed for this kernel, and not loaded."""
    branch = driver.partition(".")[0]
    world.card(0, device, bound=None).library(driver).says("init 9", f"driver {driver}")
    world.packages(
        **dict.fromkeys((name.format(branch), f"libnvidia-compute-{branch}"), f"{driver}-0ubuntu1")
    )
    return world.put(f"/lib/modules/{KERNEL}/updates/dkms/nvidia.ko", "x")


@pytest.mark.parametrize(
    ("device", "driver", "cause"),
    [
        (0x15F8, "595.58.03", "driver-too-new-for-gpu"),  # P100
        (0x102D, "535.183.01", "driver-too-new-for-gpu"),  # K80
        (0x2B85, "550.144.03", "driver-too-old-for-gpu"),  # RTX 5090
        (0x15F8, "580.95.05", "driver-module-not-loaded"),
        (0x1EB8, "595.58.03", "driver-module-not-loaded"),  # T4
    ],
)
def test_a_driver_that_was_not_made_for_the_card(bare: World, device: int, driver: str, cause: str) -> None:
    """https://github.com/NixOS/nixos-hardware/issues/1828: its module does not stay, and modprobe says "No such device"."""
    said = with_module(bare, device, driver).diagnose(areas=AREAS)
    assert said.complaints == [cause]
    if cause == "driver-too-new-for-gpu":
        last = "470" if device == 0x102D else "580"
        assert last in said.of(cause)["title"] and driver in said.of(cause)["title"]


@pytest.mark.parametrize(
    ("device", "cause"), [(0x15F8, "gpu-needs-closed-module"), (0x2684, "driver-module-not-loaded")]
)
def test_the_open_modules_beside_a_card_before_turing(bare: World, device: int, cause: str) -> None:
    said = with_module(bare, device, "570.144", "nvidia-driver-{}-open").diagnose(areas=AREAS)
    assert said.complaints == [cause]


@pytest.mark.parametrize("loaded", [True, False])
def test_the_branch_that_the_driver_itself_names(bare: World, loaded: bool) -> None:
    """By the kernel's log alone: of this card's number nothing is known, nor which driver was installed."""
    world = bare.card(0, 0x1E07, bound=None).library("599.10.01").says("init 9", "driver 599.10.01")
    world.put(f"/lib/modules/{KERNEL}/updates/dkms/nvidia.ko", "x")
    if loaded:
        world.loaded("599.10.01")
    world.kernel_says(
        LEGACY.format(card="GeForce RTX 2080 Ti", last="590", driver="599.10.01"),
        "NVRM: No NVIDIA GPU found.",
    )
    said = world.diagnose(areas=AREAS)
    assert said.complaints == ["driver-too-new-for-gpu"]
    one = said.of("driver-too-new-for-gpu")
    assert "590" in one["title"] and "nvidia-driver-590-server" in one["remedy"]["commands"][0]


@pytest.mark.parametrize(
    ("device", "package"),
    [
        (0x102D, "nvidia-driver-470"),
        (0x2B85, "nvidia-driver-580-server-open"),
        (0x1EB8, "nvidia-driver-580-server"),
    ],
)
def test_the_driver_that_is_advised_is_one_for_the_card(bare: World, device: int, package: str) -> None:
    said = bare.card(0, device, bound=None).diagnose(areas=AREAS)
    assert said.complaints == ["driver-not-installed"]
    assert said.of("driver-not-installed")["remedy"]["commands"][0][3] == package


# ---- what an image kept of another host's driver

PARTS = ("cuda", "nvidia-ml", "nvidia-ptxjitcompiler", "nvidia-compiler")


def leftovers(world: World, version: str = "418.56") -> World:
    """As a container that was saved while the driver of its host was laid in."""
    world.in_container()
    for part in PARTS:
        world.put(f"{LIBRARIES}/lib{part}.so.{version}")
    for part in PARTS[:2]:
        (world.folder / f"root{LIBRARIES}/lib{part}.so.1").symlink_to(f"lib{part}.so.{version}")
    return world.put("/usr/bin/nvidia-smi")


def test_an_image_that_was_saved_with_a_driver_laid_in(bare: World) -> None:
    """https://github.com/NVIDIA/libnvidia-container/issues/140: "libcuda.so.418.56 is empty, not checked", "file too short"."""
    world = leftovers(bare.card(0, 0x2236).loaded("550.144.03").node("nvidia0", "nvidiactl", "nvidia-uvm"))
    said = world.diagnose(areas=AREAS, NVIDIA_VISIBLE_DEVICES="all")
    assert said.complaints == ["image-kept-empty-driver-files"]
    away = said.of(said.complaints[0])["remedy"]["commands"][0]
    assert away[1:] == sorted(
        [*(f"{LIBRARIES}/lib{part}.so.418.56" for part in PARTS), "/usr/bin/nvidia-smi"]
    )


def test_leftovers_beside_the_driver_that_is_laid_in(bare: World) -> None:
    """Ugly, and harmless: the names lead to the host's files."""
    world = (
        working(bare, "a10")
        .in_container()
        .put(f"{LIBRARIES}/libcuda.so.418.56")
        .put(f"{LIBRARIES}/libnvidia-cfg.so.418.56")
    )
    assert world.diagnose(areas=AREAS, NVIDIA_VISIBLE_DEVICES="all").complaints == []


# ---- Windows' Linux that is told to do without

WSL = "Linux version 5.15.153.1-microsoft-standard-WSL2 (root@941d701f84f1) (gcc (GCC) 11.2.0) #1 SMP\n"


def without_card(world: World, conf: str, users: str = "") -> World:
    world.put("version", WSL, "proc").node("dxg", number="10 125").put("/etc/wsl.conf", conf)
    return world.put("/mnt/c/Users/me/.wslconfig", users) if users else world


@pytest.mark.parametrize(
    ("conf", "users", "said"),
    [
        ("[boot]\nsystemd=true\n[gpu]\nenabled=false\n", "", "/etc/wsl.conf:4"),
        ("[GPU]\n  Enabled = 0 # none\n", "", "/etc/wsl.conf:2"),
        ("[interop]\nenabled=false\n", "", ""),
        ("[gpu]\n#enabled=false\nenabled=true\n", "", ""),
        ("", "[wsl2]\nmemory=8GB\ngpuSupport=false\n", "/mnt/c/Users/me/.wslconfig:3"),
        ("", "[wsl2]\nsafeMode=true\n", "/mnt/c/Users/me/.wslconfig:2"),
        ("", "[experimental]\ngpuSupport=false\n", ""),
    ],
)
def test_a_linux_that_windows_gives_no_card(
    bare: World, tmp_path: Path, conf: str, users: str, said: str
) -> None:
    """The keys are those of WSL's own source, WslDistributionConfig.h and WslCoreConfig.h."""
    world = without_card(bare, conf, users)
    shim = library(tmp_path / "uname.so", UNAME.replace("RELEASE", "5.15.153.1-microsoft-standard-WSL2"))
    world.inner = ["env", f"LD_PRELOAD={shim}"]
    found = world.diagnose(areas=AREAS, WSL_DISTRO_NAME="Ubuntu-22.04", WSL_INTEROP="/run/WSL/8_interop")
    assert [one["id"] for one in found.findings if one["area"] == "gpu"] == (
        ["wsl-gpu-switched-off"] if said else ["gpu-none"]
    )
    if said:
        assert said in found.of("wsl-gpu-switched-off")["title"]


def test_a_card_that_is_there_all_the_same(bare: World) -> None:
    """Written since the last start: not in force yet."""
    world = windows(bare).put("/etc/wsl.conf", "[gpu]\nenabled=false\n")
    assert world.diagnose(areas=AREAS).complaints == []


# ---- a container that may start few processes

PIDS = Path("/sys/fs/cgroup/pids")


@pytest.fixture
def few_processes() -> Iterator[Path]:
    """A control group, in which no more than a handful may run beside what is started in it here."""
    if os.geteuid() != 0 or not (PIDS / "cgroup.procs").exists():
        missing("root", "no pids controller of cgroup v1")
    group = PIDS / f"groundwork-test-{time.monotonic_ns()}"
    group.mkdir()
    (group / "pids.max").write_text("24")
    yield group
    deadline = time.monotonic() + 10
    while (group / "cgroup.procs").read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    group.rmdir()


@pytest.mark.parametrize(("many", "expected"), [(17, ["pids-limit-near"]), (0, ["pids-limit-near"])])
def test_a_container_whose_processes_are_used_up(
    few_processes: Path, home: Path, many: int, expected: list[str]
) -> None:
    """https://github.com/podman-container-tools/podman/issues/17647: what else will not start then is no cause of its own."""
    lines = (
        f"echo $$ >{few_processes}/cgroup.procs",
        f'for i in $(seq {many}); do sleep 60 & all="$all $!"; done',
        '"$@"; code=$?',
        '[ -z "$all" ] || kill $all',
        "exit $code",
    )
    prefix = ["sh", "-c", "\n".join(lines), "sh"]
    said = diagnose(bare_environ(home), "--area", "host,ffmpeg", prefix=prefix)
    assert [name for name in said.complaints if name != "ffmpeg-missing"] == expected
    one = said.of("pids-limit-near")
    assert one["severity"] == ("fail" if many else "warn")
    assert ("sleep (17)" in one["evidence"]) == bool(many)


# ---- scripts of Windows

SCRIPT = b"#!/usr/bin/env bash\r\nset -e\r\npip install -r requirements.txt\r\n"


def line_ends(environ: dict[str, str], cwd: Path, *scripts: str) -> Diagnosis:
    """The doctor started from a folder of the person's."""
    go = ["sh", "-c", 'cd "$0" && cd - >/dev/null && exec "$@"', str(cwd)]  # the shell was there before
    said = diagnose(environ, "--area", "host", prefix=go)
    assert [one for one in said.complaints if "line-end" in one] == list(scripts)
    return said


@pytest.mark.parametrize("place", ["setup.sh", "scripts/start.bash", "scripts/run"])
def test_scripts_that_git_for_windows_checked_out(home: Path, tmp_path: Path, place: str) -> None:
    """https://github.com/pyenv/pyenv/issues/1725: "/usr/bin/env: 'bash\\r': No such file or directory"."""
    file = tmp_path / "course" / place
    file.parent.mkdir(parents=True)
    file.write_bytes(SCRIPT)
    file.chmod(0o755)
    ran = subprocess.run([str(file)], capture_output=True, check=False, timeout=20)
    assert ran.returncode == 127 and b"bash" in ran.stderr
    said = line_ends(bare_environ(home), tmp_path / "course", "script-with-windows-line-ends")
    one = said.of("script-with-windows-line-ends")
    assert str(file) in one["evidence"] and one["remedy"]["commands"][0] == [
        "sed",
        "-i",
        "s/\\r$//",
        str(file),
    ]
    subprocess.run(one["remedy"]["commands"][0], check=True, timeout=20)
    assert file.read_bytes() == SCRIPT.replace(b"\r", b"")
    line_ends(bare_environ(home), tmp_path / "course")


def test_files_of_windows_that_harm_nobody(home: Path, tmp_path: Path) -> None:
    """Data, Python's own text, batch files, and a CR that is none at a line's end."""
    for name, text in (
        ("notes.txt", b"a\r\n"),
        ("train.py", b"#!/usr/bin/python3\r\n"),
        ("go.bat", b"@echo off\r\n"),
        ("fine.sh", b"#!/bin/sh\nprintf 'a\\r\\n'\r\n"),
        ("Makefile", b"all:\r\n"),
        ("empty.sh", b""),
    ):
        (tmp_path / name).write_bytes(text)
    line_ends(bare_environ(home), tmp_path)


def test_a_start_up_file_of_windows(home: Path, tmp_path: Path) -> None:
    (home / ".bashrc").write_bytes(b"export HF_HOME=/data/hf\r\n")
    line_ends(bare_environ(home), tmp_path, "script-with-windows-line-ends")


def test_variables_of_such_a_file(home: Path, tmp_path: Path) -> None:
    said = line_ends(bare_environ(home, COURSE="a\r"), tmp_path, "variable-with-windows-line-end")
    assert "COURSE" in said.of("variable-with-windows-line-end")["title"]


# ---- Colab


def on_colab(home: Path, tmp_path: Path, more: str) -> Diagnosis:
    environ = bare_environ(home, **COLAB, HF_TOKEN="hf_x", MANAGER="system", ENV_MANAGER="system")
    root = tmp_path / "root"
    root.mkdir()
    made = f"mkdir -p content/sample_data var/colab; {more}"
    prefix = ("unshare", "-m", "sh", "-c", NEW_ROOT, "sh", str(root), made)
    return diagnose(environ, "--area", "colab,packages", prefix=prefix)


@pytest.mark.parametrize(
    ("more", "folders"),
    [
        (
            "mkdir -p content/drive/MyDrive/llm; : > content/drive/MyDrive/llm/model.safetensors",
            ["/content/drive"],
        ),
        ("mkdir -p content/gdrive/MyDrive", ["/content/gdrive"]),
        ("ln -s /content/sample_data content/drive", ["/content/drive"]),
        ("mkdir -p content/drive", []),
        ("mkdir -p content/drive; mount -t tmpfs none content/drive; mkdir content/drive/MyDrive", []),
    ],
)
def test_files_where_the_drive_is_to_be_mounted(
    home: Path, tmp_path: Path, more: str, folders: list[str]
) -> None:
    """https://github.com/svc-develop-team/so-vits-svc/issues/124: "Mountpoint must not already contain files"."""
    said = on_colab(home, tmp_path, more)
    found = [one for one in said.findings if one["id"] == "colab-drive-folder-not-empty"]
    assert [one["title"].partition(" ")[0] for one in found] == folders


def notebook(source: str) -> str:
    cell: dict[str, object] = {
        "cell_type": "code",
        "source": [source],
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ('import os\nos.environ["LC_ALL"] = "C"', True),
        ("%env LC_ALL=C", True),
        ("import locale\nlocale.setlocale(locale.LC_ALL, 'C')", True),
        ('import os\nos.environ.update(LANG="POSIX")', True),
        ('import os\nos.environ["LC_ALL"] = "C.UTF-8"', False),
        ("import locale\nlocale.setlocale(locale.LC_NUMERIC, 'C')", False),
        ('# os.environ["LC_ALL"] = "C"', False),
    ],
)
@pytest.mark.parametrize("at_start", [True, False])
def test_a_notebook_that_takes_its_language_away(
    home: Path, tmp_path: Path, source: str, told: bool, at_start: bool
) -> None:
    """https://github.com/googlecolab/colabtools/issues/3409: "A UTF-8 locale is required. Got ANSI_X3.4-1968"."""
    if at_start and source.startswith("%"):
        pytest.skip("start-up files of this kind are plain Python")
    file = home / (".ipython/profile_default/startup/00.py" if at_start else "lecture1.ipynb")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(source + "\n" if at_start else notebook(source))
    said = on_colab(home, tmp_path, f"cp {file} content/")
    found = [one for one in said.findings if one["id"] == "colab-locale-not-utf8"]
    assert bool(found) == told
    if told:
        assert file.name in found[0]["evidence"]


# ---- a limit, and who set it


@pytest.mark.parametrize(
    ("letter", "item", "limit", "finding"),
    [
        ("v", "as", "8000000", "address-space-limit"),
        ("f", "fsize", "1000000", "file-size-limit"),
        ("n", "nofile", "512", "nofile-limit"),
    ],
)
def test_the_lines_that_set_a_limit(bare: World, letter: str, item: str, limit: str, finding: str) -> None:
    """https://github.com/NNPDF/nnpdf/issues/291: "failed to map segment from shared object" on a login node with memory enough."""
    (bare.folder / "home").mkdir()
    (bare.folder / "home/.bashrc").write_text(
        f"# ulimit -{letter} 1\nulimit -c 0\nulimit -S{letter} {limit}\n"
    )
    bare.put(
        "/etc/security/limits.d/90-login.conf",
        f"# * hard {item} 1\nsomebody hard {item} 1\n* hard {item} {limit}\n",
    )
    bare.inner = ["bash", "-c", f'ulimit -{letter} {limit}; exec "$@"', "sh"]
    evidence = bare.diagnose(areas="host").of(finding)["evidence"]
    assert "~/.bashrc:3" in evidence and "/etc/security/limits.d/90-login.conf:3" in evidence
    assert ":1" not in evidence and ":2" not in evidence


def test_lines_that_set_what_is_enough(bare: World) -> None:
    (bare.folder / "home").mkdir()
    (bare.folder / "home/.bashrc").write_text("ulimit -n 65535\n")
    bare.inner = ["bash", "-c", 'ulimit -n 65535; exec "$@"', "sh"]
    assert not [name for name in bare.diagnose(areas="host").complaints if name.endswith("-limit")]


def test_a_python_that_may_not_be_started(few_processes: Path, home: Path, empty_env: Path) -> None:
    """It is not broken: with room for one process more it starts."""
    lines = (
        f"echo $$ >{few_processes}/cgroup.procs",
        'for i in $(seq 19); do sleep 60 & all="$all $!"; done',
        '"$@"; code=$?; kill $all; exit $code',
    )
    environ = bare_environ(home, TARGET=str(empty_env))
    said = diagnose(environ, "--area", "host,python,ffmpeg", prefix=["sh", "-c", "\n".join(lines), "sh"])
    assert said.failed == ["pids-limit-near"]
    assert any("pids-limit-near" in one["blocked_by"] for one in said.findings if one["area"] != "host")


def test_a_limit_of_the_group_above(few_processes: Path, home: Path) -> None:
    """As systemd's TasksMax of a user: the session itself has no limit, and others of the user use it up."""
    session = few_processes / "session"
    session.mkdir()
    lines = (
        f"echo $$ >{few_processes}/cgroup.procs",
        'for i in $(seq 18); do sleep 60 & all="$all $!"; done',
        f"echo $$ >{session}/cgroup.procs",
        '"$@"; code=$?; kill $all; exit $code',
    )
    try:
        said = diagnose(bare_environ(home), "--area", "host", prefix=["sh", "-c", "\n".join(lines), "sh"])
    finally:
        while (session / "cgroup.procs").read_text():
            time.sleep(0.05)
        session.rmdir()
    assert said.failed == ["pids-limit-near"]


@pytest.mark.parametrize(
    ("mode", "group", "command"),
    [
        ("660", "games", "usermod -aG games "),
        ("660", "4711", "usermod -aG 4711 "),
        ("600", "0", "NVreg_DeviceFileMode=0666"),
    ],
)
def test_the_group_that_may_open_the_card(bare: World, mode: str, group: str, command: str) -> None:
    """It is not always `video`: the driver makes its nodes for the group that its options name."""
    world = working(bare, "a10").says("init 4")
    for name in ("nvidia0", "nvidiactl", "nvidia-uvm"):
        world.without_node(name).nodes.append(f"{name} {mode} root:{group} 1 3")
    said = as_a_student(world)
    assert said.complaints == ["gpu-nodes-not-permitted"]
    assert command in " ".join(said.of("gpu-nodes-not-permitted")["remedy"]["commands"][0])

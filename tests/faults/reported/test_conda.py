"""conda as people have reported it: solver and channels, files of root, descriptions and installers from elsewhere."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from doctor.texts.search import by_text
from tests.conda_host import prefixes
from tests.conftest import missing
from tests.faults.conda.patient import AREAS, Patient
from tests.faults.patient import diagnose
from tests.faults.person import NOBODY, diagnose_as_nobody, hand_over, home_of_nobody, need_another_user


@pytest.fixture
def patient(home: Path, environ: dict[str, str]) -> Patient:
    return person_of(home, environ)


def person_of(home: Path, environ: dict[str, str], **install: object) -> Patient:
    root = prefixes.install(home / "miniforge3", **install)  # type: ignore[arg-type]
    env = prefixes.create(root)
    prefixes.initialise(home, root)
    return Patient(
        home, root, env, {**environ, "PATH": "/usr/bin:/bin", "SHELL": "/bin/bash", "TARGET": str(env)}
    )


@pytest.mark.parametrize(
    ("version", "libmamba", "settings", "severity"),
    [
        ("4.7.12", False, "channels: [defaults, conda-forge]\n", "warn"),
        ("4.7.12", False, "channels: [defaults, conda-forge]\nchannel_priority: strict\n", None),
        ("25.1.0", True, "channels: [defaults, conda-forge]\nsolver: classic\n", "warn"),
        ("25.1.0", True, "channels: [defaults, conda-forge]\n", None),
        ("4.7.12", False, "channels: [conda-forge]\n", None),
    ],
)
def test_channels_mixed_under_the_slow_solver(
    home: Path, environ: dict[str, str], version: str, libmamba: bool, settings: str, severity: str | None
) -> None:
    """https://github.com/conda/conda/issues/8197: Solving environment never ends."""
    patient = person_of(home, environ, version=version, libmamba=libmamba)
    (patient.root / ".condarc").unlink()
    (home / ".condarc").write_text(settings)
    said = [one["severity"] for one in patient.said().findings if one["id"] == "conda-channels-mixed"]
    assert said == ([severity] if severity else [])


def test_files_of_root_in_a_persons_home() -> None:
    """https://github.com/conda/conda/issues/7267: NotWritableError, ~/.conda/environments.txt."""
    need_another_user()
    with home_of_nobody() as home:
        environ = {"PATH": "/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8", "SHELL": "/bin/bash"}
        patient = person_of(home, environ)
        hand_over(home)
        assert "conda-files-not-yours" not in [
            f["id"] for f in diagnose_as_nobody(patient.environ, "--area", AREAS).findings
        ]
        (home / ".conda").mkdir(mode=0o755)
        (home / ".conda/environments.txt").write_text(f"{patient.env}\n")
        said = diagnose_as_nobody(patient.environ, "--area", AREAS)
        assert "conda-files-not-yours" in said.failed
        assert "environments.txt" in str(said.of("conda-files-not-yours")["evidence"])
        command = said.of("conda-files-not-yours")["remedy"]["commands"][0]
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", *command[4:]], check=True, timeout=30)
        assert "conda-files-not-yours" not in [
            f["id"] for f in diagnose_as_nobody(patient.environ, "--area", AREAS).findings
        ]


MAC = """name: hf-env
channels:
  - defaults
  - conda-forge
dependencies:
  - appnope=0.1.2=py39hecd8cb5_1001
  - zlib=1.2.13=h4dc903c_0
  - python=3.9
  - pip:
    - transformers==4.30.0
prefix: /Users/shaw/anaconda3/envs/hf-env
"""
FINE = """name: hf-env
channels: [conda-forge]
dependencies:
  - python=3.11
  - libgcc-ng=13.2.0=h807b86f_5
  - appnope  # [osx]
  - pip:
    - pywin32==306; sys_platform == "win32"
prefix: /home/shaw/miniconda3/envs/hf-env
"""


@pytest.mark.parametrize(
    ("name", "text", "platform"),
    [
        ("hf-env.yml", MAC, "macOS"),
        ("environment.yml", MAC.replace("  - appnope=0.1.2=py39hecd8cb5_1001\n", ""), "macOS"),
        ("environment.yaml", FINE.replace("libgcc-ng", "vs2015_runtime"), "Windows"),
        ("environment.yml", FINE.replace("libgcc-ng", "ld_impl_linux-aarch64"), "linux-aarch64"),
        ("environment.yml", FINE, None),
        ("environment-macos.yml", MAC, None),
        ("docker-compose.yml", MAC, None),
    ],
)
def test_a_description_of_another_platform(
    patient: Patient, name: str, text: str, platform: str | None
) -> None:
    """https://github.com/ShawhinT/YouTube-Blog/issues/3: nothing provides requested zlib ==1.2.13 h4dc903c_0."""
    if os.uname().machine != "x86_64":
        pytest.skip("written for x86-64")
    (patient.home / name).write_text(text)
    said = [f for f in patient.said().findings if f["id"] == "conda-environment-file-of-another-platform"]
    assert len(said) == bool(platform)
    if platform:
        assert platform in str(said[0]["title"])
        subprocess.run(said[0]["remedy"]["commands"][0], check=True, timeout=30)
        copy = next(patient.home.glob("*-portable.yml")).read_text()
        assert "h4dc903c_0" not in copy and "h807b86f_5" not in copy and "prefix:" not in copy
        assert "transformers==4.30.0" in copy or "pywin32==306" in copy


OLD = '#!/bin/sh\nextract_dist () {\n    bunzip2 < "$1" | tar -xf -\n}\n# end of header\n'


@pytest.mark.parametrize(
    ("text", "there", "said"),
    [(OLD, False, True), (OLD, True, False), ("#!/bin/sh\n./conda.exe constructor\n", False, False)],
)
def test_an_installer_that_cannot_unpack_itself(
    home: Path, person: dict[str, str], tmp_path: Path, text: str, there: bool, said: bool
) -> None:
    """https://github.com/ContinuumIO/anaconda-issues/issues/8182: bunzip2: command not found."""
    (home / "Miniconda2-latest-Linux-x86_64.sh").write_text(text)
    programs = tmp_path / "programs"
    programs.mkdir()
    if there:
        (programs / "bunzip2").symlink_to("/bin/true")
    found = diagnose({**person, "PATH": str(programs)}, "--area", "host,conda")
    assert ("conda-installer-lacks-tool" in found.complaints) == said


@pytest.mark.parametrize(
    "line",
    ['export PATH="{other}:$PATH"', "PATH={other}:$PATH", 'export PATH="{other}:/opt/x/bin:${{PATH}}"'],
)
def test_a_line_behind_condas_block(patient: Patient, tmp_path: Path, line: str) -> None:
    """https://github.com/conda/conda/issues/9392: `which python` is still another one's."""
    if os.geteuid() != 0:
        missing("root", "as in the other tests of conda")
    other = tmp_path / "other"
    other.mkdir()
    (other / "python").symlink_to(patient.env / "bin/python")
    rc = patient.home / ".bashrc"
    rc.write_text(rc.read_text() + line.format(other=other) + "\n")
    active = prefixes.activated(patient.environ, patient.root, patient.env)
    active["PATH"] = f"{other}:{active['PATH']}"
    said = Patient(patient.home, patient.root, patient.env, active).said()
    found = said.of("another-python-first")
    assert f"{rc}:{len(rc.read_text().splitlines())}" in str(found["evidence"])
    assert found["remedy"]["commands"][-1] == ["conda", "activate", str(patient.env)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Solving environment: | (hangs for hours)", ["conda-too-old", "conda-channels-mixed"]),
        ("Found conflicts! Looking for incompatible packages.\nThis can take several minutes.", ["conda-channels-mixed"]),
        (
            "NotWritableError: The current user does not have write permissions to a required path.\n  path: /home/u/.conda/environments.txt\n  uid: 1000",
            ["conda-files-not-yours"],
        ),
        (
            "NotWritableError: The current user does not have write permissions to a required path.\n  path: /opt/conda/pkgs/urls.txt",
            ["conda-pkgs-not-writable"],
        ),
        (
            "LibMambaUnsatisfiableError: Encountered problems while solving:\n  - nothing provides requested zlib ==1.2.13 h4dc903c_0\n  - nothing provides __osx needed by terminado-0.17.1",
            ["conda-environment-file-of-another-platform"],
        ),
        ("ResolvePackageNotFound:\n  - appnope=0.1.2=py39hecd8cb5_1001\n  - zlib=1.2.13=h4dc903c_0", ["conda-environment-file-of-another-platform"]),
        ("./Miniconda2-latest-Linux-x86_64.sh: line 350: bunzip2: command not found", ["conda-installer-lacks-tool"]),
        ("tar (child): bzip2: Cannot exec: No such file or directory", ["conda-installer-lacks-tool"]),
        (
            "UnsatisfiableError: The following specifications were found to be incompatible with your system:\n  - feature:/linux-64::__glibc==2.12=0\n  - python=3.9 -> libgcc-ng -> __glibc[version='>=2.17']",
            ["host-glibc-too-old"],
        ),
        ("UnsatisfiableError: feature:/linux-64::__glibc==2.31=0", []),
        ("After `conda activate myenv`, `which python` is still /usr/local/bin/python, not the env's", ["another-python-first"]),
    ],
)  # fmt: skip
def test_the_text(text: str, names: list[str]) -> None:
    said = [match.id for match in by_text(text)]
    assert said[: len(names)] == names or (len(names) > 1 and set(names) <= set(said))
    if not names:
        assert "host-glibc-too-old" not in said

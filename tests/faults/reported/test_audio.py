"""Sound and video as people have reported it: encoders, back ends of torchaudio, libraries of the system, secrets of Colab."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from doctor.texts.search import by_text
from tests.conftest import missing
from tests.faults.dists import install, site_of
from tests.faults.native import library
from tests.faults.patient import Diagnosis, diagnose, replace

FFMPEG = """#!/bin/sh
echo 'ffmpeg version 6.1.1 Copyright (c) 2000-2023 the FFmpeg developers' >&2
echo '  built with gcc 11.2.0 (Anaconda gcc)' >&2
echo '  configuration: --prefix=/opt/env --disable-gpl --enable-libopenh264 --enable-libmp3lame{more}' >&2
printf 'Decoders:\\n ------\\n'
for name in pcm_s16le flac mp3 aac vorbis opus; do echo " A....D $name   $name"; done
"""


def ffmpeg(folder: Path, more: str = "") -> Path:
    path = folder / "ffmpeg"
    replace(path, FFMPEG.replace("{more}", more))
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("more", "behind", "severity"),
    [("", True, "warn"), ("", False, "info"), (" --enable-libx264", True, None)],
    ids=["another behind it", "the only one", "built with it"],
)
def test_an_ffmpeg_without_h264(
    person: dict[str, str], tmp_path: Path, more: str, behind: bool, severity: str | None
) -> None:
    """https://github.com/bytedance/LatentSync/issues/60: Unknown encoder 'libx264'."""
    first = ffmpeg(Path(person["TARGET"]) / "bin", more)
    (tmp_path / "empty").mkdir()
    hidden = [
        f"mount --bind {tmp_path}/empty/none {place}"
        for place in ("/usr/bin/ffmpeg", "/usr/local/bin/ffmpeg")
        if Path(place).exists()
    ]
    if behind:
        (tmp_path / "second").mkdir()
        ffmpeg(tmp_path / "second", " --enable-libx264")
    (tmp_path / "empty/none").write_text("")
    alone = ["unshare", "-m", "sh", "-ec", "\n".join([*hidden, 'exec "$@"']), "sh"]
    if os.geteuid() != 0:
        missing("root", "mounting needs root")
    path = f"{tmp_path}/second:{person['PATH']}" if behind else person["PATH"]
    said = diagnose({**person, "PATH": path}, "--area", "host,ffmpeg", prefix=alone)
    assert [one["severity"] for one in said.findings if one["id"] == "ffmpeg-lacks-encoders"] == (
        [severity] if severity else []
    )
    if severity == "warn":
        assert str(first) in str(said.of("ffmpeg-lacks-encoders")["evidence"])
        subprocess.run(said.of("ffmpeg-lacks-encoders")["remedy"]["commands"][0], check=True, timeout=30)
        said = diagnose({**person, "PATH": path}, "--area", "host,ffmpeg", prefix=alone)
        assert said.findings == ()


# --- torchaudio -----------------------------------------------------------------------------------------


def look(person: dict[str, str], prefix: list[str]) -> Diagnosis:
    return diagnose(person, "--area", "packages,torch", prefix=prefix)


def audio(said: Diagnosis) -> list[str]:
    ids = ("torchaudio-no-backend", "package-needs-system-library", "native-library-missing", "torch-unknown")
    return [
        one["id"]
        for one in said.findings
        if one["id"] in ids and one["severity"] in ("fail", "warn", "unknown")
    ]


@pytest.fixture
def bare_system(tmp_path: Path) -> list[str]:
    """A system that has neither FFmpeg's libraries nor SoX, PortAudio, zbar."""
    if os.geteuid() != 0:
        missing("root", "mounting needs root")
    folder = next(iter(Path("/usr/lib").glob("*-linux-gnu")), None)
    if folder is None:
        pytest.skip("no Debian")
    (tmp_path / "upper").mkdir()
    (tmp_path / "work").mkdir()
    mount = f"mount -t overlay overlay -o lowerdir={folder},upperdir={tmp_path}/upper,workdir={tmp_path}/work {folder}"
    gone = " ".join(
        f"{folder}/{name}*" for name in ("libavutil.so", "libsox.so", "libportaudio.so", "libzbar.so")
    )
    start = ["unshare", "-m", "sh", "-ec", f'{mount}\nrm -f {gone}\nexec "$@"', "sh"]
    if subprocess.run([*start, "true"], capture_output=True, check=False, timeout=60).returncode:
        missing("root", "no overlay can be mounted here")
    return start


@pytest.fixture
def with_torchaudio(person: dict[str, str], tmp_path: Path) -> Path:
    """torchaudio 2.2.2 as its wheel has it: a part of it that only loads where SoX is."""
    env = Path(person["TARGET"])
    install(env, "torch", "2.2.2")
    install(env, "torchaudio", "2.2.2", {"torchaudio/__init__.py": ""})
    sox = library(tmp_path / "libsox.so", "int sox(void) { return 0; }", soname="libsox.so")
    library(
        site_of(env) / "torchaudio/lib/libtorchaudio_sox.so",
        "int sox(void); int x(void) { return sox(); }",
        needs=[sox],
    )
    return env


def test_torchaudio_without_a_back_end(
    person: dict[str, str], with_torchaudio: Path, bare_system: list[str]
) -> None:
    """https://github.com/Stability-AI/stable-audio-3/issues/32: Couldn't find appropriate backend to handle uri."""
    assert audio(look(person, bare_system)) == ["torchaudio-no-backend"]
    said = look(person, bare_system).of("torchaudio-no-backend")
    assert "soundfile" in said["remedy"]["commands"][0]
    install(
        with_torchaudio,
        "soundfile",
        "0.13.1",
        {"soundfile.py": "", "_soundfile_data/libsndfile_x86_64.so": b"\x7fELF"},
    )
    assert "torchaudio-no-backend" not in audio(look(person, bare_system))


def test_sox_is_no_must_for_torchaudio(person: dict[str, str], with_torchaudio: Path) -> None:
    """With FFmpeg's libraries, or soundfile, nothing is wrong."""
    library(with_torchaudio / "lib/libavutil.so.57")  # as conda brings it
    assert audio(look(person, [])) == []


@pytest.mark.parametrize(("needed", "names"), [(False, []), (True, ["torchaudio-no-backend"])])
def test_torchaudio_of_today_reads_by_torchcodec(
    person: dict[str, str], needed: bool, names: list[str]
) -> None:
    env = Path(person["TARGET"])
    install(env, "torch", "2.9.1")
    install(env, "torchaudio", "2.9.1", {"torchaudio/__init__.py": ""})
    if needed:
        install(env, "speechbrain", "1.0.3", requires=("torchaudio",))
    assert audio(look(person, [])) == names
    install(env, "torchcodec", "0.9.0", {"torchcodec/__init__.py": ""})
    assert audio(look(person, [])) == []


# --- libraries of the system ----------------------------------------------------------------------------


def test_sounddevice_without_portaudio(person: dict[str, str], bare_system: list[str]) -> None:
    """https://github.com/n1teshy/py-listener/issues/1: OSError: PortAudio library not found."""
    env = Path(person["TARGET"])
    install(env, "sounddevice", "0.5.1")
    install(env, "pyzbar", "0.1.9")
    said = look(person, bare_system)
    assert audio(said) == ["package-needs-system-library"]
    assert said.of("package-needs-system-library")["remedy"]["commands"] == [
        ["apt-get", "install", "-y", "libportaudio2", "libzbar0"]
    ]
    for name in ("libportaudio.so.2", "libzbar.so.0"):
        library(env / "lib" / name)  # as conda brings them
    assert audio(look(person, bare_system)) == []


def test_a_program_that_a_package_calls(person: dict[str, str], tmp_path: Path) -> None:
    install(Path(person["TARGET"]), "pytesseract", "0.3.13")
    bare = {**person, "PATH": str(tmp_path)}
    said = diagnose(bare, "--area", "torch")
    assert said.of("package-needs-system-library")["severity"] == "info"
    (tmp_path / "tesseract").symlink_to(sys.executable)
    assert audio(diagnose(bare, "--area", "torch")) == []
    assert "package-needs-system-library" not in [
        one["id"] for one in diagnose(bare, "--area", "torch").findings
    ]


# --- what people paste ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Unknown encoder 'libx264'", "ffmpeg-lacks-encoders"),
        ("ffmpeg: error while loading shared libraries: libopenh264.so.5: cannot open shared object file: No such file or directory", "ffmpeg-library-missing"),
        ("RuntimeError: Couldn't find appropriate backend to handle uri output.wav and format None.", "torchaudio-no-backend"),
        ("ImportError: TorchCodec is required for load_with_torchcodec. Please install torchcodec to use this function.", "torchaudio-no-backend"),
        ("OSError: PortAudio library not found", "package-needs-system-library"),
        ("src/pyaudio/device_api.c:9:10: fatal error: portaudio.h: No such file or directory", "package-needs-system-library"),
        ("pytesseract.pytesseract.TesseractNotFoundError: tesseract is not installed or it's not in your PATH.", "command-not-found"),
        (
            "TimeoutException: Requesting secret HF_TOKEN timed out. Secrets can only be fetched when running from the Colab UI.",
            "colab-secrets-hidden",
        ),
        ("Error while fetching `HF_TOKEN` secret value from your vault: 'Requesting secret HF_TOKEN timed out.'", "colab-secrets-hidden"),
        ("NotebookAccessError: Notebook does not have access to secret HF_TOKEN", "colab-secrets-hidden"),
    ],
)  # fmt: skip
def test_the_text(text: str, name: str) -> None:
    """https://github.com/huggingface/huggingface_hub/issues/3164, and those above."""
    assert by_text(text)[0].id == name

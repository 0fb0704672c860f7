"""Packages that are damaged, doubled, at odds with each other, or not what they seem."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.faults.dists import install, remove, site_of
from tests.faults.patient import Diagnosis, bare_environ, linked_copy, replace
from tests.faults.patient import diagnose as look

AREAS = ("--area", "python,packages,smoke")
WITH_TORCH = ("--area", "python,packages,torch,smoke")


def diagnose(environ: dict[str, str], prefix: Path, *args: str, through: tuple[str, ...] = ()) -> Diagnosis:
    return look({**environ, "TARGET": str(prefix)}, *AREAS, *args, prefix=through)


def run_in(prefix: Path, code: str) -> str:
    """What the environment's own Python says, output and errors together."""
    argv = [str(prefix / "bin" / "python"), "-c", code]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    return done.stdout + done.stderr


def double(there: Path, version: str) -> None:
    """A second metadata folder of the distribution, as an upgrade leaves it that was interrupted."""
    name, _, now = there.name.removesuffix(".dist-info").partition("-")
    copy = there.with_name(f"{name}-{version}.dist-info")
    shutil.copytree(there, copy)
    replace(
        copy / "METADATA",
        (there / "METADATA").read_text().replace(f"Version: {now}", f"Version: {version}", 1),
    )
    replace(copy / "RECORD", (there / "RECORD").read_text().replace(there.name, copy.name))


# With the real stack.


def test_a_file_that_is_gone(course_env: Path, environ: dict[str, str]) -> None:
    library = next((site_of(course_env) / "safetensors").glob("_safetensors_rust*.so"))
    library.unlink()
    assert "No module named 'safetensors._safetensors_rust'" in run_in(course_env, "import safetensors")
    said = diagnose(environ, course_env, *WITH_TORCH)
    assert said.failed == ["wheel-files-missing"]
    assert library.name in said.of("wheel-files-missing")["evidence"]
    assert any(
        "--force-reinstall" in line for line in said.of("wheel-files-missing")["remedy"]["commands"][0]
    )


@pytest.mark.parametrize(
    "module", ["transformers/models/bert/modeling_bert.py", "torch/nn/modules/linear.py"]
)
def test_a_module_deep_in_a_package_that_is_all_zeros(
    course_env: Path, environ: dict[str, str], module: str
) -> None:
    path = site_of(course_env) / module
    replace(path, bytes(path.stat().st_size))
    name = module.removesuffix(".py").replace("/", ".")
    assert "null bytes" in run_in(course_env, f"import {name}")
    said = diagnose(environ, course_env, *WITH_TORCH)
    assert said.failed == ["wheel-files-missing"]
    assert module in said.of("wheel-files-missing")["evidence"]


def test_a_package_that_is_there_twice(course_env: Path, environ: dict[str, str]) -> None:
    double(next(site_of(course_env).glob("tokenizers-*.dist-info")), "0.20.3")
    said = diagnose(environ, course_env, *WITH_TORCH)
    assert said.failed == ["duplicate-dist-info"]
    assert "0.20.3" in said.of("duplicate-dist-info")["evidence"]


def test_a_hub_that_is_too_new(course_env: Path, environ: dict[str, str]) -> None:
    site = site_of(course_env)
    there = next(site.glob("huggingface_hub-*.dist-info"))
    version = there.name.removesuffix(".dist-info").partition("-")[2]
    replace(
        there / "METADATA",
        (there / "METADATA").read_text().replace(f"Version: {version}", "Version: 2.4.0", 1),
    )
    record = (there / "RECORD").read_text().replace(there.name, "huggingface_hub-2.4.0.dist-info")
    replace(there / "RECORD", record)
    there.rename(site / "huggingface_hub-2.4.0.dist-info")
    assert "but found huggingface-hub==2.4.0" in run_in(course_env, "import transformers")
    said = diagnose(environ, course_env, *WITH_TORCH)
    assert said.failed == ["hub-too-new-for-transformers-4"]


# With a small stack.


def test_a_file_that_was_cut_off(course_like: Path, environ: dict[str, str]) -> None:
    install(
        course_like, "accelerate", "1.10.0", {"accelerate/__init__.py": "def f():\n    return (1,\n 2)\n"}
    )
    assert diagnose(environ, course_like).complaints == []
    (site_of(course_like) / "accelerate" / "__init__.py").write_text("def f():\n    return (1,\n")
    said = diagnose(environ, course_like)
    assert said.failed == ["wheel-files-missing"]
    assert "accelerate 1.10.0" in said.of("wheel-files-missing")["evidence"]


def test_files_that_may_differ(course_like: Path, environ: dict[str, str]) -> None:
    """What slimmed images lack, what conda rewrote, what two distributions share, and what somebody edited."""
    slim = {
        "slim/__init__.py": "",
        "slim/tests/test_a.py": "",
        "slim/a.pyi": "",
        "slim/__pycache__/a.pyc": "x",
    }
    install(course_like, "slim", "1.0", slim)
    for path in ("slim/tests/test_a.py", "slim/a.pyi", "slim/__pycache__/a.pyc"):
        (site_of(course_like) / path).unlink()
    install(
        course_like, "by-conda", "1.0", {"by_conda.py": "PREFIX = '/opt/placeholder'\n"}, installer="conda"
    )
    (site_of(course_like) / "by_conda.py").write_text("PREFIX = '/x'\n")
    install(course_like, "opencv-python", "4.12", {"cv2/cv2.so": "a long one"})
    install(course_like, "opencv-python-headless", "4.12", {"cv2/cv2.so": "short"})
    (site_of(course_like) / "tqdm" / "__init__.py").write_text("__version__ = '4.67.1'\nprint('here')\n")
    said = diagnose(environ, course_like)
    assert said.complaints == []
    assert "tqdm" in said.of("package-files-edited")["evidence"]


def test_deep_looks_into_the_libraries(course_like: Path, environ: dict[str, str]) -> None:
    install(
        course_like, "tokenizers", "0.22.2", {"tokenizers/__init__.py": "", "tokenizers/t.abi3.so": b"right"}
    )
    (site_of(course_like) / "tokenizers" / "t.abi3.so").write_bytes(b"wrong")
    assert diagnose(environ, course_like).complaints == []
    assert diagnose(environ, course_like, "--deep").failed == ["wheel-files-missing"]


def test_what_an_interrupted_pip_leaves(course_like: Path, environ: dict[str, str]) -> None:
    site = site_of(course_like)
    shutil.copytree(site / "transformers", site / "~ransformers")
    shutil.copytree(site / "transformers-4.57.6.dist-info", site / "~ransformers-4.57.6.dist-info")
    said = diagnose(environ, course_like)
    assert said.complaints == ["invalid-distribution"]


def test_an_installer_that_was_killed(course_like: Path, environ: dict[str, str]) -> None:
    (next(site_of(course_like).glob("regex-*.dist-info")) / "RECORD").unlink()
    said = diagnose(environ, course_like)
    assert said.failed in (["packages-half-installed"], ["oom-or-timeout-killed-install"])
    assert "regex" in said.of("packages-half-installed")["evidence"]


def test_an_installer_that_was_killed_for_want_of_memory(
    course_like: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    """The container's own counter says so; here a mount puts a number into it."""
    counters = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")
    counter = next((path for path in counters if Path(path).is_file()), None)
    if os.geteuid() != 0 or counter is None:
        missing("root", "needs root and a memory cgroup")
    (next(site_of(course_like).glob("regex-*.dist-info")) / "RECORD").unlink()
    (tmp_path / "events").write_text("oom 1\noom_kill 1\n")
    mount = f'mount --bind {tmp_path}/events {counter} && exec "$@"'
    said = diagnose(environ, course_like, through=("unshare", "-m", "sh", "-c", mount, "sh"))
    assert said.failed == ["oom-or-timeout-killed-install"]
    assert said.of("packages-half-installed")["blocked_by"] == ["oom-or-timeout-killed-install"]


@pytest.mark.parametrize("content", ["", "\0\0\0\0", "Metadata-Version: 2.1\n"])
def test_metadata_that_cannot_be_read(course_like: Path, environ: dict[str, str], content: str) -> None:
    (next(site_of(course_like).glob("tqdm-*.dist-info")) / "METADATA").write_text(content)
    assert diagnose(environ, course_like).complaints == ["metadata-unreadable"]


def test_a_pipe_in_place_of_metadata_costs_nothing(course_like: Path, environ: dict[str, str]) -> None:
    metadata = next(site_of(course_like).glob("tqdm-*.dist-info")) / "METADATA"
    metadata.unlink()
    os.mkfifo(metadata)
    assert "tqdm" in str(diagnose(environ, course_like).findings)


def test_tokenizers_of_another_time(course_like: Path, environ: dict[str, str]) -> None:
    remove(course_like, "tokenizers")
    install(course_like, "tokenizers", "0.20.3")
    said = diagnose(environ, course_like)
    assert said.failed == ["tokenizers-version-mismatch"]


def test_a_requirement_that_was_uninstalled(course_like: Path, environ: dict[str, str]) -> None:
    remove(course_like, "regex")
    said = diagnose(environ, course_like)
    assert said.failed == ["requirement-missing"]
    assert "regex (transformers)" in said.of("requirement-missing")["evidence"]


def test_requirements_that_contradict_each_other(course_like: Path, environ: dict[str, str]) -> None:
    install(course_like, "numba", "0.61.0", requires=("numpy<2.3",))
    assert diagnose(environ, course_like).complaints == ["requirement-conflict"]


def test_requirements_that_do_not_count(course_like: Path, environ: dict[str, str]) -> None:
    """Extras, other systems, other Pythons, a stand-in that brings the same module, and what is no requirement at all."""
    needs = ('boto3; extra == "s3"', 'pywin32; sys_platform == "win32"', 'tomli; python_version < "3.5"')
    install(
        course_like, "some-tool", "1.0", requires=(*needs, "opencv-python>=4", "???", "x @ https://a.b/c.whl")
    )
    install(course_like, "opencv-python-headless", "4.12.0.88")
    assert diagnose(environ, course_like).complaints == []


def extension(numpy: int) -> bytes:
    """What numpy's headers of that time compile into an extension."""
    names = (
        [b"numpy.core._multiarray_umath"]
        if numpy == 1
        else [b"numpy._core._multiarray_umath", b"numpy.core."]
    )
    return b"\x7fELF" + bytes(60) + b"\0".join(names) + bytes(60)


def test_an_extension_of_numpy_1_under_numpy_2(course_like: Path, environ: dict[str, str]) -> None:
    install(
        course_like, "onnxruntime", "1.16.3", {"onnxruntime/capi/state.so": extension(1)}, ("numpy>=1.21",)
    )
    said = diagnose(environ, course_like)
    assert said.failed == ["numpy-1x-extension-under-numpy-2"]
    assert "onnxruntime 1.16.3" in said.of("numpy-1x-extension-under-numpy-2")["evidence"]


def test_an_old_release_that_does_not_touch_numpy(course_like: Path, environ: dict[str, str]) -> None:
    install(course_like, "onnxruntime", "1.16.3", {"onnxruntime/capi/state.so": b"\x7fELF and nothing else"})
    install(
        course_like, "pandas", "2.2.3", {"pandas/_libs.so": extension(1)}
    )  # ready for both, whatever it holds
    assert diagnose(environ, course_like).complaints == []


def test_an_extension_of_numpy_2_under_numpy_1(course_like: Path, environ: dict[str, str]) -> None:
    remove(course_like, "numpy")
    install(course_like, "numpy", "1.26.4")
    install(course_like, "pandas", "2.0.3", {"pandas/_libs.so": extension(2)})
    assert diagnose(environ, course_like).failed == ["numpy-dtype-size-changed"]


def test_an_old_diffusers_beside_a_new_hub(course_like: Path, environ: dict[str, str]) -> None:
    loader = "import os\nfrom huggingface_hub import (\n    cached_download,\n    hf_hub_download,\n)\n"
    careful = "try:\n    from huggingface_hub import cached_download\nexcept ImportError:\n    cached_download = None\n"
    install(course_like, "old-lib", "0.1", {"old_lib/__init__.py": careful}, ("huggingface_hub",))
    assert diagnose(environ, course_like).complaints == []
    install(course_like, "diffusers", "0.25.0", {"diffusers/__init__.py": loader}, ("huggingface-hub>=0.20",))
    said = diagnose(environ, course_like)
    assert said.failed == ["hub-api-removed"]
    assert "diffusers 0.25.0: cached_download" in said.of("hub-api-removed")["evidence"]


def test_pkg_resources_that_setuptools_no_longer_has(course_like: Path, environ: dict[str, str]) -> None:
    user = {"perth/__init__.py": "from pkg_resources import resource_filename\n"}
    install(course_like, "resemble-perth", "1.0.1", user)
    assert diagnose(environ, course_like).complaints == []
    shutil.rmtree(site_of(course_like) / "pkg_resources")
    remove(course_like, "setuptools")
    install(course_like, "setuptools", "82.0.0")
    assert "No module named 'pkg_resources'" in run_in(course_like, "import perth")
    assert diagnose(environ, course_like).failed == ["pkg-resources-removed"]


def test_keras_3_beside_transformers_4(course_like: Path, environ: dict[str, str]) -> None:
    install(course_like, "tensorflow", "2.18.0")
    install(course_like, "keras", "3.8.0")
    assert diagnose(environ, course_like).failed == ["keras3-tf"]
    assert diagnose({**environ, "USE_TF": "0"}, course_like).complaints == []
    install(course_like, "tf-keras", "2.18.0")
    assert diagnose(environ, course_like).complaints == []


def test_a_torch_that_transformers_5_does_not_use(course_like: Path, environ: dict[str, str]) -> None:
    remove(course_like, "transformers")
    install(course_like, "transformers", "5.23.0", requires=("numpy>=1.17",))
    install(course_like, "torch", "2.6.0+cpu")
    assert diagnose(environ, course_like).complaints == []
    remove(course_like, "torch")
    install(course_like, "torch", "2.5.1+cpu")
    assert diagnose(environ, course_like).failed == ["v5-disables-old-torch"]


def test_packages_called_ffmpeg(course_like: Path, environ: dict[str, str]) -> None:
    module = {"ffmpeg/__init__.py": "def input(): ...\n"}
    install(course_like, "ffmpeg-python", "0.2.0", module)
    assert diagnose(environ, course_like).complaints == []
    install(course_like, "python-ffmpeg", "2.0.12", {"ffmpeg/__init__.py": "class FFmpeg: ...\n"})
    assert diagnose(environ, course_like).complaints == ["ffmpeg-python-vs-python-ffmpeg"]


def test_the_package_that_is_not_ffmpeg(course_like: Path, environ: dict[str, str]) -> None:
    install(course_like, "ffmpeg", "1.4", {"ffmpeg/__init__.py": ""})
    assert diagnose(environ, course_like).complaints == ["pypi-ffmpeg-stub-package"]


def test_a_source_folder_that_is_gone(course_like: Path, environ: dict[str, str], tmp_path: Path) -> None:
    source = tmp_path / "my lib"
    source.mkdir()
    info = install(course_like, "my-lib", "0.1", {"__editable__.my_lib.pth": str(source)})
    (info / "direct_url.json").write_text(
        f'{{"url": "file://{str(source).replace(" ", "%20")}", "dir_info": {{"editable": true}}}}'
    )
    assert diagnose(environ, course_like).complaints == []
    source.rmdir()
    said = diagnose(environ, course_like)
    assert said.complaints == ["editable-source-gone"]
    assert "pth-path-gone" not in [f["id"] for f in said.findings]


def test_what_sudo_pip_leaves(course_like: Path, environ: dict[str, str]) -> None:
    if os.geteuid() != 0:
        missing("root", "only root can give files away")
    for path in (course_like, *course_like.rglob("*")):
        os.lchown(path, 1000, 1000)
    assert diagnose(environ, course_like).complaints == []
    file = site_of(course_like) / "tqdm" / "__init__.py"
    os.chown(file, 0, 0)
    assert diagnose(environ, course_like).complaints == ["packages-owned-by-root"]
    file.chmod(0o600)
    assert diagnose(environ, course_like).failed == ["packages-unreadable"]


def test_a_new_environment_has_no_transformers(empty_env: Path, environ: dict[str, str]) -> None:
    install(empty_env, "pip", "25.0")
    assert diagnose(environ, empty_env).complaints == ["transformers-missing"]


# Our own environment, mended.


def test_fix_mends_what_was_damaged_in_our_own_environment(
    target_python: str, uv: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = home / ".groundwork" / "envs" / "llm-quickstart"
    prefix.parent.mkdir(parents=True)
    linked_copy(Path(target_python).parent.parent, prefix)
    passed = {
        name: os.environ[name] for name in os.environ if name.startswith(("PIP_", "UV_", "SSL_", "HTTP"))
    }
    ours = {**bare_environ(home), **passed, "GROUNDWORK_UV": uv, "ENV_MANAGER": "venv", "MODELS": "none"}
    site = site_of(prefix)
    double(next(site.glob("tqdm-*.dist-info")), "4.0.0")
    next((site / "safetensors").glob("*.so")).unlink()
    said = look(ours, "--area", "packages")
    assert set(said.failed) == {"wheel-files-missing", "duplicate-dist-info"}
    words = ["fix", "--yes", "--only", "wheel-files-missing", "--only", "duplicate-dist-info"]
    argv = [sys.executable, "-m", "bootstrap.cli", *words]
    mended = subprocess.run(argv, env=ours, capture_output=True, text=True, check=False, timeout=110)
    if "NETWORK" in mended.stderr or mended.returncode == 5:
        missing("index", mended.stderr[-300:])
    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert look(ours, "--area", "packages").failed == []
    assert run_in(prefix, "import safetensors, tqdm; print('fine')").strip() == "fine"

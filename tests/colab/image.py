"""A hosted runtime made for real: an interpreter with a preinstalled stack that conflicts with the course, the parts of
`google.colab` that a notebook meets, and a kernel with the variables of Colab.

Colab's image of August 2026 has Python 3.13; this one has 3.11, because torch's CPU wheel is at hand for that alone.
Versions are Colab's where the index still has them together . torchvision is left out:
its CPU build is not on the index, and the CUDA build would not import.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec

from tests.conftest import ROOT, missing

PACKAGES = (
    "torch==2.13.0+cpu", "transformers==5.15.0", "huggingface_hub==1.27.0", "tokenizers==0.22.2", "numpy==2.1.3", "pandas==2.2.3",
    "datasets==4.0.0", "accelerate==1.14.0", "pillow", "matplotlib", "protobuf", "sentencepiece", "soundfile", "pip",
    # what asks for the preinstalled Hub client: of no use beside the course's versions, and left as it is
    "gradio==6.24.0",
    # what google-colab asks for (its setup.py), in Colab's versions
    "google-auth==2.38.0", "ipykernel==6.17.1", "ipyparallel==8.8.0", "ipython==7.34.0", "notebook==6.5.7",
    "portpicker==1.5.2", "requests", "tornado",
)  # fmt: skip
ROOTS = (
    "google-auth",
    "ipykernel",
    "ipyparallel",
    "ipython",
    "notebook",
    "pandas",
    "portpicker",
    "requests",
    "tornado",
)
METADATA = "Metadata-Version: 2.1\nName: google-colab\nVersion: 1.0.0\n" + "".join(
    f"Requires-Dist: {r}\n" for r in ROOTS
)
# As in Colab, secrets come from the page, which may not be there; here from a file that a test writes.
USERDATA = """
import os, pathlib

class SecretNotFoundError(Exception):
    pass

def get(key):
    store = pathlib.Path(os.environ["SIMULATED_SECRETS"], key)
    if not store.is_file():
        raise SecretNotFoundError(key)
    return store.read_text()
"""
LAUNCHER = "import google.colab\nfrom ipykernel import kernelapp\nkernelapp.launch_new_instance()\n"


class Image(msgspec.Struct, frozen=True):
    prefix: Path
    files: dict[str, str]  # hash of every file that it came with, by path

    @property
    def python(self) -> Path:
        return self.prefix / "bin" / "python3"

    def changed(self) -> list[str]:
        """Files that are gone or hold something else than at first."""
        return [path for path, found in self.files.items() if not Path(path).is_file() or sha(path) != found]


def sha(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def make_image(prefix: Path, uv: str) -> Image:
    """Twenty seconds where uv's cache is warm. Skips where the package index does not give what it takes."""
    base = shutil.which("python3.11", path="/usr/bin:/usr/local/bin") or "3.11"
    environ = _installing()
    subprocess.run([uv, "venv", "-q", "--python", base, str(prefix)], env=environ, check=True, timeout=120)
    install = [uv, "pip", "install", "-q", "--python", str(prefix / "bin/python"), *PACKAGES]
    done = subprocess.run(install, env=environ, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        missing("index", f"no image can be made here: {done.stderr[-500:]}")
    site = next((prefix / "lib").glob("python3*/site-packages"))
    _add_google_colab(site)
    # Bytecode first: what an import writes later is no file that the image came with.
    return Image(prefix, {str(p): sha(str(p)) for p in _files(prefix)})


def _installing() -> dict[str, str]:
    """pip's settings of this machine in uv's words, read by the product's own script. The CPU build is preferred."""
    script = '. "$0"; for n in UV_DEFAULT_INDEX UV_INDEX UV_INDEX_STRATEGY UV_FIND_LINKS SSL_CERT_FILE; do eval "echo $n=\\${$n-}"; done'
    said = subprocess.run(
        ["sh", "-c", script, str(ROOT / "scripts/pip_settings.sh")],
        capture_output=True,
        text=True,
        check=True,
    )
    settings = dict(line.split("=", 1) for line in said.stdout.splitlines())
    return {**os.environ, **{name: value for name, value in settings.items() if value}}


def _add_google_colab(site: Path) -> None:
    package, info = site / "google" / "colab", site / "google_colab-1.0.0.dist-info"
    package.mkdir(parents=True)
    info.mkdir()
    (package / "__init__.py").write_text("")
    (package / "userdata.py").write_text(USERDATA)
    (site / "colab_kernel_launcher.py").write_text(LAUNCHER)
    (info / "METADATA").write_text(METADATA)
    (info / "RECORD").write_text("")


def _files(prefix: Path) -> list[Path]:
    return [
        path
        for path in prefix.rglob("*")
        if path.is_file() and not path.is_symlink() and path.suffix != ".pyc"
    ]


def kernelspec(image: Image, folder: Path, name: str = "colab", through: tuple[str, ...] = ()) -> Path:
    """A folder of kernelspecs with the image's kernel, started `through` other programs."""
    spec = folder / name
    spec.mkdir(parents=True)
    argv = [*through, str(image.python), "-m", "colab_kernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "Colab", "language": "python"})
    )
    return folder


def colab_environ(image: Image, home: Path) -> dict[str, str]:
    """The variables of a Colab kernel, as far as they matter; uv's cache is that of the person who runs the tests."""
    cache = os.environ.get("UV_CACHE_DIR") or str(Path("~/.cache/uv").expanduser())
    kept = {n: v for n, v in os.environ.items() if n.startswith(("PIP_", "SSL_"))}
    return {
        **kept,
        "HOME": str(home),
        "PATH": f"{image.prefix}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "en_US.UTF-8",
        "COLAB_RELEASE_TAG": "release-colab-external_20260819-060000_RC00",
        "COLAB_BACKEND_VERSION": "next",
        "COLAB_GPU": "",
        "COLAB_NOTEBOOK_METADATA": "{}",
        "PYTHONPATH": "/env/python",
        "UV_SYSTEM_PYTHON": "true",
        "UV_CONSTRAINT": "",
        "UV_PRERELEASE": "if-necessary-or-explicit",
        "UV_CACHE_DIR": cache,
        "SIMULATED_SECRETS": str(home / "secrets"),
    }


def tiny_sentiment_model(image: Image, folder: Path) -> Path:
    """The model behind pipeline("sentiment-analysis"), with random weights, built with the image's own transformers."""
    folder.mkdir(parents=True)
    build = (
        "import sys, pathlib; sys.path.insert(0, sys.argv[1]); from smoke import text; "
        "text.build_sentiment(pathlib.Path(sys.argv[2]), None)"
    )
    argv = [str(image.python), "-B", "-c", build, str(ROOT / "scripts"), str(folder)]
    subprocess.run(argv, check=True, timeout=180, stdout=sys.stderr)
    return folder

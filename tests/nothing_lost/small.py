"""A course so small that one setup of it takes two seconds: wheels and models made on the spot, a checkout that knows it.

The wheels stand in for JupyterLab, ipykernel and torch as tests/conda_host stands in for Miniconda: what Groundwork calls
of them is there and behaves. Everything else, from stage 0 to the last check, is the product.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

from doctor.goal.lockfile import inputs_digest
from doctor.goal.profile import ModelWant, load_profile
from tests.conftest import ROOT

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
TORCH = "2.13.0"
LAB = """
import json, os, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

settings = json.loads(Path(os.environ["JUPYTER_CONFIG_DIR"], "jupyter_server_config.json").read_text())["ServerApp"]

class Api(BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'{"version": "2.0.0"}' if self.path == "/api" else b""
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass

ThreadingHTTPServer((settings["ip"], settings["port"]), Api).serve_forever()
"""
AUTH = """
import hashlib
def passwd(password, algorithm):
    return "argon2:$argon2id$" + hashlib.sha256(password.encode()).hexdigest()
"""
KERNEL = """
import json, shutil, sys
from pathlib import Path
words = dict(zip(sys.argv[2::2], sys.argv[3::2]))
folder = Path(words["--prefix"], "share/jupyter/kernels", words["--name"])
shutil.rmtree(folder, ignore_errors=True)
folder.mkdir(parents=True)
spec = {"argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": words["--display-name"], "language": "python"}
(folder / "kernel.json").write_text(json.dumps(spec))
(folder / "logo-64x64.png").write_bytes(b"png")
"""
FFMPEG = "#!/bin/sh\necho ffmpeg version 7.1\n"
PACKAGES: dict[str, dict[str, str]] = {
    "jupyterlab": {"jupyterlab/__init__.py": "", "jupyterlab/__main__.py": LAB},
    "jupyter_server": {"jupyter_server/__init__.py": "", "jupyter_server/auth.py": AUTH},
    "ipykernel": {"ipykernel/__init__.py": "", "ipykernel/__main__.py": KERNEL},
    "course": {f"course/part{number}.py": f"NUMBER = {number}\n" * 500 for number in range(30)},
}
PROFILE = f"""title = ["A small course", "小课程"]
python = "{PYTHON}"
pythons = ["{PYTHON}"]
models = "small"
requirements = ["course", "ipykernel", "jupyter-server", "jupyterlab"]
smoke = [{{task = "fill-mask", model = "small/one"}}]
[torch]
version = "{TORCH}"
"""
# A kernel in a world without ipykernel: that the server answers, and torch is there.
KERNEL_PROOF = """
import json, sys, urllib.request
import torch
assert sys.stdin.read().strip(), "no password"
urllib.request.urlopen(sys.argv[sys.argv.index("--url") + 1] + "/api").read()
print(json.dumps({"works": True, "said": torch.__name__}))
"""
# What the course's proof is, in a world without transformers: that its package is whole.
PROOF = """
import argparse, json, sys
from pathlib import Path
import course.part29, torch.version
parser = argparse.ArgumentParser()
for name in ("--spec", "--out", "--lang", "--show"):
    parser.add_argument(name)
parser.add_argument("--wait", action="store_true")
words = parser.parse_args()
assert not words.wait or sys.stdin.readline(), "whoever started it is gone"
tasks = [{"task": t["task"], "model": t["model"], "status": "pass", "device": "cpu", "weights": "real", "seconds": 0.1} for t in json.loads(Path(words.spec).read_text())["tasks"]]
Path(words.out).write_text(json.dumps({"tasks": tasks}))
print("1 of 1")
"""


def wheel(folder: Path, name: str, version: str, files: Mapping[str, str]) -> Path:
    """A wheel with a true RECORD; the same bytes whenever it is made."""
    info = f"{name}-{version}.dist-info"
    content = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [f"{path},sha256={digest(text)},{len(text.encode())}" for path, text in content.items()]
    content[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""])
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(made, "w") as out:
        for path, text in content.items():
            out.writestr(zipfile.ZipInfo(path), text)
    return made


def digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def make_wheels(folder: Path) -> None:
    """What the package index offers, torch apart."""
    for name, files in PACKAGES.items():
        wheel(folder, name, "1.0", files)
    binary = {"imageio_ffmpeg/binaries/ffmpeg-linux-test": FFMPEG, "imageio_ffmpeg/__init__.py": ""}
    wheel(folder, "imageio_ffmpeg", "0.6.0", binary)


def make_torch(folder: Path) -> None:
    """What the torch index offers for machines without a GPU."""
    version = f"{TORCH}+cpu"
    files = {"torch/__init__.py": "", "torch/version.py": f"__version__ = '{version}'\ncuda = None\n"}
    wheel(folder, "torch", version, files)


def make_checkout(to: Path, wheels: Path, models: tuple[ModelWant, ...]) -> Path:
    """The project as a person cloned it, with the small course beside the real ones."""
    for room in ("bootstrap", "doctor", "scripts", "configs"):
        shutil.copytree(ROOT / room, to / room, ignore=shutil.ignore_patterns("__pycache__"))
    (to / "Makefile").write_bytes((ROOT / "Makefile").read_bytes())
    configs = to / "configs"
    (configs / "profiles" / "small.toml").write_text(PROFILE)
    (configs / "models" / "small.toml").write_text("\n".join(map(manifest, models)))
    write_locks(configs / "locks", wheels, configs / "profiles" / "small.toml")
    (to / "scripts" / "smoke_test.py").write_text(PROOF)
    (to / "scripts" / "prove_kernel.py").write_text(KERNEL_PROOF)
    return to


def write_locks(locks: Path, wheels: Path, profile: Path) -> None:
    inputs = f"# inputs: {inputs_digest(load_profile(str(profile)), PYTHON)}\n"
    (locks / f"small-py{PYTHON}.txt").write_text(
        inputs + "".join(map(pin, sorted(w for w in wheels.glob("*.whl") if "imageio" not in w.name)))
    )
    (locks / f"small-py{PYTHON}-torch.txt").write_text(f"{inputs}torch=={TORCH} --hash=sha256:{'0' * 64}\n")
    (locks / "ffmpeg.txt").write_text("".join(map(pin, wheels.glob("imageio*.whl"))))


def pin(file: Path) -> str:
    name, version = file.name.split("-")[:2]
    return (
        f"{name.replace('_', '-')}=={version} --hash=sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}\n"
    )


def manifest(model: ModelWant) -> str:
    sizes = ", ".join(f'"{name}" = {size}' for name, size in model.sizes.items())
    names = ", ".join(f'"{name}"' for name in model.files)
    return (
        f'[[model]]\nid = "{model.id}"\nrevision = "{model.revision}"\nfiles = [{names}]\n'
        f'bytes = {model.bytes}\nlicence = "{model.licence}"\nsizes = {{ {sizes} }}\n'
    )

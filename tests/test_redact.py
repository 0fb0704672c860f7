"""Nothing personal leaks: secrets planted everywhere a person keeps them are in nothing that the doctor writes."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from doctor.goal import Goal
from doctor.redact import hide
from tests.conftest import ROOT
from tests.faults.patient import bare_environ

SECRET = "S3cr3t-PlantedByTheTest"
TOKEN = "hf_" + "AbCdEfGhIjKlMnOpQrStUvWx"
FILES = {
    ".config/pip/pip.conf": f"[global]\nindex-url = https://me:{SECRET}@pypi.invalid/simple\n",
    ".netrc": f"machine huggingface.co login me password {SECRET}\n",
    ".condarc": f"channels:\n  - https://me:{SECRET}@conda.invalid/t/tk-{SECRET}/main\nproxy_servers:\n  http: http://u:{SECRET}@127.0.0.1:9\n",
    ".gitconfig": f'[url "https://me:{SECRET}@github.com/"]\n  insteadOf = https://github.com/\n',
    ".cache/huggingface/token": TOKEN,
    ".jupyter/jupyter_server_config.py": f"c.ServerApp.token = '{SECRET}'\nc.PasswordIdentityProvider.hashed_password = 'argon2:$argon2id${SECRET}'\n",
    ".jupyter/jupyter_server_config.json": f'{{"IdentityProvider": {{"token": "{SECRET}"}}}}',
    ".local/share/jupyter/kernels/mine/kernel.json": f'{{"argv": ["/gone/python"], "display_name": "x", "env": {{"HF_TOKEN": "{TOKEN}", "OPENAI_API_KEY": "{SECRET}"}}}}',
    ".bashrc": f"export HF_TOKEN={TOKEN}\nexport https_proxy=http://u:{SECRET}@127.0.0.1:9\n",
}
ENVIRON = {
    "HF_TOKEN": TOKEN,
    "MY_PASSWORD": SECRET,
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "https_proxy": f"http://u:{SECRET}@127.0.0.1:9",
    "PIP_INDEX_URL": f"https://me:{SECRET}@pypi.invalid/simple",
    "UV_INDEX_URL": f"https://me:{SECRET}@pypi.invalid/simple",
}


@pytest.fixture
def planted(tmp_path: Path) -> dict[str, str]:
    home = tmp_path / "home"
    for name, text in FILES.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return bare_environ(home, **ENVIRON)


def test_no_secret_is_in_anything_that_the_doctor_writes(planted: dict[str, str], tmp_path: Path) -> None:
    saved, page = tmp_path / "facts.json", tmp_path / "page.html"
    argv = [sys.executable, "-m", "doctor", "--json", "--save", str(saved), "--html", str(page)]
    done = subprocess.run(
        argv, cwd=ROOT, env=planted, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.startswith("{"), done.stderr
    everything = done.stdout + done.stderr + saved.read_text() + page.read_text()
    assert len(everything) > 10_000
    for secret in (SECRET, TOKEN, base64.b64encode(SECRET.encode()).decode()):
        assert secret not in everything


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("https://bob:hunter22hunter@host/simple", "hunter22hunter"),
        (f"bearer {TOKEN} x", TOKEN),
        ("GET /lab?token=0123456789abcdef0123", "0123456789abcdef0123"),
        ("Authorization: Bearer abcdefghijkl", "abcdefghijkl"),
        ("/home/alice/.cache/huggingface", "alice"),
        ("sha1:0123456789ab:0123456789012345678901234567890123456789", "0123456789ab:"),
        ("value-of-a-secret-variable", "value-of-a-secret-variable"),
    ],
)
def test_shapes_that_are_hidden(text: str, gone: str, goal: Goal) -> None:
    hidden = hide(msgspec.json.encode([text]).decode(), goal, {"X_TOKEN": "value-of-a-secret-variable"})
    assert gone not in hidden
    msgspec.json.decode(hidden)


@pytest.mark.parametrize(
    "text",
    [
        "HF_HUB_ENABLE_HF_TRANSFER",
        "nvidia-cusparse 12.5.8.93",
        "/root/.cache/huggingface/token",
        "tokenizers 0.22.2",
        "https://hf-mirror.com",
        "v1.2",
    ],
)
def test_innocent_texts_stay(text: str, goal: Goal) -> None:
    environ = {"HF_TOKEN_PATH": "/root/.cache/huggingface/token", "SHORT_TOKEN": "v1.2"}
    assert hide(text, goal, environ) == text

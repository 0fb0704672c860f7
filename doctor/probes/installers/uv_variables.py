"""Variables at which uv stops before it does anything: values that it cannot read, files that are not there."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from doctor.facts.network import Flaw
from doctor.near import one_slip
from doctor.probes.installers.uv_values import NO, YES, wrong_text
from doctor.reading.peek import is_there

NUMBERS = ("UV_HTTP_TIMEOUT", "UV_REQUEST_TIMEOUT", "UV_HTTP_RETRIES")
COUNTS = ("UV_CONCURRENT_DOWNLOADS", "UV_CONCURRENT_BUILDS", "UV_CONCURRENT_INSTALLS")
FILES = ("UV_CONFIG_FILE", "UV_CONSTRAINT", "UV_OVERRIDE", "UV_BUILD_CONSTRAINT", "UV_FIND_LINKS")
INDEXES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL")
ADDRESS = re.compile(r"(?:[\w-]+=)?(?:https?|file)://(?!\S*,http)\S+\Z")  # a name may stand before it
BOOLEANS = (
    "UV_OFFLINE", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS", "UV_NO_CACHE", "UV_SYSTEM_PYTHON", "UV_NO_CONFIG",
    "UV_NO_PROGRESS", "UV_PREVIEW", "UV_COMPILE_BYTECODE", "UV_BREAK_SYSTEM_PACKAGES", "UV_NO_BUILD_ISOLATION",
    "UV_REQUIRE_HASHES", "UV_NO_VERIFY_HASHES", "UV_NO_SOURCES", "UV_ISOLATED", "UV_FROZEN", "UV_LOCKED", "UV_NO_SYNC",
    "UV_NO_DEV", "UV_DEV", "UV_MANAGED_PYTHON", "UV_NO_MANAGED_PYTHON", "UV_NO_EDITABLE", "UV_VENV_SEED",
    "UV_VENV_CLEAR",
)  # fmt: skip
DOWNLOADS = ("true", "false")  # besides the words of the file
# What people set because pip or another program has it; uv reads none of them.
OF_OTHERS = {"UV_NO_INDEX": "--no-index", "UV_TRUSTED_HOST": "UV_INSECURE_HOST", "UV_TIMEOUT": "UV_HTTP_TIMEOUT",
             "UV_MIRROR": "UV_DEFAULT_INDEX", "UV_PYPI_MIRROR": "UV_DEFAULT_INDEX", "UV_HTTP_PROXY": "HTTPS_PROXY",
             "UV_HTTPS_PROXY": "HTTPS_PROXY", "UV_PROXY": "HTTPS_PROXY", "UV_CERT": "SSL_CERT_FILE"}  # fmt: skip
WEIGHTY = (*INDEXES, *NUMBERS, *FILES, "UV_INSECURE_HOST", "UV_INDEX_STRATEGY", "UV_LINK_MODE", "UV_TORCH_BACKEND",
           "UV_CACHE_DIR", "UV_NO_CACHE", "UV_SYSTEM_CERTS", "UV_NATIVE_TLS", "UV_OFFLINE", "UV_PYTHON_INSTALL_MIRROR")  # fmt: skip


def uv_flaws(environ: Mapping[str, str]) -> Iterator[Flaw]:
    for name, value in environ.items():
        if not name.startswith("UV_") or not value:
            continue
        if _stops(name, value, environ):
            yield Flaw(kind="uv-stops", source=name, key=name, said=re.sub(r"//[^/@\s]*@", "//", value)[:200])
        if name in OF_OTHERS:
            yield Flaw(kind="uv-of-others", source=name, key=name, said=OF_OTHERS[name])
        elif name not in WEIGHTY and (meant := one_slip(name, WEIGHTY)):
            yield Flaw(kind="uv-no-effect", source=name, key=name, said=meant)


def _stops(name: str, value: str, environ: Mapping[str, str]) -> bool:
    if name in BOOLEANS:
        return value.lower() not in (*YES, *NO)
    if name in NUMBERS:
        return not value.isdecimal()
    if name in COUNTS:
        return not value.isdecimal() or int(value) == 0
    if name in FILES:
        words = () if is_there(Path(value)) else re.split(r"[,\s]+", value.strip())
        return any("://" not in word and not is_there(Path(word)) for word in words)
    if name in INDEXES:
        return any(not ADDRESS.match(word) and not is_there(word) for word in value.split())
    if name == "UV_PYTHON":
        return _is_no_python(value, environ)
    wrong = wrong_text(name.removeprefix("UV_").lower().replace("_", "-"), value)
    return bool(wrong) and not (name == "UV_PYTHON_DOWNLOADS" and value in DOWNLOADS)


def _is_no_python(value: str, environ: Mapping[str, str]) -> bool:
    """A path to nothing, or a version with a comma. Which versions uv would find or fetch is its own secret."""
    if value.startswith("/"):
        return not is_there(Path(value))
    return bool(re.fullmatch(r"\d+,\d+", value)) and not shutil.which(value, path=environ.get("PATH"))

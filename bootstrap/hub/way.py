"""The person's way to a host: straight or by their proxy, and with their certificates.

Both as requests has them, for that is what huggingface_hub asks with. requests itself is loaded only where the environment
names a proxy: to load it takes as long as to fetch a dozen small files.
"""

from __future__ import annotations

import os
import threading
from functools import cache
from pathlib import Path
from typing import Any

import certifi
import urllib3

HOSTS, KEPT = 32, 80  # whose connections are kept, and how many of each
BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")  # variables


_asking = threading.Lock()  # else threads that begin together would each get one of their own


def way(scheme: str, host: str) -> urllib3.PoolManager:
    """Through which to ask `host` (with its port): for all threads, for it keeps its connections. Raises OSError, ValueError
    or HTTPError where the proxy's address is none."""
    with _asking:
        return _way(scheme, host)


@cache
def _way(scheme: str, host: str) -> urllib3.PoolManager:
    proxy = _proxy(f"{scheme}://{host}")
    return _by(proxy) if proxy else _straight()


def _proxy(url: str) -> str | None:
    named = (name for name, value in os.environ.items() if value and name.lower().endswith("_proxy"))
    if not any(named):
        return None
    from requests.utils import get_environ_proxies, prepend_scheme_if_needed, select_proxy

    proxy = select_proxy(url, get_environ_proxies(url))
    return prepend_scheme_if_needed(proxy, "http") if proxy else None


@cache
def _straight() -> urllib3.PoolManager:
    return urllib3.PoolManager(HOSTS, maxsize=KEPT, **_certificates())


@cache
def _by(proxy: str) -> urllib3.PoolManager:
    from requests.adapters import HTTPAdapter

    made: urllib3.PoolManager = HTTPAdapter(HOSTS, KEPT).proxy_manager_for(proxy, **_certificates())
    return made


def _certificates() -> dict[str, Any]:
    """What a server's certificate has to come from: the person's file or folder, else what comes with certifi."""
    place = next(filter(None, map(os.environ.get, BUNDLES)), None) or certifi.where()
    return {"cert_reqs": "CERT_REQUIRED", "ca_cert_dir" if Path(place).is_dir() else "ca_certs": place}

"""The proxies of the environment variables, and which of them a request would take, as httpx and requests decide it."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

import msgspec

from doctor.facts.network import Proxy
from doctor.goal import Goal
from doctor.probes.installers.pip import read_pip

SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")
KINDS = ("https", "http", "all")
DEFAULT_PORT = {"http": 80, "https": 443}
LOCAL = ("localhost", "127.0.0.1")
MARKS = {"#": "%23", "/": "%2F", "?": "%3F", "[": "%5B", "]": "%5D"}
IN_LOGIN = "its login holds"


def proxy_for(url: str) -> str | None:
    """The proxy for a URL, login and all, None for a direct way. Never to be shown."""
    parts, known = urlsplit(url), known_proxies()
    found = known.get(parts.scheme) or known.get("all")
    if not found or not parts.hostname or _goes_past(parts.hostname, known):
        return None
    return with_scheme(found)


def known_proxies() -> dict[str, str]:
    """The proxies of the environment by scheme, "no" for where there shall be none."""
    if not any(name.lower().endswith("_proxy") for name in os.environ):
        return {}  # as for most people: the import below is half of what the whole area costs
    from urllib.request import getproxies_environment

    return getproxies_environment()


def _goes_past(host: str, known: dict[str, str]) -> bool:
    from urllib.request import proxy_bypass

    return bool(proxy_bypass(host, known))


def with_scheme(proxy: str) -> str:
    return proxy if "://" in proxy else f"http://{proxy}"


def place_of(proxy: str) -> str:
    """A proxy as it may be shown: without its login."""
    scheme, mark, rest = proxy.strip().rpartition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}".rstrip("/")


def without_login(url: str) -> str:
    """An address as it may be shown. What follows a question mark may be a signature."""
    scheme, mark, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path.partition('?')[0]}"


def proxies(environ: Mapping[str, str] = os.environ) -> tuple[Proxy, ...]:
    """Each proxy that programs would use, once, with the variables that name it. Not asked yet."""
    variables: dict[str, list[str]] = {}
    values: dict[str, str] = {}  # those that differ in the login alone are one proxy
    for kind, value in known_proxies().items():
        names = [n for n in (f"{kind}_proxy", f"{kind.upper()}_PROXY") if environ.get(n) == value]
        if kind in KINDS and names:
            place = place_of(with_scheme(value))
            values.setdefault(place, value)
            variables.setdefault(place, []).append(names[0])
    return tuple(read(values[place], tuple(names)) for place, names in variables.items())


def pip_proxy(goal: Goal) -> list[Proxy]:
    """pip's own, which wins over the variables."""
    setting = read_pip(goal.prefix).get("proxy")
    return [read(setting.value, (setting.source,))] if setting else []


def read(value: str, variables: tuple[str, ...]) -> Proxy:
    written = with_scheme(value)
    scheme = value.partition("://")[0].lower() if "://" in value else ""
    try:
        parts = urlsplit(written)
        host, port = parts.hostname or "", parts.port or DEFAULT_PORT.get(parts.scheme, 1080)
        fault = _fault(value, parts)
    except ValueError:  # its words quote what may be a part of the password
        host, port, fault = "", None, _login_fault(value) or "its host and port cannot be read"
    if fault:
        host, port = _meant(place_of(written))
    return Proxy(
        variables=variables, place=place_of(written), scheme=scheme, host=host, port=port, fault=fault
    )


def _meant(place: str) -> tuple[str, int | None]:
    """Host and port, as far as a badly written address shows them."""
    match = re.search(r"([A-Za-z0-9][\w.-]*)[:：]([0-9]{1,5})\b", place)
    return (match[1], int(match[2])) if match else ("", None)


def _fault(value: str, parts: SplitResult) -> str:
    if "$" in value or "{" in value:
        return "it holds a variable that no shell has filled in"
    if value != value.strip() or any(mark in value for mark in " \"'“”‘’"):
        return "it holds a blank or a quote"
    if "://" not in value and "/" in value.rstrip("/"):
        return "its scheme is not followed by ://"
    if login := _login_fault(value):
        return login
    if parts.scheme not in SCHEMES:
        return f"{parts.scheme}:// is no scheme of a proxy"
    if not parts.hostname or any(ord(letter) > 127 for letter in parts.hostname):
        return "it names no host"
    return ""


def _login_fault(value: str) -> str:
    """What an address takes for its own mark ends it before the host."""
    login = value.partition("://")[2].rpartition("@")[0]
    marks = [mark for mark in MARKS if mark in login]
    return f"{IN_LOGIN} {' '.join(marks)}: written {' '.join(MARKS[mark] for mark in marks)}" if marks else ""


def look(proxy: Proxy, seconds: float) -> Proxy:
    """With what is told by connecting: does it take connections, and in the way that its scheme says?"""
    if proxy.fault or proxy.port is None:
        return proxy
    try:
        with socket.create_connection((proxy.host, proxy.port), seconds) as link:
            plain = proxy.scheme == "https" and not _speaks_tls(proxy, link)
            return msgspec.structs.replace(proxy, plain=plain)
    except OSError as error:
        return msgspec.structs.replace(proxy, error=error.strerror or str(error))


def _speaks_tls(proxy: Proxy, link: socket.socket) -> bool:
    import ssl  # few have a proxy that speaks it

    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        context.wrap_socket(link, server_hostname=proxy.host).close()
    except ssl.SSLError as error:
        return "WRONG_VERSION_NUMBER" not in str(error) and "RECORD_LAYER" not in str(error)
    except OSError:
        return True  # silence tells nothing
    return True


def unproxied(environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The names of this machine that requests would reach without the proxies."""
    known = known_proxies()
    return tuple(name for name in LOCAL if known and _goes_past(name, known))

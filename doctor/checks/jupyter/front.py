"""Does a web server in front of a JupyterLab hand on all that its page needs?"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from doctor.catalogue import found
from doctor.checks.jupyter.effective import effective
from doctor.facts import Jupyter
from doctor.facts.jupyter import Front
from doctor.finding import Finding, Severity
from doctor.goal import Goal
from doctor.text import human_bytes

SMALL = 4_000_000  # bytes; JupyterLab sends a file in pieces of a megabyte, and a notebook as a whole
VERSION = "proxy_http_version 1.1;"
UPGRADE = ("proxy_set_header Upgrade $http_upgrade;", 'proxy_set_header Connection "upgrade";')
HOST = "proxy_set_header Host $host;"
FOR_APACHE = ("upgrade=websocket", "ProxyPreserveHost On")


def check(jupyter: Jupyter, goal: Goal) -> Iterator[Finding]:
    running = {server.port for server in jupyter.servers} | ({goal.port} if jupyter.server else set())
    settings = effective(jupyter)
    wanted = {jupyter.wanted_port} if settings.get("ServerApp.port") == jupyter.wanted_port else set()
    of_labs = [one for one in jupyter.fronts if _is_local(one.host) and one.port in running | wanted]
    named = [one for one in jupyter.fronts if "jupyter" in one.names.lower()]
    anywhere = any(name in settings for name in ("ServerApp.allow_origin", "ServerApp.allow_origin_pat"))
    seen: dict[tuple[str, int], list[Front]] = {}
    for one in dict.fromkeys((*of_labs, *named)):
        seen.setdefault((one.host, one.port), []).append(one)
    for (host, port), places in seen.items():
        used = _is_local(host) and port in running
        yield from _kernels(places, anywhere, "fail" if used else "warn")
        yield from _body(places)


def _kernels(places: Sequence[Front], anywhere: bool, severity: Severity) -> Iterator[Finding]:
    """A place of their own for /api/kernels is enough: where one is well, kernels are reached by it."""
    lacking = [(one, missing) for one in places if (missing := _missing(one, anywhere))]
    if not places or len(lacking) < len(places):
        return
    one, missing = lacking[0]
    yield found(
        "jupyter",
        "jupyter-proxy-without-websocket",
        severity=severity,
        commands=_commands(one, missing),
        program=one.program,
        file=one.file,
        target=one.target,
        missing=missing,
    )


def _missing(one: Front, anywhere: bool) -> list[str]:
    if one.program == "apache":
        kept = one.keeps_host or anywhere
        return [said for said, well in zip(FOR_APACHE, (one.upgrade, kept), strict=True) if not well]
    lines = [] if one.http11 else [VERSION]
    lines += [] if one.upgrade else UPGRADE
    return lines + ([] if one.keeps_host or anywhere else [HOST])


def _commands(one: Front, missing: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    if one.program == "apache":
        return (
            ("a2enmod", "proxy_http", "proxy_wstunnel"),
            (
                "sed",
                "-i",
                "--follow-symlinks",
                rf"s#^\(\s*ProxyPass\s.*:{one.port}\S*\)#\1 upgrade=websocket#",
                one.file,
            ),
            ("systemctl", "reload", "apache2"),
        )
    lines = list(missing)
    if (
        not one.own_headers
        and any(line.startswith("proxy_set_header") for line in lines)
        and HOST not in lines
    ):
        lines.append(HOST)  # with one header of its own a place loses those of the place around it
    return _mended(one, " ".join(lines))


def _mended(one: Front, lines: str) -> tuple[tuple[str, ...], ...]:
    return (
        ("sed", "-i", "--follow-symlinks", rf"\#proxy_pass\s*{one.target}#a {lines}", one.file),
        ("nginx", "-t"),
        ("systemctl", "reload", "nginx"),
    )


def _body(places: Sequence[Front]) -> Iterator[Finding]:
    small = [one for one in places if 0 < one.body_bytes < SMALL]
    if small:
        yield found(
            "jupyter",
            "jupyter-proxy-body-limit",
            commands=_mended(small[0], "client_max_body_size 0;"),
            program=small[0].program,
            file=small[0].file,
            target=small[0].target,
            limit=human_bytes(small[0].body_bytes),
        )


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False

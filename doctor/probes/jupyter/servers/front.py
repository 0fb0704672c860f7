"""Web servers that stand in front of a JupyterLab, and what they hand on to it: their files alone are read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from doctor.facts.jupyter import Front
from doctor.reading.peek import is_folder, peek_text

APACHE = ("/etc/apache2/sites-enabled", "/etc/httpd/conf.d")
PASSED = re.compile(
    r"^\s*(?:ProxyPass(?:Match)?\s+(?:\S+\s+)?|RewriteRule\s+\S+\s+)\"?(?P<scheme>https?|wss?)://(?P<host>[^/:\s\"]+)(?::(?P<port>\d+))?(?P<rest>.*)$",
    re.MULTILINE | re.IGNORECASE,
)
NAME = re.compile(r"^\s*(?:ServerName|<Location(?:Match)?)\s+(\S+)", re.MULTILINE | re.IGNORECASE)


def fronts() -> tuple[Front, ...]:
    """Nothing is read where neither of them is installed. (Caddy and Traefik hand WebSockets on without being told to.)"""
    found: tuple[Front, ...] = ()
    if is_folder(Path("/etc/nginx")):
        from doctor.probes.jupyter.servers import nginx

        found = nginx.fronts()
    return (*found, *(one for place in APACHE for one in apache(Path(place))))


def apache(folder: Path) -> Iterator[Front]:
    """Apache: WebSockets need an address of their own (`ws://`), or `upgrade=` since 2.4.47."""
    for path in sorted(folder.glob("*.conf")) if is_folder(folder) else ():
        text = re.sub(r"(?m)^\s*#.*$|\\\n", "", peek_text(path))
        passed = list(PASSED.finditer(text))
        sockets = {
            _port(one)
            for one in passed
            if one["scheme"].lower().startswith("ws") or "upgrade=" in one["rest"]
        }
        for one in passed:
            if one["scheme"].lower().startswith("http"):
                yield Front(
                    program="apache",
                    file=str(path),
                    host=one["host"],
                    port=_port(one),
                    target=f"{one['scheme']}://{one['host']}:{_port(one)}",
                    names=f"{path} {' '.join(NAME.findall(text))}"[:200],
                    upgrade=_port(one) in sockets,
                    keeps_host=bool(re.search(r"(?im)^\s*ProxyPreserveHost\s+On", text)),
                )


def _port(found: re.Match[str]) -> int:
    return int(found["port"] or (443 if found["scheme"].lower() in ("https", "wss") else 80))

"""daemon.json of Docker: what keeps its daemon from starting. It takes no option that it does not know, and no value of
another kind; an empty file is none to it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from doctor.reading.peek import peek, peek_text

CONFIG = Path("/etc/docker/daemon.json")
UNIT = Path("/etc/systemd/system/docker.service.d")  # what is changed of the service: it may add runtimes too
TEXT, LIST, TRUTH, NUMBER, OBJECT = "a text", "a list of texts", "true or false", "a number", "an object"
OPTIONS = {
    TEXT: (
        "bip", "bip6", "bridge", "bridge-accept-fwmark", "cgroup-parent", "containerd", "containerd-namespace",
        "containerd-plugin-namespace", "data-root", "default-cgroupns-mode", "default-gateway", "default-gateway-v6",
        "default-init", "default-ipc-mode", "default-runtime", "exec-root", "firewall-backend", "fixed-cidr",
        "fixed-cidr-v6", "group", "host-gateway-ip", "http-proxy", "https-proxy", "init-path", "ip", "log-driver",
        "log-format", "log-level", "metrics-addr", "no-proxy", "pidfile", "resolv-conf", "seccomp-profile",
        "storage-driver", "swarm-default-advertise-addr", "tlscacert", "tlscert", "tlskey", "userland-proxy-path",
        "userns-remap",
    ),
    LIST: (
        "allow-nondistributable-artifacts", "authorization-plugins", "cdi-spec-dirs", "dns", "dns-opts", "dns-search",
        "exec-opts", "host-gateway-ips", "hosts", "insecure-registries", "labels", "node-generic-resources",
        "registry-mirrors", "storage-opts",
    ),
    TRUTH: (
        "allow-direct-routing", "cri-containerd", "debug", "experimental", "icc", "init", "ip-forward",
        "ip-forward-no-drop", "ip-masq", "ip6tables", "iptables", "ipv6", "live-restore", "no-new-privileges",
        "raw-logs", "rootless", "selinux-enabled", "tls", "tlsverify", "userland-proxy",
    ),
    NUMBER: (
        "max-concurrent-downloads", "max-concurrent-uploads", "max-download-attempts", "mtu",
        "network-control-plane-mtu", "network-diagnostic-port", "shutdown-timeout", "swarm-raft-election-tick",
        "swarm-raft-heartbeat-tick",
    ),
    OBJECT: ("builder", "default-network-opts", "default-ulimits", "features", "log-opts", "proxies", "runtimes"),
}  # fmt: skip
KIND = {name: kind for kind, names in OPTIONS.items() for name in names}
# Of a former release, or of several kinds: not judged.
OTHERS = (
    "api-cors-header", "cluster-advertise", "cluster-store", "cluster-store-opts", "cpu-rt-period", "cpu-rt-runtime",
    "default-address-pools", "default-shm-size", "deprecated-key-path", "graph", "min-api-version", "oom-score-adjust",
)  # fmt: skip
INNER = {"runtimes": OBJECT, "log-opts": TEXT, "features": TRUTH}  # what each of their values is
OWN_RUNTIME, SHIM = "runc", "io.containerd."
MIRROR = re.compile(r"https?://[^/?#\s]+/?\Z")
ALIKE = 0.85  # of 1, the same word


def look() -> tuple[bool, str]:
    """Whether it names NVIDIA's runtime, and why the daemon would not start with it."""
    content = peek(CONFIG) or b""
    if not content.strip():
        return False, ""
    try:
        said = json.loads(content)
    except json.JSONDecodeError as error:
        return False, f"not valid JSON at line {error.lineno}"
    except ValueError:
        return False, "not UTF-8"
    if not isinstance(said, dict):
        return False, "not an object"
    runtimes = said.get("runtimes")
    named = tuple(runtimes) if isinstance(runtimes, dict) else ()
    wrong = next(filter(None, (_wrong(name, value) for name, value in said.items())), "")
    return "nvidia" in named, wrong or _no_runtime(said.get("default-runtime"), named)


def _wrong(name: str, value: Any) -> str:
    kind = KIND.get(name)
    if kind is None:
        return "" if name in OTHERS else _misspelt(name)
    if value is None:  # the same as nothing
        return ""
    if not _is(value, kind):
        return f"{name}: not {kind}"
    if name in INNER:
        other = next((key for key, one in value.items() if not _is(one, INNER[name])), None)
        return f"{name}.{other}: not {INNER[name]}" if other is not None else ""
    mirrors = value if name == "registry-mirrors" else ()
    astray = next((one for one in mirrors if not MIRROR.match(one.strip())), None)
    return f"registry-mirrors: {astray!r} is no address of a host" if astray is not None else ""


def _is(value: Any, kind: str) -> bool:
    if kind == LIST:
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    if kind == NUMBER:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, {TEXT: str, TRUTH: bool, OBJECT: dict}[kind])


def _misspelt(name: str) -> str:
    """Each name that it does not know stops the daemon; a later release may know more, so only what resembles one is told."""
    from doctor.near import nearest  # only where one is unknown

    near = nearest(name, KIND, cutoff=ALIKE)
    return f"{name}: no option; {near[0]} is one" if near else ""


def _no_runtime(name: Any, named: tuple[str, ...]) -> str:
    if not name or name in (OWN_RUNTIME, *named) or name.startswith(SHIM):
        return ""
    added = any("--add-runtime" in peek_text(path) for path in UNIT.glob("*.conf"))
    return "" if added else f"default-runtime: {name} is not among the runtimes"

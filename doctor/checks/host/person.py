"""Does the shell have a home folder, a user name and a text encoding that programs can work with?"""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.facts import Host
from doctor.finding import Finding
from doctor.text import Text

NO_LINE = Text("/etc/hosts has no line for localhost", "/etc/hosts 中没有 localhost 一行")
UTF8 = ("utf-8", "utf8")
PRELOADS = "/etc/ld.so.preload"


def check(host: Host) -> Iterator[Finding]:
    if host.home_state in ("unset", "missing"):
        yield found("host", "home-missing", home=host.home or "unset")
    elif host.home_state == "not-writable":
        yield found("host", "home-not-writable", home=host.home or "", user=host.user)
    if not host.has_passwd_entry:
        severity = "info" if host.names_user else "warn"
        yield found("host", "user-without-passwd-entry", severity=severity, user=host.user)  # type: ignore[arg-type]
    if host.encoding not in UTF8:  # LANG=C alone is no fault: Python then takes UTF-8 all the same
        said = ", ".join(f"{name}={value}" for name, value in host.locale.items()) or "no locale variable"
        yield found("host", "locale-not-utf8", encoding=host.encoding, variables=said)
    said = host.locale.get("PYTHONIOENCODING", "").partition(":")[0].lower().replace("_", "-")
    if host.encoding in UTF8 and said not in ("", *UTF8):
        yield found(
            "host",
            "locale-not-utf8",
            encoding=said,
            variables=f"PYTHONIOENCODING={said}",
            commands=(("unset", "PYTHONIOENCODING"),),
        )
    if not host.null_device:
        yield found("host", "dev-null-not-a-device")
    if not host.loopback:
        yield found("host", "loopback-down")
    elif not host.knows_localhost or host.localhost_elsewhere:
        place = host.localhost_elsewhere
        leads = Text(f"localhost leads to {place}", f"localhost 指向 {place}")
        yield found("host", "localhost-unknown", seen=leads if place else NO_LINE)
    if host.lost_preloads:
        yield found("host", "preload-missing", by="LD_PRELOAD", paths=host.lost_preloads)
    elif host.lost_preloads_of_all:
        yield found(
            "host",
            "preload-missing",
            by=PRELOADS,
            paths=host.lost_preloads_of_all,
            commands=(("sudo", "$EDITOR", PRELOADS),),
        )
    if host.systemd is False and host.wsl:  # elsewhere nobody misses it
        yield found("host", "systemd-absent")

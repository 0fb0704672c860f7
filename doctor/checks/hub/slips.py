"""Variables of the Hub's client that do not do what they seem to: misspelt names, values that are no yes, a misspelt host."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.hub.settings import TRUE, set_in
from doctor.checks.network.judge import is_good
from doctor.facts import Facts, Hub, Network
from doctor.facts.hub import Variable
from doctor.finding import Finding, Severity
from doctor.hub_env import right_host
from doctor.text import Text, both

FALSE = (
    "",
    "0",
    "OFF",
    "NO",
    "FALSE",
    "N",
    "F",
    "NONE",
    "NULL",
    "DISABLE",
    "DISABLED",
)  # what people mean by no
WEIGHTY = (
    "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE", "HF_HUB_DISABLE_XET", "HF_HUB_ENABLE_HF_TRANSFER",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN",
)  # fmt: skip
LIGHT = ("HF_HUB_DISABLE_TELEMETRY", "HF_HUB_DISABLE_PROGRESS_BARS", "HF_HUB_DISABLE_SYMLINKS_WARNING")


def check(facts: Facts, hub: Hub) -> Iterator[Finding]:
    known = {variable.name: variable for variable in hub.variables}
    yield from _host(facts, hub, known.get("HF_ENDPOINT"))
    yield from _names(hub)
    yield from _switches(known)


def _host(facts: Facts, hub: Hub, variable: Variable | None) -> Iterator[Finding]:
    """Where nobody was asked it may be somebody's own host, unlikely as that is."""
    network = facts.network
    asked = network.reply("hub") if isinstance(network, Network) and network.asked else None
    if hub.endpoint_shape != "host" or not variable or (asked and is_good(asked)):
        return
    yield found(
        "hub",
        "hf-endpoint-host-misspelt",
        severity=None if asked else "warn",
        value=variable.value,
        host=variable.value.partition("://")[2].partition("/")[0],
        right=right_host(variable.value),
        place=set_in(variable),
    )


def _names(hub: Hub) -> Iterator[Finding]:
    for one in sorted(hub.slips, key=lambda slip: slip.of_others)[:1]:
        yield found(
            "hub",
            "hf-variable-misspelt",
            severity="info" if one.of_others else None,
            name=one.name,
            meant=one.meant,
            place=both(", ".join(one.files)) if one.files else Text("this shell", "当前终端"),
        )


def _switches(known: dict[str, Variable]) -> Iterator[Finding]:
    """Neither yes nor no: the client takes it for no."""
    for name in (*WEIGHTY, *LIGHT):
        value = known[name].value if name in known else ""
        if value.upper() not in TRUE and value.strip().upper() not in FALSE:
            severity: Severity = "info" if name in LIGHT else "warn"
            yield found(
                "hub",
                "hf-switch-without-effect",
                severity=severity,
                name=name,
                value=value,
                place=set_in(known[name]),
            )
            return

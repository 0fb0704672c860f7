"""NCCL and gloo: does what their variables name as the way to other processes exist?"""

from __future__ import annotations

from collections.abc import Sequence

from doctor.facts import Variable

PREFIXES, EXACT = "NCCL_SOCKET_IFNAME", "GLOO_SOCKET_IFNAME"
LOOPBACK = "lo"


def names_none(variable: Variable, there: Sequence[str]) -> bool:
    """Whether what it asks for is not there. Nothing is known where no interface was listed."""
    names = [name.strip() for name in variable.value.split(",") if name.strip()]
    if not there or not names:
        return False
    if variable.name == EXACT:  # gloo makes a device of each
        return not set(names) <= set(there)
    return variable.name == PREFIXES and not _any_fits(variable.value.strip(), there)


def takes_loopback(variable: Variable, there: Sequence[str]) -> bool:
    """Whether an exclusion of the person's own, which is in the place of NCCL's, leaves loopback in: it is the first of all."""
    value = variable.value.strip()
    others = [name for name in there if name != LOOPBACK]
    if variable.name != PREFIXES or not value.startswith("^") or not others:
        return False
    return _any_fits(value, [LOOPBACK]) and _any_fits(value, others)


def _any_fits(asked: str, there: Sequence[str]) -> bool:
    """NCCL's way of writing: beginnings of names; = whole names; ^ all but these. A port may follow a colon."""
    but, asked = asked.startswith("^"), asked.removeprefix("^")
    whole, asked = asked.startswith("="), asked.removeprefix("=")
    names = [name.strip().partition(":")[0] for name in asked.split(",") if name.strip()]
    fit = {one for one in there for name in names if (one == name if whole else one.startswith(name))}
    return bool(set(there) - fit) if but else bool(fit)

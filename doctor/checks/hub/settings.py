"""The variables that steer the Hub's client: do they say something that it can follow, and do they agree?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from doctor.catalogue import found
from doctor.facts import Facts, Hub, Network, Packages
from doctor.facts.hub import Cache, Variable
from doctor.finding import Finding, Severity
from doctor.goal import Goal
from doctor.hub_env import OTHER_NAMES
from doctor.release import before
from doctor.text import Text, both

TRUE = ("1", "ON", "YES", "TRUE")  # what huggingface_hub takes for yes
OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE")
PATHS = ("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE")
QUOTES = "\"'`“”‘’"
TIMEOUTS = ("HF_HUB_DOWNLOAD_TIMEOUT", "HF_HUB_ETAG_TIMEOUT")
LOOK_ALIKES = str.maketrans("–—－。．", "---..")  # what a Chinese keyboard or a text program makes of - and .
IDLE = {
    "spaces": Text("no space may stand on either side of =", "= 两侧不能有空格"),
    "not-exported": Text("without export only the shell itself has it", "没有 export，只有 shell 自己能看到"),
    "set": Text("this is how other shells write it", "这是其他 shell 的写法"),
}
ENDPOINT_FAULTS = {
    "no-scheme": "hf-endpoint-no-scheme",
    "quoted": "hf-endpoint-quoted",
    "empty": "hf-endpoint-empty",
    "password": "hf-endpoint-holds-password",
    "page": "hf-endpoint-names-a-page",
    "plain-http": "hf-endpoint-plain-http",
}


def check(facts: Facts, hub: Hub, goal: Goal) -> Iterator[Finding]:
    known = {variable.name: variable for variable in hub.variables}
    yield from _endpoint(hub, known)
    yield from _misspelt(hub)
    yield from _idle_lines(hub)
    yield from _offline(hub, known, goal)
    yield from _xet(facts, hub, known)
    yield from _transfer(facts, known)
    yield from _numbers(known)
    yield from _paths(known)
    yield from _places(facts, hub)


def is_on(known: dict[str, Variable], name: str) -> bool:
    return name in known and known[name].value.upper() in TRUE


def set_in(*variables: Variable | None) -> Text:
    """Where to look for the line that sets it: start-up files, else this shell."""
    files = dict.fromkeys(file for one in variables if one for file in one.files)
    return both(", ".join(files)) if files else Text("this shell", "当前终端")


def _endpoint(hub: Hub, known: dict[str, Variable]) -> Iterator[Finding]:
    name = ENDPOINT_FAULTS.get(hub.endpoint_shape)
    if name:
        variable = known.get("HF_ENDPOINT")
        value = variable.value if variable else ""
        bare = value.strip().strip("\"'`“”‘’")
        # The scheme with whatever is wrong in it comes off: `https:/`, `htps://`, a full-width colon.
        right = "https://" + re.sub(r"^h?tt?p?s?[:：]?[/／]+|^\w+[:：][/／]+", "", bare).lstrip(":：/／")
        right = re.split(r"[,;#\s]", right.translate(LOOK_ALIKES))[0]
        if hub.endpoint_shape == "page":
            right = "/".join(right.split("/")[:3])
        yield found("hub", name, value=value, place=set_in(variable), right=right)


def _misspelt(hub: Hub) -> Iterator[Finding]:
    """Some programs know such a name; the Hub's own client does not."""
    if hub.misspelt:
        one = hub.misspelt[0]
        known = one.name in OTHER_NAMES  # to some program, for which it may be meant
        yield found(
            "hub",
            "hf-endpoint-misspelt",
            severity="info" if known else None,
            name=one.name,
            value=one.value,
            place=set_in(one),
        )


def _idle_lines(hub: Hub) -> Iterator[Finding]:
    if hub.idle_lines:
        first = hub.idle_lines[0]
        yield found(
            "hub",
            "shell-line-without-effect",
            name=first.name,
            place=tuple(line.place for line in hub.idle_lines),
            why=IDLE[first.kind],
        )


def _offline(hub: Hub, known: dict[str, Variable], goal: Goal) -> Iterator[Finding]:
    """Deliberate where the models are there; otherwise nothing can be loaded."""
    names = tuple(name for name in OFFLINE if is_on(known, name))
    if not names:
        return
    place = set_in(*(known[name] for name in names))
    loads = names != ("HF_DATASETS_OFFLINE",)
    severity: Severity = "fail" if loads and _nothing_to_load(hub, goal) else "info"
    yield found("hub", "hf-offline-left-on", severity=severity, names=names, place=place, cache=hub.cache)


def _nothing_to_load(hub: Hub, goal: Goal) -> bool:
    if not goal.foreign:
        return any(model.state != "complete" for model in hub.models)
    return isinstance(hub.seen, Cache) and hub.seen.repos == 0


def _xet(facts: Facts, hub: Hub, known: dict[str, Variable]) -> Iterator[Finding]:
    """The person's own shell: the processes that setup starts have Xet switched off with a mirror."""
    packages = facts.packages.installed if isinstance(facts.packages, Packages) else {}
    mirror = hub.endpoint and not hub.endpoint.endswith("huggingface.co")
    network = facts.network
    if isinstance(network, Network) and (network.xet_reachable or network.xet_offered is False):
        return
    if (
        mirror
        and hub.endpoint_shape == "fine"
        and "hf-xet" in packages
        and not is_on(known, "HF_HUB_DISABLE_XET")
    ):
        version = packages["hf-xet"]
        yield found("hub", "hf-xet-bypasses-mirror", endpoint=str(hub.endpoint), version=version)


def _transfer(facts: Facts, known: dict[str, Variable]) -> Iterator[Finding]:
    packages = facts.packages.installed if isinstance(facts.packages, Packages) else {}
    hub = packages.get("huggingface-hub")
    asked = is_on(known, "HF_HUB_ENABLE_HF_TRANSFER") and "hf-transfer" not in packages
    if asked and hub and before(hub, "1.0"):  # later ones do not know the variable any more
        place = set_in(known["HF_HUB_ENABLE_HF_TRANSFER"])
        yield found("hub", "hf-transfer-without-package", version=hub, place=place)


def _numbers(known: dict[str, Variable]) -> Iterator[Finding]:
    """Read when huggingface_hub is imported, so a wrong one stops the import."""
    for name in TIMEOUTS:
        value = known[name].value if name in known else "1"
        if not value.strip().isdecimal() or int(value) == 0:
            yield found(
                "hub", "hf-timeout-not-a-number", variable=name, value=value, place=set_in(known[name])
            )


def _paths(known: dict[str, Variable]) -> Iterator[Finding]:
    """A path that no shell has read: its marks are part of it. One without a slash in front moves with the person."""
    for name in PATHS:
        value = known[name].value if name in known else ""
        bare = value.strip().strip(QUOTES)
        if value and bare != value:
            yield found(
                "hub", "hf-home-quoted", variable=name, value=value, right=bare, place=set_in(known[name])
            )
        elif value and not value.startswith(("/", "~", "$")):
            yield found("hub", "hf-home-relative", variable=name, value=value, place=set_in(known[name]))


def _places(facts: Facts, hub: Hub) -> Iterator[Finding]:
    """Two places for models, one of which is not looked at."""
    packages = facts.packages.installed if isinstance(facts.packages, Packages) else {}
    transformers = packages.get("transformers")
    first = hub.places[0] if hub.places else None
    hidden = [place for place in hub.places[1:] if place.models]
    if first and hub.transformers_place and transformers and before(transformers, "5"):
        used, other = ("TRANSFORMERS_CACHE", hub.transformers_place), (first.variable, first.path)
    elif first and hidden:
        used, other = (first.variable, first.path), (hidden[0].variable, hidden[0].path)
    else:
        return
    yield found(
        "hub",
        "cache-variables-disagree",
        wins=used[0],
        used=used[1],
        loses=other[0],
        unused=other[1],
    )

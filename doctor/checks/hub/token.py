"""Does the token look like one, and is it kept from others?"""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.facts import Facts, Hub, Packages
from doctor.facts.hub import Token
from doctor.finding import Finding, Severity
from doctor.release import before
from doctor.text import Text

SHAPES = {
    "quoted": Text("quotation marks around it", "两侧有引号"),
    "not-ascii": Text(
        "characters that are not ASCII, such as full-width ones", "含有非 ASCII 字符，例如全角字符"
    ),
    "inner-space": Text("a blank inside it", "中间有空格"),
    "placeholder": Text("a placeholder from a tutorial", "是教程里的占位符"),
    "several": Text("several tokens, one after the other", "多个令牌连在一起"),
    "unusual": Text("does not begin with hf_", "不以 hf_ 开头"),
}
CERTAIN = ("quoted", "not-ascii", "inner-space", "placeholder", "several")  # no server takes these


# Until then huggingface_hub asked through requests, which takes the login of a netrc file in place of the token.
WITHOUT_NETRC = "1.0"


def login(facts: Facts, hub: Hub) -> Iterator[Finding]:
    """A login that is no token is refused, and with it every request. One that is a token may be meant, for git."""
    packages = facts.packages.installed if isinstance(facts.packages, Packages) else {}
    release = packages.get("huggingface-hub")
    if hub.login and release and before(release, WITHOUT_NETRC):
        entry = "default" if hub.login.host == "default" else f"machine {hub.login.host}"
        yield found(
            "hub",
            "hf-netrc-overrides-token",
            severity="info" if hub.login.holds_token or hub.login.host == "default" else None,
            path=hub.login.path,
            entry=entry,
            version=release,
        )


def check(hub: Hub) -> Iterator[Finding]:
    if hub.token_left:
        yield found("hub", "hf-token-left-behind", path=hub.token_left, cache=hub.cache)
    if hub.tokens:
        yield from _shape(hub.tokens[0])
    for token in hub.tokens:
        if token.reachable:
            mode = f"{token.mode or 0:04o}"
            severity: Severity = "warn" if hub.other_people else "info"
            yield found("hub", "hf-token-readable-by-others", severity=severity, path=token.place, mode=mode)
        if token.differs:
            yield found("hub", "hf-token-shadowed", path=token.place, wins=hub.tokens[0].place)


def _shape(token: Token) -> Iterator[Finding]:
    if token.shape == "unreadable":
        yield found("hub", "hf-token-unreadable", path=token.place)
    if token.shape in SHAPES:
        severity: Severity = "fail" if token.shape in CERTAIN else "warn"
        commands = None if token.place.startswith("/") else (("unset", token.place),)
        yield found(
            "hub",
            "hf-token-malformed",
            severity=severity,
            commands=commands,
            place=token.place,
            shape=SHAPES[token.shape],
        )

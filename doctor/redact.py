"""Nothing personal leaves in facts: the last pass over every text that the probes brought, before anything sees them.

The probes themselves do not collect secrets. This is for what comes along unasked: a URL with a password in somebody's
configuration, a token in a log line, the home of another user in a process list.
"""

from __future__ import annotations

import getpass
import ipaddress
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import msgspec

from doctor.facts import Facts
from doctor.goal import Goal

HIDDEN = "***"
SECRET_NAME = re.compile(r"TOKEN|SECRET|PASSW|API_?KEY|ACCESS_?KEY|CREDENTIAL|PRIVATE_?KEY", re.IGNORECASE)
SHORTEST = 8  # characters: a shorter value would be found in innocent words
# Read in JSON text, so no pattern may reach over a quote or a backslash.
SHAPES = (
    (r"(?<=://)[^/\s\"\\@]+@", f"{HIDDEN}@"),  # https://user:password@host
    # Lower case, or the name of a variable such as HF_HUB_ENABLE_HF_TRANSFER would be taken for a token.
    (r"(?-i:\b(?:hf|api_org|ghp|gho|ghs|github_pat|glpat|xox[abp]|sk|pk)[_-][A-Za-z0-9_-]{16,})", HIDDEN),
    (r"\bAKIA[A-Z0-9]{12,}", HIDDEN),
    (r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_.-]+", HIDDEN),  # JSON web token
    (r"\bargon2:\$[^\s\"\\]+", HIDDEN),
    (r"\bsha(?:1|256|512):[0-9a-f]{6,}:[0-9a-f]{20,}", HIDDEN),
    (r"((?:token|passw(?:or)?d|secret|api_?key|access_?key)[=:]\s?)[^\s\"\\&,;]{4,}", rf"\g<1>{HIDDEN}"),
    (r"(Authorization: ?(?:Bearer|Basic) )[^\s\"\\]+", rf"\g<1>{HIDDEN}"),
)


def redacted(
    facts: Facts, goal: Goal, environ: Mapping[str, str] = os.environ, known: Sequence[str] | None = None
) -> Facts:
    """The same facts without secrets, homes of other users, and public addresses of this machine.

    `known`: what `secrets_here` says, where it was asked before.
    """
    try:
        text = msgspec.json.encode(facts).decode()
    except UnicodeEncodeError:
        return redacted(_as_text(facts), goal, environ, known)
    clean = hide(text, goal, environ, known)
    return facts if clean == text else msgspec.json.decode(clean, type=Facts)


def _as_text(facts: Facts) -> Facts:
    """Names of files that are not UTF-8, as GBK ones, cannot be told: a "?" stands for each byte of that kind."""
    import json

    text = json.dumps(msgspec.to_builtins(facts), ensure_ascii=False)
    return msgspec.json.decode(text.encode(errors="replace"), type=Facts)


def without_shapes(text: str) -> str:
    """JSON text without what looks like a secret."""
    for pattern, instead in shapes():
        text = pattern.sub(instead, text)
    return text


def secrets_here(environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """What is hidden wherever it appears. It takes a while: whoever waits for the probes can ask for it meanwhile."""
    shapes()
    return (*_secrets(environ), *_public_addresses())


@cache
def shapes() -> tuple[tuple[re.Pattern[str], str], ...]:
    """The patterns, made once."""
    return tuple((re.compile(pattern, re.IGNORECASE), instead) for pattern, instead in SHAPES)


def hide(text: str, goal: Goal, environ: Mapping[str, str], known: Sequence[str] | None = None) -> str:
    text = without_shapes(text)
    for secret in secrets_here(environ) if known is None else known:
        text = text.replace(secret, HIDDEN)
    return _without_other_homes(text, goal, environ)


def _secrets(environ: Mapping[str, str]) -> Iterator[str]:
    """The values of variables that are called a secret. Their form in JSON, since that is what is searched."""
    for name, value in environ.items():
        a_place = value.startswith(("/", "~")) or name.endswith(("_PATH", "_FILE", "_DIR"))
        if SECRET_NAME.search(name) and len(value) >= SHORTEST and not a_place:
            yield msgspec.json.encode(value.encode(errors="replace").decode()).decode()[1:-1]


def _public_addresses() -> Iterator[str]:
    import psutil  # here, for it takes a while, and the probes should start before

    for addresses in psutil.net_if_addrs().values():
        for one in addresses:
            try:
                known = ipaddress.ip_address(one.address.partition("%")[0])
            except ValueError:  # a hardware address
                continue
            if known.is_global:
                yield str(known)


def _without_other_homes(text: str, goal: Goal, environ: Mapping[str, str]) -> str:
    """`/home/somebody` of people who are neither the one who asks nor named in what is asked about."""
    asked = " ".join(
        (goal.home, goal.prefix, goal.cache, goal.root_dir, goal.conda_root, environ.get("HOME", ""))
    )
    ours = {_user(), environ.get("SUDO_USER", ""), *re.findall(r"/home/([^/\s\"\\]+)", asked)}

    def instead(match: re.Match[str]) -> str:
        return match.group(0) if match.group(1) in ours else f"/home/{HIDDEN}"

    return re.sub(r"(?<![\w.-])/home/([^/\s\"\\:]+)", instead, text)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name
        return str(os.geteuid())

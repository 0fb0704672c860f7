"""Do conda's settings let it work: can they be read, do they name channels that may be used, does the proxy answer?"""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.conda.weight import is_needed, is_used, main_install, weighed_setting
from doctor.facts import Conda, Facts, Host, Network
from doctor.finding import Finding
from doctor.goal import Goal
from doctor.near import one_slip
from doctor.text import Text

HTTP_OK = 200
NO_FALLBACK = 26  # the first year of conda without channels of its own
ZH = {
    "a tab": "制表符",
    "not text": "不是文本",
    "no `name: value` lines": "没有“名称: 值”形式的行",
    "no YAML": "不是 YAML",
    "this user may not read it": "当前用户无权读取",
}
KNOWN = (
    *(
        "conda-forge",
        "defaults",
        "bioconda",
        "pytorch",
        "nvidia",
        "huggingface",
        "anaconda",
        "rapidsai",
        "intel",
    ),
    *("pytorch3d", "fastai", "xformers", "msys2", "main", "free"),
)
LONG_ENOUGH = 6  # letters: each neighbour of a shorter name may be somebody's
# What runs on a machine, by the kernel's name of its kind.
PLATFORMS = {
    "x86_64": ("linux-64", "linux-32"),
    "aarch64": ("linux-aarch64",),
    "ppc64le": ("linux-ppc64le",),
}
UNSAID = Text("not set, which means flexible", "未设置，即 flexible")
NO_FILE = Text("no settings file names a channel", "没有任何配置文件写明频道")


def check(facts: Facts, conda: Conda, goal: Goal) -> Iterator[Finding]:
    said = conda.settings
    for file, reason in said.broken:
        severity = weighed_setting("fail", conda, goal)
        yield found("conda", "conda-condarc-unreadable", severity=severity, file=file, reason=_reason(reason))
    for file, setting in said.invalid:
        severity = weighed_setting("fail", conda, goal)
        unset = (("unset", file),) if file.isupper() else None  # a variable
        yield found(
            "conda", "conda-condarc-invalid", severity=severity, file=file, setting=setting, commands=unset
        )
    if not is_used(conda, goal):
        return
    yield from _channels(conda, goal)
    yield from _misspelt(facts, conda, goal)
    yield from _platform(facts, conda, goal)
    yield from _terms(conda, goal)
    for proxy in said.proxies:
        if proxy.error:
            yield found(
                "conda",
                "conda-proxy-dead",
                severity=weighed_setting("fail", conda, goal),
                files=said.files,
                scheme=proxy.scheme,
                address=proxy.address,
                error=proxy.error,
            )
    if said.offline:
        severity = weighed_setting("warn", conda, goal)
        yield found("conda", "conda-offline-left-on", severity=severity, files=said.files)


def _reason(said: str) -> Text:
    """`line 2: a tab` in both languages. What the parser says in its own words stays as it is."""
    place, _, problem = said.rpartition(": ")
    line = place.removeprefix("line ")
    zh = ZH.get(problem, problem)
    return Text(said, f"第 {line} 行：{zh}" if line else zh)


def _channels(conda: Conda, goal: Goal) -> Iterator[Finding]:
    said = conda.settings
    if said.asked and not (said.channels or said.broken or said.invalid) and _has_no_fallback(conda):
        files = ", ".join(said.files) or NO_FILE
        yield found("conda", "conda-no-channels", severity=weighed_setting("fail", conda, goal), files=files)
        return
    main = [name for name in said.channels or () if _is_anacondas(name)]
    forge = [name for name in said.channels or () if "conda-forge" in name]
    slow = _solves_slowly(conda)
    if main and forge and said.priority != "strict" and (said.priority or slow):
        yield found(
            "conda",
            "conda-channels-mixed",
            severity="warn" if slow else None,
            commands=(("conda", "config", "--set", "channel_priority", "strict"),) if slow else None,
            channels=said.channels or (),
            priority=said.priority or UNSAID,
            solver="classic" if slow else "libmamba",
        )
    elif main and is_needed(conda, goal):
        yield found("conda", "conda-defaults-channel", channels=main)


def _solves_slowly(conda: Conda) -> bool:
    """The classic solver tries each build of each channel where their order is not strict."""
    main = main_install(conda)
    return conda.settings.classic_solver or (
        main is not None and main.state == "complete" and not main.libmamba
    )


def _misspelt(facts: Facts, conda: Conda, goal: Goal) -> Iterator[Finding]:
    """One channel that is not there stops every install. What the settings give an address, or what answers, is there."""
    said = conda.settings
    answered = facts.network.channels if isinstance(facts.network, Network) else ()
    there = {*said.own_channels, *(one.name for one in answered if one.reply.status == HTTP_OK), *KNOWN}
    long = [name for name in KNOWN if len(name) >= LONG_ENOUGH]
    for name in said.channels or ():
        right = None if name in there else one_slip(name, long)
        if right:
            severity = weighed_setting("fail", conda, goal)
            yield found(
                "conda",
                "conda-channel-misspelt",
                severity=severity,
                name=name,
                right=right,
                files=said.files or ("CONDA_CHANNELS",),
            )


def _platform(facts: Facts, conda: Conda, goal: Goal) -> Iterator[Finding]:
    subdir = conda.settings.subdir
    own = PLATFORMS.get(facts.host.machine) if isinstance(facts.host, Host) else None
    if subdir and own and subdir not in own:
        yield found(
            "conda",
            "conda-platform-foreign",
            severity=weighed_setting("fail", conda, goal),
            subdir=subdir,
            own=own[0],
            files=conda.settings.files,
        )


def _is_anacondas(name: str) -> bool:
    return name == "defaults" or name.startswith("https://repo.anaconda.com/")


def _has_no_fallback(conda: Conda) -> bool:
    main = main_install(conda)
    year = (main.version or "").partition(".")[0] if main else ""
    return year.isdecimal() and int(year) >= NO_FALLBACK


def _terms(conda: Conda, goal: Goal) -> Iterator[Finding]:
    """Setup uses conda-forge alone, so that Anaconda's terms are a matter for the person's own conda only."""
    terms = conda.terms
    rejected = [url for url in terms.wanted if url in terms.rejected]
    open_ = [url for url in terms.wanted if url not in (*terms.rejected, *terms.accepted)]
    if rejected:
        severity = weighed_setting("fail", conda, goal)
        yield found("conda", "conda-tos-rejected", severity=severity, channels=rejected)
    elif open_ and not terms.automatic:
        severity = weighed_setting("warn", conda, goal)
        yield found("conda", "conda-tos-not-accepted", severity=severity, channels=open_)

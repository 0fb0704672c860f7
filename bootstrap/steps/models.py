"""Fetch the wanted models into the Hugging Face cache, from the endpoints that answer, fastest first."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from bootstrap.hub import choice as hub_env
from bootstrap.hub.gate import gate_hint
from bootstrap.hub.job import Endpoint, Event, Job, program
from bootstrap.hub.names import give_names
from bootstrap.mirrors import keep, leave, measure, why_silent
from bootstrap.step import Cost, LeftOut, Work
from bootstrap.undo.models import note_before
from doctor.facts import Answer, Facts, Hub
from doctor.goal import Goal
from doctor.goal.profile import ModelWant
from doctor.hub_env import OFFICIAL, recorded_endpoint, token
from doctor.mirrors import table
from doctor.probes import disk
from doctor.probes.hub import cached_model, cached_models, hub_folder, missing_files
from doctor.text import Text, human_bytes, human_seconds

NAME = "models"
TITLE = Text("models", "模型")
AFTER: tuple[str, ...] = ()
# On a line that all share, what Python needs comes first: its modules are compiled, and JupyterLab works, while models arrive.
WAITS = ("packages:fetched", "torch:fetched")
AREAS = ("hub", "jupyter")  # notebooks are told which endpoint served

LINK = 12_500_000  # bytes a second, for estimates: 100 Mbit/s
LONGEST = 24 * 3600.0  # seconds for one endpoint; standstill is noticed by the fetching program itself
Failures = dict[tuple[str, str], Event]  # by model and endpoint
NAMED = 3  # models whose failure is told in full
SPARE = 100_000_000  # bytes left free on the cache's disk
LATER = Text("to fetch them later: make models", "稍后下载：make models")


def cost(facts: Facts, goal: Goal) -> Cost:
    count = sum(m.missing_bytes for m in facts.hub.models) if isinstance(facts.hub, Hub) else 0
    return Cost(bytes=count, seconds=count / LINK)


def changes(facts: Facts, goal: Goal) -> tuple[Text, ...]:
    missing = [m for m in facts.hub.models if m.state != "complete"] if isinstance(facts.hub, Hub) else []
    return tuple(
        Text(
            f"fetch {m.id}: {human_bytes(m.missing_bytes)} into {goal.cache}",
            f"下载 {m.id}：{human_bytes(m.missing_bytes)} 到 {goal.cache}",
        )
        for m in missing
    )


def run(work: Work) -> None:
    """Raises LeftOut when models are still missing afterwards: setup is of use without them."""
    wanted = _to_fetch(work.goal)
    failures: Failures = {}
    if wanted:
        _check_offline()
        _check_room(work, wanted)
        sources = answering(work.goal)
        keep(work.goal)
        _warn_of_the_token(work)
        note_before(work, wanted)
        failures = _fetch(work, sources, wanted)
    failures |= _give_names(work.goal)
    left = [model.id for model in cached_models(work.goal) if model.state != "complete"]
    if left:
        raise _incomplete(left, len(work.goal.models), failures)


def _to_fetch(goal: Goal) -> tuple[ModelWant, ...]:
    hub = hub_folder(goal.cache)
    return tuple(want for want in goal.models if missing_files(hub, want))


def _check_offline() -> None:
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        if os.environ.get(name, "").upper() in ("1", "ON", "YES", "TRUE"):
            raise LeftOut(
                Text(f"{name} is set", f"已设置 {name}"),
                Text(f"unset {name}, then: make models", f"取消 {name} 后运行：make models"),
            )


def _check_room(work: Work, wanted: tuple[ModelWant, ...]) -> None:
    """Refuse before a byte moves. Raises LeftOut with the room to make."""
    needed = sum(cached_model(hub_folder(work.goal.cache), want).missing_bytes for want in wanted) + SPARE
    place = disk.place("cache", Path(work.goal.cache))
    if place.free_bytes < needed:
        short = human_bytes(needed - place.free_bytes)
        raise LeftOut(
            Text(
                f"too little room on {place.mount}: {human_bytes(needed)} needed, {human_bytes(place.free_bytes)} free",
                f"{place.mount} 空间不足：需要 {human_bytes(needed)}，可用 {human_bytes(place.free_bytes)}",
            ),
            Text(
                f"free {short} there, or choose another disk: make setup CACHE=/big/disk",
                f"请腾出 {short}，或换一个磁盘：make setup CACHE=/big/disk",
            ),
        )


def answering(goal: Goal) -> tuple[Answer, ...]:
    found, silent = measure("hub", goal)
    if not found:
        said = why_silent(silent)
        raise LeftOut(
            Text(f"neither the Hub nor a mirror answers ({said})", f"Hub 和镜像均无响应（{said}）"), LATER
        )
    return found


def _warn_of_the_token(work: Work) -> None:
    """Whoever is the endpoint reads the token: a mirror that the person named gets it, and that is said."""
    endpoint = work.goal.endpoint
    if endpoint and endpoint != OFFICIAL and token(work.goal)[0]:
        work.say(
            Text(
                f"your Hub token is sent to {endpoint}, since HF_ENDPOINT names it. Public models need none: unset HF_TOKEN, or use a read-only one",
                f"由于设置了 HF_ENDPOINT，你的 Hub 令牌会发送给 {endpoint}。公开模型不需要令牌：请取消 HF_TOKEN，或使用只读令牌",
            )
        )


def _fetch(work: Work, sources: tuple[Answer, ...], wanted: tuple[ModelWant, ...]) -> Failures:
    """All that is missing, from all endpoints that answer, in a process of its own. Returns the failures."""
    job = Job(
        models=wanted,
        hub=str(hub_folder(work.goal.cache)),
        endpoints=tuple(endpoint_of(answer, work.goal) for answer in sources),
    )
    heard, before = Heard(work, wanted), recorded_endpoint(work.goal)
    _remember(sources[0], work.goal)  # now: a run that is killed behind the last byte never comes to judge
    done = work.call(
        program(),
        seconds=LONGEST,
        check=False,
        stdin=msgspec.json.encode(job).decode(),
        line=heard.line,
    )
    if done.code != 0 and not heard.failures:  # it ended without a word of its own: killed, or a defect
        said = f"exit code {done.code}: {done.tail[-1] if done.tail else ''}"
        heard.failures = {(want.id, ""): Event(kind="network", reason=said) for want in wanted}
    _judge(sources, heard, work, before)
    return heard.failures


def endpoint_of(answer: Answer, goal: Goal) -> Endpoint:
    return Endpoint(answer.name, answer.url, token=_trusted(answer, goal), rate=answer.rate or 0)


class Heard:
    """What the fetching program tells while it runs, passed on to the person."""

    def __init__(self, work: Work, wanted: tuple[ModelWant, ...]) -> None:
        self.work, self.wanted = work, wanted
        self.failures: Failures = {}
        self.blamed: dict[str, str] = {}  # endpoint → why
        self.givers: set[str] = set()
        hub, ids = hub_folder(work.goal.cache), {want.id for want in wanted}
        self.total = sum(want.bytes for want in work.goal.models)
        others = [want for want in work.goal.models if want.id not in ids]
        self.rest = sum(cached_model(hub, want).cached_bytes for want in others)

    def line(self, line: str) -> None:
        event = _event(line)
        if event is None:
            self.work.tell(line)
        elif event.done is not None:
            self.work.progress(min(self.rest + event.done, self.total), self.total, **_details(event))
            self.work.tell(_under_way(event))
        elif event.pause is not None:
            self.work.tell(f"{event.endpoint}: too many requests, it says: going on in {event.pause:.0f} s")
        elif event.reason is None:
            self.givers |= set((event.endpoint or "").split(", ")) - {""}
            self.failures = {key: e for key, e in self.failures.items() if key[0] != event.model}
            self.work.tell(f"{event.model} ✓ ({event.endpoint})")
        else:
            self.blamed.setdefault(event.endpoint or "", event.reason)
            for name in [event.model] if event.model else [want.id for want in self.wanted]:
                self.failures[name, event.endpoint or ""] = event


def _under_way(event: Event) -> str:
    rates = " + ".join(f"{name} {human_bytes(rate)}/s" for name, rate in event.rates.items())
    left = "" if event.left is None else f"{human_seconds(event.left)} left"
    shares = [
        f"{name.rpartition('/')[2]} {100 * n // size}%"
        for name, (n, size) in event.models.items()
        if 0 < n < size
    ]
    return " · ".join(part for part in (rates, left, *shares) if part)


def _details(event: Event) -> dict[str, object]:
    """What `models --json` tells besides the bytes."""
    models = [{"id": name, "bytes": n, "total": size} for name, (n, size) in event.models.items()]
    return {"rate": event.rate, "seconds_left": event.left, "endpoints": event.rates, "models": models}


def _judge(sources: tuple[Answer, ...], heard: Heard, work: Work, before: str | None) -> None:
    """Leave the endpoints that failed, and let notebooks ask the first one that gave what it should, else whom they did."""
    for answer in sources:
        why = heard.blamed.get(answer.name)
        if why and work.goal.endpoint is None:
            leave(work, answer, why)
    good = [a for a in sources if a.name in heard.givers]
    if good:
        _remember(min(good, key=lambda answer: answer.name in heard.blamed), work.goal)
    elif before != recorded_endpoint(work.goal):
        hub_env.record(work.goal, before)


def _event(line: str) -> Event | None:
    """What the fetching program told; None for a line that came from elsewhere, such as a warning."""
    try:
        return msgspec.json.decode(line, type=Event)
    except ValueError:
        return None


def _official(answer: Answer, goal: Goal) -> bool:
    return any(source.official and source.url == answer.url for source in table.sources("hub", goal))


def _trusted(answer: Answer, goal: Goal) -> bool:
    """May it see the person's token? Only the Hub itself, and an endpoint that the person chose."""
    return goal.endpoint is not None or _official(answer, goal)


def _remember(answer: Answer, goal: Goal) -> None:
    """Let notebooks ask the endpoint that gave something. The person's own choice stands without a record."""
    chosen = None if _official(answer, goal) else answer.url
    if goal.endpoint is None and chosen != recorded_endpoint(goal):
        hub_env.record(goal, chosen)


def _give_names(goal: Goal) -> Failures:
    failures: Failures = {}
    hub = hub_folder(goal.cache)
    for want in goal.models:
        if not missing_files(hub, want):
            try:
                give_names(hub, want)
            except OSError as error:  # a file system without links
                failures[want.id, ""] = Event(kind="disk", reason=str(error))
    return failures


def _incomplete(left: list[str], wanted: int, failures: Failures) -> LeftOut:
    why = [f"{name}: {_why(name, failures)}" for name in left]
    said = " | ".join(why[:NAMED]) + (f" | +{len(why) - NAMED}" if len(why) > NAMED else "")
    return LeftOut(
        Text(
            f"{len(left)} of {wanted} models are still missing ({said})",
            f"{wanted} 个模型中还缺 {len(left)} 个（{said}）",
        ),
        LATER,
    )


def _why(name: str, failures: Failures) -> str:
    mine = [(endpoint, failure) for (model, endpoint), failure in failures.items() if model == name]
    said = [
        f"{endpoint}: {failure.reason}" if endpoint else f"{failure.reason}" for endpoint, failure in mine
    ]
    if any(failure.kind == "gated" for _, failure in mine):
        said.append(gate_hint(name).en)
    return "; ".join(said) or "not complete"

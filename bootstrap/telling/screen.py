"""What a person reads: the plan before, the one screen after."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from bootstrap.outcome import Outcome
from bootstrap.plan import Planned, total
from bootstrap.setup import Result
from doctor.facts import Facts, Gpu, Python, Smoke, Torch
from doctor.goal import Goal
from doctor.text import Lang, Text, human_bytes, human_seconds


def plan_lines(plan: tuple[Planned, ...], goal: Goal, lang: Lang, narrowed: bool = False) -> list[str]:
    """The plan as text: steps, reasons, changes, bytes and time. `narrowed`: only a part was asked for."""
    if not plan and narrowed:
        return [Text("Nothing to do here.", "这里无需操作。").get(lang)]
    if not plan:
        return [
            Text("Nothing to do: this machine is as it should be.", "无需操作：这台机器已经就绪。").get(lang)
        ]
    out = [_plan_head(plan, goal).get(lang)]
    for number, step in enumerate(plan, 1):
        size = human_bytes(step.cost.bytes) if step.cost.bytes else "-"
        out.append(f"  {number:2}. {step.title.get(lang)}  ({size}, ~{human_seconds(step.cost.seconds)})")
        out += [f"        {change.get(lang)}" for change in step.changes]
        out.append(f"        {Text('why', '原因').get(lang)}: {', '.join(step.reasons) or '-'}")
    cost = total(plan)
    out.append(
        Text(
            f"In all about {human_bytes(cost.bytes)}; {human_seconds(cost.seconds)} on a 100 Mbit/s link.",
            f"合计约 {human_bytes(cost.bytes)}；100 Mbit/s 网络下约 {human_seconds(cost.seconds)}。",
        ).get(lang)
    )
    return out


def _plan_head(plan: tuple[Planned, ...], goal: Goal) -> Text:
    return Text(
        f"{goal.profile.title.en}: {len(plan)} {'step' if len(plan) == 1 else 'steps'}, into {goal.prefix}",
        f"{goal.profile.title.zh}：{len(plan)} 个步骤，安装到 {goal.prefix}",
    )


def end_lines(goal: Goal, result: Result, server: list[str], lang: Lang) -> list[str]:
    """The end of setup on one screen: what is ready, where, what was left out and how to get it."""
    failed = [o for o in result.outcomes if o.status == "failed"]
    if failed:
        return [line for outcome in failed for line in _failure(outcome, lang)]
    ready = not any(finding.severity == "fail" for finding in result.findings)
    out = ["", (Text("Ready.", "就绪。") if ready else Text("Not ready yet.", "尚未就绪。")).get(lang)]
    out += [f"  {line.get(lang)}" for line in _ready(goal, result.facts)]
    out += [f"  {line}" for line in server]
    out += [
        line
        for outcome in result.outcomes
        if outcome.status == "left-out"
        for line in _left_out(outcome, lang)
    ]
    if changed(result):
        return out
    return [Text("Nothing to do, nothing changed.", "无需操作，未作任何更改。").get(lang), *out[1:]]


def changed(result: Result) -> bool:
    return any(outcome.status in ("done", "failed") for outcome in result.outcomes)


def _failure(outcome: Outcome, lang: Lang) -> Iterator[str]:
    head = Text(f"This step failed: {outcome.title.en}", f"这一步失败了：{outcome.title.zh}")
    yield ""
    yield f"✗ {head.get(lang)}"
    if outcome.reason:
        yield outcome.reason.get(lang)
    if outcome.later:
        yield f"  {outcome.later.get(lang)}"
    again = Text(
        f"  then go on where it stopped: make setup (only this step: make setup ARGS='--only {outcome.name}')",
        f"  处理后从这里继续：make setup（只运行这一步：make setup ARGS='--only {outcome.name}'）",
    )
    yield again.get(lang)


def _left_out(outcome: Outcome, lang: Lang) -> Iterator[str]:
    yield Text(f"Left out: {outcome.title.en}", f"未完成：{outcome.title.zh}").get(lang)
    if outcome.reason:
        yield f"  {outcome.reason.get(lang)}"
    if outcome.later:
        yield f"  {outcome.later.get(lang)}"


def _ready(goal: Goal, facts: Facts) -> Iterator[Text]:
    if isinstance(facts.python, Python) and facts.python.version:
        activate = activation(goal)
        yield Text(
            f"Environment   Python {facts.python.version} in {goal.prefix}",
            f"环境          Python {facts.python.version}，位于 {goal.prefix}",
        )
        yield Text(f"  to use it   {activate}", f"  启用方法    {activate}")
    if isinstance(facts.torch, Torch) and facts.torch.version:
        yield Text(
            f"PyTorch       {facts.torch.version} on {device(facts)}",
            f"PyTorch       {facts.torch.version}，设备 {device(facts)}",
        )
    if isinstance(facts.smoke, Smoke) and facts.smoke.tasks:
        yield _proof(facts.smoke)


def _proof(smoke: Smoke) -> Text:
    passed = [task for task in smoke.tasks if task.status == "pass"]
    real = sum(task.weights == "real" for task in passed)
    tiny = len(passed) - real
    return Text(
        f"Proof         {len(passed)} of {len(smoke.tasks)} pipelines run ({real} on real weights, {tiny} on tiny random ones)",
        f"验证          {len(smoke.tasks)} 个管道中 {len(passed)} 个可运行（{real} 个用真实权重，{tiny} 个用随机小模型）",
    )


def device(facts: Facts) -> str:
    if isinstance(facts.gpu, Gpu) and isinstance(facts.gpu.devices, tuple) and facts.gpu.devices:
        return ", ".join(gpu.name for gpu in facts.gpu.devices)
    return "CPU"


def activation(goal: Goal) -> str:
    """The shell line that puts the environment first on PATH."""
    if goal.manager == "conda":
        return f"source {shlex.quote(f'{goal.conda_root}/bin/activate')} {shlex.quote(goal.prefix)}"
    if goal.manager == "system":
        return goal.interpreter
    script, home = f"{goal.prefix}/bin/activate", f"{Path.home()}/"
    if script.startswith(home):
        return f"source ~/{shlex.quote(script.removeprefix(home))}"
    return f"source {shlex.quote(script)}"

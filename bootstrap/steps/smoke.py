"""The proof: every pipeline of the profile, run in the environment itself."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path

import msgspec

from bootstrap import process, seen
from bootstrap.safety.files import write_atomically
from bootstrap.step import Cost, Work
from doctor.errors import Exit, Trouble
from doctor.facts import Facts, Unknown
from doctor.goal import Goal
from doctor.goal.model_sets import profile_models
from doctor.probes.ffmpeg import search_path
from doctor.probes.smoke import fingerprint, report_path
from doctor.reading.ask import ask, clean_environ
from doctor.text import Text, pick_lang

NAME = "smoke"
TITLE = Text("the proof: every pipeline runs", "验证：运行每个管道")
AFTER = ("packages", "torch")
WAITS = ("ffmpeg", "kernel", "models")
AREAS = ("smoke",)

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "smoke_test.py"
SECONDS = 1800.0  # real weights of all models on a slow disk and two CPU cores


def cost(facts: Facts, goal: Goal) -> Cost:
    return Cost(seconds=60)


def changes(facts: Facts, goal: Goal) -> tuple[Text, ...]:
    count = len(goal.profile.smoke)
    return (Text(f"run {count} pipelines and keep the report", f"运行 {count} 个管道并保存报告"),)


def prepare(work: Work) -> None:
    """Importing torch and transformers takes as long as using them: done while the models arrive."""
    goal = work.goal
    write_spec(goal)
    raw_path(goal).parent.mkdir(parents=True, exist_ok=True)
    process.start_ahead(arguments(goal), clean_environ(environ(goal)))


def run(work: Work) -> None:
    done = prove(work)
    if done.code not in (0, 1):
        raise process.failed(
            ["smoke_test.py"], work.log, done.tail, Text(f"exit code {done.code}", f"退出码 {done.code}")
        )
    if done.code == 1:
        raise Trouble(
            Text("some pipelines fail:\n" + "\n".join(done.tail), "有管道失败：\n" + "\n".join(done.tail)),
            Exit.FAILED,
            Text(f"tracebacks: {report_path(work.goal)}", f"详细错误：{report_path(work.goal)}"),
        )


def prove(work: Work, more: Mapping[str, str] | None = None) -> process.Done:
    """Run the smoke test and keep its report together with the fingerprint of what it tested. `more`: variables."""
    goal, report = work.goal, report_path(work.goal)
    proved = fingerprint(goal)
    raw = raw_path(goal)
    raw.parent.mkdir(parents=True, exist_ok=True)
    raw.unlink(missing_ok=True)
    write_spec(goal)
    env = {**environ(goal), **(more or {})}
    done = work.call(arguments(goal), seconds=SECONDS, env=env, check=False, stdin="go\n")
    if raw.is_file():
        seen.keep(goal, work.log)  # before the report, with which there is nothing left to do
        keep(raw, report, proved)
    return done


def arguments(goal: Goal) -> list[str]:
    files = ("--spec", str(spec_path(goal)), "--out", str(raw_path(goal)))
    return [goal.interpreter, str(SCRIPT), *files, "--lang", pick_lang(), "--wait"]


def environ(goal: Goal) -> dict[str, str]:
    """The script's own modules stand in the checkout, which may be somebody else's."""
    return {**target_environ(goal), "PYTHONDONTWRITEBYTECODE": "1"}


def spec_path(goal: Goal) -> Path:
    return report_path(goal).with_suffix(".spec.json")


def raw_path(goal: Goal) -> Path:
    """The report while it is being written."""
    return report_path(goal).with_suffix(".raw.json")


def write_spec(goal: Goal) -> None:
    """What to run, as the script reads it. Revisions and sizes come from the whole manifest: MODELS only says what to fetch."""
    known = {
        model.id: {"revision": model.revision, "bytes": model.bytes} for model in profile_models(goal.profile)
    }
    tasks = [
        {"task": want.task, "model": want.model} | known.get(want.model, {}) for want in goal.profile.smoke
    ]
    write_atomically(spec_path(goal), msgspec.json.encode({"tasks": tasks}))


def keep(raw: Path, report: Path, proved: str) -> None:
    """The report gets its name only together with what it proves and when."""
    data = msgspec.json.decode(raw.read_bytes(), type=dict[str, object])
    data["taken_at"] = datetime.now(timezone.utc).isoformat(timespec="seconds")
    data["fingerprint"] = proved
    write_atomically(report, msgspec.json.format(msgspec.json.encode(data)))
    raw.unlink()


def target_environ(goal: Goal) -> dict[str, str]:
    """The environment that a notebook of the course has."""
    inherited = {
        name: value for name, value in clean_environ().items() if name.startswith(("CUDA_", "NVIDIA_"))
    }
    path = search_path(goal) + os.pathsep + os.environ.get("PATH", "")
    return {**inherited, "HF_HOME": goal.cache, "PATH": path}


def table(goal: Goal) -> list[str]:
    """The kept report as the script prints it for people."""
    said = ask(
        [goal.interpreter, "-B", str(SCRIPT), "--show", str(report_path(goal)), "--lang", pick_lang()],
        seconds=30,
    )
    return [said.reason] if isinstance(said, Unknown) else (said.stdout or said.stderr).splitlines()

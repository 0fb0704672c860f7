"""The words of `groundwork`, the same as `make WORD`. Each is short: it parses, calls, prints and exits."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from bootstrap import ending
from bootstrap.options import (
    FILE,
    LANG,
    ask_option,
    json_option,
    offline_option,
    plan_option,
    say,
    secrets,
    with_colab_settings,
    with_settings,
    with_target,
)
from doctor.text import Lang


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help=say(
        "Groundwork: from a bare machine to a proven Hugging Face course environment.",
        "Groundwork：从裸机到经过验证的 Hugging Face 课程环境。",
    ),
    epilog=say(
        "Settings are flags, environment variables or make variables: PROFILE ENV_MANAGER ENV_NAME PYTHON PREFIX TARGET "
        "CACHE HF_ENDPOINT MIRRORS MODELS IP PORT TLS KEEP_UP PASSWORD PASSWORD_FILE ROOT_DIR GROUNDWORK_HOME. "
        "Exit codes: 0 fine, 1 failed, 2 usage, 3 our defect, 4 needs you, 5 network, 130 interrupted.",
        "设置可用参数、环境变量或 make 变量：PROFILE ENV_MANAGER ENV_NAME PYTHON PREFIX TARGET CACHE HF_ENDPOINT MIRRORS "
        "MODELS IP PORT TLS KEEP_UP PASSWORD PASSWORD_FILE ROOT_DIR GROUNDWORK_HOME。"
        "退出码：0 正常，1 失败，2 用法错误，3 程序缺陷，4 需要你处理，5 网络，130 中断。",
    ),
)
def cli() -> None:
    pass


@cli.command(help=say("plan, apply, verify: the whole job", "计划、执行、验证：完整流程"))
@with_settings
@plan_option
@json_option
@ask_option
@click.option(
    "--only", metavar="STEP", help=say("only this step (or several: a,b)", "只运行这一步（可多个：a,b）")
)
@click.option("--from", "start", metavar="STEP", help=say("this step and those behind it", "从这一步开始"))
@offline_option
def setup(flags: Mapping[str, str | None], ask: bool, **asked: Any) -> None:
    from bootstrap import words

    sys.exit(words.setup(flags, secrets(ask), LANG, **asked))


@cli.command(help=say("say what is wrong, and why; changes nothing", "诊断问题及原因；不作更改"))
@with_target
@json_option
@click.option("--area", metavar="A,B", help=say("only these areas", "只检查这些区域"))
@click.option("--offline", is_flag=True, help=say("no request over the network", "不访问网络"))
@click.option(
    "--deep",
    is_flag=True,
    help=say("take more time: import torch, hash files", "更深入，耗时更长：导入 torch、校验文件"),
)
@click.option("--list", "listing", is_flag=True, help=say("every known finding", "列出所有已知问题"))
@click.option("--lang", type=click.Choice(["en", "zh"]), help=say("language", "语言"))
@click.option("--save", type=FILE, help=say("keep this machine's facts in a file", "把机器状态保存到文件"))
@click.option("--html", type=FILE, help=say("write a page that can be sent", "写出可发送的网页"))
@click.option("--facts", type=FILE, help=say("judge a saved machine", "诊断保存的机器状态"))
def doctor(flags: Mapping[str, str | None], lang: Lang | None, **asked: Any) -> None:
    from doctor import word

    sys.exit(word.run(flags, lang or LANG, word.Asked(**asked)))


@cli.command(
    help=say(
        "what a finding means: its id, an error text, a file, or text on standard input; torch-choice: why this torch",
        "解释一个问题：可给出编号、错误信息、文件，或从标准输入读取；torch-choice：为何选用这个 torch",
    )
)
@click.argument("asked", nargs=-1, metavar="[ID|TEXT|FILE]")
@click.option("--lang", type=click.Choice(["en", "zh"]), help=say("language", "语言"))
@click.option(
    "--facts",
    type=FILE,
    metavar="FILE",
    help=say("ask a saved machine, in place of this one", "检查保存的机器状态，而不是本机"),
)
@click.option("--offline", is_flag=True, help=say("no request over the network", "不访问网络"))
@with_target
@json_option
def explain(
    flags: Mapping[str, str | None],
    asked: tuple[str, ...],
    lang: Lang | None,
    facts: Path | None,
    offline: bool,
    as_json: bool,
) -> None:
    if asked == ("torch-choice",):
        from bootstrap import wheels as choice

        sys.exit(choice.wheels(choice.Asked(offline=True), lang or LANG, as_json=as_json))
    from doctor import explain as word

    sys.exit(word.run(asked, lang or LANG, as_json=as_json, facts=facts, flags=flags, offline=offline))


@cli.command(help=say("mend what the doctor found", "修复诊断出的问题"))
@with_target
@plan_option
@json_option
@click.option("--yes", is_flag=True, help=say("do not ask", "不询问"))
@click.option("--only", "ids", metavar="ID", multiple=True, help=say("only this finding", "只处理这个问题"))
@click.option(
    "--adopt",
    is_flag=True,
    help=say("let TARGET become the course's environment, and change it", "把 TARGET 作为课程环境并允许改动"),
)
def fix(flags: Mapping[str, str | None], **asked: Any) -> None:
    from bootstrap import words

    sys.exit(words.fix(flags, secrets(), LANG, words.Fix(**asked)))


@cli.command(
    help=say(
        "fetch the profile's models into the cache, or repositories that are named: ORG/NAME[@REVISION]",
        "把课程模型（或指定的仓库 ORG/NAME[@版本]）下载到缓存",
    )
)
@click.argument("names", nargs=-1, metavar="[ORG/NAME[@REVISION]...]")
@with_settings
@click.option(
    "--endpoint", metavar="URL", help=say("a Hub mirror, as HF_ENDPOINT", "Hub 镜像，等同 HF_ENDPOINT")
)
@click.option("--include", metavar="GLOB", multiple=True, help=say("only these files", "只取这些文件"))
@click.option("--exclude", metavar="GLOB", multiple=True, help=say("not these files", "不取这些文件"))
@click.option(
    "--max-size",
    metavar="SIZE",
    help=say("at most so much of a repository: 10GB", "单个仓库的大小上限：10GB"),
)
@click.option(
    "--verify", is_flag=True, help=say("hash what is cached; fetch nothing", "校验缓存内容，不下载")
)
@click.option(
    "--repair",
    is_flag=True,
    help=say("fetch what is bad or missing, and only that", "只重新下载损坏或缺失的文件"),
)
@plan_option
@json_option
def models(flags: Mapping[str, str | None], endpoint: str | None, **asked: Any) -> None:
    from bootstrap.hub import word

    sys.exit(word.models({**flags, "HF_ENDPOINT": endpoint}, LANG, word.Asked(**asked)))


@cli.command(
    help=say(
        "the sets of models that MODELS can name: sizes, licences, GPU memory, what else they need",
        "MODELS 可用的模型集合：大小、许可证、显存及其他依赖",
    )
)
@click.argument("names", nargs=-1, metavar="[SET...]")
@click.option("--profile", "profile", metavar="PROFILE", help=say("what to install", "安装哪个配置"))
@json_option
def sets(names: tuple[str, ...], profile: str | None, as_json: bool) -> None:
    from doctor.goal.settings import resolve
    from doctor.report import sets as word

    goal = resolve({"PROFILE": profile, "MODELS": "all"}, changes=False)
    sys.exit(word.sets(names, goal.profile, LANG, as_json=as_json))


@cli.command(
    help=say(
        "compare the manifests in configs/models with what the Hub has; --write takes it over (make manifest)",
        "将 configs/models 中的清单与 Hub 核对；--write 写入差异（make manifest）",
    ),
    epilog=say(
        "For whoever keeps the manifests. Asks for the files of each model at its commit, their sizes and hashes, licence and gating, "
        "and where main is now. No token is sent. Exit codes: 0 nothing differs, or all was written; 1 something is left; 5 no answer.",
        "供维护清单的人使用。查询每个模型在其提交处的文件、大小、哈希、许可证和授权方式，以及 main 的现状。不发送令牌。"
        "退出码：0 无差异或已全部写入；1 仍有差异；5 没有应答。",
    ),
)
@click.argument("names", nargs=-1, metavar="[SET...]")
@click.option("--endpoint", metavar="URL", help=say("whom to ask", "向哪个站点查询"))
@click.option("--write", is_flag=True, help=say("write the differences into the files", "把差异写入文件"))
@json_option
def manifest(names: tuple[str, ...], endpoint: str | None, write: bool, as_json: bool) -> None:
    from bootstrap.manifest import word

    sys.exit(word.manifest(names, endpoint, LANG, write=write, as_json=as_json))


@cli.command(help=say("run every pipeline of the course and say how it went", "运行课程的每个管道并报告结果"))
@with_settings
@json_option
def smoke(flags: Mapping[str, str | None], as_json: bool) -> None:
    from bootstrap import words

    sys.exit(words.smoke(flags, LANG, as_json=as_json))


@cli.command(help=say("start JupyterLab, or say where it runs", "启动 JupyterLab，或说明它在哪里运行"))
@with_settings
@json_option
@ask_option
@click.option(
    "--watch", "keep_up", flag_value="watch", help=say("KEEP_UP=watch, from now on", "从现在起 KEEP_UP=watch")
)
@click.option(
    "--systemd",
    "keep_up",
    flag_value="systemd",
    help=say("KEEP_UP=systemd, from now on", "从现在起 KEEP_UP=systemd"),
)
def lab(flags: Mapping[str, str | None], as_json: bool, ask: bool, keep_up: str | None) -> None:
    from bootstrap import words

    kept = {"KEEP_UP": keep_up} if keep_up else {}
    sys.exit(words.lab({**flags, **kept}, secrets(ask), LANG, as_json=as_json))


@cli.command(help=say("stop JupyterLab", "停止 JupyterLab"))
@with_settings
@json_option
def stop(flags: Mapping[str, str | None], as_json: bool) -> None:
    from bootstrap import words

    sys.exit(words.stop(flags, LANG, as_json=as_json))


@cli.command(help=say("what is ready, and is JupyterLab up", "查看哪些已就绪、JupyterLab 是否在运行"))
@with_settings
@json_option
def status(flags: Mapping[str, str | None], as_json: bool) -> None:
    from bootstrap import words

    sys.exit(words.status(flags, LANG, as_json=as_json))


@cli.command(
    help=say(
        "which build of torch fits this machine, or one to rent",
        "哪个 torch 版本适合这台（或准备租用的）机器",
    )
)
@click.option(
    "--gpu",
    metavar="GPU",
    multiple=True,
    help=say("compute capability (7.0) or name (V100)", "计算能力（7.0）或型号（V100）"),
)
@click.option("--driver", metavar="VERSION", help=say("driver, such as 550.54.14", "驱动版本，如 550.54.14"))
@click.option("--python", metavar="VERSION", help=say("Python version, such as 3.11", "Python 版本，如 3.11"))
@click.option("--glibc", metavar="VERSION", help=say("glibc, such as 2.31", "glibc 版本，如 2.31"))
@click.option(
    "--machine",
    type=click.Choice(("x86_64", "aarch64")),
    help=say("processor, where the GPU does not tell", "处理器架构，如果无法由 GPU 得知"),
)
@click.option("--profile", metavar="PROFILE", help=say("for what to install", "安装哪个配置"))
@click.option("--facts", type=click.Path(path_type=Path), help=say("a saved machine", "保存的机器状态"))
@offline_option
@json_option
def wheels(as_json: bool, **asked: Any) -> None:
    from bootstrap import wheels as word

    sys.exit(word.wheels(word.Asked(**asked), LANG, as_json=as_json))


@cli.command(
    help=say(
        "measure every source, and say which is used and why not the others",
        "测量所有下载来源，说明使用哪一个以及其他来源为何不用",
    )
)
@with_settings
@json_option
def mirrors(flags: Mapping[str, str | None], as_json: bool) -> None:
    from bootstrap import mirror_table

    sys.exit(mirror_table.mirrors(flags, LANG, as_json=as_json))


@cli.command(
    help=say(
        "prepare a Colab (Kaggle, …) runtime; in a cell: %run groundwork/scripts/colab_cell.py",
        "准备 Colab（Kaggle 等）运行时；在单元格中：%run groundwork/scripts/colab_cell.py",
    ),
    epilog=say(
        "What the profile needs goes into a folder beside the runtime's own packages, of which no file is changed. "
        "CACHE=drive keeps models on the mounted Google Drive. Models are fetched when a notebook uses them, "
        "or now with MODELS=all, sets or ids.",
        "所需软件包放在运行时自带软件包旁边的文件夹中，不改动其任何文件。CACHE=drive 把模型保存到已挂载的 Google Drive。"
        "模型在使用时下载；要现在下载请用 MODELS=all、集合或模型名。",
    ),
)
@with_colab_settings
@plan_option
@json_option
@click.option(
    "--prove", is_flag=True, help=say("then run every pipeline of the course", "随后运行课程的每个管道")
)
@click.option(
    "--kernel",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    hidden=True,
)
def colab(flags: Mapping[str, str | None], **asked: Any) -> None:
    from bootstrap.colab import word

    sys.exit(word.colab(flags, LANG, word.Asked(**asked)))


@cli.command(
    help=say(
        "what runs did here: steps, time, how they ended, what they made",
        "以往运行：步骤、用时、结果、创建的内容",
    )
)
@json_option
@click.option(
    "--lines", metavar="N", type=click.IntRange(1), help=say("only the last N lines", "只显示最后 N 行")
)
def log(as_json: bool, lines: int | None) -> None:
    from bootstrap import story

    sys.exit(story.log(LANG, as_json=as_json, last=lines))


@cli.command(
    help=say(
        "remove what setup made, and only that; what you changed or added since stays",
        "移除安装程序创建的内容，且仅限于此；你之后改动或添加的内容会保留",
    )
)
@plan_option
@json_option
@click.option("--yes", is_flag=True, help=say("do not ask", "不询问"))
@click.option("--files", is_flag=True, help=say("list each single file", "列出每个文件"))
def undo(**asked: Any) -> None:
    from bootstrap.undo import word

    sys.exit(word.undo(LANG, word.Asked(**asked)))


def main() -> None:
    ending.run(cli)


if __name__ == "__main__":
    main()

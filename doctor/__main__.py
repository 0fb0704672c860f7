"""`python -m doctor`: the word `doctor` without the writing room, for a machine where nothing may change."""

from __future__ import annotations

import argparse
import gc
import sys
from pathlib import Path

sys.dont_write_bytecode = True  # the doctor writes nothing, not even the compiled form of our own code
gc.disable()  # it ends soon, and collecting is a twentieth of its time

from doctor.errors import Trouble
from doctor.leave import at_once
from doctor.text import Text, pick_lang
from doctor.word import Asked, run

LANG = pick_lang()


def say(en: str, zh: str) -> str:
    return Text(en, zh).get(LANG)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m doctor", description=say("Say what is wrong, and why.", "诊断问题及原因。")
    )
    parser.add_argument(
        "--json",
        action="store_true",
        dest="as_json",
        help=say("nothing but JSON on standard output", "标准输出只有 JSON"),
    )
    parser.add_argument(
        "--deep",
        action="store_true",
        help=say("take more time: import torch, hash files", "更深入，耗时更长：导入 torch、校验文件"),
    )
    parser.add_argument(
        "--list", action="store_true", dest="listing", help=say("every known finding", "列出所有已知问题")
    )
    parser.add_argument("--lang", choices=("en", "zh"), help=say("language", "语言"))
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help=say("write a page that can be sent", "写出可发送的网页")
    )
    parser.add_argument("--area", metavar="A,B", help=say("only these areas", "只检查这些区域"))
    parser.add_argument(
        "--offline", action="store_true", help=say("no request over the network", "不访问网络")
    )
    parser.add_argument(
        "--save",
        type=Path,
        metavar="FILE",
        help=say("keep this machine's facts in a file", "把机器状态保存到文件"),
    )
    parser.add_argument(
        "--facts", type=Path, metavar="FILE", help=say("judge a saved machine", "诊断保存的机器状态")
    )
    return parser.parse_args()


def main() -> int:
    asked = arguments()
    how = {name: value for name, value in vars(asked).items() if name != "lang"}
    try:
        return run({"TARGET": None}, asked.lang or LANG, Asked(**how))
    except Trouble as trouble:
        print(f"✗ {trouble.message.get(LANG)}", file=sys.stderr)
        return int(trouble.code)


if __name__ == "__main__":
    end = SystemExit(main())
    at_once(end)
    raise end

"""Files and folders that the system refused: by the number of the error, and the path that it names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from doctor.names import names
from doctor.text import Text
from doctor.texts.clues.clue import clue
from doctor.texts.match import Match
from doctor.texts.said import Said

NUMBERED = re.compile(
    r"\[Errno (?P<number>\d+)\] (?P<said>[^:\n'\"]+)(?::? ?b?['\"](?P<path>[^'\"\n]+)['\"])?"
)
# As programs of C print it: "PROGRAM: … 'PATH': Permission denied".
PLAIN = re.compile(
    r"(?:cannot (?:open|create|access|stat|remove|move|touch|write|mkdir|make directory|create directory|create regular file)|can't open(?: file)?|could not (?:open|create|write|lock)|[Ff]ailed to (?:open|create|write|read|lock))[^\n]{0,40}?(?:['\"‘](?P<quoted>[^'\"’\n]+)['\"’]|(?P<path>[~/][^\s'\"’:]+)):? ?[:(]?(?P<said>Permission denied|No such file or directory|Read-only file system|Input/output error|Operation not permitted|Not a directory|Is a directory|Stale file handle|Device or resource busy|Text file busy|File exists|Too many levels of symbolic links|File name too long|Disk quota exceeded|Operation not supported)"
    r"|(?P<before>(?:\.{0,2}|~)/[\w./+@-]+): (?P<after>Permission denied|Read-only file system|Input/output error|Stale file handle|Disk quota exceeded|Device or resource busy|Text file busy|cannot execute binary file)"
    # As Node prints it: "EACCES: permission denied, mkdir '/path'".
    r"|E[A-Z]{3,}: (?P<node>permission denied|no such file or directory|read-only file system|operation not permitted|not a directory|file already exists|i/o error), \w+ '(?P<named>[^'\n]+)'"
    # As Go and Rust print it: "mkdir /path: permission denied", "… (os error 13)".
    r"|\b(?P<call>mkdir|open|stat|lstat|write|read|remove|unlink|rename|chmod|chown|symlink|link|fork/exec|exec|create|readlink|unlinkat|mkdirat|openat) (?P<gone>[~/][^\s:'\"]*): (?P<word>permission denied|read-only file system|operation not permitted|not a directory|is a directory|file exists|input/output error|stale (?:NFS )?file handle|disk quota exceeded|device or resource busy|file name too long|exec format error)"
    r"|(?P<rust>[~/][\w./+@-]+)['\"`]?\W{1,4}(?P<os>Permission denied|Read-only file system|Operation not permitted|Input/output error|Stale file handle|Device or resource busy|File exists|Not a directory|Operation not supported) \(os error \d+\)"
)
BY_WORDS = {
    "Operation not permitted": 1, "No such file or directory": 2, "Input/output error": 5, "Permission denied": 13, "Device or resource busy": 16,
    "File exists": 17, "Not a directory": 20, "Is a directory": 21, "Text file busy": 26, "Read-only file system": 30, "File name too long": 36,
    "cannot execute binary file": 8, "File already exists": 17, "I/o error": 5, "exec format error": 8, "stale NFS file handle": 116, "Too many levels of symbolic links": 40, "Operation not supported": 95, "Stale file handle": 116, "Disk quota exceeded": 122,
}  # fmt: skip
WHY = {
    1: Text("the system forbids it to this user: an attribute of the file (lsattr), a container's rules, or a disk that knows no owners", "系统禁止当前用户这样做：文件属性（lsattr）、容器的限制，或不支持属主的磁盘"),
    2: Text("it is not there, under this name, in this folder", "在该文件夹中没有这个名称的文件"),
    5: Text("the disk did not give it: a disk that fails, or a network disk that lost its server", "磁盘没有给出数据：磁盘损坏，或网络盘与服务器断开"),
    8: Text("it is a program for another kind of processor, or a script without a first line that names its interpreter", "它是为另一种处理器编译的程序，或是没有首行指定解释器的脚本"),
    13: Text("it belongs to another user, mostly because sudo or a container made it", "它属于其他用户，多半由 sudo 或容器创建"),
    16: Text("another program has it in use", "另一个程序正在使用它"),
    17: Text("something of that name is there already, of another kind or from an interrupted run", "已存在同名的东西，种类不同，或是中断的运行留下的"),
    18: Text("it lies on another disk than its target, and a link cannot cross disks", "它与目标不在同一磁盘上，链接不能跨磁盘"),
    20: Text("a part of the path is a file, where a folder should be", "路径中应为文件夹的一段是文件"),
    21: Text("it is a folder, where a file should be", "应为文件的地方是一个文件夹"),
    22: Text("the file system does not know what was asked: a name or an operation that it does not support", "文件系统不支持所要求的名称或操作"),
    26: Text("it is a program that is running", "它是一个正在运行的程序"),
    30: Text("its disk is mounted for reading only", "它所在的磁盘以只读方式挂载"),
    36: Text("a name is longer than the file system allows (255 bytes; 143 where home is encrypted)", "名称超过文件系统的上限（255 字节；加密的家目录为 143 字节）"),
    39: Text("the folder is not empty", "文件夹不是空的"),
    40: Text("a link leads to itself", "链接指向自身"),
    95: Text("its file system does not support that: locks, links or permissions, as on network disks and those of Windows", "其文件系统不支持该操作：锁、链接或权限，如网络盘和 Windows 的磁盘"),
    116: Text("it was removed on the server of a network disk", "它已在网络盘的服务器上被删除"),
    122: Text("your share of the disk is used up, though the disk is not", "磁盘尚有空间，但你的配额已用完"),
}  # fmt: skip
OURS = frozenset(WHY)
RUNS = ("fork/exec", "exec")
SHELL = re.compile(
    r"(?:^|\s|-)(?:ba|z|da)?sh: (?:line \d+: |\d+: )?$"
)  # what stands before a program that a shell was to run
NOT_RUN = Text(
    "it may not be run: it lacks the right to (chmod +x; or start it by name: bash FILE), a folder above it is closed to this user, or its disk is mounted noexec",
    "不允许运行：缺少执行权限（chmod +x，或用 bash 文件名 启动），上级目录对当前用户关闭，或其磁盘以 noexec 挂载",
)


def clues(said: Said) -> Iterator[Match]:
    hit = next(
        (hit for hit in NUMBERED.finditer(said.text) if int(hit["number"]) in OURS and hit["path"]), None
    )
    if hit and not _is_command(hit["path"]):
        yield _told(hit, int(hit["number"]), hit["said"].strip(), hit["path"])
        return
    if plain := PLAIN.search(said.text):
        words = plain["said"] or plain["after"] or plain["word"] or plain["os"] or plain["node"]
        number = BY_WORDS.get(words) or BY_WORDS[words[0].upper() + words[1:]]
        path = (
            plain["path"]
            or plain["before"]
            or plain["gone"]
            or plain["rust"]
            or plain["quoted"]
            or plain["named"]
        )
        run = number == 13 and (SHELL.search(said.text[: plain.start()]) or plain["call"] in RUNS)
        yield _told(plain, number, words, path, NOT_RUN if run else None)


def _told(hit: re.Match[str], number: int, words: str, path: str, why: Text | None = None) -> Match:
    return clue(
        "disk",
        "path-refused",
        hit[0],
        hit.start(),
        more=(("ls", "-ld", path),),
        path=path,
        said=words,
        number=number,
        why=why or WHY[number],
    )


def _is_command(path: str) -> bool:
    """Whether it is a program that was to be started: told by the kind that knows commands."""
    return "/" not in path and path in names().commands

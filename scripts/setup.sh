#!/bin/sh
# Stage 0: what runs on a bare machine before any Python of ours. Makes Groundwork's own small environment
# (once), then hands over to it. Needs sh, the essential packages and one of python3, curl or wget.
#
#   1  talking       usage, say, die, interrupted
#   2  places        find_root, find_home, uv_places, name_places, make_home, whose_home
#   3  one at a time lock, say_waiting, identity, lock_by_folder, take_away, unlock
#   4  Python        works, find_python, fetch_python, apt_python
#   5  environment   for_us, sync, need_room, fail, warn_of_the_clock, make_env, ours, point_here, remove_old, ensure_env
#   6  words         hand_over, run_undo, run_tests, run_lint, run_docs, run_bench, run_manifest, main
set -u

usage() {
    cat <<'EOF'
usage: sh scripts/setup.sh [WORD] [ARGUMENT...]      the same as: make WORD ARGS="ARGUMENT..."

  setup      from a bare machine to a proven course environment (the default; --plan only shows the plan)
  doctor     what is wrong here, and why; changes nothing
  explain    what a finding means, or which one an error text belongs to: make explain < error.txt
  fix        mend what the doctor found
  lab, stop, status    start, stop, look at JupyterLab
  models     fetch the models           smoke    run every pipeline of the course once
  sets       the sets of models that MODELS can name: sizes, licences, GPU memory, what else they need
  wheels     which build of torch fits this machine, or one that you are about to rent, and why no other
  mirrors    measure every download source: which is used here, and why not the others
  log        what runs did here: steps, time, what they made
  undo       remove what setup made, and only that; shows the list and asks (--plan only shows it)
  colab      prepare a Colab (Kaggle, …) runtime without changing what it came with
  test, lint, lock, docs, bench, manifest     for developers

sh scripts/setup.sh WORD --help says more about one word. Settings are variables: make setup PORT=9000
GROUNDWORK_HOME (default ~/.groundwork) is where Groundwork keeps its own things.
GROUNDWORK_PYTHON=/path/to/python3 chooses the Python (3.10 or newer) for Groundwork itself.
Exit codes: 0 fine · 1 failed · 2 usage · 3 our defect · 4 needs you · 5 network · 130 interrupted
EOF
}

usage_zh() {
    cat <<'EOF'
用法：sh scripts/setup.sh [命令] [参数...]      等同于：make 命令 ARGS="参数..."

  setup      从一台空机器到经过验证的课程环境（默认;--plan 只显示计划）
  doctor     诊断哪里有问题、为什么；不做任何改动
  explain    解释一个问题，或根据错误信息找出问题：make explain < error.txt
  fix        修复诊断出的问题
  lab, stop, status    启动、停止、查看 JupyterLab
  models     下载模型           smoke    把课程里的每个 pipeline 运行一遍
  sets       MODELS 可用的模型集合：大小、许可证、显存及其他依赖
  wheels     哪个 torch 版本适合这台（或准备租用的）机器，其他版本为何不行
  mirrors    测量每个下载来源：这里使用哪一个，其他的为何不用
  log        以往运行做了什么：步骤、用时、创建的内容
  undo       移除安装程序创建的内容，且仅限于此；先列出并询问（--plan 只列出）
  colab      准备 Colab（Kaggle 等）运行时，不改动其自带内容
  test, lint, lock, docs, bench, manifest     供开发者使用

sh scripts/setup.sh 命令 --help 显示该命令的详细说明。设置用变量给出：make setup PORT=9000
GROUNDWORK_HOME(默认 ~/.groundwork)是 Groundwork 存放自身文件的目录。
GROUNDWORK_PYTHON=/path/to/python3 指定 Groundwork 自己使用的 Python(3.10 或更新)。
退出码：0 正常 · 1 失败 · 2 用法错误 · 3 程序缺陷 · 4 需要您处理 · 5 网络 · 130 被中断
EOF
}

# --- 1 talking ---------------------------------------------------------------------------------------

is_chinese() {
    case ${GROUNDWORK_LANG:-${LC_ALL:-${LC_MESSAGES:-${LANG-}}}} in zh*) return 0 ;; *) return 1 ;; esac
}

# say ENGLISH CHINESE: on standard error, because standard output belongs to --json.
say() { if is_chinese; then printf '%s\n' "$2" >&2; else printf '%s\n' "$1" >&2; fi; }

# die CODE ENGLISH CHINESE
die() {
    say "$2" "$3"
    exit "$1"
}

# What python and uv were doing ends with them; what they had fetched is kept.
interrupted() {
    trap '' INT TERM HUP
    say "Interrupted; nothing is lost. To go on from here: make $word" "已中断，进度不会丢失。继续请运行：make $word"
    exit 130
}

# --- 2 places ----------------------------------------------------------------------------------------

find_root() {
    case $0 in */*) root=${0%/*}/.. ;; *) root=.. ;; esac
    root=$(CDPATH='' cd -- "$root" && pwd -P) || exit 1
}

# HOME is missing under cron, systemd and some `docker exec`: the user database knows it too.
find_home() {
    if [ -z "${HOME-}" ]; then
        HOME=$(getent passwd "$(id -u)" 2>/dev/null | cut -d: -f6)
        [ -n "$HOME" ] || unset HOME
    fi
    [ -n "${HOME-}${GROUNDWORK_HOME-}" ] || die 2 \
        "HOME is not set. Say where Groundwork may keep its things: GROUNDWORK_HOME=/some/folder sh scripts/setup.sh" \
        "没有设置 HOME。请指定 Groundwork 存放文件的目录：GROUNDWORK_HOME=/某个目录 sh scripts/setup.sh"
    [ -z "${HOME-}" ] || export HOME
    home=${GROUNDWORK_HOME:-$HOME/.groundwork}
    # shellcheck disable=SC2088  # make passes GROUNDWORK_HOME=~/x on as it is
    case $home in '~/'*) home=${HOME-}/${home#??} ;; /*) ;; *) home=$PWD/$home ;; esac
    export GROUNDWORK_HOME="$home"
    uv_places
}

# uv keeps its cache below HOME, which may be missing or read-only where GROUNDWORK_HOME is not. A Python that uv
# fetches for us is ours: it lies in our folder, and no link to it is put on the person's PATH.
uv_places() {
    cache=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}
    [ ! -d "$cache/uv" ] || cache=$cache/uv
    [ -d "$cache" ] || cache=${cache%/*}
    [ -w "$cache" ] || export UV_CACHE_DIR="${UV_CACHE_DIR:-$home/uv-cache}"
    export UV_PYTHON_INSTALL_DIR="${UV_PYTHON_INSTALL_DIR:-$home/python}" UV_PYTHON_INSTALL_BIN=0
}

# name_places NAME: the environment belongs to one exact lock file, so that a new lock makes a new one.
name_places() {
    lock_file=$root/configs/locks/$1.txt
    digest=$(sha256sum <"$lock_file") || die 3 "$lock_file is missing." "缺少 $lock_file。"
    digest=${digest%"${digest#????????????}"}
    env=$home/$1-$digest
    stamp=$env/complete
    while read -r version _ <&3; do
        case $version in '#'* | '') ;; *) break ;; esac
    done 3<"$root/configs/uv.txt"
    GROUNDWORK_UV=$home/uv-$version/uv
    export GROUNDWORK_UV
}

make_home() {
    printf '%s\n' "$home" | LC_ALL=C.UTF-8 grep -aqx '.*' || die 2 \
        "$home holds bytes that are not UTF-8. Choose another folder: GROUNDWORK_HOME=/some/folder make setup" \
        "$home 含有非 UTF-8 字节。请换一个目录：GROUNDWORK_HOME=/某个目录 make setup"
    [ -d "$home" ] || make_folder 2>/dev/null
    [ -w "$home/." ] || die 2 \
        "$home cannot be written. Choose another folder: GROUNDWORK_HOME=/some/folder make setup" \
        "无法写入 $home。请换一个目录：GROUNDWORK_HOME=/某个目录 make setup"
    home=$(CDPATH='' cd -- "$home" && pwd)
}

# whose_home WORD: through sudo all that is made is root's. In a HOME that is still the person's own, they could not use it.
whose_home() {
    case $1/${SUDO_UID:-0} in */0) return ;; setup/* | fix/* | lab/* | models/* | smoke/*) ;; *) return ;; esac
    [ "$(id -u)" -eq 0 ] || return 0
    if [ -d "${HOME-}" ] && [ ! -O "$HOME" ] && [ "$home" = "$HOME/.groundwork" ]; then
        die 2 "You are root through sudo, and HOME is $HOME of somebody else, who could not use what root makes there.
For ${SUDO_USER:-them}: make $1 (without sudo) · for root: sudo -H make $1" \
            "当前通过 sudo 以 root 运行，而 HOME 是他人的 $HOME:root 在那里创建的文件，对方无法使用。
供 ${SUDO_USER:-对方} 使用：make $1(不加 sudo) · 供 root 使用：sudo -H make $1"
    fi
    say "Through sudo: all goes into $home, for root. For ${SUDO_USER:-yourself}: make $1, without sudo" \
        "通过 sudo 运行：全部放在 $home，归 root 使用。供 ${SUDO_USER:-自己} 使用：make $1,不加 sudo"
}

# make_folder: and say which folders were not there before, for undo.
make_folder() {
    made=$(absent "$home")
    (umask 077 && mkdir -p -- "$home" && printf '%s\n' "$made" >"$home/.ours")
}

# absent FOLDER: the folder and each one above it that is missing, the deepest first.
absent() {
    folder=$1
    until [ -e "$folder" ]; do
        printf '%s\n' "$folder"
        folder=${folder%/*}
        [ -n "$folder" ] || return 0
    done
}

# --- 3 one at a time ---------------------------------------------------------------------------------

# The kernel lets go of flock when its holder dies, however it dies. Children of the holder keep it too, so
# an orphaned uv still counts as the holder until it is done.
lock() {
    lock_path=$home/stage0.lock
    exec 9>>"$lock_path"
    flock -n 9 2>/dev/null
    case $? in # 1 means "held by another"; any other one, that there is no flock here, or not on this file system
        0) ;;
        1)
            say_waiting "$(cat "$lock_path" 2>/dev/null)"
            flock -w 3600 9 || give_up_waiting "$(cat "$lock_path" 2>/dev/null)"
            ;;
        *) lock_by_folder ;;
    esac
    printf '%s\n' "$$" >"$lock_path"
}

say_waiting() {
    say "Another run (process $1) is preparing $home; waiting for it…" "另一个进程($1)正在准备 $home;等待其完成……"
}

give_up_waiting() { die 4 "Still held after an hour; is process $1 stuck?" "等待一小时仍未释放；进程 $1 是否卡住?"; }

# identity PID: the process and its start, which no later process of that pid shares.
identity() {
    read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
    # shellcheck disable=SC2086  # split on purpose; the name before the bracket may hold spaces
    set -- "$1" ${stat##*) }
    printf '%s %s\n' "$1" "${21}"
}

# A folder can be made only once, on every file system. Its holder may be dead.
lock_by_folder() {
    looks=0
    until mkdir "$lock_path.folder" 2>/dev/null; do
        holder=$(cat "$lock_path.folder/holder" 2>/dev/null)
        looks=$((looks + 1))
        if [ -z "$holder" ]; then
            [ "$looks" -lt 5 ] || take_away "$holder" # it died between making the folder and saying who it is
        elif [ "$(identity "${holder%% *}")" != "$holder" ]; then
            take_away "$holder"
        elif [ "$holder" != "${told-}" ]; then
            told=$holder
            say_waiting "${holder%% *}"
        fi
        [ "$looks" -lt 3600 ] || give_up_waiting "${holder%% *}"
        sleep 1
    done
    trap 'rm -rf "$lock_path.folder"' EXIT
    identity $$ >"$lock_path.folder/holder"
}

# take_away HOLDER: the folder of a dead one. Moved first: of two that try only one succeeds, and sees what it took.
take_away() {
    mv "$lock_path.folder" "$lock_path.$$" 2>/dev/null || return
    if [ "$(cat "$lock_path.$$/holder" 2>/dev/null)" = "$1" ]; then
        rm -rf "$lock_path.$$"
    else
        mv "$lock_path.$$" "$lock_path.folder" # a living one was quicker
    fi
}

unlock() {
    exec 9>&-
    rm -rf "$lock_path.folder"
    trap - EXIT
}

# --- 4 Python ----------------------------------------------------------------------------------------

# works PYTHON: 3.10 or newer, with the parts of the standard library that distributions like to split off.
works() {
    "$1" -I -c 'import sys, ssl, zlib, ctypes, asyncio, sysconfig; sys.exit(sys.version_info < (3, 10))' \
        >/dev/null 2>&1
}

find_python() {
    if [ -n "${GROUNDWORK_PYTHON-}" ]; then
        works "$GROUNDWORK_PYTHON" || die 2 \
            "GROUNDWORK_PYTHON=$GROUNDWORK_PYTHON is not a working Python 3.10 or newer." \
            "GROUNDWORK_PYTHON=$GROUNDWORK_PYTHON 不是可用的 Python 3.10 或更新版本。"
        python=$GROUNDWORK_PYTHON
        return
    fi
    # The system's own first: it outlives a conda or a pyenv that is before it on PATH, and is faster than what pyenv builds.
    case :$PATH: in *:/usr/bin:*) system=/usr/bin/python3 ;; *) system= ;; esac
    for python in $system python3.13 python3.12 python3.11 python3.10 python3; do
        works "$python" && python=$(command -v "$python") && return
    done
    fetch_python || apt_python || die 4 \
        "No Python 3.10 or newer is here and none could be fetched. Install one, then run this again.
  As root: apt-get install -y python3 (or python3.12)
  Or name one: GROUNDWORK_PYTHON=/path/to/python3 make setup
  Or a mirror of uv's Python builds: UV_PYTHON_INSTALL_MIRROR=https://... make setup" \
        "本机没有 Python 3.10 或更新版本，也无法下载。请安装后重新运行。
  以 root 运行：apt-get install -y python3(或 python3.12)
  或指定一个：GROUNDWORK_PYTHON=/path/to/python3 make setup
  或指定 uv 的 Python 构建镜像：UV_PYTHON_INSTALL_MIRROR=https://… make setup"
}

# fetch_python: a Python of uv's own (it checks the hash), from where uv gets it, then from the mirrors.
fetch_python() {
    say "No Python 3.10 or newer here; fetching 3.12…" "本机没有 Python 3.10 或更新版本；正在获取 3.12……"
    for mirror in "${UV_PYTHON_INSTALL_MIRROR-}" $(python_mirrors); do
        for_us UV_PYTHON_INSTALL_MIRROR="$mirror" UV_HTTP_TIMEOUT=8 UV_HTTP_RETRIES=1 \
            "$GROUNDWORK_UV" python install --no-bin 3.12 >&2 || continue
        python=$(for_us "$GROUNDWORK_UV" python find --managed-python --no-project 3.12) && works "$python" && return
    done
    return 1
}

python_mirrors() {
    case ${MIRRORS:-auto} in off | global) return ;; esac
    sed -n 's/^python  *//p' "${GROUNDWORK_STAGE0_MIRRORS:-$root/configs/stage0_mirrors.txt}"
}

apt_python() {
    [ "$(id -u)" -eq 0 ] || return 1
    command -v apt-get >/dev/null 2>&1 || return 1
    # A container image starts without package lists.
    apt-cache policy python3 2>/dev/null | grep -q 'Candidate: [0-9]' || apt-get update >"$home/apt.log" 2>&1
    case $(apt-cache policy python3 2>/dev/null | sed -n 's/^  Candidate: //p') in
        3.1[0-9]* | 3.[2-9][0-9]*) ;;
        *) return 1 ;;
    esac
    say "Installing the distribution's python3…" "正在安装发行版自带的 python3……"
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -qq -y --no-install-recommends python3 \
        >"$home/apt.log" 2>&1 || { tail -n 5 "$home/apt.log" >&2 && return 1; }
    note_apt python3
    works python3 && python=$(command -v python3)
}

# note_apt PACKAGE: in the journal's form (bootstrap/safety/journal.py).
note_apt() {
    printf '{"v":1,"at":"%s","run":"stage0-%s","word":"stage0","pid":%s,"event":"apt-installed","path":"%s"}\n' \
        "$(date -u +%Y-%m-%dT%H:%M:%S+00:00)" "$$" "$$" "$1" >>"$home/journal.jsonl"
}

# --- 5 environment -----------------------------------------------------------------------------------

# for_us [NAME=VALUE...] UV ARGUMENT...: without what the person says to uv for other projects, in variables or in the
# uv.toml or pyproject.toml of the folder where they stand (bootstrap/env/uv.py does the same).
for_us() {
    env -u UV_CONSTRAINT -u UV_OVERRIDE -u UV_EXCLUDE -u UV_EXCLUDE_NEWER -u UV_NO_BINARY -u UV_NO_BINARY_PACKAGE \
        -u UV_NO_VERIFY_HASHES -u UV_SYSTEM_PYTHON -u UV_PYTHON -u UV_WORKING_DIR UV_PROJECT=/ LC_ALL=C.UTF-8 "$@"
}

# sync_once TIMEOUT RETRIES [INDEX]: install exactly the lock file, from the configured source or from INDEX
# alone. Hashes are checked, so any source will do.
sync_once() {
    timeout=$1 retries=$2
    shift 2
    [ $# -eq 0 ] || set -- UV_INDEX='' UV_EXTRA_INDEX_URL='' UV_INDEX_URL='' UV_FIND_LINKS='' UV_DEFAULT_INDEX="$1"
    [ -z "${GROUNDWORK_REPAIR-}" ] || set -- "$@" UV_NO_CACHE=1 # a file that is damaged may be the cache's, by a hard link
    for_us "$@" UV_HTTP_TIMEOUT="$timeout" UV_HTTP_RETRIES="$retries" \
        "$GROUNDWORK_UV" pip sync --quiet --python "$env/bin/python" --require-hashes "$lock_file" >&2
}

sync_from_mirrors() {
    for index in $(index_mirrors); do
        say "  trying $index" "  尝试 $index"
        sync_once 8 1 "$index" && return
    done
    return 1
}

# sync: a silent server costs 2 x 8 seconds; what did arrive is kept in uv's cache, so every try is shorter.
# When nobody delivers, the configured source gets one patient try, for links that are merely bad.
sync() {
    case ${MIRRORS-}${UV_DEFAULT_INDEX-} in cn) sync_from_mirrors && return ;; esac
    sync_once 8 1 && return
    sync_from_mirrors && return
    say "  once more, patiently" "  再耐心尝试一次"
    sync_once 60 5 && return
    need_room 10000 100
    die 5 "Groundwork's own packages could not be fetched (see above). Run the same command again: what arrived is kept.
If the index is out of reach, name another: PIP_INDEX_URL=https://HOST/simple make setup" \
        "无法获取 Groundwork 自身所需的包（见上）。请重新运行同一命令：已下载的部分会保留。
如果索引无法访问，请换一个：PIP_INDEX_URL=https://HOST/simple make setup"
}

index_mirrors() {
    [ -z "${GROUNDWORK_NO_INDEX-}" ] || return 0
    case ${MIRRORS:-auto} in off | global) return ;; esac
    sed -n 's/^index  *//p' "${GROUNDWORK_STAGE0_MIRRORS:-$root/configs/stage0_mirrors.txt}"
}

# write FILE TEXT: beside and renamed, so that nobody ever reads half of it.
write() {
    printf '%s\n' "$2" >"$1.new.$$" && mv -f "$1.new.$$" "$1" || exit 1
}

# need_room KILOBYTES FILES: that much has to be free on the disk of our folder.
need_room() {
    left=$(df -Pk "$home" 2>/dev/null | tail -n 1 | sed 's/.* \([0-9][0-9]*\)  *[0-9]*% /\1 /')
    mount=${left#* } left=${left%% *}
    case $left in '' | *[!0-9]*) return ;; esac # no df here that tells it
    [ "$left" -ge "$1" ] || die 4 \
        "The disk is full: $(($1 - left)) kB are missing on $mount for Groundwork itself. Free some, or: GROUNDWORK_HOME=/big/disk make setup" \
        "磁盘已满：$mount 还缺 $(($1 - left)) kB(Groundwork 自身所需)。请清理，或：GROUNDWORK_HOME=/大磁盘 make setup"
    left=$(df -Pi "$home" 2>/dev/null | tail -n 1 | sed 's/.* \([0-9][0-9]*\)  *[0-9]*% .*/\1/')
    case $left in '' | *[!0-9]*) return ;; esac # a filesystem without a fixed number of files
    [ "$left" -ge "$2" ] || die 4 \
        "No more files can be made on $mount: $left inodes are left, $2 are needed. Remove some files, or: GROUNDWORK_HOME=/big/disk make setup" \
        "$mount 无法再创建文件：剩余 $left 个 inode,需要 $2 个。请删除一些文件，或：GROUNDWORK_HOME=/大磁盘 make setup"
}

# fail CODE: what failed has said why, unless nothing could be written any more.
fail() {
    need_room 10000 100
    exit "$1"
}

# warn_of_the_clock: the file of the lock was written just now, and so cannot be older than what was cloned before.
warn_of_the_clock() {
    [ "$lock_file" -nt "$lock_path" ] || return 0
    say "This machine's clock is behind ($(date)): no certificate is valid yet, so downloads fail. Set it: timedatectl set-ntp true" \
        "系统时钟慢了($(date))：证书尚未生效，下载会失败。请对时：timedatectl set-ntp true"
}

# make_env NAME: what an interrupted run left is thrown away; the stamp comes last.
make_env() {
    say "Preparing Groundwork's own environment ($1)…" "正在准备 Groundwork 自身的环境($1)……"
    warn_of_the_clock
    need_room 200000 4000
    sh "$root/scripts/get_uv.sh" "${GROUNDWORK_UV%/*}" || fail $?
    find_python
    rm -rf "$env"
    for_us "$GROUNDWORK_UV" venv --quiet --no-project --python "$python" "$env" >&2 || fail 1
    sync
    compile "$env"/lib/python3.*/site-packages
    point_here
    write "$stamp" "$lock_file"
    remove_old "$1"
}

# compile FOLDER...: now, since the doctor writes nothing, not even that. What cannot be written to runs as well,
# only a little slower.
compile() {
    "$env/bin/python" -I -m compileall -q -j 0 "$@" >/dev/null 2>&1 || :
}

# ours WORD...: become our Python, out of reach of the person's variables. UTF-8 whatever the locale: names of files and
# our own texts are. In a checkout of somebody else's (sudo) no compiled code is left, which they could not remove.
ours() {
    [ -O "$root/bootstrap" ] || set -- -B "$@"
    exec "$env/bin/python" -I -X utf8 "$@"
}

# Which checkout the environment runs: the one that was used last. Its path stands in a file of its own, since Python
# reads .pth files in the locale's encoding: in C or GBK a path of other letters would stop it before it has begun.
point_here() {
    [ ! -O "$root/bootstrap" ] || compile "$root/bootstrap" "$root/doctor"
    for site in "$env"/lib/python3.*/site-packages; do
        write "$site/groundwork.root" "$root"
        write "$site/groundwork.pth" "$our_path"
    done
}

our_path='import os, sys; sys.path.append(os.fsdecode(open(os.path.join(sitedir, "groundwork.root"), "rb").read()[:-1]))'

points_here() {
    for site in "$env"/lib/python3.*/site-packages; do
        IFS= read -r pointed <"$site/groundwork.root" && [ "$pointed" = "$root" ]
        return
    done 2>/dev/null
}

# remove_old NAME: environments of earlier locks, unless something still runs in one.
remove_old() {
    for old in "$home/$1"-????????????; do
        case $old in "$env" | *'?') continue ;; esac
        # -q: found is found, though another process ended between its name and its line (any other way grep says 2).
        grep -qsF "$old/bin/python" /proc/[0-9]*/cmdline || rm -rf "$old"
    done
}

is_complete() { [ -f "$stamp" ] && [ -x "$env/bin/python" ] && [ -x "$GROUNDWORK_UV" ] && points_here; }

# ensure_env NAME: the fast way is a few file tests, no process and no network.
ensure_env() {
    name_places "$1"
    is_complete && return
    make_home
    name_places "$1"
    lock
    if [ -f "$stamp" ] && [ -x "$env/bin/python" ] && [ -x "$GROUNDWORK_UV" ]; then
        point_here
    else
        make_env "$1"
    fi
    unlock
}

# --- 6 words -----------------------------------------------------------------------------------------

run_bench() {
    ensure_env dev
    unset PYTHONHOME PYTHONPATH
    cd "$root" || exit 1
    exec "$env/bin/python" -m benchmarks "$@"
}

# In the developers' environment, because it needs tomlkit to write.
run_manifest() {
    ensure_env dev
    unset PYTHONHOME PYTHONPATH
    ours -m bootstrap manifest "$@"
}

run_docs() {
    ensure_env tool
    ours -m doctor.explain.reference
}

hand_over() {
    whose_home "$1"
    ensure_env tool
    [ ! -e "$home/undoing" ] || rm -f "$home/undoing" # an undo that was cut short, and is not wanted any more
    if [ "${GROUNDWORK_STAGE0_ONLY-}" = 1 ]; then
        printf '%s\n' "home=$home" "uv=$GROUNDWORK_UV" "python=$env/bin/python"
        exit 0
    fi
    ours -m bootstrap "$@"
}

# run_undo: what runs undo is removed by it, so that an undo may have been cut short where no Python is left.
run_undo() {
    shift
    case " $* " in *' --help '* | *' -h '*) hand_over undo --help ;; esac
    name_places tool
    if [ -e "$home/undoing" ]; then
        finish_undo "$@"
    elif ! holds_ours; then
        nothing_to_undo "$@"
    fi
    hand_over undo "$@"
}

# holds_ours: whether the folder has anything by which we know it; else looking would make it first.
holds_ours() {
    for sign in "$home"/journal.jsonl "$home"/.ours "$home"/tool-????????????; do
        [ ! -e "$sign" ] || return 0
    done
    return 1
}

finish_undo() {
    case " $* " in *' --plan '*) say "Begun already; left to remove: $home" "已开始；尚待移除：$home" ;; esac
    case " $* " in *' --plan '*) exit 0 ;; esac
    sh "$root/scripts/remove_stage0.sh" "$home" || exit 1
    case " $* " in *' --json '*) printf '{"schema": 1, "tool": {"name": "groundwork"}, "exit_code": 0}\n' && exit 0 ;; esac
    say "All that setup made here is removed." "安装程序在此创建的内容已全部移除。"
    exit 0
}

nothing_to_undo() {
    case " $* " in
        *' --json '*) printf '{"schema": 1, "tool": {"name": "groundwork"}, "exit_code": 0}\n' ;;
        *) is_chinese && printf '没有可撤销的内容。\n' || printf 'Nothing to undo.\n' ;;
    esac
    exit 0
}

run_tests() {
    ensure_env dev
    unset PYTHONHOME PYTHONPATH
    cd "$root" && exec "$env/bin/python" -m pytest "$@"
}

run_lint() {
    ensure_env dev
    unset PYTHONHOME PYTHONPATH
    cd "$root" || exit 1
    "$env/bin/ruff" check && "$env/bin/ruff" format --check && exec "$env/bin/python" -m mypy
}

main() {
    unset -f cd pwd printf read cat sed grep mv rm mkdir env 2>/dev/null # bash takes functions from the environment
    case ${1-} in
        -h | --help | help)
            if is_chinese; then usage_zh; else usage; fi
            exit 0
            ;;
        '' | -*) set -- setup "$@" ;;
    esac
    word=$1
    trap interrupted INT TERM HUP
    umask go-w # nobody else may write what we run later, whatever the person's umask
    unset PYTHONEXECUTABLE # by it Python takes itself for another one, -I or not
    find_root
    find_home
    # shellcheck source=scripts/pip_settings.sh
    . "$root/scripts/pip_settings.sh"
    case $1 in
        test) shift && run_tests "$@" ;;
        lint) run_lint ;;
        docs) run_docs ;;
        bench) shift && run_bench "$@" ;;
        manifest) shift && run_manifest "$@" ;;
        lock) shift && exec sh "$root/scripts/lock.sh" "$@" ;;
        undo) run_undo "$@" ;;
        *) hand_over "$@" ;;
    esac
}

main "$@"

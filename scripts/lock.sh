#!/bin/sh
# Regenerate what is pinned: uv itself and the requirement locks. For developers; needs a package index.
#
#   1  pins of uv           lock_uv
#   2  requirement locks    inputs, check, compile
#   3  which                lock_tool, lock_dev, lock_profiles, check_all, main
set -eu

usage() {
    cat <<'EOF'
usage: sh scripts/lock.sh [--help | --check | --upgrade] [uv[=VERSION]|tool|dev|profiles]...
Regenerate the pinned data from its inputs (all but uv when nothing is named):
  uv        configs/uv.txt               from the uv wheels (the version there, or VERSION)
  tool      configs/locks/tool.txt       from pyproject.toml, dependencies
  dev       configs/locks/dev.txt        from pyproject.toml, dependencies and the group dev
  profiles  configs/locks/PROFILE-*.txt  from configs/profiles/*.toml
Versions already locked stay unless the inputs forbid them; --upgrade takes the newest.
--check only says whether tool and dev are older than their inputs (exit code 1); no network.
根据输入重新生成锁定数据（不指定时生成除 uv 以外的全部）。已锁定的版本保持不变，--upgrade 则取最新;--check 只离线检查是否过期。
EOF
}

# --- 1 pins of uv ------------------------------------------------------------------------------------

pinned_version() { sed -n '/^[0-9]/{s/ .*//p;q}' "$root/configs/uv.txt"; }

# lock_uv [VERSION]: needs a python3 with pip.
lock_uv() {
    pins=$root/configs/uv.txt
    version=${1:-$(pinned_version)}
    wheels=$(mktemp -d)
    for platform in manylinux2014_aarch64 manylinux2014_x86_64; do
        python3 -m pip download --quiet --no-deps --only-binary :all: --platform "$platform" \
            -d "$wheels" "uv==$version"
    done
    {
        sed -n '/^#/p' "$pins"
        python3 "$root/scripts/pin_uv.py" "$wheels"/*.whl
    } >"$pins.new"
    mv "$pins.new" "$pins"
    rm -rf "$wheels"
}

# --- 2 requirement locks -----------------------------------------------------------------------------

# inputs NAME: what the lock NAME follows from, as text. Only that: other changes to the file make no lock stale.
inputs() {
    case $1 in
        tool) sed -n '/^requires-python/p; /^dependencies = \[/,/^\]/p' "$root/pyproject.toml" ;;
        dev) inputs tool && sed -n '/^dev = \[/,/^\]/p' "$root/pyproject.toml" ;;
    esac
}

inputs_hash() { inputs "$1" | sha256sum | cut -d' ' -f1; }

# check NAME: whether the lock still follows from its inputs; needs no network.
check() {
    grep -qx "# inputs-sha256: $(inputs_hash "$1")" "$root/configs/locks/$1.txt" && return
    echo "configs/locks/$1.txt is stale: run make lock" >&2
    return 1
}

# compile NAME INPUT ARGUMENT...: configs/locks/NAME.txt from INPUT. Hashes only, no addresses: the same lock
# serves every index. Neither constraints nor local wheel folders of this machine may leak into it.
compile() {
    name=$1 out=$root/configs/locks/$1.txt input=$2
    shift 2
    cp "$out" "$out.new" 2>/dev/null || : >"$out.new"
    env -u UV_CONSTRAINT -u UV_OVERRIDE -u UV_FIND_LINKS -u UV_INDEX -u UV_EXTRA_INDEX_URL \
        "$GROUNDWORK_UV" pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
        --no-emit-index-url --no-emit-find-links $upgrade "$@" "$input" --output-file "$out.new" >/dev/null
    {
        echo "# Made by \`make lock\` from ${input#"$root/"}. Do not edit."
        echo "# inputs-sha256: $(inputs_hash "$name")"
        cat "$out.new"
    } >"$out.head"
    mv "$out.head" "$out"
    rm "$out.new"
}

# --- 3 which -----------------------------------------------------------------------------------------

# Without hf-xet: huggingface_hub asks for it, but we fetch without it, and it is 4 of 10 MB.
lock_tool() { compile tool "$root/pyproject.toml" --python-version 3.10 --no-emit-package hf-xet; }

lock_dev() { compile dev "$root/pyproject.toml" --python-version 3.10 --group "$root/pyproject.toml:dev"; }

# lock_profiles: one lock for each profile and Python version.
lock_profiles() {
    python=$(GROUNDWORK_STAGE0_ONLY=1 sh "$root/scripts/setup.sh" | sed -n 's/^python=//p')
    env -u UV_CONSTRAINT -u UV_OVERRIDE -u UV_FIND_LINKS -u UV_INDEX -u UV_EXTRA_INDEX_URL \
        GROUNDWORK_UV="$GROUNDWORK_UV" "$python" -I -m bootstrap.relock $upgrade
}

check_all() {
    stale=0
    for lock in tool dev; do check "$lock" || stale=1; done
    return "$stale"
}

main() {
    root=$(CDPATH='' cd -- "${0%/*}/.." && pwd)
    upgrade=
    case ${1-} in
        -h | --help) usage && exit 0 ;;
        --check)
            check_all || exit 1
            exit 0
            ;;
        --upgrade) upgrade=--upgrade && shift ;;
        -*) usage >&2 && exit 2 ;;
    esac
    [ $# -gt 0 ] || set -- tool dev profiles
    # shellcheck source=scripts/pip_settings.sh
    . "$root/scripts/pip_settings.sh"
    : "${GROUNDWORK_HOME:=$HOME/.groundwork}"
    GROUNDWORK_UV=$GROUNDWORK_HOME/uv-$(pinned_version)/uv
    sh "$root/scripts/get_uv.sh" "${GROUNDWORK_UV%/*}"
    for what; do
        case $what in
            uv) lock_uv ;;
            uv=*) lock_uv "${what#uv=}" ;;
            tool | dev | profiles) "lock_$what" ;;
            *) usage >&2 && exit 2 ;;
        esac
    done
}

main "$@"

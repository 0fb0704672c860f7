#!/bin/sh
# Bring the pinned uv onto a machine that has sh, the essential packages (coreutils, gzip, sed, grep) and
# one of curl, wget or python3. Every byte is checked against configs/uv.txt before it is used.
#
#   1  talking          say, tell, hide_secrets
#   2  the pin          read_pin, is_genuine
#   3  downloading      fetch (curl, wget or python3), keep_pace, fetch_file
#   4  an index page    wheel_href, resolve, with_login
#   5  unpacking        unpack (a wheel without unzip), take
#   6  sources          from_path, from_find_links, from_index, from_pip, from_mirrors, with_apt_pip
#   7  the order        main
set -u

period=75000 # bytes that have to come in 15 seconds
authorities=/etc/ssl/certs/ca-certificates.crt

usage() {
    cat <<'EOF'
usage: sh scripts/get_uv.sh [--help] FOLDER
Put the pinned uv (configs/uv.txt) into FOLDER/uv, verified by SHA-256. Sources, in this order: the indexes and
find-links that pip or uv are configured with, pip itself, public mirrors (configs/stage0_mirrors.txt), and for
root the distribution's pip.
Exit codes: 0 there · 2 usage · 4 needs you · 5 no source answered with the right file.
把固定版本的 uv(configs/uv.txt)放到 FOLDER/uv，并核对 SHA-256。来源依次为：pip 或 uv 已配置的索引和
find-links、pip 自身、公共镜像（configs/stage0_mirrors.txt），root 用户最后还会尝试发行版自带的 pip。
退出码：0 成功 · 2 用法错误 · 4 需要您处理 · 5 没有来源提供正确的文件。
EOF
}

# --- 1 talking ---------------------------------------------------------------------------------------

# say ENGLISH CHINESE: one line for the person, on standard error (standard output may be JSON).
say() {
    case ${GROUNDWORK_LANG:-${LC_ALL:-${LC_MESSAGES:-${LANG-}}}} in
        zh*) printf '%s\n' "$2" >&2 ;;
        *) printf '%s\n' "$1" >&2 ;;
    esac
}

hide_secrets() { sed 's#\(://\)[^/ ]*@#\1***@#g'; }

# tell ENGLISH CHINESE: say it and keep it for the list of what was tried.
tell() {
    say "  $1" "  $2"
    tried="$tried
  $1"
}

# --- 2 the pin ---------------------------------------------------------------------------------------

read_pin() {
    arch=$(uname -m)
    case $arch in amd64) arch=x86_64 ;; arm64) arch=aarch64 ;; esac
    while read -r version pin_arch wheel wheel_sha offset length trailer binary_sha; do
        [ "$pin_arch" != "$arch" ] || return 0
    done <"$root/configs/uv.txt"
    say "No uv is pinned for this machine type ($arch); x86_64 and aarch64 are supported." \
        "没有适用于此机器类型($arch)的 uv;仅支持 x86_64 和 aarch64。"
    exit 4
}

# is_genuine FILE SHA256
is_genuine() {
    [ -f "$1" ] && [ "$(sha256sum <"$1")" = "$2  -" ]
}

# --- 3 downloading -----------------------------------------------------------------------------------
# A host that accepts and then says nothing, or less than 5 kB a second, costs 15 seconds. Addresses go through standard input or the
# environment: they may hold a password, and anyone on the machine can read argument lists.

# is_unchecked URL: whether the certificate is not to be checked. Either the person said so (trusted-host), or
# this machine has no certificates to check with; then the pinned hash still protects us, but not a password.
is_unchecked() {
    host=${1#*://} host=${host%%/*}
    case $host in *@*) ;; *) [ -n "${SSL_CERT_FILE-}" ] || [ -e "$authorities" ] || return 0 ;; esac
    host=${host##*@}
    case " ${UV_INSECURE_HOST-} " in *" $host "* | *" ${host%:*} "*) return 0 ;; esac
    return 1
}

with_curl() {
    url=$1 file=$2
    set -- --fail --silent --show-error --location --connect-timeout 10 --speed-limit 5000 --speed-time 15 \
        --continue-at - --output "$file" ${SSL_CERT_FILE:+--cacert "$SSL_CERT_FILE"}
    if is_unchecked "$url"; then set -- "$@" --insecure; else set -- "$@" --netrc-optional; fi
    printf 'url = "%s"\n' "$url" | timeout --foreground 1800 curl --config - "$@"
}

# wget has no floor: it runs beside a watch that ends it.
with_wget() {
    if wget --version 2>/dev/null | grep -q GNU; then gnu_wget "$1" "$2" & else busybox_wget "$1" "$2" & fi
    client=$!
    keep_pace "$client" "$2" </dev/null >/dev/null 2>&1 &
    watch=$!
    wait "$client"
    code=$?
    kill "$watch" 2>/dev/null
    client='' watch=''
    return $code
}

gnu_wget() {
    url=$1 file=$2
    set -- --no-verbose --continue --tries=1 --timeout=15 --output-document="$file" \
        ${SSL_CERT_FILE:+--ca-certificate="$SSL_CERT_FILE"}
    if is_unchecked "$url"; then set -- "$@" --no-check-certificate --no-netrc; fi
    (umask 077 && printf '%s\n' "$url" >"$work/url") # it may hold a password
    exec timeout --foreground 1800 wget --input-file="$work/url" "$@"
}

# It takes addresses as arguments alone.
busybox_wget() {
    case ${1#*://} in
        *@*/*)
            echo "busybox's wget would show the password of this address to everyone here; install curl" >&2
            exit 1
            ;;
    esac
    exec timeout --foreground 1800 wget -q -c -O "$2" "$1"
}

# keep_pace PID FILE: end the client PID once FILE grows by less than 5 kB a second for 15 seconds.
keep_pace() {
    trap 'kill "$nap" 2>/dev/null; exit 0' TERM
    grown=$period
    while [ "$grown" -ge "$period" ]; do
        mark=$(size_of "$2")
        sleep 15 &
        nap=$!
        wait "$nap"
        grown=$(($(size_of "$2") - mark))
    done
    kill "$1"
}

with_python() {
    insecure=0
    if is_unchecked "$1"; then insecure=1; fi
    FETCH_URL=$1 FETCH_INSECURE=$insecure timeout --foreground 1800 python3 -I "$root/scripts/fetch_url.py" "$2"
}

# fetch URL FILE: one try with the first client there is, continuing a FILE that is there in part.
fetch() {
    case $1 in file://*) cp -- "${1#file://}" "$2" 2>/dev/null && return 0 ;; esac
    for client in curl wget python3; do
        command -v "$client" >/dev/null 2>&1 || continue
        "with_${client%3}" "$1" "$2" 2>"$work/error"
        return
    done
    say "Neither curl, wget nor python3 is here. As root: apt-get install -y curl" \
        "没有找到 curl、wget 或 python3。请以 root 运行：apt-get install -y curl"
    exit 4
}

size_of() { if [ -f "$1" ]; then wc -c <"$1"; else echo 0; fi; }

# fetch_file URL FILE: on a link that breaks, carry on as long as every try brings something (at most 20), and more than a drip.
fetch_file() {
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        before=$(size_of "$2")
        fetch "$1" "$2" && return 0
        [ "$(($(size_of "$2") - before))" -ge "$period" ] || return 1
    done
    return 1
}

# --- 4 an index page (PEP 503) -----------------------------------------------------------------------

# wheel_href PAGE: the address that the page gives for the pinned wheel, as written there.
wheel_href() {
    tr '\r\n>' '  \n' <"$1" | grep -F "$wheel" |
        sed -n "s/.*[hH][rR][eE][fF][ ]*=[ ]*[\"']\\([^\"'#]*\\).*/\\1/p" | sed 's/&amp;/\&/g' | head -n 1
}

# with_login URL BASE: the user and password of BASE, when URL is on the same host and has none.
with_login() {
    scheme=${2%%://*} authority=${2#*://} authority=${authority%%/*}
    case $authority in *@*) ;; *) printf '%s' "$1" && return ;; esac
    case $1 in
        "$scheme://${authority##*@}"/*) printf '%s' "$scheme://$authority/${1#*://*/}" ;;
        *) printf '%s' "$1" ;;
    esac
}

# resolve BASE HREF: the absolute address of a link on the page BASE.
resolve() {
    base=$1 href=$2
    origin=${base%%://*}://
    rest=${base#*://}
    case $href in
        *://*) with_login "$href" "$base" && return ;;
        //*) with_login "${base%%://*}:$href" "$base" && return ;;
        /*) printf '%s' "$origin${rest%%/*}$href" && return ;;
    esac
    folder=${base%/*}
    while :; do
        case $href in
            ../*) href=${href#../} folder=${folder%/*} ;;
            ./*) href=${href#./} ;;
            *) break ;;
        esac
    done
    printf '%s' "$folder/$href"
}

# --- 5 unpacking -------------------------------------------------------------------------------------

# unpack WHEEL FILE: uv out of the wheel. A deflated member of a zip is a gzip stream that lacks only the
# head and the tail, so gzip can read it when we put those back.
unpack() {
    {
        printf '\037\213\010\000\000\000\000\000\000\003'
        tail -c "+$((offset + 1))" "$1" | head -c "$length"
        # shellcheck disable=SC2059  # the trailer is octal escapes, meant for printf
        printf "$trailer"
    } | gzip -dc >"$2"
}

# take FILE SOURCE: use the wheel if it is the pinned one; refuse it by name if not.
take() {
    if ! is_genuine "$1" "$wheel_sha"; then
        rm -f "$1"
        tell "$2: wrong SHA-256, refused" "$2:SHA-256 不符，已拒绝"
        return 1
    fi
    unpack "$1" "$work/uv"
    if ! is_genuine "$work/uv" "$binary_sha"; then
        tell "$2: could not be unpacked (disk full?)" "$2:无法解包（磁盘已满?）"
        return 1
    fi
    chmod 755 "$work/uv" && mv -f "$work/uv" "$folder_out/uv" || exit 1
    rm -f "$1"
    say "  uv $version from $2" "  uv $version，来自 $2"
}

# --- 6 sources ---------------------------------------------------------------------------------------

from_path() {
    here=$(command -v uv) && is_genuine "$here" "$binary_sha" || return 1
    cp -- "$here" "$work/uv" && chmod 755 "$work/uv" && mv -f "$work/uv" "$folder_out/uv"
}

why() { head -n 1 "$work/error" 2>/dev/null | hide_secrets | cut -c 1-200; }

# from_page URL NAME: the wheel that a page of links leads to.
from_page() {
    name=$(printf '%s' "$2" | hide_secrets)
    rm -f "$work/page" "$work/error"
    if ! fetch "$1" "$work/page"; then
        tell "$name: no answer ($(why))" "$name:没有应答($(why))"
        return 1
    fi
    href=$(wheel_href "$work/page")
    if [ -z "$href" ]; then
        tell "$name: has no $wheel" "$name:没有 $wheel"
        return 1
    fi
    from_url "$(resolve "$1" "$href")" "$name"
}

# from_url URL NAME: what an earlier run got is carried on; if that was bad, once more from the start.
from_url() {
    resumed=$(size_of "$part")
    if fetch_file "$1" "$part" || is_genuine "$part" "$wheel_sha"; then
        is_genuine "$part" "$wheel_sha" || [ "$resumed" -eq 0 ] || { rm -f "$part" && fetch_file "$1" "$part"; }
        take "$part" "$2"
        return
    fi
    tell "$2: download failed ($(why))" "$2:下载失败($(why))"
    return 1
}

# from_index URL: a PEP 503 index. In a file:// one the page is index.html.
from_index() {
    page=${1%/}/uv/
    case $page in file://*) page=${page}index.html ;; esac
    if [ "$page" != "${page#file://}" ] && [ ! -f "${page#file://}" ]; then
        tell "$1: has no uv" "$1:没有 uv"
        return 1
    fi
    from_page "$page" "$1"
}

# from_find_links: folders with wheels, or pages of links, separated by commas.
from_find_links() {
    old_ifs=$IFS IFS=,
    # shellcheck disable=SC2086
    set -- ${UV_FIND_LINKS-}
    IFS=$old_ifs
    for place; do
        place=${place#file://}
        case $place in
            *://*) from_page "$place" "$place" && return 0 ;;
            *) [ -f "$place/$wheel" ] && cp -- "$place/$wheel" "$work/$wheel" &&
                take "$work/$wheel" "$place" && return 0 ;;
        esac
    done
    return 1
}

from_configured() {
    # UV_INDEX entries may be called name=address.
    for index in ${UV_DEFAULT_INDEX:-${UV_INDEX_URL-}} ${UV_INDEX:-${UV_EXTRA_INDEX_URL-}}; do
        case ${index%%://*} in *=*) index=${index#*=} ;; esac
        from_index "$index" && return 0
    done
    return 1
}

# from_pip: pip knows its default index. Its own hash check runs too.
from_pip() {
    python3 -I -m pip --version >/dev/null 2>&1 || return 1
    printf 'uv==%s --hash=sha256:%s\n' "$version" "$wheel_sha" >"$work/uv.in"
    if timeout --foreground 600 python3 -I -X utf8 -m pip download --quiet --disable-pip-version-check --no-input --no-deps \
        --only-binary :all: --require-hashes --timeout 15 --retries 0 \
        -r "$work/uv.in" -d "$work/pip" >"$work/error" 2>&1; then
        take "$work/pip/$wheel" pip
        return
    fi
    tell "pip: $(grep -i error "$work/error" | tail -n 1 | hide_secrets | cut -c 1-200)" \
        "pip:$(grep -i error "$work/error" | tail -n 1 | hide_secrets | cut -c 1-200)"
    return 1
}

# with_apt_pip: where nobody else delivers, the distribution's pip, which knows its default index.
with_apt_pip() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    python3 -I -m pip --version >/dev/null 2>&1 && return 1
    say "  asking the distribution for pip…" "  正在安装发行版自带的 pip……"
    {
        apt-get -qq update
        DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -qq -y --no-install-recommends \
            python3-pip ca-certificates
    } >"$work/error" 2>&1 || return 1
    from_pip
}

from_mirrors() {
    case ${MIRRORS:-auto} in off | global) return 1 ;; esac
    while read -r kind url; do
        [ "$kind" = index ] && from_index "$url" </dev/null && return 0
    done <"${GROUNDWORK_STAGE0_MIRRORS:-$root/configs/stage0_mirrors.txt}"
    return 1
}

# --- 7 the order -------------------------------------------------------------------------------------

sources() {
    from_path && return
    from_find_links && return
    [ -z "${GROUNDWORK_NO_INDEX-}" ] || return 1
    from_configured && return
    if [ "${MIRRORS:-auto}" = cn ]; then
        from_mirrors || from_pip || with_apt_pip
    else
        from_pip || from_mirrors || with_apt_pip
    fi
}

give_up() {
    say "uv $version could not be fetched. Tried:${tried:-
  nothing: no source is configured}
What to do: check the network (proxy? https_proxy=...), or name an index that this machine can reach:
  PIP_INDEX_URL=https://HOST/simple make setup
or copy $wheel
from another machine into a folder and run: PIP_FIND_LINKS=FOLDER make setup" \
        "无法获取 uv $version。已尝试：${tried:-
  没有任何来源}
解决办法：检查网络（需要代理吗?https_proxy=…），或指定本机可访问的索引：
  PIP_INDEX_URL=https://HOST/simple make setup
或者从别的机器拷贝 $wheel
到某个目录，然后运行：PIP_FIND_LINKS=目录 make setup"
    exit 5
}

main() {
    case ${1-} in
        -h | --help) usage && exit 0 ;;
        '' | -*) usage >&2 && exit 2 ;;
    esac
    root=$(cd -- "${0%/*}/.." && pwd) || exit 1
    mkdir -p -- "$1" && folder_out=$(cd -- "$1" && pwd) || exit 2
    read_pin
    is_genuine "$folder_out/uv" "$binary_sha" && exit 0
    tried=
    part=$folder_out/$wheel.part # kept after an interruption, so that the next run carries on
    work=$folder_out/work.$$
    client='' watch=''
    trap 'kill $client $watch 2>/dev/null; rm -rf "$work"' EXIT
    trap 'exit 130' INT HUP TERM
    rm -rf "$folder_out"/work.* && mkdir "$work" || exit 1
    say "Fetching uv $version…" "正在获取 uv $version……"
    # shellcheck source=scripts/pip_settings.sh
    . "$root/scripts/pip_settings.sh"
    set -f # addresses are split at white space, and a ? in one is no pattern
    sources || give_up
}

main "$@"

#!/bin/sh
# Runs one Miniconda installer that has been downloaded, unattended, into a prefix of its own.
# What the installer does by itself is not enough: an empty file "succeeds", a payload with wrong
# bytes only draws a warning, and a killed one leaves half a prefix that it later refuses.
set -eu

usage() {
    cat <<'END'
usage: install_miniconda.sh --installer FILE --sha256 HEX --prefix DIR

Verifies FILE against HEX, runs it as `bash FILE -b -p DIR`, and makes sure that the conda in DIR works.
It never runs `conda init` and changes no shell file.

  --installer FILE  the installer, a file whose name ends in .sh
  --sha256 HEX      SHA-256 that its bytes must have
  --prefix DIR      where to install: absent, empty, or half made by this script (DIR.groundwork-installing
                    stands beside it then; it is emptied and made anew). Anything else is refused.

exit codes: 0 conda works in DIR; 1 the installation failed; 2 bad input, nothing was changed;
            4 something stands in the way that a person has to decide about, nothing was changed
END
}

refuse() {  # exit code, message
    echo "install_miniconda: $2" >&2
    exit "$1"
}

installer='' wanted='' prefix=''
while [ $# -gt 0 ]; do
    case $1 in
        -h | --help) usage; exit 0 ;;
        --installer | --sha256 | --prefix)
            [ $# -ge 2 ] || refuse 2 "$1 needs a value (see --help)"
            case $1 in
                --installer) installer=$2 ;;
                --sha256) wanted=$2 ;;
                --prefix) prefix=$2 ;;
            esac
            shift 2 ;;
        *) refuse 2 "unknown option: $1 (see --help)" ;;
    esac
done
if [ -z "$installer" ] || [ -z "$wanted" ] || [ -z "$prefix" ]; then
    refuse 2 "--installer, --sha256 and --prefix are all needed (see --help)"
fi

# --- what the installer, or conda afterwards, cannot live with
case $prefix in
    /*) ;;
    *) refuse 2 "--prefix $prefix is not an absolute path" ;;
esac
prefix=${prefix%/}
case $prefix in
    '') refuse 2 "--prefix must not be /" ;;
    *[[:space:]:\'\"]*) refuse 2 "--prefix $prefix: conda cannot live in a path with a space, a colon or a quote" ;;
esac
length=$(printf %s "$prefix" | wc -c)
[ "$length" -le 110 ] || refuse 2 "--prefix $prefix has $length bytes, conda can live with 110"

# --- the bytes
case $installer in
    *.sh) ;;
    *) refuse 2 "$installer: the installer only runs from a file whose name ends in .sh" ;;
esac
[ -s "$installer" ] || refuse 2 "$installer is missing or empty"
installer=$(cd "$(dirname "$installer")" && pwd)/$(basename "$installer")
got=$(sha256sum < "$installer" | cut -d ' ' -f 1)
[ "$got" = "$wanted" ] || refuse 2 "$installer has SHA-256 $got, wanted is $wanted"

# --- who is there already
marker=$prefix.groundwork-installing
parent=$(dirname "$prefix")
mkdir -p "$parent" || refuse 1 "cannot make $parent"

is_empty() { [ -d "$1" ] && [ -z "$(ls -A "$1")" ]; }

if [ -e "$prefix" ] || [ -L "$prefix" ]; then
    [ -d "$prefix" ] || refuse 4 "$prefix is not a folder; move it away or choose another --prefix"
    if ! is_empty "$prefix" && [ ! -f "$marker" ]; then
        refuse 4 "$prefix is not empty and was not made by this script: it is left as it is; choose another --prefix"
    fi
    if [ -d "$prefix/envs" ] && ! is_empty "$prefix/envs" && [ -f "$marker" ]; then
        refuse 4 "$prefix is half installed, yet environments stand in $prefix/envs: move them away first"
    fi
fi

# The lock is held by the installer's own processes too: one that outlives us still keeps the next run out.
: >> "$marker" || refuse 1 "cannot write $marker: is $parent writable?"
if command -v flock > /dev/null 2>&1; then
    exec 9>> "$marker"
    flock -n 9 || refuse 4 "another installer is at work on $prefix: wait for it to end"
fi
echo "$installer $wanted" >> "$marker"

give_up() {  # nothing was installed: leave nothing behind
    if [ ! -e "$prefix" ] || is_empty "$prefix"; then rm -f "$marker"; fi
    refuse 1 "$1"
}

# --- what would make it fail only after minutes of unpacking
runs_programs() {  # folder: false when it is mounted noexec or cannot be written
    trap 'rm -f "${probe-}"; exit 130' INT TERM HUP
    probe=$(mktemp "$1/groundwork-XXXXXX" 2> /dev/null) || return 1
    printf '#!/bin/sh\nexit 0\n' > "$probe"
    chmod +x "$probe"
    works=0
    "$probe" 2> /dev/null || works=1
    rm -f "$probe"
    trap - INT TERM HUP
    return "$works"
}

runs_programs "$parent" || give_up "$parent is mounted noexec or is not writable: conda cannot run from there"
if ! runs_programs "${TMPDIR:-/tmp}"; then
    echo "install_miniconda: ${TMPDIR:-/tmp} is mounted noexec or is not writable, unpacking in $parent instead"
    TMPDIR=$parent
    export TMPDIR
fi
: "${HOME:=$parent}"
export HOME
if ! mkdir -p "$HOME/.conda" 2> /dev/null || [ ! -w "$HOME/.conda" ]; then
    give_up "cannot write $HOME/.conda, which the installer needs: set HOME to a folder of this user"
fi

# --- install
if [ -d "$prefix" ]; then
    find "$prefix" -mindepth 1 -delete # half made by us; the folder itself may be a mount or a link
    again=-u
else
    again=
fi
for name in $(env | sed -n 's/^\(CONDA[A-Z_0-9]*\|MAMBA[A-Z_0-9]*\|PYTHON[A-Z]*\)=.*/\1/p'); do
    unset "$name"
done
code=0
# shellcheck disable=SC2086 # $again is one word or none
bash "$installer" -b $again -p "$prefix" < /dev/null || code=$?
[ "$code" -eq 0 ] || give_up "the installer ended with exit code $code; its last lines are above"

# --- an exit code of 0 proves nothing
set -- "$prefix"/conda-meta/conda-[0-9]*.json
[ -f "$1" ] || give_up "the installer ended with exit code 0 and installed no conda"
version=$(cd / && "$prefix/bin/python" -I -m conda --version) ||
    give_up "the installer ended with exit code 0, but the conda in $prefix does not work"
rm -f "$marker"
echo "$version in $prefix"

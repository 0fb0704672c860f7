#!/bin/sh
# The end of `undo`: removes what stage 0 made, from which everything else of Groundwork runs.
set -u

usage() {
    cat <<'END'
usage: remove_stage0.sh FOLDER

Removes Groundwork's own environments, uv and the Python that uv brought from FOLDER (GROUNDWORK_HOME), the compiled
code in this checkout, and FOLDER itself where Groundwork made it and nothing else is in it. Whatever else lies in
FOLDER stays. Killed half-way, it goes on when it is called again; FOLDER/undoing says until then that it was begun.

exit codes: 0 removed · 1 something could not be removed · 2 usage
END
}

case ${1-} in
    -h | --help) usage; exit 0 ;;
    /*) home=$1 ;;
    *) usage >&2; exit 2 ;;
esac
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P) || exit 1
[ -d "$home" ] || exit 0
: >"$home/undoing" || exit 1
code=0

# The stamp first: half an environment must not be taken for a whole one.
rm -f "$home"/tool-????????????/complete "$home"/dev-????????????/complete
for made in "$home"/tool-???????????? "$home"/dev-???????????? "$home"/uv-[0-9]* "$home/uv-cache" "$home/python" \
    "$home/stage0.lock" "$home/stage0.lock.folder" "$home/apt.log" "$home/lock"; do
    rm -rf "$made" || code=1
done
find "$root/bootstrap" "$root/doctor" -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null

# Folders that stage 0 made for it, the deepest first; one that holds something else stays.
made=$(cat "$home/.ours" 2>/dev/null)
[ "$code" -eq 0 ] || exit "$code"
rm -f "$home/.ours" "$home/undoing"
printf '%s\n' "$made" | while IFS= read -r folder; do
    [ -z "$folder" ] || rmdir -- "$folder" 2>/dev/null || break
done
exit 0

#!/bin/sh
# Stand-in for the head of a Miniconda installer: its options, exit codes and manners. What follows the last line
# is base64 of a tar of the prefix. @MD5@ and @STALL@ are filled in when it is built.
BATCH=0 FORCE=0 PREFIX="${HOME:-/opt}/miniconda3"
case "$0" in
    *.sh) ;;
    *) echo 'Please run using "bash"/"sh", but not "." or "source".' >&2; exit 1 ;;
esac
while getopts "bifhkmp:suct" x; do
    case "$x" in
        b) BATCH=1 ;;
        f | u) FORCE=1 ;;
        p) PREFIX=$OPTARG ;;
        i | k | m | s | c) ;;
        h) echo "usage: $0 [options]"; exit 2 ;;
        *) echo "ERROR: did not recognize option '$x', please try -h"; exit 1 ;;
    esac
done
[ "$BATCH" = 1 ] || { read -r answer || exit 1; }
case "$PREFIX" in
    *\ *) echo "ERROR: Cannot install into directories with spaces" >&2; exit 1 ;;
esac
if [ "$FORCE" = 0 ] && [ -e "$PREFIX" ]; then
    echo "ERROR: File or directory already exists: '$PREFIX'" >&2
    exit 1
fi
mkdir -p "$PREFIX" || { echo "ERROR: Could not create directory: '$PREFIX'" >&2; exit 1; }
echo "PREFIX=$PREFIX"
body=$(mktemp)
sed '1,/^@PAYLOAD@$/d' "$0" > "$body"
if [ "$(md5sum < "$body" | cut -d ' ' -f 1)" != "@MD5@" ]; then
    echo "WARNING: md5sum mismatch of tar archive" >&2
fi
touch "$PREFIX/_conda"
mkdir -p "$PREFIX/pkgs" "$PREFIX/install_tmp"
echo '{"name": "Miniconda3"}' > "$PREFIX/.installer.info"
stall=@STALL@
[ -z "$stall" ] || { : > "$stall"; while [ -e "$stall" ]; do sleep 0.05; done; }
base64 -d "$body" | tar -C "$PREFIX" -xzf - || exit 1
rm -rf "$PREFIX/install_tmp" "$body"
mkdir -p "$HOME/.conda" || exit 1
echo "installation finished."
exit 0
@PAYLOAD@

#!/bin/sh
# Runs a command in a world of its own: the machine's files with those of FOLDER over them, another /dev, other parts of
# /sys and /proc. Everything is gone with the mount namespace.
#
# usage: unshare -m --propagation private sh world.sh FOLDER COMMAND…
#
#   FOLDER/root/…    files laid over /           FOLDER/gone    files taken away, one a line
#   FOLDER/sys/…     folders in place of /sys's  FOLDER/proc/…  likewise of /proc
#   FOLDER/nodes     device nodes: NAME MODE OWNER MAJOR MINOR
set -eu
world=$1
shift
here=$PWD
mkdir -p "$world/mnt"
mount -t tmpfs none "$world/mnt"
mkdir "$world/mnt/upper" "$world/mnt/work" "$world/mnt/root"
cp -a "$world/root/." "$world/mnt/upper"
root=$world/mnt/root
mount -t overlay overlay -o "lowerdir=/,upperdir=$world/mnt/upper,workdir=$world/mnt/work" "$root"
mount --rbind /proc "$root/proc"
mount --rbind /sys "$root/sys"
for place in /tmp /root /home /work; do  # where they are filesystems of their own
    if mountpoint -q "$place"; then mount --rbind "$place" "$root$place"; fi
done
while read -r name; do rm -rf "$root/$name"; done <"$world/gone"

mount -t tmpfs none "$root/dev"
mkdir "$root/dev/shm"
ln -s /proc/self/fd "$root/dev/fd"
while read -r name mode owner major minor; do
    case $name in */*) mkdir -p "$root/dev/${name%/*}" ;; esac
    mknod -m "$mode" "$root/dev/$name" c "$major" "$minor"
    chown "$owner" "$root/dev/$name"
done <"$world/nodes"
[ ! -f "$world/kmsg" ] || cp "$world/kmsg" "$root/dev/kmsg"

for part in bus/pci/devices module firmware; do
    if [ -d "$world/sys/$part" ]; then mount --bind "$world/sys/$part" "$root/sys/$part"; fi
done
for part in driver version uptime; do
    if [ -e "$world/proc/$part" ]; then mount --bind "$world/proc/$part" "$root/proc/$part"; fi
done
chroot "$root" /sbin/ldconfig
exec chroot "$root" /bin/sh -c 'cd "$0" && exec "$@"' "$here" "$@"

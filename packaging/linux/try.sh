#!/usr/bin/env bash
# Installs dist/*.deb into a new Debian without Python and tries it there; as root, needs debootstrap.
set -euo pipefail
cd "$(dirname "$0")/../.."

root=$(mktemp --directory)
chmod 755 "$root" # within, it is everybody's /
clean() {
    mountpoint --quiet "$root/proc" && umount "$root/proc"
    mountpoint --quiet "$root/dev" && umount "$root/dev"
    rm --recursive --force --one-file-system "$root"
}
trap clean EXIT

debootstrap --variant=minbase "${1:-bookworm}" "$root" >/dev/null
cp dist/rotocel_*.deb "$root/tmp"
cp /etc/resolv.conf /etc/hosts "$root/etc"
mount --types proc proc "$root/proc"
mount --bind /dev "$root/dev"
chroot "$root" apt-get update -qq
DEBIAN_FRONTEND=noninteractive chroot "$root" sh -c \
    'apt-get install --yes -qq --no-install-recommends /tmp/rotocel_*.deb' >/dev/null
chroot "$root" sh -c '! command -v python3' # nothing brought it along
chroot "$root" useradd --create-home artist
chroot "$root" su artist -c 'cd && LC_ALL=C.UTF-8 rotocel selftest --frozen'
chroot "$root" apt-get remove --yes -qq rotocel >/dev/null
test ! -e "$root/opt/rotocel"
echo "Installed, tried and removed in a Debian ${1:-bookworm} without Python."

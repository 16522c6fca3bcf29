#!/usr/bin/env bash
# Installs dist/*.deb into a new Debian without Python and tries it there; as root, needs debootstrap.
set -euo pipefail
cd "$(dirname "$0")/../.."

. packaging/debian.sh
trap remove_root EXIT

make_root "${1:-bookworm}"
cp dist/rotocel_*.deb "$root/tmp"
DEBIAN_FRONTEND=noninteractive chroot "$root" sh -c \
    'apt-get install --yes -qq --no-install-recommends /tmp/rotocel_*.deb' >/dev/null
chroot "$root" sh -c '! command -v python3' # nothing brought it along
chroot "$root" useradd --create-home artist
chroot "$root" su artist -c 'cd && LC_ALL=C.UTF-8 rotocel selftest --frozen'
chroot "$root" apt-get remove --yes -qq rotocel >/dev/null
test ! -e "$root/opt/rotocel"
echo "Installed, tried and removed in a Debian ${1:-bookworm} without Python."

# A new Debian in the folder $root, for scripts that try a package there: to be sourced; as root, needs
# debootstrap.
# shellcheck shell=bash

root=$(mktemp --directory)
chmod 755 "$root" # within, it is everybody's /

make_root() { # options of debootstrap, and the release
    debootstrap --variant=minbase "$@" "$root" >/dev/null
    cp /etc/resolv.conf /etc/hosts "$root/etc"
    mount --types proc proc "$root/proc"
    mount --bind /dev "$root/dev"
    chroot "$root" apt-get update -qq
}

remove_root() {
    for place in proc dev; do
        if mountpoint --quiet "$root/$place"; then umount --lazy "$root/$place"; fi
    done
    rm --recursive --force --one-file-system "$root"
}

#!/usr/bin/env bash
# Compiles the installer for Windows, installs with it and removes again, in Wine in a new 32-bit Debian,
# with programs of Wine's in place of ours; as root, needs debootstrap, npm and Xvfb. Wine has neither
# x64 nor the folder of a user's programs there, so these three lines of the script are others.
set -euo pipefail
cd "$(dirname "$0")/../.."

. packaging/debian.sh
work=$root/work
clean() {
    kill "${screen:-}" 2>/dev/null || true
    chroot "$root" wineserver --kill 2>/dev/null || true
    remove_root
}
trap clean EXIT

make_root --arch=i386 "${1:-bookworm}"
DEBIAN_FRONTEND=noninteractive chroot "$root" \
    apt-get install --yes -qq --no-install-recommends wine wine32 >/dev/null 2>&1

mkdir --parents "$work/packaging/windows" "$work/dist/rotocel/"{licences,_internal/Röto}
tar --extract --gzip --directory "$work" --file "$work/$(cd "$work" && npm pack --silent innosetup@6.4.1)"
sed -e '/^Architectures/d' -e 's/{autopf}/{localappdata}/' packaging/windows/rotocel.iss \
    > "$work/packaging/windows/rotocel.iss"
cp packaging/README.md "$work/dist/rotocel/licences/LICENCES.md"
cp packaging/README.md "$work/dist/rotocel/_internal/Röto"
for name in rotocel rotocel-window; do
    cp "$root"/usr/lib/i386-linux-gnu/wine/i386-windows/notepad.exe "$work/dist/rotocel/$name.exe"
done

exec {number}> >(cat > "$work/display")
Xvfb -displayfd "$number" -nolisten tcp >/dev/null 2>&1 &
screen=$!
until [[ -s "$work/display" ]]; do sleep 0.1; done
within() {
    chroot "$root" env --chdir=/work HOME=/root LC_ALL=C.UTF-8 WINEDEBUG=-all \
        DISPLAY=":$(cat "$work/display")" timeout 300 wine "$@"
}
within winecfg -v win10 >/dev/null 2>&1
within package/bin/ISCC.exe /Q /DVersion=0.0.1 'packaging\windows\rotocel.iss'
within dist/rotocel-0.0.1-windows-x64-setup.exe /VERYSILENT /SUPPRESSMSGBOXES /NORESTART
placed=$root/root/.wine/drive_c/users/root/AppData/Local/Rotocel
test -f "$placed/rotocel-window.exe"
test -f "$placed/_internal/Röto/README.md"
opens='HKCU\Software\Classes\Rotocel.Project\shell\open\command'
within reg query "$opens" | grep --fixed-strings 'rotocel-window.exe" "%1"' >/dev/null
within reg query 'HKCU\Software\Classes\.roto' | grep Rotocel.Project >/dev/null
within 'C:\users\root\AppData\Local\Rotocel\unins000.exe' /VERYSILENT
for _ in {1..50}; do # the uninstaller goes on in a copy of itself
    if [[ ! -e "$placed" ]]; then break; fi
    sleep 0.2
done
test ! -e "$placed"
if within reg query "$opens" >/dev/null 2>&1; then exit 1; fi
echo "The installer was compiled; it installed, joined .roto files to the program, and went again."

#!/usr/bin/env bash
# dist/rotocel, as `make freeze` left it, as an archive and as a package for Debian and Ubuntu; as an
# AppImage too where APPIMAGETOOL names the program that makes one.
set -euo pipefail
cd "$(dirname "$0")/../.."

version=$(sed -n 's/^VERSION = "\(.*\)"/\1/p' app/version.py)
architecture=$(dpkg --print-architecture)
name=rotocel-$version-linux-$(uname -m)
stage=build/deb
here=packaging/linux

tar --create --sort=name --owner=0 --group=0 --numeric-owner --directory dist \
    --transform "s,^rotocel,$name," rotocel | zstd -19 -T0 --force --quiet -o "dist/$name.tar.zst"

most=$((150 * 1000 * 1000)) # bytes that a download may have
if (($(stat --format %s "dist/$name.tar.zst") > most)); then
    echo "dist/$name.tar.zst has more than $most bytes; see packaging/README.md, Size." >&2
    exit 1
fi

rm -rf "$stage"
install -d "$stage"/{DEBIAN,opt,usr/bin,usr/share/{applications,doc/rotocel,icons/hicolor/scalable/apps,mime/packages}}
cp --archive dist/rotocel "$stage/opt/rotocel"
chmod --recursive u=rwX,go=rX "$stage/opt/rotocel"
ln --symbolic /opt/rotocel/rotocel "$stage/usr/bin/rotocel"
ln --symbolic /opt/rotocel/licences "$stage/usr/share/doc/rotocel/licences"
install -m 644 $here/rotocel.desktop "$stage/usr/share/applications"
install -m 644 $here/rotocel.xml "$stage/usr/share/mime/packages"
install -m 644 resources/icons/rotocel.svg "$stage/usr/share/icons/hicolor/scalable/apps"
cat > "$stage/usr/share/doc/rotocel/copyright" <<TEXT
Rotocel is under the Apache License 2.0. This package as a whole is under the GNU General Public
License, version 3: it holds FFmpeg with x264 and x265. What is inside, and every text, is in
/opt/rotocel/licences.
TEXT

# The newest symbol of the C library that anything inside asks for.
libc=$(find dist/rotocel -type f \( -name '*.so*' -o -name rotocel \) -exec objdump -T {} + 2>/dev/null |
    grep -o 'GLIBC_2\.[0-9.]*' | sort --version-sort --unique | tail -n 1 | cut -d_ -f2)
sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@LIBC@/$libc/" \
    -e "s/@SIZE@/$(du --summarize --block-size=1024 "$stage" | cut -f1)/" \
    $here/control > "$stage/DEBIAN/control"
dpkg-deb --root-owner-group -Zxz --build "$stage" "dist/rotocel_${version}_$architecture.deb" >/dev/null
rm -rf "$stage"

made=("$name.tar.zst" "rotocel_${version}_$architecture.deb")

if [[ -n "${APPIMAGETOOL:-}" ]]; then
    folder=build/AppDir
    rm -rf "$folder"
    cp --archive dist/rotocel "$folder"
    ln --symbolic rotocel "$folder/AppRun"
    install -m 644 $here/rotocel.desktop resources/icons/rotocel.svg "$folder"
    "$APPIMAGETOOL" --no-appstream "$folder" "dist/$name.AppImage"
    rm -rf "$folder"
    made+=("$name.AppImage")
fi

(cd dist && sha256sum "${made[@]}" > SHA256SUMS && ls -l --block-size=MiB "${made[@]}")

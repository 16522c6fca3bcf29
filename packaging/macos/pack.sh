#!/usr/bin/env bash
# dist/Rotocel.app, as `make freeze` left it on macOS, as a disk image; signed and notarised where
# CODESIGN_IDENTITY and NOTARY_PROFILE (of `xcrun notarytool store-credentials`) are set.
set -euo pipefail
cd "$(dirname "$0")/../.."

version=$(sed -n 's/^VERSION = "\(.*\)"/\1/p' app/version.py)
image=dist/rotocel-$version-macos-$(uname -m).dmg
stage=build/dmg

rm -rf "$stage" "$image"
mkdir -p "$stage"
ditto dist/Rotocel.app "$stage/Rotocel.app" # a plain copy loses links, and then signing fails
ditto dist/rotocel/licences "$stage/Rotocel.app/Contents/Resources/licences"
ln -s /Applications "$stage/Applications"
if [[ -n "${CODESIGN_IDENTITY:-}" ]]; then
    codesign --force --deep --options runtime --timestamp --sign "$CODESIGN_IDENTITY" \
        --entitlements packaging/macos/entitlements.plist "$stage/Rotocel.app"
fi
hdiutil create -volname Rotocel -srcfolder "$stage" -format UDZO -quiet "$image"
if [[ -n "${NOTARY_PROFILE:-}" ]]; then
    xcrun notarytool submit "$image" --keychain-profile "$NOTARY_PROFILE" --wait
    xcrun stapler staple "$image"
fi
(cd dist && shasum -a 256 "$(basename "$image")" > SHA256SUMS)

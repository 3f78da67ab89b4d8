#!/bin/sh
# Builds the image twice from the Dockerfile as it stands, without a Docker engine, compares the two, and runs one as
# uid 10001 without capabilities on a read-only root. Needs root, and Debian's buildah, debootstrap, curl and jq:
#
#   apt-get install --no-install-recommends buildah debootstrap curl jq
#   deploy/image/prove.sh
#
# The image of Python it builds on cannot be fetched everywhere, so one is made from Debian's packages, by the name
# that the Dockerfile asks for. SCRATCH is where everything is kept; MIRROR is where Debian is; ACCELERATOR as in the
# Dockerfile.
set -eu
cd "$(dirname "$0")/../.."

SCRATCH=${SCRATCH:-/var/tmp/gradserve-image}
MIRROR=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)}
ACCELERATOR=${ACCELERATOR:-}
UNPRIVILEGED=10001
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' app/__init__.py)

mkdir -p "$SCRATCH"
say() { echo "==> $*"; }
fail() { echo "FAILED: $*" >&2; exit 1; }
builder() { buildah --root "$SCRATCH/store" --runroot "$SCRATCH/run" --storage-driver vfs "$@"; }

base() {  # Debian's Python by the name of the official image's
    if builder inspect --type image localhost/python:3.13-slim >/dev/null 2>&1; then return; fi
    say "making python:3.13-slim from Debian trixie's packages"
    if [ ! -e "$SCRATCH/debian/.done" ]; then
        rm -rf "$SCRATCH/debian"
        debootstrap --variant=minbase --include=python3,python3-venv,python3-pip,python-is-python3,ca-certificates \
            trixie "$SCRATCH/debian" "$MIRROR" >"$SCRATCH/debootstrap.log"
        # The official image's pip installs where it is told, and so does this one then.
        rm -rf "$SCRATCH"/debian/usr/lib/python3*/EXTERNALLY-MANAGED "$SCRATCH"/debian/var/cache/apt/* \
            "$SCRATCH"/debian/var/lib/apt/lists/* "$SCRATCH"/debian/etc/apt/sources.list
        touch "$SCRATCH/debian/.done"
    fi
    container=$(builder from scratch)
    cp -a "$SCRATCH/debian/." "$(builder mount "$container")/"
    rm "$(builder mount "$container")/.done"
    builder commit -q --rm "$container" localhost/python:3.13-slim >/dev/null
}

build() {  # as the image $1, with whatever this machine's pip needs to reach its index
    set -- "$1" --volume /etc/ssl/certs/ca-certificates.crt:/etc/ssl/certs/ca-certificates.crt:ro
    for path in /etc/pip.conf /etc/xdg/pip; do
        if [ -e "$path" ]; then set -- "$@" --volume "$path:$path:ro"; fi
    done
    name=$1; shift
    builder bud --quiet --isolation chroot --pull-never --no-cache --format docker "$@" \
        --build-arg "VERSION=$version" --build-arg "ACCELERATOR=$ACCELERATOR" --tag "$name" . >"$SCRATCH/build.log" 2>&1 \
        || { tail -n 20 "$SCRATCH/build.log"; fail "buildah"; }
}

tree() {  # names, kinds, modes, owners, contents and targets of links, of all files below $1 that the Dockerfile made
    tar --create --sort=name --mtime=@0 --numeric-owner --directory "$1" opt/gradserve var/cache/gradserve | sha256sum | cut -d ' ' -f 1
}

base
say "building twice"
began=$(date +%s)
build one
echo "    $(($(date +%s) - began)) s for a build"
root=$(builder mount "$(builder from --pull-never one)")
one=$(tree "$root")
build two
two=$(tree "$(builder mount "$(builder from --pull-never two)")")
[ "$one" = "$two" ] || fail "two builds differ: $one, $two"
echo "    the same files both times, sha256 $one"

say "what it is"
builder inspect --type image one | jq -r '.Docker.config | "    user \(.User), command \(.Cmd | join(" ")), volume \(.Volumes | keys[0]), health check every \(.Healthcheck.Interval / 1e9) s", (.Labels | to_entries[] | select(.key | startswith("org.opencontainers")) | "    \(.key): \(.value)")'
echo "    /opt/gradserve $(du -sm "$root/opt/gradserve" | cut -f 1) MB, $(tar -C "$root" -c opt/gradserve | gzip -1 | wc -c | awk '{printf "%.0f", $1 / 1e6}') MB compressed"
if find "$root/opt/gradserve" -name pip -o -name tests | grep -q .; then fail "pip or tests are inside"; fi

say "running it: read-only root, one volume, uid $UNPRIVILEGED, no capabilities"
exec unshare --mount --pid --fork --kill-child --ipc --uts sh -eu deploy/image/run.sh "$root" "$SCRATCH"

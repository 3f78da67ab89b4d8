# Runs the image unpacked at $1 as a container engine would, asks it, and ends it; called by prove.sh in namespaces of
# its own, in which nothing that is mounted here outlives it.
root=$1 scratch=$2
fail() { echo "FAILED: $*" >&2; exit 1; }
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port
inspect() { buildah --root "$scratch/store" --runroot "$scratch/run" --storage-driver vfs inspect --type image one | jq -r ".Docker.config | $1"; }
inspect '.Env[]' >"$scratch/environment"
inspect '.Healthcheck.Test[1:][]' >"$scratch/health"
command=$(inspect '.Cmd | join(" ")')

mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero random urandom; do
    touch "$root/dev/$device" && mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/shm" && mount -t tmpfs -o mode=1777,size=64m tmpfs "$root/dev/shm"
# The volume belongs to root, as Kubernetes' emptyDir does; an engine's own is a copy of the image's directory.
mount -t tmpfs -o mode=777,size=256m tmpfs "$root/var/cache/gradserve"
mount -o remount,bind,ro "$root"

inside() {  # become a command, with the environment of the image and nothing else
    exec env -i $(cat "$scratch/environment") GRADSERVE_PORT="$port" \
        chroot "$root" setpriv --reuid=10001 --regid=10001 --clear-groups --no-new-privs \
        --inh-caps=-all --ambient-caps=-all --bounding-set=-all "$@"
}
if (inside sh -c 'touch /opt/gradserve/x || touch /tmp/x || touch /etc/x' 2>/dev/null); then fail "the root can be written to"; fi

(inside $command >"$scratch/service.log" 2>&1) &
service=$!
began=$(date +%s%N)
until curl -fs "$url/readyz" >/dev/null; do
    kill -0 $service 2>/dev/null || { cat "$scratch/service.log"; fail "the service ended"; }
    [ $(($(date +%s%N) - began)) -lt 120000000000 ] || fail "not ready in two minutes"
    sleep 0.1
done
echo "    ready after $((($(date +%s%N) - began) / 1000000)) ms, nothing in the cache"
echo "    /readyz says $(curl -s "$url/readyz")"
answer=$(curl -s "$url/v1/grad" -H 'Content-Type: application/json' -d '{"expression": "5*(x1**2) + 6*(x2**2) + 7*(x3**2)", "point": [1, 2, 3], "argnums": [0, 1, 2]}')
echo "$answer" | jq -e '.gradient == [10, 24, 42]' >/dev/null || fail "the gradient is $answer"
echo "    the tutorial's gradient is $(echo "$answer" | jq -c .gradient)"
# A function is compiled when it is worth it; then it is in the volume.
for _ in $(seq 3000); do echo "url = $url/v1/grad"; done >"$scratch/requests"
curl -s -K "$scratch/requests" >/dev/null -H 'Content-Type: application/json' -d '{"expression": "a*exp(-b*x)*sin(c*x + d)", "point": [1, 2, 3, 4, 5]}'
for _ in $(seq 100); do
    if [ "$(find "$root/var/cache/gradserve/store" -name '*.entry' | wc -l)" -gt 2 ]; then break; fi
    sleep 0.1
done
echo "    in the volume: $(cd "$root/var/cache/gradserve" && find . -type f | sed 's|/[^/]*$||' | sort | uniq -c | awk '{print $1 " files in " $2}' | paste -s -d ' ')"
checked() (  # the image's health check, one word of it a line
    IFS='
'
    # shellcheck disable=SC2046
    inside $(cat "$scratch/health")
)
checked || fail "the health check"
echo "    the health check says 0"
kill -TERM $service
began=$(date +%s%N)
code=0; wait $service 2>/dev/null || code=$?
echo "    ended $((($(date +%s%N) - began) / 1000000)) ms after SIGTERM, with $code"
[ $code = 0 ] || [ $code = 143 ] || fail "the end"
if grep -iE 'read-only|permission|no cache|traceback' "$scratch/service.log"; then fail "the log complains"; fi
if checked 2>/dev/null; then fail "the health check of a dead service says 0"; fi
echo "    the health check of the dead service says it is"

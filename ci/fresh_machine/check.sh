#!/bin/bash
# Claim: on a fresh Debian 12 with none of our packages the README's two commands work as printed.
#
#   ci/fresh_machine/check.sh [--tarball FILE] [--folder DIR] [--probe] [--keep]
#
#   --tarball FILE  packages of the base system; made by the first run, so that later ones are fast
#   --folder DIR    where the machine is made (default /var/tmp); needs 4 GB
#   --probe         only make the machine and run /bin/true in it
#   --keep          leave the machine's folder for a look inside, and print its path
#
# Run by hand as root, takes minutes, not part of ci/test. The machine is a debootstrap folder
# (minbase) from the host's own package sources. It is entered in a mount and process namespace of
# its own: when this script ends, however it ends, its mounts and processes are gone.
# Exit: 0 both commands work, 1 one does not, 2 the machine could not be made.
set -euo pipefail

tarball="" folder="/var/tmp" probe=0 keep=0
while [ $# -gt 0 ]; do
  case "$1" in
    --tarball) tarball=$(realpath -m "$2"); shift 2 ;;
    --folder) folder=$2; shift 2 ;;
    --probe) probe=1; shift ;;
    --keep) keep=1; shift ;;
    *) sed -n '2,/^set /{/^#/p}' "$0" >&2; exit 2 ;;
  esac
done
repository=$(cd "$(dirname "$0")/../.." && pwd)

say() { printf 'fresh_machine: %s\n' "$*" >&2; }
cannot() { say "$*"; exit 2; }

[ "$(id -u)" = 0 ] || cannot "needs root for debootstrap and chroot"
for tool in debootstrap unshare git apt-get; do
  command -v "$tool" > /dev/null || cannot "needs $tool on the host"
done

machine=$(mktemp -d "$folder/fresh_machine.XXXXXXXX")
root="$machine/root"
leave() {
  local status=$?
  # Nothing is mounted below in this namespace; --one-file-system is for the day that changes.
  if [ "$keep" = 1 ]; then say "kept: $root"; else rm -rf --one-file-system "$machine"; fi
  exit "$status"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# "<uri> <suite>" of every Debian source that the host uses; the release itself comes first.
debian_sources() {
  apt-get indextargets --format '$(ORIGIN) $(SITE) $(RELEASE) $(COMPONENT)' \
      'Created-By: Packages' |
    awk '$1 == "Debian" && $3 ~ /^bookworm/ && $4 == "main" && !seen[$2 $3]++ { print $2, $3 }' |
    sort -k2
}

make_machine() {
  local sources mirror from_tarball=()
  sources=$(debian_sources)
  mirror=$(awk '$2 == "bookworm" { print $1; exit }' <<< "$sources")
  [ -n "$mirror" ] || cannot "the host has no package source for bookworm; apt-get update first"
  if [ -n "$tarball" ]; then
    if [ ! -s "$tarball" ]; then
      say "downloading the base system once into $tarball"
      debootstrap --variant=minbase --make-tarball="$tarball.part" bookworm "$machine/download" \
          "$mirror" > "$machine/log" 2>&1 || { tail -n 5 "$machine/log" >&2; cannot "debootstrap"; }
      mv "$tarball.part" "$tarball"
    fi
    from_tarball=(--unpack-tarball="$tarball")
  fi
  # debootstrap mounts /proc and /sys itself, so it gets a namespace too.
  unshare --mount --propagation private \
      debootstrap --variant=minbase "${from_tarball[@]}" bookworm "$root" "$mirror" \
      > "$machine/log" 2>&1 || { tail -n 5 "$machine/log" >&2; cannot "debootstrap failed"; }
  sed 's/^/deb /; s/$/ main/' <<< "$sources" > "$root/etc/apt/sources.list"
  apt-config dump | grep -E '^Acquire::https?::Proxy' > "$root/etc/apt/apt.conf.d/90host" || true
  cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
}

# Runs "$@" in the machine, in the clone, with nothing of the host's environment but its proxies.
in_machine() {
  local environment=(PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
                     HOME=/root TERM=dumb) variable
  for variable in http_proxy https_proxy no_proxy; do
    [ -z "${!variable:-}" ] || environment+=("$variable=${!variable}")
  done
  # shellcheck disable=SC2016  # the inner shell expands it
  unshare --mount --propagation private --pid --fork --kill-child --mount-proc="$root/proc" \
      /bin/sh -c 'root=$1; shift
                  mount --rbind /dev "$root/dev" && exec chroot "$root" /usr/bin/env -i "$@"' \
      sh "$root" "${environment[@]}" \
      /bin/sh -c 'cd /hakmem 2> /dev/null || cd /; exec "$@"' sh "$@"
}

# The commands of the README's first fenced block, without prompt and remark.
readme_commands() {
  awk '/^```/ { if (inside) exit; inside = 1; next } inside' "$repository/README.md" |
    sed -E 's/^\$ //; s/[[:space:]]+#.*$//; /^[[:space:]]*$/d' | grep '^ci/'
}

# Runs one command of the README, prints its time; its output goes to $machine/out and …/err.
run_command() {
  local begin=$SECONDS status=0
  say "\$ $*"
  in_machine /bin/sh -c "$*" > "$machine/out" 2> "$machine/err" || status=$?
  say "exit $status after $((SECONDS - begin)) s"
  if [ "$status" != 0 ]; then
    tail -n 15 "$machine/out" "$machine/err" >&2
    return 1
  fi
}

begin=$SECONDS
make_machine
in_machine /bin/true || cannot "nothing runs in the machine"
if in_machine /bin/sh -c 'command -v g++ cmake git python3' > "$machine/found"; then
  cannot "the machine is not fresh: it has $(tr '\n' ' ' < "$machine/found")"
fi
say "machine made in $((SECONDS - begin)) s: Debian $(cat "$root/etc/debian_version")," \
    "$(in_machine dpkg-query -f '.' -W | wc -c) packages"
[ "$probe" = 0 ] || { echo "fresh_machine: the machine runs /bin/true"; exit 0; }

git clone --quiet --no-hardlinks "$repository" "$root/hakmem"
say "commit $(git -C "$repository" rev-parse --short HEAD)"
mapfile -t commands < <(readme_commands)
[ "${#commands[@]}" = 2 ] || cannot "the README's first block must hold two commands that begin" \
                                    "with ci/; it holds ${#commands[@]}"
case "${commands[0]} / ${commands[1]}" in
  "ci/hakmem run -- "*" / ci/test"*) ;;
  *) cannot "the README's two commands are not \`ci/hakmem run -- …\` and \`ci/test\`" ;;
esac

failed=0
run_command "${commands[0]%% -- *} -- /bin/ls" || failed=1
in_machine /bin/ls > "$machine/expected"
# What the build left behind was not there when the program ran first: ask once more.
run_command "${commands[0]%% -- *} -- /bin/ls" || failed=1
if ! cmp -s "$machine/out" "$machine/expected"; then
  say "standard output is not ls's own:"
  diff "$machine/expected" "$machine/out" >&2 || true
  failed=1
fi
run_command "${commands[1]%% *} --quick" || failed=1
tail -n 3 "$machine/out" >&2
if [ "$failed" = 0 ]; then
  echo "fresh_machine: both commands of the README work on a fresh Debian 12"
fi
exit "$failed"

# Debian packages that the checkout needs, and how they come onto the machine.
# Sourced by ci/hakmem and ci/test. Needs: say, give_up (lib/say.sh). Prints to standard error only.
# shellcheck shell=bash disable=SC2034  # sourced

# What building the libraries and the command-line program takes, and what they load and run:
# libunwind8 for stacks, llvm for the names in them.
build_packages=(
  g++ cmake ninja-build libcli11-dev nlohmann-json3-dev libfmt-dev libunwind8 llvm
)

# What the tests take besides: libraries, both clangs, the programs they run on our malloc, and a
# validator and a browser for the reports.
test_packages=(
  python3-jsonschema chromium-headless-shell
  git python3 perl gdb valgrind sqlite3 nodejs redis-server redis-tools
  libgtest-dev libbenchmark-dev librapidcheck-dev
  clang-14 clang-19 libclang-rt-14-dev libclang-rt-19-dev llvm-19
  libjemalloc2 libmimalloc2.0 libtcmalloc-minimal4
)

# Prints those of the named packages that are not installed, one a line.
missing_packages() {
  local package
  local -A installed=()
  while read -r package; do
    installed[$package]=1
  done < <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2> /dev/null |
    sed -n 's/^installed //p')
  for package in "$@"; do
    if [[ -z ${installed[$package]:-} ]]; then printf '%s\n' "$package"; fi
  done
}

# Runs apt-get as root or through sudo; its output goes to standard error.
as_root_apt() {
  local command=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 "$@")
  if [[ $(id -u) != 0 ]]; then command=(sudo "${command[@]}"); fi
  "${command[@]}" 1>&2 < /dev/null
}

# True when apt-get can run with root's rights; a sudo that would ask counts on a terminal only.
can_install() {
  [[ $(id -u) == 0 ]] && return 0
  command -v sudo > /dev/null || return 1
  [[ -t 0 && -t 2 ]] || sudo -n true 2> /dev/null
}

# Installs what is missing of the named packages, or says which they are and gives up.
require_packages() {
  local missing=()
  if ! command -v dpkg-query > /dev/null; then
    say "this is not Debian; taking for granted what corresponds to: $*"
    return 0
  fi
  mapfile -t missing < <(missing_packages "$@")
  if [[ ${#missing[@]} == 0 ]]; then return 0; fi
  if ! can_install; then
    give_up "these packages are missing, and there is neither root nor sudo to install them:" \
      "apt-get install ${missing[*]}"
  fi
  say "installing ${#missing[@]} packages: ${missing[*]}"
  as_root_apt update -q ||
    say "apt-get update failed; trying with the package lists that are there"
  if ! as_root_apt install -q -y --no-install-recommends "${missing[@]}"; then
    give_up "apt-get could not install: ${missing[*]} (its messages are above)"
  fi
}

# Configures and builds the checkout's default build folder, build/.
# Sourced by ci/hakmem and ci/test. Needs: root, say, give_up. Prints to standard error only.
# shellcheck shell=bash disable=SC2154  # set by the caller

build_folder="$root/build"

# Number of compilers at a time.
build_jobs() {
  nproc 2> /dev/null || echo 2
}

# A build folder that was configured elsewhere (a moved or copied checkout), or whose configuration
# did not end, cannot be used.
drop_unusable_configuration() {
  local cache="$build_folder/CMakeCache.txt" home
  [[ -e $cache ]] || return 0
  home=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$cache")
  if [[ $home == "$root" && -e $build_folder/build.ninja ]]; then return 0; fi
  if [[ $home != "$root" ]]; then say "build/ was configured for $home; beginning again"; fi
  rm -rf "$cache" "$build_folder/CMakeFiles"
}

# Runs cmake, which takes ccache into its build files where there is one. Only cmake sees the
# variable: what is run later must find the environment that the user gave.
cached_cmake() {
  local launcher
  launcher=$(command -v ccache) || launcher=
  CMAKE_CXX_COMPILER_LAUNCHER=$launcher cmake "$@"
}

# Configures build/ when it is not, with the given -D options; on later calls only if one differs.
configure() {
  drop_unusable_configuration
  local option name wanted settled=1
  [[ -e $build_folder/CMakeCache.txt ]] || settled=0
  for option in "$@"; do
    name=${option#-D} wanted=${option#*=}
    name=${name%%=*}
    if [[ $settled == 1 ]] &&
      ! grep -qE "^$name:[A-Z]+=$wanted\$" "$build_folder/CMakeCache.txt"; then
      settled=0
    fi
  done
  [[ $settled == 0 ]] || return 0
  say "configuring build/"
  CC=${CC:-gcc} CXX=${CXX:-g++} cached_cmake -S "$root" -B "$build_folder" -G Ninja "$@" 1>&2 ||
    give_up "CMake could not configure build/; its messages are above"
}

# Builds the named targets, all that can be in spite of errors (-k 0), so that one run shows them
# all. Silent when nothing is to be done.
build_targets() {
  local plan
  plan=$(ninja -C "$build_folder" -n "$@" 2>&1) || true
  if [[ $plan == *"no work to do"* ]]; then return 0; fi
  say "building $*"
  ninja -C "$build_folder" -j "$(build_jobs)" -k 0 "$@" 1>&2 ||
    give_up "the build failed; the compiler's messages are above"
}

# Runs "$@" while no other entry script of this checkout builds.
with_build_lock() {
  mkdir -p "$build_folder" 2> /dev/null || true
  [[ -w $build_folder ]] || give_up "$build_folder cannot be written; take a checkout of your own"
  exec {build_lock}> "$build_folder/.lock"
  if ! flock -n "$build_lock"; then
    say "waiting for another build of this checkout"
    flock "$build_lock"
  fi
  "$@"
  exec {build_lock}>&-
}

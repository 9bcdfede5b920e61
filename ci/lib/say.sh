# Messages of the entry scripts. Sourced by ci/hakmem and ci/test, which set script_name.
# Exit status 125: the script itself failed, as opposed to what it was asked to run.
# shellcheck shell=bash disable=SC2154  # set by the caller

say() {
  printf '%s: %s\n' "$script_name" "$*" >&2
}

give_up() {
  say "$*"
  exit 125
}

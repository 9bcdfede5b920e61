#!/bin/bash
#SBATCH --job-name=hakmem-gate
#SBATCH --array=1-8
#SBATCH --cpus-per-task=2
#SBATCH --time=06:00:00
#SBATCH --output=hakmem-gate-%A-%a.log
# A part of a long run in each job of a Slurm array; once all ended, `hakmem report` makes one of
# what they wrote. The checkout is on a file system that all nodes see, and was built before:
#   ci/test --only packages,build,fuzz
#   sbatch ci/slurm/gate_array.sh fuzz /shared/results --runs 100000000 --kind ops
#   sbatch ci/slurm/gate_array.sh target /shared/results --target build/lib/libhakmem.so
#   sbatch ci/slurm/gate_array.sh mutants /shared/results
#   hakmem report /shared/results/fuzz-*.json --junit fuzz.xml
# Exit status: that of hakmem, so that Slurm shows a part with a finding as failed.
set -euo pipefail

give_up() {
  printf 'gate_array: %s\n' "$*" >&2
  exit 64
}

[[ $# -ge 2 ]] || give_up "usage: gate_array.sh fuzz|target|mutants RESULTS ARGUMENT…"
what=$1 results=$2
shift 2
: "${SLURM_ARRAY_TASK_ID:?is set by sbatch --array}" "${SLURM_ARRAY_TASK_COUNT:?}"
root=${HAKMEM_CHECKOUT:-${SLURM_SUBMIT_DIR:-$PWD}}
shard="$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT"
jobs=${SLURM_CPUS_PER_TASK:-2}
mkdir -p "$results"
output=$(cd "$results" && pwd)/$what-$SLURM_ARRAY_TASK_ID.json

case $what in
  fuzz) command=("$root/build-fuzz/bin/hakmem" fuzz) ;;
  target) command=("$root/build/bin/hakmem" gate --profile full) ;;
  mutants) command=("$root/build/bin/hakmem" mutants run) ;;
  *) give_up "no run '$what'; there are fuzz, target and mutants" ;;
esac
if [[ -n ${HAKMEM_TOOL:-} ]]; then command[0]=$HAKMEM_TOOL; fi
exec "${command[@]}" "$@" --shard "$shard" --jobs "$jobs" --json "$output"

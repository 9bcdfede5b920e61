# What the bash case runs: 1 000 forks, some with an exec and a pipe.
total=0
for i in $(seq 1 450); do
  value=$(echo $((i * i)))
  total=$((total + value))
done
echo "substitutions $total"
for i in $(seq 1 450); do
  (exit $((i % 200)))
  total=$((total + $?))
done
echo "subshells $total"
declare -A words
for i in $(seq 1 5000); do words[k$((i % 701))]+="$i,"; done
echo "words ${#words[@]} ${words[k13]}"
for i in $(seq 1 50); do printf '%s\n' b$i a$i c$i | sort | head -n 1; done
text=$(printf 'line %s\n' $(seq 1 2000))
while read -r _ n; do total=$((total + n)); done <<< "$text"
echo "lines $total ${#text} ${text//line/LINE:0:40}" | cksum
echo done >&2
exit 7

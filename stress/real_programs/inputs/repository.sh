# What the git case runs: a repository with fixed dates, cloned, packed and checked.
set -eu
export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=C
export GIT_COMMITTER_EMAIL=c@example.org GIT_PAGER=cat
git init -q -b main origin
cd origin
for commit in $(seq 1 25); do
  for file in $(seq 1 12); do
    for line in $(seq 1 60); do
      echo "file $file line $((line * (1 + (commit + file) % 3))) commit $((commit / file))"
    done > "f$file.txt"
  done
  mkdir -p "d$((commit % 5))"
  cp f1.txt "d$((commit % 5))/copy$commit.txt"
  git add -A
  GIT_AUTHOR_DATE="2020-01-01T00:00:$((commit + 10)) +0000" \
  GIT_COMMITTER_DATE="2020-01-01T00:00:$((commit + 10)) +0000" git commit -q -m "commit $commit"
done
git branch side HEAD~10
git checkout -q side
echo side > side.txt
git add -A
export GIT_AUTHOR_DATE="2020-01-02T00:00:00 +0000" GIT_COMMITTER_DATE="2020-01-02T00:00:00 +0000"
git commit -q -m side
git checkout -q main
git merge -q --no-edit side
git log --stat --graph
cd ..
git clone --no-hardlinks origin copy
cd copy
git log -p --format='%H %an %ad %s' -n 8
git diff HEAD~9 HEAD~2 | git hash-object --stdin
git blame f3.txt
git grep -c commit
git gc --quiet --aggressive --prune=now
git count-objects -v | grep -v size
git fsck --full
git rev-list --objects --all | git hash-object --stdin
git archive HEAD | git hash-object --stdin
git status --short --branch

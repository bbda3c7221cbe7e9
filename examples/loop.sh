#!/bin/sh
# Once round the loop, in the shell: draw, add, commit, correct, compare, freeze, export, train.
#   sh examples/loop.sh [FOLDER]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-potatoes}

dlabel demo "$folder" >/dev/null 2>&1   # draws the project, commits two passes, freezes exp-1
cd "$folder"

dlabel log --oneline --stat
dlabel diff HEAD~1 HEAD --stat
dlabel diff HEAD~1 HEAD --html changes.html
dlabel check --fail-on error
dlabel stats HEAD --against HEAD~1
dlabel restore --from HEAD~1 labels.json # the labels as they were first
dlabel status
dlabel restore --staged                  # never mind
dlabel restore --force labels.json

dlabel snapshot create exp-2 --from exp-1 --where "w >= 20 AND h >= 20" --note "no crumbs"
dlabel snapshot diff exp-1 exp-2
dlabel export exp-2 -f coco -o patches --images copy --allow-loss
dlabel snapshot verify patches
"${PYTHON:-python3}" "$here/train.py" patches

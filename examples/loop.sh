#!/bin/sh
# Once round the loop, in the shell: draw, add, commit, correct, compare, export.
#   sh examples/loop.sh [FOLDER]
set -eu
folder=${1:-potatoes}

dlabel demo "$folder" >/dev/null 2>&1   # draws the project and commits two passes
cd "$folder"

dlabel log --oneline --stat
dlabel diff HEAD~1 HEAD --stat
dlabel check --fail-on error
dlabel stats HEAD~1
dlabel restore --from HEAD~1 labels.json # the labels as they were first
dlabel status
dlabel restore --staged                  # never mind
dlabel restore --force labels.json
dlabel export HEAD -f coco -o training

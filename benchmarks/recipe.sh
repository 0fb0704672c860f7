#!/bin/sh
# What a course's page tells people to type: an environment, then package by package, then the first use, which fetches the models.
# usage: recipe.sh FOLDER SMOKE_TEST SPEC "MODEL MODEL ..." REQUIREMENT...
set -eu
folder=$1 smoke=$2 spec=$3 models=$4
shift 4
python3 -m venv "$folder"
for requirement in "$@"; do
    "$folder/bin/pip" install --quiet "$requirement"
done
for model in $models; do
    "$folder/bin/hf" download --quiet "$model" >/dev/null
done
"$folder/bin/python" "$smoke" --spec "$spec"

#!/bin/sh
# What a course's page tells people to type: an environment, then package by package, then the first use.
# usage: recipe.sh FOLDER SMOKE_TEST SPEC REQUIREMENT...
set -eu
folder=$1 smoke=$2 spec=$3
shift 3
python3 -m venv "$folder"
for requirement in "$@"; do
    "$folder/bin/pip" install --quiet "$requirement"
done
"$folder/bin/python" "$smoke" --spec "$spec"

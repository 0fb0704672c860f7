#!/bin/sh
# JupyterLab as the lecture starts it: nohup, and then wait until a notebook has a kernel that has imported torch.
# usage: bare_lab.sh PREFIX/bin/python PORT FOLDER PROVE < password     FOLDER holds jupyter_server_config.json
set -eu
python=$1 port=$2 folder=$3 prove=$4
cd "$folder"
export JUPYTER_CONFIG_DIR="$folder" JUPYTER_RUNTIME_DIR="$folder/runtime"
# Bounded in time: nothing is left of it should the benchmark be killed.
nohup timeout 120 "$python" -m jupyterlab --no-browser --allow-root --ip 127.0.0.1 --port "$port" >lab.log 2>&1 </dev/null &
echo $! >pid
until "$python" -S -c "import socket; socket.create_connection(('127.0.0.1', $port), 1)" 2>/dev/null; do
    kill -0 "$(cat pid)" || { cat lab.log >&2; exit 1; }
done
exec "$python" -I "$prove" --url "http://127.0.0.1:$port"

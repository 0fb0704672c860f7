#!/bin/sh
# Starts JupyterLab so that it outlives this terminal, exactly once for each folder of its files.
set -eu

usage() {
    cat <<'END'
usage: launch_jupyter.sh [--watch | --serve] --python PREFIX/bin/python --dir DIR

Starts JupyterLab of the environment that has this python, in the background (nohup, own session).
  --watch   start a watcher instead, in the background: it starts the server again whenever that ends,
            until server.json or the watcher is gone (make stop); after more than 5 ends within a minute each it gives up
  --serve   become the server, in the foreground: for systemd
DIR holds jupyter_server_config.json and gets
  server.json          pid of the server and the start of that process, which no later process shares
  running_config.json  the configuration that the server was started with
  jupyter.log          its output; moved to jupyter.log.1 (.2, .3) at a start when larger than 5 MB
  server.lock          locked by the server as long as it lives
  watcher.json, watcher.lock    the same for the watcher

HF_HOME, HF_ENDPOINT and the like are handed on to the server; PASSWORD and JUPYTER* are not.

exit codes: 0 started · 1 it ended at once (see the log) · 2 usage · 75 one is running already
END
}

LOG_BYTES=5000000
LOCKED=75
QUICK=60 # seconds: a server that ends sooner has hardly begun
ENDS=5   # more quick ends than these in a row, and the watcher gives up
mode=launch python='' dir=''
while [ $# -gt 0 ]; do
    case $1 in
        --python | --dir)
            [ $# -ge 2 ] || { echo "$1 needs a value" >&2; exit 2; }
            if [ "$1" = --python ]; then python=$2; else dir=$2; fi
            shift 2 ;;
        --serve) mode=serve; shift ;;
        --watch) mode=watch; shift ;;
        --watcher) mode=watcher; shift ;; # internal: what runs in the background
        -h | --help) usage; exit 0 ;;
        *) echo "unknown argument: $1" >&2; usage >&2; exit 2 ;;
    esac
done
if [ ! -x "$python" ] || [ ! -d "$dir" ]; then
    echo "need --python (a program) and --dir (a folder)" >&2
    exit 2
fi
dir=$(cd "$dir" && pwd)
log=$dir/jupyter.log

forget_what_is_not_for_the_server() {
    # make repeats the variables of its command line, PASSWORD among them, in MAKEFLAGS.
    # GROUNDWORK_RUN marks what ends with a run, and the server outlives it.
    unset PASSWORD MAKEFLAGS MFLAGS MAKEOVERRIDES PYTHONPATH PYTHONHOME PYTHONSTARTUP VIRTUAL_ENV GROUNDWORK_RUN
    for name in $(env | sed -n 's/^\(JUPYTER[A-Za-z0-9_]*\)=.*/\1/p'); do
        unset "$name"
    done
}

set_environment() {
    PATH=$(dirname "$python"):$PATH
    PYTHONNOUSERSITE=1
    # Ours before the environment's, and instead of the person's ~/.jupyter: a setting there must not open the door.
    JUPYTER_CONFIG_PATH=$dir
    JUPYTER_CONFIG_DIR=$dir
    JUPYTER_RUNTIME_DIR=$dir/runtime
    # Kernels of the environment before those of the person's home, which may point to nowhere.
    JUPYTER_PATH=$dir/share/jupyter
    JUPYTER_PREFER_ENV_PATH=1
    export PATH PYTHONNOUSERSITE JUPYTER_CONFIG_PATH JUPYTER_CONFIG_DIR JUPYTER_RUNTIME_DIR JUPYTER_PATH \
        JUPYTER_PREFER_ENV_PATH
}

rotate_log() {
    [ -f "$log" ] && [ "$(wc -c <"$log")" -gt "$LOG_BYTES" ] || return 0
    for number in 2 1; do
        [ ! -f "$log.$number" ] || mv -f "$log.$number" "$log.$((number + 1))"
    done
    mv -f "$log" "$log.1"
}

start_ticks() {
    # Field 22 of /proc/PID/stat. The name before it may hold spaces and brackets.
    stat=$(cat "/proc/$1/stat")
    # shellcheck disable=SC2086 # split on purpose
    set -- ${stat##*) }
    shift 19
    echo "$1"
}

# write_record NAME: the pid of this shell, and the start of its process, which no later process shares.
write_record() {
    printf '{"pid": %d, "start_ticks": %s, "boot": "%s"}\n' \
        $$ "$(start_ticks $$)" "$(cat /proc/sys/kernel/random/boot_id)" >"$dir/.$1.part"
    mv -f "$dir/.$1.part" "$dir/$1"
}

# lives FILE: whether the process that it names is still that process.
lives() {
    pid=$(sed -n 's/.*"pid": \([0-9]*\),.*/\1/p' "$1" 2>/dev/null)
    [ -n "$pid" ] && grep -qs "\"start_ticks\": $(start_ticks "$pid" 2>/dev/null)," "$1" &&
        grep -qs "$(cat /proc/sys/kernel/random/boot_id)" "$1"
}

# hold FD FILE.json: the lock for as long as this process lives. Where files cannot be locked, the record tells.
hold() {
    code=0
    flock -n "$1" 2>/dev/null || code=$?
    case $code in
        0) return ;;
        1) exit "$LOCKED" ;; # another has it; any other code: there is no flock on this file system
        *) ! lives "$2" || exit "$LOCKED" ;;
    esac
}

# This shell becomes the server: it writes down its own pid and start first, which exec keeps. So there is never
# a server without its pid file, whenever the launcher is killed. The lock goes with it and falls when it ends.
serve() {
    exec 9>"$dir/server.lock"
    hold 9 "$dir/server.json"
    rotate_log
    exec >>"$log" 2>&1
    cp "$dir/jupyter_server_config.json" "$dir/.running_config.json.part"
    mv -f "$dir/.running_config.json.part" "$dir/running_config.json"
    write_record server.json
    rm -f "$dir"/runtime/jpserver-*.json "$dir"/runtime/jpserver-*-open.html # of servers that were killed: it is us now
    set_environment
    : >>"$dir/migrated" # else Jupyter copies settings of ten years ago from ~/.ipython in here
    cd "$dir"
    umask "$mask"
    exec "$python" -I -m jupyterlab
}

say() { echo "[watcher] $1" >>"$log"; } # opened each time: a start may move it away

uptime() { cut -d. -f1 /proc/uptime; }

# Waits for the server's lock, which falls when the server ends however it ends, and starts it again.
watcher() {
    exec 8>"$dir/watcher.lock"
    hold 8 "$dir/watcher.json"
    write_record watcher.json
    ends=0
    until began=$(uptime) && wait_for_end && [ ! -f "$dir/server.json" ]; do # without it, it was stopped
        if [ $(($(uptime) - began)) -lt "$QUICK" ]; then ends=$((ends + 1)); else ends=1; fi
        if [ "$ends" -gt "$ENDS" ]; then
            say "JupyterLab ended $ends times within a minute each: not started again"
            break
        fi
        say "JupyterLab has ended; it is started again in $((ends * ends)) s"
        sleep $((ends * ends)) # what made it end may pass
        (launch 8>&-) >/dev/null 2>&1 || true
    done
    rm -f "$dir/watcher.json"
}

wait_for_end() {
    code=0
    flock "$dir/server.lock" true 8>&- 2>/dev/null || code=$?
    while [ "$code" != 0 ] && lives "$dir/server.json"; do sleep 1; done # where files cannot be locked
}

# behind MODE FILE: this script in another mode, in the background, until it has written FILE.
behind() {
    # exec: the background process is the server itself, so its pid is $! and its exit code can be asked for.
    nohup setsid sh "$0" "$1" --python "$python" --dir "$dir" </dev/null >/dev/null 2>&1 &
    pid=$! looks=0
    until grep -qs "\"pid\": $pid," "$2"; do
        if ! kill -0 "$pid" 2>/dev/null; then
            code=0
            wait "$pid" || code=$?
            [ "$code" -eq "$LOCKED" ] || code=1
            echo "$3 was not started (exit code $code); its log: $log" >&2
            exit "$code"
        fi
        looks=$((looks + 1))
        if [ "$looks" -gt 500 ]; then # 25 s, for two small files
            echo "$3 (pid $pid) has not written $2; its log: $log" >&2
            exit 1
        fi
        sleep 0.05
    done
    echo "$3 started, pid $pid"
}

launch() { behind --serve "$dir/server.json" JupyterLab; }

watch() { behind --watcher "$dir/watcher.json" "the watcher"; }

mask=${GROUNDWORK_UMASK:-$(umask)} # notebooks get the modes that the person is used to
umask 077                          # our own files are private
forget_what_is_not_for_the_server
case $mode in
    serve)
        unset GROUNDWORK_UMASK
        serve
        ;;
    *)
        GROUNDWORK_UMASK=$mask
        export GROUNDWORK_UMASK
        "$mode"
        ;;
esac

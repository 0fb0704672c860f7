# shellcheck shell=sh
# What pip is configured to do, said to uv, which does not read pip's configuration.
#
#   . scripts/pip_settings.sh       exports the UV_*, SSL_CERT_FILE and proxy variables
#   sh scripts/pip_settings.sh      prints them for a person, passwords hidden
#
# The only place where this translation is made: everything started later inherits the environment.
# It runs before every command, so it uses shell builtins alone (no process is started).
#
#   1  reading       _ps_read_file, _ps_line, _ps_store    one pip.conf
#   2  precedence    _ps_files, _ps_value                  which files, which value wins
#   3  exporting     _ps_export, _ps_*                     pip's words in uv's words
#   4  by hand       _ps_main

_ps_usage='usage: sh scripts/pip_settings.sh [--help]
Print, as "export NAME=value" lines, the uv settings that correspond to what pip is configured to do
(PIP_* variables and pip.conf files). Passwords in addresses are shown as ***. Source the file to apply them.
显示与当前 pip 配置（PIP_* 环境变量和 pip.conf 文件）等价的 uv 设置；地址中的密码显示为 ***。用 "." 引入本文件即可生效。'

_ps_keys='index_url extra_index_url find_links cert constraint no_index trusted_host proxy timeout'
_ps_names='UV_DEFAULT_INDEX UV_INDEX UV_INDEX_STRATEGY UV_FIND_LINKS SSL_CERT_FILE UV_CONSTRAINT UV_INSECURE_HOST
UV_HTTP_TIMEOUT HTTP_PROXY HTTPS_PROXY http_proxy https_proxy NO_PROXY no_proxy GROUNDWORK_NO_INDEX'
_ps_newline='
'

# --- 1 reading ---------------------------------------------------------------------------------------

# Remember a value (an empty one too: in pip it hides the value of an earlier file).
_ps_store() {
    case $_ps_section in global | download | install) ;; *) return 0 ;; esac
    case $_ps_key in
        index-url | index_url) _ps_slot=index_url ;;
        extra-index-url | extra_index_url) _ps_slot=extra_index_url ;;
        find-links | find_links) _ps_slot=find_links ;;
        cert | constraint | proxy | timeout) _ps_slot=$_ps_key ;;
        default-timeout | default_timeout) _ps_slot=timeout ;;
        no-index | no_index) _ps_slot=no_index ;;
        trusted-host | trusted_host) _ps_slot=trusted_host ;;
        *) return 0 ;;
    esac
    eval "_ps_${_ps_section}_${_ps_slot}=\$_ps_text"
}

_ps_strip() {
    _ps_body=${1#"${1%%[![:space:]]*}"}
    _ps_body=${_ps_body%"${_ps_body##*[![:space:]]}"}
}

# One line of a pip.conf, by the rules of Python's configparser: a line indented deeper than its key
# continues the value; # and ; start a comment only at the start of a line.
_ps_line() {
    _ps_indent=${1%%[![:space:]]*}
    _ps_strip "$1"
    case $_ps_body in '' | '#'* | ';'*) return 0 ;; esac
    if [ -n "$_ps_key" ] && [ ${#_ps_indent} -gt "$_ps_depth" ]; then
        _ps_text=$_ps_text$_ps_newline$_ps_body
        _ps_store
        return 0
    fi
    _ps_depth=${#_ps_indent}
    case $_ps_body in
        '['*']')
            _ps_section=${_ps_body#?} _ps_section=${_ps_section%?} _ps_key=
            ;;
        *[=:]*)
            _ps_rest=$_ps_body
            _ps_strip "${_ps_rest%%[=:]*}"
            _ps_key=$_ps_body
            _ps_strip "${_ps_rest#*[=:]}"
            _ps_text=$_ps_body
            _ps_store
            ;;
    esac
}

_ps_read_file() {
    [ -f "$1" ] && [ -r "$1" ] || return 0
    _ps_section='' _ps_key='' _ps_text='' _ps_depth=0
    while IFS= read -r _ps_input || [ -n "$_ps_input" ]; do
        _ps_line "$_ps_input"
    done <"$1"
}

# --- 2 precedence ------------------------------------------------------------------------------------

# pip's order, later files winning: system, user, the active environment, PIP_CONFIG_FILE.
# PIP_CONFIG_FILE=/dev/null means no file at all, and any other one replaces the user's own files.
_ps_files() {
    [ "${PIP_CONFIG_FILE-}" != /dev/null ] || return 0
    _ps_dirs=${XDG_CONFIG_DIRS:-/etc/xdg}:
    while [ -n "$_ps_dirs" ]; do
        _ps_read_file "${_ps_dirs%%:*}/pip/pip.conf"
        _ps_dirs=${_ps_dirs#*:}
    done
    _ps_read_file /etc/pip.conf
    if [ ! -e "${PIP_CONFIG_FILE:-/nonexistent/pip.conf}" ]; then
        _ps_read_file "${HOME-}/.pip/pip.conf"
        _ps_read_file "${XDG_CONFIG_HOME:-${HOME-}/.config}/pip/pip.conf"
    fi
    _ps_prefix=${VIRTUAL_ENV:-${CONDA_PREFIX-}}
    [ -z "$_ps_prefix" ] || _ps_read_file "$_ps_prefix/pip.conf"
    [ -z "${PIP_CONFIG_FILE-}" ] || _ps_read_file "$PIP_CONFIG_FILE"
}

# _ps_value SLOT VARIABLE...: the value that `pip install` would use, in _ps_found (empty values never count);
# failing that, the one that only `pip download` would use.
_ps_value() {
    _ps_slot=$1 _ps_found=
    shift
    for _ps_variable; do
        eval "_ps_found=\${$_ps_variable-}"
        [ -z "$_ps_found" ] || return 0
    done
    eval "_ps_found=\${_ps_install_$_ps_slot:-\${_ps_global_$_ps_slot:-\${_ps_download_$_ps_slot-}}}"
}

# --- 3 exporting -------------------------------------------------------------------------------------

# What the person already told uv wins over what they told pip.
_ps_export() {
    eval "_ps_present=\${$1-}"
    [ -z "$_ps_present" ] && [ -n "$2" ] || return 0
    eval "$1=\$2"
    # shellcheck disable=SC2163  # the name is in $1
    export "$1"
}

_ps_home_path() {
    # shellcheck disable=SC2088  # here the tilde is text in a configuration file
    case $1 in '~/'*) _ps_path=${HOME-}${1#'~'} ;; *) _ps_path=$1 ;; esac
}

# _ps_join SEPARATOR WORD...: the words in _ps_joined.
_ps_join() {
    _ps_separator=$1 _ps_joined=
    shift
    for _ps_word; do
        _ps_home_path "$_ps_word"
        _ps_joined=$_ps_joined${_ps_joined:+$_ps_separator}$_ps_path
    done
}

# _ps_present_places PLACE...: in _ps_kept those that exist; pip only warns of a missing folder, uv stops.
_ps_present_places() {
    _ps_kept=
    for _ps_word; do
        _ps_home_path "${_ps_word#file://}"
        case $_ps_path in *://*) ;; *) [ -e "$_ps_path" ] || continue ;; esac
        _ps_kept="$_ps_kept $_ps_word"
    done
}

# shellcheck disable=SC2086  # pip's lists are split at white space, here too
_ps_indexes() {
    _ps_value no_index PIP_NO_INDEX
    case $_ps_found in
        1 | [Yy] | [Yy][Ee][Ss] | [Tt] | [Tt][Rr][Uu][Ee] | [Oo][Nn])
            # uv has no variable for --no-index. An index folder that does not exist is an empty index.
            _ps_export UV_DEFAULT_INDEX file:///nonexistent/no-index-is-set-for-pip
            _ps_export GROUNDWORK_NO_INDEX 1
            return 0
            ;;
    esac
    if [ -z "${UV_INDEX_URL-}" ]; then
        _ps_value index_url PIP_INDEX_URL PIP_PYPI_URL
        _ps_export UV_DEFAULT_INDEX "$_ps_found"
    fi
    [ -z "${UV_INDEX-}${UV_EXTRA_INDEX_URL-}" ] || return 0
    _ps_value extra_index_url PIP_EXTRA_INDEX_URL
    _ps_join ' ' $_ps_found
    _ps_export UV_INDEX "$_ps_joined"
    # pip looks in all indexes and takes the best version; uv by default stops at the first index that
    # has the name. Someone who configured pip expects what pip would have installed.
    [ -z "$_ps_joined" ] || _ps_export UV_INDEX_STRATEGY unsafe-best-match
}

# shellcheck disable=SC2086
_ps_lists() {
    _ps_value find_links PIP_FIND_LINKS
    _ps_present_places $_ps_found
    _ps_join , $_ps_kept
    _ps_export UV_FIND_LINKS "$_ps_joined"
    _ps_value constraint PIP_CONSTRAINT
    _ps_join ' ' $_ps_found
    _ps_export UV_CONSTRAINT "$_ps_joined"
    _ps_value trusted_host PIP_TRUSTED_HOST
    _ps_join ' ' $_ps_found
    _ps_export UV_INSECURE_HOST "$_ps_joined"
}

_ps_connection() {
    _ps_value cert PIP_CERT
    _ps_home_path "${_ps_found:-${REQUESTS_CA_BUNDLE:-${CURL_CA_BUNDLE-}}}"
    _ps_export SSL_CERT_FILE "$_ps_path"
    _ps_value timeout PIP_TIMEOUT PIP_DEFAULT_TIMEOUT
    case ${_ps_found%%.*} in
        '' | *[!0-9]* | 0) ;; # uv wants whole seconds, and more than none
        *) _ps_export UV_HTTP_TIMEOUT "${_ps_found%%.*}" ;;
    esac
}

# curl and wget read only the lower-case names, so both spellings are set, and only when none is.
_ps_proxy() {
    [ -z "${HTTP_PROXY-}${HTTPS_PROXY-}${http_proxy-}${https_proxy-}${ALL_PROXY-}${all_proxy-}" ] || return 0
    _ps_value proxy PIP_PROXY
    case $_ps_found in '') return 0 ;; *://*) ;; *) _ps_found=http://$_ps_found ;; esac
    for _ps_name in HTTP_PROXY HTTPS_PROXY http_proxy https_proxy; do
        _ps_export "$_ps_name" "$_ps_found"
    done
    # Only pip had this proxy so far; what runs on this machine (JupyterLab) must not be asked through it.
    _ps_none=${no_proxy:-${NO_PROXY:-localhost,127.0.0.1,::1}}
    _ps_export NO_PROXY "$_ps_none"
    _ps_export no_proxy "$_ps_none"
}

_ps_translate() {
    for _ps_slot in $_ps_keys; do
        unset "_ps_global_$_ps_slot" "_ps_download_$_ps_slot" "_ps_install_$_ps_slot"
    done
    case $- in *f*) _ps_glob=off ;; *) _ps_glob=on ;; esac
    set -f # the values are split at white space, and none of them is a pattern
    _ps_files
    _ps_indexes
    _ps_lists
    _ps_connection
    _ps_proxy
    [ "$_ps_glob" = off ] || set +f
}

# --- 4 by hand ---------------------------------------------------------------------------------------

_ps_show() {
    for _ps_name in $_ps_names; do
        eval "_ps_found=\${$_ps_name-}"
        [ -z "$_ps_found" ] || printf "export %s='%s'\n" "$_ps_name" "$_ps_found"
    done | sed 's#\(://\)[^/, ]*@#\1***@#g'
}

_ps_main() {
    case ${1-} in
        '') _ps_translate && _ps_show ;;
        -h | --help) printf '%s\n' "$_ps_usage" ;;
        *)
            printf '%s\n' "$_ps_usage" >&2
            return 2
            ;;
    esac
}

case ${0##*/} in
    pip_settings.sh) _ps_main "$@" ;;
    *) _ps_translate ;;
esac

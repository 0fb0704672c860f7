"""Hosts that did not answer, or answered no: which one, how far it came, and what that host is for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from doctor.text import Text
from doctor.texts.clues.clue import clue, line_of
from doctor.texts.match import Match
from doctor.texts.said import Said

HOST = re.compile(
    r"host='(?P<host>[\w.-]+)'(?:, port=(?P<port>\d+))?"
    r"|(?:Failed to connect to|connect to host|Could not resolve host:?|Connection to|resolve hostname|resolve host address|Cannot connect to host) ['\"‘]?(?P<named>[\w.-]+\.[\w-]+|localhost)['\"’]?(?:[ :]+(?:port )?(?P<at>\d+))?"
    r"|dial tcp (?:lookup )?(?P<dialled>[\w.-]+\.[\w-]+|localhost)(?::(?P<dialled_at>\d+))?"
    r"|address: '(?P<of_node>[\w.-]+)',\s+port: (?P<node_at>\d+)"
    r"|https?://(?:[^\s/@'\"]+@)?(?P<url>[\w.-]+)(?::(?P<of_url>\d+))?"
)
HOW = (  # the phase that a connection failed in, by the words of curl, requests, httpx, aiohttp, git, apt and Go
    (re.compile(r"Name or service not known|Temporary failure in name resolution|[Cc]ould not resolve|unable to resolve host|getaddrinfo failed|NameResolutionError|nodename nor servname|No address associated|no such host|Name does not resolve"),
     Text("its name is not resolved: DNS does not answer, or does not know it", "域名无法解析：DNS 没有应答，或没有该域名")),
    (re.compile(r"ProxyError|Cannot connect to proxy|proxy.{0,40}(?:refused|failed)|Tunnel connection failed|407 Proxy"),
     Text("the proxy that is set does not take the connection: it does not run, or asks for a login", "所设的代理不接受连接：它没有运行，或要求登录")),
    (re.compile(r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|SSL certificate problem|x509:|self.signed certificate"),
     Text("its certificate is not trusted: a network that opens TLS, a wrong clock, or old root certificates", "证书不受信任：网络拦截了 TLS、时钟不准，或根证书过旧")),
    (re.compile(r"SSL_ERROR_SYSCALL|EOF occurred in violation of protocol|UNEXPECTED_EOF|SSLEOFError|wrong version number|handshake failure|GnuTLS recv error|OpenSSL SSL_connect|TLS connect error"),
     Text("the connection breaks while TLS begins: a firewall, or a proxy that is given as https and speaks http", "TLS 握手时连接中断：防火墙，或代理地址写成 https 而它只支持 http")),
    (re.compile(r"[Cc]onnection refused|Errno 111|ECONNREFUSED|actively refused"),
     Text("nothing listens there: the server or the proxy does not run, or at another port", "该处没有程序监听：服务器或代理没有运行，或端口不同")),
    (re.compile(r"Network is unreachable|No route to host|Errno 101|Errno 113|EHOSTUNREACH"),
     Text("there is no way to it: no network, or IPv6 that leads nowhere", "没有到达它的路由：没有网络，或 IPv6 不通")),
    (re.compile(r"(?i)timed out|timeout|ETIMEDOUT|Errno 110"),
     Text("it does not answer in time: a firewall drops the packets, or the link is slow", "没有及时应答：防火墙丢弃数据包，或线路太慢")),
    (re.compile(r"Connection reset|Connection aborted|RemoteDisconnected|Errno 104|ECONNRESET|Connection broken|IncompleteRead|early EOF|unexpected disconnect|RPC failed|peer closed connection|ChunkedEncodingError|Server disconnected|Connection failed \[IP"),
     Text("the connection was cut: a firewall, or a weak link", "连接被中断：防火墙，或线路不稳")),
    (re.compile(r"\b429\b|Too Many Requests"), Text("it refuses for now: too many requests from this address", "暂时拒绝：来自该地址的请求过多")),
    (re.compile(r"\b401\b|Unauthorized"), Text("it asks for a login, or the token is wrong", "需要登录，或令牌不正确")),
    (re.compile(r"\b403\b|Forbidden"), Text("it forbids it: no permission, or a firewall or proxy says no", "被禁止：没有权限，或防火墙、代理拒绝")),
    (re.compile(r"\b404\b|Not Found"), Text("it has nothing under that address: a wrong name, or it was moved or removed", "该地址没有内容：名称有误，或已被移动、删除")),
    (re.compile(r"\b50[0234]\b|Bad Gateway|Service Unavailable|Gateway Time-?out|Internal Server Error"), Text("it is out of order at the moment", "服务暂时不可用")),
    (re.compile(r"Couldn't reach|Can't load|couldn't connect|Max retries exceeded|Failed to establish a new connection|ConnectionError|ConnectError"),
     Text("it does not answer from here", "从这里无法访问")),
)  # fmt: skip
LOCAL = re.compile(r"^(?:localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|::1)$")
ON_THIS_MACHINE = Text(
    "a program on this machine itself: the server (Ollama, vLLM, a database) or the proxy that is to listen there; inside a container localhost is the"
    " container: the host is host.docker.internal there (docker run --add-host host.docker.internal:host-gateway), and its server must listen on 0.0.0.0"
    " (OLLAMA_HOST=0.0.0.0)",
    "本机上的程序：应在该端口监听的服务器（Ollama、vLLM、数据库）或代理；在容器内 localhost 是容器自身：宿主机是 host.docker.internal"
    "（docker run --add-host host.docker.internal:host-gateway），且其服务必须监听 0.0.0.0（OLLAMA_HOST=0.0.0.0）",
)
# A refusal whose text does not say whose it was.
UNNAMED = re.compile(
    r"(?:ConnectError|ConnectionRefusedError|ConnectionError|URLError)\b[^\n]*(?:Connection refused|Errno 111)"
)
KINDS = (
    (re.compile(r"(?:^|\.)(?:huggingface\.co|hf\.co|hf-mirror\.com)$"), Text("models and datasets of the Hub; a mirror: HF_ENDPOINT=https://hf-mirror.com", "Hub 的模型和数据集；镜像：HF_ENDPOINT=https://hf-mirror.com")),
    (re.compile(r"(?:^|\.)(?:github\.com|githubusercontent\.com|githubassets\.com)$"), Text("code and scripts on GitHub, which is slow or blocked in places; fetch it elsewhere and copy it, or set a proxy", "GitHub 上的代码和脚本，某些地区缓慢或无法访问；请在别处下载后复制，或设置代理")),
    (LOCAL, ON_THIS_MACHINE),
    (re.compile(r"(?:^|\.)(?:openai\.com|azure\.com|anthropic\.com|googleapis\.com|openaipublic\.blob\.core\.windows\.net)$"), Text("a service abroad that cannot be reached from everywhere; it needs a proxy, or another provider", "某些地区无法访问的境外服务；需要代理，或换用其他服务商")),
    (re.compile(r"(?:^|\.)(?:pypi\.org|pythonhosted\.org)$"), Text("Python packages; a mirror: pip config set global.index-url URL", "Python 软件包；镜像：pip config set global.index-url URL")),
    (re.compile(r"(?:^|\.)(?:anaconda\.(?:com|org)|conda\.io)$"), Text("conda's packages; a mirror in ~/.condarc", "conda 软件包；可在 ~/.condarc 中设置镜像")),
    (re.compile(r"(?:^|\.)(?:pytorch\.org|download\.pytorch\.org|nvidia\.com)$"), Text("torch and CUDA packages", "torch 与 CUDA 软件包")),
    (re.compile(r"(?:^|\.)(?:docker\.(?:io|com)|ghcr\.io|quay\.io|nvcr\.io|gcr\.io)$"), Text("images of containers; Docker's daemon needs the proxy or a mirror itself (registry-mirrors in /etc/docker/daemon.json)", "容器镜像；代理或镜像站需要设置给 Docker 守护进程（/etc/docker/daemon.json 中的 registry-mirrors）")),
    (re.compile(r"(?:^|\.)(?:ubuntu\.com|debian\.org|launchpad\.net|launchpadcontent\.net)$"), Text("the distribution's packages; a mirror in /etc/apt", "发行版的软件包；可在 /etc/apt 中设置镜像")),
)  # fmt: skip
OTHER = Text("what the program fetches or talks to", "程序下载或访问的服务")
NEAR = 400  # characters around the failure's words in which its host is looked for
DOCUMENTATION = re.compile(
    r"docs\.|/docs/|/issues|/wiki|readthedocs|developer\.mozilla|httpstatuses|pip\.pypa\.io|urllib3\.readthedocs"
)


def clues(said: Said) -> Iterator[Match]:
    for pattern, why in HOW:
        hit = pattern.search(said.text)
        place = _host(said.text, hit.start()) if hit else None
        if hit and place:
            host, port = place
            what = next((text for kind, text in KINDS if kind.search(host)), OTHER)
            command = (
                "curl",
                "-sSIv",
                "--max-time",
                "10",
                f"{_scheme(said.text, host, port)}://{host}{port}",
            )
            yield _told(said, hit, f"{host}{port}", why, what, command)
            return
    if hit := UNNAMED.search(said.text):
        why = next(text for pattern, text in HOW if pattern.search("Connection refused"))
        yield _told(said, hit, "HOST:PORT", why, ON_THIS_MACHINE, ("ss", "-ltnp"))


def _told(
    said: Said, hit: re.Match[str], host: str, why: Text, what: Text, command: tuple[str, ...]
) -> Match:
    return clue(
        "network",
        "host-refused-or-silent",
        line_of(said.text, hit.start()),
        hit.start(),
        more=(command,),
        host=host,
        why=why,
        what=what,
    )


def _scheme(text: str, host: str, port: str) -> str:
    """As the text writes it; a port of its own, or this machine, mostly speaks without TLS."""
    if written := re.search(rf"(?P<scheme>https?)://(?:[^\s/@'\"]+@)?{re.escape(host)}\b", text):
        return written["scheme"]
    return "http" if port or LOCAL.search(host) else "https"


def _host(text: str, at: int) -> tuple[str, str] | None:
    """The host that is named nearest to a failure's words, and its port where it is not the usual one."""
    begin = max(0, at - NEAR)
    near = text[begin : at + NEAR]
    found = [
        hit for hit in HOST.finditer(near) if not DOCUMENTATION.search(near[hit.start() : hit.end() + 40])
    ]
    if not found:
        return None
    hit = min(found, key=lambda hit: (not hit["host"], _is_number(hit), abs(begin + hit.start() - at)))
    host = hit["host"] or hit["named"] or hit["dialled"] or hit["of_node"] or hit["url"]
    port = hit["port"] or hit["at"] or hit["dialled_at"] or hit["node_at"] or hit["of_url"] or ""
    return host, f":{port}" if port not in ("", "443", "80") else ""


def _is_number(hit: re.Match[str]) -> bool:
    """Whether it is an address in numbers of another machine: the name that stands beside it tells more."""
    return re.fullmatch(r"(?!127\.|0\.)[\d.]+", hit["dialled"] or "") is not None

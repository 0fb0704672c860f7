"""The lines of NCCL's own files that it does not read as they were meant.

It takes each line to its first `=` as the name and all behind as the value, spaces and quotation marks included.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from doctor.reading.peek import is_folder, is_there, peek_text

KNOWN = frozenset(
    [
        "NCCL_ALGO",
        "NCCL_BUFFSIZE",
        "NCCL_CGA_CLUSTER_SIZE",
        "NCCL_CHECKS_DISABLE",
        "NCCL_CHECK_POINTERS",
        "NCCL_COLLNET_ENABLE",
        "NCCL_COLLNET_NODE_THRESHOLD",
        "NCCL_COMM_BLOCKING",
        "NCCL_COMM_ID",
        "NCCL_COMM_SPLIT_SHARE_RESOURCES",
        "NCCL_CONF_FILE",
        "NCCL_CROSS_NIC",
        "NCCL_CUMEM_ENABLE",
        "NCCL_CUMEM_HOST_ENABLE",
        "NCCL_DEBUG",
        "NCCL_DEBUG_FILE",
        "NCCL_DEBUG_SUBSYS",
        "NCCL_DMABUF_ENABLE",
        "NCCL_GDR_FLUSH_DISABLE",
        "NCCL_GRAPH_DUMP_FILE",
        "NCCL_GRAPH_FILE",
        "NCCL_GRAPH_MIXING_SUPPORT",
        "NCCL_GRAPH_REGISTER",
        "NCCL_HOSTID",
        "NCCL_IB_ADAPTIVE_ROUTING",
        "NCCL_IB_ADDR_FAMILY",
        "NCCL_IB_ADDR_RANGE",
        "NCCL_IB_AR_THRESHOLD",
        "NCCL_IB_CUDA_SUPPORT",
        "NCCL_IB_DISABLE",
        "NCCL_IB_ECE_ENABLE",
        "NCCL_IB_FIFO_TC",
        "NCCL_IB_GID_INDEX",
        "NCCL_IB_HCA",
        "NCCL_IB_MERGE_NICS",
        "NCCL_IB_MERGE_VFS",
        "NCCL_IB_PCI_RELAXED_ORDERING",
        "NCCL_IB_PKEY",
        "NCCL_IB_QPS_PER_CONNECTION",
        "NCCL_IB_RETRY_CNT",
        "NCCL_IB_ROCE_VERSION_NUM",
        "NCCL_IB_RETURN_ASYNC_EVENTS",
        "NCCL_IB_SL",
        "NCCL_IB_SPLIT_DATA_ON_QPS",
        "NCCL_IB_TC",
        "NCCL_IB_TIMEOUT",
        "NCCL_IB_USE_INLINE",
        "NCCL_IGNORE_CPU_AFFINITY",
        "NCCL_IGNORE_DISABLED_P2P",
        "NCCL_LAUNCH_MODE",
        "NCCL_LL128_BUFFSIZE",
        "NCCL_LL_BUFFSIZE",
        "NCCL_LL_THRESHOLD",
        "NCCL_LOCAL_REGISTER",
        "NCCL_MAX_CTAS",
        "NCCL_MAX_NCHANNELS",
        "NCCL_MAX_NRINGS",
        "NCCL_MIN_CTAS",
        "NCCL_MIN_NCHANNELS",
        "NCCL_MIN_NRINGS",
        "NCCL_MNNVL_ENABLE",
        "NCCL_MNNVL_CLIQUE_ID",
        "NCCL_MNNVL_UUID",
        "NCCL_NCHANNELS_PER_NET_PEER",
        "NCCL_NET",
        "NCCL_NETDEVS_POLICY",
        "NCCL_NET_DISABLE_INTRA",
        "NCCL_NET_FORCE_FLUSH",
        "NCCL_NET_FORCE_MERGE",
        "NCCL_NET_GDR_C2C",
        "NCCL_NET_GDR_LEVEL",
        "NCCL_NET_GDR_READ",
        "NCCL_NET_MERGE_LEVEL",
        "NCCL_NET_OVERHEAD",
        "NCCL_NET_PLUGIN",
        "NCCL_NET_SHARED_BUFFERS",
        "NCCL_NET_SHARED_COMMS",
        "NCCL_NSOCKS_PERTHREAD",
        "NCCL_NTHREADS",
        "NCCL_NVB_DISABLE",
        "NCCL_NVLS_CHUNKSIZE",
        "NCCL_NVLS_ENABLE",
        "NCCL_NVLS_NCHANNELS",
        "NCCL_NVLSTREE_MAX_CHUNKSIZE",
        "NCCL_OOB_NET_ENABLE",
        "NCCL_OOB_NET_IFNAME",
        "NCCL_P2P_DIRECT_DISABLE",
        "NCCL_P2P_DISABLE",
        "NCCL_P2P_LEVEL",
        "NCCL_P2P_LL_THRESHOLD",
        "NCCL_P2P_NET_CHUNKSIZE",
        "NCCL_P2P_NVL_CHUNKSIZE",
        "NCCL_P2P_PCI_CHUNKSIZE",
        "NCCL_P2P_PXN_LEVEL",
        "NCCL_P2P_READ_ENABLE",
        "NCCL_P2P_USE_CUDA_MEMCPY",
        "NCCL_PROFILER_PLUGIN",
        "NCCL_PROTO",
        "NCCL_PROXY_DUMP_SIGNAL",
        "NCCL_PXN_C2C",
        "NCCL_PXN_DISABLE",
        "NCCL_RAS_ADDR",
        "NCCL_RAS_ENABLE",
        "NCCL_RAS_TIMEOUT_FACTOR",
        "NCCL_RUNTIME_CONNECT",
        "NCCL_SET_CPU_STACK_SIZE",
        "NCCL_SET_STACK_SIZE",
        "NCCL_SET_THREAD_NAME",
        "NCCL_SHM_DISABLE",
        "NCCL_SHM_USE_CUDA_MEMCPY",
        "NCCL_SINGLE_PROC_MEM_REG_ENABLE",
        "NCCL_SINGLE_RING_THRESHOLD",
        "NCCL_SOCKET_FAMILY",
        "NCCL_SOCKET_IFNAME",
        "NCCL_SOCKET_NTHREADS",
        "NCCL_SOCKET_POLL_TIMEOUT_MSEC",
        "NCCL_SOCKET_RETRY_CNT",
        "NCCL_SOCKET_RETRY_SLEEP_MSEC",
        "NCCL_THREAD_THRESHOLDS",
        "NCCL_TOPO_DUMP_FILE",
        "NCCL_TOPO_DUMP_FILE_RANK",
        "NCCL_TOPO_FILE",
        "NCCL_TREE_THRESHOLD",
        "NCCL_TUNER_CONFIG_PATH",
        "NCCL_TUNER_PLUGIN",
        "NCCL_WIN_ENABLE",
        "NCCL_WIN_STRIDE",
        "NCCL_WORK_FIFO_BYTES",
    ]
)
LEVELS = ("LOC", "NVL", "PIX", "PXB", "PXN", "PHB", "NODE", "SYS", "C2C", "P2C")
DEBUGS = ("VERSION", "WARN", "INFO", "ABORT", "TRACE", "NONE")
FILES = ("NCCL_TOPO_FILE", "NCCL_GRAPH_FILE")
ADAPTERS = Path("/sys/class/infiniband")
ALIKE = 0.9
ASSIGNS = re.compile(r"\s*(?:export\s+)?\w+\s*=")


def faults(paths: tuple[Path, ...] = ()) -> tuple[str, ...]:
    """PATH:LINE: why, of each line that is not read as it was meant."""
    return tuple(
        f"{path}:{number}: {why}"
        for path in paths or (Path("~/.nccl.conf").expanduser(), Path("/etc/nccl.conf"))
        for number, line in enumerate(peek_text(path).split("\n"), 1)
        if line.strip() and not line.startswith("#") and (why := _wrong(line))
    )


def _wrong(line: str) -> str:
    return next(_faults(line), "")


def _faults(line: str) -> Iterator[str]:
    if line.lstrip().startswith("#"):  # no name that anybody reads
        return
    if "=" not in line:
        yield "no = in it"
        return
    name, _, value = line.partition("=")
    if name.lstrip().startswith(("export ", "export\t")):
        yield "export: a name with a space in it"
    elif name != name.strip():
        yield "a space beside the name"
    elif value.endswith("\r"):
        yield "a line end of Windows, which is taken for a part of the value"
    elif (value != value.strip() and not value.strip().isdecimal()) or re.search(r"\s#", value):
        yield "a space or a comment in the value"
    elif value[:1] in "\"'" and value:
        yield "quotation marks are taken for a part of the value"
    elif name.startswith("NCCL"):
        yield from _of_name(name, value)


def _of_name(name: str, value: str) -> Iterator[str]:
    if name not in KNOWN:
        from doctor.near import nearest  # only where one is unknown

        near = nearest(name, KNOWN, cutoff=ALIKE)
        if near:
            yield f"{name} is no option; {near[0]} is one"
    elif name == "NCCL_DEBUG" and value.upper() not in DEBUGS:
        yield f"{name}={value[:40]} is none of {', '.join(DEBUGS[:3])}"
    elif name in ("NCCL_P2P_LEVEL", "NCCL_NET_GDR_LEVEL") and not (
        value.isdecimal() or value.upper() in LEVELS
    ):
        yield f"{name}={value[:40]} is none of {', '.join(LEVELS[1:8])}"
    elif name in FILES and not is_there(Path(value)):
        yield f"{name}: there is no {value[:120]}"
    elif (
        name == "NCCL_DEBUG_FILE" and value.startswith("/") and not is_folder(value.rpartition("/")[0] or "/")
    ):
        yield f"{name}: there is no folder {value.rpartition('/')[0][:120]}"
    elif name == "NCCL_IB_HCA" and not _fits(value):
        yield f"{name}={value[:60]} names no adapter that is here"


def _fits(asked: str) -> bool:
    """NCCL's way of writing: beginnings of names; = whole names; ^ all but these. Unknown where no adapter is."""
    from doctor.probes.listing import names_in

    there = names_in(ADAPTERS)
    if not there or asked.startswith("^"):
        return True
    whole = asked.startswith("=")
    names = [one.strip().partition(":")[0] for one in asked.removeprefix("=").split(",") if one.strip()]
    return any(have == name if whole else have.startswith(name) for have in there for name in names)

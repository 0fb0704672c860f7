"""Errors that CUDA itself says, whoever passes them on: by its words, which are the same in torch, TensorFlow, NCCL and llama.cpp."""

from __future__ import annotations

import re
from collections.abc import Iterator

from doctor.text import Text
from doctor.texts.clues.clue import clue
from doctor.texts.match import Match
from doctor.texts.said import Said

SAID = re.compile(
    r"(?:CUDA (?:driver |runtime |kernel )?(?:error|failure)(?: \d+)?|[Cc]uda failure(?: \d+)?|cuda runtime error(?: \(\d+\))?|CUDA_ERROR_\w+,?|cudaError\w+,?|cudaGetDeviceCount\(\)[^\n]{0,140}Error \d{1,3}|cuda error|CUDA Error)\s?[:(]? ?['\"(]?(?P<said>[a-zA-Z][\w' /()-]{5,90})"
)
HARDWARE = Text(
    "Look at the card: nvidia-smi, and the lines of dmesg that begin with NVRM.",
    "请检查显卡：nvidia-smi，以及 dmesg 中以 NVRM 开头的行。",
)
RESTART = Text(
    "Restart the program, then the container, then the machine: after an update of the driver, a suspend or a crash that is all it needs. nvidia-smi and modprobe nvidia_uvm must work.",
    "请依次重启程序、容器、机器：驱动升级、休眠或崩溃之后通常这样即可。nvidia-smi 和 modprobe nvidia_uvm 应当正常。",
)
BUILD = Text(
    "Install the extension anew for this torch and this card: pip install --force-reinstall --no-cache-dir, with TORCH_CUDA_ARCH_LIST set where it is compiled here.",
    "请为当前 torch 和显卡重新安装该扩展：pip install --force-reinstall --no-cache-dir；在本机编译时设置 TORCH_CUDA_ARCH_LIST。",
)
# What it says → why, and what to do. The first that fits.
WORDS: tuple[tuple[re.Pattern[str], Text, Text], ...] = tuple(
    (re.compile(words, re.IGNORECASE), why, what)
    for words, why, what in (
        (r"initialization error|driver shutting down|context is destroyed",
         Text("CUDA could not begin in this process: the driver is not ready or was updated under it, or the process was forked from one that already used the GPU", "CUDA 无法在此进程中启动：驱动未就绪或刚被升级，或该进程是从已使用 GPU 的进程 fork 出来的"),
         RESTART),
        (r"unknown error",
         Text("the driver's part for computing is in a bad state, mostly after a suspend or an update, or /dev/nvidia-uvm is missing", "驱动的计算部分状态异常，多发生在休眠或升级之后，或缺少 /dev/nvidia-uvm"),
         RESTART),
        (r"operation not supported|call is not supported|requires newer driver",
         Text("this driver, card or way of sharing it (vGPU, MIG, WSL, a hypervisor) does not offer what is asked for", "当前驱动、显卡或其共享方式（vGPU、MIG、WSL、虚拟机）不支持所请求的功能"),
         Text("Update the driver; on vGPU and WSL leave out what it cannot: PYTORCH_CUDA_ALLOC_CONF without expandable_segments and cudaMallocAsync, NCCL_P2P_DISABLE=1, NCCL_CUMEM_ENABLE=0.", "请升级驱动；在 vGPU 和 WSL 上关闭不支持的功能：PYTORCH_CUDA_ALLOC_CONF 不用 expandable_segments 和 cudaMallocAsync，NCCL_P2P_DISABLE=1，NCCL_CUMEM_ENABLE=0。")),
        (r"peer access|peer mapping|too many peers",
         Text("two of the cards cannot reach each other's memory: no NVLink, another PCIe root, an IOMMU, or cards without that feature", "两张显卡无法互相访问显存：没有 NVLink、位于不同的 PCIe 根、启用了 IOMMU，或显卡不支持"),
         Text("export NCCL_P2P_DISABLE=1 lets the data go through memory; nvidia-smi topo -p2p r shows which pairs can.", "export NCCL_P2P_DISABLE=1 可改为经内存传输；nvidia-smi topo -p2p r 会显示哪些显卡之间可以。")),
        (r"invalid resource handle|invalid argument|invalid configuration argument|invalid value",
         Text("a compiled extension asks for something wrong: it was built for another torch or CUDA, or has an error; or objects of one card are used on another", "编译的扩展请求有误：它是为其他 torch 或 CUDA 构建的，或自身有错误；或在一张卡上使用了另一张卡的对象"),
         BUILD),
        (r"too many resources requested|no binary for gpu|invalid (?:program|kernel) image|invalid ptx|a PTX JIT compilation failed|unsupported toolchain|named symbol not found|symbol not found|invalid device symbol",
         Text("the compiled code is for another card or a newer CUDA than the driver knows", "编译的代码是为其他显卡或比驱动更新的 CUDA 制作的"),
         BUILD),
        (r"invalid device context|invalid device$|device not ready|no current context",
         Text("the process lost its context on the card: it was reset, or used after a fork or by another thread", "进程失去了在显卡上的上下文：显卡被重置，或在 fork 之后、其他线程中使用"),
         RESTART),
        (r"hardware stack error|invalid (?:address space|pc)|uncorrectable|nvlink|contained|illegal address|misaligned|device-side",
         Text("the card met an error while it computed: a wrong extension, or failing hardware", "显卡计算时出错：扩展有误，或硬件故障"),
         HARDWARE),
        (r"stream capture|capturing|graph",
         Text("an operation cannot be recorded into a CUDA graph", "某个操作无法录制到 CUDA graph"),
         Text("Switch CUDA graphs off: enforce_eager=True in vLLM, --disable-cuda-graph in SGLang, torch.compile without mode=\"reduce-overhead\".", "请关闭 CUDA graph：vLLM 用 enforce_eager=True，SGLang 用 --disable-cuda-graph，torch.compile 不用 mode=\"reduce-overhead\"。")),
    )
)  # fmt: skip


def clues(said: Said) -> Iterator[Match]:
    for hit in SAID.finditer(said.text):
        words = hit["said"].strip(" '")
        told = next(((why, what) for pattern, why, what in WORDS if pattern.match(words)), None)
        if told:
            why, what = told
            short = re.split(r"\s\(|\. ", words)[0]
            yield clue(
                "gpu", "cuda-error-said", hit[0], hit.start(), said=short.strip(" '"), why=why, what=what
            )
            return

"""Facts: what the machine answered. Frozen, typed, JSON and back without loss. One module an area.

Every fact may be `Unknown`: "could not tell, because …" is different from "no". Sizes are bytes, times seconds.
A field that came later has a default that means "nothing found", so that facts saved by an older tool are still read.
"""

from __future__ import annotations

import msgspec

from doctor.facts.colab import Colab, StaleKernel
from doctor.facts.conda import (
    Conda,
    CondaEnvironment,
    CondaInstall,
    CondaLock,
    CondaProxy,
    CondaSettings,
    CondaShell,
    CondaState,
    CondaTerms,
    PackageCache,
    ShellBlock,
)
from doctor.facts.disk import Disk, Place
from doctor.facts.ffmpeg import Ffmpeg
from doctor.facts.gpu import (
    Allocator,
    Build,
    Docker,
    DriverLibrary,
    Gpu,
    GpuDevice,
    GpuProcess,
    LostDevice,
    Module,
    Mps,
    Node,
    PciCard,
    Setting,
    Variable,
    Visible,
)
from doctor.facts.host import Host
from doctor.facts.hub import CachedModel, Hub
from doctor.facts.jupyter import (
    Certificate,
    Export,
    Folder,
    Jupyter,
    JupyterServer,
    Kernel,
    KernelProcess,
    KernelProof,
    Kernelspec,
    KernelVariable,
    LabExtension,
    LabProcess,
    LogLine,
    PortOwner,
    SettingsFile,
)
from doctor.facts.network import Answer, Network, said_by
from doctor.facts.packages import Damage, ImportUse, MissingName, Packages, Sources, SourceUse
from doctor.facts.python import EnvironmentState, PthLine, Python, Script, Shadow, Stopped
from doctor.facts.smoke import Smoke, SmokeTask
from doctor.facts.torch import Torch
from doctor.facts.unknown import Unknown

__all__ = [
    "AREAS",
    "SCHEMA",
    "Allocator",
    "Answer",
    "AreaFacts",
    "Build",
    "CachedModel",
    "Certificate",
    "Colab",
    "Conda",
    "CondaEnvironment",
    "CondaInstall",
    "CondaLock",
    "CondaProxy",
    "CondaSettings",
    "CondaShell",
    "CondaState",
    "CondaTerms",
    "Damage",
    "Disk",
    "Docker",
    "DriverLibrary",
    "EnvironmentState",
    "Export",
    "Facts",
    "Ffmpeg",
    "Folder",
    "Gpu",
    "GpuDevice",
    "GpuProcess",
    "Host",
    "Hub",
    "ImportUse",
    "Jupyter",
    "JupyterServer",
    "Kernel",
    "KernelProcess",
    "KernelProof",
    "KernelVariable",
    "Kernelspec",
    "LabExtension",
    "LabProcess",
    "LogLine",
    "LostDevice",
    "MissingName",
    "Module",
    "Mps",
    "Network",
    "Node",
    "PackageCache",
    "Packages",
    "PciCard",
    "Place",
    "PortOwner",
    "PthLine",
    "Python",
    "Script",
    "Setting",
    "SettingsFile",
    "Shadow",
    "ShellBlock",
    "Smoke",
    "SmokeTask",
    "SourceUse",
    "Sources",
    "StaleKernel",
    "Stopped",
    "Torch",
    "Unknown",
    "Variable",
    "Visible",
    "said_by",
]

AREAS = (
    "host",
    "gpu",
    "disk",
    "network",
    "conda",
    "python",
    "packages",
    "torch",
    "hub",
    "ffmpeg",
    "jupyter",
    "colab",
    "smoke",
)
SCHEMA = 1


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    schema: int = SCHEMA
    taken_at: str  # ISO 8601, UTC
    host: Host | Unknown
    gpu: Gpu | Unknown
    disk: Disk | Unknown
    network: Network | Unknown
    conda: Conda | Unknown
    python: Python | Unknown
    packages: Packages | Unknown
    torch: Torch | Unknown
    hub: Hub | Unknown
    ffmpeg: Ffmpeg | Unknown
    jupyter: Jupyter | Unknown
    colab: Colab | Unknown
    smoke: Smoke | Unknown


AreaFacts = (
    Host | Gpu | Disk | Network | Conda | Python | Packages | Torch | Hub | Ffmpeg | Jupyter | Colab | Smoke
)

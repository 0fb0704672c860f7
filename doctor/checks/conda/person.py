"""Is what conda keeps in the person's home theirs, and can what lies there be installed from?"""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.conda.weight import is_used, weighed
from doctor.facts import Conda, Facts, Host
from doctor.finding import Finding
from doctor.goal import Goal
from doctor.text import Text

YUM = ("CentOS", "Red Hat", "Rocky", "Alma", "Fedora", "Oracle", "openEuler", "Amazon")
LIVES = Text("its prefix is a folder of that system", "其 prefix 是该系统的文件夹")


def check(facts: Facts, conda: Conda, goal: Goal) -> Iterator[Finding]:
    if conda.closed:
        paths = [one.path for one in conda.closed]
        tops = [path for path in paths if not any(path.startswith(f"{other}/") for other in paths)]
        yield found(
            "conda",
            "conda-files-not-yours",
            severity=weighed("fail", conda, goal),
            paths=paths,
            owner=conda.closed[0].owner,
            tops=tops,
        )
    whole = any(install.state == "complete" for install in conda.installs)
    for file in conda.environment_files:
        yield found(
            "conda",
            "conda-environment-file-of-another-platform",
            severity="warn" if whole or is_used(conda, goal) else "info",
            file=file.path,
            platform=file.platform,
            packages=file.packages or LIVES,
            builds=file.builds,
            portable=f"{file.path.rpartition('.')[0]}-portable.yml",
        )
    if conda.installers and not whole:
        system = facts.host.os_name if isinstance(facts.host, Host) else ""
        tool = conda.installers[0].lacks
        line = (
            ("yum", "install", "-y", tool) if system.startswith(YUM) else ("apt-get", "install", "-y", tool)
        )
        yield found(
            "conda", "conda-installer-lacks-tool", commands=(line,), file=conda.installers[0].path, tool=tool
        )

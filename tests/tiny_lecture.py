"""Run in the environment's interpreter: the lecture's models, tiny and with random weights, as the smoke test builds them.

PREFIX/bin/python tests/tiny_lecture.py FOLDER      makes FOLDER/ORG--NAME for each, and prints their names
"""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
    from smoke import runner
    from smoke.common import Bench
    from smoke.spec import read_spec

    entries = read_spec(Path(runner.__file__).with_name("lecture1.json"))
    for entry in entries:
        task = runner.TASKS[entry["task"]]
        folder = Path(sys.argv[1]) / entry["model"].replace("/", "--")
        # torchvision, which detr's processor needs, has no build for every torch.
        if folder.exists() or entry["task"] == "object-detection":
            continue
        folder.mkdir(parents=True)
        task.build(folder, Bench(entry["task"], entry["model"], None, False, "cpu", folder.parent, str))
        print(entry["model"])


if __name__ == "__main__":
    main()

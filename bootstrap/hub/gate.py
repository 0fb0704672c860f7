"""What a person does about a closed model. By itself, so that to plan the models step no HTTP client is loaded."""

from __future__ import annotations

from doctor.text import Text


def gate_hint(repo: str) -> Text:
    page = f"https://huggingface.co/{repo}"
    return Text(
        f"accept its licence at {page}, make a token that may read gated repositories, then: HF_TOKEN=… make models",
        f"在 {page} 接受许可协议，创建可读取受限仓库的令牌，然后运行：HF_TOKEN=… make models",
    )

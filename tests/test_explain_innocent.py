"""Texts of programs that went well: whoever pastes one must not be told of a fault that is not there."""

from __future__ import annotations

import pytest

from doctor.explain import by_text

INNOCENT = (
    "Successfully installed torch-2.13.0 torchvision-0.28.0 transformers-4.57.6 huggingface-hub-0.36.2",
    "Requirement already satisfied: numpy in ./lib/python3.11/site-packages (2.4.6)",
    "Resolved 146 packages in 1.2s\nInstalled 146 packages in 3.4s\n + torch==2.13.0+cpu",
    "Collecting transformers\n  Downloading transformers-4.57.6-py3-none-any.whl (12.0 MB)",
    "{'loss': 0.6931, 'grad_norm': 1.23, 'learning_rate': 5e-05, 'epoch': 0.1}",
    "100%|██████████| 500/500 [02:13<00:00,  3.74it/s]",
    "Device set to use cuda:0",
    "Device set to use cpu",
    "No model was supplied, defaulted to distilbert/distilbert-base-uncased-finetuned-sst-2-english and revision 714eb0f",
    "Some weights of BertForSequenceClassification were not initialized from the model checkpoint and are newly initialized",
    "FutureWarning: `clean_up_tokenization_spaces` was not set. It will be set to `True` by default.",
    "[I 2026-11-24 12:00:00.000 ServerApp] Jupyter Server 2.21.1 is running at:\n    http://localhost:8888/lab",
    "[I 2026-11-24 12:00:00.000 ServerApp] Use Control-C to stop this server and shut down all kernels",
    "Kernel started: 1f2e3d4c, name: python3",
    "model.safetensors: 100%|##########| 268M/268M [00:12<00:00, 21.3MB/s]",
    "Tue Nov 24 12:00:00 2026\n| NVIDIA-SMI 580.95.05   Driver Version: 580.95.05   CUDA Version: 13.0 |",
    "|   0  Tesla T4   On  | 00000000:00:04.0 Off |                    0 |\n|  No running processes found  |",
    "ffmpeg version 5.1.9-0+deb12u1 Copyright (c) 2000-2026 the FFmpeg developers",
    "Solving environment: done\n\n## Package Plan ##\n\n  environment location: /root/miniconda3/envs/hf",
    "Ready.\n  Environment   Python 3.11.2 in /root/.groundwork/envs/llm-quickstart",
    "Filesystem      Size  Used Avail Use% Mounted on\n/dev/sda1       100G   20G   80G  20% /",
    "tensor([[0.1234, 0.5678]], device='cuda:0', grad_fn=<AddmmBackward0>)",
    "[{'label': 'POSITIVE', 'score': 0.9998656511306763}]",
    "All checks passed!\n7 passed in 0.12s",
    "Cloning into 'LLM-quickstart'...\nReceiving objects: 100% (512/512), 12.00 MiB | 3.00 MiB/s, done.",
    "Reading package lists... Done\nBuilding dependency tree... Done\nffmpeg is already the newest version",
)


@pytest.mark.parametrize("text", INNOCENT)
def test_nothing_is_said_of_a_text_that_tells_of_no_fault(text: str) -> None:
    assert [match.id for match in by_text(text)] == []

"""What the smoke test says to people, in English and Chinese; `{names}` are filled in by `speaker`."""

from __future__ import annotations

import os
from collections.abc import Callable

MESSAGES = {
    "task": ("task", "任务"),
    "weights": ("weights", "权重"),
    "device": ("device", "设备"),
    "load": ("load s", "加载秒"),
    "run": ("run s", "运行秒"),
    "peak": ("peak MB", "峰值MB"),
    "real": ("real", "真实"),
    "synthetic": ("synthetic", "合成"),
    "pass": ("ok", "通过"),
    "fail": ("FAIL", "失败"),
    "unavailable": ("n/a", "不可用"),
    "running": ("[{number}/{count}] {task}", "[{number}/{count}] {task}"),
    "summary": (
        "{passed} passed, {failed} failed, {unavailable} not available; {real} with real weights, {synthetic} with synthetic ones.",
        "通过 {passed}，失败 {failed}，不可用 {unavailable}；真实权重 {real} 个，合成权重 {synthetic} 个。",
    ),
    "about_synthetic": (
        "synthetic: a tiny model of the same architecture with random weights, built on the spot. It proves that the "
        "software works, not that the answers are right. Fetch the models (make models), then run this again.",
        "合成：现场用配置类建立的同架构小模型，权重随机。它证明软件能用，不证明答案正确。下载模型（make models）后请再运行一次。",
    ),
    "next_failed": (
        "Next: make doctor names the cause. One task alone: {command}",
        "下一步：make doctor 会指出原因。只运行一个任务：{command}",
    ),
    "not_cached": ("not completely in the cache", "缓存中不完整"),
    "looked_in": ("Looked for the models in {folder}.", "查找模型的缓存目录：{folder}"),
    "need_cached": (
        "{models} not completely in the cache ({folder}). Fetch it first: make models",
        "缓存（{folder}）中没有完整的 {models}。请先下载：make models",
    ),
    "stand_in": (
        "much smaller than the course's model of that name: that it runs is judged, not what it answers",
        "比课程使用的同名模型小得多：只验证能运行，不评判答案",
    ),
    "other_revision": (
        "revision {wanted} is not in the cache: used the cached main, {used}",
        "缓存中没有版本 {wanted}：使用了缓存的 main，{used}",
    ),
    "no_pipeline": (
        "transformers {version} has no pipeline {task}: it was removed in transformers 5. The course needs transformers 4.57 (PROFILE=llm-quickstart)",
        "transformers {version} 没有 {task} 这个 pipeline：transformers 5 已将其删除。课程需要 transformers 4.57（PROFILE=llm-quickstart）",
    ),
    "no_argument": (
        "the pipeline {task} of transformers {version} has no argument {names}: it was removed in transformers 5. The course needs transformers 4.57 (PROFILE=llm-quickstart)",
        "transformers {version} 的 {task} 不再接受参数 {names}：transformers 5 已将其删除。课程需要 transformers 4.57（PROFILE=llm-quickstart）",
    ),
    "no_ffmpeg": (
        "the command ffmpeg is not on PATH, and transformers decodes audio files through it. Install it: apt-get install ffmpeg, or make setup",
        "PATH 中没有 ffmpeg 命令，而 transformers 靠它解码音频文件。请安装：apt-get install ffmpeg，或 make setup",
    ),
    "broken_ffmpeg": (
        "ffmpeg ({path}) does not start: {reason}. Install it again: apt-get install --reinstall ffmpeg, or make setup",
        "ffmpeg（{path}）无法启动：{reason}。请重新安装：apt-get install --reinstall ffmpeg，或 make setup",
    ),
    "no_torchvision": (
        "no torchvision for this torch: ran with the transformers ResNet backbone instead of timm",
        "没有与这个 torch 配套的 torchvision：用 transformers 自带的 ResNet 主干代替了 timm",
    ),
}


def speaker(language: str) -> Callable[..., str]:
    """say(key, **values) → the message in "en" or "zh"."""
    column = 1 if language == "zh" else 0

    def say(key: str, **values: object) -> str:
        return MESSAGES[key][column].format(**values)

    return say


def language_of_environment() -> str:
    """The language of the locale: "zh" for a Chinese one, else "en"."""
    for variable in ("GROUNDWORK_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(variable):
            return "zh" if os.environ[variable].lower().startswith("zh") else "en"
    return "en"

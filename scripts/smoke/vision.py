"""The lecture's image pipelines, fed with a picture drawn on the spot and read back from a JPEG file."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from .common import Bench, Task, expect, expect_scores
from .text import write_json

WIDTH, HEIGHT = 320, 240


def draw_picture(into: Path) -> str:
    """A house under the sun. Nobody can say what a model must see in it, so no answer is expected of it."""
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (WIDTH, HEIGHT), "skyblue")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 180, WIDTH, HEIGHT), fill="forestgreen")
    draw.rectangle((90, 110, 210, 200), fill="firebrick", outline="black")
    draw.polygon([(80, 110), (220, 110), (150, 60)], fill="saddlebrown")
    draw.ellipse((250, 20, 300, 70), fill="gold")
    path = into / "picture.jpg"
    picture.save(path)
    return str(path)


def build_image_classification(into: Path, bench: Bench) -> None:
    from transformers import ViTConfig, ViTForImageClassification

    config = ViTConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        image_size=32,
        patch_size=8,
        num_labels=10,
    )
    ViTForImageClassification(config).save_pretrained(into)
    size = {"height": 32, "width": 32}
    write_json(into / "preprocessor_config.json", {"image_processor_type": "ViTImageProcessor", "size": size})


def use_image_classification(pipe: Any, bench: Bench) -> None:
    answers = pipe(draw_picture(bench.work))
    expect_scores(answers, pipe.model.config.id2label)
    expect(len(answers) == 5, f"five labels are the default, {len(answers)} came out")
    total = sum(answer["score"] for answer in answers)
    expect(total <= 1.00001, f"probabilities add up to {total}")


def build_object_detection(into: Path, bench: Bench) -> None:
    backbone = choose_backbone(bench)
    from transformers import DetrConfig, DetrForObjectDetection

    config = DetrConfig(
        **backbone,
        d_model=16,
        num_queries=10,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        num_labels=10,
    )
    DetrForObjectDetection(config).save_pretrained(into)
    size = {"shortest_edge": 96, "longest_edge": 128}
    write_json(
        into / "preprocessor_config.json", {"image_processor_type": "DetrImageProcessor", "size": size}
    )


def choose_backbone(bench: Bench) -> dict[str, Any]:
    """timm's ResNet as in facebook/detr-resnet-50; where timm cannot work at all, transformers' own, and a note.

    timm imports torchvision. A torchvision exists for every released CUDA build of torch, so only its absence
    beside a CPU build is nobody's fault; any other failure to import timm is raised, for the lecture fails on it too.
    """
    reason = no_timm(bench)
    if reason:
        bench.notes.append(reason)
        import_detr_without_timm()
        from transformers import ResNetConfig

        small = ResNetConfig(
            embedding_size=8, hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], layer_type="basic"
        )
        small.out_features = ["stage4"]
        own = {"use_timm_backbone": False, "backbone_config": small, "backbone": None}
        return {**own, "use_pretrained_backbone": False}
    import timm  # noqa: F401 - proves that it can be imported, with its own error if not

    return {"use_timm_backbone": True, "use_pretrained_backbone": False, "backbone": "resnet18"}


def import_detr_without_timm() -> None:
    """Where timm is installed, transformers' DETR module imports it even for a model that does not use it."""
    kept = sys.modules.get("timm")
    stand_in = ModuleType("timm")
    stand_in.create_model = None  # type: ignore[attr-defined]
    sys.modules["timm"] = stand_in
    try:
        importlib.import_module("transformers.models.detr.modeling_detr")
    finally:
        sys.modules.pop("timm")
        if kept:
            sys.modules["timm"] = kept


def no_timm(bench: Bench) -> str:
    """Why timm cannot be had here at all, or ""."""
    import torch

    accelerated = torch.version.cuda or getattr(torch.version, "hip", None)
    absent = importlib.util.find_spec("torchvision") is None
    return bench.say("no_torchvision") if absent and not accelerated else ""


def use_object_detection(pipe: Any, bench: Bench) -> None:
    # threshold 0: on a drawing a model may be sure of nothing, and there would be nothing to look at.
    answers = pipe(draw_picture(bench.work), threshold=0.0)
    expect(isinstance(answers, list) and answers, f"expected a non-empty list, got {answers!r}")
    labels = set(pipe.model.config.id2label.values())
    for answer in answers:
        expect(0 <= answer["score"] <= 1.000001, f"not a score: {answer['score']}")
        expect(answer["label"] in labels, f"a label that the model does not have: {answer['label']}")
        box = answer["box"]
        expect(set(box) == {"xmin", "ymin", "xmax", "ymax"}, f"not a box: {box}")
        expect(all(isinstance(edge, int) for edge in box.values()), f"not pixels: {box}")
        expect(box["xmin"] <= box["xmax"] and box["ymin"] <= box["ymax"], f"inside out: {box}")
        touches = box["xmax"] >= 0 and box["ymax"] >= 0 and box["xmin"] <= WIDTH and box["ymin"] <= HEIGHT
        expect(touches, f"outside the picture: {box}")


TASKS = {
    "image-classification": Task(build_image_classification, use_image_classification),
    "object-detection": Task(
        build_object_detection, use_object_detection, also=("timm/resnet50.a1_in1k",), obstacle=no_timm
    ),
}

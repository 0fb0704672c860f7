"""The lecture's audio pipelines, fed with a FLAC file that transformers decodes through the `ffmpeg` command.

speech.flac was made once, with a speech synthesizer, so that no recording's licence is in question. flite's voice
"slt" rather than espeak-ng: an old, small recognizer (pocketsphinx) understood every word of it, of espeak-ng's none.
  flite -voice slt -t "The quick brown fox jumps over the lazy dog." -o fox.wav
  ffmpeg -i fox.wav -af volume=0.8 -ac 1 -ar 16000 -sample_fmt s16 -compression_level 12 -bitexact speech.flac
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .common import Bench, Task, expect, expect_scores, load_pipeline
from .text import write_bytes_vocabulary

SPEECH = Path(__file__).with_name("speech.flac")
SPOKEN = ("quick", "brown", "fox", "jumps", "lazy", "dog")
EMOTIONS = {0: "neu", 1: "hap", 2: "ang", 3: "sad"}

_started: list[str] = []


def _remember_start(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "subprocess.Popen":
        _started.append(os.path.basename(str(arguments[0])))  # noqa: PTH119 - runs inside every process start


# An audit hook is the one way to see that the library itself really started ffmpeg; it cannot be taken away again.
sys.addaudithook(_remember_start)


def require_ffmpeg(bench: Bench) -> None:
    """Raise RuntimeError in plain words when `ffmpeg` is missing or does not start; transformers is less clear."""
    path = shutil.which("ffmpeg")
    if path is None:
        raise RuntimeError(bench.say("no_ffmpeg"))
    done = subprocess.run([path, "-version"], capture_output=True, text=True, errors="replace", timeout=60)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise RuntimeError(bench.say("broken_ffmpeg", path=path, reason=reason))


def load_audio_pipeline(source: str, bench: Bench, arguments: Mapping[str, Any]) -> Any:
    require_ffmpeg(bench)
    return load_pipeline(source, bench, arguments)


def hear(pipe: Any, **arguments: Any) -> Any:
    """Run the pipeline on the FLAC file by its path, and see that ffmpeg was started for it."""
    _started.clear()
    answer = pipe(str(SPEECH), **arguments)
    expect("ffmpeg" in _started, f"the file was not decoded by ffmpeg (programs started: {_started})")
    return answer


def build_audio_classification(into: Path, bench: Bench) -> None:
    from transformers import HubertConfig, HubertForSequenceClassification, Wav2Vec2FeatureExtractor

    config = HubertConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        conv_dim=(16,) * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
        classifier_proj_size=8,
        id2label=EMOTIONS,
        label2id={label: number for number, label in EMOTIONS.items()},
    )
    HubertForSequenceClassification(config).save_pretrained(into)
    Wav2Vec2FeatureExtractor(sampling_rate=16000).save_pretrained(into)


def use_audio_classification(pipe: Any, bench: Bench) -> None:
    answers = hear(pipe)
    expect_scores(answers, pipe.model.config.id2label)
    labels = {answer["label"] for answer in answers}
    expect(labels <= set(EMOTIONS.values()), f"expected neu, hap, ang, sad; got {sorted(labels)}")
    total = sum(answer["score"] for answer in answers)
    expect(total <= 1.00001, f"probabilities add up to {total}")


WHISPER_TOKENS = (
    "<|startoftranscript|>",
    "<|en|>",
    "<|zh|>",
    "<|translate|>",
    "<|transcribe|>",
    "<|notimestamps|>",
)


def build_speech_recognition(into: Path, bench: Bench) -> None:
    from transformers import WhisperFeatureExtractor, WhisperForConditionalGeneration

    size = write_bytes_vocabulary(
        into,
        {
            "tokenizer_class": "WhisperTokenizer",
            "additional_special_tokens": list(WHISPER_TOKENS),
            "model_max_length": 64,
        },
    )
    number = {token: size + place for place, token in enumerate(WHISPER_TOKENS)}
    # Whisper demands windows of exactly twice max_source_positions frames; 5 s are enough for the sentence.
    WhisperFeatureExtractor(feature_size=16, chunk_length=5).save_pretrained(into)
    model = WhisperForConditionalGeneration(_whisper_config(size, number))
    model.generation_config = _whisper_generation(size, number)
    model.save_pretrained(into)


def _whisper_ends(size: int, number: dict[str, int]) -> dict[str, int]:
    """Where a transcript starts and ends; the last of the bytes' tokens is the end."""
    end = size - 1
    ends = {"pad_token_id": end, "bos_token_id": end, "eos_token_id": end}
    return {**ends, "decoder_start_token_id": number["<|startoftranscript|>"]}


def _whisper_config(size: int, number: dict[str, int]) -> Any:
    from transformers import WhisperConfig

    return WhisperConfig(
        vocab_size=size + len(number),
        num_mel_bins=16,
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_source_positions=250,
        max_target_positions=64,
        suppress_tokens=None,
        begin_suppress_tokens=None,
        **_whisper_ends(size, number),
    )


def _whisper_generation(size: int, number: dict[str, int]) -> Any:
    from transformers import GenerationConfig

    return GenerationConfig(
        max_length=32,
        is_multilingual=True,
        lang_to_id={token: number[token] for token in ("<|en|>", "<|zh|>")},
        task_to_id={task: number[f"<|{task}|>"] for task in ("translate", "transcribe")},
        no_timestamps_token_id=number["<|notimestamps|>"],
        **_whisper_ends(size, number),
    )


def use_speech_recognition(pipe: Any, bench: Bench) -> None:
    answer = hear(pipe)
    expect(isinstance(answer, dict) and isinstance(answer.get("text"), str), f"no transcript: {answer!r}")
    if bench.real:
        heard = [word for word in SPOKEN if word in answer["text"].lower()]
        # One word may get lost: the voice is synthetic.
        expect(len(heard) >= len(SPOKEN) - 1, f"expected {' … '.join(SPOKEN)}; heard {answer['text']!r}")


TASKS = {
    "audio-classification": Task(
        build_audio_classification, use_audio_classification, load=load_audio_pipeline
    ),
    "automatic-speech-recognition": Task(
        build_speech_recognition, use_speech_recognition, load=load_audio_pipeline
    ),
}

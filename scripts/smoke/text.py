"""The lecture's text pipelines: how to build each one tiny, and what each must answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .common import Bench, Task, expect, expect_scores

PRAISE = "This course is wonderful and I learned a lot from it."
COMPLAINT = "The food was cold and the service was terrible."
COMPANY = "Hugging Face is a French company based in New York City."
QUESTION = "What is the name of the repository?"
CONTEXT = "The name of the repository is huggingface/transformers"
ARTICLE = (
    "In this work, we presented the Transformer, the first sequence transduction model based entirely on attention, "
    "replacing the recurrent layers most commonly used in encoder-decoder architectures with multi-headed "
    "self-attention. For translation tasks, the Transformer can be trained significantly faster than architectures "
    "based on recurrent or convolutional layers."
)
PROMPT = "Hugging Face is a community-based open-source platform for machine learning."
MASKED = "巴黎是[MASK]国的首都。"
CHINESE = "美国的首都是华盛顿特区"

# The same small sizes for every BERT-like model.
TINY = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
TINY_DISTIL = {"dim": 16, "n_layers": 1, "n_heads": 2, "hidden_dim": 32}


def write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def write_bert_vocabulary(into: Path, lower: bool) -> int:
    """A WordPiece vocabulary of single characters, Chinese ones included; returns its size."""
    text = "".join((PRAISE, COMPLAINT, COMPANY, QUESTION, CONTEXT, MASKED, CHINESE, "法"))
    letters = sorted({c for c in text + text.lower() if not c.isspace()})
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *("##" + c for c in letters)]
    (into / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    write_json(into / "tokenizer_config.json", {"do_lower_case": lower, "model_max_length": 512})
    return len(words)


def write_bytes_vocabulary(into: Path, settings: Mapping[str, Any]) -> int:
    """A byte-level BPE vocabulary (GPT-2, Whisper) without merges; returns its size, added tokens not counted."""
    from tokenizers.pre_tokenizers import ByteLevel

    tokens = [*sorted(ByteLevel.alphabet()), "<|endoftext|>"]
    write_json(into / "vocab.json", {token: number for number, token in enumerate(tokens)})
    (into / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    write_json(into / "tokenizer_config.json", dict(settings))
    return len(tokens)


def build_sentiment(into: Path, bench: Bench) -> None:
    from transformers import DistilBertConfig, DistilBertForSequenceClassification

    size = write_bert_vocabulary(into, lower=True)
    labels = {0: "NEGATIVE", 1: "POSITIVE"}
    config = DistilBertConfig(
        vocab_size=size, id2label=labels, label2id={v: k for k, v in labels.items()}, **TINY_DISTIL
    )
    DistilBertForSequenceClassification(config).save_pretrained(into)


def use_sentiment(pipe: Any, bench: Bench) -> None:
    answers = pipe([PRAISE, COMPLAINT])
    expect(len(answers) == 2, f"two texts went in, {len(answers)} answers came out")
    for answer in answers:
        expect_scores([answer], pipe.model.config.id2label)
    if bench.real:
        labels = [answer["label"] for answer in answers]
        expect(labels == ["POSITIVE", "NEGATIVE"], f"expected POSITIVE, NEGATIVE; got {labels}")


def build_ner(into: Path, bench: Bench) -> None:
    from transformers import BertConfig, BertForTokenClassification

    size = write_bert_vocabulary(into, lower=False)
    # No "O": the pipeline drops it, and random weights must always leave something to look at.
    labels = {0: "I-PER", 1: "I-ORG", 2: "I-LOC"}
    config = BertConfig(vocab_size=size, id2label=labels, label2id={v: k for k, v in labels.items()}, **TINY)
    BertForTokenClassification(config).save_pretrained(into)


def use_ner(pipe: Any, bench: Bench) -> None:
    groups = pipe(COMPANY)
    expect(groups, "no group of entities came out")
    for group in groups:
        expect({"entity_group", "score", "word", "start", "end"} <= set(group), f"keys missing in {group}")
        expect(0 <= float(group["score"]) <= 1.000001, f"not a score: {group['score']}")
        expect(0 <= group["start"] < group["end"] <= len(COMPANY), f"not a span of the text: {group}")
    if bench.real:
        found = {(group["entity_group"], group["word"]) for group in groups}
        expect(("LOC", "New York City") in found, f"expected New York City as LOC; got {sorted(found)}")


def build_question_answering(into: Path, bench: Bench) -> None:
    from transformers import DistilBertConfig, DistilBertForQuestionAnswering

    size = write_bert_vocabulary(into, lower=False)
    DistilBertForQuestionAnswering(DistilBertConfig(vocab_size=size, **TINY_DISTIL)).save_pretrained(into)


def use_question_answering(pipe: Any, bench: Bench) -> None:
    answer = pipe(question=QUESTION, context=CONTEXT)
    expect(
        isinstance(answer, dict) and {"score", "start", "end", "answer"} <= set(answer),
        f"keys missing in {answer}",
    )
    expect(0 <= float(answer["score"]) <= 1.000001, f"not a score: {answer['score']}")
    expect(0 <= answer["start"] <= answer["end"] <= len(CONTEXT), f"not a span of the context: {answer}")
    if bench.real:
        expect(
            answer["answer"] == "huggingface/transformers", f"expected huggingface/transformers; got {answer}"
        )


def build_summarization(into: Path, bench: Bench) -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import T5Config, T5ForConditionalGeneration

    pieces = ["<pad>", "</s>", "<unk>", "▁", *sorted(set(ARTICLE + "summarize:") - {" "})]
    tokenizer = Tokenizer(models.Unigram([(p, -float(n)) for n, p in enumerate(pieces)], unk_id=2))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    tokenizer.save(str(into / "tokenizer.json"))
    special = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>", "extra_ids": 0}
    write_json(
        into / "tokenizer_config.json", {"tokenizer_class": "T5Tokenizer", "model_max_length": 512, **special}
    )
    config = T5Config(
        vocab_size=len(pieces),
        d_model=16,
        d_kv=8,
        d_ff=32,
        num_layers=1,
        num_heads=2,
        decoder_start_token_id=0,
    )
    T5ForConditionalGeneration(config).save_pretrained(into)


def use_summarization(pipe: Any, bench: Bench) -> None:
    answers = pipe(ARTICLE)
    expect(len(answers) == 1 and isinstance(answers[0]["summary_text"], str), f"not one summary: {answers!r}")
    summary = answers[0]["summary_text"]
    if bench.real:
        expect(0 < len(summary) < len(ARTICLE), f"not shorter than the text: {summary!r}")
        about = [word for word in ("transformer", "attention", "sequence") if word in summary.lower()]
        expect(about, f"the summary is not about the text: {summary!r}")


def build_text_generation(into: Path, bench: Bench) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    size = write_bytes_vocabulary(into, {"model_max_length": 1024})
    config = GPT2Config(
        vocab_size=size, n_embd=16, n_layer=1, n_head=2, bos_token_id=size - 1, eos_token_id=size - 1
    )
    GPT2LMHeadModel(config).save_pretrained(into)


def use_text_generation(pipe: Any, bench: Bench) -> None:
    # min_new_tokens: random weights may choose the end at once, and there would be nothing to look at.
    answers = pipe(PROMPT, max_new_tokens=16, min_new_tokens=8, num_return_sequences=2, do_sample=True)
    expect(len(answers) == 2, f"two texts were asked for, {len(answers)} came out")
    for answer in answers:
        text = answer["generated_text"]
        expect(text.startswith(PROMPT), f"does not continue the prompt: {text!r}")
        expect(len(text) > len(PROMPT), "nothing was added to the prompt")


def build_fill_mask(into: Path, bench: Bench) -> None:
    from transformers import BertConfig, BertForMaskedLM

    size = write_bert_vocabulary(into, lower=False)
    BertForMaskedLM(BertConfig(vocab_size=size, **TINY)).save_pretrained(into)


def use_fill_mask(pipe: Any, bench: Bench) -> None:
    answers = pipe(MASKED)
    expect(len(answers) == 5, f"five guesses are the default, {len(answers)} came out")
    for answer in answers:
        expect(0 <= answer["score"] <= 1.000001, f"not a score: {answer['score']}")
        expect(
            pipe.tokenizer.convert_ids_to_tokens(answer["token"]) == answer["token_str"],
            f"odd token: {answer}",
        )
        expect("巴" in answer["sequence"] and "[MASK]" not in answer["sequence"], f"odd sequence: {answer}")
    if bench.real:
        expect(answers[0]["token_str"] == "法", f"expected 法; got {[a['token_str'] for a in answers]}")


def load_pair(source: str, bench: Bench, arguments: Mapping[str, Any]) -> Any:
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(source, revision=bench.revision or "main")
    model = AutoModel.from_pretrained(source, revision=bench.revision or "main")
    return tokenizer, model.to(bench.device).eval()


def use_save_pretrained(pair: Any, bench: Bench) -> None:
    """Encode, run, save both, load both again, run again: the same numbers must come out."""
    import torch

    tokenizer, model = pair
    before = _hidden_states(tokenizer, model)
    length = len(tokenizer.encode(CHINESE))
    expect(tuple(before.shape) == (1, length, model.config.hidden_size), f"odd shape {tuple(before.shape)}")
    saved = bench.work / "saved"
    tokenizer.save_pretrained(saved)
    model.save_pretrained(saved)
    reloaded = Bench(**{**vars(bench), "revision": None})
    after = _hidden_states(*load_pair(str(saved), reloaded, {}))
    expect(
        torch.allclose(before, after, atol=1e-5),
        "the saved model answers differently from the one that was saved",
    )
    decoded = tokenizer.decode(tokenizer.encode(CHINESE), skip_special_tokens=True).replace(" ", "")
    expect(decoded == CHINESE, f"the text came back as {decoded!r}")
    if bench.real:
        expect(
            model.config.vocab_size == 21128,
            f"bert-base-chinese has 21128 tokens, not {model.config.vocab_size}",
        )


def _hidden_states(tokenizer: Any, model: Any) -> Any:
    import torch

    with torch.no_grad():
        return model(**tokenizer(CHINESE, return_tensors="pt").to(model.device)).last_hidden_state


TASKS = {
    "sentiment-analysis": Task(build_sentiment, use_sentiment),
    "ner": Task(build_ner, use_ner, {"grouped_entities": True}),
    "question-answering": Task(build_question_answering, use_question_answering),
    "summarization": Task(build_summarization, use_summarization, {"min_length": 8, "max_length": 32}),
    "text-generation": Task(build_text_generation, use_text_generation),
    "fill-mask": Task(build_fill_mask, use_fill_mask),
    "save-pretrained": Task(build_fill_mask, use_save_pretrained, load=load_pair),
}

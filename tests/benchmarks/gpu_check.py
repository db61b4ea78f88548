"""Checks on a GPU what the tests cannot check without one. From the checkout: python -m tests.benchmarks.gpu_check

Names of checks after it (attention, memory, ...) leave out the others.
Needs CUDA, torch, Triton and lightning_attn, but no window. Prints a table, and exits 1 when a figure misses its bound.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Iterator

import numpy as np
import torch

from model.attention import DIRECTIONS, build_slopes, lightning_attention
from model.network import Attention, LightningUnet
from model.presets import PRESETS
from tests.benchmarks.figures import Figure, name_of, relative
from tests.benchmarks.fused_check import fused_answers, fused_loss, fused_network
from tests.benchmarks.memory_check import memory

LENGTHS = (1, 49, 63, 100, 1000)


def main() -> int:
    if not torch.cuda.is_available():
        print("No CUDA device: nothing was checked.")
        return 1
    print(torch.cuda.get_device_name(), "torch", torch.__version__)
    started, failed = time.perf_counter(), 0
    checks = (attention, seed_logits, training, segmenter, fused_network, fused_answers, fused_loss, memory)
    for check in checks:
        if sys.argv[1:] and check.__name__ not in sys.argv[1:]:
            continue
        for figure in check():
            failed += not figure.passed
            print(
                f"{figure.what:68} {figure.value:9.2e} <= {figure.bound:8.2e}  {'ok' if figure.passed else 'FAILED'}",
                flush=True,
            )
    print(f"{failed} failed, {time.perf_counter() - started:.0f} s")
    return 1 if failed else 0


def attention() -> Iterator[Figure]:
    """Each form against the definition in float64: the worst of outputs and all gradients, over all lengths."""
    cases = [("package", torch.float16, 1e-3), ("package", torch.bfloat16, 5e-3), ("chunk", torch.float64, 1e-10),
             ("chunk", torch.float32, 1e-5), ("chunk", torch.float16, 1e-3), ("chunk", torch.bfloat16, 5e-3)]  # fmt: skip
    for form, dtype, bound in cases:
        for width in (32, 192):
            for direction in DIRECTIONS if form == "chunk" else ("causal",):
                worst = max(_attention_error(form, dtype, width, direction, tokens) for tokens in LENGTHS)
                yield Figure(f"{form} {name_of(dtype)} width {width} {direction}", worst, bound)


def _attention_error(form: str, dtype: torch.dtype, width: int, direction: str, tokens: int) -> float:
    torch.manual_seed(tokens)
    inputs = [torch.randn(2, 3, tokens, width, device="cuda").to(dtype) for _ in range(4)]
    reference = _outputs_and_gradients([x.double() for x in inputs], direction, "naive")
    result = _outputs_and_gradients(inputs, direction, form)
    return max(relative(x, y) for x, y in zip(result, reference, strict=True))


def _outputs_and_gradients(inputs: list[torch.Tensor], direction: str, form: str) -> list[torch.Tensor]:
    qkv = [x.clone().requires_grad_() for x in inputs[:3]]
    out = lightning_attention(*qkv, build_slopes(3).cuda(), direction, form)
    return [out.detach(), *torch.autograd.grad(out, qkv, inputs[3])]


def seed_logits() -> Iterator[Figure]:
    """`seed` with the package and with chunk: the same logits, and in bf16 equally far from float32."""
    torch.manual_seed(0)
    network = LightningUnet(PRESETS["seed"]()).cuda().eval()
    images = torch.rand(2, 1, 512, 512, device="cuda")
    exact = _logits(network, images, "chunk", torch.float32)
    package, chunk = (_logits(network, images, form, torch.float16) for form in ("package", "chunk"))
    yield Figure("seed fp16: package against chunk", relative(package, chunk), 1e-2)
    errors = [relative(_logits(network, images, form, torch.bfloat16), exact) for form in ("package", "chunk")]
    yield Figure(f"seed bf16: errors {errors[0]:.2e} package, {errors[1]:.2e} chunk", max(errors) / min(errors), 1.25)


def _logits(network: LightningUnet, images: torch.Tensor, form: str, dtype: torch.dtype) -> torch.Tensor:
    _use_form(network, form)
    with torch.inference_mode(), torch.autocast("cuda", dtype, enabled=dtype != torch.float32):
        return network(images).float()


def _use_form(network: LightningUnet, form: str) -> None:
    for module in network.modules():
        if isinstance(module, Attention):
            module.form = form


def training() -> Iterator[Figure]:
    """Forward and backward run: the share of weights whose gradient is missing, zero or no number."""
    cases = [(name, "auto") for name in PRESETS] + [("seed", "package"), ("seed", "chunk")]
    for name, form in cases:
        for dtype in (torch.float16, torch.bfloat16):
            torch.manual_seed(0)
            network = LightningUnet(PRESETS[name]()).cuda().train()
            _use_form(network, form)
            with torch.autocast("cuda", dtype):
                logits = network(torch.rand(2, 3, 256, 256, device="cuda"))
            (logits.float().logsumexp(1).mean() * 1024).backward()
            bad = [p for p in network.parameters() if p.grad is None or not p.grad.isfinite().all() or not p.grad.any()]
            yield Figure(f"{name} {form} {name_of(dtype)} forward and backward, bad weights", len(bad), 0)


def segmenter() -> Iterator[Figure]:
    """The GPU answers as the CPU does, and goes on in smaller tiles when its memory is short."""
    from model.adapt import tensors_of
    from model.checkpoint import Checkpoint
    from model.classes import default_table
    from model.images import Image
    from model.input_range import InputRange
    from model.segmenter import Segmenter

    torch.manual_seed(0)
    network = LightningUnet(PRESETS["tiny"]())
    torch.nn.init.normal_(network.head.weight, std=0.3)
    checkpoint = Checkpoint(
        network=dataclasses.asdict(network.config), classes=default_table(), input=InputRange("fixed", 0, 1),
        tensors=tensors_of(network), name="random",
    )  # fmt: skip
    image = Image("noise", np.random.default_rng(0).integers(0, 256, (1500, 1100), dtype=np.uint8))
    gpu, cpu = (Segmenter.load(checkpoint, device) for device in ("cuda", "cpu"))
    answer = gpu.predict(image)
    difference = np.abs(answer.scores.astype(float) - cpu.predict(image).scores).mean() / 255
    yield Figure(f"segmenter: {gpu.device_name} against CPU, mean of scores", difference, 1e-2)
    yield Figure("segmenter: the same answer twice", float((gpu.predict(image).scores != answer.scores).mean()), 0)
    yield from _short_of_memory(gpu, image)


def _short_of_memory(gpu: object, image: object) -> Iterator[Figure]:
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    gpu.predict(image)
    peak, total = torch.cuda.max_memory_reserved(), torch.cuda.get_device_properties(0).total_memory
    torch.cuda.empty_cache()
    try:
        torch.cuda.set_per_process_memory_fraction(0.5 * peak / total)
        label_map = gpu.predict(image).label_map
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    yield Figure(f"segmenter: half of its {peak >> 20} MiB, pixels left out", label_map.size - 1500 * 1100, 0)


if __name__ == "__main__":
    sys.exit(main())

"""Checks on a GPU what the tests cannot check without one. From the checkout: python -m tests.benchmarks.gpu_check

Names of checks after it (kernels-bfloat16-32, memory, ...) leave out the others.
Needs CUDA, torch, Triton and lightning_attn, but no window. Prints a table, and exits 1 when a figure misses its bound.
"""

from __future__ import annotations

import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import torch

from model.attention import DIRECTIONS, build_slopes, lightning_attention
from model.kernel_support import network_refusal
from model.network import Attention, LightningUnet
from model.presets import PRESETS
from tests.benchmarks.figures import Figure, name_of, relative
from tests.benchmarks.fused_check import fused_answers, fused_loss, fused_network
from tests.benchmarks.kernels_check import large_images, mixed_widths
from tests.benchmarks.memory_check import memory
from tests.benchmarks.segmenter_check import segmenter

LENGTHS = (1, 49, 63, 100, 1000)
LONGER = (2500, 4500)
"""The kernels sum states up in other ways when there are more of them."""


def main() -> int:
    if not torch.cuda.is_available():
        print("No CUDA device: nothing was checked.")
        return 1
    names = sys.argv[1:] or list(CHECKS)
    return check(names[0]) if len(names) == 1 else check_at_once(names)


def check(name: str) -> int:
    """Prints the figures of this check, and returns 1 when one of them misses its bound."""
    failed = 0
    for figure in _until_it_breaks(name):
        failed += not figure.passed
        verdict = "ok" if figure.passed else "FAILED"
        print(f"{figure.what:68} {figure.value:9.2e} <= {figure.bound:8.2e}  {verdict}", flush=True)
    return 1 if failed else 0


def check_at_once(names: Sequence[str]) -> int:
    """Each check in a process of its own: kernels are compiled in parallel, and a fault of one spoils no other."""
    print(torch.cuda.get_device_name(), "torch", torch.__version__, flush=True)
    started, command = time.perf_counter(), [sys.executable, "-m", "tests.benchmarks.gpu_check"]
    running = {name: subprocess.Popen([*command, name]) for name in names}
    failed = [name for name, process in running.items() if process.wait()]
    print(f"{len(failed)} of {len(names)} failed: {', '.join(failed)}; {time.perf_counter() - started:.0f} s")
    return 1 if failed else 0


def _until_it_breaks(name: str) -> Iterator[Figure]:
    """The figures of a check; one that breaks off has failed."""
    try:
        yield from CHECKS[name]()
    except Exception:  # noqa: BLE001 - whatever it is, it is told
        traceback.print_exc()
        yield Figure(f"{name} broke off", float("nan"), 0)


def attention(form: str, widths: Sequence[int], bounds: Mapping[torch.dtype, float]) -> Iterator[Figure]:
    """A form against the definition in float64: the worst of outputs and all gradients, over all lengths."""
    for dtype, bound in bounds.items():
        for width in widths:
            for direction in ("causal",) if form == "package" else DIRECTIONS:
                lengths = (*LENGTHS, *LONGER) if form == "kernels" else LENGTHS
                worst = max(_attention_error(form, dtype, width, direction, tokens) for tokens in lengths)
                yield Figure(f"{form} {name_of(dtype)} width {width} {direction}", worst, bound)


def _attention_error(form: str, dtype: torch.dtype, width: int, direction: str, tokens: int) -> float:
    torch.manual_seed(tokens)
    batch = 2 if tokens in LENGTHS else 1
    inputs = [torch.randn(batch, 3, tokens, width, device="cuda").to(dtype) for _ in range(4)]
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
    reason = network_refusal(torch.device("cuda", torch.cuda.current_device()))
    yield Figure(f"kernels that were refused: {reason or 'none'}", float(reason is not None), 0)


HALF = {torch.float16: 1e-3, torch.bfloat16: 5e-3}
BOUNDS = {torch.float32: 1e-5, **HALF}
CHECKS: dict[str, Callable[[], Iterator[Figure]]] = {
    **{
        f"kernels-{name_of(dtype)}-{width}": partial(attention, "kernels", (width,), {dtype: bound})
        for dtype, bound in BOUNDS.items()
        for width in (16, 32, 64, 128)
    },
    "kernels-mixed": mixed_widths,
    "kernels-large": large_images,
    "chunk": partial(attention, "chunk", (32, 192), {torch.float64: 1e-10, **BOUNDS}),
    "package": partial(attention, "package", (32, 192), HALF),
    "seed_logits": seed_logits,
    "training": training,
    "segmenter": segmenter,
    "fused_network": fused_network,
    "fused_answers": fused_answers,
    "fused_loss": fused_loss,
    "memory": memory,
}

if __name__ == "__main__":
    sys.exit(main())

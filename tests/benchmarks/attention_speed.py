"""How fast attention alone is, beside its peers: python -m tests.benchmarks.attention_speed

The four stage shapes of a 512x512 image, head width 32, bfloat16, read out of one projection's qkv; GPU time by CUDA-graph
replay, forward and forward + backward. `package` and `fla` are causal, as they are made; `ours` is bidirectional, `attend`
the network's whole attention: SiLU before and norm after included.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence

import torch
import torch.nn.functional as F

from model.attention import build_slopes, lightning_attention
from model.layers import form_for
from tests.benchmarks.timing import replayed

STAGES = ((3, 16384), (6, 4096), (12, 1024), (24, 256))
"""Heads and tokens."""
BATCHES = (1, 8)
WIDTH = 32
Case = tuple[bool, int, int, int]
CASES: tuple[Case, ...] = tuple((way, batch, *stage) for way in (False, True) for batch in BATCHES for stage in STAGES)
"""Whether backward too, batch, heads, tokens."""
Function = Callable[..., torch.Tensor]


def main() -> int:
    if not torch.cuda.is_available():
        print("No CUDA device: nothing was measured.")
        return 1
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}; microseconds")
    for what, costs in measure():
        print(
            f"{what:32}", "  ".join(f"{name} {microseconds:8.1f}" for name, microseconds in costs.items()), flush=True
        )
    return 0


def rows(runs: int = 3) -> list[tuple[str, dict[str, float]]]:
    """What was measured, and the microseconds of each peer: medians of `runs` sets, NaN for one that fails."""
    return list(measure(runs))


def measure(
    runs: int = 3, cases: Sequence[Case] = CASES, until: float = float("inf"), only: str | None = None
) -> Iterator[tuple[str, dict[str, float]]]:
    """As `rows`, one after the other. Peers that come after `until` (`time.perf_counter`) are left out, and so are all but
    `only`.
    """
    for backward, batch, heads, tokens in cases:
        calls = _calls(batch, heads, tokens, backward)
        what = f"B{batch} H{heads} N{tokens} {'forward + backward' if backward else 'forward'}"
        yield (
            what,
            {
                name: float("nan")
                if not name.startswith(("ours", "attend")) and time.perf_counter() > until
                else _cost(call, runs)
                for name, call in calls
                if only in (None, name)
            },
        )


def _calls(batch: int, heads: int, tokens: int, backward: bool) -> Iterator[tuple[str, Callable[[], object]]]:
    torch.manual_seed(0)
    qkv = torch.randn(batch, tokens, 3, heads, WIDTH, device="cuda", dtype=torch.bfloat16)
    q, k, v = (x.detach().requires_grad_(backward) for x in qkv.permute(2, 0, 3, 1, 4))
    slopes = build_slopes(heads).cuda()
    gradient = torch.randn(batch, tokens, heads, WIDTH, device="cuda", dtype=torch.bfloat16).transpose(1, 2)
    for name, function in _peers(slopes).items():
        inputs = [x.detach().contiguous().requires_grad_(backward) for x in (q, k, v)] if name != "ours" else [q, k, v]
        yield name, _pass(function, inputs, gradient if backward else None)
    side = int(tokens**0.5)
    image = qkv.view(batch, side, side, -1).detach().requires_grad_(backward)
    gradient = gradient.transpose(1, 2).reshape(batch, side, side, -1) if backward else None
    yield "attend", _pass(lambda x: form_for(x).attend(x, slopes, "bidirectional", False, "auto"), [image], gradient)


def _peers(slopes: torch.Tensor) -> dict[str, Function]:
    return {
        "package": lambda q, k, v: lightning_attention(q, k, v, slopes, "causal", "package"),
        "fla": lambda q, k, v: _simple_gla(q, k, v, slopes),
        "flash softmax": F.scaled_dot_product_attention,
        "ours": lambda q, k, v: lightning_attention(q, k, v, slopes, "bidirectional", "kernels"),
        "ours, causal": lambda q, k, v: lightning_attention(q, k, v, slopes, "causal", "kernels"),
    }


def _simple_gla(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, slopes: torch.Tensor) -> torch.Tensor:
    """flash-linear-attention's form of the same decay; it takes tokens before heads."""
    from fla.ops.simple_gla import chunk_simple_gla

    q, k, v = (x.transpose(1, 2) for x in (q, k, v))
    return chunk_simple_gla(q, k, v, g_gamma=-slopes, scale=1.0)[0].transpose(1, 2)


def _pass(function: Function, inputs: list[torch.Tensor], gradient: torch.Tensor | None) -> Callable[[], object]:
    def forward() -> object:
        with torch.no_grad():
            return function(*inputs)

    if gradient is None:
        return forward
    return lambda: torch.autograd.grad(function(*inputs), inputs, gradient)


def _cost(call: Callable[[], object], runs: int) -> float:
    try:
        return 1e6 * replayed(call, torch.device("cuda"), sets=runs, budget=0.02)
    except Exception as error:  # noqa: BLE001 - a peer that fails or is missing leaves the others their figures
        print(f"{type(error).__name__}: {error}"[:200], file=sys.stderr)
        return float("nan")


if __name__ == "__main__":
    sys.exit(main())

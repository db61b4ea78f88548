"""Checks on a GPU that the fused network, its loss and the captured segmenter say what the plain ones say.

Part of `python -m tests.benchmarks.gpu_check`. The plain network computes as `model.layers.plain` defines, with attention
in chunks, so that no kernel of ours is on both sides.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from unittest import mock

import torch

from model.layers import plain
from model.losses import plain_loss, segmentation_loss
from model.network import Attention, LightningUnet
from model.presets import PRESETS
from tests.benchmarks.figures import Figure, name_of, relative

GPU = torch.device("cuda")
SIZES = ((2, 3, 256, 256), (1, 1, 200, 328))
"""One that every stage can halve, and one that has to be filled up."""
SPREAD = {"seed": 0.25}
"""Of a layer's first outputs; 1 where none is given. At 1, `seed`, which has no skip connections, magnifies rounding so much
that PyTorch's own float32 gradients are 3e-3 from float64's, and its bfloat16 ones off by as much as they are long; at this
spread they are 5e-6 and 6 % off, as those of `lightning-unet` are at 1.
"""


def fused_network(
    device: torch.device = GPU,
    presets: Iterable[str] = ("lightning-unet", "fine", "seed"),
    sizes: Sequence[tuple[int, ...]] = SIZES,
) -> Iterator[Figure]:
    """Logits and all gradients of the presets. float32 is held to the plain network; half precision to be no further from
    float32 than the plain network is in the same precision.
    """
    for preset in presets:
        for shape in sizes:
            network, images = _case(preset, shape, device)
            exact, what = _plainly(network, images, torch.float32), f"{preset} {shape[2]}x{shape[3]}"
            logits, gradients = _errors(_results(network, images, torch.float32), exact)
            yield Figure(f"{what} float32: fused against plain, logits", logits, 1e-4)
            yield Figure(f"{what} float32: fused against plain, worst gradient", float(gradients.max()), 1e-3)
            for dtype in (torch.bfloat16, torch.float16):
                logits, gradients = _errors(_results(network, images, dtype), exact)
                its_logits, its_gradients = _errors(_plainly(network, images, dtype), exact)
                case = f"{what} {name_of(dtype)}: error over plain's"
                yield Figure(f"{case} {its_logits:.1e}, logits", logits / its_logits, 1.25)
                mean, its_mean = float(gradients.mean()), float(its_gradients.mean())
                yield Figure(f"{case} {its_mean:.1e}, mean of gradients", mean / its_mean, 1.25)


def fused_answers(device: torch.device = GPU, presets: Iterable[str] = ("lightning-unet", "fine")) -> Iterator[Figure]:
    """`classify` against what its logits say: channels wherever the best two are not next to equal, and both planes."""
    for preset, shape in itertools.product(presets, SIZES):
        network, images = _case(preset, shape, device)
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16):
            channels, sure, scores = network.classify(images)
        with torch.inference_mode(), mock.patch("model.network.form_for", lambda x: plain):
            logits = network(images).permute(0, 2, 3, 1)
        best, certain, shares = plain.classes_of(logits, shape[2:])
        clear = logits.topk(2, dim=-1).values.diff(dim=-1).abs()[..., 0] > 0.1
        what = f"{preset} classify {shape[2]}x{shape[3]} bfloat16"
        yield Figure(f"{what}: clear pixels of another class", float((channels != best)[clear].float().mean()), 1e-3)
        for part, mine, its in (("confidence", sure, certain), ("scores", scores, shares)):
            yield Figure(f"{what}: mean difference of {part}", float((mine.float() - its).abs().mean()) / 255, 1e-2)


def fused_loss(device: torch.device = GPU) -> Iterator[Figure]:
    """The loss and its gradient, with and without weights, untouched pixels and all of them untouched."""
    torch.manual_seed(0)
    logits = torch.randn(2, 14, 96, 120, device=device)
    target = torch.randint(0, 14, (2, 96, 120), device=device, dtype=torch.uint8)
    target[:, ::3] = 255
    weights = torch.rand(14, device=device) + 0.5
    for what, truth, weight in (
        ("loss", target, None), ("weighted loss", target, weights), ("nothing labelled", torch.full_like(target, 255), None)
    ):  # fmt: skip
        for dtype, bound in ((torch.float32, 1e-5), (torch.bfloat16, 5e-3)):
            mine, its = (_loss(form, logits.to(dtype), truth, weight) for form in (segmentation_loss, plain_loss))
            for part, result, expected in zip(("value", "gradient"), mine, its, strict=True):
                yield Figure(f"{what} {name_of(dtype)}: fused against plain, {part}", relative(result, expected), bound)


def _case(preset: str, shape: tuple[int, ...], device: torch.device) -> tuple[LightningUnet, torch.Tensor]:
    """Weights large enough that every layer's share of the logits shows."""
    torch.manual_seed(0)
    network, spread = LightningUnet(PRESETS[preset]()).to(device), SPREAD.get(preset, 1.0)
    for parameter in network.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=spread * parameter[0].numel() ** -0.5)
    return network, torch.rand(shape, device=device)


def _results(network: LightningUnet, images: torch.Tensor, dtype: torch.dtype) -> list[torch.Tensor]:
    """Logits, and the gradient of a function of them for every parameter."""
    with torch.autocast(images.device.type, dtype, enabled=dtype != torch.float32):
        logits = network(images).float()
    torch.manual_seed(1)
    loss = (logits * torch.randn_like(logits)).mean() * 1024
    return [logits.detach(), *torch.autograd.grad(loss, list(network.parameters()))]


def _errors(results: list[torch.Tensor], exact: list[torch.Tensor]) -> tuple[float, torch.Tensor]:
    """Relative errors of the logits and of each gradient. Those that are next to nothing are not held to themselves."""
    norms = torch.stack([gradient.norm() for gradient in exact[1:]])
    off = torch.stack([(mine.double() - its).norm() for mine, its in zip(results[1:], exact[1:], strict=True)])
    return relative(results[0], exact[0]), off / norms.clamp(min=1e-2 * norms.median())


def _plainly(network: LightningUnet, images: torch.Tensor, dtype: torch.dtype) -> list[torch.Tensor]:
    attentions = [module for module in network.modules() if isinstance(module, Attention)]
    for module in attentions:
        module.form = "chunk"
    try:
        with mock.patch("model.network.form_for", lambda x: plain):
            return _results(network, images, dtype)
    finally:
        for module in attentions:
            module.form = "auto"


def _loss(form: object, logits: torch.Tensor, target: torch.Tensor, weights: torch.Tensor | None) -> list[torch.Tensor]:
    logits = logits.clone().requires_grad_()
    loss = form(logits, target.long() if form is plain_loss else target, weights)
    return [loss.detach(), *torch.autograd.grad(loss, [logits])]

"""Devices: which one computes, what it is called, and how it says that its memory ran out or that it is gone."""

from __future__ import annotations

import ctypes

import torch

from model.errors import DeviceLost, ModelError

_LOST = ("cuda error", "cuda unknown error", "cuda driver", "_status_execution_failed", "device-side assert")
"""How PyTorch begins what the driver or one of its libraries could not do."""


def choose_device(name: str = "auto") -> torch.device:
    """ "auto" (the GPU of CUDA where there is one, else the CPU), "cpu", "cuda", "cuda:1" or "mps".

    Raises ModelError for a device that this computer, or this build of PyTorch, does not have.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ModelError("{device} is no device; choose auto, cpu, cuda or mps.", device=name) from error
    if not _is_there(device):
        raise ModelError("PyTorch finds no device {device} on this computer; choose auto or cpu.", device=name)
    return device


def device_name(device: torch.device) -> str:
    """For people: "NVIDIA H200", or "CPU, 2 threads"."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "cpu":
        threads = torch.get_num_threads()
        return f"CPU, {threads} threads" if threads > 1 else "CPU, 1 thread"
    return "Apple GPU"


def computes_in_bfloat16(device: torch.device) -> bool:
    """GPUs that do; on older ones float32 stays, as float16 could overflow."""
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


def free_memory(device: torch.device) -> int | None:
    """Bytes that a GPU can still give, those included that PyTorch holds and does not use; None elsewhere."""
    if device.type != "cuda":
        return None
    free, _ = torch.cuda.mem_get_info(device)
    return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether this is how torch, numpy or OpenCV say that memory ran out, on a GPU or in the computer."""
    text = str(error).lower()
    says_so = "out of memory" in text or "can't allocate memory" in text or "insufficient memory" in text
    says_so = says_so or "cublas_status_alloc_failed" in text
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or (isinstance(error, Exception) and says_so)


def is_lost(error: BaseException) -> bool:
    """Whether the GPU or its driver has failed: this process cannot compute on it any more."""
    if is_out_of_memory(error) or not isinstance(error, RuntimeError):
        return False
    by_type = isinstance(error, getattr(torch, "AcceleratorError", ()))
    return by_type or any(words in str(error).lower() for words in _LOST)


def raise_unless_out_of_memory(error: Exception, device: str) -> None:
    """Raise `error` again, a lost GPU's as DeviceLost, unless it says that memory ran out. `device` is for people."""
    if is_lost(error):
        _never_free(error)
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise DeviceLost(
            "{device} has stopped working ({reason}); the program goes on on the CPU until it is started again.",
            device=device,
            reason=reason,
        ) from error
    if not is_out_of_memory(error):
        raise error


def _never_free(error: Exception) -> None:
    """Keep all that the frames of its traceback hold, until the process ends: pinned memory, buffers, graphs.

    PyTorch asks a GPU whether it still uses what is freed. Of a lost one the answer is an error in a destructor, and that
    would end the program.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(error))


def _is_there(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count()
    if device.type == "mps":
        return torch.backends.mps.is_available()
    return device.type == "cpu"

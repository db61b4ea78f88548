"""Triton kernels of the network's layers on a GPU, each with the gradients it has; `model.layers.fused` calls them."""

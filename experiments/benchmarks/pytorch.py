"""The same in PyTorch, on the kind of device that JAX computes on. PyTorch is an extra: it is imported when it is used.

On a CPU its layers run in oneDNN with a thread for each core, on a GPU in cuDNN.
Products of float32 may be taken in TF32 on a GPU, as JAX does there.
"""

import os
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from experiments.benchmarks.case import Case
from experiments.benchmarks.peers import BOTH, FORWARD, inputs_of

LAYERS = {"elman": "RNN", "gru": "GRU", "lstm": "LSTM"}
CLIP, RATE = 1.0, 2e-3
THREADS = os.cpu_count() or 1


def missing() -> str:
    """Why PyTorch cannot be measured here, or nothing."""
    try:
        import torch
    except ImportError:
        return "torch is not installed: pip install -e .[benchmark]"
    if jax.default_backend() == "gpu" and not torch.cuda.is_available():
        return f"torch {torch.__version__} sees no GPU: install its build for CUDA"
    return ""


def device() -> Any:
    """Where it computes; threads and precision are set on the way."""
    import torch

    torch.set_num_threads(THREADS)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    return torch.device("cuda" if jax.default_backend() == "gpu" else "cpu")


def wait(result: Any) -> Any:
    """Blocks until the device is done."""
    import torch

    if jax.default_backend() == "gpu":
        torch.cuda.synchronize()
    return result


def layers(case: Case) -> Any:
    """``nn.RNN``, ``nn.GRU`` or ``nn.LSTM``, time first."""
    import torch

    torch.manual_seed(0)
    kind = getattr(torch.nn, LAYERS[case.cell])
    return kind(case.D, case.shape.H, case.shape.L).to(device(), getattr(torch, case.dtype))


def scorer(case: Case) -> Any:
    """A score for each of the D symbols."""
    import torch

    return torch.nn.Linear(case.shape.H, case.D).to(device(), getattr(torch, case.dtype))


def passes(case: Case) -> dict[str, Callable[[], Any]]:
    """As ``peers.passes``."""
    import torch

    module = layers(case)
    dtype = getattr(torch, case.dtype)
    x_TBD, dh_TBH = (torch.from_numpy(a).to(device(), dtype) for a in inputs_of(case))
    wanted = [x_TBD.requires_grad_(), *module.parameters()]

    def forward() -> Any:
        with torch.inference_mode():
            return wait(module(x_TBD)[0])

    def both() -> Any:
        h_TBH, _ = module(x_TBD)
        return wait((h_TBH, torch.autograd.grad(h_TBH, wanted, dh_TBH)))

    return {FORWARD: forward, BOTH: both}


def product(n: int, dtype: str) -> Callable[[], Any]:
    """One square product."""
    import torch

    a = torch.randn(n, n).to(device(), getattr(torch, dtype))
    return lambda: wait(a @ a)


def train_steps(case: Case, symbols_TB: np.ndarray, steps: int) -> Callable[[], Any]:
    """Steps of training a language model: one-hot symbols, layers, scores; clipped by norm, Adam."""
    import torch
    from torch.nn import functional

    core, head = layers(case), scorer(case)
    params = [*core.parameters(), *head.parameters()]
    adam = torch.optim.Adam(params, lr=RATE, fused=True)
    symbols = torch.from_numpy(symbols_TB).long().to(device())

    def run() -> Any:
        for _ in range(steps):
            adam.zero_grad(set_to_none=True)
            x_TBV = functional.one_hot(symbols[:-1], case.D).to(params[0].dtype)
            scores = head(core(x_TBV)[0]).float()
            loss = functional.cross_entropy(scores.flatten(0, 1), symbols[1:].flatten())
            loss.backward()
            torch.nn.utils.clip_grad_norm_(params, CLIP)
            adam.step()
        return wait(loss)

    return run


def writer(case: Case) -> Callable[[], Any]:
    """Writes T symbols in each of B texts: layers, scores, softmax, a draw, one symbol at a time."""
    import torch
    from torch.nn import functional

    core, head = layers(case), scorer(case)
    B, T, _, _ = case.shape

    def write() -> Any:
        symbol_B, state, written = torch.zeros(B, dtype=torch.long, device=device()), None, []
        with torch.inference_mode():
            for _ in range(T):
                x_1BV = functional.one_hot(symbol_B, case.D).float()[None]
                h_1BH, state = core(x_1BV, state)
                symbol_B = torch.multinomial(functional.softmax(head(h_1BH[0]), -1), 1)[:, 0]
                written.append(symbol_B)
        return wait(torch.stack(written))

    return write

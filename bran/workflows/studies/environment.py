"""What runs are made with: versions and machine."""

from __future__ import annotations

import os
import platform
from importlib import metadata

import torch

import bran

_LIBRARIES = ("mlflow", "numpy", "pandas", "pyarrow", "pydantic", "safetensors", "scikit-learn", "tokenizers", "torch")


def environment(device: torch.device) -> dict[str, str]:
    """Versions of bran, Python and libraries; system, processor, cores, and the GPU where ``device`` is one."""
    gpu = {"gpu": torch.cuda.get_device_name(device)} if device.type == "cuda" else {}
    return {
        "bran": bran.__version__,
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in _LIBRARIES},
        "system": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cores": str(cores()),
        **gpu,
    }


def cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0))

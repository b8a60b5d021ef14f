from __future__ import annotations

import pkgutil
import subprocess
import sys
from pathlib import Path

import bran.evaluation


def test_scores_need_no_torch(root: Path):
    modules = [f"bran.evaluation.{module.name}" for module in pkgutil.iter_modules(bran.evaluation.__path__)]
    assert len(modules) > 5
    code = f"import sys, bran.cli.evaluate, {', '.join(modules)}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0

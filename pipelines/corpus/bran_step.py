"""A command of bran as a step of the project: documents that were left out do not stop what comes after it."""

from __future__ import annotations

import subprocess
import sys

from bran.errors import EXIT_SKIPPED


def main(arguments: list[str]) -> int:
    """Run ``bran`` with ``arguments``; its exit code, with 0 for "done, but documents were left out"."""
    code = subprocess.run([sys.executable, "-m", "bran", *arguments], check=False).returncode
    return 0 if code == EXIT_SKIPPED else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

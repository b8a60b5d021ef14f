"""``python -m bran``: the same as the ``bran`` command."""

from __future__ import annotations

from bran.cli.main import main

if __name__ == "__main__":
    main()

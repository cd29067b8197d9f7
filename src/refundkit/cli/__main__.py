"""``python -m refundkit.cli`` is the same as ``refundkit``."""

from refundkit.cli import main

if __name__ == "__main__":
    main()

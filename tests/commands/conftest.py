"""Commands are run as processes."""

from processes import call, text, tiny, trained

__all__ = ["call", "text", "tiny", "trained"]

"""How numbers stand in sentences: differences in nats, and counts of things."""

LEAST = 1e-3
"""What is smaller would lose its figures, and zero its meaning, at four places."""


def signed(x: float) -> str:
    """``+0.0183``, ``-1.2e-6`` or ``0``: never a zero with a sign."""
    if x == 0:
        return "0"
    if abs(x) >= LEAST:
        return f"{x:+.4f}"
    figures, power = f"{x:+.1e}".split("e")
    return f"{figures.removesuffix('.0')}e{int(power)}"


def counted(number: int, thing: str) -> str:
    """``1 symbol``, ``2 symbols``, ``4,402 symbols``.

    Args:
      number: of things.
      thing: one of them, in a word that takes an s.
    """
    return f"{number:,} {thing}" + ("" if number == 1 else "s")

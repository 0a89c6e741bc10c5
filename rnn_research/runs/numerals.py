"""How differences in nats stand in sentences."""

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

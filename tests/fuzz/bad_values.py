"""Values that a user may give by mistake, by the type of the field; those in ``NEVER`` are right for no field."""

from typing import Any

LONG = "9" * 30
NEVER = {
    bool: ("", "maybe", "2", "-1", "None"),
    int: ("", "nan", "inf", "many", "1.5", "1e3", "()", "True", "None", "2147483648", LONG),
    float: ("", "nan", "inf", "-inf", "many", "1,5", "()", "None", "1e39", "-1e39", "1e308"),
    str: ("", " ", "no-such-name", "x" * 5000, "é", "../..", "{}", "\udcff"),
    list: (
        *("", " ", "()", "[]", "{}", "(nan,)", "('a',)", "('',)", "(None,)", "(True,)", "(inf,)", "(1e39,)", "((),)"),
        *("((1,),)", "(1, 1)", "('elman', 'elman')", "many", "(", "(2147483648,)"),
    ),
}
SOMETIMES = {
    bool: ("F",),
    int: ("-2147483648", "-1", "0", "1", "2147483647"),
    float: ("-1", "0", "1e-320", "1e12"),
    str: (),
    list: ("3", "(0,)", "(-1,)", "(1e12,)", "(2147483647,)", "(0.5, 3)"),
}

# Texts that are no names: whatever they are, they are read as they stand.
FREE = ("task.path", "task.glob", "task.text", "evaluation.sample_prime", "analysis.run")

MAY_BE_EMPTY = ("analysis.rates",)

# Whole numbers that may be as large as they can: nothing is made in advance for each, and the run can be stopped.
ENDLESS = (
    "analysis.gradient_flow_every",
    "analysis.gradient_flow_sequences",
    "evaluation.batch_size",
    "evaluation.every",
    "optimizer.schedule.after_epochs",
    "optimizer.schedule.every_steps",
    "optimizer.schedule.warmup_steps",
    "seed",
    "task.min_count",
    "task.most_bytes",
    "task.permutation_seed",
    "task.shuffle_seed",
    "task.steps_per_epoch",
    "training.checkpoint_every",
    "training.epochs",
    "training.patience",
    "training.regularizer.sequences",
    "training.steps",
    "analysis.sequences_seed",
)


def cases(field: str, default: Any) -> list[tuple[str, bool]]:
    """Pairs of a value and whether it must be refused."""
    kind = next(kind for kind in NEVER if type(default) is kind)
    empty = ("()", "[]", "{}") if field in MAY_BE_EMPTY else ()
    never = [(value, field not in FREE and value not in empty) for value in NEVER[kind]]
    sometimes = [(value, False) for value in SOMETIMES[kind]]
    if kind is int:
        signed = field.endswith("seed")
        endless = signed or field in ENDLESS or (field.startswith("analysis.problems.") and field.endswith(".steps"))
        sometimes = [(v, not signed if v.startswith("-") else v == "2147483647" and not endless) for v, _ in sometimes]
    return never + sometimes

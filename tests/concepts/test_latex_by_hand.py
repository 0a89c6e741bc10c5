r"""Hand-labelled LaTeX: each line of text has its labels under it."""

from tests.concepts.labelled import check


def test_inline_mathematics():
    check("latex.inline_math", r"a $x_1 \$ y$ \$5 \(z\) w", "  #########      ####")
    check("latex.inline_math", r"$a$$b$ $$c$$ \\(d\\) \$e$f$", "## ##                   ##")
    check(
        "latex.inline_math",
        *("$5",
          ""),
        *("",
          ""),
        *(r"a $x % $ \]",
          "  ##########"),
        *("y$ z",
          "#"),
        *("",
          ""),
        *("$6",
          ""),
        *("",
          ""),
        *("$7$",
          "##"),
    )  # fmt: skip


def test_displayed_mathematics():
    check("latex.display_math", r"a $$x$$ \[y\] % $$z$$", "  ####  ####")
    check("latex.display_math", r"\begin{align*}x\end{align*}", " " * 13 + "#" * 13)
    check("latex.display_math", r"\\[2pt] a\\\[b\]", "           ####")
    text = r"\begin{equation}a\text{$b$}\end{equation}$c$"
    check("latex.display_math", text, "               #########################")
    check("latex.inline_math", text, "                                         ##")
    check("latex.display_math", r"\begin{equation}a $b$", "")
    check("latex.inline_math", r"\begin{equation}a $b$", "                  ##")


def test_commands_and_comments():
    check("latex.command", r"\emph{a} \% $\pi$ \verb*|\b|", "#####    ##  ###  ######")
    check("latex.command", r"\\a \begin{b} \a@b*c", "##  ######    #####")
    check("latex.comment", r"50\% x % y $z$", "       #######")
    check("latex.comment", r"a\%b \\% c \% d", "       ########")
    check(
        "latex.comment",
        *(r"\begin{comment}",
          "              ##"),
        *("a",
          "##"),
        *(r"\end{comment}b",
          "############"),
    )  # fmt: skip


def test_environments():
    depth = "        1111111111222222221111111"
    check("latex.environment_depth", r"\begin{a}x\begin{b}y\end{b}\end{a}z", depth)
    check("latex.environment_depth", r"\begin{a}\begin{b}\end{a}\end{c}x", "        1111111111111111")


def test_braces():
    check("latex.in_braces", r"\a{b{c}d}e\{f} {g", "  ######")
    check("latex.in_braces", r"\begin{a}[b]\end{a} %{", "      ##        ##")


def test_nothing_is_read_in_verbatim_text():
    text = r"\verb|%$|$x$ \verb+{+ \lstinline[language=C]!$a! \url{a%b}"
    check("latex.verbatim", text, "     ###          ##                        ###      ####")
    check("latex.inline_math", text, "         ##")
    check("latex.in_braces", text, "                                                     ####")
    check("latex.verbatim", r"\mintinline{c}{a{b}} \verbatiminput{f} \verb|a", "              #####")
    check("latex.verbatim", r"\begin{verbatim} $x$", "")


def test_nothing_is_read_in_listings():
    lines = (r"\begin{lstlisting}[language=C]", r"100 % {$x$} \begin{a} ``", r"\end{lstlisting}$y$")
    inside = ("                 ##############", "#########################", "###############")
    check("latex.verbatim", *(row for pair in zip(lines, inside) for row in pair))
    deep = [marks.replace("#", "1") for marks in inside]
    check("latex.environment_depth", *(row for pair in zip(lines, deep) for row in pair))
    for name in ("latex.comment", "latex.in_quotes", "latex.display_math"):
        check(name, *(row for line in lines for row in (line, "")))
    check("latex.inline_math", lines[0], "", lines[1], "", lines[2], "                ##")
    check("latex.command", lines[0], "######", lines[1], "", lines[2], "####")


def test_quotes():
    check("latex.in_quotes", "``It's `so','' he said ''.", "#############")
    check("latex.in_quotes", '"`Ja"\' und ``nein"', "#####      ######")
    check(
        "latex.in_quotes",
        *("`a' ``b",
          "##  ####"),
        *("c",
          "##"),
        *("",
          ""),
        *("d'' $f''$ ```e'''",
          "          ######"),
    )  # fmt: skip

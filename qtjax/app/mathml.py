"""Formulas as docstrings and records write them, `dS = int dQ/T(t)`, as MathML.

The notation: Greek letters by name; `tr`, `ln`, `int`, `sum` and the like; `_` and `^` for what is
in braces, or the one letter, word or number that follows; `'` for a derivative in time, `^+` for
the adjoint; words of three small letters or more, and what is quoted, as text. A quotient of two
factors becomes a fraction.
"""

import re
from html import escape

_NAMES = (
    "alpha beta gamma delta epsilon eta theta lambda mu nu xi pi rho sigma tau phi chi psi omega "
    "Gamma Delta Lambda Pi Sigma Phi Psi Omega"
)
_GREEK: dict[str, str] = dict(zip(_NAMES.split(), "αβγδεηθλμνξπρστφχψωΓΔΛΠΣΦΨΩ", strict=True))
_OPERATORS: dict[str, str] = {
    "int": "∫", "sum": "∑", ">=": "≥", "<=": "≤", "!=": "≠", "->": "→", "||": "‖", "-": "−",
}  # fmt: skip
_FUNCTIONS = {"tr", "ln", "exp", "max", "min", "cos", "sin", "coth"}
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_TOKEN = re.compile(
    r"""\s*(
    (?<![\w'}])'[^']+'              # quoted text
    | [a-z]{3,}(?:-[a-z]{3,})+ | [A-Za-z]{3,}'s
    | d_[ei][A-Z]                   # the paper's two parts of a change
    | \d+(?:\.\d+)? | [A-Za-z]+\d? | >= | <= | != | -> | \|\| | \.\.\. | \S
    )""",
    re.VERBOSE,
)
_THIN = '<mspace width="0.17em"/>'


def formula(text: str) -> str:
    """A formula as an element `math`.

    Args:
        text: in the notation of this file.
    """
    bras = re.sub(r"<([\w']+)(?:\|(\w+)\|(\w+))?>", _mean, text)
    tokens = [match.group(1) for match in _TOKEN.finditer(bras)][::-1]  # a stack
    inner = "".join(_row(tokens, None))
    return f'<math displaystyle="true"><mrow>{inner}</mrow></math>'


def clauses(text: str) -> str:
    """A formula with an element `math` for each of its clauses, so that lines may break between."""
    parts = re.split(r",\s+(?![^(\[{]*[)\]}])", text)
    return " ".join([*(formula(f"{part},") for part in parts[:-1]), formula(parts[-1])])


def _mean(match: re.Match[str]) -> str:
    return f"⟨{'|'.join(part for part in match.groups() if part)}⟩"


def _row(tokens: list[str], end: str | None) -> list[str]:
    """The nodes up to a closing bracket, which is taken off the stack."""
    nodes: list[str] = []
    while tokens:
        if tokens[-1] == end:
            tokens.pop()
            break
        divides = tokens[-1] == "/" and len(tokens) > 1 and nodes
        if divides and not nodes[-1].startswith("<mo>") and _is_factor(tokens[-2]):
            tokens.pop()
            nodes[-1] = f"<mfrac>{nodes[-1]}{_factor(tokens)}</mfrac>"
        else:
            nodes.append(_factor(tokens))
    return nodes


def _is_factor(token: str) -> bool:
    return token not in _OPERATORS and (token[0].isalnum() or token in _CLOSING)


def _factor(tokens: list[str]) -> str:
    """One atom with its scripts, and with the argument in brackets that follows a letter."""
    token = tokens[-1]
    node = _scripted(_atom(tokens), tokens)
    if token[0].isalpha() and token not in _OPERATORS and tokens and tokens[-1] == "(":
        return f"<mrow>{node}{_atom(tokens)}</mrow>"
    if token == "Delta" and tokens and tokens[-1][0].isalpha():  # the change of what follows
        return f"<mrow>{node}{_factor(tokens)}</mrow>"
    return f"<mrow>{node}{_THIN}</mrow>" if token in _FUNCTIONS else node


def _scripted(node: str, tokens: list[str]) -> str:
    found, primes = {"_": "", "^": ""}, ""
    while tokens and tokens[-1] in ("_", "^", "'"):
        mark = tokens.pop()
        if mark == "'":
            primes += '<mo lspace="0" rspace="0">′</mo>'
        elif tokens:
            found[mark] += _script(tokens)
    below, above = (f"<mrow>{script}</mrow>" if script else "" for script in found.values())
    if below and above:
        node = f"<msubsup>{node}{below}{above}</msubsup>"
    elif below:
        node = f"<msub>{node}{below}</msub>"
    elif above:
        node = f"<msup>{node}{above}</msup>"
    return f"<mrow>{node}{primes}</mrow>" if primes else node


def _script(tokens: list[str]) -> str:
    token = tokens.pop()
    if token == "{":
        return "".join(_row(tokens, "}"))
    if token == "+":
        return "<mo>†</mo>"
    return f"<mn>{token}</mn>" if token[0].isdigit() else f"<mi>{_GREEK.get(token, token)}</mi>"


def _atom(tokens: list[str]) -> str:
    token = tokens.pop()
    if token in _CLOSING:
        inner = "".join(_row(tokens, _CLOSING[token]))
        size = "" if "<mfrac>" in inner else ' stretchy="false"'
        return f"<mrow><mo{size}>{token}</mo>{inner}<mo{size}>{_CLOSING[token]}</mo></mrow>"
    if token in _FUNCTIONS:
        return f"<mrow>{_THIN}<mi>{token}</mi></mrow>"
    if token in _GREEK:
        return f"<mi>{_GREEK[token]}</mi>"
    if token[0].isdigit():
        return f"<mn>{token}</mn>"
    if token.startswith("d_"):
        return f"<mrow><msub><mi>d</mi><mi>{token[2]}</mi></msub><mi>{token[3]}</mi></mrow>"
    if token in _OPERATORS or not (token[0].isalpha() or token[0] == "'"):
        tight = ' lspace="0" rspace="0" stretchy="false"' if token in "⟨|⟩" else ""
        return f"<mo{tight}>{escape(_OPERATORS.get(token, token))}</mo>"
    if token[0] == "'" or re.fullmatch("[a-z-]{3,}|.*'s", token):
        return f"<mtext>\N{NO-BREAK SPACE}{escape(token)}\N{NO-BREAK SPACE}</mtext>"
    if re.fullmatch("d[A-Za-z]", token):  # a differential
        return f"<mrow>{_THIN}<mi>d</mi><mi>{token[1]}</mi></mrow>"
    return f"<mi>{token}</mi>"

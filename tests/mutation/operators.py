"""What a mutant changes: each operator names the replacements of one kind of node.

Left alone is what no test should pin: the wording of errors and around values, annotations, docstrings, `__all__`.
"""

import ast
from collections.abc import Callable, Iterator

Replacement = ast.AST
Operator = Callable[[ast.AST], Iterator[Replacement]]

COMPARISONS = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
ARITHMETIC = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
NAMES = {
    "max": "min",
    "min": "max",
    "any": "all",
    "all": "any",
    "startswith": "endswith",
    "endswith": "startswith",
    "ljust": "rjust",
    "rjust": "ljust",
    "lower": "upper",
    "upper": "lower",
    "fullmatch": "match",
    "issuperset": "issubset",
    "issubset": "issuperset",
}


def comparison(node: ast.AST) -> Iterator[Replacement]:
    """`<` becomes `<=`, `==` becomes `!=`, `in` becomes `not in`, one at a time in a chain."""
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            swapped = COMPARISONS[type(operator)]()
            yield ast.Compare(
                node.left, [*node.ops[:place], swapped, *node.ops[place + 1 :]], node.comparators
            )


def arithmetic(node: ast.AST) -> Iterator[Replacement]:
    """`+` becomes `-`, `*` becomes `//`, `|` becomes `&`, also in `+=`; `-x` becomes `x`."""
    if isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        yield ast.BinOp(node.left, ARITHMETIC[type(node.op)](), node.right)
    if isinstance(node, ast.AugAssign) and type(node.op) in ARITHMETIC:
        yield ast.AugAssign(node.target, ARITHMETIC[type(node.op)](), node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield node.operand


def logic(node: ast.AST) -> Iterator[Replacement]:
    """`and` becomes `or`; each operand is left out once; `not x` becomes `x`."""
    if isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield ast.BoolOp(other, node.values)
        for place in range(len(node.values)):
            rest = [*node.values[:place], *node.values[place + 1 :]]
            yield rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand


def branches(node: ast.AST) -> Iterator[Replacement]:
    """A branch is never taken, or always; a filter lets everything through; a loop goes on or stops."""
    if isinstance(node, ast.If):
        yield ast.If(ast.Constant(value=False), node.body, node.orelse)
    if isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse
    if isinstance(node, ast.comprehension):
        for place in range(len(node.ifs)):
            kept = [*node.ifs[:place], *node.ifs[place + 1 :]]
            yield ast.comprehension(node.target, node.iter, kept, node.is_async)
    if isinstance(node, ast.Break):
        yield ast.Continue()
    if isinstance(node, ast.Continue):
        yield ast.Break()


def constants(node: ast.AST) -> Iterator[Replacement]:
    """A number is one more, a flag is the other, a text is another."""
    if not isinstance(node, ast.Constant):
        return
    if isinstance(node.value, bool):
        yield ast.Constant(value=not node.value)
    elif isinstance(node.value, int):
        yield ast.Constant(value=node.value + 1)
    elif isinstance(node.value, str):
        yield ast.Constant(value=f"XX{node.value}")
    elif isinstance(node.value, bytes):
        yield ast.Constant(value=b"XX" + node.value)


def statements(node: ast.AST) -> Iterator[Replacement]:
    """A call whose result nobody wants does not happen; a function returns nothing."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield ast.Pass()
    if isinstance(node, ast.Return) and node.value is not None and not is_none(node.value):
        yield ast.Return(ast.Constant(value=None))


def calls(node: ast.AST) -> Iterator[Replacement]:
    """A named argument is forgotten; `max` becomes `min`, `any` becomes `all`, and so on."""
    if not isinstance(node, ast.Call):
        return
    for place, keyword in enumerate(node.keywords):
        if keyword.arg is not None:
            rest = [*node.keywords[:place], *node.keywords[place + 1 :]]
            yield ast.Call(node.func, node.args, rest)
    if isinstance(node.func, ast.Name) and node.func.id in NAMES:
        yield ast.Call(ast.Name(NAMES[node.func.id], ast.Load()), node.args, node.keywords)
    if isinstance(node.func, ast.Attribute) and node.func.attr in NAMES:
        swapped = ast.Attribute(node.func.value, NAMES[node.func.attr], ast.Load())
        yield ast.Call(swapped, node.args, node.keywords)


def tables(node: ast.AST) -> Iterator[Replacement]:
    """One entry is missing from a set or a mapping that is written out."""
    if isinstance(node, ast.Set) and len(node.elts) > 1:
        for place in range(len(node.elts)):
            yield ast.Set([*node.elts[:place], *node.elts[place + 1 :]])
    if isinstance(node, ast.Dict):
        for place in range(len(node.keys)):
            keys = [*node.keys[:place], *node.keys[place + 1 :]]
            yield ast.Dict(keys, [*node.values[:place], *node.values[place + 1 :]])


OPERATORS: tuple[Operator, ...] = (
    comparison,
    arithmetic,
    logic,
    branches,
    constants,
    statements,
    calls,
    tables,
)


def is_none(node: ast.AST) -> bool:
    """Whether *node* is the word None."""
    return isinstance(node, ast.Constant) and node.value is None

"""Measures one Python source with `ast`: how much it holds and how entangled it is.

Runs in the worker interpreters, so it imports little.

Complexity is McCabe's: a function starts at 1, and every place where control may go one way or
another adds 1: `if`, `elif`, a conditional expression, `for`, `while`, `except`, each `for` and
`if` of a comprehension, each `and` and `or`, each `case` that may fail to match, each guard and
each `|` of a pattern. `else`, `finally`, `with`, `assert` and a catch-all `case _` add nothing.

What runs where it is written counts there: a lambda, a comprehension, a class body, decorators,
defaults and annotations belong to the function around them, while a nested function is a
function of its own. A file's complexity is that of its functions plus the decisions outside them.

Nesting is the number of blocks around the most deeply nested statement: 0 at module level, one
more in every `def`, `class`, `if`, `match`, `case` and so on. An `elif` is no deeper than its `if`.
"""

import ast
from collections.abc import Iterable
from typing import NamedTuple, get_args


class Function(NamedTuple):
    """A function: its dotted name within the file, the line of its `def`, and its complexity."""

    name: str
    line: int
    complexity: int


type PlainMeasurement = tuple[int, int, int, int, tuple[tuple[str, int, int], ...], tuple[str, ...]]
"""A `Measurement` in exact tuples, which cross between interpreters by value."""


class Measurement(NamedTuple):
    """What one source holds; `imports` has each top-level module once, and no relative ones."""

    lines: int
    classes: int
    nesting: int
    complexity: int
    functions: tuple[Function, ...]
    imports: tuple[str, ...]

    @property
    def most_complex(self) -> Function | None:
        """The first of the most complex functions; None in a file without functions."""
        return max(self.functions, key=lambda function: function.complexity, default=None)

    def plain(self) -> PlainMeasurement:
        """Return the same in exact tuples."""
        lines, classes, nesting, complexity, functions, imports = self
        plain_functions = tuple((name, line, count) for name, line, count in functions)
        return (lines, classes, nesting, complexity, plain_functions, imports)

    @classmethod
    def from_plain(cls, plain: PlainMeasurement) -> "Measurement":
        """Return the measurement whose `plain()` this is."""
        lines, classes, nesting, complexity, plain_functions, imports = plain
        functions = tuple(Function(*function) for function in plain_functions)
        return cls(lines, classes, nesting, complexity, functions, imports)


def measure(source: str | bytes) -> Measurement:
    """Measure one source.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: if `ast.parse` cannot parse it.
    """
    survey = _Survey()
    survey.walk(ast.parse(source))
    functions = sorted(survey.functions, key=lambda scope: scope.line)
    return Measurement(
        lines=len(source.splitlines()),
        classes=survey.classes,
        nesting=survey.nesting,
        complexity=survey.module.complexity + sum(scope.complexity for scope in functions),
        functions=tuple(Function(scope.name, scope.line, scope.complexity) for scope in functions),
        imports=tuple(sorted(survey.imports)),
    )


class _Scope:
    """A function or the module, and the complexity counted for it so far."""

    __slots__ = ("complexity", "line", "name")

    def __init__(self, name: str, line: int, complexity: int) -> None:
        self.name = name
        self.line = line
        self.complexity = complexity


class _Survey:
    """Visits every statement of a module; without recursion, so that deep nesting is no problem."""

    def __init__(self) -> None:
        self.module = _Scope("", 0, 0)
        self.functions: list[_Scope] = []
        self.imports: set[str] = set()
        self.classes = 0
        self.nesting = 0
        self._waiting: list[tuple[ast.AST, int, str, _Scope]] = []

    def walk(self, module: ast.Module) -> None:
        self._enter(module.body, 0, "", self.module)
        while self._waiting:
            self._visit(*self._waiting.pop())

    def _enter(self, block: Iterable[ast.AST], depth: int, prefix: str, scope: _Scope) -> None:
        self._waiting += [(statement, depth, prefix, scope) for statement in block]

    def _visit(self, statement: ast.AST, depth: int, prefix: str, scope: _Scope) -> None:
        self.nesting = max(self.nesting, depth)
        scope.complexity += _own_decisions(statement)
        inner = scope
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            inner = _Scope(prefix + statement.name, statement.lineno, complexity=1)
            self.functions.append(inner)
            prefix = f"{inner.name}."
        elif isinstance(statement, ast.ClassDef):
            self.classes += 1
            prefix = f"{prefix}{statement.name}."
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            self.imports.update(_imported_modules(statement))
        for name, indent in _SHAPES[type(statement)].blocks:
            block = getattr(statement, name)
            self._enter(block, depth + (0 if _is_elif(block, statement) else indent), prefix, inner)


def _imported_modules(statement: ast.Import | ast.ImportFrom) -> list[str]:
    """Return the top-level modules that an import names; none if it is relative."""
    if isinstance(statement, ast.Import):
        return [alias.name.partition(".")[0] for alias in statement.names]
    if statement.module is None or statement.level:
        return []
    return [statement.module.partition(".")[0]]


def _is_elif(block: list[ast.AST], parent: ast.AST) -> bool:
    """Tell `elif` from `else: if`: the first begins in the column of its `if`."""
    if len(block) != 1 or not isinstance(parent, ast.If):
        return False
    first = block[0]
    return isinstance(first, ast.If) and first.col_offset == parent.col_offset


def _own_decisions(statement: ast.AST) -> int:
    """Count the decisions of a statement and its expressions, not of the blocks in it."""
    count = 0
    waiting: list[ast.AST | None] = [statement]
    while waiting:
        node = waiting.pop()
        if node is None:  # an absent child, such as the key of `**` in a dict
            continue
        shape = _SHAPES[type(node)]
        if shape.decides:
            count += _decisions_of_node(node)
        for name in shape.expressions:
            child = getattr(node, name)
            if type(child) is list:
                waiting += child
            else:
                waiting.append(child)
    return count


_BRANCHES = (
    ast.If,
    ast.IfExp,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.ExceptHandler,
)
_DECIDING = (*_BRANCHES, ast.comprehension, ast.BoolOp, ast.MatchOr, ast.match_case)


def _decisions_of_node(node: ast.AST) -> int:
    match node:
        case ast.comprehension():
            return 1 + len(node.ifs)
        case ast.BoolOp():
            return len(node.values) - 1
        case ast.MatchOr():
            return len(node.patterns) - 1
        case ast.match_case():
            return _may_fail(node.pattern) + (node.guard is not None)
        case _:
            return 1


def _may_fail(pattern: ast.pattern) -> bool:
    """Tell whether a pattern rejects anything: a wildcard and a bare name do not."""
    if isinstance(pattern, ast.MatchOr):
        return all(_may_fail(alternative) for alternative in pattern.patterns)
    if isinstance(pattern, ast.MatchAs):
        return pattern.pattern is not None and _may_fail(pattern.pattern)
    return True


class _Shape(NamedTuple):
    """What a kind of node has: expressions, blocks (with how much each is indented), a decision."""

    expressions: tuple[str, ...]
    blocks: tuple[tuple[str, int], ...]
    decides: bool


_INDENTS: dict[object, int] = {ast.stmt: 1, ast.match_case: 1, ast.excepthandler: 0}
_EXPRESSIONS = (
    ast.expr,
    ast.arguments,
    ast.arg,
    ast.keyword,
    ast.comprehension,
    ast.withitem,
    ast.pattern,
    ast.type_param,
)


class _Shapes(dict[type[ast.AST], _Shape]):
    """The shapes of all kinds that were met."""

    def __missing__(self, kind: type[ast.AST]) -> _Shape:
        return self.setdefault(kind, _shape_of(kind))


_SHAPES = _Shapes()


def _shape_of(kind: type[ast.AST]) -> _Shape:
    """Read a kind's shape from the types of its fields, so that new syntax is walked too."""
    expressions = []
    blocks = []
    for name, field_type in kind._field_types.items():
        item = next(iter(get_args(field_type)), field_type)
        if item in _INDENTS:
            blocks.append((name, _INDENTS[item]))
        elif item in _EXPRESSIONS:
            expressions.append(name)
    return _Shape(tuple(expressions), tuple(blocks), kind in _DECIDING)

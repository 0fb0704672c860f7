"""One module's text: the names that it binds, and what it asks of other modules as soon as it is imported."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from doctor.modules.generated import made_by
from doctor.modules.signature import arguments, certain_calls

# Signs that a module gives names which its text does not bind: what it offers is then looked for in another way.
DYNAMIC = (
    "__getattr__",
    "globals()",
    "sys.modules",
    "setattr(",
    "exec(",
    "vars()",
    "locals()",
    "lazy",
    "_LazyModule",
)
# Ways in which a module makes names that stand in no text: nobody can tell which.
WRITES = re.compile(
    r"\bglobals\(\)(?:\.update|\[(?!['\"])|\s*(?:#|$))|\bexec\(|\b(?:vars|locals)\(\)[.\[]|\bsetattr\(sys\.modules\[",
    re.MULTILINE,
)
# Errors that a module expects of an import that it can do without.
FORGIVING = {
    "ImportError",
    "ModuleNotFoundError",
    "AttributeError",
    "Exception",
    "BaseException",
    "RuntimeError",
}
SUPPRESS = "suppress"
LATER = ("_import_structure",)
FORMER = ("__expired_attributes__", "__former_attrs__")


class Need(NamedTuple):
    """What a module cannot be imported without: another module, and a name in it ("" where only the module is asked for)."""

    line: int
    module: str
    name: str
    plain: bool  # `import module` or `from module import name`; else `module.name`, which runs into an AttributeError


class Call(NamedTuple):
    """A function, or a class, of another module that is called by name, on every way through the function that calls it."""

    line: int
    module: str
    name: str
    keywords: frozenset[str]


class Source(NamedTuple):
    """What one file says."""

    binds: frozenset[str]
    stars: tuple[str, ...]  # modules all of whose names it takes
    dynamic: bool
    needs: tuple[Need, ...]
    gives: tuple[str, ...] = ()  # its own modules that it imports as soon as one of their names is asked for
    former: frozenset[str] = frozenset()  # names of which it says that it had them once
    generated: tuple[int, ...] | None = None  # the release of protobuf that made it
    calls: tuple[Call, ...] = ()
    takes: Mapping[
        str, frozenset[str]
    ] = {}  # the arguments of its functions and classes, where these are all
    origins: Mapping[str, tuple[str, str]] = {}  # where its imported names come from
    writes: bool = False  # it makes names that nobody can read


NOTHING_KNOWN = Source(frozenset(), (), True, ())


def read(text: bytes, module: str, package: bool) -> Source:
    """The names that a module binds, on whatever way, and what it needs on every way through it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes that are none, in the code of others
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return NOTHING_KNOWN  # of a later Python, or no Python: others look for that
    reader = _Reader(module if package else module.rpartition(".")[0])
    reader.block(tree.body, certain=True)
    said = text.decode("utf-8", "replace")
    return Source(
        frozenset(reader.binds),
        tuple(reader.stars),
        any(sign in said for sign in DYNAMIC),
        tuple(reader.needs),
        gives=tuple(f"{module}.{name}" for name in reader.gives) if package else (),
        former=frozenset(reader.former),
        writes=WRITES.search(said) is not None,
        generated=made_by(text) if module.endswith("_pb2") else None,
        calls=tuple(
            Call(call.lineno, *reader.origins[call.func.id], frozenset(named))  # type: ignore[attr-defined]
            for call in certain_calls(tree, reader.origins)
            if (named := [word.arg for word in call.keywords if word.arg])
        ),
        takes={
            one.name: taken
            for one in tree.body
            if isinstance(one, ast.FunctionDef | ast.ClassDef) and (taken := arguments(one)) is not None
        },
        origins=reader.origins,
    )


def speaks_of(text: bytes, word: re.Pattern[bytes]) -> bool:
    """Whether a module's text has a word outside of what it tells its readers."""
    if not word.search(text):
        return False
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    said = (
        node.value if isinstance(node, ast.Constant) else getattr(node, "id", getattr(node, "name", ""))
        for node in ast.walk(tree)
        if id(node) not in told
    )
    texts = (one.encode() if isinstance(one, str) else one for one in said)
    return any(isinstance(one, bytes) and word.search(one) for one in texts)


class _Reader:
    """Goes through the statements of a module, not into its functions: they run later, if at all."""

    def __init__(self, package: str) -> None:
        self.package = package
        self.binds: set[str] = set()
        self.stars: list[str] = []
        self.needs: list[Need] = []
        self.aliases: dict[str, str] = {}  # names that stand for a module
        self.gives: list[str] = []
        self.former: list[str] = []
        self.lists: dict[str, list[str]] = {}  # lists of tuples, by what each begins with
        self.origins: dict[str, tuple[str, str]] = {}

    def block(self, body: Iterable[ast.stmt], certain: bool) -> None:
        """`certain`: these statements run whenever the module is imported, and nobody forgives them an error."""
        for statement in body:
            self.statement(statement, certain)
            if isinstance(statement, ast.Raise):
                return

    def statement(self, one: ast.stmt, certain: bool) -> None:
        if isinstance(one, ast.Import):
            self._import(one, certain)
        elif isinstance(one, ast.ImportFrom):
            self._import_from(one, certain)
        elif isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
            self.binds.add(one.name)
            self._at_once([*one.decorator_list, *one.args.defaults], certain)
        elif isinstance(one, ast.ClassDef):
            self.binds.add(one.name)
            self._at_once([*one.decorator_list, *one.bases], certain)
        elif isinstance(one, ast.Try):
            self._try(one, certain)
        elif isinstance(one, ast.If | ast.While | ast.For):
            if isinstance(one, ast.For):
                self._bind(one.target)
            # Which way it goes depends on versions and on the system.
            self.block([*one.body, *one.orelse], certain=False)
        elif isinstance(one, ast.With):
            for item in one.items:
                self._bind(item.optional_vars)
            suppressed = any(SUPPRESS in ast.dump(item.context_expr) for item in one.items)
            self.block(one.body, certain and not suppressed)
        elif isinstance(one, ast.Assign | ast.AnnAssign | ast.AugAssign):
            for target in one.targets if isinstance(one, ast.Assign) else [one.target]:
                self._bind(target)
                self._table(target, one.value)
            self._at_once([one.value] if one.value else [], certain)
        elif isinstance(one, ast.Match):
            for case in one.cases:
                self.block(case.body, certain=False)

    def _import(self, one: ast.Import, certain: bool) -> None:
        for alias in one.names:
            first = alias.name.partition(".")[0]
            self.binds.add(alias.asname or first)
            self.aliases[alias.asname or first] = alias.name if alias.asname else first
            if certain:
                self.needs.append(Need(one.lineno, alias.name, "", True))

    def _import_from(self, one: ast.ImportFrom, certain: bool) -> None:
        module = self._absolute(one)
        for alias in one.names:
            if alias.name == "*":
                self.stars.append(module)
            else:
                self.binds.add(alias.asname or alias.name)
                self.aliases.pop(alias.asname or alias.name, None)
                self.origins[alias.asname or alias.name] = (module, alias.name)
            if certain:
                self.needs.append(Need(one.lineno, module, alias.name.strip("*"), True))

    def _absolute(self, one: ast.ImportFrom) -> str:
        if not one.level:
            return one.module or ""
        parents = self.package.split(".")
        base = parents[: len(parents) - one.level + 1]
        return ".".join([*base, *([one.module] if one.module else [])])

    def _try(self, one: ast.Try, certain: bool) -> None:
        forgiven = any(_forgives(handler) for handler in one.handlers)
        self.block(one.body, certain and not forgiven)
        for handler in one.handlers:
            self.block(handler.body, certain=False)
        self.block(one.orelse, certain=False)
        self.block(one.finalbody, certain)

    def _bind(self, target: ast.expr | None) -> None:
        names = [node.id for node in ast.walk(target) if isinstance(node, ast.Name)] if target else []
        self.binds.update(names)
        for name in names:
            self.aliases.pop(name, None)

    def _table(self, target: ast.expr, value: ast.expr | None) -> None:
        """The tables in which libraries write what they import late, and what they no longer have."""
        name = target.id if isinstance(target, ast.Name) else ""
        if isinstance(value, ast.Dict) and name in (*LATER, *FORMER):
            words = [key.value for key in value.keys if isinstance(key, ast.Constant)]
            (self.gives if name in LATER else self.former).extend(map(str, words))
        elif isinstance(value, ast.DictComp) and name in FORMER:  # as numpy makes its table of a list
            over = value.generators[0].iter
            self.former.extend(self.lists.get(over.id, ()) if isinstance(over, ast.Name) else ())
        elif isinstance(value, ast.List) and name:
            firsts = [one.elts[0] for one in value.elts if isinstance(one, ast.Tuple) and one.elts]
            self.lists[name] = [str(one.value) for one in firsts if isinstance(one, ast.Constant)]

    def _at_once(self, expressions: Iterable[ast.expr], certain: bool) -> None:
        """`module.name` in what is worked out while the module is imported: base classes, decorators, constants."""
        if not certain:
            return
        for node in (inner for expression in expressions for inner in _evaluated(expression)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                module = self.aliases.get(node.value.id)
                if module:
                    self.needs.append(Need(node.lineno, module, node.attr, False))


def _evaluated(expression: ast.AST) -> Iterator[ast.AST]:
    """The parts of an expression that are worked out for certain."""
    if isinstance(
        expression,
        ast.Lambda | ast.IfExp | ast.BoolOp | ast.GeneratorExp | ast.ListComp | ast.DictComp | ast.SetComp,
    ):
        return
    yield expression
    for inner in ast.iter_child_nodes(expression):
        yield from _evaluated(inner)


def _forgives(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    names = {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(handler.type) if isinstance(node, ast.Attribute)}
    return bool(names & FORGIVING)

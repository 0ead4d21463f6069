"""The expression language of models: conditions, parameters, decision cells.

A closed language with Python's look: literals, comparisons, and/or/not, in, + - * / % on numbers, lookup in
dictionaries and lists, `x if condition else y`, and a fixed list of functions. The text is parsed by `ast` after length and depth
checks, every node is checked against a list, and what remains is turned into closures that know only the values they are given.
There is no attribute access, no call of anything but the listed functions, and no float: numbers are int and
Decimal. Anything else ends in an `ExpressionError` that names the place and the way out.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal, DecimalException
from functools import lru_cache
from typing import Any

from registers.errors import DomainError
from registers.timesource import CHINA

MAX_LENGTH = 2000
MAX_BRACKETS = 20
MAX_NODES = 200
MAX_DIGITS = 40
MAX_PLACES = 12

CONSTANTS: Mapping[str, Any] = {"null": None, "true": True, "false": False}
_ARITHMETIC = Context(prec=50, rounding=ROUND_HALF_UP)

Scope = Mapping[str, Any]
_Eval = Callable[[Scope], Any]


class ExpressionError(DomainError):
    """The expression is not in the language, or the values do not fit it."""

    def __init__(self, zh: str, en: str, position: int | None = None) -> None:
        super().__init__("expression", zh, en, position=position)
        self.position = position


@dataclass(frozen=True)
class Expression:
    """A checked expression: its text, the variables it reads, and a way to evaluate it."""

    text: str
    names: frozenset[str]
    _run: _Eval = field(repr=False, compare=False)

    def evaluate(self, variables: Scope) -> Any:
        """The value for these variables; an `ExpressionError` when they do not fit."""
        try:
            return self._run(variables)
        except DecimalException as error:
            raise ExpressionError(
                f"“{self.text}”：计算结果超出范围。", f"“{self.text}”: the result is out of range."
            ) from error

    def decide(self, variables: Scope) -> bool:
        """The value as a yes or no: null counts as no, anything but a truth value is an error."""
        return _truth(self.evaluate(variables), 0)


def compile_expression(text: str, variables: Collection[str] | None = None) -> Expression:
    """Check a text once and for all; with `variables` given, an unknown name is an error."""
    return _compile(text, None if variables is None else frozenset(variables))


@lru_cache(maxsize=4096)
def _compile(text: str, variables: frozenset[str] | None) -> Expression:
    _check_text(text)
    stripped = text.strip()
    try:
        tree = ast.parse(stripped, mode="eval")
    except SyntaxError as error:
        raise _syntax_error(stripped, error.offset) from None
    except (ValueError, RecursionError, MemoryError, OverflowError):
        raise _syntax_error(stripped, None) from None
    if sum(1 for _ in ast.walk(tree)) > MAX_NODES:
        raise ExpressionError(
            f"表达式过于复杂（超过 {MAX_NODES} 个成分），请拆分为决策表或多个变量。",
            f"The expression is too complex (more than {MAX_NODES} parts); split it or use a decision table.",
        )
    builder = _Builder(stripped, variables)
    run = builder.build(tree.body)
    return Expression(stripped, frozenset(builder.names), run)


def _check_text(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            f"表达式超过 {MAX_LENGTH} 个字符，请拆分。",
            f"The expression is longer than {MAX_LENGTH} characters; split it.",
        )
    if not text.strip():
        raise ExpressionError("表达式为空，请填写。", "The expression is empty; write one.")
    depth, quote, escaped = 0, "", False
    for position, char in enumerate(text):
        if quote:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == quote:
                quote = ""
        elif char in "\"'":
            quote = char
        elif char in "([{":
            depth += 1
            if depth > MAX_BRACKETS:
                raise ExpressionError(
                    f"括号嵌套超过 {MAX_BRACKETS} 层，请拆分。",
                    f"Brackets are nested more than {MAX_BRACKETS} deep; split the expression.",
                    position,
                )
        elif char in ")]}":
            depth -= 1


# What people type from other languages or with a Chinese keyboard, and what to write instead.
_HINTS = (
    ("${", "请去掉 ${ }，直接写表达式", "write the expression without ${ }"),
    ("#{", "请去掉 #{ }，直接写表达式", "write the expression without #{ }"),
    ("&&", "请用 and 代替 &&", "write and instead of &&"),
    ("||", "请用 or 代替 ||", "write or instead of ||"),
    ("＞", "请使用半角符号 >", "use the half-width >"),
    ("＜", "请使用半角符号 <", "use the half-width <"),
    ("＝", "请使用半角符号 ==", "use the half-width =="),
    ("“", '请使用半角引号 "', "use straight quotes"),
    ("”", '请使用半角引号 "', "use straight quotes"),
    ("（", "请使用半角括号", "use half-width brackets"),
    ("，", "请使用半角逗号", "use half-width commas"),
    ("\n", "表达式请写在一行或用括号括起", "write the expression on one line or in brackets"),
)


def _syntax_error(text: str, offset: int | None) -> ExpressionError:
    zh, en = "请检查括号、引号和运算符", "check brackets, quotes and operators"
    for sign, hint_zh, hint_en in _HINTS:
        if sign in text:
            zh, en = hint_zh, hint_en
            break
    else:
        bare = text.replace("==", "").replace("!=", "").replace("<=", "").replace(">=", "")
        if "=" in bare:
            zh, en = "判断相等请用 ==", "write == to compare"
        elif "!" in bare:
            zh, en = "请用 not 代替 !", "write not instead of !"
    return ExpressionError(f"无法理解表达式“{text}”：{zh}。", f"Cannot read “{text}”: {en}.", offset)


def kind_of(value: Any) -> tuple[str, str]:
    """What a value is called, in Chinese and English."""
    if value is None:
        return "空值", "null"
    if isinstance(value, bool):
        return "是/否", "yes/no"
    if isinstance(value, (int, Decimal)):
        return "数字", "number"
    if isinstance(value, str):
        return "文本", "text"
    if isinstance(value, datetime):
        return "时间", "time"
    if isinstance(value, date):
        return "日期", "date"
    if isinstance(value, list):
        return "列表", "list"
    if isinstance(value, Mapping):
        return "对象", "object"
    return type(value).__name__, type(value).__name__


def is_number(value: Any) -> bool:
    """True for int and Decimal, not for truth values."""
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def equal(left: Any, right: Any) -> bool:
    """Equality without surprises: yes/no is never a number, text is never a number, dates are not times."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    if isinstance(left, datetime) != isinstance(right, datetime):
        return False
    return bool(left == right)


def compare(operator: str, left: Any, right: Any, position: int | None = None) -> bool:
    """`<`, `<=`, `>`, `>=`; comparing with null is always no, comparing unlike things is an error."""
    if left is None or right is None:
        return False
    comparable = (
        (is_number(left) and is_number(right))
        or (isinstance(left, str) and isinstance(right, str))
        or (isinstance(left, datetime) and isinstance(right, datetime))
        or (
            isinstance(left, date)
            and isinstance(right, date)
            and not isinstance(left, datetime)
            and not isinstance(right, datetime)
        )
    )
    if not comparable:
        (left_zh, left_en), (right_zh, right_en) = kind_of(left), kind_of(right)
        raise ExpressionError(
            f"不能比较{left_zh}与{right_zh}，请统一类型。",
            f"Cannot compare {left_en} with {right_en}; use values of one kind.",
            position,
        )
    try:
        if operator == "<":
            return bool(left < right)
        if operator == "<=":
            return bool(left <= right)
        if operator == ">":
            return bool(left > right)
        return bool(left >= right)
    except TypeError as error:  # an aware and a naive time
        raise ExpressionError(
            "不能比较带时区与不带时区的时间。", "Cannot compare these two times.", position
        ) from error


def _truth(value: Any, position: int) -> bool:
    if value is None:
        return False
    if isinstance(value, bool):
        return value
    zh, en = kind_of(value)
    raise ExpressionError(
        f"此处应为是/否，得到的是{zh}；请写成比较，例如 x > 0 或 len(x) > 0。",
        f"A yes/no is needed here, not a {en}; write a comparison such as x > 0 or len(x) > 0.",
        position,
    )


def _number(value: Any, position: int) -> int | Decimal:
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        if isinstance(value, int) and value.bit_length() > 512:
            raise ExpressionError("数字过大。", "The number is too large.", position)
        return value
    zh, en = kind_of(value)
    raise ExpressionError(
        f"此处需要数字，得到的是{zh}。请检查变量是否已填写，或用 get(对象, 键, 默认值)。",
        f"A number is needed here, not {en}. Check that the variable is filled in, or use get(object, key, default).",
        position,
    )


def _calculate(operator: type[ast.operator], left: Any, right: Any, position: int) -> int | Decimal:
    a, b = _number(left, position), _number(right, position)
    if operator in (ast.Div, ast.Mod) and b == 0:
        raise ExpressionError("除数为零，请先判断。", "Division by zero; test for it first.", position)
    if isinstance(a, int) and isinstance(b, int):
        if operator is ast.Add:
            return a + b
        if operator is ast.Sub:
            return a - b
        if operator is ast.Mult:
            return a * b
        if operator is ast.Mod:
            return a % b
    x, y = Decimal(a), Decimal(b)
    if operator is ast.Add:
        return _ARITHMETIC.add(x, y)
    if operator is ast.Sub:
        return _ARITHMETIC.subtract(x, y)
    if operator is ast.Mult:
        return _ARITHMETIC.multiply(x, y)
    if operator is ast.Mod:
        # The remainder has the sign of the divisor, as for whole numbers.
        rest = _ARITHMETIC.remainder(x, y)
        return _ARITHMETIC.add(rest, y) if rest != 0 and (rest < 0) != (y < 0) else rest
    return _ARITHMETIC.divide(x, y)


def _lookup(container: Any, key: Any, position: int) -> Any:
    """A key of an object or a place of a list; null when it is not there."""
    if container is None:
        return None
    if isinstance(container, Mapping):
        if not isinstance(key, str):
            raise ExpressionError("对象的键应为文本。", "The key of an object is a text.", position)
        return container.get(key)
    if isinstance(container, list):
        if not isinstance(key, int) or isinstance(key, bool):
            raise ExpressionError("列表的序号应为整数。", "The place in a list is a whole number.", position)
        return container[key] if -len(container) <= key < len(container) else None
    zh, en = kind_of(container)
    raise ExpressionError(
        f"{zh}没有下级字段；只有对象和列表可以取值。",
        f"A {en} has no fields; only objects and lists can be looked into.",
        position,
    )


def _contains(container: Any, item: Any, position: int) -> bool:
    if container is None:
        return False
    if isinstance(container, list):
        return any(equal(item, each) for each in container)
    if isinstance(container, Mapping):
        return isinstance(item, str) and item in container
    if isinstance(container, str):
        if item is None:
            return False
        if isinstance(item, str):
            return item in container
    zh, en = kind_of(container)
    raise ExpressionError(f"不能在{zh}中查找。", f"Cannot look for this in a {en}.", position)


# -- functions ------------------------------------------------------------------------------------------


def _list(value: Any, name: str) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, list):
        return value
    zh, en = kind_of(value)
    raise ExpressionError(f"{name} 需要列表，得到的是{zh}。", f"{name} needs a list, not a {en}.")


def _text(value: Any, name: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    zh, en = kind_of(value)
    raise ExpressionError(f"{name} 需要文本，得到的是{zh}。", f"{name} needs a text, not a {en}.")


def _key(value: Any, name: str) -> str:
    if isinstance(value, str):
        return value
    raise ExpressionError(f"{name} 的键应为文本。", f"The key for {name} is a text.")


def _field(item: Any, key: str) -> Any:
    return item.get(key) if isinstance(item, Mapping) else None


def _len(value: Any) -> int:
    if value is None:
        return 0
    if isinstance(value, (str, list, Mapping)):
        return len(value)
    zh, en = kind_of(value)
    raise ExpressionError(f"len 不能用于{zh}。", f"len does not work on a {en}.")


def _extreme(operator: str, name: str, *args: Any) -> Any:
    values = _list(args[0], name) if len(args) == 1 else list(args)
    best: Any = None
    for value in values:
        if value is None:
            raise ExpressionError(f"{name} 的列表中有空值。", f"There is a null in the list for {name}.")
        if best is None or compare(operator, value, best):
            best = value
    return best


def _min(*args: Any) -> Any:
    return _extreme("<", "min", *args)


def _max(*args: Any) -> Any:
    return _extreme(">", "max", *args)


def _sum(values: Any) -> int | Decimal:
    total: int | Decimal = 0
    for value in _list(values, "sum"):
        total = _calculate(ast.Add, total, value, 0)
    return total


def _abs(value: Any) -> int | Decimal:
    number = _number(value, 0)
    return -number if number < 0 else number


def _round(value: Any, places: Any = 0) -> int | Decimal:
    number = _number(value, 0)
    if not isinstance(places, int) or isinstance(places, bool) or not 0 <= places <= MAX_PLACES:
        raise ExpressionError(
            f"round 的小数位应为 0 到 {MAX_PLACES} 的整数。", f"round takes 0 to {MAX_PLACES} decimal places."
        )
    rounded: Decimal = Decimal(number).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, _ARITHMETIC)
    return int(rounded) if places == 0 else rounded


def to_date(value: Any) -> date | None:
    """A date out of a date, a time (as seen in China) or ISO text."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.astimezone(CHINA).date() if value.tzinfo else value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise ExpressionError(
        f"“{value}”不是日期，请写成 2025-01-31 的形式。", f"“{value}” is not a date; write it as 2025-01-31."
    )


def _days(start: Any, end: Any) -> int | None:
    first, last = to_date(start), to_date(end)
    return None if first is None or last is None else (last - first).days


def _lower(value: Any) -> str | None:
    return None if value is None else _text(value, "lower").lower()


def _upper(value: Any) -> str | None:
    return None if value is None else _text(value, "upper").upper()


def _contains_text(text: Any, part: Any) -> bool:
    if isinstance(text, list):
        return _contains(text, part, 0)
    return text is not None and part is not None and _text(part, "contains") in _text(text, "contains")


def _starts_with(text: Any, part: Any) -> bool:
    return text is not None and part is not None and _text(text, "starts_with").startswith(_text(part, "starts_with"))


def _get(container: Any, key: Any, default: Any = None) -> Any:
    found = _lookup(container, key, 0)
    return default if found is None else found


def _any_of(values: Any, key: Any, value: Any) -> bool:
    name = _key(key, "any_of")
    return any(equal(_field(item, name), value) for item in _list(values, "any_of"))


def _all_of(values: Any, key: Any, value: Any) -> bool:
    name = _key(key, "all_of")
    return all(equal(_field(item, name), value) for item in _list(values, "all_of"))


def _count(values: Any, key: Any, value: Any) -> int:
    name = _key(key, "count")
    return sum(1 for item in _list(values, "count") if equal(_field(item, name), value))


def _pluck(values: Any, key: Any) -> list[Any]:
    name = _key(key, "pluck")
    return [_field(item, name) for item in _list(values, "pluck")]


@dataclass(frozen=True)
class Function:
    """A function of the language: how many arguments it takes and what it does."""

    call: Callable[..., Any]
    least: int
    most: int


FUNCTIONS: Mapping[str, Function] = {
    "len": Function(_len, 1, 1),
    "min": Function(_min, 1, 20),
    "max": Function(_max, 1, 20),
    "sum": Function(_sum, 1, 1),
    "abs": Function(_abs, 1, 1),
    "round": Function(_round, 1, 2),
    "date": Function(to_date, 1, 1),
    "days": Function(_days, 2, 2),
    "lower": Function(_lower, 1, 1),
    "upper": Function(_upper, 1, 1),
    "contains": Function(_contains_text, 2, 2),
    "starts_with": Function(_starts_with, 2, 2),
    "get": Function(_get, 2, 3),
    "any_of": Function(_any_of, 3, 3),
    "all_of": Function(_all_of, 3, 3),
    "count": Function(_count, 3, 3),
    "pluck": Function(_pluck, 2, 2),
}

# -- from the parsed text to closures -------------------------------------------------------------------

_COMPARISONS: Mapping[type[ast.cmpop], str] = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Mod)
_REFUSED: Mapping[type[ast.AST], tuple[str, str]] = {
    ast.Lambda: ("函数定义", "a function definition"),
    ast.ListComp: ("推导式；可用 pluck、count、any_of、all_of", "a comprehension; use pluck, count, any_of or all_of"),
    ast.SetComp: ("推导式", "a comprehension"),
    ast.DictComp: ("推导式", "a comprehension"),
    ast.GeneratorExp: ("推导式", "a comprehension"),
    ast.NamedExpr: ("赋值", "an assignment"),
    ast.JoinedStr: ("格式化文本", "a format string"),
    ast.Starred: ("星号展开", "unpacking"),
    ast.Await: ("await", "await"),
    ast.Yield: ("yield", "yield"),
    ast.YieldFrom: ("yield", "yield"),
    ast.Set: ("集合；请用列表 [ ]", "a set; use a list [ ]"),
    ast.Slice: ("切片", "a slice"),
}


class _Builder:
    def __init__(self, text: str, variables: frozenset[str] | None) -> None:
        self.text = text
        self.variables = variables
        self.names: set[str] = set()

    def build(self, node: ast.AST) -> _Eval:
        if isinstance(node, ast.Constant):
            return self._constant(node)
        if isinstance(node, ast.Name):
            return self._name(node)
        if isinstance(node, ast.BoolOp):
            return self._bool(node)
        if isinstance(node, ast.UnaryOp):
            return self._unary(node)
        if isinstance(node, ast.BinOp):
            return self._binary(node)
        if isinstance(node, ast.Compare):
            return self._compare(node)
        if isinstance(node, ast.IfExp):
            return self._choice(node)
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.Subscript):
            return self._subscript(node)
        if isinstance(node, (ast.List, ast.Tuple)):
            parts = [self.build(item) for item in node.elts]
            return lambda scope: [part(scope) for part in parts]
        if isinstance(node, ast.Dict):
            return self._dict(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        zh, en = _REFUSED.get(type(node), (type(node).__name__, type(node).__name__))
        raise self._refuse(f"表达式中不能使用{zh}。", f"Not allowed in an expression: {en}.", node)

    def _refuse(self, zh: str, en: str, node: ast.AST) -> ExpressionError:
        return ExpressionError(f"“{self.text}”：{zh}", f"“{self.text}”: {en}", getattr(node, "col_offset", None))

    def _constant(self, node: ast.Constant) -> _Eval:
        value: Any = node.value
        if isinstance(value, float):
            literal = ast.get_source_segment(self.text, node) or ""
            try:
                value = Decimal(literal.replace("_", ""))
            except DecimalException:
                value = None
            if value is None or len(value.as_tuple().digits) > MAX_DIGITS or abs(value.adjusted()) > MAX_DIGITS:
                raise self._refuse("数字过长。", "The number is too long.", node)
        elif isinstance(value, int) and not isinstance(value, bool):
            if value.bit_length() > MAX_DIGITS * 3:
                raise self._refuse("数字过长。", "The number is too long.", node)
        elif not (value is None or isinstance(value, (bool, str))):
            raise self._refuse(
                "只能使用数字、文本、true、false 和 null。",
                "Only numbers, texts, true, false and null can be written.",
                node,
            )
        return lambda scope: value

    def _name(self, node: ast.Name) -> _Eval:
        name, position = node.id, node.col_offset
        if name in CONSTANTS:
            constant = CONSTANTS[name]
            return lambda scope: constant
        if name.startswith("_"):
            raise self._refuse("名称不能以下划线开头。", "A name may not start with an underscore.", node)
        if name in FUNCTIONS and (self.variables is None or name not in self.variables):
            raise self._refuse(f"{name} 是函数，请写成 {name}(…)。", f"{name} is a function: write {name}(…).", node)
        if self.variables is not None and name not in self.variables:
            near = difflib.get_close_matches(name, self.variables, 3)
            zh = f"您是否要用：{'、'.join(near)}？" if near else "请在流程变量中声明，或检查拼写。"
            en = f"Did you mean {', '.join(near)}?" if near else "Declare it as a variable or check the spelling."
            raise self._refuse(f"未知变量 {name}。{zh}", f"Unknown variable {name}. {en}", node)
        self.names.add(name)
        text = self.text

        def read(scope: Scope) -> Any:
            try:
                return scope[name]
            except KeyError:
                raise ExpressionError(
                    f"“{text}”：变量 {name} 尚无值。请确认前面的步骤会产生它。",
                    f"“{text}”: the variable {name} has no value yet. Make sure an earlier step produces it.",
                    position,
                ) from None

        return read

    def _bool(self, node: ast.BoolOp) -> _Eval:
        parts, position = [self.build(item) for item in node.values], node.col_offset
        if isinstance(node.op, ast.And):
            return lambda scope: all(_truth(part(scope), position) for part in parts)
        return lambda scope: any(_truth(part(scope), position) for part in parts)

    def _unary(self, node: ast.UnaryOp) -> _Eval:
        operand, position = self.build(node.operand), node.col_offset
        if isinstance(node.op, ast.Not):
            return lambda scope: not _truth(operand(scope), position)
        if isinstance(node.op, ast.USub):
            return lambda scope: -_number(operand(scope), position)
        if isinstance(node.op, ast.UAdd):
            return lambda scope: _number(operand(scope), position)
        raise self._refuse("不支持按位取反 ~。", "The operator ~ is not supported.", node)

    def _binary(self, node: ast.BinOp) -> _Eval:
        operator, position = type(node.op), node.col_offset
        if operator not in _OPERATORS:
            raise self._refuse(
                "只支持 + - * / %（且只用于数字）。", "Only + - * / % are supported, and only on numbers.", node
            )
        left, right = self.build(node.left), self.build(node.right)
        return lambda scope: _calculate(operator, left(scope), right(scope), position)

    def _compare(self, node: ast.Compare) -> _Eval:
        position = node.col_offset
        operands = [self.build(item) for item in [node.left, *node.comparators]]
        tests: list[Callable[[Any, Any], bool]] = []
        for op in node.ops:
            if type(op) in _COMPARISONS:
                sign = _COMPARISONS[type(op)]
                tests.append(lambda a, b, sign=sign: compare(sign, a, b, position))  # type: ignore[misc]
            elif isinstance(op, ast.Eq):
                tests.append(equal)
            elif isinstance(op, ast.NotEq):
                tests.append(lambda a, b: not equal(a, b))
            elif isinstance(op, ast.In):
                tests.append(lambda a, b: _contains(b, a, position))
            elif isinstance(op, ast.NotIn):
                tests.append(lambda a, b: not _contains(b, a, position))
            else:
                raise self._refuse("请用 == 或 != 代替 is。", "Write == or != instead of is.", node)

        def run(scope: Scope) -> bool:
            left = operands[0](scope)
            for test, operand in zip(tests, operands[1:], strict=True):
                right = operand(scope)
                if not test(left, right):
                    return False
                left = right
            return True

        return run

    def _choice(self, node: ast.IfExp) -> _Eval:
        test, yes, no = self.build(node.test), self.build(node.body), self.build(node.orelse)
        position = node.col_offset
        return lambda scope: yes(scope) if _truth(test(scope), position) else no(scope)

    def _attribute(self, node: ast.Attribute) -> _Eval:
        key, position = node.attr, node.col_offset
        if key.startswith("_"):
            raise self._refuse("字段名不能以下划线开头。", "A field name may not start with an underscore.", node)
        container = self.build(node.value)
        return lambda scope: _lookup(container(scope), key, position)

    def _subscript(self, node: ast.Subscript) -> _Eval:
        position = node.col_offset
        if (
            isinstance(node.slice, ast.Constant)
            and isinstance(node.slice.value, str)
            and node.slice.value.startswith("_")
        ):
            raise self._refuse("字段名不能以下划线开头。", "A field name may not start with an underscore.", node)
        container, key = self.build(node.value), self.build(node.slice)
        return lambda scope: _lookup(container(scope), key(scope), position)

    def _dict(self, node: ast.Dict) -> _Eval:
        pairs: list[tuple[str, _Eval]] = []
        for key, value in zip(node.keys, node.values, strict=True):
            if not isinstance(key, ast.Constant) or not isinstance(key.value, str) or key.value.startswith("_"):
                raise self._refuse(
                    "对象的键应为带引号的文本，且不以下划线开头。",
                    "The keys of an object are texts in quotes that do not start with an underscore.",
                    node,
                )
            pairs.append((key.value, self.build(value)))
        return lambda scope: {key: value(scope) for key, value in pairs}

    def _call(self, node: ast.Call) -> _Eval:
        if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS:
            called = node.func.id if isinstance(node.func, ast.Name) else "…"
            raise self._refuse(
                f"没有函数 {called}。可用的函数：{'、'.join(sorted(FUNCTIONS))}。",
                f"There is no function {called}. Functions: {', '.join(sorted(FUNCTIONS))}.",
                node,
            )
        name, function = node.func.id, FUNCTIONS[node.func.id]
        if node.keywords:
            raise self._refuse(f"{name} 的参数不能带名称。", f"Arguments of {name} have no names.", node)
        if not function.least <= len(node.args) <= function.most:
            wanted = str(function.least) if function.least == function.most else f"{function.least}–{function.most}"
            raise self._refuse(
                f"{name} 需要 {wanted} 个参数。", f"{name} takes {wanted} argument(s), not {len(node.args)}.", node
            )
        arguments = [self.build(item) for item in node.args]
        call = function.call
        return lambda scope: call(*[argument(scope) for argument in arguments])

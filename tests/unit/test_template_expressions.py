"""The language of template expressions: what it says, and how it is refused."""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.templates import functions
from app.domain.templates.language import (
    Access,
    Call,
    Literal,
    Node,
    TemplateError,
    escape,
    read,
    written,
)
from app.domain.templates.scope_functions import SPECIAL
from app.domain.templates.scopes import Scope, Surroundings, Variables

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
ROOT = f"/subscriptions/{SUBSCRIPTION}"
GROUP = f"{ROOT}/resourceGroups/group-1"
OTHER = "99999999-2222-3333-4444-555555555555"


class Known:
    """A world with one resource."""

    def reference(self, named: str, *, full: bool) -> Any:
        if named != "address":
            raise TemplateError(f"no {named}")
        properties = {"ipAddress": "10.0.0.4"}
        return {"properties": properties} if full else properties

    def ask(self, verb: str, named: str, body: Any) -> Any:
        return {"keys": [{"value": f"{verb} of {named}"}]}


def surroundings() -> Surroundings:
    return Surroundings(
        subscription={"id": ROOT, "subscriptionId": SUBSCRIPTION},
        tenant={"tenantId": "tenant"},
        group={"id": GROUP, "name": "group-1", "location": "westeurope"},
        environment={"suffixes": {"storage": "core.windows.net"}},
        deployment={"name": "deployment-1"},
        now=1_767_225_600_000_000,
    )


def scope(**options: Any) -> Scope:
    parameters = {"name": "web", "count": 3, "sizes": [30, 60], "tags": {"Env": "test"}}
    chosen: dict[str, Any] = {
        "parameters": parameters,
        "variables": Variables({}),
        "special": SPECIAL,
    } | options
    return Scope(surroundings(), **chosen)


def value(text: str, **options: Any) -> Any:
    return scope(**options).resolve(f"[{text}]")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("concat('a', 'it''s', 1, true())", "ait's1True"),
        ("concat(createArray(1), createArray('b'))", [1, "b"]),
        ("format('{0}-{1}{{}}', parameters('NAME'), 5)", "web-5{}"),
        ("toUpper(toLower('aBc'))", "ABC"),
        ("trim(' a ')", "a"),
        ("substring('abcdef', 1, 3)", "bcd"),
        ("substring('abcdef', 4)", "ef"),
        ("indexOf('abcabc', 'C')", 2),
        ("lastIndexOf('abcabc', 'b')", 4),
        ("indexOf('abc', 'z')", -1),
        ("startsWith('abc', 'AB')", True),
        ("endsWith('abc', 'x')", False),
        ("padLeft(7, 3, '0')", "007"),
        ("replace('a-b-c', '-', '')", "abc"),
        ("split('a,b;c', createArray(',', ';'))", ["a", "b", "c"]),
        ("split('a,b', ',')[1]", "b"),
        ("join(createArray('a', 1), '-')", "a-1"),
        ("string(createObject('a', 1))", '{"a":1}'),
        ("base64ToString(base64('héllo'))", "héllo"),
        ("uri('http://contoso.org/first/', 'two')", "http://contoso.org/first/two"),
        ("uriComponent('a b/c')", "a%20b%2Fc"),
        ("uriComponentToString('a%20b')", "a b"),
        ("dateTimeAdd('2026-01-31T00:00:00Z', 'P1M')", "2026-02-28T00:00:00Z"),
        ("dateTimeAdd('2026-01-31T00:00:00Z', '-P1D')", "2026-01-30T00:00:00Z"),
        ("dateTimeFromEpoch(0)", "1970-01-01T00:00:00Z"),
        ("dateTimeToEpoch('1970-01-02T00:00:00Z')", 86400),
        ("json('{\"a\": [1.5, null]}').a[0]", 1.5),
        ("length(parameters('sizes'))", 2),
        ("empty('')", True),
        ("empty(createObject('a', 1))", False),
        ("contains(parameters('tags'), 'ENV')", True),
        ("contains(parameters('sizes'), 60)", True),
        ("contains('abc', 'B')", False),
        ("first('abc')", "a"),
        ("last(parameters('sizes'))", 60),
        ("skip(parameters('sizes'), 1)", [60]),
        ("take('abc', 2)", "ab"),
        ("min(3, 1, 2)", 1),
        ("max(createArray(3, 9))", 9),
        ("range(2, 3)", [2, 3, 4]),
        ("union(createArray(1, 2), createArray(2, 3))", [1, 2, 3]),
        (
            'union(json(\'{"a": {"x": 1}}\'), json(\'{"a": {"y": 2}}\'))',
            {"a": {"x": 1, "y": 2}},
        ),
        ("intersection(createArray(1, 2), createArray(2, 3))", [2]),
        ("intersection(createObject('a', 1, 'b', 2), createObject('a', 1, 'b', 3))", {"a": 1}),
        (
            "items(createObject('b', 1, 'a', 2))",
            [{"key": "a", "value": 2}, {"key": "b", "value": 1}],
        ),
        ("flatten(createArray(createArray(1), createArray(2)))", [1, 2]),
        ("shallowMerge(createArray(createObject('a', 1), createObject('a', 2)))", {"a": 2}),
        ("coalesce(null(), 'a', parameters('nothing'))", "a"),
        ("tryGet(parameters('tags'), 'nothing')", None),
        ("tryGet(parameters('tags'), 'env')", "test"),
        ("parameters('tags').env", "test"),
        ("parameters('tags')['ENV']", "test"),
        ("if(equals(parameters('count'), 3), 'yes', parameters('nothing'))", "yes"),
        ("and(true(), not(false()), or(false(), true()))", True),
        ("less('a', 'b')", True),
        ("greaterOrEquals(2, 3)", False),
        ("equals(true(), 1)", False),
        ("equals(createArray(1), createArray(true()))", False),
        ("add(mul(3, 4), sub(1, 2))", 11),
        ("div(-7, 2)", -3),
        ("mod(-7, 3)", -1),
        ("int('12')", 12),
        ("bool('true')", True),
        ("float('1.5')", 1.5),
        ("createObject('a', -5).A", -5),
        ("resourceGroup().location", "westeurope"),
        ("subscription().subscriptionId", SUBSCRIPTION),
        ("tenant().tenantId", "tenant"),
        ("deployment().name", "deployment-1"),
        ("environment().suffixes.storage", "core.windows.net"),
        (
            "resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 's')",
            f"{GROUP}/providers/Microsoft.Network/virtualNetworks/v/subnets/s",
        ),
        (
            "resourceId('group-2', 'Microsoft.Compute/disks', 'd')",
            f"{ROOT}/resourceGroups/group-2/providers/Microsoft.Compute/disks/d",
        ),
        (
            f"resourceId('{OTHER}', 'group-2', 'Microsoft.Compute/disks', 'd')",
            f"/subscriptions/{OTHER}/resourceGroups/group-2/providers/Microsoft.Compute/disks/d",
        ),
        (
            "subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'r')",
            f"{ROOT}/providers/Microsoft.Authorization/roleDefinitions/r",
        ),
        (
            "extensionResourceId('/x/y', 'Microsoft.Authorization/locks', 'l')",
            "/x/y/providers/Microsoft.Authorization/locks/l",
        ),
        ("map(parameters('sizes'), lambda('s', add(lambdaVariables('s'), 1)))", [31, 61]),
        ("filter(range(0, 5), lambda('n', greater(lambdaVariables('n'), 2)))", [3, 4]),
        (
            "reduce(range(1, 4), 0, lambda('a', 'n', add(lambdaVariables('a'), "
            "lambdaVariables('n'))))",
            10,
        ),
        (
            "sort(createArray(3, 1, 2), lambda('a', 'b', less(lambdaVariables('a'), "
            "lambdaVariables('b'))))",
            [1, 2, 3],
        ),
        (
            "toObject(createArray('a', 'b'), lambda('e', lambdaVariables('e')), lambda('e', 1))",
            {"a": 1, "b": 1},
        ),
        ("mapValues(createObject('a', 1), lambda('v', add(lambdaVariables('v'), 1)))", {"a": 2}),
    ],
)
def test_what_an_expression_comes_to(text: str, expected: Any) -> None:
    assert value(text) == expected


def test_a_guid_is_a_uuid_of_version_5_in_azures_namespace() -> None:
    namespace = uuid.UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830")
    assert value("guid('a', 'b', 1)") == str(uuid.uuid5(namespace, "a-b-1"))


def test_a_unique_string_has_13_letters_and_digits_and_follows_from_its_arguments() -> None:
    first, again, other = (value(f"uniqueString('{each}', 'b')") for each in "aac")
    assert first == again != other
    assert len(first) == 13
    assert set(first) <= set("abcdefghijklmnopqrstuvwxyz234567")


def test_what_is_deployed_is_only_within_reach_when_resources_are() -> None:
    assert value("reference('address').ipAddress", reach=Known()) == "10.0.0.4"
    full = "reference('address', '2024-05-01', 'Full').properties.ipAddress"
    assert value(full, reach=Known()) == "10.0.0.4"
    keys = "listKeys('account', '2024-01-01').keys[0].value"
    assert value(keys, reach=Known()) == "listKeys of account"
    for text in ("reference('address')", "listKeys('account', '2024-01-01')"):
        with pytest.raises(TemplateError, match="is not expected at this location"):
            value(text)


def test_the_time_is_asked_for_by_default_values_only() -> None:
    assert value("utcNow()", is_default=True) == "20260101T000000Z"
    assert value("utcNow('yyyy-MM-dd')", is_default=True) == "2026-01-01"
    assert len(value("newGuid()", is_default=True)) == 36
    for text in ("utcNow()", "newGuid()"):
        with pytest.raises(TemplateError, match="is not expected at this location"):
            value(text)


def test_a_loop_knows_its_turn() -> None:
    inner = scope().inside("disks", 1).inside("nics", 4)
    assert inner.resolve("[copyIndex()]") == 4
    assert inner.resolve("[copyIndex('DISKS', 10)]") == 11
    assert inner.resolve("[copyIndex(1)]") == 5
    with pytest.raises(TemplateError, match="copyIndex"):
        value("copyIndex()")


def test_a_variable_may_name_others_but_not_itself() -> None:
    variables = {"a": "[concat(variables('b'), '!')]", "b": "[toUpper('x')]"}
    assert value("variables('A')", variables=Variables(variables)) == "X!"
    circle = {"a": "[variables('b')]", "b": "[variables('a')]"}
    with pytest.raises(TemplateError, match="is defined by itself"):
        value("variables('a')", variables=Variables(circle))
    with pytest.raises(TemplateError, match="The template variable 'c' is not found"):
        value("variables('c')")


def test_a_user_may_have_functions() -> None:
    twice = {
        "parameters": [{"name": "text", "type": "string"}],
        "output": {"value": "[concat(parameters('text'), parameters('text'))]"},
    }
    assert value("my.twice('ab')", custom={"my.twice": twice}) == "abab"
    with pytest.raises(TemplateError, match=r"The template function 'my\.other' is not valid"):
        value("my.other('ab')", custom={"my.twice": twice})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("foo('a')", "The template function 'foo' is not valid"),
        ("concat('a'", "expected token 'RightParenthesis' and actual|expected token 'Comma'"),
        ("concat('a') 'b'", "expected token 'EndOfData' and actual 'StringLiteral'"),
        ("concat", "expected token 'LeftParenthesis' and actual 'EndOfData'"),
        ("'it's'", "expected token|is not expected"),
        ("concat('a', #)", "the character '#' at position '13' is not expected"),
        ("parameters('other')", "The template parameter 'other' is not found"),
        ("parameters('tags').other", "property 'other' doesn't exist, available properties .*Env"),
        ("parameters('sizes')[2]", "array index '2' is out of bounds"),
        ("parameters('name').x", "can't be evaluated, the value is of type 'String'"),
        ("toLower(1)", "'toLower': argument 1 must be of type 'text', it is of type 'Integer'"),
        ("toLower()", "requires '1' argument"),
        ("substring('abc', 2, 5)", "must refer to a location within the string"),
        ("div(1, 0)", "the divisor is zero"),
        ("mul(4611686018427387904, 4)", "does not fit in 64 bits"),
        ("99999999999999999999", "is not expected|does not fit|expected token"),
        ("less(1, 'a')", "both arguments must be of one type"),
        ("json('{')", "not valid JSON"),
        ("json('NaN')", "not valid JSON"),
        ("format('{1}', 'a')", "names argument 1, which is not given"),
        ("format('{0:N2}', 1)", "format component"),
        ("range(0, 10001)", "from 0 to 10000"),
        ("if(1, 2, 3)", "expects a boolean"),
        ("resourceId('Microsoft.Compute/disks')", "requires '1' resource name"),
        ("resourceId('a', 'b', 'c', 'Microsoft.Compute/disks', 'd')", "may stand before the type"),
        ("dateTimeAdd('9999-12-31T00:00:00Z', 'P1Y')", "not in the years 1 to 9999"),
        ("lambda('a', 1)", "is an argument of"),
        ("map(createArray(1), 2)", "expects a lambda"),
    ],
)
def test_what_is_wrong_is_told_by_name(text: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        value(text)


def test_what_is_no_expression_stays_as_it_is() -> None:
    plain = {"a": "[[x]", "b": "[x", "c": "x]", "d": None, "e": [True, 1.5], "f": ""}
    assert scope().resolve(plain) == plain | {"a": "[x]"}


def test_deep_and_large_expressions_are_refused() -> None:
    with pytest.raises(TemplateError, match="nested too deeply"):
        value("concat(" * 500 + "'a'" + ")" * 500)
    with pytest.raises(TemplateError, match="length limit exceeded"):
        value("concat('" + "a" * 30_000 + "')")
    with pytest.raises(TemplateError, match="literal limit exceeded"):
        value("concat(padLeft('a', 131072), 'b')")


def test_expressions_that_would_never_end_are_refused() -> None:
    again = "1"
    for _ in range(3):
        again = f"length(map(range(0, 10000), lambda('n', {again})))"
    with pytest.raises(TemplateError, match="take too long"):
        value(again)


def test_a_value_that_doubles_with_every_line_is_refused() -> None:
    doubling = {"v0": "0123456789"}
    doubling |= {
        f"v{n}": f"[createArray(variables('v{n - 1}'), variables('v{n - 1}'))]"
        for n in range(1, 60)
    }
    with pytest.raises(TemplateError, match="take too long"):
        value("variables('v59')", variables=Variables(doubling))


# --- whatever is written -----------------------------------------------------------------

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
literals: st.SearchStrategy[Node] = st.builds(
    Literal, st.text(max_size=10) | st.integers(-(2**63), 2**63 - 1)
)
known = st.sampled_from([*functions._FUNCTIONS, *SPECIAL, "concat", "resourceId"])


def _grown(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    arguments = st.lists(inner, max_size=4).map(tuple)
    calls = st.builds(Call, known | names, arguments)
    return calls | st.builds(Access, calls, st.builds(Literal, names) | inner)


trees = st.recursive(literals, _grown, max_leaves=12)


@given(trees)
def test_a_tree_is_read_back_as_it_was_written(tree: Node) -> None:
    assert read(f"[{written(tree)}]") == tree


@given(trees)
def test_an_expression_has_a_value_or_is_refused(tree: Node) -> None:
    for reach in (None, Known()):
        with suppress(TemplateError):
            scope(reach=reach).evaluate(tree)


@given(st.text(max_size=60) | st.text("[]()'.,abc123 -", max_size=60))
def test_any_text_is_an_expression_or_is_refused(text: str) -> None:
    for each in (text, f"[{text}]"):
        with suppress(TemplateError):
            scope(reach=Known()).resolve(each)


@given(st.text(max_size=40))
def test_an_escaped_text_is_read_as_it_stands(text: str) -> None:
    assert read(escape(text)) == Literal(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda part: (
        st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=3), part, max_size=3)
    ),
)


@given(st.sampled_from(sorted(functions._FUNCTIONS)), st.lists(json_values, max_size=4))
def test_a_function_takes_what_it_takes_and_refuses_the_rest(name: str, given_: list[Any]) -> None:
    with suppress(TemplateError):
        functions.call(name, given_)

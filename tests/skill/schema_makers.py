"""Schemas and values drawn by hypothesis: small ones that agree often, and wild ones that are hardly schemas at all."""

from typing import Any

from hypothesis import strategies as st

from skillyard.skill.schema_graph import HOLDERS

NAMES = st.sampled_from(["a", "b", "url", "n"])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-4, 6),
    st.sampled_from([0.5, 1.0, 2.5, -3.0]),
    st.sampled_from(["", "a", "b", "ab", "url", "12"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=6,
)
TYPES = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])
PATTERNS = st.sampled_from(["^a", "b$", "^[ab]*$", "[0-9]{1,3}"])


def _some(keywords: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=keywords)


_BY_TYPE = {
    "integer": {"minimum": st.integers(-3, 3), "maximum": st.integers(-1, 5), "multipleOf": st.integers(1, 3)},
    "number": {"exclusiveMinimum": st.integers(-3, 3), "exclusiveMaximum": st.integers(-1, 5)},
    "string": {"minLength": st.integers(0, 2), "maxLength": st.integers(0, 3), "pattern": PATTERNS},
}
LEAVES = st.one_of(
    st.just({}),
    st.booleans(),
    st.builds(lambda name: {"type": name}, TYPES),
    st.builds(lambda names: {"type": names}, st.lists(TYPES, min_size=1, max_size=3, unique=True)),
    st.builds(lambda values: {"enum": values}, st.lists(SCALARS, min_size=1, max_size=3)),
    st.builds(lambda value: {"const": value}, SCALARS),
    st.just({"$ref": "#/$defs/d"}),
    *[_some(keywords).map(lambda bounds, name=name: {"type": name, **bounds}) for name, keywords in _BY_TYPE.items()],
    *[_some(keywords) for keywords in _BY_TYPE.values()],
)


def _larger(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(inner, min_size=1, max_size=2)
    objects = _some(
        {
            "type": st.just("object"),
            "properties": st.dictionaries(NAMES, inner, max_size=3),
            "required": st.lists(NAMES, max_size=2, unique=True),
            "additionalProperties": inner,
            "patternProperties": st.dictionaries(PATTERNS, inner, max_size=1),
            "propertyNames": inner,
            "minProperties": st.integers(0, 2),
            "maxProperties": st.integers(0, 3),
            "dependentRequired": st.dictionaries(NAMES, st.lists(NAMES, max_size=1), max_size=1),
        }
    )
    arrays = _some(
        {
            "type": st.just("array"),
            "items": inner,
            "prefixItems": several,
            "contains": inner,
            "uniqueItems": st.booleans(),
            "minItems": st.integers(0, 2),
            "maxItems": st.integers(0, 3),
        }
    )
    joined = _some({"allOf": several, "anyOf": several, "oneOf": several, "not": inner, "if": inner, "then": inner})
    return st.one_of(objects, objects, arrays, joined)


SCHEMAS = st.builds(
    lambda schema, definition: {**(schema if isinstance(schema, dict) else {"allOf": [schema]}), "$defs": definition},
    st.recursive(LEAVES, _larger, max_leaves=6),
    st.fixed_dictionaries({"d": LEAVES.filter(lambda leaf: not isinstance(leaf, dict) or "$ref" not in leaf)}),
)

_KEYWORDS = st.sampled_from(
    sorted(HOLDERS | {"type", "$ref", "$id", "$anchor", "pattern", "required", "enum", "minimum"})
)
_REFERENCES = st.sampled_from(
    ["#", "#/", "#/$defs/x", "#/items", "#/~1", "http://a.example/b", "file:///etc/hosts", "#%ff"]
)
WILD = st.recursive(
    st.one_of(SCALARS, _REFERENCES, st.sampled_from(["(", "(?=a)", "string", "a{1,99999}", "\ud800"]), st.just(10**30)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(_KEYWORDS, inner, max_size=4), st.dictionaries(NAMES, inner)
    ),
    max_leaves=12,
)

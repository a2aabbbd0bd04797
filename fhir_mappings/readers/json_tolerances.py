"""JSON that is not quite FHIR, brought into its shape where the meaning is beyond doubt: a closed list.

Asked only about what the typed structs have refused. `null` reads as absent; a number written as a JSON
string is the number, and a whole number where words belong its digits; "true" and "false" are themselves;
one value where a list belongs is a list of one. Everything else stays refused (DECISIONS 49).
"""

import re
from typing import Any

import msgspec

_NUMBER = re.compile(r"[-+]?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?(?:[eE][-+]?\d{1,2})?")
"""As JSON writes one: "01.5" may be 10.5 with two keys in the wrong order, and stays unread."""
_TRUTH = {"true": True, "false": False}


def mended(value: Any, shape: type[msgspec.Struct]) -> tuple[Any, tuple[str, ...]]:
    """The JSON value as `shape` wants it, as far as that is beyond doubt, and the elements touched."""
    touched: list[str] = []
    return _mend(value, msgspec.inspect.type_info(shape), "", touched), tuple(dict.fromkeys(touched))


def _mend(value: Any, shape: msgspec.inspect.Type, path: str, touched: list[str]) -> Any:
    match shape:
        case msgspec.inspect.UnionType(types=types):
            wanted = [t for t in types if not isinstance(t, msgspec.inspect.NoneType)]
            return (
                _number(value, path, touched) if len(wanted) > 1 else _mend(value, wanted[0], path, touched)
            )
        case msgspec.inspect.StructType(fields=fields):
            return _mend_members(value, fields, path, touched)
        case msgspec.inspect.VarTupleType(item_type=item):
            return _mend_list(value, item, path, touched)
        case msgspec.inspect.IntType() | msgspec.inspect.FloatType():
            return _number(value, path, touched)
        case msgspec.inspect.StrType():
            return _text(value, path, touched)
        case msgspec.inspect.BoolType():
            return _truth(value, path, touched)
    return value


def _mend_members(
    value: Any, fields: tuple[msgspec.inspect.Field, ...], path: str, touched: list[str]
) -> Any:
    if not isinstance(value, dict):
        return value
    whole = dict(value)
    for field in fields:
        name = field.encode_name
        if name not in whole:
            continue
        here = f"{path}.{name}".lstrip(".")
        if whole[name] is None:
            del whole[name]
            touched.append(here)
        else:
            whole[name] = _mend(whole[name], field.type, here, touched)
    return whole


def _mend_list(value: Any, item: msgspec.inspect.Type, path: str, touched: list[str]) -> Any:
    listed = value if isinstance(value, list) else [value]
    kept = [_mend(one, item, path, touched) for one in listed if one is not None]
    if not isinstance(value, list) or len(kept) < len(listed):
        touched.append(path)
    return kept


def _number(value: Any, path: str, touched: list[str]) -> Any:
    if not isinstance(value, str) or not _NUMBER.fullmatch(value.strip()):
        return value
    touched.append(path)
    plain = value.strip()
    return int(plain) if plain.lstrip("+-").isdigit() else float(plain)


def _text(value: Any, path: str, touched: list[str]) -> Any:
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    touched.append(path)
    return str(value)


def _truth(value: Any, path: str, touched: list[str]) -> Any:
    if not isinstance(value, str) or value.strip().casefold() not in _TRUTH:
        return value
    touched.append(path)
    return _TRUTH[value.strip().casefold()]

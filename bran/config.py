"""Configuration: strict pydantic models, read from YAML, overridden by dotted keys, hashed.

A config class stands beside the class it configures and builds it. A variant of an experiment is a
list of dotted overrides (``model.encoder.blocks=3``), never a branch in the code. One that is worth a name
is a file of them, with the file that it differs from::

    base: bran.yaml
    training.epochs: 8
    model.encoder.feed_forward: {kind: lstm}
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from bran.errors import ConfigError
from bran.wording import one_line


class Config(BaseModel):
    """Base of all configs: frozen, unknown keys are errors, defaults are validated."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


ConfigT = TypeVar("ConfigT", bound=BaseModel)


def load_config(cls: type[ConfigT], path: Path, overrides: Iterable[str] = ()) -> ConfigT:
    """Read ``path`` as YAML, apply ``overrides`` and validate.

    Args:
        cls: the config class.
        path: a YAML file as :func:`read_settings` takes it.
        overrides: ``dotted.key=value`` strings; values are read as YAML scalars or lists.

    Raises:
        ConfigError: when the file cannot be read or a key or value is not accepted.
    """
    return parse_config(cls, override(read_settings(path), overrides), source=str(path))


def read_settings(path: Path) -> dict[str, Any]:
    """The mapping that the YAML file at ``path`` holds, or with a key ``base`` describes.

    ``base`` names another such file, relative to this one. All other keys are dotted then, and what stands there in
    the base gives way to their values as a whole, as it does to overrides.

    Raises:
        ConfigError: when a file cannot be read, is its own base, or has a key that goes through a plain value.
    """
    return _read_settings(path, ())


def _read_settings(path: Path, above: tuple[Path, ...]) -> dict[str, Any]:
    """As :func:`read_settings`, of a file that is the base of those ``above``."""
    place = path.resolve()
    if place in above:
        raise ConfigError(f"{path}: is its own base, by way of {above[-1].name}; expected another file")
    data = read_yaml(path)
    if "base" not in data:
        return data
    base = data.pop("base")
    if not isinstance(base, str):
        raise ConfigError(f"{path}: base = {base!r}; expected the path of a YAML file")
    result = _read_settings(path.parent / base, (*above, place))
    for key, value in data.items():
        _set(result, str(key), value, source=f"{path}: key {str(key)!r}")
    return result


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping that the YAML file at ``path`` holds.

    Raises:
        ConfigError: when there is no such file, it is no YAML, or holds no mapping.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); expected a YAML file") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{path}:{line}: {error.problem}; expected valid YAML") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {one_line(error)}; expected valid YAML") from None
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ConfigError(f"{path}: holds a {type(data).__name__}, expected a mapping of keys to values")
    return data


def override(data: Mapping[str, Any], overrides: Iterable[str]) -> dict[str, Any]:
    """A copy of ``data`` with each ``dotted.key=value`` set; mappings on the way are made.

    Raises:
        ConfigError: when an override has no ``=``, an empty key, or goes through a plain value.
    """
    result: dict[str, Any] = deepcopy(dict(data))
    for item in overrides:
        key, separator, value = item.partition("=")
        if not separator or not all(key.split(".")):
            raise ConfigError(f"override {item!r}: expected dotted.key=value")
        try:
            parsed = yaml.safe_load(value)
        except yaml.YAMLError:
            raise ConfigError(f"override {item!r}: {value!r} is not a YAML value") from None
        _set(result, key, parsed, source=f"override {item!r}")
    return result


def _set(data: dict[str, Any], key: str, value: Any, *, source: str) -> None:
    """Set the dotted ``key`` in ``data``; mappings on the way are made."""
    *parents, last = key.split(".")
    for parent in parents:
        data = data.setdefault(parent, {})
        if not isinstance(data, dict):
            raise ConfigError(f"{source}: {parent!r} is a plain value, it has no keys")
    data[last] = value


def parse_config(cls: type[ConfigT], data: Mapping[str, Any], source: str) -> ConfigT:
    """Validate ``data`` as ``cls``; ``source`` names where it came from in the error.

    Raises:
        ConfigError: names each key that is not accepted, its value and what was expected.
    """
    try:
        return cls.model_validate(data)
    except ValidationError as error:
        details = "; ".join(_explain(cls, item) for item in error.errors())
        raise ConfigError(f"{source}: {details}") from None


def config_hash(config: BaseModel) -> str:
    """Twelve hexadecimal digits that name the resolved config (defaults included)."""
    canonical = json.dumps(config.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def _explain(cls: type[BaseModel], item: Any) -> str:
    key = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        return f"unknown key {key!r} (value {item['input']!r}){_hint(cls, key)}"
    if item["type"] == "missing":
        return f"key {key!r} is missing"
    if item["type"] == "union_tag_not_found":
        return f"key {f'{key}.kind'!r} is missing"
    message: str = item["msg"].removeprefix("Value error, ")  # pydantic's words for a validator of ours
    return f"{key} = {item['input']!r}: {message}" if key else message


def _hint(cls: type[BaseModel], key: str) -> str:
    """What may have been meant by the unknown ``key``: by its name alone when that stands beside it."""
    known = list(_keys(cls))
    parent, _, name = key.rpartition(".")
    close = difflib.get_close_matches(name, sorted({path.rpartition(".")[2] for path in known}), n=1)
    if not close:
        return ""
    alike = [path for path in known if path.rpartition(".")[2] == close[0]]
    nearest = max(alike, key=lambda path: difflib.SequenceMatcher(None, path, key).ratio())
    return f"; did you mean {nearest.removeprefix(f'{parent}.')!r}?"


def _keys(annotation: Any) -> Iterator[str]:
    """Every dotted key that is reachable from a config class."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            key = field.alias or name
            yield key
            yield from (f"{key}.{rest}" for rest in _keys(field.annotation))
        return
    for argument in getattr(annotation, "__args__", ()):
        yield from _keys(argument)

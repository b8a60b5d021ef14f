"""Configuration: strict pydantic models, read from YAML, overridden by dotted keys, hashed.

A config class stands beside the class it configures and builds it. A variant of an experiment is a
list of dotted overrides (``model.encoder.blocks=3``), never a branch in the code.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from bran.errors import ConfigError


class Config(BaseModel):
    """Base of all configs: frozen, unknown keys are errors, defaults are validated."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


ConfigT = TypeVar("ConfigT", bound=BaseModel)


def load_config(cls: type[ConfigT], path: Path, overrides: Iterable[str] = ()) -> ConfigT:
    """Read ``path`` as YAML, apply ``overrides`` and validate.

    Args:
        cls: the config class.
        path: a YAML file that holds one mapping.
        overrides: ``dotted.key=value`` strings; values are read as YAML scalars or lists.

    Raises:
        ConfigError: when the file cannot be read or a key or value is not accepted.
    """
    return parse_config(cls, override(read_yaml(path), overrides), source=str(path))


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping that the YAML file at ``path`` holds.

    Raises:
        ConfigError: when there is no such file, it is no YAML, or holds no mapping.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); expected a YAML file") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
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
    result: dict[str, Any] = json.loads(json.dumps(data))
    for item in overrides:
        key, separator, value = item.partition("=")
        if not separator or not all(key.split(".")):
            raise ConfigError(f"override {item!r}: expected dotted.key=value")
        *parents, last = key.split(".")
        target = result
        for parent in parents:
            target = target.setdefault(parent, {})
            if not isinstance(target, dict):
                raise ConfigError(f"override {item!r}: {parent!r} is a plain value, it has no keys")
        try:
            target[last] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise ConfigError(f"override {item!r}: {value!r} is not a YAML value") from None
    return result


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
    key = ".".join(str(part) for part in item["loc"]) or "(the whole config)"
    if item["type"] == "extra_forbidden":
        close = difflib.get_close_matches(str(item["loc"][-1]), sorted(_keys(cls, set())), n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        return f"unknown key {key!r} (value {item['input']!r}){hint}"
    if item["type"] == "missing":
        return f"key {key!r} is missing"
    return f"{key} = {item['input']!r}: {item['msg']}"


def _keys(annotation: Any, seen: set[type]) -> set[str]:
    """Every field name reachable from a config class, for the "did you mean" hint."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if annotation in seen:
            return set()
        seen.add(annotation)
        names = set(annotation.model_fields)
        for field in annotation.model_fields.values():
            names |= _keys(field.annotation, seen)
        return names
    nested: set[str] = set()
    for argument in getattr(annotation, "__args__", ()):
        nested |= _keys(argument, seen)
    return nested

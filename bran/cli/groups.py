"""Options that several commands share: fields of one class, which a command takes as one parameter."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, is_dataclass
from functools import wraps
from inspect import Parameter
from typing import Any, get_type_hints


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """``command`` as typer takes it: a parameter whose type is a dataclass is replaced by the fields of that class.

    Args:
        command: its parameters, and those fields, are annotated for typer; no name comes twice.
    """
    hints = get_type_hints(command, include_extras=True)
    groups = {name: hint for name, hint in hints.items() if isinstance(hint, type) and is_dataclass(hint)}

    @wraps(command)
    def flat(**given: Any) -> None:
        for name, group in groups.items():
            given[name] = group(**{field.name: given.pop(field.name) for field in fields(group)})
        command(**given)

    parameters = [
        each
        for name, parameter in inspect.signature(command).parameters.items()
        for each in (_options(groups[name]) if name in groups else [_keyword(name, hints[name], parameter.default)])
    ]
    flat.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    flat.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return flat


def _options(group: type[Any]) -> Iterator[Parameter]:
    """The fields of ``group``, in order."""
    hints = get_type_hints(group, include_extras=True)
    for field in fields(group):
        yield _keyword(field.name, hints[field.name], Parameter.empty if field.default is MISSING else field.default)


def _keyword(name: str, annotation: Any, default: Any) -> Parameter:
    # By keyword, so that options without default may come after some with one.
    return Parameter(name, Parameter.KEYWORD_ONLY, annotation=annotation, default=default)

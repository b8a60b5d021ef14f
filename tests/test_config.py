"""Configs: strict keys and values, dotted overrides, hashes; what does not hold is told in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field, model_validator

from bran.config import Config, config_hash, load_config, override, parse_config, read_yaml
from bran.errors import ConfigError


class Round(Config):
    kind: Literal["round"] = "round"
    radius: float = Field(default=1.0, gt=0)


class Square(Config):
    kind: Literal["square"] = "square"
    side: int = Field(default=2, ge=1)


class Pen(Config):
    colour: str = "black"
    width: int = 1

    @model_validator(mode="after")
    def _can_be_seen(self) -> Pen:
        if self.colour == "none":
            raise ValueError("expected a colour that can be seen")
        return self


class Drawing(Config):
    name: str
    sheet: str = Field(default="a4", alias="paper")
    pen: Pen = Pen()
    shapes: tuple[Annotated[Round | Square, Field(discriminator="kind")], ...] = ()


def refusal(data: dict[str, object]) -> str:
    """The one line with which ``data`` is refused."""
    with pytest.raises(ConfigError) as caught:
        parse_config(Drawing, data, source="drawing.yaml")
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "drawing.yaml"
    path.write_text("name: map\npen: {colour: red}\nshapes: [{kind: square}]\n", encoding="utf-8")
    return path


def test_file_and_overrides(path: Path) -> None:
    drawing = load_config(Drawing, path, ["pen.width=3", "paper=a3", "shapes=[{kind: round, radius: 0.5}]", "name='7'"])
    assert drawing == Drawing(name="7", paper="a3", pen=Pen(colour="red", width=3), shapes=(Round(radius=0.5),))


def test_a_file_may_say_what_differs_from_another(path: Path, tmp_path: Path) -> None:
    (tmp_path / "variants").mkdir()
    wide, bare = tmp_path / "variants" / "wide.yaml", tmp_path / "variants" / "bare.yaml"
    wide.write_text("base: ../drawing.yaml\npen.width: 3\npaper: a3\n", encoding="utf-8")
    bare.write_text("base: wide.yaml\nname: bare\nshapes: []\npen: {width: 5}\n", encoding="utf-8")
    assert load_config(Drawing, wide) == load_config(Drawing, path, ["pen.width=3", "paper=a3"])
    # What is replaced is replaced as a whole: the colour of the pen is the default again.
    assert load_config(Drawing, bare, ["paper=a5"]) == Drawing(name="bare", paper="a5", pen=Pen(width=5))
    assert config_hash(load_config(Drawing, wide)) == config_hash(
        load_config(Drawing, path, ["pen.width=3", "paper=a3"])
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("base: absent.yaml", "absent.yaml: cannot be read (No such file or directory); expected a YAML file"),
        ("base: variant.yaml", "variant.yaml: is its own base, by way of variant.yaml; expected another file"),
        ("base: other.yaml", "variant.yaml: is its own base, by way of other.yaml; expected another file"),
        ("base: [drawing.yaml]", "variant.yaml: base = ['drawing.yaml']; expected the path of a YAML file"),
        (
            "base: drawing.yaml\nname.first: a",
            "variant.yaml: key 'name.first': 'name' is a plain value, it has no keys",
        ),
        ("base: drawing.yaml\npen.length: 3", "variant.yaml: unknown key 'pen.length' (value 3)"),
    ],
)
def test_a_base_that_does_not_hold(path: Path, tmp_path: Path, content: str, message: str) -> None:
    variant = tmp_path / "variant.yaml"
    variant.write_text(content, encoding="utf-8")
    (tmp_path / "other.yaml").write_text("base: variant.yaml", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(Drawing, variant)
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path))


def test_an_override_makes_the_mappings_on_its_way_and_leaves_the_original_alone() -> None:
    data = {"pen": {"width": 1}}
    assert override(data, ["pen.width=2", "a.b.c=[1, 2]", "empty=", "text=a=b"]) == {
        "pen": {"width": 2},
        "a": {"b": {"c": [1, 2]}},
        "empty": None,
        "text": "a=b",
    }
    assert data == {"pen": {"width": 1}}


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("pen.width", "override 'pen.width': expected dotted.key=value"),
        ("=3", "override '=3': expected dotted.key=value"),
        ("pen..width=3", "override 'pen..width=3': expected dotted.key=value"),
        ("name.first=Ada", "override 'name.first=Ada': 'name' is a plain value, it has no keys"),
        ("pen.width=[3", "override 'pen.width=[3': '[3' is not a YAML value"),
    ],
)
def test_an_override_that_does_not_hold(item: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        override({"name": "map"}, [item])
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"name": "map", "pen": {"color": "red"}}, "unknown key 'pen.color' (value 'red'); did you mean 'colour'?"),
        ({"name": "map", "width": 3}, "unknown key 'width' (value 3); did you mean 'pen.width'?"),
        ({"name": "map", "sheet": "a4"}, "unknown key 'sheet' (value 'a4')"),
        ({"name": "map", "papr": "a4"}, "unknown key 'papr' (value 'a4'); did you mean 'paper'?"),
        ({"name": "map", "zzz": 1}, "unknown key 'zzz' (value 1)"),
        ({}, "key 'name' is missing"),
        ({"name": "map", "pen": {"width": "wide"}}, "pen.width = 'wide': Input should be a valid integer"),
        ({"name": "map", "shapes": [{"side": 3}]}, "key 'shapes.0.kind' is missing"),
        ({"name": "map", "shapes": [{"kind": "oval"}]}, "'round', 'square'"),
        ({"name": "map", "shapes": [{"kind": "square", "side": 0}]}, "side = 0: Input should be greater than or equal"),
        ({"name": "map", 3: 4}, "3 = "),
    ],
)
def test_keys_and_values_that_are_not_accepted(data: dict[str, object], message: str) -> None:
    line = refusal(data)
    assert line.startswith("drawing.yaml: ")
    assert message in line
    assert line.endswith("?") == ("did you mean" in message)


def test_validators_speak_for_themselves() -> None:
    assert refusal({"name": "map", "pen": {"colour": "none"}}) == (
        "drawing.yaml: pen = {'colour': 'none'}: expected a colour that can be seen"
    )
    with pytest.raises(ConfigError) as caught:
        parse_config(Pen, {"colour": "none"}, source="pen.yaml")
    assert str(caught.value) == "pen.yaml: expected a colour that can be seen"


def test_every_fault_is_told_at_once() -> None:
    line = refusal({"pen": {"width": "wide"}, "nam": "map"})
    assert line.count(";") == 3
    for part in ("key 'name' is missing", "pen.width = 'wide'", "unknown key 'nam' (value 'map')"):
        assert part in line


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name: [a\n", "drawing.yaml:2: expected ',' or ']'"),
        (b"a: 1\nname: 'x\n", "drawing.yaml:3: found unexpected end of stream; expected valid YAML"),
        (b"\xff\xfe\x00", "drawing.yaml: 'utf-8' codec can't decode byte 0xff"),
        (b"name: \x01\n", "drawing.yaml: unacceptable character #x0001"),
        (b"- 1\n", "drawing.yaml: holds a list, expected a mapping"),
        (b"text\n", "drawing.yaml: holds a str, expected a mapping"),
        (b"name: !!python/object/apply:os.system [ls]\n", "could not determine a constructor for the tag"),
    ],
)
def test_files_that_are_no_config(path: Path, content: bytes, message: str) -> None:
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_config(Drawing, path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.yaml: cannot be read \(No such file or directory\); expected"):
        read_yaml(tmp_path / "absent.yaml")
    with pytest.raises(ConfigError, match="cannot be read \\(Is a directory\\)"):
        read_yaml(tmp_path)


def test_an_empty_file_is_all_defaults(path: Path) -> None:
    path.write_text("# nothing yet\n", encoding="utf-8")
    assert load_config(Pen, path) == Pen()


def test_a_date_is_no_text_and_no_fault(path: Path) -> None:
    path.write_text("name: 2020-01-01\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"name = datetime\.date\(2020, 1, 1\): Input should be a valid string"):
        load_config(Drawing, path)


def test_configs_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Pen().width = 2


def test_the_hash_is_that_of_the_resolved_config() -> None:
    plain = Drawing(name="map")
    assert config_hash(plain) == config_hash(Drawing(name="map", pen=Pen(width=1), paper="a4"))
    assert config_hash(plain) != config_hash(Drawing(name="map", pen=Pen(width=2)))
    assert config_hash(plain) == config_hash(Drawing.model_validate(json.loads(plain.model_dump_json(by_alias=True))))
    assert len(config_hash(plain)) == 12
    assert set(config_hash(plain)) <= set("0123456789abcdef")

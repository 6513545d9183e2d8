"""PyYAML: a parser of Cython over libyaml, with constructors and files of Python's, errors."""

import datetime
import io
from typing import Any

import yaml
import yaml._yaml

from ._facts import raised, told


class Loader(yaml.CSafeLoader):
    """A loader of our own, so that nobody else's tables change."""


class Dumper(yaml.CSafeDumper):
    """A dumper of our own."""


class Point(yaml.YAMLObject):
    """Registers itself with the loader by its metaclass."""

    yaml_tag = "!point"
    yaml_loader = Loader
    yaml_dumper = Dumper

    def __init__(self, x: int, y: int) -> None:
        self.x = x
        self.y = y


Loader.add_constructor("!sum", lambda loader, node: sum(loader.construct_sequence(node)))
Loader.add_constructor("!fails", lambda loader, node: 1 // 0)
Dumper.add_representer(complex, lambda dumper, z: dumper.represent_scalar("!complex", f"{z:g}"))


def load(source: Any) -> Any:
    """Load with our loader."""
    return yaml.load(source, Loader=Loader)


def document() -> dict[str, Any]:
    """Something of everything, one list twice."""
    shared = [1, "two", None]
    return {
        "numbers": list(range(150)),
        "table": {f"kéy {i}": [i * 0.5, "x: y", True] for i in range(60)},
        "day": datetime.date(2024, 2, 29),
        "at": datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.UTC),
        "binary": bytes(range(20)),
        "shared": [shared, shared],
        "lines": "one\ntwo\n",
    }


def work() -> str:
    """Dump, load, walk events, fail."""
    whole = document()
    for _ in range(15):
        text = yaml.dump(whole, Dumper=Dumper, allow_unicode=True)
        back = load(text)
    cyclic = load("&a [1, *a]")
    point = load(yaml.dump(Point(1, 2), Dumper=Dumper))
    events = [type(each).__name__ for each in yaml.parse("- {a: [b]}\n", Loader=Loader)]
    return told(
        length=len(text),
        same=back == whole,
        shared=back["shared"][0] is back["shared"][1],
        cyclic=cyclic[1] is cyclic,
        point=(type(point).__name__, point.x, point.y),
        sum=load("!sum [1, 2, 3]"),
        complex=yaml.dump(1 + 2j, Dumper=Dumper),
        from_file=len(load(io.BytesIO(text.encode()))),
        documents=list(yaml.load_all("--- 1\n--- [2]\n", Loader=Loader)),
        events=events,
        raises=raised(lambda: load("!fails x")),
        broken=raised(lambda: load("a: [1, 2")),
        unknown=raised(lambda: load("!nothing x"), with_text=False),
        compiled=(yaml.__with_libyaml__, yaml._yaml.get_version_string()),
    )

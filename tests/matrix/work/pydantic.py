"""pydantic: validators of Rust that call Python, cached classes, errors, datetimes, pickles."""

import datetime
import decimal
import enum
import gc
import pickle
import weakref
from typing import Annotated, Any, Literal

import pydantic
import pydantic_core

from ._facts import raised, told


class Colour(enum.StrEnum):
    """Looked up by value in Rust."""

    RED = "red"
    BLUE = "blue"


class Cat(pydantic.BaseModel):
    """One side of a tagged union."""

    kind: Literal["cat"]
    lives: int = pydantic.Field(9, ge=1)


class Dog(pydantic.BaseModel):
    """The other side."""

    kind: Literal["dog"]
    colour: Colour = Colour.RED


class Order(pydantic.BaseModel):
    """Validators and serializers of Python's at every stage."""

    model_config = pydantic.ConfigDict(validate_assignment=True)

    number: int
    price: decimal.Decimal = decimal.Decimal(1)
    at: datetime.datetime | None = None
    pet: Annotated[Cat | Dog, pydantic.Field(discriminator="kind")] | None = None
    parts: "list[Order]" = []
    site: pydantic.AnyUrl | None = None

    @pydantic.field_validator("number", mode="before")
    @classmethod
    def no_hash_sign(cls, value: Any) -> Any:
        return value.lstrip("#") if isinstance(value, str) else value

    @pydantic.model_validator(mode="after")
    def not_unlucky(self) -> "Order":
        if self.number == 13:
            raise pydantic_core.PydanticCustomError(
                "unlucky", "{number} is unlucky", {"number": 13}
            )
        return self

    @pydantic.field_serializer("price")
    def price_as_text(self, price: decimal.Decimal) -> str:
        return f"{price:.2f}"

    @pydantic.computed_field  # type: ignore[prop-decorator]
    @property
    def size(self) -> int:
        return 1 + sum(part.size for part in self.parts)


class Page[Item](pydantic.BaseModel):
    """A generic model: its classes are made on demand and cached."""

    items: list[Item]


@pydantic.validate_call
def repeated(text: str, times: Annotated[int, pydantic.Field(gt=0)]) -> str:
    """A function whose arguments are validated."""
    return text * times


def raw(count: int) -> dict[str, Any]:
    """An order with parts, as a parser of JSON would give it."""
    part = {"number": "#7", "price": "2.5", "at": "2024-02-29T12:00:00+02:00"}
    pets = [{"kind": "cat"}, {"kind": "dog", "colour": "blue"}]
    parts = [part | {"pet": pets[i % 2], "site": f"http://exämple.org/{i}"} for i in range(count)]
    return {"number": 1, "parts": parts}


def errors() -> list[tuple[str, tuple[int | str, ...]]]:
    """Where and why a bad order is refused."""
    bad = {"number": "x", "pet": {"kind": "cow"}, "parts": [{"number": 13}], "site": "nowhere"}
    try:
        Order.model_validate(bad)
    except pydantic.ValidationError as error:
        return [(each["type"], each["loc"]) for each in error.errors()]
    return []


def model_goes() -> bool:
    """A class of a model, with its validator, is collected as any other."""
    model = pydantic.create_model("Passing", number=(int, 1))
    gone = weakref.ref(model)
    model(number="3")
    del model
    gc.collect()
    return gone() is None


def work() -> str:
    """Validate, serialize, fail, pickle."""
    for _ in range(30):
        order = Order.model_validate(raw(100))
        text = order.model_dump_json()
        again = Order.model_validate_json(text)
    part = again.parts[1]
    return told(
        length=len(text),
        equal=again == order,
        part=(part.model_dump(mode="json"), repr(part.at), str(part.at and part.at.tzinfo)),
        pickled=pickle.loads(pickle.dumps(again)) == again,
        zone=pickle.loads(pickle.dumps(part.at)) == part.at,
        errors=errors(),
        assigned=raised(lambda: setattr(order, "number", "y"), with_text=False),
        schema=sorted(Order.model_json_schema()["$defs"]),
        page=Page[int].model_validate({"items": ["1", 2]}),
        same_class=Page[int] is Page[int],
        called=(repeated("ab", "2"), raised(lambda: repeated("ab", 0), with_text=False)),
        adapted=pydantic.TypeAdapter(dict[datetime.date, set[int]]).validate_json(
            '{"2024-01-01": ["1"]}'
        ),
        goes=model_goes(),
    )

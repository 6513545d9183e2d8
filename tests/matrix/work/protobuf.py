"""protobuf: descriptors and classes in pools of C, messages that keep each other alive."""

import gc
import pickle
from typing import Any

from google.protobuf import (
    any_pb2,
    descriptor_pb2,
    descriptor_pool,
    duration_pb2,
    json_format,
    message_factory,
    struct_pb2,
    text_format,
    timestamp_pb2,
    unknown_fields,
)
from google.protobuf.internal import api_implementation

from ._facts import raised, told

Field = descriptor_pb2.FieldDescriptorProto


def message_class() -> Any:
    """A message type that is made here: in a pool of its own."""
    file = descriptor_pb2.FileDescriptorProto(
        name="matrix.proto", package="matrix", syntax="proto3"
    )
    file.enum_type.add(name="Kind").value.add(name="SMALL", number=0)
    file.enum_type[0].value.add(name="LARGE", number=5)
    tree = file.message_type.add(name="Tree")
    for number, (name, kind, label, type_name) in enumerate(
        (
            ("id", Field.TYPE_INT64, Field.LABEL_OPTIONAL, None),
            ("names", Field.TYPE_STRING, Field.LABEL_REPEATED, None),
            ("children", Field.TYPE_MESSAGE, Field.LABEL_REPEATED, ".matrix.Tree"),
            ("kind", Field.TYPE_ENUM, Field.LABEL_OPTIONAL, ".matrix.Kind"),
            ("data", Field.TYPE_BYTES, Field.LABEL_OPTIONAL, None),
            ("weights", Field.TYPE_DOUBLE, Field.LABEL_REPEATED, None),
        ),
        start=1,
    ):
        tree.field.add(name=name, number=number, type=kind, label=label, type_name=type_name)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("matrix.Tree"))


Tree = message_class()


def grown(depth: int) -> Any:
    """A tree with a few hundred leaves."""
    tree = Tree(
        id=depth, names=[f"é{depth}"] * 5, kind=5, data=b"\x00" * depth, weights=[0.5, depth]
    )
    if depth:
        tree.children.extend(grown(depth - 1) for _ in range(4))
    return tree


def orphan() -> Any:
    """A part of a message whose whole is gone: it keeps the memory."""
    child = grown(2).children[1].children[2]
    gc.collect()
    return child


def known_types() -> dict[str, object]:
    """The messages that come with the library, in its default pool."""
    stamp = timestamp_pb2.Timestamp()
    stamp.FromJsonString("2024-02-29T12:00:00.5Z")
    length = duration_pb2.Duration(seconds=3)
    structure = struct_pb2.Struct()
    structure.update({"list": [1, "x", None], "inner": {"a": True}})
    packed = any_pb2.Any()
    packed.Pack(stamp)
    unpacked = timestamp_pb2.Timestamp()
    return {
        "stamp": (stamp.ToDatetime(), length.ToTimedelta()),
        "structure": sorted(json_format.MessageToDict(structure).items()),
        "any": (packed.Unpack(unpacked), unpacked == stamp, packed.TypeName()),
        "pickled": pickle.loads(pickle.dumps(stamp)) == stamp,
    }


def work() -> str:
    """Build, write, read in three formats, fail."""
    for _ in range(8):
        tree = grown(4)
        data = tree.SerializeToString(deterministic=True)
        back = Tree.FromString(data)
        text = json_format.MessageToJson(back)
    other = Tree(id=1)
    other.MergeFrom(Tree(names=["a"]))
    slices = back.names[1:3]
    back.weights[:] = [3, 2, 1]
    back.weights.sort()
    unknown = unknown_fields.UnknownFieldSet(struct_pb2.Struct.FromString(b"\x28\x07"))
    return told(
        implementation=api_implementation.Type(),
        data=(len(data), tree == Tree.FromString(data)),
        json=(len(text), json_format.Parse(text, Tree()) == tree),
        text=text_format.Parse(text_format.MessageToString(other), Tree()) == other,
        orphan=(orphan().id, list(orphan().names)),
        repeated=(slices, list(back.weights)),
        fields=[field.name for field, _ in tree.ListFields()],
        descriptor=(
            Tree.DESCRIPTOR.full_name,
            Tree.DESCRIPTOR.fields_by_name["kind"].enum_type.name,
        ),
        unknown=[(each.field_number, each.data) for each in unknown],
        **known_types(),
        broken=raised(lambda: Tree.FromString(b"\xff\xff"), with_text=False),
        wrong_type=raised(lambda: Tree(id="x"), with_text=False),
        out_of_range=raised(lambda: setattr(tree, "id", 2**70), with_text=False),
        no_field=raised(lambda: setattr(tree, "nothing", 1), with_text=False),
    )

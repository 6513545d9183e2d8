"""SQLAlchemy: compiled collections and rows, over SQLite that calls Python; events and types."""

import datetime
import decimal
import gc
import pickle
import sys
import threading
import weakref
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, orm, pool

from ._facts import raised, told


class Base(orm.DeclarativeBase):
    """A registry of mapped classes."""


class Words(sa.TypeDecorator[list[str]]):
    """A type of one's own, called for each value."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return " ".join(value or [])

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        return (value or "").split()


class Author(Base):
    """One side of a relation."""

    __tablename__ = "author"

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str] = orm.mapped_column(unique=True)
    books: orm.Mapped[list["Book"]] = orm.relationship(back_populates="author")


class Book(Base):
    """The other side."""

    __tablename__ = "book"

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    author_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("author.id"))
    price: orm.Mapped[decimal.Decimal] = orm.mapped_column(sa.Numeric(8, 2, asdecimal=True))
    at: orm.Mapped[datetime.datetime]
    words: orm.Mapped[list[str]] = orm.mapped_column(Words)
    author: orm.Mapped[Author] = orm.relationship(back_populates="books")


def engine() -> sa.Engine:
    """A database in memory with a function of Python's."""
    made = sa.create_engine(
        "sqlite://", poolclass=pool.StaticPool, connect_args={"check_same_thread": False}
    )

    @event.listens_for(made, "connect")
    def connected(connection: Any, record: Any) -> None:
        connection.create_function("thrice", 1, lambda number: 3 * number)

    Base.metadata.create_all(made)
    return made


def filled(session: orm.Session) -> None:
    """Add authors and their books."""
    start = datetime.datetime(2024, 1, 1, 12)
    for number in range(40):
        author = Author(name=f"auth\u00f6r {number}")
        author.books = [
            Book(
                price=decimal.Decimal(number) / 4 + i,
                at=start + datetime.timedelta(hours=number, seconds=i),
                words=["w"] * (i % 3),
            )
            for i in range(5)
        ]
        session.add(author)
    session.commit()


def asked(session: orm.Session) -> dict[str, object]:
    """Queries with rows, entities, aggregates, functions, and their errors."""
    total = sa.select(Author.name, sa.func.count(), sa.func.max(Book.price)).join(Book)
    rows = session.execute(total.group_by(Author.name).order_by(Author.id).limit(3)).all()
    best = session.scalars(
        sa.select(Book).options(orm.joinedload(Book.author)).order_by(Book.at.desc()).limit(2)
    ).all()
    copied = pickle.loads(pickle.dumps(best[0]))
    gone = weakref.ref(session.get_one(Author, 1))
    session.expunge_all()
    del best
    gc.collect()
    session.add(Author(name="auth\u00f6r 1"))
    twice = raised(session.commit, with_text=False)
    session.rollback()
    return {
        "rows": [tuple(each) for each in rows],
        "row": (rows[0].name, rows[0]._fields, pickle.loads(pickle.dumps(rows[0])) == rows[0]),
        "copied": (copied.author.name, copied.price, copied.at, copied.words),
        "gone": gone() is None,
        "thrice": session.scalar(sa.select(sa.func.thrice(14))),
        "twice": twice,
        "no_table": raised(lambda: session.execute(sa.text("select * from no")), with_text=False),
        "no_author": raised(lambda: session.get_one(Author, 9999), with_text=False),
    }


def compiled() -> list[str]:
    """The extension modules that are in use."""
    return sorted(
        name
        for name, module in sys.modules.items()
        if name.startswith("sqlalchemy.") and str(getattr(module, "__file__", "")).endswith(".so")
    )


def work() -> str:
    """Fill a database, ask it, also from another thread."""
    counts: list[Any] = []
    with engine().connect() as connection, orm.Session(connection) as session:
        filled(session)
        facts = asked(session)
        thread = threading.Thread(
            target=lambda: counts.append(connection.scalar(sa.select(sa.func.count(Book.id))))
        )
        thread.start()
        thread.join()
    connection.engine.dispose()
    statement = str(sa.select(Book).where(Book.id.in_([1, 2])).compile())
    return told(**facts, counts=counts, statement=statement, compiled=len(compiled()) > 0)

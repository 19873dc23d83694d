"""The tail of an ORC file: looked at before a library believes it, and written again for some of the stripes.

A tail is a footer of protobuf fields, a postscript that says how long and how compressed the footer is, and the
length of the postscript in the last byte (https://orc.apache.org/specification/ORCv1/).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
from pyarrow import orc

from dq.errors import UnreadableFileError
from dq.formats.byte_source import ByteSource
from dq.formats.limits import Limits
from dq.formats.orc.protobuf import Field, encoded, fields_of, messages_of, number_of, numbers_of, signed
from dq.formats.typed.faults import named

#: Fields of the postscript.
_FOOTER_LENGTH, _COMPRESSION, _BLOCK, _METADATA_LENGTH, _MAGIC = 1, 2, 3, 5, 8000
#: Fields of the tail as the library gives it: of the postscript, and of the footer, expanded.
_POSTSCRIPT, _FOOTER = 1, 2
#: Fields of the footer.
_STRIPES, _TYPES, _ROWS, _STATISTICS, _ENCRYPTION = 3, 4, 6, 7, 10
#: Fields of a stripe, of a type, of the statistics of a column and, in them, of its texts and binaries.
_OFFSET, _LENGTHS, _STRIPE_ROWS = 1, (2, 3, 4), 5
_KIND, _SUBTYPES, _NAMES, _PRECISION = 1, 2, 3, 5
_VALUES, _TEXTS, _BINARIES = 1, 4, 8
_SUM_OF_TEXTS, _SUM_OF_BINARIES = 3, 1
#: How a file begins.
_BEGIN = b"ORC"
_DECIMAL, _BOUNDED_TEXTS, _MOMENTS, _LONG = 14, (16, 17), (9, 18), 4
_MOST_DIGITS = 38
#: Levels of nested values, the row one of them.
_MOST_NESTING = 255
#: The most that a block can have: the header of one names its length in 23 bits.
_MOST_BLOCK = 1 << 23
#: Bytes of a value that is no text.
_PLAIN_VALUE = 8


@dataclass(frozen=True, slots=True)
class Stripe:
    """Where a stripe begins, how many bytes and rows it has."""

    offset: int
    length: int
    rows: int


@dataclass(frozen=True)
class Tail:
    """A tail taken apart: the fields of the postscript and of the footer."""

    postscript: tuple[Field, ...]
    footer: tuple[Field, ...]

    @cached_property
    def stripes(self) -> tuple[Stripe, ...]:
        """The stripes in the order of the file."""
        return tuple(map(_stripe, messages_of(self.footer, _STRIPES)))

    def bounded_texts(self) -> tuple[bool, ...]:
        """Tell which columns are of type char or varchar."""
        return tuple(self._kind(at) in _BOUNDED_TEXTS for at in self.columns())

    def columns(self) -> tuple[int, ...]:
        """Give the numbers of the columns of the row itself."""
        kinds = messages_of(self.footer, _TYPES)
        return tuple(numbers_of(tuple(fields_of(kinds[0])), _SUBTYPES)) if kinds else ()

    def is_moment(self, column: int) -> bool:
        """Tell whether the values of a column are moments, with or without a zone."""
        return self._kind(column) in _MOMENTS

    def _kind(self, column: int) -> int:
        return number_of(tuple(fields_of(messages_of(self.footer, _TYPES)[column])), _KIND)

    @property
    def compression(self) -> int:
        """The number of the compression of blocks; 0 where there are none."""
        return number_of(self.postscript, _COMPRESSION)

    def lengths(self, stripe: Stripe) -> tuple[int, ...]:
        """Give the bytes of a stripe's indexes, of its data and of its footer."""
        fields = tuple(fields_of(self._described(stripe)))
        return tuple(number_of(fields, place) for place in _LENGTHS)

    def _described(self, stripe: Stripe) -> bytes:
        return next(value for value in messages_of(self.footer, _STRIPES) if _stripe(value) == stripe)

    def row_bytes(self) -> float:
        """Bytes of a row, decoded, on the average: by what the footer says of its texts and values."""
        rows = max(number_of(self.footer, _ROWS), 1)
        total = 0
        for statistics in messages_of(self.footer, _STATISTICS):
            fields = tuple(fields_of(statistics))
            total += number_of(fields, _VALUES) * _PLAIN_VALUE
            for kind, place in ((_TEXTS, _SUM_OF_TEXTS), (_BINARIES, _SUM_OF_BINARIES)):
                total += sum(
                    max(signed(number_of(tuple(fields_of(one)), place)), 0) for one in messages_of(fields, kind)
                )
        return max(total / rows, 1.0)

    def alone(
        self,
        stripe: Stripe,
        data: bytes,
        *,
        lengths: tuple[int, ...] | None = None,
        as_numbers: frozenset[int] = frozenset(),
    ) -> pa.Buffer:
        """Make a file of one stripe, whose bytes these are; its columns are called by their numbers.

        The bytes may have been written again, with other `lengths`. Columns `as_numbers` have the type of a number.

        So no two of them share a name. The memory is Arrow's own, which its threads let go of without the interpreter:
        one that needs it while the process ends takes the process down.
        """
        left = (_STRIPES, _TYPES, _ROWS, _STATISTICS)
        again = (_OFFSET,) if lengths is None else (_OFFSET, *_LENGTHS)
        others = b"".join(raw for number, _, raw in fields_of(self._described(stripe)) if number not in again)
        others += b"".join(map(encoded, _LENGTHS, lengths or ()))
        footer = self.block(
            encoded(_STRIPES, encoded(_OFFSET, len(_BEGIN)) + others)
            + b"".join(self._numbered_types(as_numbers))
            + b"".join(raw for number, _, raw in self.footer if number not in left)
            + encoded(_ROWS, stripe.rows)
        )
        kept = (raw for number, _, raw in self.postscript if number not in (_FOOTER_LENGTH, _METADATA_LENGTH))
        postscript = encoded(_FOOTER_LENGTH, len(footer)) + encoded(_METADATA_LENGTH, 0) + b"".join(kept)
        file = pa.BufferOutputStream()
        for piece in (_BEGIN, data, footer, postscript, bytes([len(postscript)])):
            file.write(piece)
        return file.getvalue()

    def _numbered_types(self, as_numbers: frozenset[int]) -> Iterator[bytes]:
        for at, kind in enumerate(messages_of(self.footer, _TYPES)):
            body = kind
            if at == 0:  # the row itself
                fields = tuple(fields_of(kind))
                names = range(sum(number == _NAMES for number, _, _ in fields))
                body = b"".join(raw for number, _, raw in fields if number != _NAMES)
                body += b"".join(encoded(_NAMES, str(name).encode()) for name in names)
            elif at in as_numbers:
                body = b"".join(
                    encoded(number, _LONG) if number == _KIND else raw for number, _, raw in fields_of(kind)
                )
            yield encoded(_TYPES, body)

    def block(self, footer: bytes) -> bytes:
        """Put a footer, or a stream, into blocks that say they are not compressed, where blocks are expected."""
        if not number_of(self.postscript, _COMPRESSION):
            return footer
        size = number_of(self.postscript, _BLOCK)
        pieces = (footer[at : at + size] for at in range(0, len(footer), size))
        return b"".join((len(piece) << 1 | 1).to_bytes(3, "little") + piece for piece in pieces)


def open_orc(source: ByteSource, limits: Limits) -> tuple[orc.ORCFile, Tail]:
    """Open an ORC file by its tail; raises UnreadableFileError for anything else."""
    written = _read_tail(source, limits)
    with named("the ORC footer cannot be read"):
        file = orc.ORCFile(pa.BufferReader(written))
        parts = {number: value for number, value, _ in fields_of(file.reader.serialized_file_tail())}
        postscript, footer = parts.get(_POSTSCRIPT), parts.get(_FOOTER)
        if not isinstance(postscript, bytes) or not isinstance(footer, bytes):
            raise ValueError("it has no footer")  # noqa: TRY004 - of the file, not of an argument
        tail = Tail(tuple(fields_of(postscript)), tuple(fields_of(footer)))
        stripes = tail.stripes
        _refuse_types(messages_of(tail.footer, _TYPES))
    if any(number == _ENCRYPTION for number, _, _ in tail.footer):
        raise UnreadableFileError("the ORC file has encrypted columns; send it in the clear")
    if any(stripe.offset + stripe.length > source.size for stripe in stripes):
        raise UnreadableFileError("the ORC footer names stripes behind the end of the file; send it again")
    if sum(stripe.rows for stripe in stripes) != number_of(tail.footer, _ROWS):
        raise UnreadableFileError("the ORC footer contradicts itself about the number of rows; send the file again")
    return file, tail


def _read_tail(source: ByteSource, limits: Limits) -> bytes:
    """Read the tail as a file of its own: so the library reads nothing, and a failing store is no fault of the file.

    Refuses a postscript that names more bytes than there are, or asks for more memory than a file may.
    """
    last = source.read(max(source.size - 256, 0), 256)
    length = last[-1] if last else 0
    try:
        fields = tuple(fields_of(last[-1 - length : -1]))
    except ValueError:
        fields = ()
    if (_MAGIC, _BEGIN) not in {(number, value) for number, value, _ in fields}:
        message = "the file is no complete ORC file: it does not end with a postscript of ORC; send it again"
        raise UnreadableFileError(message)
    footer, metadata, block = (number_of(fields, place) for place in (_FOOTER_LENGTH, _METADATA_LENGTH, _BLOCK))
    if footer + metadata + length + 1 > source.size:
        raise UnreadableFileError("the ORC footer claims to be longer than the file; send it again")
    if footer > limits.header:
        message = f"the ORC footer has {footer:,} bytes, the most that is read is {limits.header:,}; send smaller files"
        raise UnreadableFileError(message)
    if number_of(fields, _COMPRESSION) and not 0 < block <= _MOST_BLOCK:
        message = f"the ORC file names blocks of {block:,} bytes, the most is {_MOST_BLOCK:,}; send it again"
        raise UnreadableFileError(message)
    kept = b"".join(raw for number, _, raw in fields if number != _METADATA_LENGTH)
    kept += encoded(_METADATA_LENGTH, 0)
    tail = source.read(source.size - 1 - length - footer, footer)
    return b"".join((_BEGIN, tail, kept, bytes([len(kept)])))


def _refuse_types(kinds: Sequence[bytes]) -> None:
    """Refuse types at which Arrow ends the whole process: it does not expect them in a file."""
    depths = [0] * len(kinds)
    for at, kind in enumerate(kinds):
        fields = tuple(fields_of(kind))
        precision = number_of(fields, _PRECISION)
        if number_of(fields, _KIND) == _DECIMAL and precision > _MOST_DIGITS:
            raise ValueError(f"a decimal of {precision:,} digits")
        for child in numbers_of(fields, _SUBTYPES):
            if not at < child < len(kinds):
                raise ValueError("types that are not within each other")
            depths[child] = depths[at] + 1
            if depths[child] > _MOST_NESTING:
                raise ValueError(f"values nested deeper than {_MOST_NESTING} levels")


def _stripe(message: bytes) -> Stripe:
    fields = tuple(fields_of(message))
    lengths = sum(number_of(fields, place) for place in _LENGTHS)
    return Stripe(number_of(fields, _OFFSET), lengths, number_of(fields, _STRIPE_ROWS))

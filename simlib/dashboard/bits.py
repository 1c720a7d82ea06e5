"""Numbers and texts packed bit by bit, as short as they can be read back exactly."""

import struct

from simlib.errors import InputError

NUMBER_TAG_BITS = 1
PLACES_BITS, LENGTH_BITS, DIGIT_BITS = 4, 4, 4

LONGEST_SHORT = 10
"""Groups of digit bits beyond which 64 bits are no longer."""


class Packer:
    """Collects bits, first ones first."""

    def __init__(self) -> None:
        self._bits: list[str] = []

    def whole(self, value: int, width: int) -> None:
        """A whole number from 0 up in `width` bits."""
        if not 0 <= value < 1 << width:
            raise ValueError(f"{value} does not fit into {width} bits")
        self._bits.append(f"{value:0{width}b}")

    def number(self, value: float) -> None:
        """A number, exactly: as a short decimal where that is the same number, or in 64 bits."""
        short = _short(value)
        self.whole(short is None, NUMBER_TAG_BITS)
        if short is None:
            self.whole(int.from_bytes(struct.pack(">d", value), "big"), 64)
            return
        negative, places, digits = short
        length = -(-digits.bit_length() // DIGIT_BITS)
        self.whole(negative, 1)
        self.whole(places, PLACES_BITS)
        self.whole(length, LENGTH_BITS)
        if length:
            self.whole(digits, DIGIT_BITS * length)

    def text(self, value: str, length_width: int) -> None:
        """A text with the number of its bytes before it."""
        raw = value.encode()
        self.whole(len(raw), length_width)
        for byte in raw:
            self.whole(byte, 8)

    def packed(self) -> bytes:
        """All bits, filled up with zeros to whole bytes."""
        bits = "".join(self._bits)
        width = -(-len(bits) // 8)
        return int(bits.ljust(8 * width, "0") or "0", 2).to_bytes(width, "big")


class Unpacker:
    """Reads what a :class:`Packer` packed; raises an InputError where bits are missing."""

    def __init__(self, packed: bytes) -> None:
        self._bits = "".join(f"{byte:08b}" for byte in packed)
        self._at = 0

    def whole(self, width: int) -> int:
        """A whole number of `width` bits."""
        end = self._at + width
        if end > len(self._bits):
            raise InputError("share code: ends too early")
        found = int(self._bits[self._at : end] or "0", 2)
        self._at = end
        return found

    def number(self) -> float:
        """A number."""
        if self.whole(NUMBER_TAG_BITS):
            return float(struct.unpack(">d", self.whole(64).to_bytes(8, "big"))[0])
        negative, places = self.whole(1), self.whole(PLACES_BITS)
        digits = self.whole(DIGIT_BITS * self.whole(LENGTH_BITS))
        return float(f"{'-' if negative else ''}{digits}e-{places}")

    def text(self, length_width: int) -> str:
        """A text."""
        raw = bytes(self.whole(8) for _ in range(self.whole(length_width)))
        try:
            return raw.decode()
        except UnicodeDecodeError as problem:
            raise InputError("share code: holds a text that is no text") from problem

    @property
    def left(self) -> int:
        """Bits not read yet."""
        return len(self._bits) - self._at


def _short(value: float) -> tuple[bool, int, int] | None:
    """Sign, decimal places and digits, when together they are this very number."""
    if abs(value) >= 1 << DIGIT_BITS * LONGEST_SHORT:
        return None
    negative = struct.pack(">d", value)[0] >= 128
    for places in range(1 << PLACES_BITS):
        digits = round(abs(value) * 10**places)
        if digits.bit_length() > DIGIT_BITS * LONGEST_SHORT:
            return None
        if float(f"{digits}e-{places}") == abs(value):
            return negative, places, digits
    return None

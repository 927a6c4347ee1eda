"""A long file as several sources in a row, so that a reader forgets what it has read.

A reader keeps every link it has made. Where lines stand for themselves (`Format.splittable`), its
`read` is called for each stretch of lines anew, and memory does not grow with the file. A compressed
file can be shared out in no other way.
"""

from collections.abc import Iterator, Mapping, Sequence

from farthing.traces.source import Line, Source


def stretches(source: Source, size: int) -> Iterator[Source]:
    """Yield sources that together have the lines of `source`, each of about `size` bytes."""
    whole = _Whole(source)
    while not whole.ended:
        yield _Stretch(whole, size)


class _Whole:
    """The lines of all stretches; `ended` once they have run out, or if no stretch asked for any."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.lines = source.lines()
        self.ended = False


class _Stretch:
    """The next lines of a file; in all else the file itself."""

    def __init__(self, whole: _Whole, size: int) -> None:
        self._whole, self._size = whole, size
        whole.ended = True

    @property
    def name(self) -> str:
        return self._whole.source.name

    def lines(self) -> Iterator[Line]:
        left = self._size
        for line in self._whole.lines:
            yield line
            left -= len(line.data)
            if left < 0:
                self._whole.ended = False
                return

    def document(self) -> bytes:
        return self._whole.source.document()

    def table(self) -> Iterator[Mapping[str, object]]:
        return self._whole.source.table()

    def neighbours(self) -> Sequence[str]:
        return self._whole.source.neighbours()

    def beside(self, file_name: str) -> Source | None:
        return self._whole.source.beside(file_name)

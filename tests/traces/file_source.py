"""A `Source` for tests: one file on disk, or bytes in memory, as a reader sees it."""

import gzip
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Self

from zstandard import ZstdDecompressor

from farthing.errors import RecordError
from farthing.traces.source import Line, Sample

HEAD_BYTES = 65_536


class FileSource:
    """Bytes under a name. `siblings` are the other files of the same folder, by name."""

    def __init__(self, name: str, content: bytes, siblings: dict[str, bytes] | None = None) -> None:
        self.name = name
        self._content = content
        self._siblings = siblings or {}

    @classmethod
    def of(cls, path: Path) -> Self:
        """Return the file at `path`, decompressed, under the name that ingest would give it."""
        content = path.read_bytes()
        if path.suffix == ".gz":
            return cls(path.as_posix().removesuffix(".gz"), gzip.decompress(content))
        if path.suffix == ".zst":
            return cls(path.as_posix().removesuffix(".zst"), ZstdDecompressor().stream_reader(content).read())
        return cls(path.as_posix(), content)

    def lines(self) -> Iterator[Line]:
        offset = 0
        for data in BytesIO(self._content):
            if line := data.rstrip(b"\r\n"):
                yield Line(offset, line)
            offset += len(data)

    def table(self) -> Iterator[Mapping[str, object]]:
        raise RecordError("is no Parquet")

    def document(self) -> bytes:
        return self._content

    def neighbours(self) -> Sequence[str]:
        return sorted(self._siblings)

    def beside(self, file_name: str) -> "FileSource | None":
        content = self._siblings.get(file_name)
        return None if content is None else FileSource(file_name, content)

    def sample(self) -> Sample:
        """Return what recognition sees of it."""
        head = self._content[:HEAD_BYTES]
        whole = len(self._content) <= HEAD_BYTES
        return Sample(name=self.name, head=head, whole=whole, neighbours=tuple(self.neighbours()))

"""The content of a source: its bytes, and what shows later whether they have changed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Validators:
    """The HTTP validators of a photo. A request with them asks for the photo only if it has changed: RFC 9110, 8.8."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, eq=False)
class Content:
    """The content of a photo.

    Attributes:
        data: the bytes. None if the server says that they have not changed.
        size: number of bytes. None where `data` is None.
        modified_ns: modification time of a file in nanoseconds since 1970. None for a URL, and for a file so new that
            it could still change without a change of its modification time.
        validators: the validators that the server sent. Empty for a file.
    """

    data: bytes | None
    size: int | None = None
    modified_ns: int | None = None
    validators: Validators = Validators()

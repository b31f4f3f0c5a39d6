"""A picture that a model shall look at, as the wires write it."""

from base64 import b64encode
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: its bytes, and what they are.

    Attributes:
        media_type: "image/png" or another type that vendors take.
        data: The file; in no log and no `repr`.
    """

    media_type: str
    data: bytes = field(repr=False)

    @property
    def base64(self) -> str:
        """The file as text."""
        return b64encode(self.data).decode("ascii")

    @property
    def data_uri(self) -> str:
        """The file as an address that holds it."""
        return f"data:{self.media_type};base64,{self.base64}"

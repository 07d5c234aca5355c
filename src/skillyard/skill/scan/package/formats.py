"""Tells what a file is by its first bytes, whatever it is called."""

from __future__ import annotations

from enum import StrEnum

from skillyard.skill.scan.subject import ScanFile


class Format(StrEnum):
    """Formats that rules treat differently; everything that is merely known to be harmless is DATA."""

    ELF = "ELF program"
    PE = "Windows program"
    MACH_O = "macOS program"
    WASM = "WebAssembly"
    JAVA = "Java class"
    INSTALLER = "installer"
    SHORTCUT = "shortcut or compiled script"
    ZIP = "zip archive"
    TAR = "tar archive"
    COMPRESSED = "compressed file"
    SEALED = "archive that is not looked into"
    PYC = "compiled Python"
    PICKLE = "pickle"
    PNG = "PNG picture"
    JPEG = "JPEG picture"
    GIF = "GIF picture"
    PDF = "PDF document"
    OLE = "old Office document"
    DATA = "data"
    TEXT = "text"
    UNKNOWN = "unknown"


PROGRAMS = frozenset({Format.ELF, Format.PE, Format.MACH_O, Format.INSTALLER, Format.SHORTCUT})
_BEGINS = (
    (b"\x7fELF", Format.ELF),
    (b"\xfe\xed\xfa\xce", Format.MACH_O),
    (b"\xfe\xed\xfa\xcf", Format.MACH_O),
    (b"\xce\xfa\xed\xfe", Format.MACH_O),
    (b"\xcf\xfa\xed\xfe", Format.MACH_O),
    (b"\0asm", Format.WASM),
    (b"PK\x03\x04", Format.ZIP),
    (b"PK\x05\x06", Format.ZIP),
    (b"\x1f\x8b\x08", Format.COMPRESSED),
    (b"BZh", Format.COMPRESSED),
    (b"\xfd7zXZ\0", Format.COMPRESSED),
    (b"\x28\xb5\x2f\xfd", Format.SEALED),
    (b"7z\xbc\xaf\x27\x1c", Format.SEALED),
    (b"Rar!\x1a\x07", Format.SEALED),
    (b"MSCF", Format.SEALED),
    (b"L\0\0\0\x01\x14\x02\0", Format.SHORTCUT),
    (b"FasdUAS", Format.SHORTCUT),
    (b"xar!", Format.INSTALLER),
    (b"\xed\xab\xee\xdb", Format.INSTALLER),
    (b"!<arch>\ndebian", Format.INSTALLER),
    (b"\x89PNG\r\n\x1a\n", Format.PNG),
    (b"\xff\xd8\xff", Format.JPEG),
    (b"GIF8", Format.GIF),
    (b"%PDF-", Format.PDF),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Format.OLE),
)
_HARMLESS = (
    b"wOFF", b"wOF2", b"\0\1\0\0\0", b"OTTO", b"ttcf", b"true\0", b"RIFF", b"OggS", b"ID3", b"\xff\xfb", b"\xff\xf3",
    b"fLaC", b"BM", b"\0\0\1\0", b"\0\0\2\0", b"II*\0", b"MM\0*", b"8BPS", b"SQLite format 3\0", b"PAR1",
    b"ARROW1", b"\x89HDF", b"GGUF", b"\x93NUMPY", b"\x1aE\xdf\xa3", b"Obj\x01", b"Bud1", b"\0\0\0\1Bud1", b"bplist",
    b"glTF", b"LZIP", b"\xde\x12\x04\x95", b"DuckDB", b"qoif", b"\0\0\0\x0cJXL", b"\xff\x0a", b"MThd", b"FWS", b"CWS",
)  # fmt: skip
_BRANDED = (b"ftyp", b"moov", b"mdat")
_OFFICE_SUFFIXES = frozenset({".docx", ".xlsx", ".pptx", ".dotx", ".xltx", ".potx", ".docm", ".xlsm", ".pptm"})


def format_of(file: ScanFile) -> Format:
    """By content first; the suffix decides only between formats that no first bytes tell apart."""
    data = file.data
    if found := next((kind for begin, kind in _BEGINS if data.startswith(begin)), None):
        return found
    if data[:4] in (b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf"):
        return Format.JAVA if int.from_bytes(data[4:8], "big") > 40 else Format.MACH_O
    if data[:2] == b"MZ" and _is_pe(data):
        return Format.PE
    if data[257:262] == b"ustar":
        return Format.TAR
    if data[-512:-508] == b"koly":
        return Format.INSTALLER
    if len(data) > 16 and data[2:4] == b"\r\n" and file.suffix in (".pyc", ".pyo"):
        return Format.PYC
    if file.text is None and data[:1] == b"\x80" and 2 <= data[1:2][0] <= 5 and data.rstrip(b"\0\n")[-1:] == b".":
        return Format.PICKLE
    if file.text is not None:
        return Format.TEXT
    is_known = data.startswith(_HARMLESS) or data[4:8] in _BRANDED or file.suffix in (".ttf", ".otf", ".mo", ".icns")
    return Format.DATA if is_known else Format.UNKNOWN


def is_office(suffix: str) -> bool:
    return suffix in _OFFICE_SUFFIXES


def _is_pe(data: bytes) -> bool:
    """DOS header with a pointer to `PE`, or any file that says it cannot be run in DOS mode."""
    at = int.from_bytes(data[60:64], "little")
    return (
        data[at : at + 4] == b"PE\0\0" or b"DOS mode" in data[:512] or (len(data) > 64 and at < len(data) and at > 63)
    )

"""Images made from the built ones: without a multiboot1 header, or with another command line."""
import hashlib
import os
import struct
import tempfile

from supervise import fail

MB1_MAGIC = 0x1BADB002
MB1_SEARCH = 8192		# the header lies wholly in the first 8192 bytes of the file, 4-aligned
SECTOR = 2048			# of ISO 9660: every file starts on one
GRUBENV_SIZE = 4096		# as tools/mkiso.sh made it
GRUBENV_SIGNATURE = b"# GRUB Environment Block\n"

# OVMF's code and an empty variable store, where Debian, Fedora, Arch and Homebrew put them.
OVMF_PAIRS = (
    ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
    ("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"),
    ("/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"),
    ("/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"),
    ("/opt/homebrew/share/qemu/edk2-x86_64-code.fd", "/opt/homebrew/share/qemu/edk2-i386-vars.fd"),
    ("/usr/local/share/qemu/edk2-x86_64-code.fd", "/usr/local/share/qemu/edk2-i386-vars.fd"),
)


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        fail(f"{path} is not there: build it first (make, make iso)")


def write_atomically(path, data):
    """Others may be reading or making the same file."""
    fd, temporary = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=".image-")
    with os.fdopen(fd, "wb") as file:
        file.write(data)
    os.chmod(temporary, 0o644)
    os.replace(temporary, path)


def hide_multiboot1(kernel, out):
    """A copy of the kernel that QEMU boots by PVH, because it finds no multiboot1 header to prefer."""
    data = bytearray(read(kernel))
    for offset in range(0, min(MB1_SEARCH, len(data)) - 12 + 1, 4):
        magic, flags, checksum = struct.unpack_from("<3I", data, offset)
        if magic == MB1_MAGIC and (magic + flags + checksum) & 0xFFFFFFFF == 0:
            struct.pack_into("<I", data, offset, 0)
    write_atomically(out, data)
    return out


def grub_words(cmdline):
    """Teak's command line as words of GRUB's language: each quoted, so that ; $ and { are themselves."""
    words, word, quoted = [], None, False
    for char in cmdline:
        if char in " \t\n" and not quoted:
            words += [word] if word is not None else []
            word = None
            continue
        word = word or ""
        if char == '"':
            quoted = not quoted
        else:
            word += char
    words += [word] if word is not None else []
    return " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)


def environment_block(values):
    block = GRUBENV_SIGNATURE
    for name, value in values.items():
        escaped = value.replace("\\", "\\\\").replace("\n", "\\\n")
        block += f"{name}={escaped}\n".encode()
    if len(block) > GRUBENV_SIZE:
        fail(f"the command line is too long for the CD ({len(block)} of {GRUBENV_SIZE} bytes)")
    return block.ljust(GRUBENV_SIZE, b"#")


def iso_with(iso, build, cmdline, entry, video):
    """The CD image, or a copy of it with GRUB's environment block rewritten in place.

    ISO 9660 has no checksum over a file's contents, so the copy is as good as a new image. One copy
    is kept per content, and made again when the original is newer."""
    if not cmdline and not video and entry == "multiboot2":
        if not os.path.exists(iso):
            fail(f"{iso} is not there: make iso builds it")
        return iso
    values = {"cmdline": grub_words(cmdline), "entry": entry, "video": video}
    block = environment_block(values)
    out = f"{build}/iso/{hashlib.sha256(block).hexdigest()[:16]}.iso"
    data = bytearray(read(iso))
    if os.path.exists(out) and os.path.getmtime(out) > os.path.getmtime(iso):
        return out
    places = [at for at in range(0, len(data), SECTOR)
              if data[at:at + len(GRUBENV_SIGNATURE)] == GRUBENV_SIGNATURE]
    if len(places) != 1:
        fail(f"{iso} has {len(places)} environment blocks, not one: it is not from tools/mkiso.sh")
    data[places[0]:places[0] + GRUBENV_SIZE] = block
    os.makedirs(f"{build}/iso", exist_ok=True)
    write_atomically(out, data)
    return out


def ovmf(build):
    """UEFI firmware: its code, and a copy of its variables (which QEMU opens for writing)."""
    for code, variables in OVMF_PAIRS:
        if os.path.exists(code) and os.path.exists(variables):
            copy = f"{build}/ovmf-vars.fd"
            write_atomically(copy, read(variables))
            return code, copy
    return fail("no UEFI firmware (OVMF) found: tools/deps.sh test installs it")

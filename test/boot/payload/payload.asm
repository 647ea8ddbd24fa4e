; SPDX-License-Identifier: MIT
; The bytes whose arrival the test kernel checks, and the hash that they must have; both made by make_kernel.py.
%include "payload.inc"

section .payload progbits alloc noexec nowrite align=8
global payload_start, payload_end
payload_start:
        incbin "payload.bin"
payload_end:

; Initialised data of an odd length: the zeros after it come from the loader, not from the file.
section .data progbits alloc noexec write align=16
global payload_hash, payload_file_bytes
payload_hash:
        dq PAYLOAD_HASH
payload_file_bytes:
        dq PAYLOAD_FILE_BYTES
        db "odd"

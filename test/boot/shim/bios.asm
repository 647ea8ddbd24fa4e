; SPDX-License-Identifier: MIT
; A boot sector that goes before the real one and puts itself between the boot chain and the BIOS: INT 10h, 13h and 15h then
; answer as bad BIOSes do. Assembled by test/boot/hostile_bios.py and sentences.py. Each is off unless it is defined:
;   -DRUIN              every register that the service is not documented to keep comes back as garbage (all but SP, SS, DS)
;   -DFAIL_FIRST=n      the first n reads fail with status 80h
;   -DFAIL_ABOVE=n      reads of more than n sectors fail with status 01h
;   -DFAIL_SECTOR_0=s   reads of the disk's first sector alone fail with status s
;   -DSPOIL_SIGNATURE=w the disk's first sector ends in this word
;   -DHIDE_EDD          no extensions: AH=41h and 42h fail with status 01h
;   -DNO_E820 -DNO_E801 -DNO_88  these memory services fail
;   -DE801_CX_DX        INT 15h E801 answers in CX and DX alone
;   -DMAD_E820          E820 gives the table below, 20 bytes an entry, and ends with the carry flag
;   -DENDLESS_E820      E820's continuation never ends
;   -DSET_DF            INT 13h leaves the direction flag set
;   -DLOSE_DS           INT 10h, which writes characters, loses DS
;   -DVBE_RUIN          INT 10h AH=4Fh leaves garbage in every register but AX, SP, SS and DS
;   -DVBE_HANGS         INT 10h AH=4Fh never returns
;   -DVBE_ENDLESS_LIST  the list of graphics modes has no end, and none of them is of any use
;   -DVBE_LIST_APART    the list lies in memory of the BIOS, not in the block that it fills in, as QEMU's does
;   -DVBE_ADDRESS=a     every graphics mode has its framebuffer there
;   -DVBE_NO_FIELDS     graphics modes do not say where their colours are
;   -DVBE_NO_LINEAR_PITCH  nor how long the rows of a linear framebuffer are
;   -DVBE_SET_FAILS     a graphics mode is set, and then the BIOS says that it has failed
;   -DVIDEO_MODE=m      the BIOS leaves the screen in this mode
;   -DCLOSED_A20        address line 20 is closed, and the BIOS cannot open it
; The body lives at 7000:0000, which no stage touches before the kernel.
        cpu     586
        bits    16
        org     7C00h

BODY_SEGMENT    equ 7000h
GARBAGE         equ 0BADC0DEh
SECTOR          equ 7C00h
DISK_VECTOR     equ 13h * 4
SYSTEM_VECTOR   equ 15h * 4
VIDEO_VECTOR    equ 10h * 4
LIST_BYTES      equ 512
CARRY           equ 1
DIRECTION       equ 400h
STATUS_INVALID  equ 01h
STATUS_TIMEOUT  equ 80h
FUNCTION_FAILED equ 86h                 ; INT 15h: unsupported

        cli
        cld
        jmp     0:start
start:
        xor     ax, ax
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     sp, SECTOR
        sti
        mov     [drive], dl
        mov     si, packet
        mov     ah, 42h
        int     13h
.stop:
        jc      .stop                   ; the test's time limit tells
        mov     dl, [drive]
        jmp     BODY_SEGMENT:body - body
packet:
        dw      16, BODY_SECTORS, 0, BODY_SEGMENT
        dq      BODY_LBA
drive:  db      0
        times   512 - ($ - $$) db 0

%define here(label) ((label) - body)

body:
        push    dx
        mov     ax, cs
        mov     es, ax
        mov     eax, [DISK_VECTOR]
        mov     [es:here(old_disk)], eax
        mov     eax, [SYSTEM_VECTOR]
        mov     [es:here(old_system)], eax
        mov     eax, [VIDEO_VECTOR]
        mov     [es:here(old_video)], eax
        push    es
        pop     ds
        mov     si, here(real_packet)
        mov     ah, 42h
        int     13h
.stop:
        jc      .stop
        xor     ax, ax
        mov     ds, ax
        cli
        mov     word [DISK_VECTOR], here(disk)
        mov     word [DISK_VECTOR + 2], BODY_SEGMENT
        mov     word [SYSTEM_VECTOR], here(system)
        mov     word [SYSTEM_VECTOR + 2], BODY_SEGMENT
        mov     word [VIDEO_VECTOR], here(video)
        mov     word [VIDEO_VECTOR + 2], BODY_SEGMENT
%ifdef CLOSED_A20
        in      al, 92h
        and     al, ~3
        out     92h, al
%endif
        sti
%ifdef VIDEO_MODE
        mov     ax, VIDEO_MODE
        int     10h
%endif
        pop     dx
        jmp     0:SECTOR
real_packet:
        dw      16, 1, SECTOR, 0
        dq      REAL_LBA

; INT 13h. On the stack: IP, CS, flags of the caller.
disk:
        mov     [cs:here(function)], ah
        cmp     ah, 42h
        je      .by_packet
        cmp     ah, 02h
        je      .by_cylinder
%ifdef HIDE_EDD
        cmp     ah, 41h
        je      .refuse
%endif
        jmp     .pass_on

.by_packet:
%ifdef HIDE_EDD
        jmp     .refuse
%endif
%ifdef FAIL_ABOVE
        cmp     word [si + 2], FAIL_ABOVE
        ja      .refuse
%endif
%ifdef FAIL_SECTOR_0
        cmp     dword [si + 8], 0
        mov     ah, FAIL_SECTOR_0
        je      .fail
        mov     ah, 42h
%endif
%ifdef SPOIL_SIGNATURE
        cmp     dword [si + 8], 0
        jne     .read
        pushf
        call    far [cs:here(old_disk)]
        push    es
        push    bx
        les     bx, [si + 4]
        mov     word [es:bx + 510], SPOIL_SIGNATURE
        pop     bx
        pop     es
        iret                            ; with the caller's flags: the carry flag was clear
%endif
        jmp     .read

.by_cylinder:
%ifdef FAIL_SECTOR_0
        cmp     cx, 1                   ; cylinder 0, sector 1
        jne     .read
        test    dh, dh
        mov     ah, FAIL_SECTOR_0
        jz      .fail
        mov     ah, 02h
%endif

.read:
%ifdef FAIL_FIRST
        cmp     word [cs:here(failures)], FAIL_FIRST
        jae     .pass_on
        inc     word [cs:here(failures)]
        mov     ah, STATUS_TIMEOUT
        jmp     .fail
%endif

.pass_on:
        pushf
        call    far [cs:here(old_disk)]
        push    bp
        mov     bp, sp
        jc      .failed
        and     word [bp + 6], ~CARRY
        pop     bp
        jmp     .ruin
.failed:
        or      word [bp + 6], CARRY
        pop     bp
        jmp     .ruin

.refuse:
        mov     ah, STATUS_INVALID
.fail:
        push    bp
        mov     bp, sp
        or      word [bp + 6], CARRY
        pop     bp
.ruin:
%ifdef SET_DF
        push    bp
        mov     bp, sp
        or      word [bp + 6], DIRECTION
        pop     bp
%endif
%ifdef RUIN
        mov     ebp, GARBAGE
        mov     esi, GARBAGE
        ror     eax, 16                 ; AX is status and count; its upper half is nobody's
        mov     ax, 0DEADh
        rol     eax, 16
        cmp     byte [cs:here(function)], 08h
        je      .ruin_upper             ; its answer is in CX, DX, BL and ES:DI
        cmp     byte [cs:here(function)], 41h
        je      .ruin_dx                ; in BX and CX
        mov     ebx, GARBAGE
        mov     ecx, GARBAGE
.ruin_dx:
        mov     edx, GARBAGE
        mov     edi, GARBAGE
        push    0B800h
        pop     es
.ruin_upper:
        push    word 0FFFFh
        pop     fs
        push    word 0FFFFh
        pop     gs
%macro  ruin_upper_half 2
        ror     %1, 16
        mov     %2, 0DEADh
        rol     %1, 16
%endmacro
        ruin_upper_half ebx, bx
        ruin_upper_half ecx, cx
        ruin_upper_half edx, dx
%endif
        iret

; INT 10h
video:
%ifdef VBE_HANGS
        cmp     ah, 4Fh
.hang:
        je      .hang
%endif
        mov     [cs:here(video_function)], ax
        pushf
        call    far [cs:here(old_video)]
%ifdef LOSE_DS
        push    0B800h
        pop     ds
%endif
        cmp     word [cs:here(video_function)], 4F00h
        je      .info
        cmp     word [cs:here(video_function)], 4F01h
        je      .mode_info
        cmp     word [cs:here(video_function)], 4F02h
        je      .set_mode
        cmp     byte [cs:here(video_function) + 1], 4Fh
        je      .done
        iret

.info:
%ifdef VBE_ENDLESS_LIST
        mov     word [es:di + 14], here(endless_list)
        mov     word [es:di + 16], BODY_SEGMENT
%endif
%ifdef VBE_LIST_APART
        pusha
        push    ds
        push    es
        lds     si, [es:di + 14]
        mov     word [es:di + 14], here(list_apart)
        mov     word [es:di + 16], BODY_SEGMENT
        push    cs
        pop     es
        mov     di, here(list_apart)
        mov     cx, LIST_BYTES / 2
        cld
        rep     movsw
        pop     es
        pop     ds
        popa
%endif
        jmp     .done

.mode_info:
%ifdef VBE_ADDRESS
        mov     dword [es:di + 40], VBE_ADDRESS
%endif
%ifdef VBE_NO_FIELDS
        pusha
        lea     bx, [di + 54]
        add     di, 31
        xor     ax, ax
        mov     cx, 4
        cld
        rep     stosw
        mov     di, bx
        mov     cx, 4
        rep     stosw
        popa
%endif
%ifdef VBE_NO_LINEAR_PITCH
        mov     word [es:di + 50], 0
%endif
        jmp     .done

.set_mode:
%ifdef VBE_SET_FAILS
        mov     ax, 014Fh
%endif

.done:
%ifdef VBE_RUIN
        ror     eax, 16
        mov     ax, 0DEADh
        rol     eax, 16
        mov     ebx, GARBAGE
        mov     ecx, GARBAGE
        mov     edx, GARBAGE
        mov     esi, GARBAGE
        mov     edi, GARBAGE
        mov     ebp, GARBAGE
        push    0B800h
        pop     es
%endif
        iret

; INT 15h
system:
%ifdef NO_E820
        cmp     ax, 0E820h
        je      .unsupported
%endif
%ifdef NO_E801
        cmp     ax, 0E801h
        je      .unsupported
%endif
%ifdef E801_CX_DX
        cmp     ax, 0E801h
        je      .in_cx_and_dx
%endif
%ifdef NO_88
        cmp     ah, 88h
        je      .unsupported
%endif
%ifdef CLOSED_A20
        cmp     ax, 2401h
        je      .unsupported
%endif
%ifdef MAD_E820
        cmp     ax, 0E820h
        je      .mad
%endif
%ifdef ENDLESS_E820
        cmp     ax, 0E820h
        je      .endless
%endif
        jmp     far [cs:here(old_system)]

.unsupported:
        mov     ah, FUNCTION_FAILED
.carry:
        push    bp
        mov     bp, sp
        or      word [bp + 6], CARRY
        pop     bp
        iret

.in_cx_and_dx:
        pushf
        call    far [cs:here(old_system)]
        mov     cx, ax
        mov     dx, bx
        xor     ax, ax
        xor     bx, bx
        jmp     .no_carry

; The continuation after the last real entry is a value that this BIOS would not take: it stands for the beginning.
.endless:
        cmp     ebx, GARBAGE
        jne     .from_there
        xor     ebx, ebx
.from_there:
        pushf
        call    far [cs:here(old_system)]
        jc      .carry
        test    ebx, ebx
        jnz     .no_carry
        mov     ebx, GARBAGE
        jmp     .no_carry

; Continuation: 0, then GARBAGE + index. After the last entry comes the carry flag.
.mad:
        test    ebx, ebx
        jz      .first
        sub     ebx, GARBAGE
.first:
        cmp     bx, (mad_end - mad_table) / 20
        jae     .unsupported
        push    ds
        push    di
        push    cs
        pop     ds
        imul    si, bx, 20
        add     si, here(mad_table)
        cld
        mov     cx, 5
        rep     movsd
        pop     di
        pop     ds
        lea     ebx, [ebx + GARBAGE + 1]
        mov     eax, 534D4150h          ; "SMAP"
        mov     ecx, 20
        mov     edx, GARBAGE
        mov     esi, GARBAGE
        mov     ebp, GARBAGE
        push    bp
        mov     bp, sp
        and     word [bp + 6], ~CARRY
        pop     bp
        iret

.no_carry:
        push    bp
        mov     bp, sp
        and     word [bp + 6], ~CARRY
        pop     bp
        iret

; A machine of 64 MiB as the worst BIOS would put it: in no order, with overlaps, nothing, and lies in it.
%macro  range 3                         ; base, length, type
        dq      %1, %2
        dd      %3
%endmacro
mad_table:
        range   100000h, 3EE0000h, 1    ; RAM up to 63.9 MiB
        range   0, 0, 1                 ; nothing
        range   0F0000h, 10000h, 2
        range   0, 9FC00h, 1            ; base memory, after what is above it
        range   9FC00h, 400h, 2
        range   2000123h, 1001h, 2      ; a hole in the middle of RAM, on no page border
        range   1000000h, 100000h, 1    ; RAM again, inside RAM
        range   3000000h, 1000h, 77h    ; a type that nobody knows
        range   3100000h, 1000h, 5      ; bad memory
        range   3FE0000h, 20000h, 3
        range   0FFFC0000h, 40000h, 2
        range   0FFFFFFFFFFFFF000h, 2000h, 2    ; wraps round
        range   0FFFFFFFFFFFFFFFFh, 0FFFFFFFFFFFFFFFFh, 0
        range   0, 500h, 2              ; page 0 in part
mad_end:

old_disk:       dd 0
old_system:     dd 0
old_video:      dd 0
failures:       dw 0
function:       db 0
video_function: dw 0
%ifdef VBE_LIST_APART
list_apart:     times LIST_BYTES db 0
%endif
%ifdef VBE_ENDLESS_LIST
endless_list:   times 1024 dw 112h      ; 24 bits a pixel on QEMU's card: what follows is in no list at all
%endif

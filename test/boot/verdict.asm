; SPDX-License-Identifier: MIT
; A boot sector that says one line on COM1 and on the screen, then ends in the way that WAY names. Assembled by
; test/boot/harness.py to see that the harness tells a pass from everything that is not one.
;   -DWAY=0 leave by the debug-exit port with CODE    1 triple fault    2 keyboard-controller reset
;         3 stand still                                4 run for ever   5 read sector LBA twice, say the BIOS status
;         6 echo COM1 input until Ctrl-C (03)          7 say a byte just above 1 MiB
;         8 write sector LBA, say the BIOS status, stand still
; -DLINE="..." is the text.
bits 16
org 0x7c00
%ifndef LINE
 %define LINE "hello"
%endif
%ifndef CODE
 %define CODE 0x10
%endif
%ifndef LBA
 %define LBA 1
%endif
COM1            equ 0x3f8
LINE_CONTROL    equ COM1 + 3
LINE_STATUS     equ COM1 + 5
LCR_8N1         equ 3
LSR_DATA_READY  equ 1 << 0
LSR_IDLE        equ 1 << 6

start:
        cli
        cld
        xor ax, ax
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov sp, 0x7c00
        mov [drive], dl
        mov dx, LINE_CONTROL
        mov al, LCR_8N1                 ; Bochs sends five bits a character otherwise
        out dx, al
        mov si, line
.next:
        lodsb
        test al, al
        jz .done
        call put
        jmp .next
.done:
%if WAY == 0
        mov al, CODE
        out 0xf4, al
%elif WAY == 1
        lidt [none]
        int3
%elif WAY == 2
        mov al, 0xfe
        out 0x64, al
%elif WAY == 4
.spin:
        jmp .spin
%elif WAY == 5
        call read
        call read
        mov al, 0x10
        out 0xf4, al
%elif WAY == 6
.echo:
        mov dx, LINE_STATUS
        in al, dx
        test al, LSR_DATA_READY
        jz .echo
        mov dx, COM1
        in al, dx
        cmp al, 3
        je .leave
        call put
        jmp .echo
.leave:
        mov al, CODE
        out 0xf4, al
%elif WAY == 7
        mov ax, 0xffff
        mov ds, ax
        mov al, [0x1010]
        call put_hex
        mov al, CODE
        out 0xf4, al
%elif WAY == 8
        mov ax, 0x4300                  ; no verify
        call transfer
%endif
.stop:
        cli
        hlt
        jmp .stop

; Reads the sector, or does with it what AX says, and says AH. Destroys all but the segment registers.
read:
        mov ah, 0x42
transfer:
        mov si, packet
        mov byte [packet.count], 1      ; a failed read has set it to 0
        mov dl, [drive]
        sti
        int 0x13
        cli
        mov al, ah
        call put_hex
        mov al, 10
        jmp put

; AL as two hexadecimal digits. Destroys AX, BX, DX.
put_hex:
        push ax
        shr al, 4
        call .digit
        pop ax
        and al, 15
.digit:
        cmp al, 10
        sbb al, 0x69
        das
        jmp put

; AL on COM1, and returns when it has left; on the screen too. Destroys AX, BX, DX.
put:
        mov dx, COM1
        out dx, al
        mov ah, 0x0e
        xor bx, bx
        int 0x10
        mov dx, LINE_STATUS
.wait:
        in al, dx
        test al, LSR_IDLE
        jz .wait
        ret

none:   dw 0
        dd 0
drive:  db 0
packet: db 16, 0
.count: dw 1
        dw 0, 0x0800
        dq LBA
line:   db LINE, 13, 10, 0
        times 0x1be - ($ - $$) db 0
        db 0x80, 0, 2, 0, 0x0e, 15, 63, 0          ; one cylinder of 16 heads, 63 sectors a track
        dd 1, 1007
        times 510 - ($ - $$) db 0
        dw 0xaa55

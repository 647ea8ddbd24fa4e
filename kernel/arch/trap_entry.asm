; SPDX-License-Identifier: MIT
; Where the CPU arrives for each of the 256 vectors: completes struct trap_frame (arch/trap_frame.h) and calls the C
; function behind exception_handler or interrupt_handler (idt.c). Knows nothing of what a vector means, except whether it
; has an error code, and that 80h is a program's system call. SYSCALL arrives here, too; and all ways to ring 3 end here.
bits 64

global trap_entries, trap_exception_return, trap_interrupt_return, trap_anywhere_return
global user_return, user_syscall
extern exception_handler, interrupt_handler
extern cpu_smap_is_on           ; protection.c
extern user_call_handler, user_return_handler ; user.c

FIRST_INTERRUPT    equ 32
TRAP_ENTRY_SIZE    equ 16       ; idt.c has the same number
ERROR_CODE_VECTORS equ 1 << 8 | 1fh << 10 | 1 << 17 | 1 << 21 | 1 << 29 | 1 << 30

; Same as struct trap_frame, where every offset is asserted.
struc trap_frame
        .r15        resq 1
        .r14        resq 1
        .r13        resq 1
        .r12        resq 1
        .r11        resq 1
        .r10        resq 1
        .r9         resq 1
        .r8         resq 1
        .rbp        resq 1
        .rdi        resq 1
        .rsi        resq 1
        .rdx        resq 1
        .rcx        resq 1
        .rbx        resq 1
        .rax        resq 1
        .vector     resq 1
        .error_code resq 1
        .rip        resq 1
        .cs         resq 1
        .rflags     resq 1
        .rsp        resq 1
        .ss         resq 1
endstruc
%if trap_frame_size % 16
        %error "the handler would be called with a misaligned stack"
%endif

RING_MASK          equ 3        ; of a selector: the ring it belongs to
MSR_GS_BASE        equ 0c0000101h
CALL_VECTOR        equ 80h      ; arch/idt.h has the same number
DEBUG_VECTOR       equ 1
PROGRAM_DATA       equ 20h | 3  ; arch/gdt.h: GDT_USER_DATA and GDT_USER_CODE, of ring 3
PROGRAM_CODE       equ 28h | 3
CANONICAL_SHIFT    equ 47       ; what is left of an address of the lower half is 0

; Of struct cpu_local, where every offset is asserted.
LOCAL_KERNEL_RSP     equ 24
LOCAL_PROGRAM_RSP    equ 32
LOCAL_IS_LOOK_WANTED equ 40

; Vectors with a stack of their own (idt.c has the same set): they may arrive between an entry from ring 3 and its SWAPGS,
; so CS does not say whose GS base is loaded.
ANYWHERE_VECTORS   equ 1 << 1 | 1 << 2 | 1 << 8 | 1 << 18

%macro trap_entry 1
%%start:
%if %1 >= FIRST_INTERRUPT || (ERROR_CODE_VECTORS >> %1 & 1) == 0
        push qword 0                ; keeps the frame the same for every vector
%endif
        push qword %1
%if %1 == CALL_VECTOR
        jmp trap_call
%elif %1 >= FIRST_INTERRUPT
        jmp trap_interrupt
%elif (ANYWHERE_VECTORS >> %1 & 1) != 0
        jmp trap_anywhere
%else
        jmp trap_exception
%endif
        times TRAP_ENTRY_SIZE - ($ - %%start) int3
%endmacro

section .text align=4096      ; all entries within one page: idt.c counts on it
trap_entries:
%assign vector 0
%rep 256
        trap_entry vector
%assign vector vector + 1
%endrep

; What a system call has to keep, because the C functions behind it may not; without RCX and R11, which SYSCALL destroys.
%macro save_call_registers 0
        mov [rsp + trap_frame.rax], rax
        mov [rsp + trap_frame.rdx], rdx
        mov [rsp + trap_frame.rsi], rsi
        mov [rsp + trap_frame.rdi], rdi
        mov [rsp + trap_frame.rbp], rbp
        mov [rsp + trap_frame.r8], r8
        mov [rsp + trap_frame.r9], r9
        mov [rsp + trap_frame.r10], r10
%endmacro

%macro restore_call_registers 0
        mov rax, [rsp + trap_frame.rax]
        mov rdx, [rsp + trap_frame.rdx]
        mov rsi, [rsp + trap_frame.rsi]
        mov rdi, [rsp + trap_frame.rdi]
        mov rbp, [rsp + trap_frame.rbp]
        mov r8, [rsp + trap_frame.r8]
        mov r9, [rsp + trap_frame.r9]
        mov r10, [rsp + trap_frame.r10]
%endmacro

; What C functions keep.
%macro save_kept_registers 0
        mov [rsp + trap_frame.rbx], rbx
        mov [rsp + trap_frame.r12], r12
        mov [rsp + trap_frame.r13], r13
        mov [rsp + trap_frame.r14], r14
        mov [rsp + trap_frame.r15], r15
%endmacro

%macro save_registers 0
%ifndef HEWN_BREAK_NO_CLD
        cld                         ; the C ABI wants it, and the interrupted code may have been copying backwards
%endif
%ifndef HEWN_BREAK_NO_CLAC
        ; Ring 3 may set AC, which opens its memory to ring 0, and no gate clears it. Without SMAP there is no CLAC.
        cmp byte [rel cpu_smap_is_on], 0
        je %%has_no_smap
        clac
%%has_no_smap:
%endif
        sub rsp, trap_frame.vector
        mov [rsp + trap_frame.rcx], rcx
        mov [rsp + trap_frame.r11], r11
        save_call_registers
        save_kept_registers
%endmacro

%macro restore_registers_and_return 0
        mov rcx, [rsp + trap_frame.rcx]
%ifndef HEWN_BREAK_UNSAVED_REGISTER
        mov r11, [rsp + trap_frame.r11]
%endif
        mov rbx, [rsp + trap_frame.rbx]
        mov r12, [rsp + trap_frame.r12]
        mov r13, [rsp + trap_frame.r13]
        mov r14, [rsp + trap_frame.r14]
        mov r15, [rsp + trap_frame.r15]
        restore_call_registers
        add rsp, trap_frame.rip     ; drops vector and error code as well
        iretq
%endmacro

; trap_exception, trap_interrupt
; before  trap_frame from .vector up is on the stack, interrupts closed, DF as the interrupted code left it
; after   every register and flag as before, but for what the handler changed in the frame
;
; RBP is not touched, so that the chain of frame pointers leads from the handler into the interrupted function; the
; ..._return labels tell a backtrace that a struct trap_frame lies above.
%macro trap 1
trap_%1:
        save_registers
        test byte [rsp + trap_frame.cs], RING_MASK
        jz %%is_kernel
        swapgs
%%is_kernel:
.call:
        mov rdi, rsp
%ifdef HEWN_BREAK_MISALIGNED_STACK
        sub rsp, 8
%endif
        call [rel %1_handler]
trap_%1_return:
%ifdef HEWN_BREAK_MISALIGNED_STACK
        add rsp, 8
%endif
        test byte [rsp + trap_frame.cs], RING_MASK
        jnz user_return
        restore_registers_and_return
%endmacro

        trap exception
        trap interrupt

; trap_anywhere: trap_exception for ANYWHERE_VECTORS. The kernel's GS base lies in the upper half, a program's never does
; (FSGSBASE stays off, so the kernel alone sets it), hence its sign says whose it is.
;
; A debug exception of ring 3 has interrupted nothing of the kernel: it goes on where other exceptions of ring 3 begin,
; because what becomes of the program may take its time.
trap_anywhere:
        save_registers
        mov ecx, MSR_GS_BASE
        rdmsr
        mov ebx, edx                ; kept by the C handler: whether to change back
        test edx, edx
        js .is_kernels
        swapgs
.is_kernels:
        cmp qword [rsp + trap_frame.vector], DEBUG_VECTOR
        jne .stays
        test byte [rsp + trap_frame.cs], RING_MASK
        jz .stays
        mov rsi, rsp
        mov rsp, [gs:LOCAL_KERNEL_RSP]
        sub rsp, trap_frame_size
        mov rdi, rsp
        mov ecx, trap_frame_size / 8
        rep movsq
        jmp trap_exception.call
.stays:
        mov rdi, rsp
        call [rel exception_handler]
trap_anywhere_return:
        test ebx, ebx
        js .to_kernel
        swapgs
.to_kernel:
        restore_registers_and_return

; trap_call: INT 80h. In ring 3 it is a system call, with the numbers and registers of SYSCALL; elsewhere an interrupt
; that nobody can have raised.
trap_call:
        test byte [rsp + trap_frame.cs - trap_frame.vector], RING_MASK
        jz trap_interrupt
        save_registers
        swapgs
        xor ebp, ebp                ; ends the backtrace of what comes
        sti
        mov rdi, rsp
        call [rel user_call_handler]
        ; on into user_return

; user_return: the way to ring 3
; before  RSP = a whole struct trap_frame of ring 3, the kernel's GS base; interrupts open or closed
; after   in ring 3, or the program has ended
; Before anything else is looked at interrupts are closed, so that nothing changes up to IRETQ; which must not fault,
; because the program's GS base is loaded by then.
user_return:
        cli
        lea rax, [rsp + trap_frame_size]
        cmp rax, [gs:LOCAL_KERNEL_RSP] ; another program's stack: its address space, too, is loaded
        jne .look
        cmp dword [gs:LOCAL_IS_LOOK_WANTED], 0
        jne .look
        mov rax, [rsp + trap_frame.rip]
        shr rax, CANONICAL_SHIFT
        jz .go
.look:
        mov rdi, rsp
        call [rel user_return_handler]
.go:
        swapgs
        restore_registers_and_return

; user_syscall: SYSCALL
; before  CPL 0, the program's GS base and RSP; RCX = its RIP, R11 = its RFLAGS; of the others, those of SYSCALL_FLAG_MASK
;         are clear, IF and AC among them
; after   as user_return, with RAX = the result, RCX and R11 destroyed, all else kept
; What a C function keeps goes into the frame only if somebody has to look; vector and error code never do.
user_syscall:
%ifndef HEWN_BREAK_MISSING_SWAPGS
        swapgs
%endif
        mov [gs:LOCAL_PROGRAM_RSP], rsp
        mov rsp, [gs:LOCAL_KERNEL_RSP]
        push qword PROGRAM_DATA
        push qword [gs:LOCAL_PROGRAM_RSP]
        push r11
        push qword PROGRAM_CODE
        push rcx
        sub rsp, trap_frame.rip
        save_call_registers
        xor ebp, ebp                ; ends the backtrace of what comes
        sti
        mov rdi, rsp
        call [rel user_call_handler]
        cli
        lea rax, [rsp + trap_frame_size]
        cmp rax, [gs:LOCAL_KERNEL_RSP]
        jne .look
        cmp dword [gs:LOCAL_IS_LOOK_WANTED], 0
        jne .look
        mov rcx, [rsp + trap_frame.rip]
        mov rdx, rcx
        shr rdx, CANONICAL_SHIFT    ; Intel's SYSRET would raise #GP in ring 0, on the program's stack
        jnz .look
        mov r11, [rsp + trap_frame.rflags]
        restore_call_registers
        mov rsp, [rsp + trap_frame.rsp]
        swapgs
        o64 sysret
.look:
        save_kept_registers
        mov rax, [rsp + trap_frame.rip]
        mov [rsp + trap_frame.rcx], rax
        mov rax, [rsp + trap_frame.rflags]
        mov [rsp + trap_frame.r11], rax
        jmp user_return.look

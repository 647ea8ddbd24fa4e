# SPDX-License-Identifier: MIT
# Every flag that shapes code, each with its reason. HEWN_<WORLD>_FLAGS for the worlds of cmake/module.cmake.

# -O2 -g in both build types: debug information costs the image nothing, because what goes into it is stripped.
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")

set(HEWN_WARNINGS
    -Wall -Wextra -Wpedantic
    -Wconversion -Wsign-conversion      # sizes and addresses come from firmware; no silent narrowing
    -Wshadow -Wundef -Wcast-align -Wcast-qual
    -Wstrict-prototypes -Wmissing-prototypes -Wmissing-variable-declarations
    -Wswitch-enum -Wformat=2 -Wvla -Wnull-dereference -Wunreachable-code -Wcomma
    -Wno-gnu-statement-expression-from-macro-expansion)
if(HEWN_WERROR)
    list(APPEND HEWN_WARNINGS -Werror)
endif()

set(HEWN_COMMON_FLAGS
    -std=c23
    ${HEWN_WARNINGS}
    -fno-strict-aliasing                # firmware tables and page frames are read as what they are
    -ffunction-sections -fdata-sections # the linker drops what nobody calls
    -fno-common)

# No hosted C library is there to include or to call.
set(HEWN_FREESTANDING_FLAGS
    -ffreestanding
    -nostdlibinc                        # -ffreestanding alone still finds the host's headers
    -fno-pic                            # linked to one address; no GOT
    -fno-asynchronous-unwind-tables     # nothing unwinds; .eh_frame would be loaded for nothing
    -fcf-protection=none                # no CET: ENDBR64 would be dead bytes
    -mgeneral-regs-only)                # no SSE/x87: their state is not ours to clobber

set(HEWN_KERNEL_FLAGS
    --target=x86_64-unknown-none-elf
    ${HEWN_COMMON_FLAGS} ${HEWN_FREESTANDING_FLAGS}
    -mcmodel=kernel                     # linked in the top 2 GiB
    -mno-red-zone                       # an interrupt would overwrite 128 bytes below RSP
    -fno-omit-frame-pointer             # backtraces walk RBP
    -mno-omit-leaf-frame-pointer
    -fstack-protector-strong            # a buffer written beyond its end is told with a name, not with a wild RIP
    -mstack-protector-guard=global)     # in __stack_chk_guard: FS is not the kernel's (kernel/debug/stack_check.c)

set(HEWN_STAGE2_FLAGS
    --target=i386-unknown-none-elf
    ${HEWN_COMMON_FLAGS} ${HEWN_FREESTANDING_FLAGS}
    -march=i386                         # must run far enough on any CPU to say what that CPU lacks
    -fno-stack-protector                # a check in each function costs bytes, and nobody hostile is there yet
    -mregparm=3                         # arguments in EAX, EDX, ECX: the smallest calls; shared with the .asm files
    -mstack-alignment=4                 # no 16-byte stack padding: nothing here needs it
    -fomit-frame-pointer
    -fno-jump-tables                    # comparisons are smaller than a table of 4-byte addresses
    -flto                               # one optimisation of all files: 5 % smaller
    -Oz)                                # stage 2 is judged by its bytes (docs/performance.md)

set(HEWN_HOST_FLAGS ${HEWN_COMMON_FLAGS} -fno-omit-frame-pointer)
set(HEWN_HOST_LINK_FLAGS "")
set(host_sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all)
set(HEWN_FUZZ_FLAGS ${HEWN_HOST_FLAGS} ${host_sanitizers} -fsanitize=fuzzer-no-link)
set(HEWN_FUZZ_LINK_FLAGS ${host_sanitizers} -fsanitize=fuzzer)

# The kernel's UBSan reports go through lib/ubsan.c, which panics. Alignment is left out: x86-64 allows it and packed
# firmware tables rely on it; so are function types, whose signature words stand in the text like code.
# They name files as the source tree does, which is the path without as many parts as the tree's own has.
if(HEWN_SANITIZE)
    string(REGEX MATCHALL "/" parts "${PROJECT_SOURCE_DIR}/")
    list(LENGTH parts count)
    list(APPEND HEWN_KERNEL_FLAGS -fsanitize=undefined -fno-sanitize=alignment,function
        -fsanitize-undefined-strip-path-components=${count})
    list(APPEND HEWN_HOST_FLAGS ${host_sanitizers})
    list(APPEND HEWN_HOST_LINK_FLAGS ${host_sanitizers})
endif()

set(HEWN_DEFINITIONS
    HEWN_VERSION="${PROJECT_VERSION}"
    HEWN_DEBUG_ASSERTS=$<BOOL:${HEWN_DEBUG_ASSERTS}>
    HEWN_SANITIZE=$<BOOL:${HEWN_SANITIZE}>)

set(HEWN_KERNEL_NASM_FLAGS -f elf64 -g -F dwarf -w+all)
set(HEWN_STAGE2_NASM_FLAGS -f elf32 -g -F dwarf -w+all)

# SPDX-License-Identifier: MIT
# Classic bugs, each in one place of the sources, none of them in a build unless asked for:
#
#   cmake -DHEWN_BREAK=no_eoi ...
#
# Each makes a test inside the kernel fail, and the tests of label museum prove that (test/kernel/museum.py). In C a bug
# is `#if HEWN_BREAK_<NAME>`, in assembly `%ifdef HEWN_BREAK_<NAME>`. Included after cmake/flags.cmake, whose flags it
# completes. Those of the heaps' designs, of the terminal and of the line editor need no kernel: they make tests fail on
# the host, where all of them run unchanged. The museum compiles again only the sources that name a bug, and links them
# in place of the sound ones.
set(HEWN_PLANTED_BUGS
    red_zone            # the compiler may keep locals where an interrupt puts its frame
    no_eoi              # the controller is not told that an interrupt has been handled
    no_cld              # handlers run with the direction flag of what they interrupted
    no_clac             # handlers run with programs' memory open, if what they interrupted has opened it
    misaligned_stack    # handlers are called with a stack that the ABI does not allow
    missing_ist         # a double fault has no stack of its own
    unsaved_register    # what is interrupted finds another value in R11
    missing_invlpg      # the TLB keeps what it knows of pages that change or go away
    serial_full_ring    # bytes are taken out of the UART for which there is no room
    task_lost_wake_up   # who waits for a signal does not look again after it has said so
    task_short_stack    # a task's stack has a page less than was asked for, and the guard is there
    missing_swapgs      # a system call finds the program's GS base where the kernel looks for its own
    unchecked_pointer   # what a program names is copied wherever it lies
    signed_index        # a file's number is compared as a signed one, so that a negative one is an index
    tlb_not_flushed     # another program runs with the translations of the one before
    fpu_not_saved)      # a program's registers of SSE are those of whoever ran before

# Those of the boot chain, which boots the sound kernel.
set(HEWN_PLANTED_BOOT_BUGS
    unzeroed_bss)       # the loader leaves in .bss what was in memory

# A bug that is a flag: what undoes the right one in HEWN_KERNEL_FLAGS. The sources where it shows name it in a comment.
set(HEWN_PLANTED_FLAG_red_zone -mred-zone)

set(HEWN_PLANTED_HEAP_BUGS
    heap_bump_lost_top              # the topmost block is freed, and its memory is not used again
    heap_bump_miscount              # a block that is freed is not counted when it is the topmost one
    heap_linked_list_missing_merge  # what is freed is not joined with the free block before it
    heap_linked_list_wrong_split    # what is left of a split block is 8 bytes larger than it is
    heap_linked_list_lost_padding   # what lies before an aligned block is forgotten
    heap_fixed_block_wrong_class    # a size that is a class's own plus one byte gets a block of that class
    heap_fixed_block_lost_block     # a class's list forgets its second block when the first one is taken
    heap_buddy_missing_merge        # a freed block is not joined with a buddy that lies before it
    heap_buddy_wrong_split          # the half that a split leaves counts as twice as large as it is
    heap_buddy_lost_block           # the upper half of the first split is forgotten
    heap_tlsf_wrong_class           # the search begins in the class of the size, in which blocks may be smaller
    heap_tlsf_missing_merge         # what is freed is not joined with the free block behind it
    heap_tlsf_wrong_split           # what is left of a split block begins 8 bytes early, in the block that was taken
    heap_tlsf_lost_block            # a class counts as empty when its first block is taken
    heap_default_wrong_class        # a size that is a class's own plus one byte gets a slot of that class
    heap_default_missing_merge      # what is freed is not joined with the free block before it
    heap_default_wrong_split        # what is left of a split block begins 8 bytes early
    heap_default_lost_block)        # a span that was full and has a free slot again is in no list

set(HEWN_PLANTED_TERMINAL_BUGS
    terminal_eager_wrap         # the next row begins when the last column is written, not with what comes then
    terminal_region_off_by_one  # the scroll region has one row more than it was told
    terminal_unclamped          # a position may lie beyond the screen
    terminal_lost_line          # of the scrollback, the oldest line cannot be seen
    terminal_stale_cells)       # a line that is used again keeps its last characters

set(HEWN_PLANTED_LINE_EDITOR_BUGS
    line_editor_early_wrap  # a row counts as full with its last cell free
    line_editor_lost_byte   # of what is killed, the last byte is not kept
    line_editor_lost_line)  # the line that is being typed is not kept aside when somebody looks at the history

# Those of tasks that take two CPUs to show: on the host, too.
set(HEWN_PLANTED_TASK_BUGS
    ready_queue_missing_barrier)    # what is popped may read before others see that it can be pushed again

set(HEWN_BREAK "" CACHE STRING "Plant one bug (cmake/planted_bugs.cmake)")
set(all_bugs ${HEWN_PLANTED_BUGS} ${HEWN_PLANTED_BOOT_BUGS} ${HEWN_PLANTED_HEAP_BUGS} ${HEWN_PLANTED_TERMINAL_BUGS}
    ${HEWN_PLANTED_LINE_EDITOR_BUGS} ${HEWN_PLANTED_TASK_BUGS})
set_property(CACHE HEWN_BREAK PROPERTY STRINGS "" ${all_bugs})
if(HEWN_BREAK AND NOT HEWN_BREAK IN_LIST all_bugs)
    list(JOIN all_bugs ", " names)
    message(FATAL_ERROR "HEWN_BREAK=${HEWN_BREAK} is not known. Known: ${names}")
endif()

foreach(name IN LISTS all_bugs)
    string(TOUPPER ${name} NAME)
    if(name STREQUAL HEWN_BREAK)
        list(APPEND HEWN_DEFINITIONS HEWN_BREAK_${NAME}=1)
        list(APPEND HEWN_KERNEL_NASM_FLAGS -DHEWN_BREAK_${NAME})
        list(APPEND HEWN_KERNEL_FLAGS ${HEWN_PLANTED_FLAG_${name}})
    else()
        list(APPEND HEWN_DEFINITIONS HEWN_BREAK_${NAME}=0)
    endif()
endforeach()
if(HEWN_BREAK)
    message(WARNING "The bug ${HEWN_BREAK} is planted: this build is broken on purpose.")
endif()

# hewn_planted_sources(<variable> <bug> <folder>...): the sources below the folders that name the bug.
function(hewn_planted_sources variable bug)
    string(TOUPPER HEWN_BREAK_${bug} macro)
    set(found "")
    foreach(folder IN LISTS ARGN)
        file(GLOB_RECURSE sources ${folder}/*.c ${folder}/*.asm)
        foreach(source IN LISTS sources)
            file(STRINGS ${source} uses REGEX "[^A-Z_]${macro}([^A-Z_0-9]|$)")
            if(uses)
                list(APPEND found ${source})
            endif()
        endforeach()
    endforeach()
    if(NOT found)
        message(FATAL_ERROR "no source of ${ARGN} holds the bug ${bug} (${macro})")
    endif()
    set(${variable} ${found} PARENT_SCOPE)
endfunction()

# hewn_plant(<target> <bug>): what the target compiles has the bug, whatever HEWN_BREAK says.
function(hewn_plant target bug)
    string(TOUPPER HEWN_BREAK_${bug} macro)
    get_target_property(definitions ${target} COMPILE_DEFINITIONS)
    string(REPLACE "${macro}=0" "${macro}=1" definitions "${definitions}")
    set_target_properties(${target} PROPERTIES COMPILE_DEFINITIONS "${definitions}")
    target_compile_definitions(${target} PRIVATE $<$<COMPILE_LANGUAGE:ASM_NASM>:${macro}>)
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:C>:${HEWN_PLANTED_FLAG_${bug}}>)
endfunction()

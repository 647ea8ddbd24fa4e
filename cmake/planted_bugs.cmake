# SPDX-License-Identifier: MIT
# Classic bugs, each in one place of the sources, none of them in a build unless asked for:
#
#   cmake -DHEWN_BREAK=no_eoi ...
#
# Each makes a test inside the kernel fail, and the tests of label museum prove that (test/kernel/museum.py). In C a bug
# is `#if HEWN_BREAK_<NAME>`, in assembly `%ifdef HEWN_BREAK_<NAME>`. Included after cmake/flags.cmake, whose flags it
# completes.
set(HEWN_PLANTED_BUGS
    red_zone            # the compiler may keep locals where an interrupt puts its frame
    no_eoi              # the controller is not told that an interrupt has been handled
    no_cld              # handlers run with the direction flag of what they interrupted
    no_clac             # handlers run with programs' memory open, if what they interrupted has opened it
    misaligned_stack    # handlers are called with a stack that the ABI does not allow
    missing_ist         # a double fault has no stack of its own
    unsaved_register    # what is interrupted finds another value in R11
    missing_invlpg      # the TLB keeps what it knows of pages that change or go away
    unzeroed_bss)       # the loader leaves in .bss what was in memory

set(HEWN_BREAK "" CACHE STRING "Plant one bug (cmake/planted_bugs.cmake)")
set_property(CACHE HEWN_BREAK PROPERTY STRINGS "" ${HEWN_PLANTED_BUGS})
if(HEWN_BREAK AND NOT HEWN_BREAK IN_LIST HEWN_PLANTED_BUGS)
    list(JOIN HEWN_PLANTED_BUGS ", " names)
    message(FATAL_ERROR "HEWN_BREAK=${HEWN_BREAK} is not known. Known: ${names}")
endif()

foreach(name IN LISTS HEWN_PLANTED_BUGS)
    string(TOUPPER ${name} NAME)
    if(name STREQUAL HEWN_BREAK)
        list(APPEND HEWN_DEFINITIONS HEWN_BREAK_${NAME}=1)
        list(APPEND HEWN_KERNEL_NASM_FLAGS -DHEWN_BREAK_${NAME})
    else()
        list(APPEND HEWN_DEFINITIONS HEWN_BREAK_${NAME}=0)
    endif()
endforeach()
if(HEWN_BREAK)
    message(WARNING "The bug ${HEWN_BREAK} is planted: this build is broken on purpose.")
endif()
if(HEWN_BREAK STREQUAL "red_zone")
    list(REMOVE_ITEM HEWN_KERNEL_FLAGS -mno-red-zone)
endif()

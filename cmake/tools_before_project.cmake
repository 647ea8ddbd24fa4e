# SPDX-License-Identifier: MIT
# The C compiler has to be known before project(). Debian calls it clang-19; the plain name may be an older one there,
# so versioned names come first, the one Hewn is tested with before the others.
if(NOT CMAKE_C_COMPILER)
    find_program(CMAKE_C_COMPILER NAMES clang-19 clang-20 clang-21 clang
                 DOC "C compiler for every target: Clang 19 or newer")
    if(NOT CMAKE_C_COMPILER)
        message(FATAL_ERROR "Hewn needs Clang 19 or newer and found no clang at all. On Debian: apt-get install clang-19 lld-19")
    endif()
endif()

# SPDX-License-Identifier: MIT
# The other build tools, each found, its version checked, and a sentence when it will not do.
if(NOT CMAKE_C_COMPILER_ID STREQUAL "Clang" OR CMAKE_C_COMPILER_VERSION VERSION_LESS 19)
    message(FATAL_ERROR "Hewn needs Clang 19 or newer (C23); ${CMAKE_C_COMPILER} is ${CMAKE_C_COMPILER_ID} ${CMAKE_C_COMPILER_VERSION}.")
endif()

# hewn_find_tool(VARIABLE minimum "package" name...): refuses a missing or an old tool.
function(hewn_find_tool variable minimum package)
    find_program(${variable} NAMES ${ARGN})
    if(NOT ${variable})
        message(FATAL_ERROR "Hewn needs ${ARGV3}, which is not here. On Debian: apt-get install ${package}")
    endif()
    execute_process(COMMAND ${${variable}} --version OUTPUT_VARIABLE output ERROR_VARIABLE output)
    string(REGEX MATCH "[0-9]+\\.[0-9]+(\\.[0-9]+)?" version "${output}")
    if(version VERSION_LESS minimum)
        message(FATAL_ERROR "Hewn needs ${ARGV3} ${minimum} or newer; ${${variable}} is ${version}.")
    endif()
    message(STATUS "Found ${ARGV3} ${version}: ${${variable}}")
endfunction()

# The clang driver links bare targets through the host's gcc and may pick an older LLD, so LLD is called directly.
hewn_find_tool(HEWN_LLD 19 lld-19 ld.lld-19 ld.lld-20 ld.lld-21 ld.lld)
hewn_find_tool(HEWN_LLD_LINK 19 lld-19 lld-link-19 lld-link-20 lld-link-21 lld-link)
hewn_find_tool(HEWN_OBJCOPY 19 llvm-19 llvm-objcopy-19 llvm-objcopy-20 llvm-objcopy-21 llvm-objcopy)
hewn_find_tool(HEWN_DWARFDUMP 19 llvm-19 llvm-dwarfdump-19 llvm-dwarfdump-20 llvm-dwarfdump-21 llvm-dwarfdump)
hewn_find_tool(HEWN_MFORMAT 4 mtools mformat)
find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)
# Version managers put a script in the PATH that looks for the interpreter at each start: 0.08 s, a thousand times a run.
execute_process(COMMAND ${Python3_EXECUTABLE} -c "import sys; print(sys.executable)"
    OUTPUT_VARIABLE Python3_EXECUTABLE OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)

# hewn_find_font(VARIABLE package "description" file...): refuses when there is none of these files.
function(hewn_find_font variable package description)
    find_file(${variable} NAMES ${ARGN} DOC "PCF file: ${description}"
        PATHS /usr/share/fonts /usr/local/share/fonts
        PATH_SUFFIXES X11/misc misc terminus terminus-fonts terminus-font)
    if(NOT ${variable})
        message(FATAL_ERROR "Hewn needs ${description} (${ARGV3}), which is not here. On Debian: apt-get install ${package}\n"
                            "If it is elsewhere: cmake -D${variable}=<path> ...")
    endif()
    message(STATUS "Found ${description}: ${${variable}}")
endfunction()

# NASM speaks three formats here (flat, elf32, elf64), so the format is a flag of the source, not of the language.
find_program(CMAKE_ASM_NASM_COMPILER NAMES nasm)
if(NOT CMAKE_ASM_NASM_COMPILER)
    message(FATAL_ERROR "Hewn needs nasm 2.15 or newer, which is not here. On Debian: apt-get install nasm")
endif()
execute_process(COMMAND ${CMAKE_ASM_NASM_COMPILER} -v OUTPUT_VARIABLE output)
string(REGEX MATCH "[0-9]+\\.[0-9]+" nasm_version "${output}")
if(nasm_version VERSION_LESS 2.15)
    message(FATAL_ERROR "Hewn needs nasm 2.15 or newer; ${CMAKE_ASM_NASM_COMPILER} is ${nasm_version}.")
endif()
enable_language(ASM_NASM)
set(CMAKE_ASM_NASM_COMPILE_OBJECT
    "<CMAKE_ASM_NASM_COMPILER> <DEFINES> <INCLUDES> <FLAGS> -o <OBJECT> <SOURCE>")

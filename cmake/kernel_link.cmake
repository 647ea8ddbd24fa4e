# SPDX-License-Identifier: MIT
# How a kernel is linked: twice, because it carries the names and lines of its own code. The first link says where
# everything is; what is made from that goes into a section behind all others, so that the second link moves nothing,
# and a tool holds it to that. Used by the kernel and by the test kernel.

set(HEWN_KERNEL_LINKER_SCRIPT ${PROJECT_SOURCE_DIR}/kernel/kernel.ld)

# hewn_kernel(<name> OUTPUT file SOURCES file... LIBRARIES target... [INCLUDE dir...] [SCRIPTS file...])
#   the executable target <name> at ${PROJECT_BINARY_DIR}/<OUTPUT>, with its checksum filled in. From here on LLD links
#   every executable of the calling folder, because the clang driver hands bare targets to the host's gcc. SCRIPTS are
#   linker scripts beside kernel/kernel.ld.
function(hewn_kernel name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "OUTPUT" "SOURCES;LIBRARIES;INCLUDE;SCRIPTS")
    if(arg_UNPARSED_ARGUMENTS OR NOT arg_OUTPUT OR NOT arg_SOURCES OR NOT arg_LIBRARIES)
        message(FATAL_ERROR "hewn_kernel(${name}): needs OUTPUT, SOURCES and LIBRARIES, and does not know '${arg_UNPARSED_ARGUMENTS}'")
    endif()
    # A group, because arch's entry calls main's kernel_main and lib's checks call debug's panic.
    set(CMAKE_C_LINK_EXECUTABLE
        "${HEWN_LLD} <LINK_FLAGS> <OBJECTS> -o <TARGET> --start-group <LINK_LIBRARIES> --end-group" PARENT_SCOPE)

    add_library(${name}_objects OBJECT ${arg_SOURCES})
    hewn_compile_for_kernel(${name}_objects)
    target_include_directories(${name}_objects PRIVATE ${HEWN_BOOT_PROTOCOL} ${arg_INCLUDE})
    target_link_libraries(${name}_objects PRIVATE ${arg_LIBRARIES})

    set(symbols ${CMAKE_CURRENT_BINARY_DIR}/${name}_symbols.asm)
    set(scripts ${HEWN_KERNEL_LINKER_SCRIPT} ${arg_SCRIPTS})
    hewn_link_kernel(${name}_first ${name}_objects "${arg_LIBRARIES}" "${scripts}")
    hewn_link_kernel(${name} ${name}_objects "${arg_LIBRARIES}" "${scripts}" ${symbols})
    set_target_properties(${name}_first PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
    set_target_properties(${name} PROPERTIES
        OUTPUT_NAME ${arg_OUTPUT}
        RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
    add_custom_command(
        OUTPUT ${symbols}
        COMMAND ${Python3_EXECUTABLE} ${HEWN_IMAGE_TOOLS}/symbol_table.py ${HEWN_DWARFDUMP} ${PROJECT_SOURCE_DIR}
                $<TARGET_FILE:${name}_first> ${symbols}
        DEPENDS ${name}_first ${HEWN_IMAGE_TOOLS}/symbol_table.py ${HEWN_IMAGE_TOOLS}/elf64.py
        VERBATIM)
    add_custom_command(TARGET ${name} POST_BUILD
        COMMAND ${Python3_EXECUTABLE} ${HEWN_IMAGE_TOOLS}/kernel_layout_check.py
                $<TARGET_FILE:${name}_first> $<TARGET_FILE:${name}>
        COMMAND ${Python3_EXECUTABLE} ${HEWN_IMAGE_TOOLS}/kernel_checksum.py $<TARGET_FILE:${name}>
        VERBATIM)
endfunction()

function(hewn_compile_for_kernel target)
    target_compile_options(${target} PRIVATE
        $<$<COMPILE_LANGUAGE:C>:${HEWN_KERNEL_FLAGS}>
        $<$<COMPILE_LANGUAGE:ASM_NASM>:${HEWN_KERNEL_NASM_FLAGS}>)
    target_compile_definitions(${target} PRIVATE $<$<COMPILE_LANGUAGE:C>:${HEWN_DEFINITIONS}>)
endfunction()

# One of the two links.
function(hewn_link_kernel target objects libraries scripts)
    add_executable(${target} $<TARGET_OBJECTS:${objects}> ${ARGN})
    hewn_compile_for_kernel(${target})
    set_target_properties(${target} PROPERTIES LINKER_LANGUAGE C LINK_DEPENDS "${scripts}")
    target_link_libraries(${target} PRIVATE ${libraries})
    list(TRANSFORM scripts PREPEND "SHELL:-T ")
    target_link_options(${target} PRIVATE
        ${scripts}
        "SHELL:-m elf_x86_64"
        -static
        --gc-sections
        "--undefined-glob=shell_command_*" # commands: nobody calls them by name (lib/command.h)
        --build-id=none
        --orphan-handling=error # a section that kernel.ld does not place is a mistake, not a guess
        --fatal-warnings
        "SHELL:-z max-page-size=4096"
        "SHELL:-z noexecstack"
        "SHELL:-z norelro")
endfunction()

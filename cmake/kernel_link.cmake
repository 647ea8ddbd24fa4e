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
    set(objects $<TARGET_OBJECTS:${name}_objects>)
    hewn_link_kernel(${name}_first ${objects} "${arg_LIBRARIES}" "${scripts}")
    hewn_link_kernel(${name} ${objects} "${arg_LIBRARIES}" "${scripts}" ${symbols})
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

# hewn_broken_kernel(<name> OF kernel BUG bug FOLDERS dir... OUTPUT file)
#   the kernel OF (a target of hewn_kernel() in the calling folder) with one bug of cmake/planted_bugs.cmake, stripped,
#   as OUTPUT. The sources below FOLDERS that name the bug are compiled again and linked in front of the libraries, from
#   which their sound twins are not taken then: nothing that they define is missing any more. Its table of names is that
#   of the sound kernel, a few bytes off: a link less, and no test of the museum reads a backtrace.
function(hewn_broken_kernel name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "OF;BUG;OUTPUT" "FOLDERS")
    if(arg_UNPARSED_ARGUMENTS OR NOT arg_OF OR NOT arg_BUG OR NOT arg_OUTPUT OR NOT arg_FOLDERS)
        message(FATAL_ERROR "hewn_broken_kernel(${name}): needs OF, BUG, OUTPUT and FOLDERS, "
                            "and does not know '${arg_UNPARSED_ARGUMENTS}'")
    endif()
    hewn_planted_sources(broken ${arg_BUG} ${arg_FOLDERS})
    set(twins "")
    foreach(source IN LISTS broken)
        file(RELATIVE_PATH twin ${CMAKE_CURRENT_SOURCE_DIR} ${source})
        string(REPLACE "../" "__/" twin ${twin}) # as CMake names objects
        list(APPEND twins ${twin})
    endforeach()
    list(JOIN twins "|" twins)
    get_target_property(libraries ${arg_OF} LINK_LIBRARIES)
    get_target_property(scripts ${arg_OF} LINK_DEPENDS)
    hewn_link_kernel(${name} "$<FILTER:$<TARGET_OBJECTS:${arg_OF}_objects>,EXCLUDE,[.]dir/([.]/)?(${twins})[.]o$>"
        "${libraries}" "${scripts}" ${broken} ${CMAKE_CURRENT_BINARY_DIR}/${arg_OF}_symbols.asm)
    add_dependencies(${name} ${arg_OF})
    target_include_directories(${name} PRIVATE $<TARGET_PROPERTY:${arg_OF}_objects,INCLUDE_DIRECTORIES>)
    hewn_plant(${name} ${arg_BUG})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
    get_filename_component(folder ${arg_OUTPUT} DIRECTORY)
    file(MAKE_DIRECTORY ${folder})
    add_custom_command(TARGET ${name} POST_BUILD
        COMMAND ${Python3_EXECUTABLE} ${HEWN_IMAGE_TOOLS}/kernel_checksum.py $<TARGET_FILE:${name}>
        COMMAND ${HEWN_OBJCOPY} --strip-all $<TARGET_FILE:${name}> ${arg_OUTPUT}
        VERBATIM)
endfunction()

function(hewn_compile_for_kernel target)
    target_compile_options(${target} PRIVATE
        $<$<COMPILE_LANGUAGE:C>:${HEWN_KERNEL_FLAGS}>
        $<$<COMPILE_LANGUAGE:ASM_NASM>:${HEWN_KERNEL_NASM_FLAGS}>)
    target_compile_definitions(${target} PRIVATE $<$<COMPILE_LANGUAGE:C>:${HEWN_DEFINITIONS}>)
endfunction()

# A link of objects, and of what is compiled for it alone.
function(hewn_link_kernel target objects libraries scripts)
    add_executable(${target} ${objects} ${ARGN})
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

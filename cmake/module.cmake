# SPDX-License-Identifier: MIT
# One folder, one static library. A module is compiled once for each world that it lives in:
# kernel_<name> (64 bit), stage2_<name> (32 bit), host_<name> (this machine, for unit tests) and, with the latter,
# fuzz_<name> (this machine, instrumented for libFuzzer, always with ASan and UBSan).

# The boot protocol's header is a contract between worlds, so all of them may read it.
set(HEWN_BOOT_PROTOCOL ${PROJECT_SOURCE_DIR}/stage2/include)

# hewn_module(<name> WORLDS kernel|stage2|host... SOURCES file... [DEPENDS module...] [INCLUDE dir])
#   DEPENDS names the modules whose headers it may include; test/include_check.py holds it to that.
#   INCLUDE is the public header folder (default: include).
function(hewn_module name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "INCLUDE" "WORLDS;SOURCES;DEPENDS")
    if(arg_UNPARSED_ARGUMENTS OR NOT arg_WORLDS OR NOT arg_SOURCES)
        message(FATAL_ERROR "hewn_module(${name}): needs WORLDS and SOURCES, and does not know '${arg_UNPARSED_ARGUMENTS}'")
    endif()
    if(NOT arg_INCLUDE)
        set(arg_INCLUDE include)
    endif()
    if("host" IN_LIST arg_WORLDS AND HEWN_TESTS)
        list(APPEND arg_WORLDS fuzz)
    endif()
    foreach(world IN LISTS arg_WORLDS)
        string(TOUPPER ${world} WORLD)
        set(target ${world}_${name})
        add_library(${target} STATIC ${arg_SOURCES})
        target_include_directories(${target} PUBLIC ${arg_INCLUDE} ${HEWN_BOOT_PROTOCOL})
        target_compile_options(${target} PRIVATE
            $<$<COMPILE_LANGUAGE:C>:${HEWN_${WORLD}_FLAGS}>
            $<$<COMPILE_LANGUAGE:ASM_NASM>:${HEWN_${WORLD}_NASM_FLAGS}>)
        target_compile_definitions(${target} PRIVATE $<$<COMPILE_LANGUAGE:C>:${HEWN_DEFINITIONS}>)
        list(TRANSFORM arg_DEPENDS PREPEND ${world}_ OUTPUT_VARIABLE dependencies)
        target_link_libraries(${target} PUBLIC ${dependencies})
    endforeach()
    file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
    list(JOIN arg_DEPENDS " " depends)
    set_property(GLOBAL APPEND PROPERTY HEWN_MODULES "${name}|${folder}|${depends}")
endfunction()

# What was declared, for the include checker: one line "name|folder|depends" a module.
function(hewn_write_module_graph)
    get_property(modules GLOBAL PROPERTY HEWN_MODULES)
    list(JOIN modules "\n" lines)
    file(WRITE ${PROJECT_BINARY_DIR}/module_graph.txt "${lines}\n")
endfunction()

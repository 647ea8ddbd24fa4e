# SPDX-License-Identifier: MIT
# Tests that run on this machine: cmocka executables and libFuzzer executables over the host builds of the modules. Called
# by test/unit and test/fuzz; knows nothing of QEMU (cmake/qemu_test.cmake).
#
# In ctest a fuzzer runs for seconds, from fixed seeds, to find what a change just broke. To search for longer, by hand,
# from the build directory (a first folder that grows, then the committed seeds, which are only read):
#
#   mkdir -p found && host/fuzz-<name> -max_total_time=3600 -jobs=$(nproc) found <source>/test/fuzz/corpus/<name>
#
# A crash leaves its input in crash-<hash>: `host/fuzz-<name> crash-<hash>` repeats it, `-minimize_crash=1 -runs=100000`
# shrinks it. Once fixed, the input joins the corpus under a name that says what it broke. To keep what a long search
# found: `host/fuzz-<name> -merge=1 <source>/test/fuzz/corpus/<name> found`.
include(CheckCSourceCompiles)

find_path(HEWN_CMOCKA_INCLUDE cmocka.h)
find_library(HEWN_CMOCKA_LIBRARY cmocka)
if(NOT HEWN_CMOCKA_INCLUDE OR NOT HEWN_CMOCKA_LIBRARY)
    message(FATAL_ERROR "Hewn's unit tests need cmocka, which is not here. On Debian: apt-get install libcmocka-dev\n"
                        "To build without tests: cmake -DHEWN_TESTS=OFF ...")
endif()

# A -fsanitize=fuzzer link needs compiler-rt and, as libFuzzer is C++, libstdc++; neither comes with clang itself.
set(CMAKE_REQUIRED_FLAGS -fsanitize=fuzzer,address,undefined)
check_c_source_compiles(
    "int LLVMFuzzerTestOneInput(const unsigned char *data, unsigned long size);
     int LLVMFuzzerTestOneInput(const unsigned char *data, unsigned long size) { return data && size ? 0 : 0; }"
    HEWN_HAVE_FUZZER)
unset(CMAKE_REQUIRED_FLAGS)
if(NOT HEWN_HAVE_FUZZER)
    message(FATAL_ERROR "Hewn's fuzz tests need libFuzzer and the sanitizers of ${CMAKE_C_COMPILER}, which do not link here. "
                        "On Debian: apt-get install libclang-rt-19-dev g++\n"
                        "To build without tests: cmake -DHEWN_TESTS=OFF ...")
endif()

# What unit and fuzz executables have in common. `#include <support/...>` finds test/support.
function(hewn_add_host_executable target world)
    cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "SOURCES;MODULES")
    string(TOUPPER ${world} WORLD)
    add_executable(${target} ${arg_SOURCES})
    list(TRANSFORM arg_MODULES PREPEND ${world}_ OUTPUT_VARIABLE modules)
    target_link_libraries(${target} PRIVATE ${modules})
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/test)
    target_compile_options(${target} PRIVATE ${HEWN_${WORLD}_FLAGS})
    target_compile_definitions(${target} PRIVATE ${HEWN_DEFINITIONS})
    target_link_options(${target} PRIVATE ${HEWN_${WORLD}_LINK_FLAGS})
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/host)
endfunction()

# hewn_host_test(<name> SOURCES file... MODULES module...): a cmocka program, host/unit-<name>, as ctest unit-<name>.
#   It runs in its own build folder; a test that needs files makes them there. A panic() fails the test that met it;
#   cmocka's expect_assert_failure() provokes one on purpose (test/support/panic_unit.c).
function(hewn_host_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;MODULES")
    if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES OR NOT arg_MODULES)
        message(FATAL_ERROR "hewn_host_test(${name}): needs SOURCES and MODULES, and does not know '${arg_UNPARSED_ARGUMENTS}'")
    endif()
    set(target unit-${name})
    hewn_add_host_executable(${target} host
        SOURCES ${arg_SOURCES} ${PROJECT_SOURCE_DIR}/test/support/panic_unit.c
        MODULES ${arg_MODULES})
    target_include_directories(${target} SYSTEM PRIVATE ${HEWN_CMOCKA_INCLUDE})
    target_link_libraries(${target} PRIVATE ${HEWN_CMOCKA_LIBRARY})
    add_test(NAME ${target} COMMAND ${target} WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
    set_tests_properties(${target} PROPERTIES LABELS unit TIMEOUT 60)
endfunction()

# hewn_host_objects(<name> SOURCES file... MODULES module...): what several programs have in common, compiled once.
# hewn_host_program(<target> OBJECTS name... [SOURCES file...] MODULES module...): such a program, host/<target>, built
#   with all and not yet a test.
function(hewn_host_objects name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;MODULES")
    add_library(${name} OBJECT ${arg_SOURCES} ${PROJECT_SOURCE_DIR}/test/support/panic_unit.c)
    list(TRANSFORM arg_MODULES PREPEND host_ OUTPUT_VARIABLE modules)
    target_link_libraries(${name} PRIVATE ${modules})
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/test)
    target_include_directories(${name} SYSTEM PRIVATE ${HEWN_CMOCKA_INCLUDE})
    target_compile_options(${name} PRIVATE ${HEWN_HOST_FLAGS})
    target_compile_definitions(${name} PRIVATE ${HEWN_DEFINITIONS})
endfunction()

function(hewn_host_program target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "OBJECTS;SOURCES;MODULES")
    list(TRANSFORM arg_OBJECTS REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>" OUTPUT_VARIABLE objects)
    hewn_add_host_executable(${target} host SOURCES ${arg_SOURCES} ${objects} MODULES ${arg_MODULES})
    target_link_libraries(${target} PRIVATE ${HEWN_CMOCKA_LIBRARY})
endfunction()

# hewn_host_museum(<bug> FOLDER dir OBJECTS name MODULES module... SOUND target TEST name REASON regex): the program
#   SOUND once more, with one bug of cmake/planted_bugs.cmake compiled into the source below FOLDER that holds it, as ctest
#   museum-<bug>: of its tests, which a program takes by name, TEST has to fail there, and to say what REASON matches.
function(hewn_host_museum bug)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "FOLDER;SOUND;TEST;REASON" "OBJECTS;MODULES")
    hewn_planted_sources(broken ${bug} ${arg_FOLDER})
    set(target museum-${bug})
    hewn_host_program(${target} OBJECTS ${arg_OBJECTS} SOURCES ${broken} MODULES ${arg_MODULES})
    target_include_directories(${target} PRIVATE ${arg_FOLDER})
    hewn_plant(${target} ${bug})
    add_test(NAME museum-${bug}
        COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/test/unit/museum.py
                $<TARGET_FILE:${arg_SOUND}> $<TARGET_FILE:${target}> ${arg_TEST} "${arg_REASON}")
    set_tests_properties(museum-${bug} PROPERTIES LABELS museum TIMEOUT 120)
endfunction()

# hewn_fuzz_test(<name> SOURCES file... MODULES module... [CORPUS dir] [MAX_BYTES n])
#   a libFuzzer program, host/fuzz-<name>, as ctest fuzz-<name>. CORPUS (default: corpus/<name>) holds the seeds;
#   MAX_BYTES bounds an input (default 4096). In the night, fuzz-<name>-longer takes a minute.
function(hewn_fuzz_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "CORPUS;MAX_BYTES" "SOURCES;MODULES")
    if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES OR NOT arg_MODULES)
        message(FATAL_ERROR "hewn_fuzz_test(${name}): needs SOURCES and MODULES, and does not know '${arg_UNPARSED_ARGUMENTS}'")
    endif()
    if(NOT arg_CORPUS)
        set(arg_CORPUS corpus/${name})
    endif()
    get_filename_component(corpus ${arg_CORPUS} ABSOLUTE)
    if(NOT IS_DIRECTORY ${corpus})
        message(FATAL_ERROR "hewn_fuzz_test(${name}): no seeds at ${corpus}")
    endif()
    if(NOT arg_MAX_BYTES)
        set(arg_MAX_BYTES 4096)
    endif()
    set(target fuzz-${name})
    hewn_add_host_executable(${target} fuzz
        SOURCES ${arg_SOURCES} ${PROJECT_SOURCE_DIR}/test/support/panic_fuzz.c
        MODULES ${arg_MODULES})
    set(run ${CMAKE_COMMAND} -DFUZZER=$<TARGET_FILE:${target}> -DSEEDS=${corpus} -DMAX_BYTES=${arg_MAX_BYTES})
    set(script -P ${PROJECT_SOURCE_DIR}/cmake/fuzz_run.cmake)
    add_test(NAME ${target}
        COMMAND ${run} -DRUNS=200000 -DSECONDS=1 -DSCRATCH=${CMAKE_CURRENT_BINARY_DIR}/${name} ${script})
    set_tests_properties(${target} PROPERTIES LABELS fuzz TIMEOUT 60)
    add_test(NAME ${target}-longer
        COMMAND ${run} -DRUNS=-1 -DSECONDS=60 -DSCRATCH=${CMAKE_CURRENT_BINARY_DIR}/${name}-longer ${script})
    set_tests_properties(${target}-longer PROPERTIES LABELS "fuzz;nightly" TIMEOUT 180)
endfunction()


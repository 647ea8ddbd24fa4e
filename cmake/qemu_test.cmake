# SPDX-License-Identifier: MIT
# Tests driven by Python: virtual machines (test/boot, test/speed), the image (test/image), style (test/style). Called
# by those folders; knows nothing of cmocka and libFuzzer (cmake/host_test.cmake).

# A case that this host cannot run exits with it (test/support/case.py).
set(HEWN_EXIT_SKIPPED 77)

# hewn_qemu_test(<name> SCRIPT file.py [ARGS arg...] [LABELS label...] [TIMEOUT seconds] [RUN_SERIAL] [RESOURCE_LOCK x])
#   one ctest. The script finds its packages by its own path; ARGS are passed as they are.
function(hewn_qemu_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "RUN_SERIAL" "SCRIPT;TIMEOUT;RESOURCE_LOCK" "ARGS;LABELS")
    if(arg_UNPARSED_ARGUMENTS OR NOT arg_SCRIPT)
        message(FATAL_ERROR "hewn_qemu_test(${name}): needs SCRIPT, and does not know '${arg_UNPARSED_ARGUMENTS}'")
    endif()
    if(NOT arg_LABELS)
        set(arg_LABELS boot)
    endif()
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 60)
    endif()
    get_filename_component(script ${arg_SCRIPT} ABSOLUTE)
    # -S: the tests use the standard library alone, and what else is installed takes time to be looked at.
    add_test(NAME ${name} COMMAND ${Python3_EXECUTABLE} -S ${script} ${arg_ARGS})
    set_tests_properties(${name} PROPERTIES
        LABELS "${arg_LABELS}"
        TIMEOUT ${arg_TIMEOUT}
        SKIP_RETURN_CODE ${HEWN_EXIT_SKIPPED}
        ENVIRONMENT "PYTHONDONTWRITEBYTECODE=1")
    if(arg_RUN_SERIAL)
        set_tests_properties(${name} PROPERTIES RUN_SERIAL ON)
    endif()
    if(arg_RESOURCE_LOCK)
        set_tests_properties(${name} PROPERTIES RESOURCE_LOCK ${arg_RESOURCE_LOCK})
    endif()
endfunction()

# hewn_test_table(<prefix> SCRIPT file.py)
#   one ctest <prefix>-<case> for each case that the script lists (test/support/case.py); labels, time limit and locks
#   stand in the script. Listed when CMake runs, and again when the script or its support changes.
function(hewn_test_table prefix)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "SCRIPT" "")
    if(arg_UNPARSED_ARGUMENTS OR NOT arg_SCRIPT)
        message(FATAL_ERROR "hewn_test_table(${prefix}): needs SCRIPT, and does not know '${arg_UNPARSED_ARGUMENTS}'")
    endif()
    get_filename_component(script ${arg_SCRIPT} ABSOLUTE)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${script} ${PROJECT_SOURCE_DIR}/test/support/case.py)
    execute_process(
        COMMAND ${CMAKE_COMMAND} -E env PYTHONDONTWRITEBYTECODE=1 ${Python3_EXECUTABLE} ${script} --list
        OUTPUT_VARIABLE lines ERROR_VARIABLE errors RESULT_VARIABLE status OUTPUT_STRIP_TRAILING_WHITESPACE)
    if(NOT status EQUAL 0)
        message(FATAL_ERROR "${script} cannot list its cases:\n${errors}")
    endif()
    string(REPLACE "\n" ";" lines "${lines}")
    foreach(line IN LISTS lines)
        if(NOT line MATCHES "^([^|]*)\\|([^|]*)\\|([^|]*)\\|([^|]*)\\|([^|]*)$")
            message(FATAL_ERROR "${script} --list: not a case: ${line}")
        endif()
        set(case ${CMAKE_MATCH_1})
        string(REPLACE "," ";" labels "${CMAKE_MATCH_2}")
        set(timeout ${CMAKE_MATCH_3})
        set(options)
        if(CMAKE_MATCH_4)
            list(APPEND options RUN_SERIAL)
        endif()
        if(CMAKE_MATCH_5)
            list(APPEND options RESOURCE_LOCK ${CMAKE_MATCH_5})
        endif()
        hewn_qemu_test(${prefix}-${case}
            SCRIPT ${script}
            ARGS --build ${PROJECT_BINARY_DIR} ${case}
            LABELS ${labels}
            TIMEOUT ${timeout}
            ${options})
    endforeach()
endfunction()

# SPDX-License-Identifier: MIT
# One short run of a fuzzer, as ctest does it (cmake/host_test.cmake): FUZZER from the seeds in SEEDS, inputs up to
# MAX_BYTES, for RUNS inputs or SECONDS at most, everything written below SCRATCH. The scratch corpus starts empty and
# the random seed is fixed, so that two runs of the same binary do the same work, up to the time limit. libFuzzer writes
# into the first folder it is given and only reads the others: the source tree stays as it is.
file(REMOVE_RECURSE ${SCRATCH}/corpus)
file(MAKE_DIRECTORY ${SCRATCH}/corpus)
execute_process(
    COMMAND ${FUZZER} -seed=1 -runs=${RUNS} -max_total_time=${SECONDS} -timeout=10 -rss_limit_mb=1024
            -max_len=${MAX_BYTES} -print_final_stats=1 -artifact_prefix=${SCRATCH}/ ${SCRATCH}/corpus ${SEEDS}
    WORKING_DIRECTORY ${SCRATCH}
    RESULT_VARIABLE result)
if(NOT result EQUAL 0)
    message(FATAL_ERROR "${FUZZER} failed (${result}); the input is in ${SCRATCH}: give its name to the fuzzer to repeat it.")
endif()

// SPDX-License-Identifier: MIT
// kernel/memory/page_table under any sequence of operations, compared with a model after each
// (support/page_table_case.h). The input: a byte of what the CPU has and how many frames there are, then operations.
#include <support/page_table_case.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    page_table_case_start(data[0] & 1, data[0] & 2, data[0] & 4 ? 8 : 40, 1);
    for (size_t at = 1; at + PAGE_TABLE_OPERATION_BYTES <= size; at += PAGE_TABLE_OPERATION_BYTES)
        page_table_case_operate(&data[at]);
    page_table_case_end();
    return 0;
}

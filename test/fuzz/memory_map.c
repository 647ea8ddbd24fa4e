// SPDX-License-Identifier: MIT
// Any firmware map and any requests, against the model (support/memory_map_case.h says what the input means).
#include <support/memory_map_case.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memory_map_case(data, size);
    return 0;
}

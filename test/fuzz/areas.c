// SPDX-License-Identifier: MIT
// kernel/process/areas under any sequence of operations, three bytes each, against a model.
#include <stddef.h>
#include <support/areas_model.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    areas_model_start(data[0] % (AREAS_MODEL_PAGES + AREAS_SLACK + 1));
    for (size_t i = 1; i + 3 <= size; i += 3) {
        areas_model_do(data[i] % AREAS_MODEL_OPERATIONS, data[i + 1] % AREAS_MODEL_PAGES, 1 + data[i + 2] % 16,
                       (enum area_rights)(data[i] / AREAS_MODEL_OPERATIONS % 8), data[i + 2] / 16);
        areas_model_check_gap(1 + data[i] % 12);
    }
    return 0;
}

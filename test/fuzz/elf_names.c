// SPDX-License-Identifier: MIT
// Any file through kernel/process/elf_names, at an odd address: the input is an address and a file.
#include <elf_names/elf_names.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t address;
    struct elf_name name;
    if (size < sizeof address)
        return 0;
    memcpy(&address, data, sizeof address);
    size -= sizeof address;
    uint8_t *file = malloc(size + 1); // a block of its own, so that ASan sees its end
    if (file == nullptr)
        return 0;
    memcpy(file + 1, data + sizeof address, size);
    if (elf_names_find(file + 1, size, address, &name) && strlen(name.text) > size)
        abort();
    free(file);
    return 0;
}

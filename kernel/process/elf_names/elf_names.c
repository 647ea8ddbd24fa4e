// SPDX-License-Identifier: MIT
// The section headers of an ELF64 file, as far as they lead to its symbols. Called by process when a program dies, and
// so for files that the loader has taken; knows no program.
#include <elf_names/elf_names.h>
#include <lib/string.h>
#include <stdckdint.h>

// Wherever they lie in the file.
struct [[gnu::packed]] file_header {
    uint8_t identification[40];
    uint64_t section_headers;
    uint8_t others[10];
    uint16_t section_header_size, section_count, names_section;
};
static_assert(sizeof(struct file_header) == 64);

struct [[gnu::packed]] section_header {
    uint32_t name, type;
    uint64_t flags, address, offset, size_bytes;
    uint32_t link, information;
    uint64_t alignment, entry_bytes;
};
static_assert(sizeof(struct section_header) == 64);

struct [[gnu::packed]] symbol {
    uint32_t name;
    uint8_t information, other;
    uint16_t section;
    uint64_t value, size_bytes;
};
static_assert(sizeof(struct symbol) == 24);

constexpr uint32_t SECTION_SYMBOLS = 2, SECTION_STRINGS = 3;
constexpr uint8_t TYPE_MASK = 0xf, TYPE_FUNCTION = 2;

struct file {
    const uint8_t *bytes;
    size_t size_bytes;
};

// COUNT things of EACH bytes at OFFSET; nullptr when the file does not have them.
static const void *part_of(const struct file *file, uint64_t offset, uint64_t count, uint64_t each)
{
    uint64_t size_bytes, end;
    if (ckd_mul(&size_bytes, count, each) || ckd_add(&end, offset, size_bytes) || end > file->size_bytes)
        return nullptr;
    return file->bytes + offset;
}

struct sections {
    const struct section_header *first;
    uint32_t count;
};

static bool find_sections(const struct file *file, struct sections *sections)
{
    const struct file_header *header = part_of(file, 0, 1, sizeof *header);
    if (header == nullptr || header->section_header_size != sizeof *sections->first)
        return false;
    sections->count = header->section_count;
    sections->first = part_of(file, header->section_headers, sections->count, sizeof *sections->first);
    return sections->first != nullptr;
}

static bool holds(const struct symbol *symbol, uint64_t address)
{
    return (symbol->information & TYPE_MASK) == TYPE_FUNCTION && address - symbol->value < symbol->size_bytes;
}

// Whoever shows a name must not be made to send what a terminal obeys.
static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text <= ' ' || *text > '~')
            return false;
    }
    return true;
}

// The string at PLACE of STRINGS, if it ends there.
static const char *string_at(const struct file *file, const struct section_header *strings, uint32_t place)
{
    const char *first = part_of(file, strings->offset, strings->size_bytes, 1);
    if (strings->type != SECTION_STRINGS || first == nullptr || place >= strings->size_bytes)
        return nullptr;
    size_t room = strings->size_bytes - place;
    return strnlen(first + place, room) < room ? first + place : nullptr;
}

static bool search(const struct file *file, const struct sections *sections, const struct section_header *table,
                   uint64_t address, struct elf_name *name)
{
    uint64_t count = table->size_bytes / sizeof(struct symbol);
    const struct symbol *symbols = part_of(file, table->offset, count, sizeof *symbols);
    if (symbols == nullptr || table->link >= sections->count)
        return false;
    for (uint64_t i = 0; i < count; i++) {
        if (!holds(&symbols[i], address))
            continue;
        *name = (struct elf_name){string_at(file, &sections->first[table->link], symbols[i].name),
                                  address - symbols[i].value};
        return name->text != nullptr && name->text[0] != '\0' && is_printable(name->text);
    }
    return false;
}

bool elf_names_find(const uint8_t *bytes, size_t size_bytes, uint64_t address, struct elf_name *name)
{
    struct file file = {bytes, size_bytes};
    struct sections sections;
    if (!find_sections(&file, &sections))
        return false;
    for (uint32_t i = 0; i < sections.count; i++) {
        if (sections.first[i].type == SECTION_SYMBOLS)
            return search(&file, &sections, &sections.first[i], address, name);
    }
    return false;
}

// SPDX-License-Identifier: MIT
// Archives in ustar format: blocks of 512 bytes, a header for each member and its contents behind it, two blocks of
// zeros at the end. Called by process; distrusts all of it.
#include "tree.h"
#include <lib/string.h>

constexpr size_t BLOCK_BYTES = 512;

struct header {
    char name[100];
    char mode[8], owner[8], group[8];
    char size[12], modified[12];
    char checksum[8];
    char type;
    char target[100];
    char magic[6], version[2];
    char owner_name[32], group_name[32];
    char major[8], minor[8];
    char prefix[155];
    char padding[12];
};
static_assert(sizeof(struct header) == BLOCK_BYTES);

// The type of a member; GNU's tar and pax have more, for what ustar has no words for.
constexpr char TYPE_REGULAR = '0', TYPE_REGULAR_OF_OLD = '\0', TYPE_HARD_LINK = '1', TYPE_LINK = '2',
               TYPE_DIRECTORY = '5';

// Octal digits, between optional spaces before and a space or zero behind. False: something else.
static bool read_octal(const char *field, size_t length, uint64_t *value)
{
    size_t i = 0;
    *value = 0;
    while (i < length && field[i] == ' ')
        i++;
    for (; i < length && field[i] != ' ' && field[i] != '\0'; i++) {
        if (field[i] < '0' || field[i] > '7')
            return false;
        *value = *value << 3 | (uint64_t)(field[i] - '0'); // at most 12 digits
    }
    return true;
}

// The sum of all bytes, with spaces where it stands itself. Some have taken bytes for signed.
static bool is_sum_right(const struct header *header)
{
    const uint8_t *bytes = (const uint8_t *)header;
    constexpr size_t FIRST = offsetof(struct header, checksum), LAST = FIRST + sizeof header->checksum - 1;
    uint64_t wanted, sum = 0;
    for (size_t i = 0; i < BLOCK_BYTES; i++)
        sum += i >= FIRST && i <= LAST ? ' ' : bytes[i];
    return read_octal(header->checksum, sizeof header->checksum, &wanted) && wanted == sum;
}

static bool is_zero(const struct header *header)
{
    const uint8_t *bytes = (const uint8_t *)header;
    for (size_t i = 0; i < BLOCK_BYTES; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

// ---- the members of an archive, one after the other

struct member {
    const struct header *header;
    const uint8_t *contents;
    uint64_t size_bytes;
    struct span prefix, name; // its path, in two parts
};

struct reader {
    const uint8_t *bytes;
    size_t size_bytes, position;
};

static struct span field_of(const char *field, size_t length)
{
    return (struct span){field, strnlen(field, length)};
}

// STATUS_NOT_FOUND: that was the last one.
static enum status read_member(struct reader *reader, struct member *member)
{
    size_t left = reader->size_bytes - reader->position;
    if (left == 0)
        return STATUS_NOT_FOUND; // without the zeros
    if (left < BLOCK_BYTES)
        return STATUS_CORRUPT;
    const struct header *header = (const struct header *)(reader->bytes + reader->position);
    if (is_zero(header))
        return STATUS_NOT_FOUND;
    if (memcmp(header->magic, "ustar", 5) != 0 || !is_sum_right(header) ||
        !read_octal(header->size, sizeof header->size, &member->size_bytes))
        return STATUS_CORRUPT;
    bool has_contents = header->type != TYPE_HARD_LINK && header->type != TYPE_LINK && header->type != TYPE_DIRECTORY;
    uint64_t blocks = has_contents ? (member->size_bytes + BLOCK_BYTES - 1) / BLOCK_BYTES : 0;
    if (blocks > (left - BLOCK_BYTES) / BLOCK_BYTES)
        return STATUS_CORRUPT;
    member->header = header;
    member->contents = reader->bytes + reader->position + BLOCK_BYTES;
    member->name = field_of(header->name, sizeof header->name);
    member->prefix = header->magic[5] == '\0' ? field_of(header->prefix, sizeof header->prefix) : (struct span){};
    reader->position += BLOCK_BYTES + blocks * BLOCK_BYTES;
    return STATUS_OK;
}

static bool is_understood(char type)
{
    return type == TYPE_REGULAR || type == TYPE_REGULAR_OF_OLD || type == TYPE_HARD_LINK || type == TYPE_LINK ||
           type == TYPE_DIRECTORY;
}

static uint32_t count_components(struct span path)
{
    uint32_t count = 0;
    while (span_next_component(&path).length > 0)
        count++;
    return count;
}

// The most nodes that MEMBER can make.
static uint32_t nodes_of(const struct member *member)
{
    return is_understood(member->header->type) ? count_components(member->prefix) + count_components(member->name) : 0;
}

uint32_t file_tree_nodes_of_archive(const uint8_t *bytes, size_t size_bytes)
{
    struct reader reader = {.bytes = bytes, .size_bytes = size_bytes};
    struct member member;
    uint32_t count = 0;
    while (read_member(&reader, &member) == STATUS_OK)
        count += nodes_of(&member);
    return count;
}

// ---- from a member to a node

// The node for PATH below FROM, made on the way. FILE_NONE: there can be none.
static uint32_t make_path(struct file_tree *tree, uint32_t from, struct span path)
{
    struct span name;
    while (from != FILE_NONE && (name = span_next_component(&path)).length > 0) {
        if (span_equals(name, "."))
            continue;
        from = tree->nodes[from].kind == FILE_DIRECTORY ? tree_child(tree, from, name) : FILE_NONE;
    }
    return from;
}

static uint32_t find_path(const struct file_tree *tree, struct span path)
{
    uint32_t node = FILE_ROOT;
    struct span name;
    while (node != FILE_NONE && (name = span_next_component(&path)).length > 0) {
        if (!span_equals(name, "."))
            node = tree_find_child(tree, node, name);
    }
    return node;
}

static uint64_t number_or_0(const char *field, size_t length)
{
    uint64_t value;
    return read_octal(field, length, &value) ? value : 0;
}

static void fill_in(struct file_node *node, const struct member *member)
{
    constexpr uint64_t PERMISSIONS = 07777;
    const struct header *header = member->header;
    node->permissions = (uint16_t)(number_or_0(header->mode, sizeof header->mode) & PERMISSIONS);
    node->owner = (uint32_t)number_or_0(header->owner, sizeof header->owner);
    node->group = (uint32_t)number_or_0(header->group, sizeof header->group);
    node->modified_s = number_or_0(header->modified, sizeof header->modified);
}

// A hard link is another name for what came before it.
static bool give_contents(struct file_tree *tree, struct file_node *node, const struct member *member)
{
    struct span target = field_of(member->header->target, sizeof member->header->target);
    if (member->header->type == TYPE_LINK) {
        node->kind = FILE_LINK;
        node->bytes = (const uint8_t *)target.text;
        node->size_bytes = target.length;
        return true;
    }
    node->kind = FILE_REGULAR;
    node->bytes = member->contents;
    node->size_bytes = member->size_bytes;
    if (member->header->type != TYPE_HARD_LINK)
        return true;
    node->bytes = nullptr;
    node->size_bytes = 0;
    uint32_t other = find_path(tree, target);
    if (other == FILE_NONE || tree->nodes[other].kind != FILE_REGULAR)
        return false;
    node->bytes = tree->nodes[other].bytes;
    node->size_bytes = tree->nodes[other].size_bytes;
    return true;
}

// Returns whether it could be added.
static bool add_member(struct file_tree *tree, const struct member *member)
{
    if (!is_understood(member->header->type))
        return false;
    uint32_t number = make_path(tree, make_path(tree, FILE_ROOT, member->prefix), member->name);
    if (number == FILE_NONE)
        return false;
    struct file_node *node = &tree->nodes[number];
    bool is_directory = member->header->type == TYPE_DIRECTORY;
    if (!is_directory && (number == FILE_ROOT || node->first_child != FILE_NONE))
        return false;
    if (is_directory && node->kind != FILE_DIRECTORY)
        return false;
    fill_in(node, member);
    return is_directory || give_contents(tree, node, member);
}

enum status file_tree_add_archive(struct file_tree *tree, const uint8_t *bytes, size_t size_bytes)
{
    struct reader reader = {.bytes = bytes, .size_bytes = size_bytes};
    struct member member;
    enum status status;
    while ((status = read_member(&reader, &member)) == STATUS_OK) {
        if (tree->count + nodes_of(&member) > tree->capacity)
            return STATUS_NO_MEMORY;
        if (!add_member(tree, &member))
            tree->skipped_count++;
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

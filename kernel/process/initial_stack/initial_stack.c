// SPDX-License-Identifier: MIT
// A stack written from both ends: strings downward from the top, and, once it is known how many words there are, those
// upward from the stack pointer. Called by process.
#include <initial_stack/initial_stack.h>
#include <lib/string.h>

static const char PLATFORM[] = "x86_64";
constexpr size_t RANDOM_BYTES = 16, WORD = sizeof(uint64_t), STACK_ALIGNMENT = 16;

struct writer {
    uint8_t *buffer;
    uint64_t base; // the program's address of BUFFER
    size_t floor;  // words lie below
    size_t next;   // strings lie from here on
    bool is_full;
};

static size_t count_of(const char *const *list)
{
    size_t count = 0;
    while (list[count] != nullptr)
        count++;
    return count;
}

// Returns the program's address of what has been put below all that was put before.
static uint64_t put_bytes(struct writer *writer, const void *bytes, size_t size_bytes)
{
    if (writer->next - writer->floor < size_bytes) {
        writer->is_full = true;
        return 0;
    }
    writer->next -= size_bytes;
    memcpy(writer->buffer + writer->next, bytes, size_bytes);
    return writer->base + writer->next;
}

static void put_word(struct writer *writer, uint64_t word)
{
    if (writer->next - writer->floor < WORD) {
        writer->is_full = true;
        return;
    }
    memcpy(writer->buffer + writer->floor, &word, WORD);
    writer->floor += WORD;
}

static void put_list(struct writer *writer, const char *const *list)
{
    for (; *list != nullptr; list++)
        put_word(writer, put_bytes(writer, *list, strlen(*list) + 1));
    put_word(writer, 0);
}

static void put_auxiliary(struct writer *writer, enum auxiliary_type type, uint64_t value)
{
    put_word(writer, type);
    put_word(writer, value);
}

// In the order of writing: first all that the auxiliary vector points to, so that what follows is words alone but for
// the strings of the two lists, which put_list() puts as it goes. Words are written at the buffer's beginning and
// moved.
enum status initial_stack_write(const struct initial_stack *stack, uint8_t *buffer, size_t size_bytes, uint64_t top,
                                uint64_t *rsp)
{
    struct writer writer = {.buffer = buffer, .base = top - size_bytes, .next = size_bytes};
    (void)put_bytes(&writer, &(uint64_t){0}, WORD);
    uint64_t path = put_bytes(&writer, stack->path, strlen(stack->path) + 1);
    uint64_t platform = put_bytes(&writer, PLATFORM, sizeof PLATFORM);
    uint64_t random = put_bytes(&writer, stack->random, RANDOM_BYTES);
    put_word(&writer, count_of(stack->arguments));
    put_list(&writer, stack->arguments);
    put_list(&writer, stack->environment);
    for (size_t i = 0; i < stack->auxiliary_count; i++)
        put_auxiliary(&writer, stack->auxiliaries[i].type, stack->auxiliaries[i].value);
    put_auxiliary(&writer, AUXILIARY_PLATFORM, platform);
    put_auxiliary(&writer, AUXILIARY_RANDOM, random);
    put_auxiliary(&writer, AUXILIARY_PATH, path);
    put_auxiliary(&writer, AUXILIARY_END, 0);
    if (writer.is_full || writer.next - writer.floor < STACK_ALIGNMENT)
        return STATUS_RANGE;
    *rsp = (writer.base + writer.next - writer.floor) & -STACK_ALIGNMENT;
    memmove(buffer + (*rsp - writer.base), buffer, writer.floor);
    return STATUS_OK;
}

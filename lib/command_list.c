// SPDX-License-Identifier: MIT
// Breaks lists between items. Called by commands; knows no shell and no meaning.
#include <lib/command_list.h>
#include <lib/format.h>
#include <lib/string.h>

constexpr unsigned COLUMNS = 79; // the last one stays free: a full row would be followed by an empty one

struct command_list command_list_begin(struct command_call *call, unsigned indent, const char *title)
{
    command_print(call, "%-*s", (int)indent, title);
    unsigned length = (unsigned)strlen(title);
    return (struct command_list){call, indent, length < indent ? indent : length, .is_empty = true};
}

void command_list_add(struct command_list *list, const char *format, ...)
{
    char item[COLUMNS + 1];
    va_list arguments;
    va_start(arguments, format);
    format_string_list(item, sizeof item, format, arguments);
    va_end(arguments);
    unsigned length = (unsigned)strlen(item);
    bool fits = list->column + 2 + length + 1 <= COLUMNS; // with a comma behind it, too
    if (list->is_empty)
        command_print(list->call, "%s", item);
    else if (fits)
        command_print(list->call, ", %s", item);
    else
        command_print(list->call, ",\n%*s%s", (int)list->indent, "", item);
    list->column = list->is_empty ? list->column + length : fits ? list->column + 2 + length : list->indent + length;
    list->is_empty = false;
}

void command_list_end(struct command_list *list, const char *none)
{
    command_print(list->call, "%s\n", list->is_empty ? none : "");
}

void command_list_add_bits(struct command_list *list, uint64_t value, const struct command_bit *bits, size_t count)
{
    for (unsigned number = 0; number < 64; number++) {
        if (!(value >> number & 1))
            continue;
        size_t i = 0;
        while (i < count && bits[i].number != number)
            i++;
        if (i < count)
            command_list_add(list, "%s", bits[i].text);
        else
            command_list_add(list, "bit %u", number);
    }
}

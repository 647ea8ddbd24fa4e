// SPDX-License-Identifier: MIT
// kernel/line_editor on any input. The first byte decides: keys of the model (support/line_model.h), after each of
// which line and screen must be the model's; or bytes as they are, after each of which the editor must be sound.
#include <lib/panic.h>
#include <line_editor/line_editor.h>
#include <stdlib.h>
#include <string.h>
#include <support/line_model.h>
#include <support/mirror_surface.h>
#include <terminal/terminal.h>

constexpr unsigned COLUMNS = 40, ROWS = 10;
constexpr size_t LINE_BYTES = 120, HISTORY_BYTES = 300;
static const char prompt[] = "hewn> ";

static struct mirror_surface mirror;
static surface_cell_t cells[TERMINAL_CELLS(COLUMNS, ROWS)];
static struct terminal terminal;
static struct line_editor editor;
static size_t said_bytes;

static void write_text(void *, const char *text, size_t length)
{
    said_bytes += length;
    if (length == 0 || said_bytes > LINE_EDITOR_OUTPUT_LIMIT(LINE_BYTES))
        panic("a key makes the editor say %zu bytes, or nothing", said_bytes);
    terminal_write(&terminal, text, length);
}

static const char *complete(void *, const char *line, size_t length, size_t index, size_t *start)
{
    static const char *const words[] = {"ab", "abc", "b", "\u00e4\u20ac"};
    *start = length;
    while (*start > 0 && line[*start - 1] != ' ')
        (*start)--;
    return index < sizeof words / sizeof *words ? words[index] : nullptr;
}

static enum line_event push(uint8_t byte)
{
    said_bytes = 0;
    enum line_event event = line_editor_push(&editor, byte);
    if (event != LINE_GOES_ON)
        line_editor_start(&editor, prompt, COLUMNS, ROWS);
    return event;
}

// ---- keys beside the model

static void require_same(const struct line_model *model, bool has_marks)
{
    char text[4 * MODEL_LINE_LIMIT + 1];
    model_utf8(model, text);
    if (strcmp(editor.line, text) != 0)
        panic("the line is <%s> instead of <%s>", editor.line, text);
    struct model_screen wanted;
    model_draw(model, prompt, COLUMNS, &wanted);
    if (!wanted.is_plain || has_marks)
        return;
    if (mirror.cursor_column != wanted.cursor_column)
        panic("the cursor is in column %u instead of %zu", mirror.cursor_column, wanted.cursor_column);
    for (size_t column = 0; column < COLUMNS; column++) {
        uint32_t is = surface_code_point(mirror_surface_cell(&mirror, mirror.cursor_row, (unsigned)column));
        if (is != wanted.cells[wanted.cursor_row][column])
            panic("column %zu of the cursor's row shows U+%04X", column, (unsigned)is);
    }
}

// With a history, the model's keeps other lines than the editor's as soon as one of them is full.
static void press_keys(const uint8_t *data, size_t size)
{
    struct line_model model;
    model_init(&model, LINE_BYTES);
    bool has_marks = false;
    for (size_t i = 0; i < size; i++) {
        unsigned key = data[i] % model_key_count;
        const char *bytes = model_key_bytes(key);
        if (model_key_is_enter(key) && model.history_count == MODEL_HISTORY - 2)
            continue;
        has_marks |= key == model_key_count - 1;
        enum line_event event = LINE_GOES_ON;
        while (*bytes != '\0')
            event = push((uint8_t)*bytes++);
        if ((event == LINE_IS_FINISHED) != model_key_is_enter(key))
            panic("key %u gives event %u", key, event);
        model_press(&model, key);
        require_same(&model, has_marks);
    }
}

// ---- bytes as they are

static bool is_sound_utf8(const char *text)
{
    while (*text != '\0') {
        unsigned char first = (unsigned char)*text++;
        unsigned more = first < 0x80   ? 0
                        : first < 0xc2 ? 9
                        : first < 0xe0 ? 1
                        : first < 0xf0 ? 2
                        : first < 0xf5 ? 3
                                       : 9;
        for (; more > 0; more--) {
            if (((unsigned char)*text++ & 0xc0) != 0x80)
                return false;
        }
    }
    return true;
}

static void push_bytes(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        push(data[i]);
        if (data[i] == 0xfe && line_editor_is_waiting(&editor))
            line_editor_pause(&editor);
        if (editor.length >= LINE_BYTES || editor.cursor > editor.length || strlen(editor.line) != editor.length)
            panic("length %zu, cursor %zu of <%s>", editor.length, editor.cursor, editor.line);
        if (!is_sound_utf8(editor.line) || ((unsigned char)editor.line[editor.cursor] & 0xc0) == 0x80)
            panic("the cursor, %zu, is within a character of <%s>", editor.cursor, editor.line);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    char *memory = malloc(LINE_EDITOR_MEMORY(LINE_BYTES, HISTORY_BYTES));
    if (!memory)
        abort();
    mirror_surface_init(&mirror, COLUMNS, ROWS);
    if (terminal_init(&terminal, &mirror.surface, cells, sizeof cells / sizeof *cells, true) != STATUS_OK)
        panic("no terminal");
    line_editor_init(&editor, &(struct line_editor_options){.write = write_text,
                                                            .complete = complete,
                                                            .memory = memory,
                                                            .line_bytes = LINE_BYTES,
                                                            .history_bytes = HISTORY_BYTES});
    said_bytes = 0;
    line_editor_start(&editor, prompt, COLUMNS, ROWS);
    if (data[0] % 2 == 0)
        press_keys(data + 1, size - 1);
    else
        push_bytes(data + 1, size - 1);
    free(memory);
    return 0;
}

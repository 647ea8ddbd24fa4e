// SPDX-License-Identifier: MIT
#include <lib/panic.h>
#include <string.h>
#include <support/line_model.h>

typedef void action(struct line_model *model);

// ---- characters

static unsigned cells_of(uint32_t character)
{
    return character == 0x301 ? 0 : character == 0x4e16 || character < ' ' ? 2 : 1;
}

static size_t bytes_of(uint32_t character)
{
    return character < 0x80 ? 1 : character < 0x800 ? 2 : 3;
}

static size_t text_bytes(const struct model_text *text)
{
    size_t bytes = 0;
    for (size_t i = 0; i < text->length; i++)
        bytes += bytes_of(text->characters[i]);
    return bytes;
}

static bool is_mark(const struct line_model *model, size_t at)
{
    return at < model->line.length && cells_of(model->line.characters[at]) == 0;
}

static bool is_of_word(uint32_t character)
{
    return (character >= '0' && character <= '9') || (character >= 'a' && character <= 'z') || character >= 0x80;
}

// ---- changes

static void splice(struct line_model *model, size_t start, size_t end, const struct model_text *text)
{
    struct model_text *line = &model->line;
    struct model_text result = {};
    size_t new_bytes = text_bytes(line) + text_bytes(text);
    for (size_t i = start; i < end; i++)
        new_bytes -= bytes_of(line->characters[i]);
    if (new_bytes >= model->byte_limit)
        return;
    for (size_t i = 0; i < start; i++)
        result.characters[result.length++] = line->characters[i];
    for (size_t i = 0; i < text->length; i++)
        result.characters[result.length++] = text->characters[i];
    for (size_t i = end; i < line->length; i++)
        result.characters[result.length++] = line->characters[i];
    *line = result;
    model->cursor = start + text->length;
}

static void remove_range(struct line_model *model, size_t start, size_t end, bool is_killed)
{
    if (start == end)
        return;
    if (is_killed) {
        model->killed.length = end - start;
        memcpy(model->killed.characters, model->line.characters + start, (end - start) * sizeof(uint32_t));
    }
    splice(model, start, end, &(struct model_text){});
}

static size_t left_of(const struct line_model *model, size_t at)
{
    if (at == 0)
        return 0;
    do
        at--;
    while (at > 0 && is_mark(model, at));
    return at;
}

static size_t right_of(const struct line_model *model, size_t at)
{
    if (at == model->line.length)
        return at;
    do
        at++;
    while (is_mark(model, at));
    return at;
}

static size_t word_start(const struct line_model *model)
{
    size_t at = model->cursor;
    while (at > 0 && !is_of_word(model->line.characters[at - 1]))
        at--;
    while (at > 0 && is_of_word(model->line.characters[at - 1]))
        at--;
    return at;
}

static size_t word_end(const struct line_model *model)
{
    size_t at = model->cursor;
    while (at < model->line.length && !is_of_word(model->line.characters[at]))
        at++;
    while (at < model->line.length && is_of_word(model->line.characters[at]))
        at++;
    return at;
}

// ---- keys

static void left(struct line_model *model)
{
    model->cursor = left_of(model, model->cursor);
}

static void right(struct line_model *model)
{
    model->cursor = right_of(model, model->cursor);
}

static void home(struct line_model *model)
{
    model->cursor = 0;
}

static void end(struct line_model *model)
{
    model->cursor = model->line.length;
}

static void word_left(struct line_model *model)
{
    model->cursor = word_start(model);
}

static void word_right(struct line_model *model)
{
    model->cursor = word_end(model);
}

static void backspace(struct line_model *model)
{
    remove_range(model, left_of(model, model->cursor), model->cursor, false);
}

static void delete(struct line_model *model)
{
    remove_range(model, model->cursor, right_of(model, model->cursor), false);
}

static void kill_behind(struct line_model *model)
{
    remove_range(model, model->cursor, model->line.length, true);
}

static void kill_before(struct line_model *model)
{
    remove_range(model, 0, model->cursor, true);
}

static void kill_to_blank(struct line_model *model)
{
    size_t start = model->cursor;
    while (start > 0 && model->line.characters[start - 1] == ' ')
        start--;
    while (start > 0 && model->line.characters[start - 1] != ' ')
        start--;
    remove_range(model, start, model->cursor, true);
}

static void kill_word_behind(struct line_model *model)
{
    remove_range(model, model->cursor, word_end(model), true);
}

static void kill_word_before(struct line_model *model)
{
    remove_range(model, word_start(model), model->cursor, true);
}

static void yank(struct line_model *model)
{
    splice(model, model->cursor, model->cursor, &model->killed);
}

static void transpose(struct line_model *model)
{
    size_t middle = model->cursor == model->line.length ? left_of(model, model->cursor) : model->cursor;
    if (middle == 0)
        return;
    size_t start = left_of(model, middle), stop = right_of(model, middle);
    struct model_text turned = {};
    for (size_t i = middle; i < stop; i++)
        turned.characters[turned.length++] = model->line.characters[i];
    for (size_t i = start; i < middle; i++)
        turned.characters[turned.length++] = model->line.characters[i];
    splice(model, start, stop, &turned);
}

static void show(struct line_model *model, size_t shown)
{
    if (model->shown == 0)
        model->aside = model->line;
    model->shown = shown;
    model->line = shown == 0 ? model->aside : model->history[model->history_count - shown];
    model->cursor = model->line.length;
}

static void up(struct line_model *model)
{
    if (model->shown < model->history_count)
        show(model, model->shown + 1);
}

static void down(struct line_model *model)
{
    if (model->shown > 0)
        show(model, model->shown - 1);
}

static bool is_same(const struct model_text *one, const struct model_text *other)
{
    return one->length == other->length &&
           memcmp(one->characters, other->characters, one->length * sizeof(uint32_t)) == 0;
}

static bool is_blank(const struct model_text *text)
{
    for (size_t i = 0; i < text->length; i++) {
        if (text->characters[i] != ' ')
            return false;
    }
    return true;
}

static void enter(struct line_model *model)
{
    struct model_text *history = model->history;
    size_t count = model->history_count;
    if (!is_blank(&model->line) && (count == 0 || !is_same(&history[count - 1], &model->line))) {
        if (count == MODEL_HISTORY)
            memmove(history, history + 1, --count * sizeof *history);
        history[count] = model->line;
        model->history_count = count + 1;
    }
    model->line.length = model->cursor = model->shown = 0;
}

static void nothing(struct line_model *)
{
}

static const struct {
    const char *bytes;
    action *act;
    uint32_t character; // what it types
} keys[] = {
    {"\r", enter, 0},
    {"\033[A", up, 0},
    {"\020", up, 0},
    {"\033OB", down, 0},
    {"\033[D", left, 0},
    {"\002", left, 0},
    {"\033[C", right, 0},
    {"\006", right, 0},
    {"\033[H", home, 0},
    {"\001", home, 0},
    {"\033[4~", end, 0},
    {"\005", end, 0},
    {"\033[1;5D", word_left, 0},
    {"\033b", word_left, 0},
    {"\033[1;3C", word_right, 0},
    {"\033f", word_right, 0},
    {"\177", backspace, 0},
    {"\b", backspace, 0},
    {"\033[3~", delete, 0},
    {"\013", kill_behind, 0},
    {"\025", kill_before, 0},
    {"\027", kill_to_blank, 0},
    {"\033d", kill_word_behind, 0},
    {"\033\177", kill_word_before, 0},
    {"\031", yank, 0},
    {"\024", transpose, 0},
    {"\033[24;80R", nothing, 0}, // an answer
    {"\033[5~", nothing, 0},
    {"\007", nothing, 0},
    {"a", nullptr, 'a'},
    {"b", nullptr, 'b'},
    {"c", nullptr, 'c'},
    {"7", nullptr, '7'},
    {" ", nullptr, ' '},
    {"-", nullptr, '-'},
    {"\u00e4", nullptr, 0xe4},
    {"\u20ac", nullptr, 0x20ac},
    {"\u4e16", nullptr, 0x4e16},
    {"\u0301", nullptr, 0x301},
};

const unsigned model_key_count = sizeof keys / sizeof *keys;

const char *model_key_bytes(unsigned key)
{
    return keys[key].bytes;
}

bool model_key_is_enter(unsigned key)
{
    return keys[key].act == enter;
}

void model_init(struct line_model *model, size_t byte_limit)
{
    *model = (struct line_model){.byte_limit = byte_limit};
}

void model_press(struct line_model *model, unsigned key)
{
    if (keys[key].act != nullptr)
        keys[key].act(model);
    else
        splice(model, model->cursor, model->cursor,
               &(struct model_text){.characters = {keys[key].character}, .length = 1});
}

// ---- what is to be seen

void model_utf8(const struct line_model *model, char text[static 4 * MODEL_LINE_LIMIT + 1])
{
    for (size_t i = 0; i < model->line.length; i++) {
        uint32_t character = model->line.characters[i];
        if (character < 0x80) {
            *text++ = (char)character;
        } else if (character < 0x800) {
            *text++ = (char)(0xc0 | character >> 6);
            *text++ = (char)(0x80 | (character & 0x3f));
        } else {
            *text++ = (char)(0xe0 | character >> 12);
            *text++ = (char)(0x80 | (character >> 6 & 0x3f));
            *text++ = (char)(0x80 | (character & 0x3f));
        }
    }
    *text = '\0';
}

static void fill(struct model_screen *screen, size_t *row, size_t *column, unsigned cells, unsigned columns)
{
    if (cells == 0 || *column + cells <= columns)
        return;
    (*row)++;
    *column = 0;
    if (*row >= MODEL_ROWS)
        panic("a line of the model has more than %zu rows", MODEL_ROWS);
    screen->row_count = *row + 1;
}

void model_draw(const struct line_model *model, const char *prompt, unsigned columns, struct model_screen *screen)
{
    *screen = (struct model_screen){.row_count = 1, .is_plain = true};
    for (size_t row = 0; row < MODEL_ROWS; row++) {
        for (size_t column = 0; column < sizeof screen->cells[row] / sizeof *screen->cells[row]; column++)
            screen->cells[row][column] = ' ';
    }
    size_t row = 0, column = 0;
    while (*prompt != '\0')
        screen->cells[0][column++] = (uint32_t)*prompt++;
    for (size_t i = 0; i <= model->line.length; i++) {
        uint32_t character = i < model->line.length ? model->line.characters[i] : ' ';
        unsigned cells = cells_of(character);
        if (i == 0 && cells == 0 && model->line.length != 0) { // nothing to combine with
            character = 0x25cc;
            cells = 1;
            screen->is_plain = false;
        }
        fill(screen, &row, &column, cells, columns);
        if (i == model->cursor) {
            screen->cursor_row = row;
            screen->cursor_column = column;
        }
        if (i == model->line.length)
            break;
        screen->is_plain &= cells == 1;
        if (cells != 0)
            screen->cells[row][column] = character;
        if (cells == 2)
            screen->cells[row][column + 1] = 0;
        column += cells;
    }
}

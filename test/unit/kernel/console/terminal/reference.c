// SPDX-License-Identifier: MIT
// kernel/console/terminal beside libvterm (0.1.4, as Debian 12 has it): the same bytes must leave the same characters,
// colours and cursor, and give the same answers. Where the two differ on purpose, the table says what the other one
// does (sequences.h), and the generator leaves it out, with a comment.
//
// Three differences are made up for: the reference erases with the reverse colours that text has, not with the
// background (xterm and Linux do as the terminal does); a blank's foreground cannot be seen; and it has all colours,
// of which the nearest is taken.
//
// With the name of a file, it compares the two on the bytes of that file, after each of them, and shows the screen;
// session.py does that.
#define _POSIX_C_SOURCE 200809L // stpcpy
#include "sequences.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <support/mirror_surface.h>
#include <support/random.h>
#include <support/terminal_check.h>
#include <support/unit.h>
#include <terminal/terminal.h>
#include <vterm.h>

constexpr unsigned MAX_COLUMNS = 80;
constexpr unsigned MAX_ROWS = 25;

static unsigned columns, rows;
static struct mirror_surface mirror;
static surface_cell_t cells[TERMINAL_CELLS(MAX_COLUMNS, MAX_ROWS + 10)];
static struct terminal terminal;
static char answers[4096];

static VTerm *reference;
static VTermScreen *reference_screen;
static bool is_reference_cursor_visible;
static char reference_answers[4096];

static void append_answer(char *to, const char *text, size_t length)
{
    if (strlen(to) + length < sizeof answers)
        strncat(to, text, length);
}

static void take_answer(void *, const char *text, size_t length)
{
    append_answer(answers, text, length);
}

static void take_reference_answer(const char *text, size_t length, void *)
{
    append_answer(reference_answers, text, length);
}

static int take_property(VTermProp property, VTermValue *value, void *)
{
    if (property == VTERM_PROP_CURSORVISIBLE)
        is_reference_cursor_visible = value->boolean;
    return 1;
}

static void start(unsigned new_columns, unsigned new_rows)
{
    columns = new_columns;
    rows = new_rows;
    mirror_surface_init(&mirror, columns, rows);
    assert_int_equal(terminal_init(&terminal, &mirror.surface, cells, TERMINAL_CELLS(columns, rows + 10), false),
                     STATUS_OK);
    terminal.answer = take_answer;
    answers[0] = reference_answers[0] = '\0';

    static const VTermScreenCallbacks callbacks = {.settermprop = take_property};
    reference = vterm_new((int)rows, (int)columns);
    assert_non_null(reference);
    vterm_set_utf8(reference, 1);
    vterm_output_set_callback(reference, take_reference_answer, nullptr);
    reference_screen = vterm_obtain_screen(reference);
    vterm_screen_set_callbacks(reference_screen, &callbacks, nullptr);
    vterm_screen_reset(reference_screen, 1);
}

static void stop(void)
{
    vterm_free(reference);
}

static void feed(const char *bytes, size_t length)
{
    terminal_write(&terminal, bytes, length);
    vterm_input_write(reference, bytes, length);
}

// ---- what the reference shows, as cells of a surface

static unsigned nearest_to(VTermColor colour)
{
    vterm_screen_convert_color_to_rgb(reference_screen, &colour);
    unsigned nearest = 0, least = UINT_MAX;
    for (unsigned i = 0; i < SURFACE_COLOUR_COUNT; i++) {
        int red = colour.rgb.red - (int)(surface_palette[i] >> 16);
        int green = colour.rgb.green - (int)(surface_palette[i] >> 8 & 0xff);
        int blue = colour.rgb.blue - (int)(surface_palette[i] & 0xff);
        unsigned distance = (unsigned)(red * red + green * green + blue * blue);
        if (distance < least) {
            least = distance;
            nearest = i;
        }
    }
    return nearest;
}

static unsigned colour_of(const VTermColor *colour, unsigned otherwise)
{
    if (VTERM_COLOR_IS_DEFAULT_FG(colour) || VTERM_COLOR_IS_DEFAULT_BG(colour))
        return otherwise;
    if (!VTERM_COLOR_IS_INDEXED(colour) || colour->indexed.idx > 15)
        return nearest_to(*colour);
    unsigned index = colour->indexed.idx;
    return (index & 10) | (index & 1) << 2 | (index & 4) >> 2; // red and blue change places
}

static surface_cell_t reference_cell(unsigned row, unsigned column)
{
    VTermScreenCell cell;
    vterm_screen_get_cell(reference_screen, (VTermPos){.row = (int)row, .col = (int)column}, &cell);
    unsigned foreground = colour_of(&cell.fg, SURFACE_LIGHT_GREY), background = colour_of(&cell.bg, SURFACE_BLACK);
    bool is_erased = cell.chars[0] == 0;
    if (cell.attrs.bold)
        foreground |= 8;
    if (cell.attrs.reverse && !is_erased) {
        unsigned swap = foreground;
        foreground = background;
        background = swap;
    }
    uint32_t code_point = is_erased ? ' ' : cell.chars[0];
    return surface_cell(code_point, (enum surface_colour)foreground, (enum surface_colour)background);
}

// A blank has no foreground that one could see.
static bool look_alike(surface_cell_t one, surface_cell_t other)
{
    if (surface_code_point(one) == ' ' && surface_code_point(other) == ' ')
        return surface_background(one) == surface_background(other);
    return one == other;
}

static const char *cell_difference(void)
{
    static char sentence[128];
    for (unsigned row = 0; row < rows; row++) {
        for (unsigned column = 0; column < columns; column++) {
            surface_cell_t ours = mirror_surface_cell(&mirror, row, column), other = reference_cell(row, column);
            if (!look_alike(ours, other)) {
                snprintf(sentence, sizeof sentence, "at %u,%u the terminal has %08x, the reference %08x", row, column,
                         ours, other);
                return sentence;
            }
        }
    }
    return nullptr;
}

// nullptr, or what is different.
static const char *difference(void)
{
    static char sentence[sizeof answers * 2 + 64];
    VTermPos position;
    vterm_state_get_cursorpos(vterm_obtain_state(reference), &position);
    unsigned row = (unsigned)position.row, column = (unsigned)position.col;
    const char *cell = cell_difference();
    if (cell != nullptr)
        return cell;
    if (mirror.is_cursor_visible != is_reference_cursor_visible)
        return "only one of them shows a cursor";
    if (mirror.is_cursor_visible && (mirror.cursor_row != row || mirror.cursor_column != column)) {
        snprintf(sentence, sizeof sentence, "the terminal's cursor is at %u,%u, the reference's at %u,%u",
                 mirror.cursor_row, mirror.cursor_column, row, column);
        return sentence;
    }
    if (strcmp(answers, reference_answers) != 0) {
        snprintf(sentence, sizeof sentence, "the terminal answers <%s>, the reference <%s>", answers,
                 reference_answers);
        return sentence;
    }
    return nullptr;
}

// TEXT, with what cannot be printed as \e or \octal.
static const char *printable(const char *text, size_t length)
{
    static char printed[16 * 1024];
    size_t used = 0;
    for (size_t i = 0; i < length && used + 5 < sizeof printed; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte == 0x1b)
            used += (size_t)sprintf(printed + used, "\\e");
        else if (byte < ' ' || byte >= 0x7f)
            used += (size_t)sprintf(printed + used, "\\%03o", byte);
        else
            printed[used++] = (char)byte;
    }
    printed[used] = '\0';
    return printed;
}

// ---- the table

static void each_sequence_leaves_the_same_screen(void **)
{
    unsigned failures = 0;
    for (size_t i = 0; i < SEQUENCE_COUNT; i++) {
        const struct sequence *sequence = &sequences[i];
        if (sequence->other == sequence_hangs)
            continue;
        start(SEQUENCE_COLUMNS, SEQUENCE_ROWS);
        feed(sequence->input, strlen(sequence->input));
        const char *found = difference();
        stop();
        if ((found != nullptr) != (sequence->other != nullptr)) {
            failures++;
            print_message("%s (%s), <%s>: %s\n", sequence->name, sequence->form,
                          printable(sequence->input, strlen(sequence->input)),
                          found ? found : "no difference, though the table says one");
        }
    }
    assert_int_equal(failures, 0);
}

// ---- generated text

// What the text up to here has set: the reference does not stop at the edges of the region, counts rows from the top of
// the screen in its reports, restores what was never saved, saves whether there is a cursor, and not the origin mode.
static bool has_region, has_origin, has_saved;

static char *append_number(uint64_t *random, char *text)
{
    static const char *const odd[] = {"", "0", "1", "99", "007", "10000"};
    if (random_below(random, 4) == 0)
        return stpcpy(text, odd[random_below(random, sizeof odd / sizeof *odd)]);
    return text + sprintf(text, "%u", 1 + random_below(random, 12));
}

static char *append_rendition(uint64_t *random, char *text)
{
    static const unsigned char values[] = {0, 1, 7, 22, 27, 39, 49};
    static const unsigned char colours[] = {30, 40, 90, 100};
    text = stpcpy(text, "\033[");
    for (unsigned count = random_below(random, 4); count > 0; count--) {
        unsigned value = values[random_below(random, sizeof values)];
        if (random_below(random, 3) > 0)
            value = colours[random_below(random, sizeof colours)] + random_below(random, 8);
        text += sprintf(text, "%u%s", value, count > 1 ? ";" : "");
    }
    return stpcpy(text, "m");
}

static char *append_region(uint64_t *random, char *text)
{
    has_saved = has_saved && !has_origin; // the reference restores a row outside the region
    has_region = random_below(random, 4) > 0;
    if (!has_region)
        return stpcpy(text, "\033[r");
    unsigned top = 1 + random_below(random, rows - 1), bottom = top + 1 + random_below(random, rows - top);
    return text + sprintf(text, "\033[%u;%ur", top, bottom);
}

static char *append_sequence(uint64_t *random, char *text)
{
    static const char finals[] = "ABEF@PCDGHIJKLMSTXZ`adefgn";
    unsigned first = has_region ? 6 : 0;
    char final = finals[first + random_below(random, sizeof finals - 1 - first)];
    if (terminal.cursor.column == columns && strchr("Ignr", final) == nullptr)
        *text++ = '\b'; // the reference still wraps after what did not move its cursor
    text = stpcpy(text, "\033[");
    if (final == 'J' || final == 'K')
        text += sprintf(text, "%u", random_below(random, 3));
    else if (final == 'g')
        text += sprintf(text, "%u", random_below(random, 2) * 3);
    else if (final == 'n')
        text += sprintf(text, "%u", has_origin ? 5 : 6);
    else
        text = append_number(random, text);
    if (final == 'H' || final == 'f') {
        *text++ = ';';
        text = append_number(random, text);
    }
    *text++ = final;
    if (final == 'L' || final == 'M')
        *text++ = '\r'; // the reference does not move to the first column
    *text = '\0';
    return text;
}

static char *append_word(uint64_t *random, char *text)
{
    static const char *const words[] = {
        "a", "word", "some text of more words, ", "é€─", "1234567890", "x  x", "\342.", "\200", "~}{|", "qlkxjm"};
    return stpcpy(text, words[random_below(random, sizeof words / sizeof *words)]);
}

static char *append_mode(uint64_t *random, char *text)
{
    static const char *const modes[] = {"4", "20", "?7", "?6", "?25"};
    const char *mode = modes[random_below(random, has_saved ? 3 : 5)];
    has_origin = has_origin || strcmp(mode, "?6") == 0;
    if (terminal.cursor.column == columns)
        *text++ = '\b'; // the reference wraps once more
    return text + sprintf(text, "\033[%s%c", mode, random_below(random, 2) ? 'h' : 'l');
}

static char *append_other(uint64_t *random, char *text)
{
    static const char *const others[] = {
        "\r",
        "\n",
        "\r\n",
        "\b",
        "\t",
        "\v",
        "\033D",
        "\033E",
        "\033M",
        "\033H",
        "\033(0",
        "\033(B",
        "\033)0",
        "\016",
        "\017",
        "\033]0;t\a",
        "\033Pq\033\\",
        "\033[3\030",
        "\0337",
        "\0338\017\033(B\033)B", // the reference does not restore the character sets

    };
    const char *other = others[random_below(random, sizeof others / sizeof *others)];
    has_saved = has_saved || strcmp(other, "\0337") == 0;
    bool is_at_edge = terminal.cursor.row == terminal.top || terminal.cursor.row == terminal.bottom - 1 ||
                      terminal.cursor.row == 0 || terminal.cursor.row == rows - 1;
    // The reference still wraps after what scrolled and did not move its cursor, and does not save that it will.
    if (terminal.cursor.column == columns && (is_at_edge || other[1] == '7' || other[1] == '8') && other[0] != '\r')
        *text++ = '\b';
    return has_saved || strncmp(other, "\0338", 2) != 0 ? stpcpy(text, other) : text;
}

static char *append_anything(uint64_t *random, char *text)
{
    switch (random_below(random, 10)) {
    case 0:
    case 1:
        return append_word(random, text);
    case 2:
    case 3:
    case 4:
        return append_sequence(random, text);
    case 5:
        return append_rendition(random, text);
    case 6:
        return append_region(random, text);
    case 7:
        return append_mode(random, text);
    default:
        return append_other(random, text);
    }
}

static void generated_text_leaves_the_same_screen(void **)
{
    const char *wanted = getenv("HEWN_TERMINAL_ROUNDS");
    unsigned rounds = wanted ? (unsigned)strtoul(wanted, nullptr, 10) : 3000;
    uint64_t random = 1;
    for (unsigned round = 0; round < rounds; round++) {
        static char text[4096];
        char *end = text;
        start(2 + random_below(&random, 30), 2 + random_below(&random, 10));
        has_region = has_origin = has_saved = false;
        for (unsigned pieces = 1 + random_below(&random, 60); pieces > 0; pieces--) {
            char *piece = end;
            end = append_anything(&random, end);
            feed(piece, (size_t)(end - piece));
            const char *found = difference();
            if (found != nullptr)
                fail_msg("round %u, %u x %u, after <%s>: %s", round, columns, rows,
                         printable(text, (size_t)(end - text)), found);
        }
        stop();
    }
}

// ---- a recording

static void print_screen(void)
{
    for (unsigned row = 0; row < rows; row++) {
        for (unsigned column = 0; column < columns; column++) {
            uint32_t code_point = surface_code_point(mirror_surface_cell(&mirror, row, column));
            putchar(code_point < 0x7f ? (int)code_point : '?');
        }
        putchar('\n');
    }
    printf("cursor at %u,%u\n", mirror.cursor_row, mirror.cursor_column);
}

static int compare_recording(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == nullptr) {
        perror(path);
        return 2;
    }
    start(MAX_COLUMNS, MAX_ROWS);
    static char bytes[1 << 20];
    size_t length = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    for (size_t at = 0; at < length; at++) {
        feed(bytes + at, 1);
        const char *found = difference();
        if (found != nullptr) {
            size_t from = at > 200 ? at - 200 : 0;
            printf("after %zu bytes, the last ones being <%s>: %s\n", at + 1, printable(bytes + from, at + 1 - from),
                   found);
            print_screen();
            return 1;
        }
    }
    printf("%zu bytes, and both screens are the same after each:\n", length);
    print_screen();
    stop();
    return 0;
}

int main(int argument_count, char **arguments)
{
    if (argument_count == 2)
        return compare_recording(arguments[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_sequence_leaves_the_same_screen),
        cmocka_unit_test(generated_text_leaves_the_same_screen),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}

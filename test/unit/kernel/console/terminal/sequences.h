// SPDX-License-Identifier: MIT
// One row a control function that kernel/console/terminal knows, or several: what to write, and what it must show then
// on a screen of 20 columns and 5 rows. docs/terminal.md lists the same functions.
#pragma once
#include <stddef.h>

// The last fields of most rows are null.
#pragma clang diagnostic ignored "-Wmissing-field-initializers"

constexpr unsigned SEQUENCE_COLUMNS = 20;
constexpr unsigned SEQUENCE_ROWS = 5;

#define FIVE_ROWS  "\033[Habcde\033[2Hfghij\033[3Hklmno\033[4Hpqrst\033[5Huvwxy"
#define FIVE_SHOWN "abcde/fghij/klmno/pqrst/uvwxy"
#define MIDDLE     "\033[3;3H" // on the m

// Of SEQUENCE.other: it is not to be fed with that.
static const char sequence_hangs[] = "never returns";

static const struct sequence {
    const char *name, *form; // as the page has them
    const char *input;
    const char *screen;  // rows, a slash between two; blanks at the ends are left out
    const char *cursor;  // row and column, from 1 on, as a report has them
    const char *answer;  // nothing, when null
    const char *colours; // foreground and background of the first cell, in hexadecimal; light grey on black when null
    const char *other;   // what another terminal does with it, see reference.c; the same, when null
} sequences[] = {
    {"BEL", "07", "a\ab", "ab", "1;3"},
    {"BS", "08", "abc\b\bX", "aXc", "1;3"},
    {"BS", "08", "a\b\b\bX", "X", "1;2"},
    {"BS", "08", "12345678901234567890\bX", "123456789012345678X0", "1;20"},
    {"HT", "09", "a\tb\tc\td", "a       b       c  d", "1;20"},
    {"HT", "09", "abc\r\tX", "abc     X", "1;10"}, // nothing is erased
    {"LF", "0A", "ab\ncd", "ab/  cd", "2;5"},
    {"LF", "0A", FIVE_ROWS "\n", "fghij/klmno/pqrst/uvwxy", "5;6"},
    {"VT", "0B", "ab\vcd", "ab/  cd", "2;5"},
    {"FF", "0C", "ab\fcd", "ab/  cd", "2;5"},
    {"CR", "0D", "abc\rX", "Xbc", "1;2"},
    {"SO", "0E", "\033)0q\016q", "q─", "1;3"},
    {"SI", "0F", "\033)0\016q\017q", "─q", "1;3"},
    {"CAN", "18", "a\033[3\030Cb", "aCb", "1;4"},
    {"SUB", "1A", "a\033[3\032Cb", "aCb", "1;4"},
    {"ESC", "1B", "a\033[3\033[Cb", "a b", "1;4"}, // begins another one
    {"DEL", "7F", "a\177\033[\1772Cb", "a  b", "1;5"},

    {"DECSC", "ESC 7", MIDDLE "\033[31m\0337\033[H\033[m\0338\b\bX", "//X", "3;2"},
    {"DECRC", "ESC 8", "\033[4;4H\0337\033[2;3r\033[?6h\0338X", "///   X", "4;5"},
    {"DECRC", "ESC 8", "\033[4;4H\033[1;31m\0338X", "X", "1;2", .other = "restores rubbish"}, // nothing was saved
    {"IND", "ESC D", "ab\033Dc", "ab/  c", "2;4"},
    {"IND", "ESC D", FIVE_ROWS "\033D", "fghij/klmno/pqrst/uvwxy", "5;6"},
    {"NEL", "ESC E", "ab\033Ec", "ab/c", "2;2"},
    {"HTS", "ESC H", "\033[4G\033H\r\tX", "   X", "1;5"},
    {"RI", "ESC M", MIDDLE "\033MX", "/  X", "2;4"},
    {"RI", "ESC M", FIVE_ROWS "\033[1;2H\033M", "/abcde/fghij/klmno/pqrst", "1;2"},
    {"DECID", "ESC Z", "\033Z", "", "1;1", "\033[?6c", .other = "does not know it"},
    {"RIS", "ESC c", FIVE_ROWS "\033[2;3r\033[7m\033[4h\033cab\rX", "Xb", "1;2"},
    {"SCS", "ESC ( F", "\033(0lqk\033(Blqk", "┌─┐lqk", "1;7"},
    {"SCS", "ESC ( F", "\033(0_`afgjmntuvwx{|}~\033(A#", " ◆▒°±┘└┼├┤┴┬│π≠£·#", "1;19", .other = "shows an underscore"},
    {"SCS", "ESC ( F", "\033(0bcdehilopqrsyz", "␉␌␍␊␤␋┌⎺⎻─⎼⎽≤≥", "1;15", .other = "slants the last two"},
    {"SCS", "ESC ) F", "\033)0q\016q\033)Bq", "q─q", "1;4"},
    {"DECALN", "ESC # 8", MIDDLE "\033#8",
     "EEEEEEEEEEEEEEEEEEEE/EEEEEEEEEEEEEEEEEEEE/EEEEEEEEEEEEEEEEEEEE/EEEEEEEEEEEEEEEEEEEE/EEEEEEEEEEEEEEEEEEEE", "1;1",
     .other = "leaves cursor and region alone"},
    {"DCS", "ESC P ... ESC \\", "a\033P0;1|17/17\033\\b", "ab", "1;3"},
    {"DCS", "ESC P ... ESC \\", "a\033P1\a7\033\\b", "ab", "1;3", .other = "ends it at BEL"}, // no end, as in xterm
    {"SOS", "ESC X ... ESC \\", "a\033Xtext\033\\b", "ab", "1;3", .other = "ends it after its first byte"},
    {"OSC", "ESC ] ... ESC \\", "a\033]0;title\033\\b", "ab", "1;3"},
    {"OSC", "ESC ] ... ESC \\", "a\033]0;title\ab", "ab", "1;3"}, // as xterm ends it
    {"OSC", "ESC ] ... ESC \\", "a\033]0;t\n\030b", "ab", "1;3", .other = "does not end it at CAN"},
    {"OSC", "ESC ] ... ESC \\", "a\033]Rb\033]P0123456c", "abc", "1;4",
     .other = "does not know it"}, // Linux's, without an end
    {"PM", "ESC ^ ... ESC \\", "a\033^text\033\\b", "ab", "1;3", .other = "ends it after its first byte"},
    {"APC", "ESC _ ... ESC \\", "a\033_text\033\\b", "ab", "1;3", .other = "ends it after its first byte"},

    {"ICH", "CSI n @", "abcde\033[2G\033[2@", "a  bcde", "1;2"},
    {"ICH", "CSI n @", "12345678901234567890\033[10G\033[99@", "123456789", "1;10"},
    {"CUU", "CSI n A", "\033[4;3H\033[2AX", "/  X", "2;4"},
    {"CUU", "CSI n A", "\033[2;4r\033[3;3H\033[9AX", "/  X", "2;4",
     .other = "does not stop at the region"}, // the region stops it
    {"CUU", "CSI n A", "\033[3;4r\033[2;3H\033[9AX", "  X", "1;4"},
    {"CUD", "CSI n B", MIDDLE "\033[BX", "///  X", "4;4"},
    {"CUD", "CSI n B", "\033[2;4r" MIDDLE "\033[9BX", "///  X", "4;4", .other = "does not stop at the region"},
    {"CUD", "CSI n B", "\033[1;2r" MIDDLE "\033[9BX", "////  X", "5;4"},
    {"CUF", "CSI n C", "a\033[3CX", "a   X", "1;6"},
    {"CUF", "CSI n C", "a\033[0CX\033[99999999999CY", "a X                Y", "1;20"},
    {"CUB", "CSI n D", "abcde\033[3DX", "abXde", "1;4"},
    {"CUB", "CSI n D", "abcde\033[99DX", "Xbcde", "1;2"},
    {"CNL", "CSI n E", MIDDLE "\033[2EX", "////X", "5;2"},
    {"CPL", "CSI n F", MIDDLE "\033[2FX", "X", "1;2"},
    {"CHA", "CSI n G", "abcde\033[2GX", "aXcde", "1;3"},
    {"CUP", "CSI n ; n H", "\033[2;3HX", "/  X", "2;4"},
    {"CUP", "CSI n ; n H", "\033[99;99HX\033[HY\033[;3HZ", "Y Z////                   X", "1;4"},
    {"CHT", "CSI n I", "\033[2IX", "                X", "1;18"},
    {"ED", "CSI 0 J", FIVE_ROWS MIDDLE "\033[J", "abcde/fghij/kl", "3;3"},
    {"ED", "CSI 1 J", FIVE_ROWS MIDDLE "\033[1J", "//   no/pqrst/uvwxy", "3;3"},
    {"ED", "CSI 2 J", FIVE_ROWS MIDDLE "\033[2J", "", "3;3"},
    {"ED", "CSI 3 J", FIVE_ROWS "\n\033[3J", "fghij/klmno/pqrst/uvwxy", "5;6"}, // see history.c
    {"EL", "CSI 0 K", FIVE_ROWS MIDDLE "\033[K", "abcde/fghij/kl/pqrst/uvwxy", "3;3"},
    {"EL", "CSI 1 K", FIVE_ROWS MIDDLE "\033[1K", "abcde/fghij/   no/pqrst/uvwxy", "3;3"},
    {"EL", "CSI 2 K", FIVE_ROWS MIDDLE "\033[2K", "abcde/fghij//pqrst/uvwxy", "3;3"},
    {"EL", "CSI 0 K", "\033[44mab\r\033[K", "", "1;1", nullptr, "71"}, // what is erased has the background
    {"IL", "CSI n L", FIVE_ROWS MIDDLE "\033[2L", "abcde/fghij///klmno", "3;1",
     .other = "does not move to the first column"},
    {"IL", "CSI n L", FIVE_ROWS "\033[2;4r" MIDDLE "\033[L", "abcde/fghij//klmno/uvwxy", "3;1",
     .other = "does not move to the first column"},
    {"IL", "CSI n L", FIVE_ROWS "\033[2;4r\033[5;2H\033[9L", FIVE_SHOWN, "5;2"},
    {"DL", "CSI n M", FIVE_ROWS MIDDLE "\033[M", "abcde/fghij/pqrst/uvwxy", "3;1",
     .other = "does not move to the first column"},
    {"DL", "CSI n M", FIVE_ROWS "\033[2;4r" MIDDLE "\033[9M", "abcde/fghij///uvwxy", "3;1",
     .other = "does not move to the first column"},
    {"DL", "CSI n M", FIVE_ROWS "\033[2;4r\033[H\033[9M", FIVE_SHOWN, "1;1"},
    {"DCH", "CSI n P", "abcde\033[2G\033[2P", "ade", "1;2"},
    {"DCH", "CSI n P", "abcde\033[2G\033[99P", "a", "1;2"},
    {"SU", "CSI n S", FIVE_ROWS MIDDLE "\033[2S", "klmno/pqrst/uvwxy", "3;3"},
    {"SU", "CSI n S", FIVE_ROWS "\033[2;4r\033[S", "abcde/klmno/pqrst//uvwxy", "1;1"},
    {"SU", "CSI n S", FIVE_ROWS "\033[1;4r\033[2S", "klmno/pqrst///uvwxy", "1;1"},
    {"SD", "CSI n T", FIVE_ROWS MIDDLE "\033[2T", "//abcde/fghij/klmno", "3;3"},
    {"SD", "CSI n T", FIVE_ROWS "\033[2;4r\033[T", "abcde//fghij/klmno/uvwxy", "1;1"},
    {"ECH", "CSI n X", "abcde\033[2G\033[2X", "a  de", "1;2"},
    {"ECH", "CSI n X", "abcde\033[2G\033[99X", "a", "1;2"},
    {"CBT", "CSI n Z", "\033[20G\033[2ZX\033[9ZY", "Y       X", "1;2"},
    {"HPA", "CSI n 06/00", "abcde\033[2`X", "aXcde", "1;3"},
    {"HPR", "CSI n a", "a\033[3aX", "a   X", "1;6"},
    {"REP", "CSI n b", "ab\033[3b", "abbbb", "1;6"},
    {"REP", "CSI n b", "abc\r\033[4hx\033[3b", "xxxxabc", "1;5", .other = "does not insert"},
    {"REP", "CSI n b", "x\033[9999b", "xxxxxxxxxxxxxxxxxxxx/x", "2;2", .other = "goes on"}, // a row of them at most
    {"REP", "CSI n b", "\033[3bX", "X", "1;2", .other = sequence_hangs},
    {"DA", "CSI c", "\033[c\033[1c", "", "1;1", "\033[?6c", .other = "is a VT100 with advanced video"},
    {"VPA", "CSI n d", "ab\033[4dX", "ab///  X", "4;4"},
    {"VPR", "CSI n e", "ab\033[2eX", "ab//  X", "3;4"},
    {"HVP", "CSI n ; n f", "\033[2;3fX", "/  X", "2;4"},
    {"TBC", "CSI 0 g", "\033[9G\033[g\r\tX", "                X", "1;18"},
    {"TBC", "CSI 3 g", "\033[3g\tX", "                   X", "1;20"},
    {"DSR", "CSI 5 n", "\033[5n", "", "1;1", "\033[0n"},
    {"CPR", "CSI 6 n", "\033[3;4H\033[6n", "", "3;4", "\033[3;4R"},
    {"CPR", "CSI 6 n", "\033[2;4r\033[?6h\033[2;4H\033[6n", "", "3;4", "\033[2;4R",
     .other = "counts from the top of the screen"},
    {"CPR", "CSI 6 n", "12345678901234567890\033[6n", "12345678901234567890", "1;20", "\033[1;20R"},
    {"DECSTBM", "CSI n ; n r", FIVE_ROWS "\033[2;4r\033[4;6H\n", "abcde/klmno/pqrst//uvwxy", "4;6"},
    {"DECSTBM", "CSI n ; n r", FIVE_ROWS "\033[3;3r\033[5;2r\033[9r", FIVE_SHOWN, "5;6",
     .other = "moves home for a region that is none"}, // none of these is one
    {"DECSTBM", "CSI n ; n r", FIVE_ROWS "\033[2;4r\033[r\033[5H\n", "fghij/klmno/pqrst/uvwxy", "5;1"},
    {"SCOSC", "CSI s", MIDDLE "\033[s\033[H\033[uX", "//  X", "3;4", .other = "does not know it"},
    {"SCORC", "CSI u", "ab\033[uX", "Xb", "1;2", .other = "does not know it"},
    {"DECSTR", "CSI ! p", FIVE_ROWS MIDDLE "\033[4h\033[7m\033[!pX", "abcde/fghij/klXno/pqrst/uvwxy", "3;4",
     .other = "keeps the rendition"},

    {"IRM", "CSI 4 h, CSI 4 l", "abc\r\033[4hX\033[4lY", "XYbc", "1;3"},
    {"LNM", "CSI 20 h, CSI 20 l", "ab\033[20h\ncd\033[20l\nef", "ab/cd/  ef", "3;5"},
    {"DECOM", "CSI ? 6 h, CSI ? 6 l", "\033[2;4r\033[?6hA\033[9;3HB\033[?6lC", "C/A//  B", "1;2"},
    {"DECAWM", "CSI ? 7 h, CSI ? 7 l", "\033[?7l1234567890123456789012X\033[?7h\bab", "123456789012345678ab", "1;20"},
    {"DECAWM", "CSI ? 7 h, CSI ? 7 l", "12345678901234567890X", "12345678901234567890/X", "2;2"},
    {"DECTCEM", "CSI ? 25 h, CSI ? 25 l", "a\033[?25l", "a", ""}, // hidden

    {"SGR", "CSI 0 m", "\033[1;7;31;42m\033[0mX", "X", "1;2"},
    {"SGR", "CSI 0 m", "\033[1;7;31;42m\033[mX", "X", "1;2"},
    {"SGR", "CSI 1 m", "\033[1mX", "X", "1;2", nullptr, "f0"},
    {"SGR", "CSI 1 m", "\033[1;31mX", "X", "1;2", nullptr, "c0"},
    {"SGR", "CSI 7 m", "\033[7mX", "X", "1;2", nullptr, "07"},
    {"SGR", "CSI 7 m", "\033[1;34;41;7mX", "X", "1;2", nullptr, "49"},
    {"SGR", "CSI 22 m", "\033[1;31m\033[22mX", "X", "1;2", nullptr, "40"},
    {"SGR", "CSI 27 m", "\033[7;31m\033[27mX", "X", "1;2", nullptr, "40"},
    {"SGR", "CSI 30 m ... CSI 37 m", "\033[33mX", "X", "1;2", nullptr, "60"},
    {"SGR", "CSI 38 ; 5 ; n m", "\033[38;5;1mX", "X", "1;2", nullptr, "40"},
    {"SGR", "CSI 38 ; 5 ; n m", "\033[38;5;12mX", "X", "1;2", nullptr, "90"},
    {"SGR", "CSI 38 ; 5 ; n m", "\033[38;5;46mX", "X", "1;2", nullptr, "20"},
    {"SGR", "CSI 38 ; 5 ; n m", "\033[38;5;240;1mX", "X", "1;2", nullptr, "80"},
    {"SGR", "CSI 38 ; 5 ; n m", "\033[38:5:1;7mX", "X", "1;2", nullptr, "04"},
    {"SGR", "CSI 38 ; 5 ; n m", "\033[38;5mX\033[38;5;256mX\033[38mX\033[38;9;1mX", "XXXX", "1;5",
     .other = "takes a colour that is none for black"},
    {"SGR", "CSI 38 ; 2 ; n ; n ; n m", "\033[38;2;250;80;90mX", "X", "1;2", nullptr, "c0"},
    {"SGR", "CSI 38 ; 2 ; n ; n ; n m", "\033[38:2::0:0:170mX", "X", "1;2", nullptr, "10",
     .other = "has no colour space there"},
    {"SGR", "CSI 38 ; 2 ; n ; n ; n m", "\033[38:2:0:0:170mX", "X", "1;2", nullptr, "10"},
    {"SGR", "CSI 38 ; 2 ; n ; n ; n m", "\033[38;2;256;0;0mX\033[38;2;1;1mX", "XX", "1;3",
     .other = "takes a colour that is none for black"},
    {"SGR", "CSI 39 m", "\033[31;39mX", "X", "1;2"},
    {"SGR", "CSI 40 m ... CSI 47 m", "\033[44mX", "X", "1;2", nullptr, "71"},
    {"SGR", "CSI 48 ; ... m", "\033[48;5;2;48;2;0;0;170mX", "X", "1;2", nullptr, "71"},
    {"SGR", "CSI 49 m", "\033[44;49mX", "X", "1;2"},
    {"SGR", "CSI 90 m ... CSI 97 m", "\033[93mX", "X", "1;2", nullptr, "e0"},
    {"SGR", "CSI 100 m ... CSI 107 m", "\033[104mX", "X", "1;2", nullptr, "79"},
};
constexpr size_t SEQUENCE_COUNT = sizeof sequences / sizeof *sequences;

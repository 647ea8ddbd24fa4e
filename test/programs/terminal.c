// SPDX-License-Identifier: MIT
// A terminal: its size, its mode, and lines from it until there are no more.
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

int main(void)
{
    struct winsize size;
    struct termios termios;
    char line[64];
    printf("terminal %d", isatty(0));
    if (ioctl(1, TIOCGWINSZ, &size) == 0)
        printf(", %d by %d", size.ws_col, size.ws_row);
    if (tcgetattr(0, &termios) == 0)
        printf(", canonical %d", (termios.c_lflag & ICANON) != 0);
    termios.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    tcsetattr(0, TCSANOW, &termios);
    tcgetattr(0, &termios);
    printf(", then %d\n", (termios.c_lflag & ICANON) != 0);
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        printf("[%s]\n", line);
    }
    fprintf(stderr, "end\n");
    return 0;
}

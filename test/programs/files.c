// SPDX-License-Identifier: MIT
// Files, directories and links, as the C library sees them; and what nobody may do with them.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static void show_error(const char *what, long result)
{
    printf("%s: %s\n", what, result < 0 ? strerror(errno) : "done");
}

static void read_text(void)
{
    char line[64], *end;
    FILE *file = fopen("/etc/motd", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        printf("read %s", line);
    if (file == NULL || fclose(file) != 0)
        puts("cannot be read");
    int number = open("etc/motd", O_RDONLY);
    lseek(number, -6, SEEK_END);
    end = line + read(number, line, sizeof line);
    *end = '\0';
    printf("end %s", line);
    struct iovec pieces[2] = {{line, 3}, {line + 10, 4}};
    lseek(number, 0, SEEK_SET);
    printf("pieces %zd %.3s|%.4s\n", readv(number, pieces, 2), line, line + 10);
    printf("at 4 %zd %.3s\n", pread(number, line, 3, 4), line);
    int copy = dup2(number, 20);
    printf("shared position %d %ld\n", copy, (long)lseek(copy, 0, SEEK_CUR));
    close(number);
    close(copy);
}

static void list(const char *path)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    while (directory != NULL && (entry = readdir(directory)) != NULL)
        printf("%s ", entry->d_name);
    printf("in %s\n", path);
    if (directory != NULL)
        closedir(directory);
}

static void look(const char *path)
{
    struct stat of_link, of_target;
    char target[64] = "";
    if (lstat(path, &of_link) != 0 || stat(path, &of_target) != 0) {
        show_error(path, -1);
        return;
    }
    printf("%s: ", path);
    if (S_ISLNK(of_link.st_mode))
        printf("-> %.*s, ", (int)readlink(path, target, sizeof target), target);
    printf("%o %lld %lld\n", of_target.st_mode, (long long)of_target.st_size, (long long)of_target.st_mtime);
}

static void map(void)
{
    int number = open("/etc/motd", O_RDONLY);
    char *bytes = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, number, 0);
    if (bytes == MAP_FAILED) {
        show_error("mmap", -1);
        return;
    }
    bytes[0] = 'X';
    printf("mapped %.4s, behind its end %d\n", bytes, bytes[4095]);
    char first;
    pread(number, &first, 1, 0);
    printf("the file has %c\n", first);
    show_error("shared", (long)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, number, 0));
    munmap(bytes, 4096);
    close(number);
}

int main(void)
{
    char path[64];
    printf("in %s\n", getcwd(path, sizeof path));
    read_text();
    list("/etc");
    list("/deep/er/still");
    look("/etc/motd");
    look("/etc/link");
    look("/etc/loop");
    look("/deep/up/etc/motd");
    map();
    show_error("write", open("/etc/motd", O_RDWR));
    show_error("create", open("/etc/new", O_CREAT | O_WRONLY, 0644));
    show_error("missing", open("/etc/nothing", O_RDONLY));
    show_error("through a file", open("/etc/motd/more", O_RDONLY));
    show_error("closed", read(33, path, 1));
    show_error("directory", read(open("/etc", O_RDONLY), path, 1));
    show_error("access", access("/bin/hello", R_OK | X_OK));
    show_error("access to write", access("/bin/hello", W_OK));
    show_error("number too high", dup2(1, 64));
    return 0;
}

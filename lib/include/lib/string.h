// SPDX-License-Identifier: MIT
// Memory and string functions of ISO C that a freestanding program has to bring itself: clang calls the four mem*
// functions even where the source does not (struct copies, zeroing). Same contracts as C23 7.26; no locale, no errno.
// Any context.
#pragma once
#include <stddef.h>

void *memcpy(void *restrict destination, const void *restrict source, size_t size_bytes);
void *memmove(void *destination, const void *source, size_t size_bytes);
void *memset(void *destination, int value, size_t size_bytes);
int memcmp(const void *left, const void *right, size_t size_bytes);

size_t strlen(const char *text);
size_t strnlen(const char *text, size_t limit_bytes);
int strcmp(const char *left, const char *right);
int strncmp(const char *left, const char *right, size_t limit_bytes);
char *strchr(const char *text, int character);

// Copy TEXT into BUFFER of SIZE_BYTES, always terminated when SIZE_BYTES > 0. Returns strlen(TEXT): a value that is not
// less than SIZE_BYTES means that the copy was cut (BSD strlcpy).
size_t string_copy(char *restrict buffer, const char *restrict text, size_t size_bytes);

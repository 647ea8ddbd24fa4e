// SPDX-License-Identifier: MIT
// Words as the arguments of a command, whose parameters say what they must be. Pure; any context. Exported names start
// with arguments_.
#pragma once
#include <lib/command.h>
#include <lib/status.h>
#include <stddef.h>
#include <stdint.h>

constexpr size_t ARGUMENTS_USAGE_LIMIT = 160; // bytes that always hold a usage line, with its terminator
constexpr size_t ARGUMENTS_PROBLEM_LIMIT = 160;

// How COMMAND is used: "hexdump <address> [length]". Returns BUFFER.
const char *arguments_usage(const struct command *command, char buffer[static ARGUMENTS_USAGE_LIMIT]);

// Make the COUNT WORDS behind a command's name the arguments of CALL, whose command is set. The words stay the caller's
// and outlive the call. STATUS_INVALID: PROBLEM says in a sentence, cut to fit, what is wrong with them.
[[nodiscard]] enum status arguments_bind(struct command_call *call, const char *const *words, size_t count,
                                         char problem[static ARGUMENTS_PROBLEM_LIMIT]);

// The parameter for which the argument at INDEX stands; nullptr: the command does not take so many.
const struct command_parameter *arguments_parameter(const struct command *command, size_t index);

// Read TEXT as a COMMAND_NUMBER. STATUS_INVALID when it is none, STATUS_RANGE beyond 64 bits; NUMBER keeps what it
// held.
[[nodiscard]] enum status arguments_number(const char *text, uint64_t *number);

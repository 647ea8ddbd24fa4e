// SPDX-License-Identifier: MIT
// Address line 20: closed, it makes every odd MiB an image of the even one below it, for programs of 1981.
#pragma once

// Open it by whatever works on this machine, or stop with a sentence. Waits are bounded.
void a20_open(void);

// SPDX-License-Identifier: MIT
// Functions whose instructions are known by counting them here; prints what the arena's stepping counts.
#include <stdio.h>
#include <step.h>
#include <worker.h>

void worker_say(const char *, ...)
{
}

[[gnu::naked]] static void one(void)
{
    __asm__("ret");
}

[[gnu::naked]] static void five(void)
{
    __asm__("push %rax; xor %eax, %eax; pop %rax; nop; ret");
}

[[gnu::naked]] static void call_of_five(void)
{
    __asm__("call *%rdi; ret"); // with five's five
}

[[gnu::naked]] static void loop_of_ten(void)
{
    __asm__("mov $10, %ecx; 1: dec %ecx; jnz 1b; ret");
}

[[gnu::naked]] static void three_repetitions(void)
{
    __asm__("mov $3, %ecx; xor %eax, %eax; rep stosb; ret");
}

int main(void)
{
    static char bytes[3];
    const struct {
        const char *name;
        struct step_call call;
    } cases[] = {
        {"one", {(void *)one, {0}}},
        {"five", {(void *)five, {0}}},
        {"call_of_five", {(void *)call_of_five, {(uintptr_t)five}}},
        {"loop_of_ten", {(void *)loop_of_ten, {0}}},
        {"three_repetitions", {(void *)three_repetitions, {(uintptr_t)bytes}}},
    };
    step_prepare();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t count;
        step_run(&cases[i].call, &count);
        printf("%s %llu\n", cases[i].name, (unsigned long long)count);
    }
    return 0;
}

// SPDX-License-Identifier: MIT
// What a program must not do, one act a run: hostile <act>. Most acts end it; one that comes back says so.
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define KERNEL_DIRECT 0xffff800000000000u
#define KERNEL_TEXT   0xffffffff80000000u
#define NON_CANONICAL 0x0000800000000000u

static uint64_t word;
static struct [[gnu::packed]] {
    uint16_t limit;
    uint64_t base;
} table;

static void jump_to(uint64_t address)
{
    ((void (*)(void))address)();
}

[[gnu::noinline]] static void read_at(uint64_t address)
{
    (void)*(volatile char *)address;
}

[[gnu::noinline]] static void write_at(uint64_t address)
{
    *(volatile char *)address = 1;
}

// Instructions that ring 0 has to itself.
#define INSTRUCTION(name, ...)                                                                                         \
    static void name(void)                                                                                             \
    {                                                                                                                  \
        __asm__ volatile(__VA_ARGS__);                                                                                 \
    }
INSTRUCTION(do_hlt, "hlt")
INSTRUCTION(do_cli, "cli")
INSTRUCTION(do_sti, "sti")
INSTRUCTION(do_in, "inb $0x60, %%al" :: : "rax")
INSTRUCTION(do_out, "outb %%al, $0xf4" :: : "rax")
INSTRUCTION(do_ins, "movw $0x60, %%dx; insb" : : "D"(&word) : "rdx", "memory")
INSTRUCTION(do_lgdt, "lgdt %0" : : "m"(table))
INSTRUCTION(do_lidt, "lidt %0" : : "m"(table))
INSTRUCTION(do_lldt, "lldt %0" : : "r"((uint16_t)0))
INSTRUCTION(do_ltr, "ltr %0" : : "r"((uint16_t)0x30))
INSTRUCTION(do_read_cr0, "movq %%cr0, %%rax" :: : "rax")
INSTRUCTION(do_write_cr0, "movq %0, %%cr0" : : "r"(0ul))
INSTRUCTION(do_read_cr2, "movq %%cr2, %%rax" :: : "rax")
INSTRUCTION(do_read_cr3, "movq %%cr3, %%rax" :: : "rax")
INSTRUCTION(do_write_cr3, "movq %0, %%cr3" : : "r"(0ul))
INSTRUCTION(do_write_cr4, "movq %0, %%cr4" : : "r"(0ul))
INSTRUCTION(do_read_cr8, "movq %%cr8, %%rax" :: : "rax")
INSTRUCTION(do_read_dr7, "movq %%dr7, %%rax" :: : "rax")
INSTRUCTION(do_write_dr7, "movq %0, %%dr7" : : "r"(0ul))
INSTRUCTION(do_clts, "clts")
INSTRUCTION(do_lmsw, "lmsw %0" : : "r"((uint16_t)0))
INSTRUCTION(do_invlpg, "invlpg %0" : : "m"(word))
INSTRUCTION(do_invd, "invd")
INSTRUCTION(do_wbinvd, "wbinvd")
INSTRUCTION(do_rdmsr, "rdmsr" : : "c"(0xc0000082) : "rax", "rdx")
INSTRUCTION(do_wrmsr, "wrmsr" : : "c"(0xc0000082), "a"(0), "d"(0))
INSTRUCTION(do_swapgs, "swapgs")
INSTRUCTION(do_sysret, "sysretq" : : "c"(0ul))
INSTRUCTION(do_xsetbv, ".byte 0x0f, 0x01, 0xd1" : : "c"(0), "a"(1), "d"(0))
INSTRUCTION(do_vmcall, ".byte 0x0f, 0x01, 0xc1")
INSTRUCTION(do_monitor, ".byte 0x0f, 0x01, 0xc8" : : "a"(&word), "c"(0), "d"(0))
INSTRUCTION(do_sysenter, "sysenter")
INSTRUCTION(do_ud2, "ud2")
INSTRUCTION(do_icebp, ".byte 0xf1")
INSTRUCTION(do_divide, "xorl %%ecx, %%ecx; divl %%ecx" :: : "rax", "rcx", "rdx")

// Selectors of the kernel, of nobody, and ways to get them into CS.
INSTRUCTION(do_load_kernel_data, "movl %0, %%ds" : : "r"(0x10))
INSTRUCTION(do_load_kernel_code, "movl %0, %%es" : : "r"(0x08))
INSTRUCTION(do_load_nobodys, "movl %0, %%fs" : : "r"(0xfff0))
INSTRUCTION(do_load_stack, "movl %0, %%ss" : : "r"(0x10))
INSTRUCTION(do_far_return_to_kernel, "pushq $0x08; leaq 1f(%%rip), %%rax; pushq %%rax; lretq; 1:" :: : "rax")
INSTRUCTION(do_far_return_to_32_bit, "pushq $0x1b; leaq 1f(%%rip), %%rax; pushq %%rax; lretq; 1:" :: : "rax")
INSTRUCTION(do_interrupt_return_to_kernel,
            "movq %%rsp, %%rcx; pushq $0x10; pushq %%rcx; pushfq; pushq $0x08; leaq 1f(%%rip), %%rax; pushq %%rax; "
            "iretq; 1:" :: : "rax",
            "rcx")
INSTRUCTION(do_return_to_non_canonical, "pushq %0; ret" : : "r"(NON_CANONICAL))
INSTRUCTION(do_stack_in_kernel, "movq %0, %%rsp; pushq %%rax" : : "r"(KERNEL_DIRECT + 0x1000))
INSTRUCTION(do_stack_non_canonical, "movq %0, %%rsp; pushq %%rax" : : "r"(NON_CANONICAL + 0x1000))

// A system call with a flag set that the kernel must not run with; with a stack that is none.
#define CALL_WITH_FLAG(name, flag)                                                                                     \
    INSTRUCTION(                                                                                                       \
        name,                                                                                                          \
        "movl $39, %%eax; pushfq; orq %0, (%%rsp); popfq; syscall; pushfq; andq %1, (%%rsp); popfq" : : "i"(flag),     \
        "i"(~(flag)) : "rax", "rcx", "r11", "memory")
CALL_WITH_FLAG(do_call_with_trap, 0x100)
CALL_WITH_FLAG(do_call_with_direction, 0x400)
CALL_WITH_FLAG(do_call_with_nested_task, 0x4000)
CALL_WITH_FLAG(do_call_with_alignment_check, 0x40000)
INSTRUCTION(
    do_gate_with_nested_task,
    "movl $39, %%eax; pushfq; orq $0x4000, (%%rsp); popfq; int $0x80; pushfq; andq $~0x4000, (%%rsp); popfq" :: : "rax",
    "memory")
INSTRUCTION(
    do_call_without_stack,
    "movq %%rsp, %%rbx; movq %0, %%rsp; movl $39, %%eax; syscall; movq %%rbx, %%rsp" : : "r"(KERNEL_TEXT) : "rax",
    "rbx", "rcx", "r11", "memory")

static void do_overflow(void)
{
    void (*volatile again)(void) = do_overflow; // so that the compiler does not see where it leads
    volatile char large[4096];
    large[0] = 1;
    again();
    large[1] = large[0];
}

static void do_execute_data(void)
{
    static unsigned char code[] = {0xc3};
    jump_to((uint64_t)code);
}

static void do_execute_stack(void)
{
    volatile unsigned char code[16] = {0xc3};
    jump_to((uint64_t)code);
}

static void do_write_code(void)
{
    write_at((uint64_t)do_write_code);
}

static void do_write_constant(void)
{
    write_at((uint64_t)"constant");
}

static void do_use_after_unmap(void)
{
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *page = 1;
    munmap(page, 4096);
    write_at((uint64_t)page);
}

static void do_write_protected(void)
{
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *page = 1;
    mprotect(page, 4096, PROT_READ);
    write_at((uint64_t)page);
}

static void do_read_protected(void)
{
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *page = 1;
    mprotect(page, 4096, PROT_NONE);
    read_at((uint64_t)page);
}

static void do_raise_vector(int vector)
{
    unsigned char *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(code, "\xb8\x27\x00\x00\x00\xcd\x00\xc3", 8); // mov eax, 39; int 0; ret
    code[6] = (unsigned char)vector;
    mprotect(code, 4096, PROT_READ | PROT_EXEC);
    jump_to((uint64_t)code);
}

static const struct {
    const char *name;
    void (*do_it)(void);
} acts[] = {
#define ACT(name) {#name, do_##name}
    ACT(hlt),
    ACT(cli),
    ACT(sti),
    ACT(in),
    ACT(out),
    ACT(ins),
    ACT(lgdt),
    ACT(lidt),
    ACT(lldt),
    ACT(ltr),
    ACT(read_cr0),
    ACT(write_cr0),
    ACT(read_cr2),
    ACT(read_cr3),
    ACT(write_cr3),
    ACT(write_cr4),
    ACT(read_cr8),
    ACT(read_dr7),
    ACT(write_dr7),
    ACT(clts),
    ACT(lmsw),
    ACT(invlpg),
    ACT(invd),
    ACT(wbinvd),
    ACT(rdmsr),
    ACT(wrmsr),
    ACT(swapgs),
    ACT(sysret),
    ACT(xsetbv),
    ACT(vmcall),
    ACT(monitor),
    ACT(sysenter),
    ACT(ud2),
    ACT(icebp),
    ACT(divide),
    ACT(load_kernel_data),
    ACT(load_kernel_code),
    ACT(load_nobodys),
    ACT(load_stack),
    ACT(far_return_to_kernel),
    ACT(far_return_to_32_bit),
    ACT(interrupt_return_to_kernel),
    ACT(return_to_non_canonical),
    ACT(stack_in_kernel),
    ACT(stack_non_canonical),
    ACT(call_with_trap),
    ACT(call_with_direction),
    ACT(call_with_nested_task),
    ACT(call_with_alignment_check),
    ACT(gate_with_nested_task),
    ACT(call_without_stack),
    ACT(overflow),
    ACT(execute_data),
    ACT(execute_stack),
    ACT(write_code),
    ACT(write_constant),
    ACT(use_after_unmap),
    ACT(write_protected),
    ACT(read_protected),
};

int main(int argc, char **argv)
{
    const char *act = argc > 1 ? argv[1] : "";
    uint64_t argument = argc > 2 ? strtoull(argv[2], NULL, 0) : 0;
    if (strcmp(act, "read") == 0)
        read_at(argument);
    else if (strcmp(act, "write") == 0)
        write_at(argument);
    else if (strcmp(act, "jump") == 0)
        jump_to(argument);
    else if (strcmp(act, "vector") == 0)
        do_raise_vector((int)argument);
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        if (strcmp(act, acts[i].name) == 0)
            acts[i].do_it();
    }
    puts("came back");
    return 0;
}

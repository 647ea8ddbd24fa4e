// SPDX-License-Identifier: MIT
// CPUID's answers about memory protection, and the bits of CR0, CR4 and EFER that they allow. Intel SDM vol. 2, CPUID,
// and vol. 3, 2.2.1 and 2.5; AMD has the same bits (APM vol. 3, appendix E).
#include <arch/cpu.h>
#include <arch/msr.h>
#include <arch/protection.h>
#include <lib/section.h>

constexpr uint32_t CPUID_1_EDX_PGE = 1u << 13;
constexpr uint32_t CPUID_7_EBX_SMEP = 1u << 7;
constexpr uint32_t CPUID_7_EBX_SMAP = 1u << 20;
constexpr uint32_t CPUID_7_ECX_UMIP = 1u << 2;
constexpr uint32_t EXTENDED = 0x8000'0000;
constexpr uint32_t EXTENDED_1_EDX_NX = 1u << 20;
constexpr uint32_t EXTENDED_1_EDX_1G_PAGES = 1u << 26;
constexpr uint32_t EXTENDED_8_EAX_PHYS_BITS = 0xff;
constexpr unsigned PHYS_BITS_UNTOLD = 36; // vol. 3, 4.1.4: where PAE is all that is known
constexpr unsigned PHYS_BITS_LIMIT = 52;

constexpr uint64_t CR0_WRITE_PROTECT = 1u << 16;
constexpr uint64_t CR4_UMIP = 1u << 11;
constexpr uint64_t CR4_SMEP = 1u << 20;
constexpr uint64_t CR4_SMAP = 1u << 21;
constexpr uint64_t EFER_NO_EXECUTE = 1u << 11;

extern bool cpu_smap_is_on; // read by trap_entry.asm and probe.asm
READ_ONLY_AFTER_INIT bool cpu_smap_is_on;

static struct cpuid_result cpuid_if_there(uint32_t leaf)
{
    uint32_t highest = cpuid(leaf & EXTENDED, 0).eax;
    return leaf <= highest && (highest & EXTENDED) == (leaf & EXTENDED) ? cpuid(leaf, 0) : (struct cpuid_result){};
}

static unsigned phys_bits(void)
{
    unsigned bits = cpuid_if_there(EXTENDED + 8).eax & EXTENDED_8_EAX_PHYS_BITS;
    if (bits == 0)
        return PHYS_BITS_UNTOLD;
    return bits < PHYS_BITS_LIMIT ? bits : PHYS_BITS_LIMIT;
}

struct cpu_protections cpu_identify_protections(void)
{
    struct cpuid_result basic = cpuid_if_there(1);
    struct cpuid_result structured = cpuid_if_there(7);
    struct cpuid_result extended = cpuid_if_there(EXTENDED + 1);
    return (struct cpu_protections){
        .has_no_execute = (extended.edx & EXTENDED_1_EDX_NX) != 0,
        .has_smep = (structured.ebx & CPUID_7_EBX_SMEP) != 0,
        .has_smap = (structured.ebx & CPUID_7_EBX_SMAP) != 0,
        .has_umip = (structured.ecx & CPUID_7_ECX_UMIP) != 0,
        .has_global_pages = (basic.edx & CPUID_1_EDX_PGE) != 0,
        .has_1g_pages = (extended.edx & EXTENDED_1_EDX_1G_PAGES) != 0,
        .phys_bits = phys_bits(),
    };
}

void cpu_enable_no_execute(const struct cpu_protections *protections)
{
    if (protections->has_no_execute)
        msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_NO_EXECUTE);
}

void cpu_protect(const struct cpu_protections *protections)
{
    cpu_write_cr0(cpu_read_cr0() | CR0_WRITE_PROTECT);
    cpu_write_cr4(cpu_read_cr4() | (protections->has_smep ? CR4_SMEP : 0) | (protections->has_smap ? CR4_SMAP : 0) |
                  (protections->has_umip ? CR4_UMIP : 0) | (protections->has_global_pages ? CPU_CR4_GLOBAL_PAGES : 0));
    if (protections->has_smap) {
        __asm__ volatile("clac" : : : "memory"); // as the loader left it
        cpu_smap_is_on = true;
    }
}

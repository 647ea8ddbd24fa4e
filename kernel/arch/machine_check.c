// SPDX-License-Identifier: MIT
// The registers of the machine-check architecture (Intel SDM vol. 3, 16.3). Must not know what an error code means.
#include <arch/cpu.h>
#include <arch/machine_check.h>
#include <arch/msr.h>

constexpr uint32_t MCG_CAP = 0x179;
constexpr uint32_t MCG_CTL = 0x17b;
constexpr uint32_t MC0_CTL = 0x400; // four registers a bank: CTL, STATUS, ADDR, MISC
constexpr uint32_t REGISTERS_PER_BANK = 4;
constexpr uint32_t STATUS = 1;
constexpr uint32_t ADDRESS = 2;
constexpr uint64_t MCG_CAP_COUNT = 0xff;
constexpr uint64_t MCG_CAP_HAS_CTL = 1 << 8;
constexpr unsigned BANK_LIMIT = 32; // further ones have their registers elsewhere

constexpr uint32_t CPUID_1_EDX_MCE = 1u << 7;
constexpr uint32_t CPUID_1_EDX_MCA = 1u << 14;
constexpr uint64_t CR4_MCE = 1 << 6;

static uint32_t bank_register(unsigned bank, uint32_t offset)
{
    return MC0_CTL + bank * REGISTERS_PER_BANK + offset;
}

unsigned machine_check_bank_count(void)
{
    constexpr uint32_t BOTH = CPUID_1_EDX_MCE | CPUID_1_EDX_MCA;
    if ((cpuid(1, 0).edx & BOTH) != BOTH)
        return 0;
    unsigned count = (unsigned)(msr_read(MCG_CAP) & MCG_CAP_COUNT);
    return count < BANK_LIMIT ? count : BANK_LIMIT;
}

// On Intel's CPUs before family 6, model 1Ah, the control register of bank 0 is the firmware's (16.3.2.1).
static bool is_bank_0_of_firmware(void)
{
    constexpr uint32_t GENU = 0x756e'6547; // EBX of leaf 0 is the beginning of "GenuineIntel"
    uint32_t signature = cpuid(1, 0).eax;
    uint32_t family = signature >> 8 & 0xf;
    uint32_t model = (signature >> 4 & 0xf) | (signature >> 12 & 0xf0);
    return cpuid(0, 0).ebx == GENU && family == 6 && model < 0x1a;
}

void machine_check_enable(void)
{
    unsigned count = machine_check_bank_count();
    if (count == 0)
        return;
    if (msr_read(MCG_CAP) & MCG_CAP_HAS_CTL)
        msr_write(MCG_CTL, UINT64_MAX);
    for (unsigned bank = 0; bank < count; bank++) {
        if (bank != 0 || !is_bank_0_of_firmware())
            msr_write(bank_register(bank, 0), UINT64_MAX);
        msr_write(bank_register(bank, STATUS), 0);
    }
    cpu_write_cr4(cpu_read_cr4() | CR4_MCE);
}

uint64_t machine_check_status(unsigned bank)
{
    return msr_read(bank_register(bank, STATUS));
}

uint64_t machine_check_address(unsigned bank)
{
    return msr_read(bank_register(bank, ADDRESS));
}

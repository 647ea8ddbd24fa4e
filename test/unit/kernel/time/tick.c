// SPDX-License-Identifier: MIT
// kernel/time/tick and c1e: which timer drives the tick, on CPUs that QEMU cannot be. The test plays CPUID, the MSR and
// both timers.
#include <arch/cpu.h>
#include <arch/msr.h>
#include <interrupt/irq.h>
#include <interrupt/local_timer.h>
#include <log/log.h>
#include <support/unit.h>
#include <time/clock.h>
#include <time/pit.h>
#include <time/tick.h>
#include <time/timers.h>

constexpr uint64_t C1E_ON_CMP_HALT = 1 << 28, SMI_ON_CMP_HALT = 1 << 27;
constexpr uint64_t LOCAL_TIMER_HZ = 12'500'000;

static struct {
    char vendor[13];
    uint32_t signature; // CPUID leaf 1, EAX
    bool has_hypervisor;
    uint64_t interrupt_pending;
    bool has_no_pit;
    unsigned msr_reads;
    uint32_t local_count; // 0: the local timer is off
    bool is_pit_ticking, is_c1e_logged;
} pc;

uint64_t timers_next_ns = UINT64_MAX;
struct clock time_clock;

static int amd(void **)
{
    memset(&pc, 0, sizeof pc);
    strcpy(pc.vendor, "AuthenticAMD");
    pc.signature = 0x0010'0f42; // Phenom II
    return 0;
}

struct cpuid_result cpuid(uint32_t leaf, uint32_t)
{
    struct cpuid_result result = {};
    if (leaf == 0) {
        result.eax = 1;
        memcpy(&result.ebx, pc.vendor, 4);
        memcpy(&result.edx, pc.vendor + 4, 4);
        memcpy(&result.ecx, pc.vendor + 8, 4);
    } else if (leaf == 1) {
        result.eax = pc.signature;
        result.ecx = pc.has_hypervisor ? 1u << 31 : 0;
    }
    return result;
}

uint64_t msr_read(uint32_t msr)
{
    assert_int_equal(msr, 0xc001'0055);
    pc.msr_reads++;
    return pc.interrupt_pending;
}

void timers_run(uint64_t)
{
}

uint64_t clock_narrow_now_ns(void)
{
    return 0;
}

uint64_t time_now_ns(void)
{
    return 0;
}

void log_write(enum log_level, const char *, const char *format, ...)
{
    pc.is_c1e_logged |= strstr(format, "C1E") != nullptr;
}

enum status irq_register(uint32_t, irq_handler_fn *, void *)
{
    return STATUS_OK;
}

void irq_unregister(uint32_t)
{
}

void local_timer_start(uint32_t count, bool)
{
    pc.local_count = count;
}

bool pit_start_tick(uint32_t hz)
{
    assert_int_equal(hz, TIME_TICKS_PER_SECOND);
    pc.is_pit_ticking = !pc.has_no_pit;
    return pc.is_pit_ticking;
}

static void assert_local(void)
{
    tick_start(LOCAL_TIMER_HZ);
    assert_true(time_has_tick());
    assert_int_equal(pc.local_count, LOCAL_TIMER_HZ / TIME_TICKS_PER_SECOND);
    assert_false(pc.is_pit_ticking);
    assert_false(pc.is_c1e_logged);
}

static void local_timer_comes_first(void **)
{
    assert_local();
    assert_int_equal(pc.msr_reads, 1);
}

static void either_way_to_c1e_prefers_the_pit(void **state)
{
    static const uint64_t ways[] = {C1E_ON_CMP_HALT, SMI_ON_CMP_HALT};
    static const uint32_t signatures[] = {0x0010'0f42, 0x0010'0f22, 0x0004'0f12, 0x0006'0fb1};
    for (unsigned i = 0; i < 8; i++) {
        amd(state);
        pc.signature = signatures[i / 2];
        pc.interrupt_pending = ways[i % 2];
        tick_start(LOCAL_TIMER_HZ);
        assert_true(time_has_tick());
        assert_true(pc.is_pit_ticking);
        assert_true(pc.is_c1e_logged);
        assert_int_equal(pc.local_count, 0);
    }
}

static void other_bits_of_that_register_mean_nothing(void **)
{
    pc.interrupt_pending = ~(C1E_ON_CMP_HALT | SMI_ON_CMP_HALT);
    assert_local();
}

static void a_timer_that_stops_is_better_than_none(void **)
{
    pc.interrupt_pending = C1E_ON_CMP_HALT;
    pc.has_no_pit = true;
    tick_start(LOCAL_TIMER_HZ);
    assert_true(time_has_tick());
    assert_int_equal(pc.local_count, LOCAL_TIMER_HZ / TIME_TICKS_PER_SECOND);
}

static void other_cpus_are_not_asked(void **state)
{
    static const struct {
        const char *vendor;
        uint32_t signature;
    } cpus[] = {
        {"GenuineIntel", 0x0000'0f64}, // Pentium 4: family 0Fh, too
        {"GenuineIntel", 0x0010'0f42}, {"HygonGenuine", 0x0010'0f42},
        {"AuthenticAMD", 0x0003'0ff2}, // K8 before revision F
        {"AuthenticAMD", 0x0020'0f31}, // family 11h
        {"AuthenticAMD", 0x00a2'0f12}, // family 19h
        {"AuthenticAMD", 0x0000'0681}, // K7
    };
    for (unsigned i = 0; i < sizeof cpus / sizeof *cpus; i++) {
        amd(state);
        strcpy(pc.vendor, cpus[i].vendor);
        pc.signature = cpus[i].signature;
        pc.interrupt_pending = UINT64_MAX;
        assert_local();
        assert_int_equal(pc.msr_reads, 0);
    }
}

static void a_hypervisor_is_not_asked(void **)
{
    pc.has_hypervisor = true;
    pc.interrupt_pending = UINT64_MAX;
    assert_local();
    assert_int_equal(pc.msr_reads, 0);
}

static void without_a_local_timer_nothing_is_asked(void **)
{
    pc.interrupt_pending = C1E_ON_CMP_HALT;
    tick_start(0);
    assert_true(pc.is_pit_ticking);
    assert_int_equal(pc.msr_reads, 0);
    pc.has_no_pit = true;
    tick_start(0);
    assert_false(time_has_tick());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(local_timer_comes_first, amd),
        cmocka_unit_test_setup(either_way_to_c1e_prefers_the_pit, amd),
        cmocka_unit_test_setup(other_bits_of_that_register_mean_nothing, amd),
        cmocka_unit_test_setup(a_timer_that_stops_is_better_than_none, amd),
        cmocka_unit_test_setup(other_cpus_are_not_asked, amd),
        cmocka_unit_test_setup(a_hypervisor_is_not_asked, amd),
        cmocka_unit_test_setup(without_a_local_timer_nothing_is_asked, amd),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}

// SPDX-License-Identifier: MIT
// What the drivers of the controllers have written, read back from the hardware; and a takeover from a firmware that
// left everything open. For machines of their own: a PC's only I/O APIC is looked for where it always is, and after a
// second irq_init() nothing interrupts any more.
#include "apic.h"
#include <arch/cpu.h>
#include <arch/msr.h>
#include <arch/port.h>
#include <framework/int_instruction.h>
#include <framework/machine.h>
#include <framework/test.h>
#include <interrupt/irq.h>
#include <interrupt/local_timer.h>
#include <time/time.h>

constexpr uint64_t PATIENCE_NS = 5'000'000'000;
constexpr uint32_t IO_LINE_COUNT = 24;
constexpr uint32_t VECTOR_MASK = 0xff;
constexpr unsigned XAPIC_ID_SHIFT = 24;

static void need_apic(void)
{
    NEEDS_DRIVER();
    CHECK_EQUAL(irq_controller(), IRQ_CONTROLLER_APIC);
}

static void ignore(void *)
{
}

// ---- entries of the I/O APIC

struct wiring {
    uint32_t line, gsi, bits;
    uint32_t vector; // 0: any of those that are given out
};

static void check_wiring(struct wiring wiring)
{
    uint32_t before = apic_read_io_entry(wiring.gsi);
    uint64_t flags = cpu_interrupts_disable();
    enum status status = irq_register(wiring.line, ignore, nullptr);
    uint32_t registered = apic_read_io_entry(wiring.gsi);
    uint32_t destination = apic_read_io_destination(wiring.gsi);
    irq_mask(wiring.line);
    uint32_t masked = apic_read_io_entry(wiring.gsi);
    irq_unmask(wiring.line);
    uint32_t unmasked = apic_read_io_entry(wiring.gsi);
    irq_unregister(wiring.line);
    uint32_t after = apic_read_io_entry(wiring.gsi);
    cpu_interrupts_restore(flags);
    CHECK_EQUAL(before & APIC_MASKED, APIC_MASKED);
    CHECK_EQUAL(status, STATUS_OK);
    CHECK_EQUAL(registered & ~VECTOR_MASK, wiring.bits);
    CHECK((registered & VECTOR_MASK) >= (wiring.vector != 0 ? wiring.vector : 0x30));
    CHECK((registered & VECTOR_MASK) <= (wiring.vector != 0 ? wiring.vector : 0xef));
    CHECK_EQUAL(destination, apic_read(APIC_ID) >> XAPIC_ID_SHIFT);
    CHECK_EQUAL(masked, registered | APIC_MASKED);
    CHECK_EQUAL(unmasked, registered);
    CHECK_EQUAL(after & APIC_MASKED, APIC_MASKED);
}

// The PCs that QEMU and Bochs emulate have the timer's line 0 wired to GSI 2,
TEST(irq_hardware, io_apic_entries_say_how_lines_are_wired)
{
    need_apic();
    check_wiring((struct wiring){8, 8, 0, 0});
    check_wiring((struct wiring){0, 2, 0, .vector = 0xf1});
    check_wiring((struct wiring){20, 20, APIC_LEVEL | APIC_LOW, 0});
}

// and QEMU has line 9 level-triggered, active high.
TEST(irq_hardware, override_makes_an_isa_line_level_triggered)
{
    need_apic();
    check_wiring((struct wiring){9, 9, APIC_LEVEL, 0});
}

TEST(irq_hardware, lines_have_vectors_of_their_own)
{
    need_apic();
    enum status first = irq_register(8, ignore, nullptr);
    enum status second = irq_register(20, ignore, nullptr);
    uint32_t first_vector = apic_read_io_entry(8) & VECTOR_MASK;
    uint32_t second_vector = apic_read_io_entry(20) & VECTOR_MASK;
    enum status timer = irq_register(0, ignore, nullptr);
    enum status wire_of_the_timer = irq_register(2, ignore, nullptr);
    irq_unregister(0);
    irq_unregister(8);
    irq_unregister(20);
    CHECK_EQUAL(first, STATUS_OK);
    CHECK_EQUAL(second, STATUS_OK);
    CHECK(first_vector != second_vector);
    CHECK_EQUAL(timer, STATUS_OK);
    CHECK_EQUAL(wire_of_the_timer, STATUS_BUSY);
}

TEST(irq_hardware, lines_without_handler_are_masked)
{
    need_apic();
    unsigned open_count = 0;
    for (uint32_t gsi = 0; gsi < IO_LINE_COUNT; gsi++) {
        struct irq_counters counters;
        uint32_t line = gsi == 2 ? 0 : gsi;
        bool is_registered = gsi != 0 && irq_read_counters(line, &counters) == STATUS_OK;
        CHECK_EQUAL(apic_read_io_entry(gsi) & APIC_MASKED, is_registered ? 0 : APIC_MASKED);
        open_count += is_registered;
    }
    CHECK(open_count >= 1); // keyboard, serial port
}

// ---- taking over

constexpr uint16_t PIC_MASTER_MASKS = 0x21;
constexpr uint16_t PIC_SLAVE_MASKS = 0xa1;
constexpr uint32_t JUNK_VECTOR = 0xfd;
constexpr uint32_t SPURIOUS_ENABLED_FFH = 0x1ff;

static const uint32_t local_lines[] = {APIC_LVT_TIMER, APIC_LVT_THERMAL, APIC_LVT_PERFORMANCE,
                                       APIC_LVT_LINT0, APIC_LVT_LINT1,   APIC_LVT_ERROR};

static void open_everything(void)
{
    for (unsigned i = 0; i < sizeof local_lines / sizeof *local_lines; i++)
        apic_write(local_lines[i], JUNK_VECTOR);
    for (uint32_t gsi = 0; gsi < IO_LINE_COUNT; gsi++)
        apic_write_io_entry(gsi, JUNK_VECTOR);
    apic_write(APIC_TASK_PRIORITY, 0x20);
    apic_write(APIC_SPURIOUS, SPURIOUS_ENABLED_FFH ^ 0x30);
    port_write8(PIC_MASTER_MASKS, 0);
    port_write8(PIC_SLAVE_MASKS, 0);
}

// Two interrupts of the local APIC, one inside the other, that nobody acknowledges.
constexpr uint8_t OUTER_VECTOR = 0x51;
constexpr uint8_t INNER_VECTOR = 0x91;

static trap_handler_fn *kernels_handler;
static struct {
    const struct acpi_madt *madt;
    bool is_pic_forced;
    volatile bool is_over;
    unsigned in_service_before, in_service_after;
} takeover;

static void wait_for_takeover(void)
{
    uint64_t start = time_now_ns();
    while (!takeover.is_over && time_now_ns() - start < PATIENCE_NS)
        __asm__ volatile("pause");
}

static void be_the_firmware(struct trap_frame *frame)
{
    if (frame->vector == OUTER_VECTOR) {
        apic_send_to_self(INNER_VECTOR);
        cpu_interrupts_enable();
        wait_for_takeover();
        (void)cpu_interrupts_disable();
    } else if (frame->vector == INNER_VECTOR) {
        open_everything();
        takeover.in_service_before = apic_in_service_count();
        machine_unseal();
        irq_init(takeover.madt, takeover.is_pic_forced);
        machine_seal();
        takeover.in_service_after = apic_in_service_count();
        takeover.is_over = true;
        frame->rflags &= ~CPU_RFLAGS_INTERRUPT; // what was requested meanwhile stays requested
    } else {
        kernels_handler(frame);
    }
}

// Interrupts are closed from then on.
static void take_over(const struct acpi_madt *madt, bool is_pic_forced)
{
    takeover.madt = madt;
    takeover.is_pic_forced = is_pic_forced;
    takeover.is_over = false;
    kernels_handler = interrupt_handler; // before one arrives
    int_set_interrupt_handler(be_the_firmware);
    apic_send_to_self(OUTER_VECTOR);
    wait_for_takeover();
    (void)cpu_interrupts_disable();
    int_set_interrupt_handler(kernels_handler);
    cpu_interrupts_enable();
    CHECK(takeover.is_over);
    CHECK_EQUAL(takeover.in_service_before, 2);
    CHECK_EQUAL(takeover.in_service_after, 0);
    CHECK_EQUAL(apic_read(APIC_TASK_PRIORITY), 0);
    CHECK_EQUAL(apic_read(APIC_SPURIOUS), SPURIOUS_ENABLED_FFH);
    CHECK_EQUAL(port_read8(PIC_MASTER_MASKS), 0xfb);
    CHECK_EQUAL(port_read8(PIC_SLAVE_MASKS), 0xff);
}

static void check_local_lines(uint32_t lint0, uint32_t lint1)
{
    for (unsigned i = 0; i < sizeof local_lines / sizeof *local_lines; i++) {
        if (local_lines[i] != APIC_LVT_LINT0 && local_lines[i] != APIC_LVT_LINT1)
            CHECK_EQUAL(apic_read(local_lines[i]) & APIC_MASKED, APIC_MASKED);
    }
    CHECK_EQUAL(apic_read(APIC_LVT_LINT0), lint0);
    CHECK_EQUAL(apic_read(APIC_LVT_LINT1), lint1);
}

// Numbers of this and of another processor, which are not their APICs' numbers.
constexpr uint32_t OWN_UID = 7;
constexpr uint32_t OTHER_UID = 8;

// Filled in before each takeover.
static struct acpi_madt madt;

static void describe_this_machine(void)
{
    uint32_t id = apic_read(APIC_ID) >> XAPIC_ID_SHIFT;
    madt = (struct acpi_madt){
        .processor_count = 2,
        .processors = {{id + 1, OTHER_UID, true}, {id, OWN_UID, true}},
        .io_apic_count = 1,
        .io_apics = {{.address = {APIC_IO_ADDRESS}}},
    };
}

static void check_io_apic_is_masked(void)
{
    for (uint32_t gsi = 0; gsi < IO_LINE_COUNT; gsi++)
        CHECK_EQUAL(apic_read_io_entry(gsi), APIC_MASKED);
}

TEST(irq_hardware, takeover_masks_and_acknowledges_what_was_open)
{
    need_apic();
    describe_this_machine();
    take_over(&madt, false);
    CHECK_EQUAL(irq_controller(), IRQ_CONTROLLER_APIC);
    check_local_lines(APIC_MASKED, APIC_MASKED);
    check_io_apic_is_masked();
}

// An NMI is an edge whatever the firmware says (82093AA, 3.2.4; Intel SDM vol. 3, 11.5.1).
TEST(irq_hardware, nmi_lines_of_the_io_apic_are_routed)
{
    need_apic();
    describe_this_machine();
    madt.nmi_source_count = 3;
    madt.nmi_sources[0] = (struct acpi_nmi_source){17, ACPI_POLARITY_LOW, ACPI_TRIGGER_LEVEL};
    madt.nmi_sources[1] = (struct acpi_nmi_source){23, ACPI_POLARITY_BUS, ACPI_TRIGGER_BUS};
    madt.nmi_sources[2] = (struct acpi_nmi_source){5000, ACPI_POLARITY_BUS, ACPI_TRIGGER_BUS};
    take_over(&madt, false);
    for (uint32_t gsi = 0; gsi < IO_LINE_COUNT; gsi++) {
        uint32_t wanted = gsi == 17 ? APIC_NMI | APIC_LOW : gsi == 23 ? APIC_NMI : APIC_MASKED;
        CHECK_EQUAL(apic_read_io_entry(gsi), wanted);
    }
    CHECK_EQUAL(apic_read_io_destination(17), apic_read(APIC_ID) >> XAPIC_ID_SHIFT);
}

TEST(irq_hardware, nmi_pin_of_this_processor_is_opened)
{
    need_apic();
    describe_this_machine();
    madt.local_nmi_count = 2;
    madt.local_nmis[0] = (struct acpi_local_nmi){OWN_UID, 1, ACPI_POLARITY_LOW, ACPI_TRIGGER_LEVEL};
    madt.local_nmis[1] = (struct acpi_local_nmi){OTHER_UID, 0, ACPI_POLARITY_BUS, ACPI_TRIGGER_BUS};
    take_over(&madt, false);
    check_local_lines(APIC_MASKED, APIC_NMI | APIC_LOW);
}

TEST(irq_hardware, nmi_pin_of_all_processors_is_opened)
{
    need_apic();
    describe_this_machine();
    madt.local_nmi_count = 1;
    madt.local_nmis[0] = (struct acpi_local_nmi){ACPI_ALL_PROCESSORS, 0, ACPI_POLARITY_BUS, ACPI_TRIGGER_BUS};
    take_over(&madt, false);
    check_local_lines(APIC_NMI, APIC_MASKED);
}

TEST(irq_hardware, local_apic_lets_the_8259s_through)
{
    NEEDS_DRIVER();
    CHECK_EQUAL(irq_controller(), IRQ_CONTROLLER_PIC);
    describe_this_machine();
    take_over(&madt, true);
    CHECK_EQUAL(irq_controller(), IRQ_CONTROLLER_PIC);
    check_local_lines(APIC_EXTERNAL, APIC_NMI);
    check_io_apic_is_masked();
}

// The 8259s need none, and nobody writes to where it cannot be reached.
TEST(irq_hardware, local_apic_out_of_reach_is_none)
{
    constexpr uint64_t ABOVE_4_GIB = 1ull << 36;
    need_apic();
    describe_this_machine();
    uint64_t flags = cpu_interrupts_disable();
    uint64_t base = msr_read(MSR_APIC_BASE);
    msr_write(MSR_APIC_BASE, (base & ~APIC_BASE_ADDRESS) | ABOVE_4_GIB);
    machine_unseal();
    irq_init(&madt, false);
    machine_seal();
    msr_write(MSR_APIC_BASE, base);
    enum status timer = irq_register(IRQ_LINE_LOCAL_TIMER + 1, ignore, nullptr);
    cpu_interrupts_restore(flags);
    CHECK_EQUAL(irq_controller(), IRQ_CONTROLLER_PIC);
    CHECK_EQUAL(timer, STATUS_RANGE);
}

// Memory that looks like a version register wherever one looks, as a wrong table might name it.
TEST(irq_hardware, memory_is_no_io_apic)
{
    constexpr uint32_t VERSION_WITH_24_LINES = 0x0017'0011;
    constexpr unsigned WORDS = 64;
    alignas(256) static volatile uint32_t memory[WORDS];
    need_apic();
    for (unsigned i = 0; i < WORDS; i++)
        memory[i] = VERSION_WITH_24_LINES;
    volatile uint64_t *entries[4];
    CHECK_EQUAL(machine_walk((uintptr_t)memory, entries), 4);
    uint64_t address = (*entries[3] & MACHINE_PAGE_ADDRESS) | ((uintptr_t)memory & 0xfff);
    describe_this_machine();
    madt.io_apic_count = 2;
    madt.io_apics[0] = (struct acpi_io_apic){.address = {address}, .gsi_base = IO_LINE_COUNT};
    madt.io_apics[1] = (struct acpi_io_apic){.address = {APIC_IO_ADDRESS}};
    take_over(&madt, false);
    CHECK_EQUAL(irq_controller(), IRQ_CONTROLLER_APIC);
    check_io_apic_is_masked();
    for (unsigned i = 0; i < WORDS; i++)
        CHECK_EQUAL(memory[i], VERSION_WITH_24_LINES);
    CHECK_EQUAL(irq_register(IO_LINE_COUNT, ignore, nullptr), STATUS_RANGE);
    CHECK_EQUAL(irq_register(8, ignore, nullptr), STATUS_OK);
}

// ---- x2APIC mode

static void count_tick(void *count)
{
    volatile unsigned *ticks = count;
    *ticks = *ticks + 1;
}

static bool wait_for_ticks(const volatile unsigned *ticks, unsigned wanted)
{
    uint64_t start = time_now_ns();
    while (*ticks < wanted && time_now_ns() - start < PATIENCE_NS)
        __asm__ volatile("pause");
    return *ticks >= wanted;
}

static bool wait_for_unclaimed(uint64_t wanted)
{
    uint64_t start = time_now_ns();
    while (irq_unclaimed_count() < wanted && time_now_ns() - start < PATIENCE_NS)
        __asm__ volatile("pause");
    return irq_unclaimed_count() == wanted;
}

// As a firmware may have left the CPU: the registers are MSRs. More than one tick shows that they are acknowledged.
TEST(irq_hardware, x2apic_is_taken_over_and_ticks)
{
    constexpr uint32_t CPUID_1_ECX_X2APIC = 1u << 21;
    constexpr uint8_t UNCLAIMED_VECTOR = 0xe0;
    constexpr uint32_t TIMER_COUNT = 10'000;
    constexpr uint32_t LVT_PERIODIC_F0H = 1u << 17 | 0xf0;
    need_apic();
    CHECK_EQUAL(cpuid(1, 0).ecx & CPUID_1_ECX_X2APIC, CPUID_1_ECX_X2APIC);
    describe_this_machine();
    madt.local_nmi_count = 1;
    madt.local_nmis[0] = (struct acpi_local_nmi){OWN_UID, 1, ACPI_POLARITY_LOW, ACPI_TRIGGER_LEVEL};
    irq_unregister(IRQ_LINE_LOCAL_TIMER);
    msr_write(MSR_APIC_BASE, msr_read(MSR_APIC_BASE) | APIC_BASE_X2APIC);
    take_over(&madt, false);
    CHECK(msr_read(MSR_APIC_BASE) & APIC_BASE_X2APIC);
    CHECK_EQUAL(irq_controller(), IRQ_CONTROLLER_APIC);
    check_local_lines(APIC_MASKED, APIC_NMI | APIC_LOW);

    unsigned ticks = 0;
    CHECK_EQUAL(irq_register(IRQ_LINE_LOCAL_TIMER, count_tick, &ticks), STATUS_OK);
    local_timer_start(TIMER_COUNT, true);
    bool has_ticked = wait_for_ticks(&ticks, 5);
    uint32_t line = apic_read(APIC_LVT_TIMER);
    uint32_t remaining = local_timer_remaining();
    irq_unregister(IRQ_LINE_LOCAL_TIMER);
    CHECK(has_ticked);
    CHECK_EQUAL(line, LVT_PERIODIC_F0H);
    CHECK(remaining <= TIMER_COUNT);
    CHECK_EQUAL(apic_in_service_count(), 0);

    uint64_t before = irq_unclaimed_count();
    for (unsigned i = 1; i <= 3; i++) {
        apic_send_to_self(UNCLAIMED_VECTOR);
        CHECK(wait_for_unclaimed(before + i));
    }
    CHECK_EQUAL(apic_in_service_count(), 0);
}

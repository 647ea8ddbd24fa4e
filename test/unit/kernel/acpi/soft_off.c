// SPDX-License-Identifier: MIT
// kernel/acpi/soft_off.c: \_S5 as compilers write it, in each way it may be cut or wrong, and in company.
#include <support/unit.h>

#include <support/acpi_tables.h>

constexpr uint32_t FADT = 0x3fe'3001, DSDT = 0x3fe'4003, SSDT_A = 0x3fe'5005, SSDT_B = 0x3fe'6007;
constexpr size_t FADT_BYTES = 116;

#define NAME 0x08, '_', 'S', '5', '_'
#define ROOT 0x08, 0x5c, '_', 'S', '5', '_'

static struct acpi acpi;
static struct acpi_soft_off off;

static int no_memory(void **)
{
    physical_memory_clear();
    return 0;
}

struct body {
    const uint8_t *bytes;
    size_t size_bytes;
};
#define BODY(...) ((struct body){(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})})

// The FADT names the DSDT; SSDTs without bytes are not there.
static enum status read(struct body dsdt, struct body ssdt_a, struct body ssdt_b)
{
    uint8_t fadt[FADT_BYTES - TABLES_HEADER_BYTES] = {};
    tables_write(fadt + 40 - TABLES_HEADER_BYTES, DSDT, 4);
    physical_memory_clear();
    tables_put_rsdp(0, TABLES_RSDT, 0);
    tables_put_rsdt((uint32_t[]){FADT, SSDT_A, SSDT_B}, 3);
    tables_put(FADT, "FACP", 1, fadt, sizeof fadt);
    tables_put(DSDT, "DSDT", 1, dsdt.bytes, dsdt.size_bytes);
    if (ssdt_a.bytes != nullptr)
        tables_put(SSDT_A, "SSDT", 1, ssdt_a.bytes, ssdt_a.size_bytes);
    if (ssdt_b.bytes != nullptr)
        tables_put(SSDT_B, "SSDT", 1, ssdt_b.bytes, ssdt_b.size_bytes);
    assert_int_equal(acpi_init(&acpi, (phys_addr_t){TABLES_RSDP}, physical_memory_map), STATUS_OK);
    memset(&off, 0x5a, sizeof off);
    return acpi_read_soft_off(&acpi, &off);
}

static enum status read_dsdt(struct body dsdt)
{
    return read(dsdt, (struct body){}, (struct body){});
}

static void assert_types(enum status status, uint8_t pm1a, uint8_t pm1b)
{
    assert_int_equal(status, STATUS_OK);
    assert_int_equal(off.pm1a_type, pm1a);
    assert_int_equal(off.pm1b_type, pm1b);
}

static void assert_fails(enum status status, enum status wanted)
{
    assert_int_equal(status, wanted);
    assert_int_equal(off.pm1a_type, 0);
    assert_int_equal(off.pm1b_type, 0);
}

static void each_kind_of_constant_counts(void **)
{
    assert_types(read_dsdt(BODY(NAME, 0x12, 0x08, 0x04, 0x0a, 0x07, 0x0a, 0x05, 0x00, 0x00)), 7, 5);
    assert_types(read_dsdt(BODY(NAME, 0x12, 0x06, 0x04, 0x00, 0x01, 0x00, 0x00)), 0, 1);
    assert_types(read_dsdt(BODY(NAME, 0x12, 0x0a, 0x02, 0x0b, 0x06, 0x00, 0x0c, 0x03, 0x00, 0x00, 0x00)), 6, 3);
    assert_types(read_dsdt(BODY(NAME, 0x12, 0x0c, 0x02, 0x0e, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01)), 2,
                 1);
}

static void the_root_prefix_may_be_there(void **)
{
    assert_types(read_dsdt(BODY(ROOT, 0x12, 0x06, 0x02, 0x0a, 0x07, 0x0a, 0x06)), 7, 6);
}

// One to four bytes say the same.
static void each_length_of_a_length_counts(void **)
{
    assert_types(read_dsdt(BODY(NAME, 0x12, 0x06, 0x02, 0x0a, 0x07, 0x0a, 0x06)), 7, 6);
    assert_types(read_dsdt(BODY(NAME, 0x12, 0x47, 0x00, 0x02, 0x0a, 0x07, 0x0a, 0x06)), 7, 6);
    assert_types(read_dsdt(BODY(NAME, 0x12, 0x88, 0x00, 0x00, 0x02, 0x0a, 0x07, 0x0a, 0x06)), 7, 6);
    assert_types(read_dsdt(BODY(NAME, 0x12, 0xc9, 0x00, 0x00, 0x00, 0x02, 0x0a, 0x07, 0x0a, 0x06)), 7, 6);
}

// Each byte of a longer length has its place.
static void a_length_beyond_its_table_is_none(void **)
{
    assert_fails(read_dsdt(BODY(NAME, 0x12, 0x07, 0x02, 0x0a, 0x07, 0x0a, 0x06)), STATUS_NOT_FOUND);
    assert_fails(read_dsdt(BODY(NAME, 0x12, 0x47, 0x01, 0x02, 0x0a, 0x07, 0x0a, 0x06)), STATUS_NOT_FOUND);
    assert_fails(read_dsdt(BODY(NAME, 0x12, 0x88, 0x00, 0x01, 0x02, 0x0a, 0x07, 0x0a, 0x06)), STATUS_NOT_FOUND);
    assert_fails(read_dsdt(BODY(NAME, 0x12, 0xc9, 0x00, 0x00, 0x01, 0x02, 0x0a, 0x07, 0x0a, 0x06)), STATUS_NOT_FOUND);
    assert_fails(read_dsdt(BODY(NAME, 0x12, 0x57, 0x00, 0x02, 0x0a, 0x07, 0x0a, 0x06)), STATUS_NOT_FOUND); // reserved
}

static void a_length_ends_its_elements(void **)
{
    static const uint8_t whole[] = {NAME, 0x12, 0x06, 0x02, 0x0a, 0x07, 0x0a, 0x06};
    for (uint8_t length = 0; length <= 6; length++) {
        uint8_t cut[sizeof whole];
        memcpy(cut, whole, sizeof whole);
        cut[6] = length;
        enum status status = read_dsdt((struct body){cut, sizeof cut});
        if (length == 6)
            assert_types(status, 7, 6);
        else
            assert_fails(status, STATUS_NOT_FOUND);
    }
}

static void a_definition_that_its_table_cuts_is_none(void **)
{
    static const uint8_t whole[] = {ROOT, 0x12, 0xc9, 0, 0, 0, 0x02, 0x0a, 0x07, 0x0a, 0x06};
    for (size_t size = 0; size < sizeof whole; size++)
        assert_fails(read_dsdt((struct body){whole, size}), STATUS_NOT_FOUND);
    assert_types(read_dsdt((struct body){whole, sizeof whole}), 7, 6);
}

static void a_single_element_has_both(void **)
{
    assert_types(read_dsdt(BODY(NAME, 0x12, 0x04, 0x01, 0x0a, 0x05)), 5, 0);
    assert_types(read_dsdt(BODY(NAME, 0x12, 0x05, 0x01, 0x0b, 0x07, 0x06)), 7, 6);
    assert_fails(read_dsdt(BODY(NAME, 0x12, 0x07, 0x01, 0x0c, 0x07, 0x06, 0x01, 0x00)), STATUS_NOT_FOUND);
}

static void what_no_register_can_hold_is_none(void **)
{
    assert_fails(read_dsdt(BODY(NAME, 0x12, 0x06, 0x02, 0x0a, 0x08, 0x0a, 0x00)), STATUS_NOT_FOUND);
    assert_fails(read_dsdt(BODY(NAME, 0x12, 0x06, 0x02, 0x0a, 0x00, 0x0a, 0x08)), STATUS_NOT_FOUND);
    assert_fails(read_dsdt(BODY(NAME, 0x12, 0x04, 0x02, 0xff, 0x00)), STATUS_NOT_FOUND); // all ones
    assert_fails(read_dsdt(BODY(NAME, 0x12, 0x07, 0x02, 0x0b, 0x07, 0x01, 0x0a, 0x07)), STATUS_NOT_FOUND);
}

static void what_is_no_constant_is_none(void **)
{
    assert_fails(read_dsdt(BODY(NAME, 0x12, 0x07, 0x02, 'S', 'L', 'P', 'T', 0x00)), STATUS_NOT_FOUND);
    assert_fails(read_dsdt(BODY(NAME, 0x12, 0x07, 0x02, 0x00, 'S', 'L', 'P', 'T')), STATUS_NOT_FOUND);
    assert_fails(read_dsdt(BODY(NAME, 0x12, 0x02, 0x00)), STATUS_NOT_FOUND);
    assert_fails(read_dsdt(BODY(NAME, 0x0a, 0x05)), STATUS_NOT_FOUND); // no package
    assert_fails(read_dsdt(BODY(NAME, 0x13, 0x06, 0x02, 0x0a, 0x07, 0x0a, 0x06)), STATUS_NOT_FOUND);
}

static void other_names_are_none(void **)
{
    assert_fails(read_dsdt(BODY(0x08, '_', 'S', '4', '_', 0x12, 0x06, 0x02, 0x0a, 0x07, 0x0a, 0x06)), STATUS_NOT_FOUND);
    assert_fails(read_dsdt(BODY('_', 'S', '5', '_', 0x12, 0x06, 0x02, 0x0a, 0x07, 0x0a, 0x06)), STATUS_NOT_FOUND);
    assert_fails(read_dsdt(BODY(0x14, '_', 'S', '5', '_', 0x12, 0x06, 0x02, 0x0a, 0x07, 0x0a, 0x06)), STATUS_NOT_FOUND);
    assert_fails(read_dsdt(BODY(0x08, 0x5c, 0x5c, '_', 'S', '5', '_', 0x12, 0x06, 0x02, 0x0a, 0x07, 0x0a, 0x06)),
                 STATUS_NOT_FOUND);
}

// In a table's header it is no definition.
static void a_header_defines_nothing(void **)
{
    static const uint8_t name[] = {ROOT};
    uint8_t *table = nullptr;
    assert_fails(read_dsdt(BODY(0x12, 0x06, 0x02, 0x0a, 0x07, 0x0a, 0x06)), STATUS_NOT_FOUND);
    table = physical_memory_at(DSDT, TABLES_HEADER_BYTES + 7);
    memcpy(table + TABLES_HEADER_BYTES - sizeof name, name, sizeof name);
    tables_fix_sum(table, TABLES_HEADER_BYTES + 7, 9);
    assert_int_equal(acpi_init(&acpi, (phys_addr_t){TABLES_RSDP}, physical_memory_map), STATUS_OK);
    assert_fails(acpi_read_soft_off(&acpi, &off), STATUS_NOT_FOUND);
}

static void data_before_and_behind_does_not_hide_it(void **)
{
    assert_types(read_dsdt(BODY(0x08, 0x08, 0x5c, NAME, 0x12, 0xff, ROOT, 0x12, 0x06, 0x02, 0x0a, 0x07, 0x0a, 0x06,
                                0x08, '_', 'S', '5')),
                 7, 6);
}

static void an_ssdt_may_have_it(void **)
{
    struct body none = BODY(0x00), it = BODY(NAME, 0x12, 0x06, 0x02, 0x0a, 0x07, 0x0a, 0x06);
    assert_types(read(none, it, none), 7, 6);
    assert_types(read(none, none, it), 7, 6);
}

static void several_have_to_agree(void **)
{
    struct body it = BODY(NAME, 0x12, 0x06, 0x02, 0x0a, 0x07, 0x0a, 0x06);
    struct body same = BODY(ROOT, 0x12, 0x08, 0x04, 0x0a, 0x07, 0x0a, 0x06, 0x00, 0x00);
    struct body other_a = BODY(NAME, 0x12, 0x06, 0x02, 0x0a, 0x05, 0x0a, 0x06);
    struct body other_b = BODY(NAME, 0x12, 0x06, 0x02, 0x0a, 0x07, 0x0a, 0x05);
    struct body none = BODY(0x00);
    assert_types(read(it, same, it), 7, 6);
    assert_fails(read(it, other_a, none), STATUS_CORRUPT);
    assert_fails(read(it, none, other_b), STATUS_CORRUPT);
    assert_fails(read(it, other_a, it), STATUS_CORRUPT); // not even when the last ones agree again
    assert_fails(read(none, it, other_b), STATUS_CORRUPT);
    assert_fails(read_dsdt(BODY(NAME, 0x12, 0x04, 0x02, 0x00, 0x01, NAME, 0x12, 0x04, 0x02, 0x00, 0x00)),
                 STATUS_CORRUPT);
}

static void without_tables_it_is_not_found(void **)
{
    assert_int_equal(acpi_init(&acpi, (phys_addr_t){0}, physical_memory_map), STATUS_NOT_FOUND);
    assert_fails(acpi_read_soft_off(&acpi, &off), STATUS_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_constant_counts),
        cmocka_unit_test(the_root_prefix_may_be_there),
        cmocka_unit_test(each_length_of_a_length_counts),
        cmocka_unit_test(a_length_beyond_its_table_is_none),
        cmocka_unit_test(a_length_ends_its_elements),
        cmocka_unit_test(a_definition_that_its_table_cuts_is_none),
        cmocka_unit_test(a_single_element_has_both),
        cmocka_unit_test(what_no_register_can_hold_is_none),
        cmocka_unit_test(what_is_no_constant_is_none),
        cmocka_unit_test(other_names_are_none),
        cmocka_unit_test(a_header_defines_nothing),
        cmocka_unit_test(data_before_and_behind_does_not_hide_it),
        cmocka_unit_test(an_ssdt_may_have_it),
        cmocka_unit_test(several_have_to_agree),
        cmocka_unit_test(without_tables_it_is_not_found),
    };
    return cmocka_run_group_tests(tests, nullptr, no_memory);
}

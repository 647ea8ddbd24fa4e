// SPDX-License-Identifier: MIT
// kernel/process/file_tree: archives as tar makes them, archives as nobody should, and paths.
#include <file_tree/file_tree.h>
#include <stdio.h>
#include <stdlib.h>
#include <support/file_tree_check.h>
#include <support/unit.h>

constexpr size_t BLOCK_BYTES = 512, ARCHIVE_BYTES = 64 * 512;
constexpr uint32_t CAPACITY = 64;

static uint8_t archive[ARCHIVE_BYTES];
static size_t length;
static struct file_node nodes[CAPACITY];
static struct file_tree tree;

static int start_empty(void **)
{
    memset(archive, 0, sizeof archive);
    length = 0;
    file_tree_init(&tree, nodes, CAPACITY);
    return 0;
}

// ---- making archives

static void put(size_t offset, const char *text)
{
    memcpy(archive + length + offset, text, strlen(text));
}

static void put_sum(uint8_t *header)
{
    unsigned sum = 0;
    char text[8];
    memset(header + 148, ' ', 8);
    for (size_t i = 0; i < BLOCK_BYTES; i++)
        sum += header[i];
    snprintf(text, sizeof text, "%06o", sum);
    memcpy(header + 148, text, sizeof text - 1);
}

// A member at the end of the archive.
static void add(const char *prefix, const char *name, char type, const char *target, const char *contents)
{
    char size[13];
    snprintf(size, sizeof size, "%011zo", strlen(contents));
    put(0, name);
    put(100, "0000640");
    put(108, "0001750");
    put(116, "0001751");
    put(124, size);
    put(136, "14524770400");
    archive[length + 156] = (uint8_t)type;
    put(157, target);
    put(257, "ustar");
    put(263, "00");
    put(345, prefix);
    put_sum(archive + length);
    length += BLOCK_BYTES;
    put(0, contents);
    length += (strlen(contents) + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
}

static void add_file(const char *name, const char *contents)
{
    add("", name, '0', "", contents);
}

static void read_archive(enum status wanted)
{
    size_t size = length + 2 * BLOCK_BYTES;
    assert_true(1 + file_tree_nodes_of_archive(archive, size) <= CAPACITY);
    assert_int_equal(file_tree_add_archive(&tree, archive, size), wanted);
    file_tree_check(&tree, archive, sizeof archive);
}

// ---- asking

static uint32_t find(const char *path)
{
    uint32_t node = FILE_NONE;
    enum status status = file_tree_find(&tree, FILE_ROOT, path, true, &node);
    if (status != STATUS_OK)
        fail_msg("%s is not found: %d", path, status);
    return node;
}

static void check_contents(const char *path, const char *contents)
{
    const struct file_node *node = &tree.nodes[find(path)];
    assert_int_equal(node->kind, FILE_REGULAR);
    assert_int_equal(node->size_bytes, strlen(contents));
    assert_memory_equal(node->bytes, contents, strlen(contents));
}

static void check_refused(const char *path, enum status wanted)
{
    uint32_t node;
    assert_int_equal(file_tree_find(&tree, FILE_ROOT, path, true, &node), wanted);
}

// ---- archives

static void files_and_directories_are_read(void **)
{
    add("", "etc/", '5', "", "");
    add_file("etc/motd", "hello\n");
    add_file("./bin/deep/program", "code");
    add("usr/share", "words", '0', "", "many");
    read_archive(STATUS_OK);
    check_contents("/etc/motd", "hello\n");
    check_contents("bin/deep/program", "code");
    check_contents("/usr//share/./words", "many");
    const struct file_node *motd = &tree.nodes[find("etc/motd")];
    assert_int_equal(motd->permissions, 0640);
    assert_int_equal(motd->owner, 01750);
    assert_int_equal(motd->group, 01751);
    assert_int_equal(motd->modified_s, 014524770400);
    assert_int_equal(tree.nodes[find("/usr/share")].kind, FILE_DIRECTORY);
    assert_int_equal(tree.skipped_count, 0);
}

static void later_member_takes_the_place_of_an_earlier_one(void **)
{
    add_file("file", "old");
    add_file("file", "newer");
    read_archive(STATUS_OK);
    check_contents("file", "newer");
    assert_int_equal(tree.count, 2);
}

static void hard_link_has_the_contents_of_what_came_before(void **)
{
    add_file("file", "contents");
    add("", "other", '1', "file", "");
    add("", "none", '1', "missing", "");
    read_archive(STATUS_OK);
    check_contents("other", "contents");
    assert_int_equal(tree.skipped_count, 1);
}

static void members_that_nobody_understands_are_counted(void **)
{
    add("", "pipe", '6', "", "");
    add("", "long", 'L', "", "a name of GNU's");
    add_file("../outside", "x");
    add_file("file", "x");
    add_file("file/below", "x");
    read_archive(STATUS_OK);
    assert_int_equal(tree.skipped_count, 4);
    check_contents("file", "x");
    check_refused("pipe", STATUS_NOT_FOUND);
    check_refused("outside", STATUS_NOT_FOUND);
}

static void damage_ends_the_archive_there(void **)
{
    add_file("first", "x");
    size_t second = length;
    add_file("second", "x");
    archive[second]++;
    read_archive(STATUS_CORRUPT);
    check_contents("first", "x");
    check_refused("second", STATUS_NOT_FOUND);
}

static void archive_that_is_cut_off_is_damaged(void **)
{
    add_file("first", "x");
    size_t second = length;
    add_file("second", "x");
    for (size_t size = second + 1; size < length; size++) {
        file_tree_init(&tree, nodes, CAPACITY);
        uint8_t *cut = malloc(size); // so that a sanitizer sees its end
        memcpy(cut, archive, size);
        assert_int_equal(file_tree_add_archive(&tree, cut, size), STATUS_CORRUPT);
        assert_int_equal(tree.count, 2);
        free(cut);
    }
}

static void size_that_is_no_number_is_damage(void **)
{
    add_file("file", "x");
    memset(archive + 124, 0xff, 12); // as GNU writes sizes beyond 8 GiB
    put_sum(archive);
    read_archive(STATUS_CORRUPT);
}

static void too_few_nodes_are_told(void **)
{
    add_file("a/b/c", "x");
    file_tree_init(&tree, nodes, 3);
    assert_int_equal(file_tree_add_archive(&tree, archive, length), STATUS_NO_MEMORY);
}

// ---- paths

static void links_are_followed_where_they_lie(void **)
{
    add_file("etc/motd", "hello");
    add("", "etc/link", '2', "motd", "");
    add("", "up", '2', "etc/..", "");
    add("", "absolute", '2', "/etc", "");
    read_archive(STATUS_OK);
    check_contents("etc/link", "hello");
    check_contents("up/up/etc/link", "hello");
    check_contents("absolute/motd", "hello");
    uint32_t node;
    assert_int_equal(file_tree_find(&tree, FILE_ROOT, "etc/link", false, &node), STATUS_OK);
    assert_int_equal(tree.nodes[node].kind, FILE_LINK);
    assert_int_equal(file_tree_find(&tree, FILE_ROOT, "absolute/", false, &node), STATUS_OK);
}

static void links_in_a_circle_end(void **)
{
    add("", "a", '2', "b", "");
    add("", "b", '2', "a", "");
    add("", "self", '2', "self/x", "");
    add("", "nowhere", '2', "missing", "");
    read_archive(STATUS_OK);
    check_refused("a", STATUS_RANGE);
    check_refused("self", STATUS_RANGE);
    check_refused("nowhere", STATUS_NOT_FOUND);
}

static void paths_that_lead_nowhere_are_told_apart(void **)
{
    add_file("file", "x");
    read_archive(STATUS_OK);
    check_refused("", STATUS_NOT_FOUND);
    check_refused("missing", STATUS_NOT_FOUND);
    check_refused("missing/more", STATUS_NOT_FOUND);
    check_refused("file/more", STATUS_INVALID);
    check_refused("file/..", STATUS_INVALID);
    assert_int_equal(find("/../.."), FILE_ROOT);
}

static void path_of_a_node_is_told(void **)
{
    char text[16];
    add_file("one/two/three", "x");
    read_archive(STATUS_OK);
    assert_int_equal(file_tree_path(&tree, find("one/two/three"), text, 15), STATUS_OK);
    assert_string_equal(text, "/one/two/three");
    assert_int_equal(file_tree_path(&tree, find("one/two/three"), text, 14), STATUS_RANGE);
    assert_int_equal(file_tree_path(&tree, FILE_ROOT, text, 2), STATUS_OK);
    assert_string_equal(text, "/");
}

static void single_file_has_a_place_beside_the_archive(void **)
{
    static const uint8_t bytes[] = "data";
    add_file("bin/program", "x");
    read_archive(STATUS_OK);
    assert_int_equal(file_tree_add_file(&tree, "bin/other", bytes, 4), STATUS_OK);
    check_contents("/bin/other", "data");
    assert_int_equal(file_tree_add_file(&tree, "bin", bytes, 4), STATUS_INVALID);
    assert_int_equal(file_tree_add_file(&tree, "bin/program/x", bytes, 4), STATUS_INVALID);
    assert_int_equal(file_tree_add_file(&tree, "/", bytes, 4), STATUS_INVALID);
}

#define TREE_TEST(name) cmocka_unit_test_setup(name, start_empty)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TREE_TEST(files_and_directories_are_read),
        TREE_TEST(later_member_takes_the_place_of_an_earlier_one),
        TREE_TEST(hard_link_has_the_contents_of_what_came_before),
        TREE_TEST(members_that_nobody_understands_are_counted),
        TREE_TEST(damage_ends_the_archive_there),
        TREE_TEST(archive_that_is_cut_off_is_damaged),
        TREE_TEST(size_that_is_no_number_is_damage),
        TREE_TEST(too_few_nodes_are_told),
        TREE_TEST(links_are_followed_where_they_lie),
        TREE_TEST(links_in_a_circle_end),
        TREE_TEST(paths_that_lead_nowhere_are_told_apart),
        TREE_TEST(path_of_a_node_is_told),
        TREE_TEST(single_file_has_a_place_beside_the_archive),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}

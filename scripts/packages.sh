# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Which tools each job needs, which Debian package brings each, and how a missing one is installed. Sourced by the scripts
# beside it.
#
# A tool counts as present when it is found, whoever installed it; so a machine without apt works once it has the tools.

# Debian keeps mkfs.fat and blkid where an ordinary user's PATH does not look.
PATH="$PATH:/usr/sbin:/sbin"

# The first of the names that is there. The plain name of an LLVM tool counts only from version 19 on.
found() {
    local name
    for name in "$@"; do
        command -v "$name" || continue
        return
    done
    return 1
}

found_llvm() {
    local plain="$1"
    found "$plain-19" "$plain-20" "$plain-21" "$plain-22" && return
    [[ "$("$plain" --version 2>/dev/null)" =~ version\ ([0-9]+) ]] && ((BASH_REMATCH[1] >= 19)) && command -v "$plain"
}

has_fuzzer_runtime() {
    local clang
    clang="$(found_llvm clang)" || return 1
    [[ -n "$(find "$("$clang" -print-resource-dir)/lib" -name 'libclang_rt.fuzzer*' -print -quit 2>/dev/null)" ]]
}

has_cmocka() {
    has_one_file /usr/include/cmocka.h /usr/local/include/cmocka.h /opt/homebrew/include/cmocka.h
}

has_window() {
    qemu-system-x86_64 -display help 2>/dev/null | grep -qE '^(gtk|sdl|cocoa)$'
}

has_font() {
    has_one_file /usr/share/fonts/X11/misc/"$1" /usr/share/fonts/misc/"$1" /usr/share/fonts/terminus/"$1" \
        /usr/share/fonts/terminus-fonts/"$1"
}

has_one_file() {
    local path
    for path in "$@"; do
        [[ -e "$path" ]] && return
    done
    return 1
}

has_library() {
    has_one_file "/usr/lib/x86_64-linux-gnu/$1" "/usr/lib64/$1" "/usr/lib/$1" "/usr/local/lib/$1"
}

# job | Debian package | what it is for those without Debian | how to see that it is there
REQUIREMENTS="
build|clang-19|clang 19 or newer|found_llvm clang
build|lld-19|ld.lld 19 or newer|found_llvm ld.lld
build|llvm-19|llvm-objcopy 19 or newer|found_llvm llvm-objcopy
build|llvm-19|llvm-dwarfdump 19 or newer|found_llvm llvm-dwarfdump
build|nasm|nasm 2.15 or newer|found nasm
build|cmake|cmake 3.25 or newer|found cmake
build|ninja-build|ninja|found ninja ninja-build
build|mtools|GNU mtools|found mformat
build|python3|Python 3.9 or newer|found python3
build|xfonts-terminus|the Terminus font as a PCF file, ter-u16n_unicode.pcf.gz|has_font ter-u16n_unicode.pcf.gz
build|xfonts-base|the fonts Clean and Misc Fixed as PCF files, clR8x8.pcf.gz and 5x8.pcf.gz|has_font clR8x8.pcf.gz
run|qemu-system-x86|qemu-system-x86_64|found qemu-system-x86_64
window|qemu-system-gui|QEMU's window (GTK or SDL)|has_window
cd|xorriso|xorriso|found xorriso
test|qemu-system-x86|qemu-system-x86_64|found qemu-system-x86_64
test|xorriso|xorriso|found xorriso
test|libcmocka-dev|the cmocka library and cmocka.h|has_cmocka
test|libvterm-dev|the library libvterm and vterm.h|has_one_file /usr/include/vterm.h /usr/local/include/vterm.h
test|bsdutils|script|found script
test|libclang-rt-19-dev|libFuzzer and the sanitizers of clang|has_fuzzer_runtime
test|clang-format-19|clang-format 19|found_llvm clang-format
test|clang-tidy-19|clang-tidy 19|found_llvm clang-tidy
test|dosfstools|mkfs.fat and fsck.fat|found fsck.fat
test|util-linux|blkid|found blkid
test|bochs|Bochs|found bochs
test|bochsbios|the BIOS of Bochs|has_one_file /usr/share/bochs/BIOS-bochs-latest
test|vgabios|the video BIOS of Bochs|has_one_file /usr/share/bochs/VGABIOS-lgpl-latest /usr/share/vgabios/vgabios.bin
test|bochs-x|the window of Bochs|has_one_file /usr/lib/*/bochs/plugins/libbx_x_gui.so
test|xvfb|Xvfb, an X server without a screen|found Xvfb
test|ovmf|OVMF, a UEFI firmware for QEMU|has_one_file /usr/share/ovmf/OVMF.fd /usr/share/OVMF/OVMF_CODE_4M.fd
test|git|git|found git
test|libzstd-dev|libzstd and zstd.h|has_one_file /usr/include/zstd.h /usr/local/include/zstd.h
test|zstd|zstd|found zstd
test|valgrind|valgrind|found valgrind
test|musl-tools|musl-gcc|found musl-gcc
test|busybox-static|a statically linked busybox|found busybox
test|liblua5.4-dev|liblua5.4.a|has_one_file /usr/lib/x86_64-linux-gnu/liblua5.4.a /usr/lib64/liblua5.4.a /usr/lib/liblua5.4.a /usr/local/lib/liblua5.4.a
arena|libzstd-dev|libzstd and zstd.h|has_one_file /usr/include/zstd.h /usr/local/include/zstd.h
arena|zstd|zstd|found zstd
bench|valgrind|valgrind|found valgrind
bench|libjemalloc2|jemalloc|has_library libjemalloc.so.2
bench|libmimalloc2.0|mimalloc 2|has_library libmimalloc.so.2.0
bench|libtcmalloc-minimal4|tcmalloc of gperftools|has_library libtcmalloc_minimal.so.4
"

# missing_for JOB...: fills the arrays missing_packages and missing_names.
missing_for() {
    local job package name how
    missing_packages=()
    missing_names=()
    while IFS='|' read -r job package name how; do
        [[ -n "$job" && " $* " == *" $job "* && " ${missing_packages[*]} " != *" $package "* ]] || continue
        $how >/dev/null 2>&1 && continue
        missing_packages+=("$package")
        missing_names+=("$name")
    done <<<"$REQUIREMENTS"
    ((${#missing_packages[@]} == 0))
}

# require INSTALL JOB...: installs what the jobs need and this machine lacks; INSTALL=no only says what that is.
require() {
    local install="$1" name sudo=()
    shift
    missing_for "$@" && return
    ((EUID == 0)) || sudo=(sudo)
    local update=("${sudo[@]}" apt-get update)
    local command=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive
        apt-get install -y --no-install-recommends "${missing_packages[@]}")

    if ! command -v apt-get >/dev/null; then
        echo "These are missing, and this machine has no apt-get to install them with:" >&2
        printf '    %s\n' "${missing_names[@]}" >&2
        exit 2
    fi
    if [[ "$install" == no ]]; then
        echo "Missing packages: ${missing_packages[*]}" >&2
        echo "To install them: ${update[*]} && ${command[*]}" >&2
        exit 2
    fi
    if ((EUID != 0)) && ! command -v sudo >/dev/null; then
        echo "Missing packages: ${missing_packages[*]}" >&2
        echo "There is no sudo here. As root: ${update[*]} && ${command[*]}" >&2
        exit 2
    fi
    echo "+ ${update[*]}"
    "${update[@]}" || exit 2
    echo "+ ${command[*]}"
    "${command[@]}" || exit 2
    hash -r
    if ! missing_for "$@"; then
        echo "Installed, but still not found:" >&2
        for name in "${missing_names[@]}"; do echo "    $name" >&2; done
        exit 2
    fi
}

# configure PRESET CMAKE-OPTION...
configure() {
    local preset="$1" werror=OFF
    shift
    # Warnings are errors in CI only, so that a newer compiler never breaks a user's build. Said each time, because a
    # build folder remembers.
    [[ "${CI:-}" == true || "${CI:-}" == 1 ]] && werror=ON
    cmake --preset "$preset" "-DHEWN_WERROR=$werror" "$@"
}

# is_one_of WORD WORD...
is_one_of() {
    local word="$1" other
    shift
    for other in "$@"; do
        [[ "$word" == "$other" ]] && return
    done
    return 1
}

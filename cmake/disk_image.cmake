# SPDX-License-Identifier: MIT
# From assembled and linked pieces to boot.img. The geometry stands here and nowhere else.

set(HEWN_DISK_CYLINDERS 130)
set(HEWN_DISK_HEADS 16)
set(HEWN_DISK_SECTORS_PER_TRACK 63)
math(EXPR HEWN_DISK_SECTORS "${HEWN_DISK_CYLINDERS} * ${HEWN_DISK_HEADS} * ${HEWN_DISK_SECTORS_PER_TRACK}")
set(HEWN_VOLUME_LBA 2048)

set(HEWN_IMAGE_TOOLS ${PROJECT_SOURCE_DIR}/cmake/tools)
set(HEWN_BOOT_SECTOR ${PROJECT_BINARY_DIR}/bootsector.bin)
set(HEWN_STAGE2 ${PROJECT_BINARY_DIR}/stage2.bin)
set(HEWN_BOOTX64 ${PROJECT_BINARY_DIR}/BOOTX64.EFI)
set(HEWN_STAGE2_SIZE ${PROJECT_BINARY_DIR}/stage2_size.inc)

# hewn_stage2_image(<executable>): stage2.bin with its header, and its size for the boot sector.
function(hewn_stage2_image executable)
    set(flat ${CMAKE_CURRENT_BINARY_DIR}/stage2.flat)
    add_custom_command(
        OUTPUT ${HEWN_STAGE2} ${HEWN_STAGE2_SIZE}
        COMMAND ${HEWN_OBJCOPY} -O binary $<TARGET_FILE:${executable}> ${flat}
        COMMAND ${Python3_EXECUTABLE} ${HEWN_IMAGE_TOOLS}/stage2_image.py ${flat} ${HEWN_STAGE2} ${HEWN_STAGE2_SIZE}
        DEPENDS ${executable} ${HEWN_IMAGE_TOOLS}/stage2_image.py
        VERBATIM)
    add_custom_target(stage2_image DEPENDS ${HEWN_STAGE2} ${HEWN_STAGE2_SIZE})
endfunction()

# hewn_boot_sector(<source>): bootsector.bin, assembled for this stage 2 and this geometry, and checked for its size.
function(hewn_boot_sector source)
    set(source ${CMAKE_CURRENT_SOURCE_DIR}/${source})
    add_custom_command(
        OUTPUT ${HEWN_BOOT_SECTOR}
        COMMAND ${CMAKE_ASM_NASM_COMPILER} -f bin -w+all -p ${HEWN_STAGE2_SIZE}
                -DDISK_HEADS=${HEWN_DISK_HEADS} -DDISK_SECTORS_PER_TRACK=${HEWN_DISK_SECTORS_PER_TRACK}
                -DDISK_SECTORS=${HEWN_DISK_SECTORS} -DVOLUME_LBA=${HEWN_VOLUME_LBA}
                -o ${HEWN_BOOT_SECTOR} ${source}
        COMMAND ${Python3_EXECUTABLE} ${HEWN_IMAGE_TOOLS}/boot_sector_check.py ${HEWN_BOOT_SECTOR} bootsector.map
        DEPENDS ${source} ${HEWN_STAGE2_SIZE} stage2_image ${HEWN_IMAGE_TOOLS}/boot_sector_check.py
        VERBATIM)
    add_custom_target(boot_sector DEPENDS ${HEWN_BOOT_SECTOR})
endfunction()

# hewn_disk_image(<name> FILES NAME=path... DEPENDS target...): ${PROJECT_BINARY_DIR}/<name> with these files on its volume,
# in this order: what a floppy drive must reach comes first.
function(hewn_disk_image name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "FILES;DEPENDS")
    list(TRANSFORM arg_FILES REPLACE "^[^=]*=" "" OUTPUT_VARIABLE paths)
    set(image ${PROJECT_BINARY_DIR}/${name})
    add_custom_command(
        OUTPUT ${image}
        COMMAND ${Python3_EXECUTABLE} ${HEWN_IMAGE_TOOLS}/disk_image.py ${image}
                --boot-sector ${HEWN_BOOT_SECTOR} --stage2 ${HEWN_STAGE2}
                --sectors ${HEWN_DISK_SECTORS} --heads ${HEWN_DISK_HEADS}
                --sectors-per-track ${HEWN_DISK_SECTORS_PER_TRACK} --volume-lba ${HEWN_VOLUME_LBA}
                ${arg_FILES}
        DEPENDS ${HEWN_BOOT_SECTOR} ${HEWN_STAGE2} ${paths} ${arg_DEPENDS} boot_sector stage2_image
                ${HEWN_IMAGE_TOOLS}/disk_image.py
        VERBATIM)
    add_custom_target(${name}_image ALL DEPENDS ${image})
endfunction()

/*
 * Where things are, in one place, for C and for assembly. Physical RAM begins at 0 on this board.
 */
#ifndef LAYOUT_H
#define LAYOUT_H

/* Virtual memory. The kernel sees physical address p at KERNEL_BASE + p. */
#define KERNEL_BASE 0xc0000000
#define RAM_SIZE 0x01000000 /* the first 16 MB; any more is left alone */
#define USER_END 0x00400000 /* user programs have 4 MB, which one frame of page tables maps */
#define HIGH_VECTORS 0xffff0000

/* Physical memory below the kernel, which is loaded at 0x8000. */
#define BOOT_L1 0x4000

/* Devices (ARM DUI 0225, "Memory map"): two sections from 0x10000000, seen at DEVICE_BASE. */
#define DEVICES 0x10000000
#define DEVICE_BASE 0xf1000000
#define DEVICE_SECTIONS 2
#define SYSTEM_REGISTERS (DEVICE_BASE + 0x000000)
#define VIC (DEVICE_BASE + 0x140000)
#define TIMER_TICK (DEVICE_BASE + 0x1e2000)
#define TIMER_PROFILE (DEVICE_BASE + 0x1e3000)
#define UART (DEVICE_BASE + 0x1f1000)

#define TIMER_CLEAR 0x0c /* a register of a timer: any write withdraws its interrupt */

/* Sizes. */
#define FRAME_BYTES 4096
#define L1_BYTES 0x4000
#define SECTION_BYTES 0x100000
#define STACK_BYTES 0x2000 /* the kernel stack of a task */

/* Program status register. */
#define MODE_USR 0x10
#define MODE_FIQ 0x11
#define MODE_IRQ 0x12
#define MODE_SVC 0x13
#define MODE_ABT 0x17
#define MODE_UND 0x1b
#define MODE_MASK 0x1f
#define PSR_F 0x40
#define PSR_I 0x80

/* Descriptors of the page tables (ARM DDI 0100I, B4.7). */
#define L1_COARSE 0x11  /* a table of 256 small pages, domain 0; bit 4 is one on this processor */
#define L1_SECTION 0x12 /* one megabyte, domain 0 */
#define L2_SMALL 0x02   /* a page of 4 KB */
#define SECTION_KERNEL 0x400 /* AP 01: the kernel may do everything, user mode nothing */
/* A small page has its access permissions four times, one for each kilobyte. */
#define PAGE_KERNEL_READ 0x000 /* AP 00 with SCTLR.S: the kernel may read, user mode nothing */
#define PAGE_KERNEL 0x550      /* AP 01 */
#define PAGE_USER_READ 0xaa0   /* AP 10: user mode may read, the kernel may do everything */
#define PAGE_USER 0xff0        /* AP 11: both may do everything */
#define PAGE_PERMISSIONS 0xff0

/* System control register, cp15 c1 (ARM DDI 0198E, 2.3.4). */
#define SCTLR_M 0x0001 /* translation */
#define SCTLR_A 0x0002 /* alignment checks */
#define SCTLR_S 0x0100 /* makes AP 00 mean "the kernel may read" */
#define SCTLR_I 0x1000 /* instruction cache */
#define SCTLR_V 0x2000 /* vectors at 0xffff0000 */

/* What the kernel saves when it is entered: struct trap_frame in task.h. */
#define FRAME_SP 52
#define FRAME_LR 56
#define FRAME_PC 60
#define FRAME_CPSR 64
#define FRAME_VECTOR 68
#define FRAME_SIZE 72

/* Exceptions by their place in the vector table. */
#define VECTOR_UNDEFINED 1
#define VECTOR_SVC 2
#define VECTOR_PREFETCH_ABORT 3
#define VECTOR_DATA_ABORT 4
#define VECTOR_IRQ 6

#endif

// SPDX-License-Identifier: MIT
/*
 * A kernel module with sensitive instructions: it masks interrupts through the kernel's headers (MRS and MSR of CPSR), reads
 * SPSR in an asm statement of its own, and reads and writes user memory.
 *
 *   insmod /modules/sensitive.ko                     prints what it saw of the CPU
 *   echo 41 > /sys/module/sensitive/parameters/answer
 *   cat /sys/module/sensitive/parameters/answer      42
 */
#include <linux/irqflags.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <asm/ptrace.h>

static int answer;

/* The address of a function that kprobes can be set on. */
noinline int sensitive_step(int value)
{
	unsigned long flags, cpsr;

	local_irq_save(flags);
	asm volatile("mrs %0, cpsr" : "=r" (cpsr));
	value += (cpsr & PSR_I_BIT) && (cpsr & MODE_MASK) == SVC_MODE;
	local_irq_restore(flags);
	return value;
}

static int set_answer(const char *text, const struct kernel_param *param)
{
	int value, error = kstrtoint(text, 0, &value);

	if (!error)
		answer = sensitive_step(value);
	return error;
}

static const struct kernel_param_ops answer_ops = { .set = set_answer, .get = param_get_int };
module_param_cb(answer, &answer_ops, &answer, 0644);

static int __init sensitive_init(void)
{
	unsigned long before, masked, after, spsr;

	asm volatile("mrs	%0, cpsr" : "=r" (before));
	asm volatile("msr	cpsr_c, %0" : : "r" (before | PSR_I_BIT) : "memory");
	asm volatile("mrs	%0, cpsr" : "=r" (masked));
	asm volatile("msr	cpsr_c, %0" : : "r" (before) : "memory");
	asm volatile("mrs	%0, cpsr" : "=r" (after));
	asm volatile("mrs	%0, spsr" : "=r" (spsr));
	pr_info("sensitive: mode %02lx, interrupts %s, masked %s, again %s, called from mode %02lx\n", before & MODE_MASK,
		before & PSR_I_BIT ? "off" : "on", masked & PSR_I_BIT ? "off" : "on", after & PSR_I_BIT ? "off" : "on",
		spsr & MODE_MASK);
	return 0;
}

static void __exit sensitive_exit(void)
{
	pr_info("sensitive: gone, answer %d\n", sensitive_step(answer));
}

module_init(sensitive_init);
module_exit(sensitive_exit);
MODULE_DESCRIPTION("Sensitive instructions in a module");
MODULE_LICENSE("Dual MIT/GPL");

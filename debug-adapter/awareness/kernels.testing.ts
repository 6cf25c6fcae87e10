/** Small stand-ins for Linux kernels of other times, compiled with debug information: tests read their images. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ElfFile } from '../../formats/elf.ts';
import { PT_LOAD } from '../../formats/elf-types.ts';
import { DebugInfo } from '../../symbols/debug-info.ts';
import type { KernelAccess } from './kernel-memory.ts';

/** What all of them have. */
const COMMON = `
struct list_head { struct list_head *next, *prev; };
struct rb_node { unsigned long parent_color; struct rb_node *rb_right, *rb_left; };
struct rb_root { struct rb_node *rb_node; };
typedef struct { int counter; } atomic_t;
typedef struct { long counter; } atomic_long_t;
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32; typedef unsigned long long u64;
typedef u32 pgd_t;
struct cpu_context_save { u32 r4, r5, r6, r7, r8, r9, sl, fp, sp, pc, extra[2]; };
struct pt_regs { unsigned long uregs[18]; };
struct mm_struct { pgd_t *pgd; unsigned long task_size; };
struct qstr { u32 hash_len[2]; const char *name; };
struct dentry { struct dentry *d_parent; struct qstr d_name; };
struct file_system_type { const char *name; };
struct super_block { unsigned long s_flags; struct file_system_type *s_type; };
struct vfsmount { struct dentry *mnt_root; struct super_block *mnt_sb; int mnt_flags; };
struct nsproxy { void *uts_ns; struct mnt_namespace *mnt_ns; };
const char linux_banner[] = "Linux version 0.0\\n";
pgd_t table[4096];
struct mm_struct mm = { table, 0xbf000000 };
struct dentry root_dir, dev_dir, pts_dir;
struct dentry root_dir = { &root_dir, { { 0 }, "/" } };
struct dentry dev_dir = { &root_dir, { { 0 }, "dev" } };
struct dentry pts_dir = { &dev_dir, { { 0 }, "pts" } };
struct dentry fs_root = { &fs_root, { { 0 }, "/" } };
struct file_system_type root_type = { "rootfs" }, pts_type = { "devpts" };
struct super_block root_block = { 0, &root_type }, pts_block = { 1, &pts_type };
`;

/** A kernel of the time of 4.4: thread information below the stack, one text buffer for the log. */
const OLD = `${COMMON}
struct thread_info { unsigned long flags; int preempt_count; u32 addr_limit; struct task_struct *task; u32 cpu;
  struct cpu_context_save cpu_context; };
union thread_union { struct thread_info thread_info; unsigned long stack[2048]; };
struct task_struct { volatile long state; void *stack; struct list_head tasks; struct mm_struct *mm, *active_mm;
  int exit_state; int pid, tgid; struct list_head thread_group; char comm[16]; struct nsproxy *nsproxy; };
struct mount { struct mount *mnt_parent; struct dentry *mnt_mountpoint; struct vfsmount mnt; struct list_head mnt_list;
  const char *mnt_devname; };
struct mnt_namespace { atomic_t count; struct mount *root; struct list_head list; };
struct mnt_namespace space; struct nsproxy proxy = { 0, &space };
struct mount root_mount, pts_mount;
struct mount root_mount = { &root_mount, &root_dir, { &root_dir, &root_block, 0 },
  { &pts_mount.mnt_list, &space.list }, "rootfs" };
struct mount pts_mount = { &root_mount, &pts_dir, { &fs_root, &pts_block, 0 },
  { &space.list, &root_mount.mnt_list }, "devpts" };
struct mnt_namespace space = { { 1 }, &root_mount, { &root_mount.mnt_list, &pts_mount.mnt_list } };
struct task_struct init_task, shell, helper, *keep[] = { &init_task };
union thread_union init_thread_union __attribute__((aligned(8192))) =
  { { 0, 0, 0, &init_task, 0, { 4, 5, 6, 7, 8, 9, 10, 11, 0xc0801000, 0xc0008104 } } };
union thread_union shell_stack __attribute__((aligned(8192))) = { { 0, 0, 0, &shell, 0,
  { 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0xc0803000, 0xc0009104 } } };
struct task_struct init_task = { 0, &init_thread_union, { &shell.tasks, &shell.tasks }, 0, &mm, 0, 0, 0,
  { &init_task.thread_group, &init_task.thread_group }, "swapper", &proxy };
struct task_struct shell = { 1, &shell_stack, { &init_task.tasks, &init_task.tasks }, &mm, &mm, 0, 1, 1,
  { &helper.thread_group, &helper.thread_group }, "shell" };
struct task_struct helper = { 2, &shell_stack, { 0, 0 }, &mm, &mm, 32, 7, 1,
  { &shell.thread_group, &shell.thread_group }, "helper" };
static const char *const task_state_array[] = { "R (running)", "S (sleeping)", "D (disk sleep)", "T (stopped)",
  "t (tracing stop)", "X (dead)", "Z (zombie)" };
struct printk_log { u64 ts_nsec; u16 len, text_len, dict_len; u8 facility; u8 flags : 5; u8 level : 3; };
struct { struct { struct printk_log head; char text[16]; } record[4]; struct printk_log wrap; char rest[32]; } ring = {
  { { { 3000000000ull, 32, 5, 0, 0, 0, 6 }, "third" }, { { 0 } },
    { { 1500000000ull, 32, 5, 0, 0, 0, 6 }, "first" }, { { 2000001000ull, 32, 6, 0, 0, 0, 6 }, "second" } } };
char *log_buf = (char *)&ring; u32 log_buf_len = sizeof ring, log_first_idx = 64, log_next_idx = 32;
struct module_layout { void *base; unsigned int size; };
enum module_state { MODULE_STATE_LIVE, MODULE_STATE_COMING };
struct module { enum module_state state; struct list_head list; char name[56]; struct module_layout core_layout; };
struct list_head modules; struct module ext4;
struct list_head modules = { &ext4.list, &ext4.list };
struct module ext4 = { MODULE_STATE_COMING, { &modules, &modules }, "ext4", { (void *)0xbf000000, 0x5000 } };
void _start(void) { *(volatile const char *volatile *)task_state_array[0]; (void)keep; }
`;

/** A kernel of the time of 6.9: thread information in the task, a ring of records, mounts in a tree. */
const NEW = `${COMMON}
struct thread_info { unsigned long flags; int preempt_count; u32 cpu, cpu_domain; struct cpu_context_save cpu_context; };
struct signal_struct { atomic_t count; struct list_head thread_head; };
struct task_struct { struct thread_info thread_info; unsigned int __state; void *stack; struct list_head tasks;
  struct mm_struct *mm, *active_mm; int exit_state; int pid, tgid; struct list_head thread_node; char comm[16];
  struct nsproxy *nsproxy; struct signal_struct *signal; };
struct mount { struct mount *mnt_parent; struct dentry *mnt_mountpoint; struct vfsmount mnt;
  union { struct rb_node mnt_node; struct list_head mnt_list; }; const char *mnt_devname; };
struct mnt_namespace { struct mount *root; struct rb_root mounts; };
struct mount root_mount, pts_mount;
struct mount root_mount = { &root_mount, &root_dir, { &root_dir, &root_block, 0x40 },
  { { 0, &pts_mount.mnt_node, 0 } }, "rootfs" };
struct mount pts_mount = { &root_mount, &pts_dir, { &fs_root, &pts_block, 0 }, { { 0, 0, 0 } }, 0 };
struct mnt_namespace space = { &root_mount, { &root_mount.mnt_node } };
struct nsproxy proxy = { 0, &space };
struct task_struct init_task, shell, helper;
struct signal_struct init_signals = { { 1 }, { &init_task.thread_node, &init_task.thread_node } };
struct signal_struct signals = { { 1 }, { &shell.thread_node, &helper.thread_node } };
struct { struct pt_regs regs; u32 reserve[2]; } *unused;
unsigned long shell_stack[2048] __attribute__((aligned(8192))) = {
  [2048 - 20] = 0, [2048 - 20 + 13] = 0xbeffff00, [2048 - 20 + 15] = 0x10074, [2048 - 20 + 16] = 0x60000010 };
unsigned long init_stack[2048] __attribute__((aligned(8192)));
struct task_struct init_task = { { 0 }, 0, init_stack, { &shell.tasks, &shell.tasks }, 0, &mm, 0, 0, 0,
  { &init_signals.thread_head, &init_signals.thread_head }, "swapper", &proxy, &init_signals };
struct task_struct shell = { { 0, 0, 0, 0, { 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0xc0803000, 0xc0009104 } },
  1, shell_stack, { &init_task.tasks, &init_task.tasks }, &mm, &mm, 0, 1, 1,
  { &helper.thread_node, &signals.thread_head }, "shell", &proxy, &signals };
struct task_struct helper = { { 0 }, 0x402, shell_stack, { 0, 0 }, 0, &mm, 0, 7, 1,
  { &signals.thread_head, &shell.thread_node }, "helper", &proxy, &signals };
struct task_struct *__current = &shell;
static const char *const task_state_array[] = { "R (running)", "S (sleeping)", "D (disk sleep)", "T (stopped)",
  "t (tracing stop)", "X (dead)", "Z (zombie)", "P (parked)", "I (idle)" };
struct printk_info { u64 seq, ts_nsec; u16 text_len; u8 facility; u8 flags : 5; u8 level : 3; u32 caller_id; };
struct prb_data_blk_lpos { unsigned long begin, next; };
struct prb_desc { atomic_long_t state_var; struct prb_data_blk_lpos text_blk_lpos; };
struct prb_data_ring { unsigned int size_bits; char *data; atomic_long_t head_lpos, tail_lpos; };
struct prb_desc_ring { unsigned int count_bits; struct prb_desc *descs; struct printk_info *infos;
  atomic_long_t head_id, tail_id; };
struct printk_ringbuffer { struct prb_desc_ring desc_ring; struct prb_data_ring text_data_ring; atomic_long_t fail; };
/* Records 5 to 8: the second has no text, the third is at the start of the ring, the fourth is being written. */
char data[64] __attribute__((aligned(4))) = { 7, 0, 0, 0, 'w', 'r', 'a', 'p', 'p', 'e', 'd',
  [40] = 5, 0, 0, 0, 't', 'w', 'o', '\\n', 'l', 'i', 'n', 'e', 's' };
struct prb_desc descs[4] = { [1] = { { (long)0x80000005 }, { 64 + 40, 64 + 56 } }, [2] = { { (long)0x80000006 }, { 3, 3 } },
  [3] = { { (long)0x40000007 }, { 64 + 56, 128 + 12 } }, [0] = { { 8 }, { 140, 152 } } };
struct printk_info infos[4] = { [1] = { 5, 12345678901ull, 9 }, [2] = { 6, 12345679000ull, 0 },
  [3] = { 7, 100000000000000ull, 7 } };
struct printk_ringbuffer rb = { { 2, descs, infos, { 8 }, { 5 } }, { 6, data, { 0 }, { 0 } }, { 0 } };
struct printk_ringbuffer *prb = &rb;
enum mod_mem_type { MOD_TEXT, MOD_DATA, MOD_INIT_TEXT, MOD_MEM_NUM };
struct module_memory { void *base; unsigned int size; };
enum module_state { MODULE_STATE_LIVE, MODULE_STATE_COMING };
struct module { enum module_state state; struct list_head list; char name[56]; struct module_memory mem[MOD_MEM_NUM]; };
enum mod_mem_type keep_type;
struct list_head modules; struct module ext4;
struct list_head modules = { &ext4.list, &ext4.list };
struct module ext4 = { MODULE_STATE_LIVE, { &modules, &modules }, "ext4",
  { { (void *)0xbf000000, 0x4000 }, { (void *)0xbf008000, 0x1000 }, { (void *)0xbf010000, 0x800 } } };
void _start(void) { *(volatile const char *volatile *)task_state_array[0]; (void)unused; }
`;

export const KERNELS = { old: OLD, new: NEW } as const;

/** A compiled stand-in: its debug information, and its memory, which a test may write to. */
export interface KernelImage extends KernelAccess {
  readonly start: number;
  readonly bytes: Uint8Array;
  readonly registers: Record<string, number>;
}

/** Compiles a stand-in; undefined when the cross compiler is not installed. */
export function compileKernel(source: string): KernelImage | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'trapline-kernel-'));
  try {
    const file = join(folder, 'kernel');
    writeFileSync(`${file}.c`, source);
    const options = [
      '-g',
      '-O0',
      '-w',
      '-nostdlib',
      '-march=armv5te',
      '-fno-common',
      '-fno-eliminate-unused-debug-types',
    ];
    const link = ['-Wl,-Ttext=0xc0008000', '-Wl,-Tdata=0xc0200000', '-Wl,-Tbss=0xc0400000'];
    const { error, status, stderr } = spawnSync(
      'arm-none-eabi-gcc',
      [...options, ...link, `${file}.c`, '-o', `${file}.elf`],
      { encoding: 'utf8' },
    );
    if (error) return undefined;
    if (status !== 0) throw new Error(stderr);
    return imageOf(new ElfFile(readFileSync(`${file}.elf`), 'kernel.elf'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function imageOf(elf: ElfFile): KernelImage {
  const loads = elf.segments.filter(({ type, memorySize }) => type === PT_LOAD && memorySize > 0);
  const start = Math.min(...loads.map(({ virtualAddress }) => virtualAddress));
  const end = Math.max(...loads.map(({ virtualAddress, memorySize }) => virtualAddress + memorySize));
  const bytes = new Uint8Array(end - start);
  for (const { virtualAddress, offset, fileSize } of loads) {
    bytes.set(elf.bytes.subarray(offset, offset + fileSize), virtualAddress - start);
  }
  const registers: Record<string, number> = {};
  return {
    info: DebugInfo.open(elf),
    start,
    bytes,
    registers,
    register: (name) => registers[name] ?? 0,
    memory: (address, size) =>
      address < start || address >= end
        ? new Uint8Array(0)
        : bytes.slice(address - start, Math.min(address - start + size, bytes.length)),
    physical: (address) => (address < start || address >= end ? undefined : address - start),
  };
}

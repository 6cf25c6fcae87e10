/** A part of `npm run oracle`, and the budgets of docs/symbols.md in counts rather than in times. */
import assert from 'node:assert/strict';
import type { DebugInfo } from '../../symbols/debug-info.ts';
import { hasGdb } from './gdb.ts';
import * as oracles from './oracles.ts';
import { compareScopes } from './scope-oracle.ts';
import { everyNth, hasVmlinux, openVmlinux, VMLINUX } from './vmlinux.ts';

describe('debug information of the Linux kernel', function () {
  this.timeout(60_000);
  let info: DebugInfo;

  before(function () {
    if (!hasVmlinux() || !oracles.hasTool('arm-none-eabi-addr2line')) this.skip();
    info = openVmlinux();
  });

  it('finds start_kernel without reading more than a few units', () => {
    const [start] = info.functionsNamed('start_kernel');
    assert.equal(start.unit.name.endsWith('init/main.c'), true);
    assert.equal(info.lineOf(start.entry)?.file.endsWith('init/main.c'), true);
    assert.ok(info.unitsRead < 30, `${info.unitsRead} of ${info.units.units.length} units read`);
  });

  it('gives every row of the line tables the line that addr2line gives', () => {
    const { compared, differences } = oracles.compareLines(info, VMLINUX, oracles.rowAddresses(info));
    assert.deepEqual(differences, []);
    assert.ok(compared > 200_000, `${compared} rows`);
  });

  it('gives types the layout that gdb gives', function () {
    if (!hasGdb()) this.skip();
    const names = ['task_struct', 'page', 'sk_buff', 'inode', 'list_head', 'thread_info', 'pt_regs', 'rq', 'irq_desc'];
    const types = names.map((name) => ({ namespace: 'struct' as const, name }));
    const { differences } = oracles.compareTypes(info, VMLINUX, types);
    assert.deepEqual(differences, []);
  });

  it('sees the variables that gdb sees', function () {
    if (!hasGdb()) this.skip();
    const { compared, differences } = compareScopes(info, VMLINUX, everyNth(oracles.rowAddresses(info), 4000));
    assert.deepEqual(differences, []);
    assert.ok(compared > 50, `${compared} addresses`);
  });
});

/** What the core exports to TypeScript: see emulator/core.ts for the typed view of it. */
import { breaksChanged, dropDecoded } from './decode';
import { PHYS_MAP, RETIRED } from './generated/layout';
import { clearDirty, codeChanged, flushAll, flushPage, flushRange, guardPage, memoryChanged } from './memory';
import { cpsr, enterDataAbort, enterException, enterPrefetchAbort, setActive, setCpsr, updateRegimes } from './state';
import { permission, walk } from './walk';

export { emulate, enterGuest, run } from './generated/run';
export { patchSite } from './world';
export {
  breaksChanged,
  clearDirty,
  codeChanged,
  cpsr,
  dropDecoded,
  enterDataAbort,
  enterException,
  enterPrefetchAbort,
  flushAll,
  flushPage,
  flushRange,
  guardPage,
  memoryChanged,
  permission,
  setActive,
  setCpsr,
  updateRegimes,
  walk,
};

/** Maps a physical page to an address of RAM, or to nothing (0). */
export function mapPage(page: u32, address: u32): void {
  store<u32>(PHYS_MAP + ((<u32>page) << 2), address);
}

/** Counts an exception entry or an instruction that the hypervisor completed. */
export function count(instructions: u32): void {
  store<u64>(RETIRED, load<u64>(RETIRED) + <u64>instructions);
}

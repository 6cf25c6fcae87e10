/** What the debug sessions of `trapline run --dap` debug: the guest of the run, one client at a time. */
import { alreadyAttached, onlyAttach, runEnded } from '../debug-adapter/dap/errors.ts';
import type { AdapterHost, Attachment, LoadedGuest as SessionGuest } from '../debug-adapter/dap/guest.ts';
import { loadFile } from '../debug-adapter/launch/file-system.ts';
import { isFile, nodeFileSystem } from '../debug-adapter/launch/node-file-system.ts';
import { ExitCode } from './command.ts';
import type { LoadedGuest } from './guest.ts';
import type { GuestRun, RunEnd } from './guest-run.ts';

/** Lets debug sessions attach to a run. The guest itself notices neither that they come nor that they go. */
export function attachHost(run: GuestRun, loaded: LoadedGuest): AdapterHost {
  let isTaken = false;
  let end: RunEnd | undefined;
  run.onEnd.add((reason) => (end = reason));

  const take = (): Attachment => {
    if (end) throw runEnded(end.text);
    const listener = ({ exitCode, text }: RunEnd): void => attachment.onEnd?.(exitCode, text);
    const attachment: Attachment = {
      runner: run.runner,
      onEnd: undefined,
      terminate: () => run.leave('left', ExitCode.ok, 'ended by the debugger'),
      detach: () => {
        run.onEnd.delete(listener);
        isTaken = false;
        run.debuggerLeft();
      },
    };
    run.onEnd.add(listener);
    run.debuggerCame();
    return attachment;
  };

  return {
    schedule: setImmediate,
    load: () => Promise.reject(onlyAttach()),
    attach: async ({ symbols = [], sourceMap = {} }) => {
      if (isTaken) throw alreadyAttached();
      isTaken = true;
      try {
        const folder = process.cwd();
        const extra = symbols.map((path) =>
          loadFile(nodeFileSystem, nodeFileSystem.resolve(folder, path), 'symbols file'),
        );
        const debugging = loaded.debugging(await Promise.all(extra));
        const map = Object.entries(sourceMap).map(([from, to]) => [from, nodeFileSystem.resolve(folder, to)] as const);
        const sources = { ...debugging.sources, map: { ...debugging.sources.map, ...Object.fromEntries(map) }, isFile };
        const { name, machine } = loaded;
        return { name, machine, ...debugging, sources, attachment: take() } satisfies SessionGuest;
      } catch (error) {
        isTaken = false;
        throw error;
      }
    },
  };
}

/** `trapline/machine`: the CPU that the guest sees beside the one that executes it, and the devices. */
import { inspectMachine } from '../inspection/machine-state.ts';
import type { MachineResponse } from '../protocol.ts';
import type { RequestArguments } from './arguments.ts';
import { unknownDevice } from './errors.ts';
import type { Guest } from './guest.ts';

/** `trapline/machine`. */
export function machineRequest({ machine, runner }: Guest, args: RequestArguments): MachineResponse {
  const device = args.optionalString('device');
  const names = machine.board.devices.map((entry) => entry.device.name);
  if (device !== undefined && !names.includes(device)) throw unknownDevice(device, names);
  return inspectMachine(machine, runner.running, device);
}

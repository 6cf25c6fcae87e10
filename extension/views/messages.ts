/** Messages between the extension and a view, which is a page in a frame of its own. */
import type { StatsChangedBody } from '../../debug-adapter/protocol.ts';

/** The views, by the last part of their identifiers. */
export type ViewName = 'traps' | 'pageTables' | 'memory' | 'machine' | 'exitLog';

/** What a view knows of the session that it shows. */
export interface SessionState {
  /** Differs between sessions, and between the runs of one; empty before the first. */
  id: string;
  name: string;
  state: 'none' | 'starting' | 'running' | 'stopped' | 'ended';
  /** Grows whenever a standing guest has changed: with each stop, and with each write by the user. */
  version: number;
  /** The last numbers of a guest that runs. */
  stats?: StatsChangedBody;
  /** The frame that the user has selected in the call stack. */
  frameId?: number;
}

/** What one view asks another to show. */
export interface ShowRequest {
  /** An expression for an address; `p:` before it for a physical one. */
  address?: string;
}

export type ToView =
  | { type: 'session'; session: SessionState }
  | { type: 'response'; id: number; body?: unknown; error?: string }
  | { type: 'show'; show: ShowRequest };

export type FromView =
  | { type: 'ready' }
  /** A request of the debug adapter, or one of `HostRequests`. */
  | { type: 'request'; id: number; command: string; args?: object }
  | { type: 'showIn'; view: ViewName; show: ShowRequest };

/** A finished or kept run, to compare others with. */
export interface Run {
  id: string;
  name: string;
  /** Milliseconds since 1970. */
  time: number;
  /** Whether the user has kept it; others are dropped when there are many. */
  kept: boolean;
  instructions: number;
  total: number;
  hostInstructions: number;
  causes: Record<string, number>;
  functions: Record<string, number>;
}

/** Requests that the extension answers itself. */
export interface HostRequests {
  /** Opens the source of an address or a function. */
  'host/open': { args: { address?: string; user?: boolean; function?: string }; body: undefined };
  /** The runs to compare with, newest first. */
  'host/runs': { args: object; body: Run[] };
  /** The numbers of the last run that has ended; undefined before the first. */
  'host/lastExits': { args: object; body: unknown };
  /** Keeps the present numbers under a name that the user is asked for. */
  'host/keepRun': { args: { run: Omit<Run, 'id' | 'time' | 'kept' | 'name'> }; body: Run | undefined };
  'host/forgetRuns': { args: object; body: undefined };
}

/** Requests of the adapter that a view may send: they read, or write what the user has edited. */
export const ALLOWED_REQUESTS: ReadonlySet<string> = new Set([
  'trapline/exits',
  'trapline/exitLog',
  'trapline/translation',
  'trapline/pageTables',
  'trapline/machine',
  'readMemory',
  'writeMemory',
  'evaluate',
  'scopes',
  'setVariable',
]);

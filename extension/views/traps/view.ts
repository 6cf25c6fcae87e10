/** The Traps view: what leaves the guest, how often, where, and how that compares with another run. */
import { html, nothing, type TemplateResult } from 'lit';
import '@vscode-elements/elements/dist/vscode-button/index.js';
import '@vscode-elements/elements/dist/vscode-option/index.js';
import '@vscode-elements/elements/dist/vscode-single-select/index.js';
import type { ExitsResponse, FunctionRow, RegisterRow, SiteRow } from '../../../debug-adapter/protocol.ts';
import type { Run } from '../messages.ts';
import { formatCount, formatDelta, formatRate, formatShare } from '../ui/format.ts';
import '../ui/sparkline.ts';
import type { Column, Sorting, TreePlace } from '../ui/table.ts';
import '../ui/table.ts';
import { ViewElement } from '../ui/view-element.ts';
import { width } from '../ui/width.ts';
import { causeTree, RateHistory, since, summarize, visibleCauses, type Baseline, type CauseCount } from './model.ts';

const TABS = [
  ['causes', 'Causes'],
  ['functions', 'Functions'],
  ['sites', 'Sites'],
  ['registers', 'Device registers'],
] as const;
type Tab = (typeof TABS)[number][0];

/** Samples of a curve: at two a second, the last half minute. */
const SAMPLES = 60;
const MOST_ROWS = 1000;
const TOTAL = '*';
/** Values of the list of runs that are no runs. */
const NO_RUN = '';

interface Remembered {
  tab: Tab;
  sorting: Sorting;
  closed: string[];
  compareWith: string;
}

class TrapsView extends ViewElement {
  private readonly kept = this.host.recall<Remembered>({
    tab: 'causes',
    sorting: { id: 'count', descending: true },
    closed: [],
    compareWith: NO_RUN,
  });
  private exits: ExitsResponse | undefined;
  /** The numbers when the user has reset them. */
  private start: Baseline | undefined;
  private runs: Run[] = [];
  private readonly history = new RateHistory(SAMPLES);

  protected override async load(): Promise<void> {
    const [exits, runs] = await Promise.all([
      this.isAlive
        ? this.host.request<ExitsResponse>('trapline/exits', { count: MOST_ROWS })
        : (this.host.ask('host/lastExits', {}) as Promise<ExitsResponse | undefined>),
      this.host.ask('host/runs', {}),
    ]);
    this.runs = runs;
    if (!exits) return;
    this.exits = exits;
    const counts = new Map<string, number>([[TOTAL, exits.total]]);
    for (const { key, count } of causeTree(exits, undefined)) counts.set(key, count);
    this.history.sample(exits.instructions, counts);
  }

  protected override forget(): void {
    this.start = undefined;
    this.history.clear();
  }

  protected override render(): TemplateResult {
    const { exits } = this;
    if (!exits) return html`${this.problemBox()}${this.welcome()}`;
    if (exits.mode === 'native') return html`<div class="message">${NATIVE}</div>`;
    const shown = this.start ? since(exits, this.start) : exits;
    const before = this.runs.find(({ id }) => id === this.kept.compareWith);
    return html`${this.problemBox()}${this.summary(shown, before)}${this.toolbar()}
      <div class="tabs" role="tablist" @keydown=${(event: KeyboardEvent) => this.tabKey(event)}>
        ${TABS.map(([id, title]) => this.tab(id, title, shown))}
      </div>
      ${this.table(shown, before)}`;
  }

  private welcome(): TemplateResult {
    return html`<div class="message">
      The exits of a guest to the hypervisor appear here, as soon as a guest is debugged in mode lpv.
    </div>`;
  }

  private summary(exits: ExitsResponse, before: Run | undefined): TemplateResult {
    const each = exits.total === 0 ? 0 : exits.hostInstructions / exits.total;
    const delta = before && exits.total - before.total;
    return html`<div class="summary">
      <span><strong class="big" id="total">${formatCount(exits.total)}</strong> exits</span>
      ${
        delta === undefined
          ? nothing
          : html`<span title="against the run that is compared with"
              ><strong id="delta">${formatDelta(delta)}</strong></span
            >`
      }
      <span title="exits per million guest instructions, of late">
        <strong>${formatRate(this.history.rate(TOTAL))}</strong>/M
        <trapline-sparkline .values=${this.history.curve(TOTAL)}></trapline-sparkline>
      </span>
      <span title="guest instructions"><strong>${formatCount(exits.instructions)}</strong> instructions</span>
      <span title="host instructions for one exit"><strong>${each.toFixed(1)}</strong> host instr. each</span>
      ${this.stateMark()}
    </div>`;
  }

  private toolbar(): TemplateResult {
    const time = (run: Run): string => new Date(run.time).toLocaleTimeString();
    const options = [
      { label: 'Compare with…', value: NO_RUN },
      ...this.runs.map((run) => ({
        label: `${run.name} (${run.kept ? 'kept' : 'ended'} ${time(run)}, ${formatCount(run.total)})`,
        value: run.id,
      })),
    ];
    return html`<div class="toolbar">
      <vscode-button
        secondary
        icon=${this.start ? 'discard' : 'debug-restart'}
        title=${this.start ? 'Count from the start of the run again' : 'Count from now on'}
        @click=${() => this.reset()}
        >${this.start ? 'Undo reset' : 'Reset'}</vscode-button
      >
      <vscode-button secondary icon="save" title="Keep these numbers, to compare later runs" @click=${() => this.keep()}
        >Keep</vscode-button
      >
      <vscode-single-select
        class="grow"
        label="Run to compare with"
        .options=${options}
        .value=${this.kept.compareWith}
        @change=${(event: Event) => this.set({ compareWith: (event.target as HTMLSelectElement).value })}
      ></vscode-single-select>
    </div>`;
  }

  private tab(id: Tab, title: string, exits: ExitsResponse): TemplateResult {
    const count = { causes: exits.byCause.length, registers: exits.registers.total }[id as string];
    const selected = this.kept.tab === id;
    return html`<button
      role="tab"
      aria-selected=${selected}
      tabindex=${selected ? 0 : -1}
      @click=${() => this.set({ tab: id })}
    >
      ${title}<span class="count">${count ?? (id === 'sites' ? exits.sites.total : exits.functions.total)}</span>
    </button>`;
  }

  private tabKey(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const index = (TABS.findIndex(([id]) => id === this.kept.tab) + step + TABS.length) % TABS.length;
    this.set({ tab: TABS[index][0] });
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>('[aria-selected=true]')?.focus());
  }

  private table(exits: ExitsResponse, before: Run | undefined): TemplateResult {
    switch (this.kept.tab) {
      case 'causes':
        return this.causes(exits, before);
      case 'functions':
        return this.functions(exits, before);
      case 'sites':
        return this.sites(exits);
      case 'registers':
        return this.registers(exits);
    }
  }

  private causes(exits: ExitsResponse, before: Run | undefined): TemplateResult {
    const closed = new Set(this.kept.closed);
    const rows = visibleCauses(causeTree(exits, before), closed);
    const most = Math.max(1, ...rows.map(({ count }) => count));
    // Pixels that the columns of a comparison take from the others.
    const taken = before ? 260 : 0;
    const columns: Column<CauseCount>[] = [
      {
        ...{ id: 'cause', title: 'Cause', width: 'minmax(130px, 1.6fr)' },
        cell: ({ name, isClass }) => (isClass ? html`<strong>${name}</strong>` : name),
        tooltip: ({ key }) => meaningOf(key),
      },
      { id: 'count', title: 'Exits', width: '64px', align: 'end', cell: ({ count }) => formatCount(count) },
      ...(before ? comparison() : []),
      {
        ...{ id: 'share', title: 'Share', width: '48px', align: 'end' },
        cell: ({ count }) => formatShare(count, exits.total),
      },
      {
        ...{ id: 'bar', title: '', width: 'minmax(40px, 1fr)', hideBelow: 430 + taken },
        cell: ({ count }) =>
          count === 0 ? nothing : html`<span class="bar" ${width(`${(count / most) * 100}%`)}></span>`,
      },
      {
        ...{ id: 'rate', title: '/M instr.', width: '60px', align: 'end', hideBelow: 330 + taken },
        cell: ({ key }) => formatRate(this.history.rate(key)),
        tooltip: () => 'Exits per million guest instructions, of late',
      },
      {
        ...{ id: 'curve', title: '', width: '64px', hideBelow: 520 + taken },
        cell: ({ key }) => html`<trapline-sparkline .values=${this.history.curve(key)}></trapline-sparkline>`,
      },
      {
        ...{ id: 'host', title: 'Host instr.', width: '84px', align: 'end', hideBelow: 600 + taken },
        cell: ({ hostInstructions }) => formatCount(hostInstructions),
      },
    ];
    const placeOf = ({ key, depth, isClass }: CauseCount): TreePlace => ({
      depth,
      expanded: isClass ? !closed.has(key) : undefined,
    });
    return html`<trapline-table
      class="fill"
      label="Exits by cause"
      .columns=${columns}
      .rows=${rows}
      .keyOf=${({ key }: CauseCount) => key}
      .placeOf=${placeOf}
      .rowLabel=${({ key, name, isClass, count }: CauseCount) =>
        `${isClass ? name : key}, ${count} exits, ${formatShare(count, exits.total)}`}
      .empty=${'No exits yet.'}
      @toggle=${(event: CustomEvent<CauseCount>) => this.toggle(event.detail.key)}
      @open=${(event: CustomEvent<CauseCount>) =>
        event.detail.isClass
          ? this.toggle(event.detail.key)
          : this.host.showIn('exitLog', { address: event.detail.key })}
    ></trapline-table>`;
  }

  private functions(exits: ExitsResponse, before: Run | undefined): TemplateResult {
    const columns: Column<FunctionRow>[] = [
      {
        ...{ id: 'function', title: 'Function', width: 'minmax(110px, 1fr)', sortable: true },
        cell: (row) => row.function ?? html`<span class="quiet">code without a symbol</span>`,
      },
      {
        ...{ id: 'count', title: 'Exits', width: '64px', align: 'end', sortable: true },
        cell: ({ count }) => formatCount(count),
      },
      ...(before
        ? [
            {
              ...{ id: 'delta', title: 'Change', width: '70px', align: 'end' as const },
              cell: (row: FunctionRow) => deltaCell(row.count, before.functions[row.function ?? ''] ?? 0),
            },
          ]
        : []),
      {
        ...{ id: 'share', title: 'Share', width: '48px', align: 'end' },
        cell: ({ count }) => formatShare(count, exits.total),
      },
      { id: 'sites', title: 'Sites', width: '40px', align: 'end', hideBelow: 330, cell: ({ sites }) => `${sites}` },
      {
        ...{
          id: 'hostInstructions',
          title: 'Host instr.',
          width: '84px',
          align: 'end',
          hideBelow: 420,
          sortable: true,
        },
        cell: ({ hostInstructions }) => formatCount(hostInstructions),
      },
    ];
    const text = (row: FunctionRow): string => row.function ?? '';
    return this.list('Exits by function', columns, this.sorted(exits.functions.rows, text), (row) => {
      if (row.function !== undefined) this.open({ function: row.function });
    });
  }

  private sites(exits: ExitsResponse): TemplateResult {
    const columns: Column<SiteRow>[] = [
      {
        ...{ id: 'symbol', title: 'Site', width: 'minmax(110px, 1.2fr)', sortable: true },
        cell: ({ symbol, address }) => symbol ?? address,
        tooltip: ({ address, user }) => `${address}, ${user ? 'user' : 'privileged'} mode`,
      },
      { id: 'cause', title: 'Cause', width: 'minmax(90px, 1fr)', cell: ({ cause }) => cause },
      {
        ...{ id: 'count', title: 'Exits', width: '64px', align: 'end', sortable: true },
        cell: ({ count }) => formatCount(count),
      },
      {
        ...{ id: 'address', title: 'Address', width: '84px', mono: true, hideBelow: 420, sortable: true },
        cell: ({ address }) => address,
      },
      {
        ...{
          id: 'hostInstructions',
          title: 'Host instr.',
          width: '84px',
          align: 'end',
          hideBelow: 520,
          sortable: true,
        },
        cell: ({ hostInstructions }) => formatCount(hostInstructions),
      },
    ];
    const text = (row: SiteRow): string => (this.kept.sorting.id === 'address' ? row.address : (row.symbol ?? '~'));
    return this.list('Exits by site', columns, this.sorted(exits.sites.rows, text), ({ address, user }) =>
      this.open({ address, user }),
    );
  }

  private registers(exits: ExitsResponse): TemplateResult {
    const columns: Column<RegisterRow>[] = [
      {
        ...{ id: 'register', title: 'Register', width: 'minmax(110px, 1fr)' },
        cell: ({ device, register, address }) =>
          html`${register ?? address} <span class="quiet">${device ?? 'no device'}</span>`,
      },
      { id: 'reads', title: 'Reads', width: '64px', align: 'end', cell: ({ reads }) => formatCount(reads) },
      { id: 'writes', title: 'Writes', width: '64px', align: 'end', cell: ({ writes }) => formatCount(writes) },
      { id: 'address', title: 'Address', width: '84px', mono: true, hideBelow: 360, cell: ({ address }) => address },
    ];
    return this.list('Accesses of device registers', columns, exits.registers.rows, () => undefined);
  }

  private list<Row extends { address?: string; function?: string; cause?: string }>(
    label: string,
    columns: Column<Row>[],
    rows: readonly Row[],
    open: (row: Row) => void,
  ): TemplateResult {
    const note = this.start && this.kept.tab !== 'functions' ? ' (since the start of the run)' : '';
    return html`<trapline-table
      class="fill"
      label=${`${label}${note}`}
      .columns=${columns}
      .rows=${rows}
      .sorting=${this.kept.sorting}
      .keyOf=${(row: Row) => `${row.address ?? row.function} ${row.cause}`}
      .empty=${'No exits yet.'}
      @sort=${(event: CustomEvent<Sorting>) => this.set({ sorting: event.detail })}
      @open=${(event: CustomEvent<Row>) => open(event.detail)}
    ></trapline-table>`;
  }

  private sorted<Row extends { count: number; hostInstructions: number }>(
    rows: readonly Row[],
    text: (row: Row) => string,
  ): Row[] {
    const { id, descending } = this.kept.sorting;
    const compare = (a: Row, b: Row): number => {
      if (id === 'count' || id === 'hostInstructions') return a[id] - b[id];
      return text(a) < text(b) ? -1 : text(a) > text(b) ? 1 : 0;
    };
    return [...rows].sort((a, b) => (descending ? compare(b, a) : compare(a, b)));
  }

  private toggle(key: string): void {
    const closed = new Set(this.kept.closed);
    if (!closed.delete(key)) closed.add(key);
    this.set({ closed: [...closed] });
  }

  private reset(): void {
    this.start = this.start || !this.exits ? undefined : summarize(this.exits);
    this.requestUpdate();
  }

  private keep(): void {
    const { exits } = this;
    if (!exits) return;
    this.attempt(async () => {
      const run = await this.host.ask('host/keepRun', {
        run: summarize(this.start ? since(exits, this.start) : exits),
      });
      if (run) this.reload();
    });
  }

  private open(args: { address?: string; user?: boolean; function?: string }): void {
    this.attempt(() => this.host.ask('host/open', args));
  }

  private set(change: Partial<Remembered>): void {
    Object.assign(this.kept, change);
    this.host.remember(this.kept);
    this.requestUpdate();
  }
}

const NATIVE =
  'This guest runs in native mode, privileged on the emulated CPU: nothing leaves it for a hypervisor. ' +
  'Set "mode": "lpv" in the launch configuration to see what traps.';

/** Columns of a comparison: before, and the change. */
function comparison(): Column<CauseCount>[] {
  return [
    {
      ...{ id: 'before', title: 'Before', width: '64px', align: 'end' },
      cell: ({ before }) => formatCount(before ?? 0),
    },
    {
      ...{ id: 'delta', title: 'Change', width: '70px', align: 'end' },
      cell: ({ count, before }) => deltaCell(count, before ?? 0),
    },
  ];
}

function deltaCell(count: number, before: number): TemplateResult {
  const change = count - before;
  const kind = change > 0 ? 'up' : change < 0 ? 'down' : 'quiet';
  return html`<span class=${kind}>${formatDelta(change)}</span>`;
}

const MEANINGS: Readonly<Record<string, string>> = {
  status: 'Instructions that read or write CPSR or SPSR',
  return: 'Returns from exceptions',
  'user-bank': 'LDM and STM of the user bank',
  'user-access': 'LDRT, STRT: accesses with the rights of user mode',
  cp15: 'System control coprocessor',
  coprocessor: 'Coprocessors that are not there',
  guest: "The guest's own exceptions",
  shadow: 'Shadow page tables: filling them, and stores to the tables of the guest',
  'host-page': 'Pages of the host that get out of the way',
  interrupt: 'Interrupts of the host',
  wfi: 'Waiting for an interrupt',
  mmio: 'Device registers',
};

function meaningOf(cause: string): string {
  return `${cause.replace('.*', '')}: ${MEANINGS[cause.split('.')[0]] ?? 'exits'}`;
}

customElements.define('trapline-traps', TrapsView);
document.body.append(document.createElement('trapline-traps'));

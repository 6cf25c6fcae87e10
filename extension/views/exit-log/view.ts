/** The Exit Log view: the last exits one by one, and who executed when. */
import { html, type TemplateResult } from 'lit';
import '@vscode-elements/elements/dist/vscode-checkbox/index.js';
import '@vscode-elements/elements/dist/vscode-textfield/index.js';
import type { ExitLogResponse, ExitLogRow } from '../../../debug-adapter/protocol.ts';
import type { ShowRequest } from '../messages.ts';
import { formatCount } from '../ui/format.ts';
import type { Column, TraplineTable } from '../ui/table.ts';
import '../ui/table.ts';
import { ViewElement } from '../ui/view-element.ts';
import './lane-chart.ts';
import { EMPTY_LOG, extended, filtered, MOST_EXITS, placeOf, type Log } from './model.ts';

const PAGE_ROWS = 1000;

interface Remembered {
  filter: string;
  follow: boolean;
}

class ExitLogView extends ViewElement {
  private readonly kept = this.host.recall<Remembered>({ filter: '', follow: true });
  private log: Log = EMPTY_LOG;
  private shown: readonly ExitLogRow[] = [];
  private selected: number | undefined;

  protected override async load(): Promise<void> {
    if (!this.isAlive) return;
    let { log } = this;
    for (let page = 0; page * PAGE_ROWS <= MOST_EXITS; page++) {
      const answer = await this.host.request<ExitLogResponse>('trapline/exitLog', {
        start: log.next,
        count: PAGE_ROWS,
      });
      log = extended(log, answer);
      if (answer.next >= answer.total) break;
    }
    if (log.exits === this.log.exits) return;
    this.log = log;
    this.filter();
    await this.updateComplete;
    if (this.kept.follow) await this.table?.scrollToEnd();
  }

  protected override forget(): void {
    [this.log, this.shown, this.selected] = [EMPTY_LOG, [], undefined];
  }

  protected override show({ address }: ShowRequest): void {
    if (address !== undefined) this.set({ filter: address });
  }

  private get table(): TraplineTable<ExitLogRow> | null {
    return this.renderRoot.querySelector('trapline-table');
  }

  private filter(): void {
    this.shown = filtered(this.log.exits, this.kept.filter);
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    const { total, exits } = this.log;
    return html`<div class="toolbar">
        <vscode-textfield
          class="grow"
          placeholder="Filter: mmio, usr, put_char, 0xc000…"
          label="Filter exits"
          .value=${this.kept.filter}
          @input=${(event: Event) => this.set({ filter: (event.target as HTMLInputElement).value })}
        ></vscode-textfield>
        <vscode-checkbox
          label="Follow"
          title="Scroll to the newest exit"
          .checked=${this.kept.follow}
          @change=${(event: Event) => this.set({ follow: (event.target as HTMLInputElement).checked })}
        ></vscode-checkbox>
      </div>
      ${this.problemBox()}
      <div class="summary">
        <span><strong id="total">${formatCount(total)}</strong> exits</span>
        <span
          >${
            this.shown.length === exits.length
              ? html`the last <strong>${formatCount(exits.length)}</strong>`
              : html`<strong>${formatCount(this.shown.length)}</strong> of the last ${formatCount(exits.length)}`
          }</span
        >
        ${this.stateMark()}
      </div>
      <trapline-lanes
        .exits=${exits}
        .selected=${this.selected}
        @pick=${(event: CustomEvent<number>) => this.pick(event.detail)}
      ></trapline-lanes>
      <trapline-table
        class="fill"
        label="Exits, oldest first"
        .columns=${COLUMNS}
        .rows=${this.shown}
        .keyOf=${({ index }: ExitLogRow) => index}
        .rowLabel=${(row: ExitLogRow) => `exit ${row.index}, ${row.cause}, ${row.symbol ?? row.pc}, ${placeOf(row)}`}
        .empty=${exits.length === 0 ? 'No exits: a guest in mode lpv is needed.' : 'No exit matches the filter.'}
        @select=${(event: CustomEvent<ExitLogRow>) => this.select(event.detail.index)}
        @open=${(event: CustomEvent<ExitLogRow>) => this.open(event.detail)}
      ></trapline-table>`;
  }

  private select(index: number): void {
    this.selected = index;
    this.requestUpdate();
  }

  private pick(index: number): void {
    this.select(index);
    this.table?.showRow(this.shown.findIndex((row) => row.index === index));
  }

  private open({ pc, mode }: ExitLogRow): void {
    this.attempt(() => this.host.ask('host/open', { address: pc, user: mode === 'usr' }));
  }

  private set(change: Partial<Remembered>): void {
    Object.assign(this.kept, change);
    this.host.remember(this.kept);
    this.filter();
  }
}

const COLUMNS: Column<ExitLogRow>[] = [
  {
    ...{ id: 'index', title: '#', width: '44px', align: 'end', hideBelow: 400 },
    cell: ({ index }) => html`<span class="quiet">${index}</span>`,
  },
  {
    ...{ id: 'instructions', title: 'Instructions', width: '84px', align: 'end' },
    cell: ({ instructions }) => formatCount(instructions),
    tooltip: () => 'Guest instructions before the exit',
  },
  { id: 'mode', title: 'Mode', width: '38px', cell: ({ mode }) => mode, hideBelow: 460 },
  { id: 'cause', title: 'Cause', width: 'minmax(90px, 0.9fr)', cell: ({ cause }) => cause },
  {
    ...{ id: 'symbol', title: 'Where', width: 'minmax(80px, 1fr)' },
    cell: ({ symbol, pc }) => symbol ?? pc,
    tooltip: ({ pc }) => pc,
  },
  { id: 'pc', title: 'PC', width: '84px', mono: true, hideBelow: 620, cell: ({ pc }) => pc },
  {
    ...{ id: 'place', title: 'Address or register', width: 'minmax(84px, 1fr)', hideBelow: 520 },
    cell: (row) => placeOf(row),
    tooltip: ({ address }) => address,
  },
  {
    ...{ id: 'host', title: 'Host', width: '40px', align: 'end', hideBelow: 360 },
    cell: ({ hostInstructions }) => `${hostInstructions}`,
    tooltip: () => 'Host instructions that the exit took',
  },
];

customElements.define('trapline-exit-log', ExitLogView);
document.body.append(document.createElement('trapline-exit-log'));

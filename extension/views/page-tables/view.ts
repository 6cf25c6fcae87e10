/** The Page Tables view: the guest's tables beside the shadow's, and the walk of one address. */
import { css, html, nothing, type TemplateResult } from 'lit';
import '@vscode-elements/elements/dist/vscode-button/index.js';
import '@vscode-elements/elements/dist/vscode-option/index.js';
import '@vscode-elements/elements/dist/vscode-single-select/index.js';
import '@vscode-elements/elements/dist/vscode-textfield/index.js';
import type {
  ExitLogResponse,
  ExitLogRow,
  PageTablesResponse,
  ShadowSide,
  TableRow,
  TranslationResponse,
} from '../../../debug-adapter/protocol.ts';
import type { ShowRequest } from '../messages.ts';
import { formatCount } from '../ui/format.ts';
import { addressOf } from '../ui/address.ts';
import type { Column, TraplineTable, TreePlace } from '../ui/table.ts';
import '../ui/table.ts';
import { viewStyles } from '../ui/styles.ts';
import { ViewElement } from '../ui/view-element.ts';
import {
  accessTable,
  apText,
  cacheText,
  cellOf,
  isFilled,
  destination,
  lastFill,
  MEGABYTE,
  OUTCOMES,
  possibleWrites,
  rowAt,
  STATES,
  summaryOf,
  treeRows,
  typeText,
  walkSteps,
  type RowFilter,
  type TreeRow,
} from './model.ts';

/** Rows of one answer, and megabytes that may be open at a time. */
const PAGE_ROWS = 1024;
const MOST_OPEN = 16;
/** Walks that are asked for to find the store of a descriptor. */
const MOST_WALKS = 8;
const LOG_ROWS = 1000;

interface Remembered {
  user: boolean;
  filter: RowFilter;
  open: number[];
  expression: string;
}

/** What is known of who made an entry. */
interface Origin {
  fill: ExitLogRow | undefined;
  write: ExitLogRow | undefined;
}

class PageTablesView extends ViewElement {
  static override styles = [
    viewStyles,
    css`
      .details {
        flex: none;
        max-height: 55%;
        overflow: auto;
        border-top: 1px solid var(--line);
        padding: 6px 12px 8px;
        line-height: 1.5;
      }
      .details:focus-visible {
        outline: 1px solid var(--vscode-focusBorder);
        outline-offset: -1px;
      }
      h3 {
        margin: 0 0 4px;
        font-size: 1em;
        font-weight: 600;
      }
      ol {
        margin: 0;
        padding-left: 18px;
      }
      li {
        margin-bottom: 2px;
      }
      .columns {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(260px, 1fr));
        gap: 8px 24px;
      }
      dl {
        display: grid;
        grid-template-columns: max-content 1fr;
        gap: 0 10px;
        margin: 0;
      }
      dt {
        color: var(--quiet);
      }
      dd {
        margin: 0;
        overflow-wrap: anywhere;
      }
    `,
  ];
  private readonly kept = this.host.recall<Remembered>({ user: false, filter: 'all', open: [], expression: '' });
  private megabytes: TableRow[] = [];
  private readonly pages = new Map<number, TableRow[]>();
  private head: PageTablesResponse | undefined;
  private rows: TreeRow[] = [];
  private walk: TranslationResponse | undefined;
  private origin: Origin | undefined;

  protected override get interval(): number {
    return 1000;
  }

  protected override async load(): Promise<void> {
    if (!this.isAlive) return;
    const megabytes: TableRow[] = [];
    for (let start: number | undefined = 0; start !== undefined;) {
      const answer: PageTablesResponse = await this.tables({ start });
      megabytes.push(...answer.rows);
      this.head = answer;
      start = answer.next;
    }
    this.megabytes = megabytes;
    for (const megabyte of this.kept.open) await this.loadPages(megabyte);
    this.rebuild();
    if (this.walk) await this.walkTo(Number(this.walk.address));
  }

  protected override forget(): void {
    this.megabytes = [];
    this.pages.clear();
    this.rows = [];
    [this.head, this.walk, this.origin] = [undefined, undefined, undefined];
  }

  protected override show({ address }: ShowRequest): void {
    if (address !== undefined) this.search(address);
  }

  private tables(args: object): Promise<PageTablesResponse> {
    return this.host.request('trapline/pageTables', { count: PAGE_ROWS, used: true, ...args });
  }

  private async loadPages(megabyte: number): Promise<void> {
    const { rows } = await this.tables({ level: 2, megabyte });
    this.pages.set(megabyte, rows);
  }

  private rebuild(): void {
    this.rows = treeRows(this.megabytes, this.pages, this.kept.user, this.kept.filter);
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    const { head } = this;
    if (!head)
      return html`${this.problemBox()}
        <div class="message">The page tables of a guest appear here, as soon as one is debugged.</div>`;
    const { mapped, filled } = summaryOf({ rows: this.megabytes }, this.kept.user);
    return html`${this.problemBox()}
      <div class="toolbar">
        <vscode-textfield
          class="grow"
          placeholder="Address or expression"
          label="Address to translate"
          .value=${this.kept.expression}
          @keydown=${(event: KeyboardEvent) => {
            if (event.key === 'Enter') this.search((event.target as HTMLInputElement).value);
          }}
        ></vscode-textfield>
        <vscode-button icon="search" title="Show the walk of this address" @click=${() => this.searchField()}
          >Translate</vscode-button
        >
        ${head.shadowRoots ? this.selects() : nothing}
      </div>
      <div class="summary">
        <span>TTBR0 <strong class="mono">${head.root}</strong></span>
        ${head.mmu ? nothing : html`<span>the MMU is off</span>`}
        <span><strong>${formatCount(mapped)}</strong> MB entries</span>
        ${
          head.shadowRoots
            ? html`<span title="Filled entries of the shadow for this mode"
                ><strong>${formatCount(filled)}</strong> in the shadow</span
              >`
            : nothing
        }
        ${this.stateMark()}
      </div>
      ${this.table()} ${this.details()}`;
  }

  private selects(): TemplateResult {
    const { user, filter } = this.kept;
    return html`<vscode-single-select
        label="Shadow of which mode"
        .options=${[
          { label: 'Shadow: privileged', value: 'privileged' },
          { label: 'Shadow: user', value: 'user' },
        ]}
        .value=${user ? 'user' : 'privileged'}
        @change=${(event: Event) => this.set({ user: valueOf(event) === 'user' })}
      ></vscode-single-select>
      <vscode-single-select
        label="Which entries"
        .options=${[
          { label: 'All entries', value: 'all' },
          { label: 'Narrower or stale', value: 'attention' },
          { label: 'Missing in the shadow', value: 'missing' },
        ]}
        .value=${filter}
        @change=${(event: Event) => this.set({ filter: valueOf(event) as RowFilter })}
      ></vscode-single-select>`;
  }

  private table(): TemplateResult {
    const { user } = this.kept;
    const guest = (of: (descriptor: NonNullable<TableRow['guest']>) => string) => (tree: TreeRow) =>
      tree.row.guest && tree.row.guest.type !== 'fault' ? of(tree.row.guest) : '';
    const columns: Column<TreeRow>[] = [
      { id: 'address', title: 'Virtual', width: 'minmax(112px, 1fr)', mono: true, cell: ({ row }) => row.address },
      { id: 'type', title: 'Guest', width: '90px', hideBelow: 300, cell: guest(typeText) },
      { id: 'domain', title: 'Dom', width: '34px', hideBelow: 560, cell: guest(({ domain }) => `${domain ?? ''}`) },
      { id: 'ap', title: 'AP', width: '44px', hideBelow: 480, mono: true, cell: guest(apText) },
      { id: 'cb', title: 'CB', width: '24px', hideBelow: 480, mono: true, cell: guest(cacheText) },
      { id: 'target', title: 'Physical', width: '84px', mono: true, cell: guest(({ target }) => target ?? '') },
      ...(this.head?.shadowRoots ? this.shadowColumns(user) : []),
    ];
    const open = new Set(this.kept.open);
    const placeOf = ({ depth, row, hasPages }: TreeRow): TreePlace => ({
      depth,
      expanded: hasPages ? open.has(row.index) : undefined,
    });
    return html`<trapline-table
      class="fill"
      label="Page tables, guest beside shadow"
      .columns=${columns}
      .rows=${this.rows}
      .keyOf=${({ key }: TreeRow) => key}
      .placeOf=${placeOf}
      .rowLabel=${({ row }: TreeRow) => describe(row, user)}
      .empty=${'No entry is mapped.'}
      @toggle=${(event: CustomEvent<TreeRow>) => this.toggle(event.detail.row.index)}
      @select=${(event: CustomEvent<TreeRow>) => this.attempt(() => this.walkTo(Number(event.detail.row.address)))}
      @open=${(event: CustomEvent<TreeRow>) => this.host.showIn('memory', { address: event.detail.row.address })}
    ></trapline-table>`;
  }

  private shadowColumns(user: boolean): Column<TreeRow>[] {
    const shadow = (of: (tree: TreeRow) => string) => (tree: TreeRow) =>
      isFilled(cellOf(tree.row, user)) ? of(tree) : '';
    const descriptor = ({ row }: TreeRow) => cellOf(row, user)!.descriptor!;
    return [
      {
        ...{ id: 'shadow', title: 'Shadow', width: '96px', hideBelow: 620 },
        cell: shadow((tree) =>
          tree.depth === 1 ? `${cellOf(tree.row, user)?.entries ?? 0} entries` : typeText(descriptor(tree)),
        ),
      },
      {
        ...{ id: 'shadowAp', title: 'AP', width: '44px', hideBelow: 680, mono: true },
        cell: shadow((tree) => apText(descriptor(tree))),
      },
      {
        ...{ id: 'shadowTarget', title: 'Target', width: '84px', hideBelow: 760, mono: true },
        cell: shadow((tree) => descriptor(tree).target ?? ''),
      },
      {
        ...{ id: 'state', title: 'State', width: '76px' },
        cell: ({ row }) => stateBadge(cellOf(row, user)?.state),
        tooltip: ({ row }) => {
          const state = cellOf(row, user)?.state;
          return state && STATES[state].meaning;
        },
      },
    ];
  }

  private details(): TemplateResult | typeof nothing {
    const { walk, head } = this;
    if (!walk || !head) return nothing;
    const address = Number(walk.address);
    return html`<section class="details" aria-label="Walk of an address" tabindex="0">
      <h3>
        <span class="mono">${walk.address}</span>
        ${walk.symbol === undefined ? nothing : html`<span class="quiet">${walk.symbol}</span>`} →
        <span class="mono">${destination(walk)}</span>
      </h3>
      <div class="columns">
        <div>
          <ol>
            ${walkSteps(address, Number(head.root), walk.guest.steps).map(
              ({ title, from, descriptor, result }) =>
                html`<li>
                  ${title}: <span class="mono">${from}</span><br />
                  <span class="mono">${descriptor.word}</span> ${result}
                </li>`,
            )}
          </ol>
          <button class="link" @click=${() => this.host.showIn('memory', { address: walk.address })}>
            Show memory
          </button>
          ${
            walk.guest.physicalAddress === undefined
              ? nothing
              : html`·
                  <button
                    class="link"
                    @click=${() => this.host.showIn('memory', { address: `p:${walk.guest.physicalAddress}` })}
                  >
                    physical
                  </button>`
          }
          ${walk.guest.steps.map(
            (step) =>
              html` ·
                <button class="link" @click=${() => this.host.showIn('memory', { address: `p:${step.address}` })}>
                  level ${step.level} descriptor
                </button>`,
          )}
        </div>
        <dl>
          ${accessTable(walk).map(
            ({ mode, read, write }) =>
              html`<dt>${mode}</dt>
                <dd>read ${read}, write ${write}</dd>`,
          )}
          ${
            walk.guest.mmu
              ? html`<dt>domain</dt>
                  <dd>${walk.guest.domain}: ${walk.guest.domainAccess}</dd>`
              : nothing
          }
          ${walk.shadow ? this.shadowSides(walk.shadow) : nothing}
          <dt>now, ${walk.result.user ? 'user' : 'privileged'}</dt>
          <dd>read: ${OUTCOMES[walk.result.read]}; write: ${OUTCOMES[walk.result.write]}</dd>
          ${walk.shadow ? this.origins() : nothing}
        </dl>
      </div>
    </section>`;
  }

  private shadowSides({ privileged, user, strategy }: NonNullable<TranslationResponse['shadow']>): TemplateResult {
    const side = (name: string, { state, read, write, steps }: ShadowSide): TemplateResult =>
      html`<dt title=${`strategy ${strategy}`}>shadow, ${name}</dt>
        <dd>
          ${STATES[state].label}${
            isFilledStep(steps)
              ? html`: <span class="mono">${steps[1].word}</span>, ${rightsText(read, write)}`
              : nothing
          }
        </dd>`;
    return html`${side('privileged', privileged)}${side('user', user)}`;
  }

  private origins(): TemplateResult {
    const none = html`<span class="quiet">not among the last exits that the log has</span>`;
    const link = (exit: ExitLogRow | undefined): TemplateResult =>
      exit
        ? html`<button
              class="link"
              @click=${() => this.attempt(() => this.host.ask('host/open', { address: exit.pc, user: exit.mode === 'usr' }))}
            >
              ${exit.symbol ?? exit.pc}</button
            >, exit ${formatCount(exit.index)}`
        : none;
    return html`<dt>entry written by</dt>
      <dd>${link(this.origin?.write)}</dd>
      <dt>shadow filled for</dt>
      <dd>${link(this.origin?.fill)}</dd>`;
  }

  private searchField(): void {
    const field = this.renderRoot.querySelector<HTMLElement & { value: string }>('vscode-textfield');
    if (field) this.search(field.value);
  }

  private search(expression: string): void {
    this.set({ expression });
    if (expression.trim() === '') return;
    this.attempt(async () => {
      const { address } = await addressOf(this.host, expression, this.session.frameId);
      await this.walkTo(address);
      const megabyte = Math.floor(address / MEGABYTE);
      const row = this.megabytes.find(({ index }) => index === megabyte);
      if (row && treeRows([row], new Map(), this.kept.user)[0]?.hasPages && !this.kept.open.includes(megabyte)) {
        await this.open(megabyte);
      }
      await this.updateComplete;
      const table = this.renderRoot.querySelector<TraplineTable<TreeRow>>('trapline-table');
      table?.showRow(rowAt(this.rows, address));
    });
  }

  private toggle(megabyte: number): void {
    if (this.kept.open.includes(megabyte)) {
      this.pages.delete(megabyte);
      this.set({ open: this.kept.open.filter((other) => other !== megabyte) });
    } else this.attempt(() => this.open(megabyte));
  }

  private async open(megabyte: number): Promise<void> {
    await this.loadPages(megabyte);
    const open = [...this.kept.open, megabyte];
    for (const old of open.slice(0, -MOST_OPEN)) this.pages.delete(old);
    this.set({ open: open.slice(-MOST_OPEN) });
  }

  private async walkTo(address: number): Promise<void> {
    const args = { address: `0x${address.toString(16)}` };
    const walk = await this.host.request<TranslationResponse>('trapline/translation', args);
    const isNew = walk.address !== this.walk?.address;
    this.walk = walk;
    if (isNew) this.origin = undefined;
    this.requestUpdate();
    if (walk.shadow && this.session.state === 'stopped') this.origin = await this.findOrigin(walk);
    this.requestUpdate();
  }

  /** Who made the entries of an address, as far as the log of the last exits goes back. */
  private async findOrigin(walk: TranslationResponse): Promise<Origin> {
    const log = await this.host.request<ExitLogResponse>('trapline/exitLog', { cause: 'shadow', count: LOG_ROWS });
    const fill = lastFill(log.exits, Number(walk.address));
    const descriptor = walk.guest.steps.at(-1)?.address;
    if (descriptor === undefined) return { fill, write: undefined };
    const walked = new Map<string, string | undefined>();
    for (const exit of possibleWrites(log.exits, descriptor)) {
      const address = exit.address ?? '';
      if (!walked.has(address)) {
        if (walked.size >= MOST_WALKS) break;
        const { guest } = await this.host.request<TranslationResponse>('trapline/translation', { address });
        walked.set(address, guest.physicalAddress);
      }
      if (walked.get(address) === descriptor) return { fill, write: exit };
    }
    return { fill, write: undefined };
  }

  private set(change: Partial<Remembered>): void {
    Object.assign(this.kept, change);
    this.host.remember(this.kept);
    this.rebuild();
  }
}

const valueOf = (event: Event): string => (event.target as HTMLSelectElement).value;

/** Whether a walk of the shadow ends at an entry. */
const isFilledStep = (steps: ShadowSide['steps']): boolean => steps.length > 1 && steps[1].type !== 'fault';

const rightsText = (read: boolean, write: boolean): string =>
  read ? (write ? 'read and write' : 'read only') : 'no access';

function stateBadge(state: keyof typeof STATES | undefined): TemplateResult | typeof nothing {
  if (state === undefined) return nothing;
  const { label, kind } = STATES[state];
  return html`<span class=${`badge ${kind}`}>${label}</span>`;
}

function describe(row: TableRow, user: boolean): string {
  const state = cellOf(row, user)?.state;
  const guest = row.guest ? `${typeText(row.guest)} to ${row.guest.target ?? 'nothing'}` : 'no entry';
  return `${row.address}, ${guest}${state ? `, shadow ${STATES[state].label}` : ''}`;
}

customElements.define('trapline-page-tables', PageTablesView);
document.body.append(document.createElement('trapline-page-tables'));

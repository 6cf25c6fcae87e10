/**
 * A table or a tree of any length. Only the rows that can be seen are in the page, so that its cost does not grow with the list.
 * The keyboard works as in the editor's own lists; a screen reader is told the row's number and how many there are.
 */
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';

export interface Column<Row> {
  id: string;
  title: string;
  /** A track of a CSS grid: `90px`, `minmax(60px, 1fr)`. */
  width: string;
  /** Numbers stand at the end. */
  align?: 'end';
  mono?: boolean;
  /** Whether a click on the title sorts. */
  sortable?: boolean;
  /** The column is left out while the table is narrower, pixels. */
  hideBelow?: number;
  cell(row: Row): TemplateResult | string | typeof nothing;
  /** Shown when the pointer rests on the cell. */
  tooltip?(row: Row): string | undefined;
}

/** The place of a row in a tree. */
export interface TreePlace {
  /** From 1. */
  depth: number;
  /** Undefined for a leaf. */
  expanded?: boolean | undefined;
}

export interface Sorting {
  id: string;
  descending: boolean;
}

export const ROW_HEIGHT = 22;
/** Rows outside the window that are drawn, so that scrolling shows no gap. */
const OVERSCAN = 6;

export class TraplineTable<Row> extends LitElement {
  static override properties = {
    columns: { attribute: false },
    rows: { attribute: false },
    label: {},
    sorting: { attribute: false },
    width: { state: true },
    first: { state: true },
    visible: { state: true },
    active: { state: true },
  };
  static override styles = css`
    :host {
      display: flex;
      flex-direction: column;
      min-height: 0;
      overflow: hidden;
    }
    .header,
    .row {
      display: grid;
      grid-template-columns: var(--columns);
      column-gap: 10px;
      align-items: center;
      padding: 0 12px;
      height: 22px;
      line-height: 22px;
      box-sizing: border-box;
      white-space: nowrap;
    }
    .header {
      color: var(--vscode-descriptionForeground);
      border-bottom: 1px solid var(--vscode-panel-border, var(--vscode-contrastBorder, transparent));
      flex: none;
      font-size: 0.92em;
    }
    .header > div,
    .row > div {
      overflow: hidden;
      text-overflow: ellipsis;
      min-width: 0;
    }
    .header .sortable {
      cursor: pointer;
    }
    .header .sortable:hover {
      color: var(--vscode-foreground);
    }
    .end {
      text-align: end;
      font-variant-numeric: tabular-nums;
    }
    .mono {
      font-family: var(--vscode-editor-font-family, monospace);
      font-size: calc(var(--vscode-font-size, 13px) - 1px);
    }
    .body {
      flex: 1;
      min-height: 0;
      overflow-y: auto;
      overflow-x: hidden;
      outline: none;
      position: relative;
      contain: strict;
    }
    .space {
      position: relative;
      width: 100%;
      height: var(--height);
    }
    .rows {
      position: absolute;
      left: 0;
      right: 0;
      transform: translateY(var(--offset));
    }
    .row {
      cursor: default;
    }
    .row:hover {
      background: var(--vscode-list-hoverBackground);
      color: var(--vscode-list-hoverForeground, inherit);
      outline: 1px dashed var(--vscode-contrastActiveBorder, transparent);
      outline-offset: -1px;
    }
    .row[aria-selected='true'] {
      background: var(--vscode-list-inactiveSelectionBackground);
      color: var(--vscode-list-inactiveSelectionForeground, inherit);
      outline: 1px dotted var(--vscode-contrastActiveBorder, transparent);
      outline-offset: -1px;
    }
    .body:focus-visible .row[aria-selected='true'],
    .body:focus .row[aria-selected='true'] {
      background: var(--vscode-list-activeSelectionBackground);
      color: var(--vscode-list-activeSelectionForeground, inherit);
      outline: 1px solid var(--vscode-list-focusOutline, var(--vscode-focusBorder));
      outline-offset: -1px;
    }
    .tree {
      display: flex;
      align-items: center;
    }
    .twistie {
      flex: none;
      width: 16px;
      height: 16px;
      display: inline-flex;
      align-items: center;
      justify-content: center;
    }
    .twistie::before {
      content: '';
      width: 5px;
      height: 5px;
      border-right: 1px solid var(--vscode-icon-foreground, currentColor);
      border-bottom: 1px solid var(--vscode-icon-foreground, currentColor);
      transform: rotate(-45deg);
    }
    .twistie.open::before {
      transform: rotate(45deg) translate(-1px, -1px);
    }
    .twistie.leaf::before {
      display: none;
    }
    .indent {
      flex: none;
    }
    .depth-2 {
      width: 12px;
    }
    .depth-3 {
      width: 24px;
    }
    .depth-4 {
      width: 36px;
    }
    .text {
      overflow: hidden;
      text-overflow: ellipsis;
    }
    .empty {
      padding: 10px 12px;
      color: var(--vscode-descriptionForeground);
    }
    .quiet {
      color: var(--vscode-descriptionForeground);
    }
    .row[aria-selected='true'] .quiet {
      color: inherit;
      opacity: 0.85;
    }
    .bar {
      display: inline-block;
      vertical-align: middle;
      height: 6px;
      border-radius: 3px;
      background: var(--vscode-charts-blue, #1a85ff);
      border: 1px solid var(--vscode-contrastBorder, transparent);
      box-sizing: border-box;
    }
    .badge {
      display: inline-block;
      line-height: 16px;
      padding: 0 6px;
      border-radius: 8px;
      font-size: 0.85em;
      border: 1px solid transparent;
      box-sizing: border-box;
    }
    .badge.good {
      color: var(--vscode-charts-green, #388a34);
      border-color: currentColor;
    }
    .badge.warn {
      color: var(--vscode-editorWarning-foreground, #bf8803);
      border-color: currentColor;
    }
    .badge.bad {
      color: var(--vscode-charts-red, #e51400);
      border-color: currentColor;
      font-weight: 600;
    }
    .badge.none {
      color: var(--vscode-descriptionForeground);
    }
    .row[aria-selected='true'] .badge {
      color: inherit;
    }
    .up {
      color: var(--vscode-charts-red, #e51400);
    }
    .down {
      color: var(--vscode-charts-green, #388a34);
    }
    .changed {
      color: var(--vscode-debugTokenExpression-number, var(--vscode-charts-orange));
      background: var(--vscode-editor-findMatchHighlightBackground, transparent);
      border-radius: 2px;
    }
    .row[aria-selected='true'] :is(.up, .down, .changed) {
      color: inherit;
    }
    strong {
      font-weight: 600;
    }
  `;
  declare columns: readonly Column<Row>[];
  /** The rows; anything with a length and an index. */
  declare rows: readonly Row[];
  declare label: string;
  declare sorting: Sorting | undefined;
  declare private width: number;
  declare private first: number;
  declare private visible: number;
  declare private active: number;
  /** What a row is, over changes of the list; by default its index. */
  keyOf: ((row: Row, index: number) => string | number) | undefined;
  /** Makes the table a tree: the place of each row. */
  placeOf: ((row: Row) => TreePlace) | undefined;
  /** What to show in place of no rows. */
  empty = 'Nothing here.';
  /** The name of a row for screen readers. */
  rowLabel: ((row: Row) => string) | undefined;
  private activeKey: string | number | undefined;
  private readonly resizes = new ResizeObserver(() => this.resized());

  constructor() {
    super();
    this.columns = [];
    this.rows = [];
    this.label = '';
    this.sorting = undefined;
    [this.width, this.first, this.visible, this.active] = [0, 0, 0, -1];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.resizes.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.resizes.disconnect();
  }

  /** The row that is selected. */
  get activeRow(): Row | undefined {
    return this.rows[this.active];
  }

  /** Selects a row and scrolls to it, without telling anyone. */
  showRow(index: number): void {
    const row = this.rows[index];
    if (row === undefined) return;
    this.active = index;
    this.activeKey = this.keyOf?.(row, index);
    this.bringIntoView(index);
  }

  /** Moves the keyboard to the rows. */
  focusRows(): void {
    this.body?.focus();
  }

  /** Scrolls to the last row. */
  async scrollToEnd(): Promise<void> {
    await this.updateComplete;
    const { body } = this;
    if (body) body.scrollTop = body.scrollHeight;
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has('rows') || this.activeKey === undefined || !this.keyOf) return;
    const { keyOf } = this;
    const same = this.rows[this.active];
    if (same !== undefined && keyOf(same, this.active) === this.activeKey) return;
    this.active = this.rows.findIndex((row, index) => keyOf(row, index) === this.activeKey);
  }

  protected override render(): TemplateResult {
    const columns = this.columns.filter(({ hideBelow }) => hideBelow === undefined || this.width >= hideBelow);
    const from = Math.max(0, this.first - OVERSCAN);
    const rows = this.rows.slice(from, this.first + this.visible + OVERSCAN);
    const key = (row: Row, i: number): string | number => this.keyOf?.(row, from + i) ?? from + i;
    const id = this.active >= 0 ? `row-${this.active}` : nothing;
    return html`<div class="header" role="presentation">${columns.map((column) => this.heading(column))}</div>
      <div
        class="body"
        role=${this.placeOf ? 'treegrid' : 'grid'}
        aria-label=${this.label}
        aria-rowcount=${this.rows.length}
        aria-colcount=${columns.length}
        aria-activedescendant=${id}
        tabindex="0"
        @scroll=${() => this.measure()}
        @keydown=${(event: KeyboardEvent) => this.key(event)}
        @focus=${(event: FocusEvent) => this.focused(event)}
      >
        ${this.rows.length === 0 ? html`<div class="empty">${this.empty}</div>` : nothing}
        <div class="space" role="presentation">
          <div class="rows" role="presentation">${repeat(rows, key, (row, i) => this.row(row, from + i, columns))}</div>
        </div>
      </div>`;
  }

  protected override updated(): void {
    const tracks = this.columns.filter(({ hideBelow }) => hideBelow === undefined || this.width >= hideBelow);
    // Set from script: a style attribute would need a weaker content security policy.
    this.style.setProperty('--columns', tracks.map(({ width }) => width).join(' '));
    this.style.setProperty('--height', `${this.rows.length * ROW_HEIGHT}px`);
    this.style.setProperty('--offset', `${Math.max(0, this.first - OVERSCAN) * ROW_HEIGHT}px`);
  }

  protected override firstUpdated(): void {
    this.measure();
  }

  private get body(): HTMLElement | null {
    return this.renderRoot.querySelector<HTMLElement>('.body');
  }

  private measure(): void {
    const { body } = this;
    if (!body) return;
    this.width = body.clientWidth;
    const first = Math.floor(body.scrollTop / ROW_HEIGHT);
    const visible = Math.ceil(body.clientHeight / ROW_HEIGHT) + 1;
    if (first === this.first && visible === this.visible) return;
    [this.first, this.visible] = [first, visible];
    this.dispatchEvent(new CustomEvent('window', { detail: { first, count: visible } }));
  }

  /** A row that was selected in sight stays in sight. */
  private resized(): void {
    const wasSeen = this.active >= this.first && this.active < this.first + this.visible;
    this.measure();
    if (wasSeen) this.bringIntoView(this.active);
  }

  private heading(column: Column<Row>): TemplateResult {
    const sorted = this.sorting?.id === column.id ? this.sorting : undefined;
    const arrow = sorted ? (sorted.descending ? ' ↓' : ' ↑') : '';
    const classes = `${column.align ?? ''} ${column.sortable ? 'sortable' : ''}`;
    const sort = (): void => {
      if (!column.sortable) return;
      const descending = sorted ? !sorted.descending : column.align === 'end';
      this.dispatchEvent(new CustomEvent<Sorting>('sort', { detail: { id: column.id, descending } }));
    };
    return html`<div
      class=${classes}
      role="columnheader"
      aria-sort=${sorted ? (sorted.descending ? 'descending' : 'ascending') : nothing}
      @click=${sort}
    >
      ${column.title}${arrow}
    </div>`;
  }

  private row(row: Row, index: number, columns: readonly Column<Row>[]): TemplateResult {
    const place = this.placeOf?.(row);
    return html`<div
      class="row"
      id=${`row-${index}`}
      role="row"
      aria-rowindex=${index + 1}
      aria-selected=${index === this.active}
      aria-level=${place?.depth ?? nothing}
      aria-expanded=${place?.expanded ?? nothing}
      aria-label=${this.rowLabel?.(row) ?? nothing}
      @click=${() => this.select(index)}
      @dblclick=${() => this.fire('open', row)}
    >
      ${columns.map((column, i) => {
        const classes = `${column.align ?? ''} ${column.mono ? 'mono' : ''} ${i === 0 && place ? 'tree' : ''}`;
        const cell = column.cell(row);
        return html`<div role="gridcell" class=${classes} title=${column.tooltip?.(row) ?? nothing}>
          ${i === 0 && place ? this.treeCell(row, place, cell) : cell}
        </div>`;
      })}
    </div>`;
  }

  private treeCell(row: Row, { depth, expanded }: TreePlace, cell: unknown): TemplateResult {
    const twistie = expanded === undefined ? 'leaf' : expanded ? 'open' : '';
    return html`<span class=${`indent depth-${depth}`}></span
      ><span class=${`twistie ${twistie}`} @click=${() => expanded !== undefined && this.fire('toggle', row)}></span
      ><span class="text">${cell}</span>`;
  }

  private fire(name: string, row: Row): void {
    this.dispatchEvent(new CustomEvent<Row>(name, { detail: row }));
  }

  private select(index: number): void {
    this.showRow(index);
    const row = this.rows[index];
    if (row !== undefined) this.fire('select', row);
  }

  private bringIntoView(index: number): void {
    const { body } = this;
    if (!body) return;
    const top = index * ROW_HEIGHT;
    if (top < body.scrollTop) body.scrollTop = top;
    else if (top + ROW_HEIGHT > body.scrollTop + body.clientHeight)
      body.scrollTop = top + ROW_HEIGHT - body.clientHeight;
  }

  private key(event: KeyboardEvent): void {
    const row = this.activeRow;
    const expanded = row === undefined ? undefined : this.placeOf?.(row).expanded;
    const page = Math.max(1, this.visible - 2);
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: this.active + 1,
      ArrowUp: Math.max(0, this.active - 1),
      PageDown: Math.min(this.rows.length - 1, this.active + page),
      PageUp: Math.max(0, this.active - page),
      Home: 0,
      End: this.rows.length - 1,
    };
    const move = moves[event.key];
    if (move !== undefined) this.select(Math.min(move, this.rows.length - 1));
    else if (row === undefined) return;
    else if (event.key === 'Enter') this.fire('open', row);
    else if (event.key === ' ') this.fire(expanded === undefined ? 'open' : 'toggle', row);
    else if (event.key === 'ArrowRight' && expanded === false) this.fire('toggle', row);
    else if (event.key === 'ArrowLeft' && expanded === true) this.fire('toggle', row);
    else if (event.key === 'ArrowLeft' && this.placeOf) this.selectParent();
    else if (event.key === 'F2') this.fire('edit', row);
    else return;
    event.preventDefault();
  }

  /** The keyboard has come here: something is selected then. A click selects by itself. */
  private focused({ target }: FocusEvent): void {
    if (this.active < 0 && target instanceof Element && target.matches(':focus-visible')) this.select(this.first);
  }

  private selectParent(): void {
    const { placeOf } = this;
    const depth = placeOf?.(this.rows[this.active]).depth ?? 1;
    for (let index = this.active - 1; index >= 0; index--) {
      if ((placeOf?.(this.rows[index]).depth ?? 1) >= depth) continue;
      this.select(index);
      return;
    }
  }
}

customElements.define('trapline-table', TraplineTable);

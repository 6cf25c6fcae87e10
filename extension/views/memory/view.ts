/** The Memory view: any address or expression, virtual or physical, live and editable. */
import { css, html, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import '@vscode-elements/elements/dist/vscode-button/index.js';
import '@vscode-elements/elements/dist/vscode-checkbox/index.js';
import '@vscode-elements/elements/dist/vscode-option/index.js';
import '@vscode-elements/elements/dist/vscode-single-select/index.js';
import '@vscode-elements/elements/dist/vscode-textfield/index.js';
import type { ShowRequest } from '../messages.ts';
import { addressOf, literalAddress, referenceOf, splitPlace, type Place } from '../ui/address.ts';
import { hex32 } from '../ui/format.ts';
import { viewStyles } from '../ui/styles.ts';
import { ViewElement } from '../ui/view-element.ts';
import {
  characterOf,
  MemoryImage,
  readRange,
  shiftedWindow,
  toBase64,
  unitBytes,
  unitText,
  WINDOW,
  windowStart,
  type ReadAnswer,
  type UnitSize,
} from './model.ts';

const ROW_HEIGHT = 20;
/** From this width on a row has 16 bytes, pixels. */
const WIDE = 560;

interface Remembered {
  expression: string;
  size: UnitSize;
  follow: boolean;
}

class MemoryView extends ViewElement {
  static override styles = [
    viewStyles,
    css`
      .grid {
        flex: 1;
        min-height: 0;
        overflow: auto;
        outline: none;
        font-family: var(--mono);
        font-size: var(--mono-size);
        contain: strict;
      }
      .grid:focus-visible {
        outline: 1px solid var(--vscode-focusBorder);
        outline-offset: -1px;
      }
      .space {
        position: relative;
        height: var(--height);
      }
      .rows {
        position: absolute;
        left: 0;
        right: 0;
        transform: translateY(var(--offset));
      }
      .row {
        display: flex;
        align-items: center;
        height: 20px;
        padding: 0 12px;
        white-space: pre;
      }
      .row:hover {
        background: var(--vscode-list-hoverBackground);
      }
      .address {
        color: var(--vscode-editorLineNumber-foreground, var(--quiet));
        margin-right: 12px;
      }
      .row.here .address {
        color: var(--vscode-editorLineNumber-activeForeground, var(--vscode-foreground));
        font-weight: 600;
      }
      .unit {
        padding: 0 3px;
        border-radius: 2px;
        border: 1px solid transparent;
        cursor: text;
      }
      .unit.half {
        margin-left: 6px;
      }
      .unit.zero {
        color: var(--vscode-disabledForeground, var(--quiet));
      }
      .unit.none {
        color: var(--vscode-errorForeground);
        opacity: 0.6;
      }
      .unit.changed {
        color: var(--vscode-debugTokenExpression-number, var(--warn));
        background: var(--vscode-editor-findMatchHighlightBackground);
        border-color: var(--vscode-contrastActiveBorder, transparent);
      }
      .unit.target {
        border-color: var(--vscode-focusBorder);
      }
      .grid:focus .unit.active,
      .unit.editing {
        background: var(--vscode-editor-selectionBackground);
        color: var(--vscode-editor-selectionForeground, inherit);
        border-color: var(--vscode-focusBorder);
      }
      .characters {
        margin-left: 12px;
        color: var(--quiet);
      }
      vscode-textfield {
        font-family: var(--mono);
      }
    `,
  ];
  private readonly kept = this.host.recall<Remembered>({ expression: '$sp', size: 4, follow: true });
  private readonly image = new MemoryImage();
  private place: Place | undefined;
  private start = 0;
  private first = 0;
  private visible = 0;
  private rowBytes = 16;
  private active = 0;
  /** Digits typed into the active unit. */
  private typed = '';
  private readonly resizes = new ResizeObserver(() => this.measure());

  protected override async load(): Promise<void> {
    if (!this.isAlive) return;
    const isLiteral = literalAddress(splitPlace(this.kept.expression).expression) !== undefined;
    // Expressions need a standing guest: its frames and registers.
    const canEvaluate = isLiteral || this.session.state === 'stopped';
    if ((!this.place || (this.kept.follow && !isLiteral)) && canEvaluate) await this.locate();
    await this.read();
  }

  protected override forget(): void {
    this.image.clear();
    this.place = undefined;
  }

  protected override show({ address }: ShowRequest): void {
    if (address !== undefined) this.go(address);
  }

  private go(expression: string): void {
    this.set({ expression });
    this.attempt(async () => {
      await this.locate();
      await this.read();
    });
  }

  /** Evaluates the expression, and goes where it leads when that has changed. */
  private async locate(): Promise<void> {
    const { expression } = this.kept;
    const place = await addressOf(this.host, expression, this.session.frameId);
    // Another expression may have been entered meanwhile; an answer for the old one must not win.
    if (expression !== this.kept.expression) return;
    const { place: before } = this;
    if (before?.address === place.address && before.physical === place.physical) return;
    if (before?.physical !== place.physical) this.image.clear();
    this.place = place;
    this.active = place.address - (place.address % this.kept.size);
    this.start = windowStart(place.address, this.rowBytes);
    this.requestUpdate();
    await this.updateComplete;
    this.scrollToRow((place.address - this.start) / this.rowBytes - 1);
    this.measure();
  }

  /** Reads what can be seen. */
  private async read(): Promise<void> {
    const { place, rowBytes } = this;
    if (!place || !this.isAlive || this.visible === 0) return;
    const start = this.start + this.first * rowBytes;
    const count = Math.min(this.visible * rowBytes, this.start + WINDOW - start);
    const bytes = await readRange(count, (offset, size) =>
      this.host.request<ReadAnswer>('readMemory', {
        memoryReference: referenceOf({ ...place, address: start }),
        ...{ offset, count: size },
      }),
    );
    const { version, stats } = this.session;
    this.image.update(start, bytes, `${version} ${stats?.instructions ?? 0}`);
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    return html`<div class="toolbar">
        <vscode-textfield
          class="grow"
          label="Address or expression"
          placeholder="Address, $sp, &variable, p:0x4000"
          .value=${this.kept.expression}
          @keydown=${(event: KeyboardEvent) => {
            if (event.key === 'Enter') this.go((event.target as HTMLInputElement).value);
          }}
        ></vscode-textfield>
        <vscode-single-select
          label="Unit"
          .options=${[
            { label: 'Bytes', value: '1' },
            { label: 'Halfwords', value: '2' },
            { label: 'Words', value: '4' },
          ]}
          .value=${`${this.kept.size}`}
          @change=${(event: Event) => this.setSize(Number((event.target as HTMLSelectElement).value))}
        ></vscode-single-select>
        <vscode-checkbox
          label="Follow"
          title="Evaluate the expression again at each stop"
          .checked=${this.kept.follow}
          @change=${(event: Event) => this.set({ follow: (event.target as HTMLInputElement).checked })}
        ></vscode-checkbox>
      </div>
      ${this.problemBox()} ${this.place ? this.grid(this.place) : html`<div class="message">${EMPTY}</div>`}`;
  }

  private grid(place: Place): TemplateResult {
    const from = Math.max(0, this.first);
    const rows = Array.from(
      { length: Math.min(this.visible, WINDOW / this.rowBytes - from) },
      (_, i) => this.start + (from + i) * this.rowBytes,
    );
    return html`<div class="summary">
        <span>${place.physical ? 'physical' : 'virtual'} <strong class="mono">${hex32(place.address)}</strong></span>
        <span class="mono" id="active"
          >${hex32(this.active)}: ${unitText(this.image, this.active, this.kept.size)}</span
        >
        ${this.stateMark()}
      </div>
      <div
        class="grid"
        role="grid"
        aria-label="Memory"
        aria-activedescendant=${`unit-${this.active}`}
        tabindex="0"
        @scroll=${() => this.measure()}
        @keydown=${(event: KeyboardEvent) => this.key(event)}
        @blur=${() => this.type('')}
      >
        <div class="space" role="presentation">
          <div class="rows" role="presentation">
            ${repeat(
              rows,
              (address) => address,
              (address) => this.row(address, place),
            )}
          </div>
        </div>
      </div>`;
  }

  private row(address: number, place: Place): TemplateResult {
    const { size } = this.kept;
    const units = Array.from({ length: this.rowBytes / size }, (_, i) => address + i * size);
    const characters = Array.from({ length: this.rowBytes }, (_, i) => characterOf(this.image.at(address + i))).join(
      '',
    );
    const isHere = place.address >= address && place.address < address + this.rowBytes;
    return html`<div class=${`row ${isHere ? 'here' : ''}`} role="row">
      <span class="address" role="rowheader">${hex32(address).slice(2)}</span>
      ${units.map((unit, i) => this.unit(unit, i, place))}
      <span class="characters" aria-hidden="true">${characters}</span>
    </div>`;
  }

  private unit(address: number, index: number, place: Place): TemplateResult {
    const { size } = this.kept;
    const isActive = address === this.active;
    const isEditing = isActive && this.typed !== '';
    const text = unitText(this.image, address, size);
    const classes = [
      'unit',
      ...(isActive ? ['active'] : []),
      ...(isEditing ? ['editing'] : []),
      ...(this.image.hasChanged(address, size) ? ['changed'] : []),
      ...(place.address >= address && place.address < address + size ? ['target'] : []),
      ...(/^0+$/.test(text) ? ['zero'] : text.startsWith('?') ? ['none'] : []),
      ...(index > 0 && (index * size) % 8 === 0 ? ['half'] : []),
    ];
    return html`<span
      class=${classes.join(' ')}
      role="gridcell"
      id=${`unit-${address}`}
      aria-selected=${isActive}
      aria-label=${`${hex32(address)}: ${text.trim() === '' ? 'not read' : text}`}
      @click=${() => this.select(address)}
      >${isEditing ? this.typed.padEnd(2 * size, '_') : text}</span
    >`;
  }

  protected override updated(): void {
    const grid = this.gridElement;
    if (!grid) return;
    this.resizes.observe(grid);
    this.style.setProperty('--height', `${(WINDOW / this.rowBytes) * ROW_HEIGHT}px`);
    this.style.setProperty('--offset', `${this.first * ROW_HEIGHT}px`);
  }

  private get gridElement(): HTMLElement | null {
    return this.renderRoot.querySelector<HTMLElement>('.grid');
  }

  private scrollToRow(row: number): void {
    const grid = this.gridElement;
    if (grid) grid.scrollTop = Math.max(0, Math.floor(row)) * ROW_HEIGHT;
  }

  /** What can be seen has changed: moves the window at its ends, and reads. */
  private measure(): void {
    const grid = this.gridElement;
    if (!grid || grid.clientHeight === 0) return;
    const rowBytes = grid.clientWidth >= WIDE ? 16 : 8;
    if (rowBytes !== this.rowBytes) {
      const address = this.start + this.first * this.rowBytes;
      this.rowBytes = rowBytes;
      this.style.setProperty('--height', `${(WINDOW / rowBytes) * ROW_HEIGHT}px`);
      this.start -= this.start % rowBytes;
      this.requestUpdate();
      void this.updateComplete.then(() => this.scrollToRow((address - this.start) / rowBytes));
    }
    const first = Math.floor(grid.scrollTop / ROW_HEIGHT);
    const visible = Math.ceil(grid.clientHeight / ROW_HEIGHT) + 1;
    const moved = shiftedWindow(this.start, first, first + visible - 1, this.rowBytes);
    if (moved !== undefined) {
      const row = (this.start + first * this.rowBytes - moved) / this.rowBytes;
      this.start = moved;
      grid.scrollTop = row * ROW_HEIGHT;
      this.first = row;
    } else if (first === this.first && visible === this.visible) return;
    else this.first = first;
    this.visible = visible;
    this.requestUpdate();
    this.attempt(() => this.read());
  }

  private select(address: number): void {
    this.active = address;
    this.typed = '';
    this.requestUpdate();
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { size } = this.kept;
    const page = Math.max(1, this.visible - 2) * this.rowBytes;
    const moves: Readonly<Record<string, number>> = {
      ArrowRight: size,
      ArrowLeft: -size,
      ArrowDown: this.rowBytes,
      ArrowUp: -this.rowBytes,
      PageDown: page,
      PageUp: -page,
    };
    const move = moves[event.key];
    if (move !== undefined) this.moveTo(this.active + move);
    else if (/^[0-9a-f]$/i.test(event.key)) this.type(this.typed + event.key.toLowerCase());
    else if (event.key === 'Backspace') this.type(this.typed.slice(0, -1));
    else if (event.key === 'Escape') this.type('');
    else if (event.key === 'Enter' && this.typed !== '') this.write();
    else return;
    event.preventDefault();
  }

  private moveTo(address: number): void {
    if (address < 0 || address >= 2 ** 32) return;
    this.select(address);
    const row = Math.floor((address - this.start) / this.rowBytes);
    if (row < this.first) this.scrollToRow(row);
    else if (row >= this.first + this.visible - 2) this.scrollToRow(row - this.visible + 3);
  }

  private type(digits: string): void {
    if (this.typed === digits) return;
    this.typed = digits;
    this.requestUpdate();
    if (digits.length === 2 * this.kept.size) this.write();
  }

  private write(): void {
    const { active, place, typed } = this;
    const { size } = this.kept;
    this.typed = '';
    if (!place) return;
    this.attempt(async () => {
      const data = toBase64(unitBytes(typed, size));
      await this.host.request('writeMemory', { memoryReference: referenceOf({ ...place, address: active }), data });
      this.moveTo(active + size);
      await this.read();
    });
  }

  private setSize(size: number): void {
    if (size !== 1 && size !== 2 && size !== 4) return;
    this.active -= this.active % size;
    this.set({ size });
  }

  private set(change: Partial<Remembered>): void {
    Object.assign(this.kept, change);
    this.host.remember(this.kept);
    this.requestUpdate();
  }
}

const EMPTY =
  'Type an address, a register such as $sp, or an expression such as &current. Behind p: an address is physical, as in p:0x4000. ' +
  'Type hexadecimal digits over a word to change it.';

customElements.define('trapline-memory', MemoryView);
document.body.append(document.createElement('trapline-memory'));

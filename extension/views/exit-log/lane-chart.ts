/** World switches over time: a lane for the guest's programs, its kernel and the hypervisor, on a canvas. */
import { css, html, LitElement, type PropertyValues, type TemplateResult } from 'lit';
import type { ExitLogRow } from '../../../debug-adapter/protocol.ts';
import { formatCount } from '../ui/format.ts';
import { firstAfter, LANES, moved, stretches, tickStep, zoomed, type Span, type Stretch } from './model.ts';

const LANE_HEIGHT = 18;
const GAP = 3;
const AXIS = 18;
const LABELS = 92;
const HEIGHT = LANES.length * (LANE_HEIGHT + GAP) + AXIS;
const COLOURS = ['--vscode-charts-green', '--vscode-charts-blue', '--vscode-charts-yellow'] as const;
/** Exits that a chart begins with, the newest. */
const FIRST_EXITS = 60;
const TICK_WIDTH = 90;

export class LaneChart extends LitElement {
  static override properties = { exits: { attribute: false }, selected: { attribute: false } };
  static override styles = css`
    :host {
      display: block;
      position: relative;
      flex: none;
      padding: 2px 12px 4px;
    }
    canvas {
      display: block;
      width: 100%;
      cursor: crosshair;
      outline: none;
    }
    canvas:focus-visible {
      outline: 1px solid var(--vscode-focusBorder);
    }
    .tip {
      position: absolute;
      right: 12px;
      top: -16px;
      padding: 0 4px;
      color: var(--vscode-descriptionForeground);
      font-size: 0.92em;
      white-space: nowrap;
      max-width: calc(100% - 24px);
      overflow: hidden;
      text-overflow: ellipsis;
      pointer-events: none;
    }
  `;
  declare exits: readonly ExitLogRow[];
  declare selected: number | undefined;
  private list: Stretch[] = [];
  private span: Span | undefined;
  private tip = '';
  private dragged: { x: number; span: Span } | undefined;
  private readonly resizes = new ResizeObserver(() => this.draw());
  private readonly themes = new MutationObserver(() => this.draw());

  constructor() {
    super();
    this.exits = [];
    this.selected = undefined;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.resizes.observe(this);
    this.themes.observe(document.body, { attributes: true, attributeFilter: ['class'] });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.resizes.disconnect();
    this.themes.disconnect();
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('exits')) {
      this.list = stretches(this.exits);
      this.span = undefined;
    }
    if (changed.has('selected')) this.showSelected();
  }

  protected override render(): TemplateResult {
    return html`<div class="tip" aria-hidden="true">${this.tip}</div>
      <canvas
        height=${HEIGHT}
        tabindex="0"
        role="img"
        aria-label=${`World switches: who executed during the last ${this.exits.length} exits. Arrow keys move, plus and minus zoom.`}
        @wheel=${(event: WheelEvent) => this.wheel(event)}
        @pointerdown=${(event: PointerEvent) => this.drag(event)}
        @pointermove=${(event: PointerEvent) => this.move(event)}
        @pointerup=${(event: PointerEvent) => this.drop(event)}
        @pointerleave=${() => this.point(undefined)}
        @keydown=${(event: KeyboardEvent) => this.key(event)}
      ></canvas>`;
  }

  protected override updated(): void {
    this.draw();
  }

  private get canvas(): HTMLCanvasElement | null {
    return this.renderRoot.querySelector('canvas');
  }

  private get end(): number {
    return this.list.at(-1)?.to ?? 0;
  }

  /** What can be seen: at first, the newest exits. */
  private get shown(): Span {
    if (this.span) return this.span;
    const first = this.exits.at(-FIRST_EXITS);
    const from = this.list.find(({ exit }) => exit === first)?.from ?? 0;
    return { from, to: Math.max(this.end, from + 1) };
  }

  private set shown(span: Span) {
    this.span = span;
    this.draw();
  }

  private showSelected(): void {
    const stretch = this.list.find(({ exit, lane }) => exit.index === this.selected && lane === 2);
    if (!stretch) return;
    const { from, to } = this.shown;
    if (stretch.from >= from && stretch.to <= to) return;
    this.span = moved({ from, to }, stretch.from - (from + to) / 2, this.end);
  }

  private draw(): void {
    const { canvas } = this;
    const width = canvas?.clientWidth ?? 0;
    const context = canvas?.getContext('2d');
    if (!canvas || !context || width === 0) return;
    const scale = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(HEIGHT * scale);
    canvas.style.height = `${HEIGHT}px`;
    context.scale(scale, scale);
    const theme = getComputedStyle(this);
    const colour = (name: string, otherwise: string): string => theme.getPropertyValue(name).trim() || otherwise;
    const text = colour('--vscode-foreground', '#888');
    context.font = `11px ${colour('--vscode-font-family', 'sans-serif')}`;
    context.textBaseline = 'middle';
    const left = this.left(width);
    LANES.forEach((name, lane) => {
      const y = lane * (LANE_HEIGHT + GAP);
      context.fillStyle = text;
      context.globalAlpha = 0.85;
      if (left > 0) context.fillText(name, 0, y + LANE_HEIGHT / 2);
      context.globalAlpha = 0.07;
      context.fillRect(left, y, width - left, LANE_HEIGHT);
    });
    context.globalAlpha = 1;
    this.drawStretches(
      context,
      left,
      width,
      COLOURS.map((name) => colour(name, text)),
      text,
    );
    this.drawAxis(context, left, width, text);
  }

  private left(width: number): number {
    return width < 260 ? 0 : LABELS;
  }

  private drawStretches(
    context: CanvasRenderingContext2D,
    left: number,
    width: number,
    colours: readonly string[],
    text: string,
  ): void {
    const { from, to } = this.shown;
    const scale = (width - left) / (to - from);
    // Stretches thinner than a pixel are drawn once a pixel, however many there are.
    const drawn = [-1, -1, -1];
    for (let i = firstAfter(this.list, from); i < this.list.length && this.list[i].from < to; i++) {
      const stretch = this.list[i];
      const x = left + Math.max(0, (stretch.from - from) * scale);
      const right = Math.min(width, left + (stretch.to - from) * scale);
      const pixel = Math.floor(right);
      const isSelected = stretch.exit.index === this.selected && stretch.lane === 2;
      if (right - x < 1 && drawn[stretch.lane] === pixel && !isSelected) continue;
      drawn[stretch.lane] = pixel;
      const y = stretch.lane * (LANE_HEIGHT + GAP);
      context.fillStyle = colours[stretch.lane];
      context.fillRect(x, y, Math.max(1, right - x - (right - x > 3 ? 0.5 : 0)), LANE_HEIGHT);
      if (!isSelected) continue;
      context.strokeStyle = text;
      context.lineWidth = 2;
      context.strokeRect(x - 1, y + 1, Math.max(3, right - x + 1), LANE_HEIGHT - 2);
    }
  }

  private drawAxis(context: CanvasRenderingContext2D, left: number, width: number, text: string): void {
    const { from, to } = this.shown;
    const scale = (width - left) / (to - from);
    const step = tickStep(TICK_WIDTH / scale);
    const y = LANES.length * (LANE_HEIGHT + GAP);
    context.fillStyle = text;
    context.globalAlpha = 0.7;
    for (let time = Math.ceil(from / step) * step; time < to; time += step) {
      const x = left + (time - from) * scale;
      context.fillRect(x, y, 1, 4);
      const label = formatCount(time);
      const labelWidth = context.measureText(label).width;
      if (x + labelWidth / 2 < width && x - labelWidth / 2 > left) context.fillText(label, x - labelWidth / 2, y + 11);
    }
    context.globalAlpha = 1;
  }

  private timeAt(x: number): number {
    const width = this.canvas?.clientWidth ?? 1;
    const left = this.left(width);
    const { from, to } = this.shown;
    return from + ((x - left) / Math.max(1, width - left)) * (to - from);
  }

  private stretchAt(event: PointerEvent): Stretch | undefined {
    const stretch = this.list[firstAfter(this.list, this.timeAt(event.offsetX))];
    return event.offsetX < this.left(this.canvas?.clientWidth ?? 0) ? undefined : stretch;
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    const { from, to } = this.shown;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      this.shown = moved({ from, to }, ((event.deltaX || event.deltaY) / 600) * (to - from), this.end);
    } else this.shown = zoomed({ from, to }, 1.0015 ** event.deltaY, this.timeAt(event.offsetX), this.end);
  }

  private drag(event: PointerEvent): void {
    this.canvas?.setPointerCapture(event.pointerId);
    this.dragged = { x: event.offsetX, span: this.shown };
  }

  private move(event: PointerEvent): void {
    const { dragged } = this;
    if (!dragged) {
      this.point(this.stretchAt(event));
      return;
    }
    const width = this.canvas?.clientWidth ?? 1;
    const { span } = dragged;
    const by = ((dragged.x - event.offsetX) / Math.max(1, width - this.left(width))) * (span.to - span.from);
    this.shown = moved(span, by, this.end);
  }

  private drop(event: PointerEvent): void {
    const isClick = this.dragged && Math.abs(this.dragged.x - event.offsetX) < 3;
    this.dragged = undefined;
    const stretch = this.stretchAt(event);
    if (isClick && stretch) this.dispatchEvent(new CustomEvent<number>('pick', { detail: stretch.exit.index }));
  }

  private point(stretch: Stretch | undefined): void {
    const text = stretch
      ? `${LANES[stretch.lane]}, ${formatCount(stretch.to - stretch.from)} instructions · exit ${formatCount(stretch.exit.index)}: ` +
        `${stretch.exit.cause} ${stretch.exit.symbol ?? stretch.exit.pc}`
      : '';
    if (text === this.tip) return;
    this.tip = text;
    this.requestUpdate();
  }

  private key(event: KeyboardEvent): void {
    const { from, to } = this.shown;
    const middle = (from + to) / 2;
    const step = (to - from) / 8;
    const spans: Readonly<Record<string, () => Span>> = {
      ArrowLeft: () => moved({ from, to }, -step, this.end),
      ArrowRight: () => moved({ from, to }, step, this.end),
      '+': () => zoomed({ from, to }, 1 / 1.5, middle, this.end),
      '-': () => zoomed({ from, to }, 1.5, middle, this.end),
      Home: () => moved({ from, to }, -this.end, this.end),
      End: () => moved({ from, to }, this.end, this.end),
    };
    const span = spans[event.key];
    if (!span) return;
    event.preventDefault();
    this.shown = span();
  }
}

customElements.define('trapline-lanes', LaneChart);

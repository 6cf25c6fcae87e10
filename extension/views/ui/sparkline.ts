/** A small curve of the last values, drawn on a canvas in the colours of the theme. */
const HEIGHT = 14;
const WIDTH = 64;

export class Sparkline extends HTMLElement {
  private readonly canvas = document.createElement('canvas');
  private shown: readonly number[] = [];

  connectedCallback(): void {
    if (this.canvas.isConnected) return;
    this.setAttribute('aria-hidden', 'true');
    this.canvas.style.width = `${WIDTH}px`;
    this.canvas.style.height = `${HEIGHT}px`;
    this.canvas.style.verticalAlign = 'middle';
    this.append(this.canvas);
    this.draw();
  }

  /** The values, oldest first. */
  set values(values: readonly number[]) {
    this.shown = values;
    if (this.isConnected) this.draw();
  }

  private draw(): void {
    const scale = window.devicePixelRatio || 1;
    this.canvas.width = WIDTH * scale;
    this.canvas.height = HEIGHT * scale;
    const context = this.canvas.getContext('2d');
    const most = Math.max(0, ...this.shown);
    if (!context || this.shown.length < 2 || most === 0) return;
    const theme = getComputedStyle(document.documentElement);
    const colour = theme.getPropertyValue('--vscode-charts-blue').trim() || '#1a85ff';
    context.scale(scale, scale);
    const step = (WIDTH - 2) / (this.shown.length - 1);
    const y = (value: number): number => HEIGHT - 1.5 - (value / most) * (HEIGHT - 3);
    context.beginPath();
    this.shown.forEach((value, i) => context.lineTo(1 + i * step, y(value)));
    context.strokeStyle = colour;
    context.lineWidth = 1.25;
    context.lineJoin = 'round';
    context.stroke();
    context.lineTo(WIDTH - 1, HEIGHT);
    context.lineTo(1, HEIGHT);
    context.globalAlpha = 0.18;
    context.fillStyle = colour;
    context.fill();
  }
}

customElements.define('trapline-sparkline', Sparkline);

// Draws the map: one pixel a run in a bitmap, scaled as a whole; lines and signs where cells are large enough.
import type { Painter } from '../common/canvas_view';
import { STATES } from '../common/states';
import { clean } from '../common/text';
import type { MapData } from './map_data';
import type { Layout } from './map_layout';

export interface View {
  scale: number; // css px of a cell
  left: number; // css px of the map's corner
  top: number;
}

interface Look {
  card: string;
  text: string;
  quiet: string;
  focus: string;
}

const LIGHT: Look = { card: '#ffffff', text: '#16202a', quiet: '#54606d', focus: '#16202a' };
const DARK: Look = { card: '#171c22', text: '#e4e9ee', quiet: '#9eabb8', focus: '#ffffff' };
const FONT = '12px system-ui, sans-serif';
const LINE = 16; // px
const LEAST_TEXT = 40;
const NARROW = 24;
const MOST_LEVELS = 3;
const LINES_FROM = 6;
const SIGNS_FROM = 12;
const LARGEST = 48;

function parse(hex: string): [number, number, number] {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)) as [number, number, number];
}

function pack([r, g, b]: [number, number, number], alpha: number): number {
  return ((alpha << 24) | (b << 16) | (g << 8) | r) >>> 0;
}

export class MapPainter implements Painter {
  view: View = { scale: 1, left: 0, top: 0 };
  pointed = -1;
  private left = 12; // px of labels
  private top = 26;
  private width = 0;
  private height = 0;
  private look = LIGHT;
  private colours: string[] = [];
  private full = new Uint32Array(13);
  private faint = new Uint32Array(13);
  private bitmap = document.createElement('canvas');
  private pixels: ImageData | null = null;
  private signs: HTMLCanvasElement | null = null;
  private signSize = 0;
  private layout: Layout | null = null;
  private data: MapData | null = null;
  private fitted = true;

  constructor(private readonly canvas: HTMLCanvasElement) {}

  setTheme(dark: boolean): void {
    this.look = dark ? DARK : LIGHT;
    this.colours = STATES.map((one) => (dark ? one.dark : one.light));
    this.colours.forEach((colour, i) => {
      this.full[i] = pack(parse(colour), 255);
      this.faint[i] = pack(parse(colour), 36);
    });
    this.signs = null;
  }

  resize(): void {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth, clientHeight } = this.canvas;
    if (clientWidth === this.width && clientHeight === this.height) return;
    this.width = clientWidth;
    this.height = clientHeight;
    this.canvas.width = Math.round(clientWidth * ratio);
    this.canvas.height = Math.round(clientHeight * ratio);
    if (this.fitted) this.fit();
    else this.clamp();
  }

  setLayout(layout: Layout): void {
    this.layout = layout;
    this.bitmap.width = layout.width;
    this.bitmap.height = layout.height;
    this.pixels = new ImageData(layout.width, layout.height);
    this.top = 10 + LINE * Math.max(0, Math.min(MOST_LEVELS, layout.levels));
    this.left = layout.rows > 1 ? 18 + this.longestRowText(layout) : 4;
    this.fit();
  }

  private longestRowText(layout: Layout): number {
    const context = this.canvas.getContext('2d')!;
    context.font = FONT;
    let most = 10;
    const step = Math.max(1, Math.floor(layout.rows / 200));
    for (let row = 0; row < layout.rows; row += step)
      most = Math.max(most, context.measureText(clean(layout.rowText(row), 60)).width);
    return Math.min(most, Math.max(60, this.width * 0.25));
  }

  // All cells anew: a scan of 100,000 takes about a millisecond.
  setStates(data: MapData, mask: Uint8Array, states: Set<number>): void {
    const { layout, pixels } = this;
    this.data = data;
    if (!layout || !pixels) return;
    const out = new Uint32Array(pixels.data.buffer);
    for (let i = 0; i < data.runs; i++) {
      const state = Math.min(12, data.states[i]!);
      const shown = mask[i] && (states.size === 0 || states.has(state));
      out[layout.y[i]! * layout.width + layout.x[i]!] = shown ? this.full[state]! : this.faint[state]!;
    }
    this.bitmap.getContext('2d')!.putImageData(pixels, 0, 0);
  }

  private room(): { width: number; height: number } {
    return { width: Math.max(50, this.width - this.left - 8), height: Math.max(50, this.height - this.top - 8) };
  }

  private fitScale(): number {
    const { layout } = this;
    if (!layout) return 1;
    const room = this.room();
    return Math.min(LARGEST / 2, room.width / layout.width, room.height / layout.height);
  }

  // What the map needs at most, so that a small one does not hold an empty space.
  static heightFor(layout: Layout): number {
    return 18 + LINE * Math.min(MOST_LEVELS, layout.levels) + layout.height * (LARGEST / 2) + 8;
  }

  fit(): void {
    this.fitted = true;
    this.view = { scale: this.fitScale(), left: this.left, top: this.top };
  }

  private clamp(): void {
    const { layout, view } = this;
    if (!layout) return;
    const room = this.room();
    const clampSide = (at: number, margin: number, size: number, space: number): number =>
      size <= space ? margin : Math.min(margin, Math.max(margin + space - size, at));
    view.left = clampSide(view.left, this.left, layout.width * view.scale, room.width);
    view.top = clampSide(view.top, this.top, layout.height * view.scale, room.height);
  }

  pan(dx: number, dy: number): void {
    this.view.left += dx;
    this.view.top += dy;
    this.clamp();
  }

  zoom(factor: number, x = this.width / 2, y = this.height / 2): void {
    const { view } = this;
    const least = this.fitScale();
    const scale = Math.max(least, Math.min(LARGEST, view.scale * factor));
    this.fitted = scale <= least * 1.001;
    view.left = x - ((x - view.left) * scale) / view.scale;
    view.top = y - ((y - view.top) * scale) / view.scale;
    view.scale = scale;
    this.clamp();
  }

  at(x: number, y: number): number {
    const { layout, view } = this;
    if (!layout || x < this.left || y < this.top) return -1;
    const column = Math.floor((x - view.left) / view.scale);
    const row = Math.floor((y - view.top) / view.scale);
    if (column < 0 || row < 0 || column >= layout.width || row >= layout.height) return -1;
    return layout.at[row * layout.width + column]!;
  }

  // The next run from the cursor's in a direction, over gaps.
  step(dx: number, dy: number): number {
    const { layout } = this;
    if (!layout) return -1;
    if (this.pointed < 0) return layout.at.find((run) => run >= 0) ?? -1;
    let x = layout.x[this.pointed]! + dx;
    let y = layout.y[this.pointed]! + dy;
    for (; x >= 0 && y >= 0 && x < layout.width && y < layout.height; x += dx, y += dy) {
      const run = layout.at[y * layout.width + x]!;
      if (run >= 0) return run;
    }
    return this.pointed;
  }

  reveal(): void {
    const { layout, view, pointed: run } = this;
    if (!layout || run < 0) return;
    const x = view.left + layout.x[run]! * view.scale;
    const y = view.top + layout.y[run]! * view.scale;
    if (x < this.left) view.left += this.left - x;
    if (y < this.top) view.top += this.top - y;
    if (x + view.scale > this.width) view.left -= x + view.scale - this.width + 8;
    if (y + view.scale > this.height) view.top -= y + view.scale - this.height + 8;
    this.clamp();
  }

  draw(): void {
    const context = this.canvas.getContext('2d')!;
    const ratio = window.devicePixelRatio || 1;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = this.look.card;
    context.fillRect(0, 0, this.width, this.height);
    const { layout, view, data } = this;
    if (!layout || !data || data.runs === 0) return;
    const x0 = Math.max(0, Math.floor((this.left - view.left) / view.scale));
    const y0 = Math.max(0, Math.floor((this.top - view.top) / view.scale));
    const x1 = Math.min(layout.width, Math.ceil((this.width - view.left) / view.scale));
    const y1 = Math.min(layout.height, Math.ceil((this.height - view.top) / view.scale));
    context.save();
    context.beginPath();
    context.rect(this.left - 1, this.top - 1, this.width, this.height);
    context.clip();
    context.imageSmoothingEnabled = view.scale < 1;
    context.drawImage(
      this.bitmap,
      x0,
      y0,
      x1 - x0,
      y1 - y0,
      view.left + x0 * view.scale,
      view.top + y0 * view.scale,
      (x1 - x0) * view.scale,
      (y1 - y0) * view.scale,
    );
    if (view.scale >= LINES_FROM) this.drawLines(context, x0, y0, x1, y1);
    if (view.scale >= SIGNS_FROM) this.drawSigns(context, data, x0, y0, x1, y1);
    this.drawCursor(context);
    context.restore();
    this.drawLabels(context);
  }

  private drawLines(context: CanvasRenderingContext2D, x0: number, y0: number, x1: number, y1: number): void {
    const { view } = this;
    context.fillStyle = this.look.card;
    const thick = view.scale >= 16 ? 2 : 1;
    for (let x = x0; x <= x1; x++) context.fillRect(view.left + x * view.scale - thick / 2, 0, thick, this.height);
    for (let y = y0; y <= y1; y++) context.fillRect(0, view.top + y * view.scale - thick / 2, this.width, thick);
  }

  // One picture with the sign of each state, made for this size of cells.
  private signsFor(size: number): HTMLCanvasElement {
    if (this.signs && this.signSize === size) return this.signs;
    const sheet = document.createElement('canvas');
    sheet.width = size * 13;
    sheet.height = size;
    const context = sheet.getContext('2d')!;
    context.font = `700 ${Math.round(size * 0.62)}px system-ui, sans-serif`;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    STATES.forEach((state, i) => {
      const [r, g, b] = parse(this.colours[i]!);
      context.fillStyle = r * 0.299 + g * 0.587 + b * 0.114 > 140 ? '#10161c' : '#ffffff';
      context.fillText(state.sign, size * (i + 0.5), size * 0.54);
    });
    this.signs = sheet;
    this.signSize = size;
    return sheet;
  }

  private drawSigns(
    context: CanvasRenderingContext2D,
    data: MapData,
    x0: number,
    y0: number,
    x1: number,
    y1: number,
  ): void {
    const { layout, view } = this;
    const size = Math.round(view.scale * (window.devicePixelRatio || 1));
    const sheet = this.signsFor(size);
    for (let y = y0; y < y1; y++) {
      for (let x = x0; x < x1; x++) {
        const run = layout!.at[y * layout!.width + x]!;
        if (run < 0) continue;
        const state = Math.min(12, data.states[run]!);
        if (state === 0) continue;
        context.drawImage(
          sheet,
          state * size,
          0,
          size,
          size,
          view.left + x * view.scale,
          view.top + y * view.scale,
          view.scale,
          view.scale,
        );
      }
    }
  }

  private drawCursor(context: CanvasRenderingContext2D): void {
    const { layout, view, pointed } = this;
    if (!layout || pointed < 0 || pointed >= layout.x.length) return;
    const size = Math.max(view.scale, 5);
    const x = view.left + (layout.x[pointed]! + 0.5) * view.scale - size / 2;
    const y = view.top + (layout.y[pointed]! + 0.5) * view.scale - size / 2;
    context.lineWidth = 4;
    context.strokeStyle = this.look.card;
    context.strokeRect(x - 1, y - 1, size + 2, size + 2);
    context.lineWidth = 2;
    context.strokeStyle = this.look.focus;
    context.strokeRect(x - 1, y - 1, size + 2, size + 2);
  }

  // A line for each dimension across: a text where its value, or one of an outer dimension, changes.
  private drawColumnLabels(context: CanvasRenderingContext2D, layout: Layout): void {
    const { view } = this;
    const wide = layout.blockWidth * view.scale;
    const changed = new Uint8Array(layout.columns);
    for (let level = 0; level < Math.min(MOST_LEVELS, layout.levels); level++) {
      const y = 12 + level * LINE;
      let free = this.left - 2; // no text before this
      for (let column = 0; column < layout.columns;) {
        if (column === 0 || layout.columnText(column, level) !== layout.columnText(column - 1, level))
          changed[column] = 1;
        let next = column + 1;
        while (
          next < layout.columns &&
          !changed[next] &&
          layout.columnText(next, level) === layout.columnText(column, level)
        )
          next += 1;
        if (next < layout.columns) changed[next] = 1;
        const from = Math.max(view.left + column * wide, this.left);
        const to = view.left + next * wide;
        const seen = level === 0 || (next - column) * wide >= NARROW; // inner values: all or none
        if (seen && from >= free && to > from && from < this.width - 12) {
          const room = Math.min(Math.max(to - from, level === 0 ? LEAST_TEXT : 0), this.width - from) - 4;
          context.fillText(fitted(context, layout.columnText(column, level), room), from, y);
          free = from + Math.max(to - from, level === 0 ? LEAST_TEXT : 0) - 1;
        }
        column = next;
      }
    }
  }

  private drawLabels(context: CanvasRenderingContext2D): void {
    const { layout, view } = this;
    if (!layout) return;
    context.font = FONT;
    context.fillStyle = this.look.quiet;
    context.textBaseline = 'middle';
    context.textAlign = 'left';
    this.drawColumnLabels(context, layout);
    context.textAlign = 'right';
    const high = layout.blockHeight * view.scale;
    const step = Math.max(1, Math.ceil(17 / high));
    for (let row = 0; row < layout.rows && layout.rows > 1; row += step) {
      const y = view.top + row * high + Math.min(high * step, Math.max(high - view.scale, view.scale)) / 2;
      if (y < this.top || y > this.height - 6) continue;
      context.fillText(fitted(context, layout.rowText(row), this.left - 10), this.left - 8, y);
    }
  }
}

function fitted(context: CanvasRenderingContext2D, text: string, width: number): string {
  const whole = clean(text, 60);
  if (context.measureText(whole).width <= width) return whole;
  let most = Math.max(1, Math.floor(width / 7));
  while (most > 1 && context.measureText(`${whole.slice(0, most)}…`).width > width) most -= 1;
  return `${whole.slice(0, most)}…`;
}

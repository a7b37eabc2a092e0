// Draws the timeline: a lane a worker, a bar a run; only what is seen.
import type { Painter } from '../common/canvas_view';
import { STATES } from '../common/states';
import { clean } from '../common/text';

export interface Timeline {
  begin: string;
  end: string | null;
  now: string;
  lanes: { host: string; worker: string }[];
  bars: [number, number, number | null, number, number][];
  utilisation: number | null;
  cut: boolean;
}

export interface Span {
  from: number; // seconds since the begin
  to: number;
}

export const TOP = 26;
const STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800, 604800,
];

export class TimelinePainter implements Painter {
  span: Span = { from: 0, to: 1 };
  scroll = 0;
  left = 110;
  lane = 14;
  pointed = -1;
  private dark = false;
  private width = 0;
  private height = 0;
  private order: number[][] = []; // bars of each lane by their begin
  private data: Timeline | null = null;
  private length = 1;

  constructor(private readonly canvas: HTMLCanvasElement) {}

  setTheme(dark: boolean): void {
    this.dark = dark;
  }

  // Seconds from begin to now: where bars without an end end.
  get whole(): number {
    return this.length;
  }

  setData(data: Timeline): void {
    const atEnd = this.span.to >= this.length - 0.001 && this.span.from === 0;
    this.data = data;
    const last = Date.parse(data.end ?? data.now) || Date.parse(data.now);
    this.length = Math.max(1, (Math.max(last, 0) - Date.parse(data.begin)) / 1000);
    this.order = data.lanes.map(() => []);
    data.bars.forEach((bar, i) => this.order[bar[0]]?.push(i));
    for (const list of this.order) list.sort((a, b) => data.bars[a]![1] - data.bars[b]![1]);
    if (atEnd) this.fit();
    this.pointed = -1;
  }

  fit(): void {
    this.span = { from: 0, to: this.length };
    this.scroll = 0;
  }

  resize(): void {
    const ratio = window.devicePixelRatio || 1;
    this.width = this.canvas.clientWidth;
    this.height = this.canvas.clientHeight;
    this.canvas.width = Math.round(this.width * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    this.left = this.width < 520 ? 64 : 120;
    this.pan(0, 0);
  }

  private perSecond(): number {
    return Math.max(1, this.width - this.left) / (this.span.to - this.span.from);
  }

  pan(dx: number, dy: number): void {
    const size = this.span.to - this.span.from;
    const from = Math.max(0, Math.min(this.length - size, this.span.from - dx / this.perSecond()));
    this.span = { from, to: from + size };
    const most = Math.max(0, this.order.length * this.lane - (this.height - TOP));
    this.scroll = Math.max(0, Math.min(most, this.scroll - dy));
  }

  zoom(factor: number, x = (this.width + this.left) / 2): void {
    const at = this.span.from + (x - this.left) / this.perSecond();
    const size = Math.min(this.length, Math.max(2, (this.span.to - this.span.from) / factor));
    const share = Math.max(0, Math.min(1, (x - this.left) / Math.max(1, this.width - this.left)));
    const from = Math.max(0, Math.min(this.length - size, at - share * size));
    this.span = { from, to: from + size };
  }

  at(x: number, y: number): number {
    const lane = Math.floor((y - TOP + this.scroll) / this.lane);
    const list = this.order[lane];
    if (!list || x < this.left || y < TOP) return -1;
    const time = this.span.from + (x - this.left) / this.perSecond();
    const slack = 2 / this.perSecond();
    let best = -1;
    for (const i of list) {
      const bar = this.data!.bars[i]!;
      if (bar[1] - slack <= time && (bar[2] ?? this.length) + slack >= time) best = i;
    }
    return best;
  }

  // The bar beside the pointed one: along its lane, or in the lane above or below.
  step(dx: number, dy: number): number {
    if (!this.data || this.data.bars.length === 0) return -1;
    if (this.pointed < 0) return this.order.find((list) => list.length > 0)?.[0] ?? -1;
    const bar = this.data.bars[this.pointed]!;
    if (dx) return this.order[bar[0]]![this.order[bar[0]]!.indexOf(this.pointed) + dx] ?? this.pointed;
    for (let lane = bar[0] + dy; lane >= 0 && lane < this.order.length; lane += dy) {
      const list = this.order[lane]!;
      if (!list.length) continue;
      return list.reduce(
        (best, i) =>
          Math.abs(this.data!.bars[i]![1] - bar[1]) < Math.abs(this.data!.bars[best]![1] - bar[1]) ? i : best,
        list[0]!,
      );
    }
    return this.pointed;
  }

  reveal(): void {
    const bar = this.data?.bars[this.pointed];
    if (!bar) return;
    const size = this.span.to - this.span.from;
    if (bar[1] < this.span.from || bar[1] > this.span.to)
      this.span = { from: Math.max(0, bar[1] - size / 4), to: Math.max(0, bar[1] - size / 4) + size };
    const y = bar[0] * this.lane;
    if (y < this.scroll) this.scroll = y;
    if (y + this.lane > this.scroll + this.height - TOP) this.scroll = y + this.lane - (this.height - TOP);
  }

  draw(): void {
    const context = this.canvas.getContext('2d')!;
    const ratio = window.devicePixelRatio || 1;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const colours = this.dark
      ? { card: '#171c22', text: '#9eabb8', line: '#2a323b', odd: '#1b2128', focus: '#fff' }
      : { card: '#fff', text: '#54606d', line: '#e4e8ed', odd: '#f7f8fa', focus: '#16202a' };
    context.fillStyle = colours.card;
    context.fillRect(0, 0, this.width, this.height);
    if (!this.data) return;
    const first = Math.floor(this.scroll / this.lane);
    const last = Math.min(this.order.length, Math.ceil((this.scroll + this.height - TOP) / this.lane));
    context.save();
    context.beginPath();
    context.rect(0, TOP, this.width, this.height - TOP);
    context.clip();
    for (let lane = first; lane < last; lane++) {
      if (lane % 2) continue;
      context.fillStyle = colours.odd;
      context.fillRect(this.left, TOP + lane * this.lane - this.scroll, this.width, this.lane);
    }
    this.drawTicks(context, colours, true);
    this.drawBars(context, first, last);
    this.drawPointed(context, colours.focus, colours.card);
    this.drawLanes(context, first, last, colours);
    context.restore();
    this.drawTicks(context, colours, false);
  }

  private drawBars(context: CanvasRenderingContext2D, first: number, last: number): void {
    const scale = this.perSecond();
    const { from, to } = this.span;
    const groups: number[][] = STATES.map(() => []);
    for (let lane = first; lane < last; lane++) {
      const y = TOP + lane * this.lane - this.scroll;
      for (const i of this.order[lane]!) {
        const bar = this.data!.bars[i]!;
        const end = bar[2] ?? this.length;
        if (end < from || bar[1] > to) continue;
        const x = this.left + (Math.max(bar[1], from) - from) * scale;
        const gap = (end - bar[1]) * scale > 4 ? 1 : 0;
        groups[Math.min(12, bar[3])]!.push(
          x,
          y + 1.5,
          Math.max(1, (Math.min(end, to) - Math.max(bar[1], from)) * scale - gap),
        );
      }
    }
    groups.forEach((list, state) => {
      context.fillStyle = this.dark ? STATES[state]!.dark : STATES[state]!.light;
      for (let k = 0; k < list.length; k += 3) context.fillRect(list[k]!, list[k + 1]!, list[k + 2]!, this.lane - 3);
    });
    this.drawSigns(context, groups);
  }

  // Signs of what did not complete, where there is room.
  private drawSigns(context: CanvasRenderingContext2D, groups: number[][]): void {
    context.font = '700 10px system-ui, sans-serif';
    context.textBaseline = 'middle';
    context.textAlign = 'left';
    groups.forEach((list, state) => {
      if (state < 5) return;
      const light = [7, 9, 11].includes(state) || this.dark;
      context.fillStyle = light ? '#10161c' : '#fff';
      for (let k = 0; k < list.length; k += 3) {
        if (list[k + 2]! >= 14) context.fillText(STATES[state]!.sign, list[k]! + 3, list[k + 1]! + (this.lane - 3) / 2);
      }
    });
  }

  private drawPointed(context: CanvasRenderingContext2D, focus: string, card: string): void {
    const bar = this.data!.bars[this.pointed];
    if (!bar) return;
    const scale = this.perSecond();
    const x = this.left + (bar[1] - this.span.from) * scale;
    const y = TOP + bar[0] * this.lane - this.scroll;
    const wide = Math.max(3, ((bar[2] ?? this.length) - bar[1]) * scale);
    for (const [width, colour] of [
      [4, card],
      [2, focus],
    ] as const) {
      context.lineWidth = width;
      context.strokeStyle = colour;
      context.strokeRect(x - 1, y + 0.5, wide + 2, this.lane - 1);
    }
  }

  private drawLanes(
    context: CanvasRenderingContext2D,
    first: number,
    last: number,
    colours: Record<string, string>,
  ): void {
    context.fillStyle = colours['card']!;
    context.fillRect(0, TOP, this.left - 4, this.height);
    context.fillStyle = colours['text']!;
    context.font = '11px system-ui, sans-serif';
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    const most = Math.floor((this.left - 14) / 6.4);
    for (let lane = first; lane < last; lane++) {
      const text = clean(this.data!.lanes[lane]!.worker, 60);
      context.fillText(
        text.length > most ? `…${text.slice(1 - most)}` : text,
        this.left - 10,
        TOP + (lane + 0.5) * this.lane - this.scroll,
      );
    }
  }

  // The lines lie under the bars, the times above all.
  private drawTicks(context: CanvasRenderingContext2D, colours: Record<string, string>, lines: boolean): void {
    const scale = this.perSecond();
    const step = STEPS.find((one) => one * scale >= 80) ?? 604800;
    const begin = Date.parse(this.data!.begin) / 1000;
    const zone = new Date().getTimezoneOffset() * 60;
    context.textAlign = 'left';
    context.textBaseline = 'middle';
    context.font = '11px system-ui, sans-serif';
    const start = Math.ceil((begin + this.span.from - zone) / step) * step + zone - begin;
    for (let at = start; at <= this.span.to; at += step) {
      const x = this.left + (at - this.span.from) * scale;
      const date = new Date((begin + at) * 1000);
      const text =
        step >= 86400
          ? date.toLocaleDateString()
          : date.toLocaleTimeString([], {
              hour: '2-digit',
              minute: '2-digit',
              second: step < 60 ? '2-digit' : undefined,
              hour12: false,
            });
      context.fillStyle = colours['line']!;
      context.fillRect(x, TOP - 6, 1, lines ? this.height : 6);
      context.fillStyle = colours['text']!;
      if (!lines && x < this.width - 40) context.fillText(text, x + 3, TOP / 2);
    }
  }
}

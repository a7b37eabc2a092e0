// Moving about on a canvas: drag, wheel, two fingers; hover and click.
export interface Gestures {
  pan: (dx: number, dy: number) => void;
  zoom: (factor: number, x: number, y: number) => void;
  hover: (x: number, y: number) => void;
  click: (x: number, y: number) => void;
  leave: () => void;
}

const SLOP = 4; // px that a click may move

class Hand {
  private readonly points = new Map<number, { x: number; y: number }>();
  private moved = 0;
  private spread = 0;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly to: Gestures,
  ) {}

  private at(event: PointerEvent | WheelEvent): { x: number; y: number } {
    const box = this.canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  private distance(): number {
    const [a, b] = [...this.points.values()];
    return a && b ? Math.hypot(a.x - b.x, a.y - b.y) : 0;
  }

  down = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.points.set(event.pointerId, this.at(event));
    this.moved = this.points.size > 1 ? SLOP + 1 : 0;
    this.spread = this.distance();
  };

  move = (event: PointerEvent): void => {
    const now = this.at(event);
    const before = this.points.get(event.pointerId);
    if (!before) {
      this.to.hover(now.x, now.y);
      return;
    }
    this.moved += Math.abs(now.x - before.x) + Math.abs(now.y - before.y);
    this.points.set(event.pointerId, now);
    if (this.moved > SLOP) this.to.pan((now.x - before.x) / this.points.size, (now.y - before.y) / this.points.size);
    if (this.points.size === 2) {
      const spread = this.distance();
      const [a, b] = [...this.points.values()];
      if (this.spread > 10 && spread > 10) this.to.zoom(spread / this.spread, (a!.x + b!.x) / 2, (a!.y + b!.y) / 2);
      this.spread = spread;
    }
  };

  up = (event: PointerEvent): void => {
    if (!this.points.delete(event.pointerId)) return;
    const now = this.at(event);
    if (event.type === 'pointerup' && this.moved <= SLOP && this.points.size === 0) this.to.click(now.x, now.y);
  };

  leave = (): void => {
    if (this.points.size === 0) this.to.leave();
  };

  // The page's own scrolling comes first: the wheel is ours with Ctrl, or once the canvas has the focus.
  wheel = (event: WheelEvent): void => {
    if (!event.ctrlKey && !event.metaKey && document.activeElement !== this.canvas) return;
    event.preventDefault();
    const now = this.at(event);
    const step = event.deltaMode === 1 ? event.deltaY * 16 : event.deltaY;
    this.to.zoom(Math.exp(-Math.max(-200, Math.min(200, step)) / 300), now.x, now.y);
  };
}

export function attach(canvas: HTMLCanvasElement, to: Gestures): () => void {
  const hand = new Hand(canvas, to);
  canvas.addEventListener('pointerdown', hand.down);
  canvas.addEventListener('pointermove', hand.move);
  canvas.addEventListener('pointerup', hand.up);
  canvas.addEventListener('pointercancel', hand.up);
  canvas.addEventListener('pointerleave', hand.leave);
  canvas.addEventListener('wheel', hand.wheel, { passive: false });
  return () => {
    canvas.removeEventListener('pointerdown', hand.down);
    canvas.removeEventListener('pointermove', hand.move);
    canvas.removeEventListener('pointerup', hand.up);
    canvas.removeEventListener('pointercancel', hand.up);
    canvas.removeEventListener('pointerleave', hand.leave);
    canvas.removeEventListener('wheel', hand.wheel);
  };
}

// Calls `draw` at most once a frame.
export function frames(draw: () => void): { ask: () => void; stop: () => void } {
  let wanted = 0;
  return {
    ask: () => {
      if (wanted) return;
      wanted = requestAnimationFrame(() => {
        wanted = 0;
        draw();
      });
    },
    stop: () => cancelAnimationFrame(wanted),
  };
}

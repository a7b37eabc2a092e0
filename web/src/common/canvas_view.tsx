// A canvas that is moved about and read by pointer and keyboard: the map and the timeline.
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { attach, frames } from './gestures';

export interface Painter {
  pointed: number; // of what it draws; -1: nothing
  resize: () => void;
  pan: (dx: number, dy: number) => void;
  zoom: (factor: number, x?: number, y?: number) => void;
  fit: () => void;
  at: (x: number, y: number) => number;
  step: (dx: number, dy: number) => number; // the neighbour of what is pointed at
  reveal: () => void;
  draw: () => void;
}

interface Use<P> {
  make: (canvas: HTMLCanvasElement) => P;
  open: (index: number) => void;
  moved?: (painter: P) => void;
}

export interface View<P> {
  canvas: { current: HTMLCanvasElement | null };
  painter: { current: P | null };
  pointed: number;
  redraw: () => void;
  point: (index: number) => void;
  zoom: (factor: number | null) => void; // null: all
  keys: (event: KeyboardEvent) => void;
}

const STEPS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
const ZOOMS: Record<string, number | null> = { '+': 1.5, '=': 1.5, '-': 1 / 1.5, '0': null };

function watch<P extends Painter>(
  canvas: HTMLCanvasElement,
  painter: P,
  point: (index: number) => void,
  use: () => Use<P>,
) {
  const loop = frames(() => painter.draw());
  const size = new ResizeObserver(() => {
    painter.resize();
    loop.ask();
  });
  size.observe(canvas);
  const moved = (): void => {
    loop.ask();
    use().moved?.(painter);
  };
  const detach = attach(canvas, {
    pan: (dx, dy) => {
      painter.pan(dx, dy);
      moved();
    },
    zoom: (factor, x, y) => {
      painter.zoom(factor, x, y);
      moved();
    },
    hover: (x, y) => point(painter.at(x, y)),
    click: (x, y) => {
      const hit = painter.at(x, y);
      if (hit >= 0) use().open(hit);
    },
    leave: () => point(-1),
  });
  const stop = (): void => {
    detach();
    size.disconnect();
    loop.stop();
  };
  return { ask: loop.ask, stop };
}

export function useCanvas<P extends Painter>(use: Use<P>): View<P> {
  const canvas = useRef<HTMLCanvasElement>(null);
  const painter = useRef<P | null>(null);
  const ask = useRef<() => void>(() => undefined);
  const latest = useRef(use);
  latest.current = use;
  const [pointed, setPointed] = useState(-1);
  const redraw = (): void => ask.current();
  const point = (index: number): void => {
    if (painter.current!.pointed !== index) redraw();
    painter.current!.pointed = index;
    setPointed(index);
  };
  useEffect(() => {
    painter.current = latest.current.make(canvas.current!);
    const watching = watch(canvas.current!, painter.current, point, () => latest.current);
    ask.current = watching.ask;
    return watching.stop;
  }, []);
  const zoom = (factor: number | null): void => {
    if (factor == null) painter.current!.fit();
    else painter.current!.zoom(factor);
    latest.current.moved?.(painter.current!);
    redraw();
  };
  const keys = (event: KeyboardEvent): void => {
    const step = STEPS[event.key];
    if (step) {
      for (let i = 0; i < (event.shiftKey ? 10 : 1); i++) point(painter.current!.step(...step));
      painter.current!.reveal();
      redraw();
    } else if (event.key === 'Enter' && pointed >= 0) latest.current.open(pointed);
    else if (event.key in ZOOMS) zoom(ZOOMS[event.key]!);
    else return;
    event.preventDefault();
  };
  return { canvas, painter, pointed, redraw, point, zoom, keys };
}

interface CanvasProps {
  kind: string; // «map»
  label: string;
  style: Record<string, string>;
  view: View<Painter>;
  text: string | null; // of what is pointed at
  hint: string;
  children: ComponentChildren; // how it is used
}

export function Canvas({ kind, label, style, view, text, hint, children }: CanvasProps): JSX.Element {
  const button = (name: string, sign: string, factor: number | null): JSX.Element => (
    <button type="button" class="small" aria-label={name} title={name} onClick={() => view.zoom(factor)}>
      {sign}
    </button>
  );
  return (
    <div class={kind}>
      <canvas
        ref={view.canvas}
        tabIndex={0}
        role="application"
        aria-roledescription={kind}
        aria-describedby={`${kind}-help`}
        aria-label={label}
        onKeyDown={view.keys}
        style={style}
      />
      <div class="row between under-map">
        <p class="pointed" role="status">
          {text ?? <span class="quiet">{hint}</span>}
        </p>
        <span class="row">
          {button('Zoom in', '+', 1.5)}
          {button('Zoom out', '−', 1 / 1.5)}
          {button('Show all', 'All', null)}
        </span>
      </div>
      <p id={`${kind}-help`} class="quiet">
        {children}
      </p>
    </div>
  );
}

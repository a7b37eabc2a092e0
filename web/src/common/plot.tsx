// A chart by uPlot, which is loaded when the first is shown; colours follow the theme.
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type uPlot from 'uplot';
import { dark } from './theme';

type Maker = () => Partial<uPlot.Options> & { series: uPlot.Series[] };

interface PlotProps {
  label: string;
  height: number;
  data: (number | null | undefined)[][];
  make: Maker;
  shape?: string; // another shape makes the chart anew
}

let library: Promise<typeof uPlot> | null = null;

function load(): Promise<typeof uPlot> {
  const at = '/assets/charts.js';
  library ??= (import(at) as Promise<{ default: typeof uPlot }>).then((module) => module.default);
  library.catch(() => (library = null));
  return library;
}

const LIGHT = {
  text: '#54606d',
  grid: '#e4e8ed',
  running: '#2f7fd6',
  runningSoft: '#2f7fd633',
  completed: '#1f9e7e',
  failed: '#d1480c',
};
const DARK = {
  text: '#9eabb8',
  grid: '#2a323b',
  running: '#4a9cf0',
  runningSoft: '#4a9cf033',
  completed: '#25a987',
  failed: '#f0682a',
};

export function palette(): typeof LIGHT {
  return dark.peek() ? DARK : LIGHT;
}

// Lines that differ in colour, lightness and dashes.
export const LINES = [
  { light: '#0b5bb5', dark: '#6db1f5', dash: [] },
  { light: '#c2410c', dark: '#f0803c', dash: [8, 4] },
  { light: '#0f7a5f', dark: '#3ec59f', dash: [2, 3] },
  { light: '#8a3c9c', dark: '#d69be6', dash: [10, 4, 2, 4] },
  { light: '#7a5a00', dark: '#e0b73c', dash: [5, 2] },
  { light: '#3f3a99', dark: '#a5a1f5', dash: [1, 2] },
  { light: '#a0174f', dark: '#f07aa8', dash: [12, 3] },
  { light: '#3d4752', dark: '#c3ccd6', dash: [4, 4] },
];

function dressed(options: ReturnType<Maker>, width: number, height: number): uPlot.Options {
  const colours = palette();
  const axes = (options.axes ?? [{}, {}]).map((axis) => ({
    stroke: colours.text,
    font: '12px system-ui, sans-serif',
    labelFont: '12px system-ui, sans-serif',
    labelSize: 18,
    size: 46,
    ...axis,
    grid: { stroke: colours.grid, width: 1, ...axis.grid },
    ticks: { stroke: colours.grid, width: 1, ...axis.ticks },
  }));
  axes[0]!.size = 34;
  return { width, height, cursor: { drag: { setScale: false } }, ...options, axes } as uPlot.Options;
}

export function Plot({ label, height, data, make, shape = '' }: PlotProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(data);
  latest.current = data;
  const theme = dark.value;
  useEffect(() => {
    let gone = false;
    const watch = new ResizeObserver(() => plot.current?.setSize({ width: box.current!.clientWidth, height }));
    void load().then(
      (Chart) => {
        if (gone || !box.current) return;
        plot.current = new Chart(
          dressed(make(), box.current.clientWidth, height),
          latest.current as uPlot.AlignedData,
          box.current,
        );
        watch.observe(box.current);
      },
      () => undefined,
    );
    return () => {
      gone = true;
      watch.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [theme, shape, height]);
  useEffect(() => plot.current?.setData(data as uPlot.AlignedData), [data]);
  return <div ref={box} class="plot" role="img" aria-label={label} style={{ minHeight: `${height + 32}px` }} />;
}

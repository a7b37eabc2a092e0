// Lines of means with the interval of each as a bar.
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type uPlot from 'uplot';
import { measure, withoutCommon } from '../common/formats';
import { LINES, Plot } from '../common/plot';
import { clean } from '../common/text';
import { dark } from '../common/theme';

export interface Series {
  label: string;
  points: { x: number; mean: number; half: number | null; n: number }[];
}

interface Columns {
  xs: number[];
  means: (number | null)[][];
  halves: (number | null)[][];
}

function columnsOf(series: Series[]): Columns {
  const xs = [...new Set(series.flatMap((one) => one.points.map((point) => point.x)))].sort((a, b) => a - b);
  const index = new Map(xs.map((x, i) => [x, i]));
  const empty = (): (number | null)[] => new Array<number | null>(xs.length).fill(null);
  const means = series.map(empty);
  const halves = series.map(empty);
  series.forEach((one, s) =>
    one.points.forEach((point) => {
      means[s]![index.get(point.x)!] = point.mean;
      halves[s]![index.get(point.x)!] = point.half;
    }),
  );
  return { xs, means, halves };
}

function colourOf(s: number): string {
  const line = LINES[s % LINES.length]!;
  return dark.peek() ? line.dark : line.light;
}

// Draws «mean ± half» of each point after the lines.
function intervals(now: () => Columns): uPlot.Plugin {
  return {
    hooks: {
      draw: (plot: uPlot) => {
        const { xs, means, halves } = now();
        const context = plot.ctx;
        const cap = 4 * devicePixelRatio;
        context.save();
        context.beginPath();
        context.rect(plot.bbox.left, plot.bbox.top, plot.bbox.width, plot.bbox.height);
        context.clip();
        context.lineWidth = 1.5 * devicePixelRatio;
        means.forEach((list, s) => {
          if (!plot.series[s + 1]?.show) return;
          context.strokeStyle = colourOf(s);
          context.beginPath();
          list.forEach((mean, i) => {
            const half = halves[s]![i];
            if (mean == null || half == null) return;
            const x = plot.valToPos(xs[i]!, 'x', true);
            const [low, high] = [plot.valToPos(mean - half, 'y', true), plot.valToPos(mean + half, 'y', true)];
            context.moveTo(x, low);
            context.lineTo(x, high);
            for (const y of [low, high]) {
              context.moveTo(x - cap, y);
              context.lineTo(x + cap, y);
            }
          });
          context.stroke();
        });
        context.restore();
      },
    },
  };
}

function rangeOf({ means, halves }: Columns): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  means.forEach((list, s) =>
    list.forEach((mean, i) => {
      if (mean == null) return;
      const half = halves[s]![i] ?? 0;
      low = Math.min(low, mean - half);
      high = Math.max(high, mean + half);
    }),
  );
  if (!Number.isFinite(low)) return [0, 1];
  const room = (high - low || Math.abs(high) || 1) * 0.08;
  return [low >= 0 && low - room < 0 ? 0 : low - room, high + room];
}

interface ChartProps {
  series: Series[];
  categories: string[];
  x: string;
  unit: string | null;
  title: string;
}

type Made = Partial<uPlot.Options> & { series: uPlot.Series[] };

function wordsOf(categories: string[]): string[] {
  return withoutCommon(categories).map((one) => clean(one, 16));
}

function axesOf({ categories, x, unit }: ChartProps): uPlot.Axis[] {
  const words = wordsOf(categories);
  const longest = Math.max(1, ...words.map((one) => one.length)) * 7 + 10;
  const across: uPlot.Axis = { label: `$${clean(x, 40)}`, size: 40 };
  if (words.length > 0) {
    across.splits = () => words.map((_, i) => i);
    across.values = (plot) => {
      const every = Math.max(1, Math.ceil((words.length * longest) / Math.max(1, plot.width - 80)));
      return words.map((one, i) => (i % every === 0 ? one : ''));
    };
  }
  const label = unit ? `mean, ${clean(unit, 20)}` : 'mean';
  return [across, { label, size: 62, values: (_plot, splits) => splits.map((one) => measure(one)) }];
}

function linesOf({ series, categories, x }: ChartProps, now: () => Columns): uPlot.Series[] {
  const words = wordsOf(categories);
  const first: uPlot.Series = {
    label: `$${clean(x, 40)}`,
    value: (_plot, value) => (value == null ? '–' : words.length > 0 ? (words[value] ?? '') : measure(value)),
  };
  const lines = series.map((one, s): uPlot.Series => ({
    label: clean(one.label, 60) || 'all',
    stroke: colourOf(s),
    width: 2,
    dash: LINES[s % LINES.length]!.dash,
    spanGaps: true,
    points: { show: true, size: 6, fill: colourOf(s) },
    value: (_plot, value, _s, i) => {
      if (value == null) return '–';
      const half = i == null ? null : now().halves[s]?.[i];
      return `${measure(value)}${half == null ? '' : ` ± ${measure(half, 2)}`}`;
    },
  }));
  return [first, ...lines];
}

function optionsOf(props: ChartProps, now: () => Columns): Made {
  const n = props.categories.length;
  const across = (low: number, high: number): [number, number] => {
    const room = (high - low || 1) * 0.04;
    return n > 0 ? [-0.5, n - 0.5] : [low - room, high + room];
  };
  return {
    plugins: [intervals(now)],
    scales: { x: { time: false, range: (_plot, low, high) => across(low, high) }, y: { range: () => rangeOf(now()) } },
    axes: axesOf(props),
    series: linesOf(props, now),
    legend: { show: true },
    focus: { alpha: 0.35 },
  };
}

export function SeriesChart(props: ChartProps): JSX.Element {
  const { series, categories, x, unit, title } = props;
  const columns = useMemo(() => columnsOf(series), [series]);
  const holder = useMemo(() => ({ columns }), []);
  holder.columns = columns;
  const data = useMemo(() => [columns.xs, ...columns.means], [columns]);
  return (
    <Plot
      label={`Means of ${clean(title, 80)} over $${clean(x, 40)}; the table below has the numbers`}
      height={360}
      data={data}
      make={() => optionsOf(props, () => holder.columns)}
      shape={JSON.stringify([series.map((one) => one.label), categories, x, unit])}
    />
  );
}
